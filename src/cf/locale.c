// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFLocale.h>
#include <CoreFoundation/CFNumber.h>
#include <langinfo.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cf/locale_names.h"

CF_CONSTANT_STRING(kCFLocaleIdentifier, "kCFLocaleIdentifierKey");
CF_CONSTANT_STRING(kCFLocaleLanguageCode, "kCFLocaleLanguageCodeKey");
CF_CONSTANT_STRING(kCFLocaleCountryCode, "kCFLocaleCountryCodeKey");
CF_CONSTANT_STRING(kCFLocaleScriptCode, "kCFLocaleScriptCodeKey");
CF_CONSTANT_STRING(kCFLocaleVariantCode, "kCFLocaleVariantCodeKey");
CF_CONSTANT_STRING(kCFLocaleCalendarIdentifier, "calendar");
CF_CONSTANT_STRING(kCFLocaleUsesMetricSystem, "kCFLocaleUsesMetricSystemKey");
CF_CONSTANT_STRING(kCFLocaleMeasurementSystem, "kCFLocaleMeasurementSystemKey");
CF_CONSTANT_STRING(kCFLocaleDecimalSeparator, "kCFLocaleDecimalSeparatorKey");
CF_CONSTANT_STRING(kCFLocaleGroupingSeparator, "kCFLocaleGroupingSeparatorKey");
CF_CONSTANT_STRING(kCFLocaleCurrencySymbol, "kCFLocaleCurrencySymbolKey");
CF_CONSTANT_STRING(kCFLocaleCurrencyCode, "currency");
CF_CONSTANT_STRING(kCFGregorianCalendar, "gregorian");
CF_CONSTANT_STRING(kCFISO8601Calendar, "iso8601");

struct __CFLocale {
	struct cf_object base;
	CFStringRef identifier;
	CFDictionaryRef values; /* by key */
};

static void locale_fini(void *object)
{
	struct __CFLocale *l = object;

	cf_drop(l->identifier);
	cf_drop(l->values);
}

static bool locale_equal(const void *a, const void *b)
{
	return CFEqual(((CFLocaleRef)a)->identifier, ((CFLocaleRef)b)->identifier);
}

static CFHashCode locale_hash(const void *object)
{
	return CFHash(((CFLocaleRef)object)->identifier);
}

static CFStringRef locale_copy_description(const void *object)
{
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFLocale %p>{identifier = '%@'}"),
					object, ((CFLocaleRef)object)->identifier);
}

const struct cf_class cf_locale_class = {
	.name = "CFLocale",
	.fini = locale_fini,
	.equal = locale_equal,
	.hash = locale_hash,
	.copy_description = locale_copy_description,
};

CFTypeID CFLocaleGetTypeID(void)
{
	return CF_TYPE_LOCALE;
}

/* --- the system's data ------------------------------------------------------------------ */

/* The system's locale of that name, to be freed; 0 when it is not installed. */
static locale_t system_locale(const struct locale_name *name, int mask)
{
	char text[64];

	if (!name->language[0])
		return (locale_t)0;
	snprintf(text, sizeof(text), "%s%s%s.UTF-8", name->language, name->country[0] ? "_" : "",
		 name->country);
	return newlocale(mask, text, (locale_t)0);
}

static struct locale_name name_of(CFStringRef identifier)
{
	char text[LOCALE_NAME_SIZE];

	if (!CFStringGetCString(identifier, text, sizeof(text), kCFStringEncodingASCII))
		text[0] = '\0';
	return locale_name_parse(text);
}

locale_t cf_locale_system(CFLocaleRef locale)
{
	struct locale_name name = name_of(locale->identifier);

	return system_locale(&name, LC_ALL_MASK);
}

const char *cf_locale_language(CFLocaleRef locale, char buffer[CF_LANGUAGE_SIZE])
{
	struct locale_name name;

	if (!cf_is(locale, CF_TYPE_LOCALE))
		return NULL;
	name = name_of(locale->identifier);
	memcpy(buffer, name.language, CF_LANGUAGE_SIZE);
	return buffer[0] ? buffer : NULL;
}

