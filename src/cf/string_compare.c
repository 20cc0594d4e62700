// SPDX-License-Identifier: MIT
/* Comparing; numbers in text. */
#include "cf/string_fold.h"

#include <errno.h>
#include <stdlib.h>

/* --- comparing ---------------------------------------------------------------------------- */

static bool is_digit(UniChar c)
{
	return c >= '0' && c <= '9';
}

/* Compare the digit runs at *I and *J by value and step over them. */
static int compare_numbers(const struct cf_text *a, CFIndex *i, const struct cf_text *b, CFIndex *j)
{
	CFIndex n = 0, m = 0;
	int first = 0;

	while (*i < a->length && cf_text_at(a, *i) == '0')
		++*i;
	while (*j < b->length && cf_text_at(b, *j) == '0')
		++*j;
	while (*i + n < a->length && is_digit(cf_text_at(a, *i + n)))
		n++;
	while (*j + m < b->length && is_digit(cf_text_at(b, *j + m)))
		m++;
	if (n != m)
		return n < m ? -1 : 1;
	for (CFIndex k = 0; k < n && !first; k++)
		first = (int)cf_text_at(a, *i + k) - (int)cf_text_at(b, *j + k);
	*i += n;
	*j += n;
	return first;
}

static CFComparisonResult compare_units(struct cf_text a, struct cf_text b)
{
	CFIndex n = a.length < b.length ? a.length : b.length;

	for (CFIndex i = 0; i < n; i++) {
		UniChar x = cf_text_at(&a, i), y = cf_text_at(&b, i);

		if (x != y)
			return x < y ? kCFCompareLessThan : kCFCompareGreaterThan;
	}
	return cf_order(a.length, b.length);
}

/* Are both at the start of a number? Compare it; 2: they are equal, or at none. */
static int compare_number_here(struct fold *a, struct fold *b)
{
	int order;

	if (!fold_is_between(a) || !fold_is_between(b) || a->at >= a->end || b->at >= b->end ||
	    !is_digit(cf_text_at(a->text, a->at)) || !is_digit(cf_text_at(b->text, b->at)))
		return 2;
	order = compare_numbers(a->text, &a->at, b->text, &b->at);
	return order ? order : 2;
}

static CFComparisonResult compare_folded(struct fold *a, struct fold *b, bool numerically)
{
	for (;;) {
		uint32_t x = 0, y = 0;
		bool has_x, has_y;

		if (numerically) {
			int order = compare_number_here(a, b);

			if (order != 2)
				return order < 0 ? kCFCompareLessThan : kCFCompareGreaterThan;
		}
		has_x = fold_next(a, &x);
		has_y = fold_next(b, &y);
		if (!has_x || !has_y)
			return cf_order(has_x, has_y);
		if (x != y)
			return cf_order(x, y);
	}
}

/* The folded text in UTF-8, as collation takes it; NULL without memory. */
static char *copy_folded(struct fold f)
{
	CFMutableStringRef folded = CFStringCreateMutable(NULL, 0);
	CFIndex size;
	char *bytes;
	uint32_t c;

	if (!folded)
		return NULL;
	while (fold_next(&f, &c)) {
		UniChar units[2];

		CFStringAppendCharacters(folded, units, cf_put_point(units, c));
	}
	size = CFStringGetMaximumSizeForEncoding(CFStringGetLength(folded), kCFStringEncodingUTF8) +
	       1;
	bytes = malloc((size_t)size);
	if (bytes && !CFStringGetCString(folded, bytes, size, kCFStringEncodingUTF8)) {
		free(bytes);
		bytes = NULL;
	}
	CFRelease(folded);
	return bytes;
}

/* In the order of a language; equal too when the text cannot be collated. */
static CFComparisonResult compare_collated(struct fold a, struct fold b, CFLocaleRef locale)
{
	locale_t collation = cf_locale_collation(locale);
	char *x, *y;
	int order = 0;

	if (!collation)
		return kCFCompareEqualTo;
	x = copy_folded(a);
	y = copy_folded(b);
	if (x && y)
		order = strcoll_l(x, y, collation);
	free(x);
	free(y);
	freelocale(collation);
	return cf_order(order, 0);
}

