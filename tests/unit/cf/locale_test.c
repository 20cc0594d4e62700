// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFLocale.h>
#include <CoreFoundation/CFNumber.h>

#include "cf_test.h"

TEST(names_have_a_canonical_form)
{
	static const struct {
		const char *text, *locale, *language;
	} rows[] = {
		{ "en", "en", "en" },
		{ "EN-us", "en_US", "en-US" },
		{ "de_de.UTF-8", "de_DE", "de-DE" },
		{ "zh-hant-tw", "zh-Hant_TW", "zh-Hant-TW" },
		{ "es_419", "es_419", "es-419" },
		{ "en_US_posix", "en_US_POSIX", "en-US-POSIX" },
		{ "de@currency=EUR", "de@currency=EUR", "de" },
		{ "", "", "" },
		{ "!", "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFStringRef text = make(rows[i].text);
		CFStringRef locale = CFLocaleCreateCanonicalLocaleIdentifierFromString(NULL, text);
		CFStringRef language =
			CFLocaleCreateCanonicalLanguageIdentifierFromString(NULL, text);

		test_equal_text(text_of(locale), rows[i].locale);
		test_equal_text(text_of(language), rows[i].language);
		CFRelease(text);
		CFRelease(locale);
		CFRelease(language);
	}
	test_true(CFLocaleCreateCanonicalLocaleIdentifierFromString(NULL, NULL) == NULL);
}

TEST(components_and_back)
{
	CFDictionaryRef parts = CFLocaleCreateComponentsFromLocaleIdentifier(
		NULL, CFSTR("zh-Hant_TW_PINYIN@calendar=iso8601"));
	CFStringRef back = CFLocaleCreateLocaleIdentifierFromComponents(NULL, parts);

	test_equal(CFDictionaryGetCount(parts), 5);
	test_equal_text(text_of(CFDictionaryGetValue(parts, kCFLocaleScriptCode)), "Hant");
	test_equal_text(text_of(CFDictionaryGetValue(parts, kCFLocaleCalendarIdentifier)),
			"iso8601");
	test_equal_text(text_of(back), "zh-Hant_TW_PINYIN@calendar=iso8601");
	CFRelease(parts);
	CFRelease(back);
}

TEST(the_environment_names_the_current_one)
{
	CFLocaleRef locale;
	CFArrayRef languages;

	setenv("LC_ALL", "de_CH.UTF-8", 1);
	setenv("LANGUAGE", "fr:en_GB", 1);
	locale = CFLocaleCopyCurrent();
	test_equal_text(text_of(CFLocaleGetIdentifier(locale)), "de_CH");
	test_equal_text(text_of(CFLocaleGetValue(locale, kCFLocaleCountryCode)), "CH");
	test_true(CFLocaleGetValue(locale, kCFLocaleUsesMetricSystem) == kCFBooleanTrue);
	test_true(CFLocaleGetValue(locale, CFSTR("unknown")) == NULL);
	languages = CFLocaleCopyPreferredLanguages();
	test_equal(CFArrayGetCount(languages), 3);
	test_equal_text(text_of(CFArrayGetValueAtIndex(languages, 1)), "en-GB");
	CFRelease(languages);
	CFRelease(locale);
	unsetenv("LANGUAGE");
	setenv("LC_ALL", "C", 1);
	locale = CFLocaleCopyCurrent();
	test_equal_text(text_of(CFLocaleGetIdentifier(locale)), "en_US_POSIX");
	test_equal_text(text_of(CFLocaleGetValue(locale, kCFLocaleMeasurementSystem)), "U.S.");
	test_equal_text(text_of(CFLocaleGetValue(locale, kCFLocaleDecimalSeparator)), ".");
	CFRelease(locale);
	test_equal(CFStringGetLength(CFLocaleGetIdentifier(CFLocaleGetSystem())), 0);
}

TEST(directions_of_writing)
{
	test_equal(CFLocaleGetLanguageCharacterDirection(CFSTR("he")),
		   kCFLocaleLanguageDirectionRightToLeft);
	test_equal(CFLocaleGetLanguageCharacterDirection(CFSTR("en")),
		   kCFLocaleLanguageDirectionLeftToRight);
	test_equal(CFLocaleGetLanguageLineDirection(CFSTR("en")),
		   kCFLocaleLanguageDirectionTopToBottom);
	test_equal(CFLocaleGetLanguageCharacterDirection(CFSTR("")),
		   kCFLocaleLanguageDirectionUnknown);
}

TEST(equal_by_identifier)
{
	CFLocaleRef a = CFLocaleCreate(NULL, CFSTR("en-us")),
		    b = CFLocaleCreate(NULL, CFSTR("en_US"));

	test_true(CFEqual(a, b));
	test_equal(CFHash(a), CFHash(b));
	test_equal(CFGetTypeID(a), CFLocaleGetTypeID());
	CFRelease(a);
	CFRelease(b);
}

TEST_MAIN
