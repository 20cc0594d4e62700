// SPDX-License-Identifier: MIT
/* Comparing, searching, splitting and joining; numbers in text. */
#include "cf/string_internal.h"

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

static CFComparisonResult compare_text(struct cf_text a, struct cf_text b,
				       CFStringCompareFlags options)
{
	CFIndex i = 0, j = 0;

	while (i < a.length && j < b.length) {
		UniChar x = cf_text_at(&a, i), y = cf_text_at(&b, j);

		if (options & kCFCompareNumerically && is_digit(x) && is_digit(y)) {
			int order = compare_numbers(&a, &i, &b, &j);

			if (order)
				return order < 0 ? kCFCompareLessThan : kCFCompareGreaterThan;
			continue;
		}
		if (x != y && options & kCFCompareCaseInsensitive) {
			x = cf_unicode_fold(x);
			y = cf_unicode_fold(y);
		}
		if (x != y)
			return x < y ? kCFCompareLessThan : kCFCompareGreaterThan;
		i++;
		j++;
	}
	if (i < a.length)
		return kCFCompareGreaterThan;
	return j < b.length ? kCFCompareLessThan : kCFCompareEqualTo;
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
	return compare_text(a, cf_text_of(theString2), compareOptions);
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

/* --- searching ---------------------------------------------------------------------------- */

static bool matches_at(const struct cf_text *text, CFIndex at, const struct cf_text *what,
		       bool fold)
{
	for (CFIndex i = 0; i < what->length; i++) {
		UniChar x = cf_text_at(text, at + i), y = cf_text_at(what, i);

		if (x != y && (!fold || cf_unicode_fold(x) != cf_unicode_fold(y)))
			return false;
	}
	return true;
}

Boolean CFStringFindWithOptionsAndLocale(CFStringRef theString, CFStringRef stringToFind,
					 CFRange rangeToSearch, CFStringCompareFlags searchOptions,
					 CFLocaleRef locale, CFRange *result)
{
	bool fold = searchOptions & kCFCompareCaseInsensitive;
	bool backwards = searchOptions & kCFCompareBackwards;
	struct cf_text text, what;
	CFIndex places;

	if (!cf_string_is(theString) || !cf_string_is(stringToFind))
		return FALSE;
	text = cf_text_of(theString);
	what = cf_text_of(stringToFind);
	rangeToSearch = cf_range_clip(rangeToSearch, text.length);
	if (!what.length || what.length > rangeToSearch.length)
		return FALSE;
	places = rangeToSearch.length - what.length + 1;
	for (CFIndex i = 0; i < (searchOptions & kCFCompareAnchored ? 1 : places); i++) {
		CFIndex at = rangeToSearch.location + (backwards ? places - 1 - i : i);

		if (matches_at(&text, at, &what, fold)) {
			if (result)
				*result = CFRangeMake(at, what.length);
			return TRUE;
		}
	}
	return FALSE;
}

Boolean CFStringFindWithOptions(CFStringRef theString, CFStringRef stringToFind,
				CFRange rangeToSearch, CFStringCompareFlags searchOptions,
				CFRange *result)
{
	return CFStringFindWithOptionsAndLocale(theString, stringToFind, rangeToSearch,
						searchOptions, NULL, result);
}

CFRange CFStringFind(CFStringRef theString, CFStringRef stringToFind,
		     CFStringCompareFlags compareOptions)
{
	CFRange found = { kCFNotFound, 0 };

	CFStringFindWithOptions(theString, stringToFind,
				CFRangeMake(0, CFStringGetLength(theString)), compareOptions,
				&found);
	return found;
}

Boolean CFStringHasPrefix(CFStringRef theString, CFStringRef prefix)
{
	if (cf_string_is(theString) && cf_string_is(prefix) && !CFStringGetLength(prefix))
		return TRUE;
	return CFStringFind(theString, prefix, kCFCompareAnchored).location != kCFNotFound;
}

Boolean CFStringHasSuffix(CFStringRef theString, CFStringRef suffix)
{
	if (cf_string_is(theString) && cf_string_is(suffix) && !CFStringGetLength(suffix))
		return TRUE;
	return CFStringFind(theString, suffix, kCFCompareAnchored | kCFCompareBackwards).location !=
	       kCFNotFound;
}

static const void *range_retain(CFAllocatorRef allocator, const void *value)
{
	CFRange *copy = malloc(sizeof(*copy));

	if (copy)
		*copy = *(const CFRange *)value;
	return copy;
}

static void range_release(CFAllocatorRef allocator, const void *value)
{
	free((void *)value);
}

static Boolean range_equal(const void *a, const void *b)
{
	const CFRange *x = a, *y = b;

	return x == y || (x && y && x->location == y->location && x->length == y->length);
}

static const CFArrayCallBacks range_callbacks = { 0, range_retain, range_release, NULL,
						  range_equal };

CFArrayRef CFStringCreateArrayWithFindResults(CFAllocatorRef alloc, CFStringRef theString,
					      CFStringRef stringToFind, CFRange rangeToSearch,
					      CFStringCompareFlags compareOptions)
{
	CFMutableArrayRef found = NULL;
	CFRange range;

	rangeToSearch = cf_range_clip(rangeToSearch, CFStringGetLength(theString));
	while (CFStringFindWithOptions(theString, stringToFind, rangeToSearch, compareOptions,
				       &range)) {
		CFIndex end = rangeToSearch.location + rangeToSearch.length;

		if (!found)
			found = CFArrayCreateMutable(alloc, 0, &range_callbacks);
		CFArrayAppendValue(found, &range);
		if (compareOptions & kCFCompareBackwards) {
			rangeToSearch.length = range.location - rangeToSearch.location;
		} else {
			rangeToSearch.location = range.location + range.length;
			rangeToSearch.length = end - rangeToSearch.location;
		}
	}
	return found;
}

CFRange CFStringGetRangeOfComposedCharactersAtIndex(CFStringRef theString, CFIndex theIndex)
{
	UniChar c = CFStringGetCharacterAtIndex(theString, theIndex);

	if (theIndex < 0 || theIndex >= CFStringGetLength(theString))
		return CFRangeMake(kCFNotFound, 0);
	if (CFStringIsSurrogateHighCharacter(c) &&
	    CFStringIsSurrogateLowCharacter(CFStringGetCharacterAtIndex(theString, theIndex + 1)))
		return CFRangeMake(theIndex, 2);
	if (CFStringIsSurrogateLowCharacter(c) &&
	    CFStringIsSurrogateHighCharacter(CFStringGetCharacterAtIndex(theString, theIndex - 1)))
		return CFRangeMake(theIndex - 1, 2);
	return CFRangeMake(theIndex, 1);
}

static bool is_line_end(UniChar c)
{
	return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

void CFStringGetLineBounds(CFStringRef theString, CFRange range, CFIndex *lineBeginIndex,
			   CFIndex *lineEndIndex, CFIndex *contentsEndIndex)
{
	struct cf_text text = { "", 0, false };
	CFIndex start, end, contents;

	if (cf_string_is(theString))
		text = cf_text_of(theString);
	range = cf_range_clip(range, text.length);
	start = range.location;
	/* A position between CR and LF belongs to the line that they end. */
	if (start && start < text.length && cf_text_at(&text, start) == '\n' &&
	    cf_text_at(&text, start - 1) == '\r')
		start--;
	while (start && !is_line_end(cf_text_at(&text, start - 1)))
		start--;
	contents = range.location + range.length;
	/* The line end that the range itself ends with is the end of its last line. */
	if (range.length && is_line_end(cf_text_at(&text, contents - 1)))
		contents--;
	while (contents < text.length && !is_line_end(cf_text_at(&text, contents)))
		contents++;
	end = contents;
	if (end < text.length)
		end += cf_text_at(&text, end) == '\r' && end + 1 < text.length &&
				       cf_text_at(&text, end + 1) == '\n'
			     ? 2
			     : 1;
	if (contents && contents < text.length && cf_text_at(&text, contents) == '\n' &&
	    contents > start && cf_text_at(&text, contents - 1) == '\r')
		contents--;
	if (lineBeginIndex)
		*lineBeginIndex = start;
	if (lineEndIndex)
		*lineEndIndex = end;
	if (contentsEndIndex)
		*contentsEndIndex = contents;
}

/* --- splitting and joining ------------------------------------------------------------------- */

CFStringRef CFStringCreateByCombiningStrings(CFAllocatorRef alloc, CFArrayRef theArray,
					     CFStringRef separatorString)
{
	scope_cf CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
	CFIndex n = CFArrayGetCount(theArray);

	if (!text || !cf_is(theArray, CF_TYPE_ARRAY))
		return NULL;
	for (CFIndex i = 0; i < n; i++) {
		if (i && separatorString)
			CFStringAppend(text, separatorString);
		CFStringAppend(text, CFArrayGetValueAtIndex(theArray, i));
	}
	return CFStringCreateCopy(alloc, text);
}

static void append_part(CFMutableArrayRef parts, CFStringRef string, CFIndex from, CFIndex to)
{
	scope_cf CFStringRef part =
		CFStringCreateWithSubstring(NULL, string, CFRangeMake(from, to - from));

	if (part)
		CFArrayAppendValue(parts, part);
}

CFArrayRef CFStringCreateArrayBySeparatingStrings(CFAllocatorRef alloc, CFStringRef theString,
						  CFStringRef separatorString)
{
	CFIndex at = 0, length = CFStringGetLength(theString);
	CFMutableArrayRef parts;
	CFRange found;

	if (!cf_string_is(theString) || !cf_string_is(separatorString))
		return NULL;
	parts = CFArrayCreateMutable(alloc, 0, &kCFTypeArrayCallBacks);
	if (!parts)
		return NULL;
	while (CFStringFindWithOptions(theString, separatorString, CFRangeMake(at, length - at), 0,
				       &found)) {
		append_part(parts, theString, at, found.location);
		at = found.location + found.length;
	}
	append_part(parts, theString, at, length);
	return parts;
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
	return strtod_l(buffer, NULL, cf_c_locale());
}