static CFComparisonResult compare_text(struct cf_text a, struct cf_text b,
				       CFStringCompareFlags options, CFLocaleRef locale)
{
	char buffer[CF_LANGUAGE_SIZE];
	const char *language = cf_locale_language(locale, buffer);
	CFComparisonResult order;
	struct fold x, y;

	if (!(options & ~(CFStringCompareFlags)(kCFCompareBackwards | kCFCompareAnchored |
						kCFCompareForcedOrdering)) &&
	    !locale)
		return compare_units(a, b);
	x = fold_init(&a, CFRangeMake(0, a.length), options, language);
	y = fold_init(&b, CFRangeMake(0, b.length), options, language);
	if ((options & kCFCompareLocalized || locale) && !(options & kCFCompareNumerically)) {
		order = compare_collated(x, y, locale);
		if (order)
			return order;
	}
	order = compare_folded(&x, &y, options & kCFCompareNumerically);
	if (!order && options & kCFCompareForcedOrdering)
		return compare_units(a, b);
	return order;
}

CFComparisonResult CFStringCompareWithOptionsAndLocale(CFStringRef theString1,
						       CFStringRef theString2,
						       CFRange rangeToCompare,
						       CFStringCompareFlags compareOptions,
						       CFLocaleRef locale)
{
	struct cf_text a;

	if (!cf_string_is(theString1) || !cf_string_is(theString2))
		return theString1 == theString2 ? kCFCompareEqualTo
		     : theString1 < theString2	? kCFCompareLessThan
						: kCFCompareGreaterThan;
	a = cf_text_of(theString1);
	a = cf_text_part(a, cf_range_clip(rangeToCompare, a.length));
	return compare_text(a, cf_text_of(theString2), compareOptions, locale);
}

CFComparisonResult CFStringCompareWithOptions(CFStringRef theString1, CFStringRef theString2,
					      CFRange rangeToCompare,
					      CFStringCompareFlags compareOptions)
{
	return CFStringCompareWithOptionsAndLocale(theString1, theString2, rangeToCompare,
						   compareOptions, NULL);
}

CFComparisonResult CFStringCompare(CFStringRef theString1, CFStringRef theString2,
				   CFStringCompareFlags compareOptions)
{
	return CFStringCompareWithOptions(theString1, theString2,
					  CFRangeMake(0, CFStringGetLength(theString1)),
					  compareOptions);
}

/* --- numbers ------------------------------------------------------------------------------------ */

SInt32 CFStringGetIntValue(CFStringRef str)
{
	struct cf_text text;
	int64_t value = 0;
	bool negative = false;
	CFIndex i = 0;

	if (!cf_string_is(str))
		return 0;
	text = cf_text_of(str);
	while (i < text.length && cf_unicode_is_space(cf_text_at(&text, i)))
		i++;
	if (i < text.length && (cf_text_at(&text, i) == '-' || cf_text_at(&text, i) == '+'))
		negative = cf_text_at(&text, i++) == '-';
	for (; i < text.length && is_digit(cf_text_at(&text, i)); i++) {
		value = value * 10 + (cf_text_at(&text, i) - '0');
		if (value > (int64_t)INT32_MAX + 1)
			value = (int64_t)INT32_MAX + 1;
	}
	if (negative)
		return (SInt32)-value;
	return value > INT32_MAX ? INT32_MAX : (SInt32)value;
}

double CFStringGetDoubleValue(CFStringRef str)
{
	struct cf_text text;
	char buffer[400];
	size_t n = 0;
	CFIndex i = 0;

	if (!cf_string_is(str))
		return 0;
	text = cf_text_of(str);
	while (i < text.length && cf_unicode_is_space(cf_text_at(&text, i)))
		i++;
	/* Only what decimal numbers consist of: no hexadecimal, no "inf". */
	for (; i < text.length && n < sizeof(buffer) - 1; i++) {
		UniChar c = cf_text_at(&text, i);

		if (!is_digit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E')
			break;
		buffer[n++] = (char)c;
	}
	buffer[n] = '\0';
	return cf_strtod(buffer, NULL);
}
