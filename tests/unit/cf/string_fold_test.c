// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFLocale.h>

#include "cf_test.h"

static void check(CFMutableStringRef s, const char *expected)
{
	test_equal_text(text_of(s), expected);
	CFRelease(s);
}

static CFMutableStringRef variable(const char *text)
{
	CFStringRef s = make(text);
	CFMutableStringRef copy = CFStringCreateMutableCopy(NULL, 0, s);

	CFRelease(s);
	return copy;
}

TEST(normal_forms)
{
	/* e acute, fi ligature, Hangul GAG */
	static const char text[] = "\303\251\357\254\201\352\260\201";
	static const char *const forms[] = {
		[kCFStringNormalizationFormD] =
			"e\314\201\357\254\201\341\204\200\341\205\241\341\206\250",
		[kCFStringNormalizationFormKD] = "e\314\201fi\341\204\200\341\205\241\341\206\250",
		[kCFStringNormalizationFormC] = text,
		[kCFStringNormalizationFormKC] = "\303\251fi\352\260\201",
	};

	for (CFIndex form = 0; form < 4; form++) {
		CFMutableStringRef s = variable(text);

		CFStringNormalize(s, form);
		if (form == kCFStringNormalizationFormD)
			CFStringNormalize(s, 77); /* no form */
		check(s, forms[form]);
	}
}

TEST(lone_surrogates_survive)
{
	const UniChar units[] = { 'a', 0xd800, 0xe9, 0xdc00 };
	CFMutableStringRef s = CFStringCreateMutable(NULL, 0);

	CFStringAppendCharacters(s, units, 4);
	CFStringNormalize(s, kCFStringNormalizationFormD);
	test_equal(CFStringGetLength(s), 5);
	test_equal(CFStringGetCharacterAtIndex(s, 1), 0xd800);
	test_equal(CFStringGetCharacterAtIndex(s, 3), 0x301);
	test_equal(CFStringGetCharacterAtIndex(s, 4), 0xdc00);
	CFStringUppercase(s, NULL);
	test_equal(CFStringGetCharacterAtIndex(s, 0), 'A');
	test_equal(CFStringGetCharacterAtIndex(s, 2), 'E');
	test_equal(CFStringGetCharacterAtIndex(s, 4), 0xdc00);
	CFRelease(s);
}

TEST(folding_removes_differences)
{
	static const struct {
		const char *text, *folded;
		CFStringCompareFlags flags;
	} rows[] = {
		{ "\303\211t\303\251", "\303\251t\303\251", kCFCompareCaseInsensitive },
		{ "\303\211t\303\251", "Ete", kCFCompareDiacriticInsensitive },
		{ "\303\211t\303\251", "ete",
		  kCFCompareDiacriticInsensitive | kCFCompareCaseInsensitive },
		{ "\357\274\241\357\275\202", "Ab", kCFCompareWidthInsensitive },
		{ "\352\260\201", "\352\260\201", kCFCompareDiacriticInsensitive },
		{ "\303\211", "\303\211", kCFCompareBackwards },
		{ "plain TEXT", "plain text", kCFCompareCaseInsensitive },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFMutableStringRef s = variable(rows[i].text);

		CFStringFold(s, rows[i].flags, NULL);
		check(s, rows[i].folded);
	}
}

TEST(case_of_a_language)
{
	CFLocaleRef turkish = CFLocaleCreate(NULL, CFSTR("tr"));
	CFMutableStringRef s = variable("istanbul");

	CFStringUppercase(s, turkish);
	check(s, "\304\260STANBUL");
	s = variable("istanbul \357\254\201 \303\237");
	CFStringUppercase(s, NULL);
	check(s, "ISTANBUL FI SS");
	s = variable("\316\243\316\243");
	CFStringLowercase(s, NULL); /* a sigma at the end differs */
	check(s, "\317\203\317\202");
	CFRelease(turkish);
}

TEST_MAIN