locale_t cf_locale_collation(CFLocaleRef locale)
{
	struct locale_name name;

	if (!cf_is(locale, CF_TYPE_LOCALE))
		return newlocale(LC_COLLATE_MASK | LC_CTYPE_MASK, "", (locale_t)0);
	name = name_of(locale->identifier);
	return system_locale(&name, LC_COLLATE_MASK | LC_CTYPE_MASK);
}

/* --- values ------------------------------------------------------------------------------- */

static void set_text(CFMutableDictionaryRef d, CFStringRef key, const char *text)
{
	scope_cf CFStringRef value =
		text && text[0] ? CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8)
				: NULL;

	if (value)
		CFDictionarySetValue(d, key, value);
}

/* Keywords of the name: "calendar=gregorian;currency=EUR". */
static void set_keywords(CFMutableDictionaryRef d, const char *keywords)
{
	while (*keywords) {
		size_t n = strcspn(keywords, ";"), equals = strcspn(keywords, "=");

		if (equals < n) {
			scope_cf CFStringRef key = CFStringCreateWithBytes(
				NULL, (const UInt8 *)keywords, (CFIndex)equals,
				kCFStringEncodingASCII, FALSE);
			scope_cf CFStringRef value = CFStringCreateWithBytes(
				NULL, (const UInt8 *)keywords + equals + 1,
				(CFIndex)(n - equals - 1), kCFStringEncodingASCII, FALSE);

			if (key && value)
				CFDictionarySetValue(d, key, value);
		}
		keywords += n + (keywords[n] == ';');
	}
}

static CFMutableDictionaryRef components_new(const struct locale_name *name)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	if (!d)
		return NULL;
	set_text(d, kCFLocaleLanguageCode, name->language);
	set_text(d, kCFLocaleScriptCode, name->script);
	set_text(d, kCFLocaleCountryCode, name->country);
	set_text(d, kCFLocaleVariantCode, name->variant);
	set_keywords(d, name->keywords);
	return d;
}

/* The three countries that measure in inches. */
static bool is_metric(const char *country)
{
	return strcmp(country, "US") && strcmp(country, "LR") && strcmp(country, "MM");
}

static CFDictionaryRef values_new(const struct locale_name *name, CFStringRef identifier)
{
	CFMutableDictionaryRef d = components_new(name);
	locale_t system = system_locale(name, LC_ALL_MASK);

	if (!d)
		return NULL;
	CFDictionarySetValue(d, kCFLocaleIdentifier, identifier);
	CFDictionaryAddValue(d, kCFLocaleCalendarIdentifier, kCFGregorianCalendar);
	CFDictionarySetValue(d, kCFLocaleUsesMetricSystem,
			     is_metric(name->country) ? kCFBooleanTrue : kCFBooleanFalse);
	set_text(d, kCFLocaleMeasurementSystem, is_metric(name->country) ? "Metric" : "U.S.");
	set_text(d, kCFLocaleDecimalSeparator, system ? nl_langinfo_l(RADIXCHAR, system) : ".");
	set_text(d, kCFLocaleGroupingSeparator, system ? nl_langinfo_l(THOUSEP, system) : ",");
	if (system) {
		const char *currency = nl_langinfo_l(CRNCYSTR, system);

		/* Its first character says where the sign stands. */
		set_text(d, kCFLocaleCurrencySymbol, currency[0] ? currency + 1 : NULL);
		if (!CFDictionaryContainsKey(d, kCFLocaleCurrencyCode)) {
			char code[4] = { 0 };

			memcpy(code, nl_langinfo_l(__INT_CURR_SYMBOL, system),
			       strnlen(nl_langinfo_l(__INT_CURR_SYMBOL, system), 3));
			set_text(d, kCFLocaleCurrencyCode, code);
		}
		freelocale(system);
	}
	return d;
}

CFTypeRef CFLocaleGetValue(CFLocaleRef locale, CFLocaleKey key)
{
	return cf_is(locale, CF_TYPE_LOCALE) && cf_string_is(key)
		     ? CFDictionaryGetValue(locale->values, key)
		     : NULL;
}

/* --- making --------------------------------------------------------------------------------- */

