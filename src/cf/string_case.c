// SPDX-License-Identifier: MIT
/* Upper, lower and title case; kinds of characters. From libc's Unicode tables. */
#include "cf/string_internal.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

static pthread_once_t locales_once = PTHREAD_ONCE_INIT;
static locale_t unicode_locale, c_locale;

static void make_locales(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	unicode_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	/* A machine without the table knows ASCII only. */
	if (!unicode_locale)
		unicode_locale = c_locale;
}

static locale_t unicode(void)
{
	pthread_once(&locales_once, make_locales);
	return unicode_locale;
}

locale_t cf_c_locale(void)
{
	pthread_once(&locales_once, make_locales);
	return c_locale;
}

uint32_t cf_unicode_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return (uint32_t)towlower_l((wint_t)c, unicode());
}

uint32_t cf_unicode_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c - 32 : c;
	return (uint32_t)towupper_l((wint_t)c, unicode());
}

bool cf_unicode_is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return iswalpha_l((wint_t)c, unicode());
}

bool cf_unicode_is_space(uint32_t c)
{
	return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xa0 ||
	       (c >= 0x80 && iswspace_l((wint_t)c, unicode()));
}

UniChar cf_unicode_fold(UniChar c)
{
	uint32_t lower;

	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (c >= 0xd800 && c < 0xe000)
		return c;
	lower = cf_unicode_lower(cf_unicode_upper(c));
	return lower < 0x10000 ? (UniChar)lower : c;
}

/* --- whole strings ------------------------------------------------------------------------ */

enum new_case { CASE_LOWER, CASE_UPPER, CASE_TITLE };

static CFIndex put_units(UniChar *units, uint32_t c)
{
	if (c < 0x10000) {
		units[0] = (UniChar)c;
		return 1;
	}
	units[0] = (UniChar)(0xd7c0 + (c >> 10));
	units[1] = (UniChar)(0xdc00 | (c & 0x3ff));
	return 2;
}

/* The new form of C in UNITS (at most two). */
static CFIndex convert(uint32_t c, bool upper, bool whole_word, UniChar *units)
{
	if (upper && c == 0xdf) {
		units[0] = 'S';
		units[1] = whole_word ? 'S' : 's';
		return 2;
	}
	return put_units(units, upper ? cf_unicode_upper(c) : cf_unicode_lower(c));
}

static void change_case(CFMutableStringRef string, enum new_case to)
{
	scope_cf CFMutableStringRef result = NULL;
	struct cf_text text;
	bool in_word = false;

	if (!cf_string_is_mutable(string))
		return;
	result = CFStringCreateMutable(NULL, 0);
	if (!result)
		return;
	text = cf_text_of(string);
	for (CFIndex i = 0; i < text.length; i++) {
		uint32_t c = cf_text_at(&text, i);
		UniChar units[2];
		CFIndex n;

		if (CFStringIsSurrogateHighCharacter((UniChar)c) && i + 1 < text.length &&
		    CFStringIsSurrogateLowCharacter(cf_text_at(&text, i + 1)))
			c = CFStringGetLongCharacterForSurrogatePair((UniChar)c,
								     cf_text_at(&text, ++i));
		n = convert(c, to == CASE_UPPER || (to == CASE_TITLE && !in_word), to == CASE_UPPER,
			    units);
		in_word = cf_unicode_is_letter(c) || (in_word && (c == '\'' || c == 0x2019));
		CFStringAppendCharacters(result, units, n);
	}
	CFStringReplaceAll(string, result);
}

void CFStringLowercase(CFMutableStringRef theString, CFLocaleRef locale)
{
	change_case(theString, CASE_LOWER);
}

void CFStringUppercase(CFMutableStringRef theString, CFLocaleRef locale)
{
	change_case(theString, CASE_UPPER);
}

void CFStringCapitalize(CFMutableStringRef theString, CFLocaleRef locale)
{
	change_case(theString, CASE_TITLE);
}
