// SPDX-License-Identifier: MIT
/* Title case, and kinds of characters. string_fold.c has the other cases. */
#include "cf/string_internal.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

locale_t cf_c_locale(void)
{
	pthread_once(&locale_once, make_locale);
	return c_locale;
}

double cf_strtod(const char *text, char **ret_end)
{
	locale_t c = cf_c_locale();

	/* For lack of memory the program's locale has to do. */
	return c ? strtod_l(text, ret_end, c) : strtod(text, ret_end);
}

bool cf_unicode_is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M);
}

bool cf_unicode_is_space(uint32_t c)
{
	return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 ||
	       (c >= 0x80 && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Z));
}

void CFStringCapitalize(CFMutableStringRef theString, CFLocaleRef locale)
{
	scope_cf CFMutableStringRef result = NULL;
	struct cf_text text;
	bool in_word = false;
	CFIndex i = 0;

	if (!cf_string_is_mutable(theString))
		return;
	result = CFStringCreateMutable(NULL, 0);
	if (!result)
		return;
	text = cf_text_of(theString);
	while (i < text.length) {
		UniChar units[3];
		int taken;
		uint32_t c = cf_text_point(&text, i, &taken);
		CFIndex n = cf_put_point(units, in_word ? uc_tolower(c) : uc_totitle(c));

		/* The one letter of Latin whose title form has two. */
		if (!in_word && c == 0xdf) {
			units[0] = 'S';
			units[n++] = 's';
		}
		in_word = cf_unicode_is_letter(c) || (in_word && (c == '\'' || c == 0x2019));
		CFStringAppendCharacters(result, units, n);
		i += taken;
	}
	CFStringReplaceAll(theString, result);
}