static CFStringRef format_new(CFAllocatorRef allocator, const struct locale_name *name,
			      bool as_language)
{
	char text[LOCALE_NAME_SIZE];

	locale_name_format(name, as_language, text);
	return CFStringCreateWithCString(allocator, text, kCFStringEncodingASCII);
}

CFLocaleIdentifier CFLocaleCreateCanonicalLanguageIdentifierFromString(CFAllocatorRef allocator,
								       CFStringRef localeIdentifier)
{
	struct locale_name name;

	if (!cf_string_is(localeIdentifier))
		return NULL;
	name = name_of(localeIdentifier);
	return format_new(allocator, &name, true);
}

CFLocaleIdentifier CFLocaleCreateCanonicalLocaleIdentifierFromString(CFAllocatorRef allocator,
								     CFStringRef localeIdentifier)
{
	struct locale_name name;

	if (!cf_string_is(localeIdentifier))
		return NULL;
	name = name_of(localeIdentifier);
	return format_new(allocator, &name, false);
}

static struct __CFLocale *locale_new(CFAllocatorRef allocator, const struct locale_name *name)
{
	struct __CFLocale *l = cf_object_new_in(allocator, CF_TYPE_LOCALE, sizeof(*l));

	if (!l)
		return NULL;
	l->identifier = format_new(allocator, name, false);
	l->values = l->identifier ? values_new(name, l->identifier) : NULL;
	if (!l->values) {
		CFRelease(l);
		return NULL;
	}
	return l;
}

CFLocaleRef CFLocaleCreate(CFAllocatorRef allocator, CFLocaleIdentifier localeIdentifier)
{
	struct locale_name name;

	if (!cf_string_is(localeIdentifier))
		return NULL;
	name = name_of(localeIdentifier);
	return locale_new(allocator, &name);
}

CFLocaleRef CFLocaleCreateCopy(CFAllocatorRef allocator, CFLocaleRef locale)
{
	return cf_is(locale, CF_TYPE_LOCALE) ? CFRetain(locale) : NULL;
}

CFLocaleIdentifier CFLocaleGetIdentifier(CFLocaleRef locale)
{
	return cf_is(locale, CF_TYPE_LOCALE) ? locale->identifier : NULL;
}

static CFLocaleRef system_object;

static void keep_value(const void *key, const void *value, void *context)
{
	cf_object_make_immortal(value);
}

static void make_system(void)
{
	struct locale_name name = { .language = "" };

	while (!(system_object = locale_new(kCFAllocatorSystemDefault, &name)))
		cf_wait_for_memory();
	cf_object_make_immortal(system_object);
	cf_object_make_immortal(system_object->identifier);
	CFDictionaryApplyFunction(system_object->values, keep_value, NULL);
	cf_object_make_immortal(system_object->values);
}

CFLocaleRef CFLocaleGetSystem(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_system);
	return system_object;
}

static struct locale_name current_name(void)
{
	const char *text = getenv("LC_ALL");

	if (!text || !*text)
		text = getenv("LANG");
	if (!text || !*text || !strcmp(text, "POSIX") || (text[0] == 'C' && strchr(".", text[1])))
		text = "en_US_POSIX";
	return locale_name_parse(text);
}

CFLocaleRef CFLocaleCopyCurrent(void)
{
	struct locale_name name = current_name();

	return locale_new(NULL, &name);
}

static void append_language(CFMutableArrayRef languages, const struct locale_name *name)
{
	scope_cf CFStringRef language = NULL;
	struct locale_name plain = *name;

	plain.variant[0] = '\0';
	language = format_new(NULL, &plain, true);
	if (language && CFStringGetLength(language) &&
	    !CFArrayContainsValue(languages, CFRangeMake(0, CFArrayGetCount(languages)), language))
		CFArrayAppendValue(languages, language);
}

CFArrayRef CFLocaleCopyPreferredLanguages(void)
{
	CFMutableArrayRef languages = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	const char *list = getenv("LANGUAGE");
	struct locale_name name;

	while (languages && list && *list) {
		char text[LOCALE_NAME_SIZE] = "";
		size_t n = strcspn(list, ":");

		if (n < sizeof(text)) {
			memcpy(text, list, n);
			name = locale_name_parse(text);
			append_language(languages, &name);
		}
		list += n + (list[n] == ':');
	}
	name = current_name();
	if (languages)
		append_language(languages, &name);
	return languages;
}

/* --- components -------------------------------------------------------------------------------- */

CFDictionaryRef CFLocaleCreateComponentsFromLocaleIdentifier(CFAllocatorRef allocator,
							     CFLocaleIdentifier localeID)
{
	struct locale_name name;

	if (!cf_string_is(localeID))
		return NULL;
	name = name_of(localeID);
	return components_new(&name);
}

static bool is_component(CFStringRef key)
{
	return CFEqual(key, kCFLocaleLanguageCode) || CFEqual(key, kCFLocaleScriptCode) ||
	       CFEqual(key, kCFLocaleCountryCode) || CFEqual(key, kCFLocaleVariantCode);
}

static void append_keyword(const void *key, const void *value, void *context)
{
	CFMutableStringRef text = context;

	if (!cf_string_is(key) || !cf_string_is(value) || is_component(key))
		return;
	CFStringAppendFormat(text, NULL, CFSTR("%s%@=%@"), CFStringGetLength(text) ? ";" : "", key,
			     value);
}

static void append_component(CFMutableStringRef text, CFDictionaryRef components, CFStringRef key)
{
	CFStringRef value = CFDictionaryGetValue(components, key);

	if (cf_string_is(value))
		CFStringAppendFormat(text, NULL, CFSTR("_%@"), value);
}

CFLocaleIdentifier CFLocaleCreateLocaleIdentifierFromComponents(CFAllocatorRef allocator,
								CFDictionaryRef dictionary)
{
	scope_cf CFMutableStringRef text = NULL;
	scope_cf CFMutableStringRef keywords = NULL;
	CFStringRef language;

	if (!cf_is(dictionary, CF_TYPE_DICTIONARY))
		return NULL;
	text = CFStringCreateMutable(NULL, 0);
	keywords = CFStringCreateMutable(NULL, 0);
	if (!text || !keywords)
		return NULL;
	language = CFDictionaryGetValue(dictionary, kCFLocaleLanguageCode);
	if (cf_string_is(language))
		CFStringAppend(text, language);
	append_component(text, dictionary, kCFLocaleScriptCode);
	append_component(text, dictionary, kCFLocaleCountryCode);
	append_component(text, dictionary, kCFLocaleVariantCode);
	CFDictionaryApplyFunction(dictionary, append_keyword, keywords);
	if (CFStringGetLength(keywords))
		CFStringAppendFormat(text, NULL, CFSTR("@%@"), keywords);
	return CFLocaleCreateCanonicalLocaleIdentifierFromString(allocator, text);
}

/* --- directions ----------------------------------------------------------------------------------- */

CFLocaleLanguageDirection CFLocaleGetLanguageCharacterDirection(CFStringRef isoLangCode)
{
	static const char *const right_to_left[] = { "ar",  "arc", "ckb", "dv",	 "fa", "he", "ks",
						     "nqo", "ps",  "sd",  "syr", "ug", "ur", "yi" };
	struct locale_name name;

	if (!cf_string_is(isoLangCode))
		return kCFLocaleLanguageDirectionUnknown;
	name = name_of(isoLangCode);
	if (!name.language[0])
		return kCFLocaleLanguageDirectionUnknown;
	for (size_t i = 0; i < sizeof(right_to_left) / sizeof(right_to_left[0]); i++)
		if (!strcmp(name.language, right_to_left[i]))
			return kCFLocaleLanguageDirectionRightToLeft;
	return kCFLocaleLanguageDirectionLeftToRight;
}

CFLocaleLanguageDirection CFLocaleGetLanguageLineDirection(CFStringRef isoLangCode)
{
	return CFLocaleGetLanguageCharacterDirection(isoLangCode)
		     ? kCFLocaleLanguageDirectionTopToBottom
		     : kCFLocaleLanguageDirectionUnknown;
}
