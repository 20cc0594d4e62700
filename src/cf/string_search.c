// SPDX-License-Identifier: MIT
/* Searching, characters and lines, splitting and joining. */
#include <CoreFoundation/CFCharacterSet.h>
#include <stdlib.h>
#include <unigbrk.h>

#include "cf/string_fold.h"

/* --- searching ---------------------------------------------------------------------------- */

static bool matches_units(const struct cf_text *text, CFIndex at, const struct cf_text *what)
{
	if (text->is_wide == what->is_wide)
		return !memcmp((const char *)text->contents + (at << text->is_wide), what->contents,
			       (size_t)what->length << what->is_wide);
	for (CFIndex i = 0; i < what->length; i++)
		if (cf_text_at(text, at + i) != cf_text_at(what, i))
			return false;
	return true;
}

static bool find_units(const struct cf_text *text, const struct cf_text *what, CFRange range,
		       CFStringCompareFlags options, CFRange *result)
{
	CFIndex places = range.length - what->length + 1;

	for (CFIndex i = 0; i < (options & kCFCompareAnchored && places > 1 ? 1 : places); i++) {
		CFIndex at = range.location + (options & kCFCompareBackwards ? places - 1 - i : i);

		if (matches_units(text, at, what)) {
			*result = CFRangeMake(at, what->length);
			return true;
		}
	}
	return false;
}

/* How many units of TEXT from its position on are WHAT; -1 when they are not. */
static CFIndex matches_folded(struct fold text, struct fold what)
{
	CFIndex start = text.at;
	uint32_t x, y;

	if (!fold_starts_cluster(&text))
		return -1;
	while (fold_next(&what, &y))
		if (!fold_next(&text, &x) || x != y)
			return -1;
	return fold_is_between(&text) ? text.at - start : -1;
}

static bool find_folded(struct fold text, struct fold what, CFRange range,
			CFStringCompareFlags options, CFRange *result)
{
	bool backwards = options & kCFCompareBackwards, anchored = options & kCFCompareAnchored;
	CFIndex end = range.location + range.length;

	for (CFIndex i = 0; i < range.length; i++) {
		CFIndex length;

		text.at = backwards ? end - 1 - i : range.location + i;
		length = matches_folded(text, what);
		if (length > 0 && (!anchored || !backwards || text.at + length == end)) {
			*result = CFRangeMake(text.at, length);
			return true;
		}
		if (anchored && !backwards)
			return false;
	}
	return false;
}

Boolean CFStringFindWithOptionsAndLocale(CFStringRef theString, CFStringRef stringToFind,
					 CFRange rangeToSearch, CFStringCompareFlags searchOptions,
					 CFLocaleRef locale, CFRange *result)
{
	const CFStringCompareFlags folding = kCFCompareCaseInsensitive | kCFCompareNonliteral |
					     kCFCompareDiacriticInsensitive |
					     kCFCompareWidthInsensitive;
	char buffer[CF_LANGUAGE_SIZE];
	const char *language = cf_locale_language(locale, buffer);
	struct cf_text text, what;
	CFRange found;
	bool is_there;

	if (!cf_string_is(theString) || !cf_string_is(stringToFind))
		return FALSE;
	text = cf_text_of(theString);
	what = cf_text_of(stringToFind);
	rangeToSearch = cf_range_clip(rangeToSearch, text.length);
	if (!what.length)
		return FALSE;
	if (searchOptions & folding)
		is_there = find_folded(
			fold_init(&text, rangeToSearch, searchOptions, language),
			fold_init(&what, CFRangeMake(0, what.length), searchOptions, language),
			rangeToSearch, searchOptions, &found);
	else
		is_there = find_units(&text, &what, rangeToSearch, searchOptions, &found);
	if (is_there && result)
		*result = found;
	return is_there;
}

Boolean CFStringFindCharacterFromSet(CFStringRef theString, CFCharacterSetRef theSet,
				     CFRange rangeToSearch, CFStringCompareFlags searchOptions,
				     CFRange *result)
{
	bool backwards = searchOptions & kCFCompareBackwards;
	struct cf_text text;
	CFIndex end;

	if (!cf_string_is(theString) || !cf_is(theSet, CF_TYPE_CHARACTER_SET))
		return FALSE;
	text = cf_text_of(theString);
	rangeToSearch = cf_range_clip(rangeToSearch, text.length);
	end = rangeToSearch.location + rangeToSearch.length;
	text.length = end;
	for (CFIndex i = 0; i < rangeToSearch.length; i++) {
		CFIndex at = backwards ? end - 1 - i : rangeToSearch.location + i;
		int units;

		if (at > rangeToSearch.location &&
		    CFStringIsSurrogateLowCharacter(cf_text_at(&text, at)) &&
		    CFStringIsSurrogateHighCharacter(cf_text_at(&text, at - 1)))
			continue;
		if (CFCharacterSetIsLongCharacterMember(theSet, cf_text_point(&text, at, &units))) {
			if (result)
				*result = CFRangeMake(at, units);
			return TRUE;
		}
		if (searchOptions & kCFCompareAnchored)
			return FALSE;
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

static bool is_regional(const UniChar *units)
{
	return units[0] == 0xd83c && units[1] >= 0xdde6 && units[1] <= 0xddff;
}

/* Rules of Unicode that look at more than two code points, which libunistring 1.0 does not know:
 * two letters are a flag, and joined emoji are one. [START, NEXT) is one character so far. */
static bool joins_next(const UniChar *start, const UniChar *next, const UniChar *end)
{
	if (next - start == 2 && end - next >= 2 && is_regional(start))
		return is_regional(next);
	return next - start >= 2 && next < end && next[-1] == 0x200d &&
	       (CFStringIsSurrogateHighCharacter(*next) || (*next >= 0x2600 && *next < 0x2800));
}

static const UniChar *next_character(const UniChar *at, const UniChar *end)
{
	const UniChar *next = u16_grapheme_next(at, end);

	while (next && joins_next(at, next, end))
		next = u16_grapheme_next(next, end);
	return next;
}

/* How far back a character that reaches over THEINDEX is looked for. */
#define COMPOSED_WINDOW 256

CFRange CFStringGetRangeOfComposedCharactersAtIndex(CFStringRef theString, CFIndex theIndex)
{
	UniChar units[COMPOSED_WINDOW * 2];
	CFIndex length = CFStringGetLength(theString), start, end;
	const UniChar *at, *next;

	if (theIndex < 0 || theIndex >= length)
		return CFRangeMake(kCFNotFound, 0);
	/* The ends of lines are characters of their own. */
	if (CFStringGetCharacterAtIndex(theString, theIndex) < 0x20)
		return CFRangeMake(theIndex, 1);
	start = theIndex > COMPOSED_WINDOW ? theIndex - COMPOSED_WINDOW : 0;
	end = length - theIndex > COMPOSED_WINDOW ? theIndex + COMPOSED_WINDOW : length;
	CFStringGetCharacters(theString, CFRangeMake(start, end - start), units);
	at = units;
	if (start && CFStringIsSurrogateLowCharacter(units[0]))
		at++;
	while ((next = next_character(at, units + (end - start))) &&
	       next - units <= theIndex - start)
		at = next;
	return CFRangeMake(start + (at - units), next ? next - at : 1);
}

static bool is_paragraph_end(UniChar c)
{
	return c == '\n' || c == '\r' || c == 0x2029;
}

static bool is_line_end(UniChar c)
{
	return is_paragraph_end(c) || c == 0x85 || c == 0x2028;
}

struct bounds {
	CFIndex start, end, contents;
};

static struct bounds bounds_of(CFStringRef string, CFRange range, bool (*is_end)(UniChar))
{
	struct cf_text text = { "", 0, false };
	struct bounds b;

	if (cf_string_is(string))
		text = cf_text_of(string);
	range = cf_range_clip(range, text.length);
	b.start = range.location;
	/* A position between CR and LF belongs to the line that they end. */
	if (b.start && b.start < text.length && cf_text_at(&text, b.start) == '\n' &&
	    cf_text_at(&text, b.start - 1) == '\r')
		b.start--;
	while (b.start && !is_end(cf_text_at(&text, b.start - 1)))
		b.start--;
	b.contents = range.location + range.length;
	/* The line end that the range itself ends with is the end of its last line. */
	if (range.length && is_end(cf_text_at(&text, b.contents - 1)))
		b.contents--;
	while (b.contents < text.length && !is_end(cf_text_at(&text, b.contents)))
		b.contents++;
	b.end = b.contents;
	if (b.end < text.length)
		b.end += cf_text_at(&text, b.end) == '\r' && b.end + 1 < text.length &&
					 cf_text_at(&text, b.end + 1) == '\n'
			       ? 2
			       : 1;
	if (b.contents > b.start && b.contents < text.length &&
	    cf_text_at(&text, b.contents) == '\n' && cf_text_at(&text, b.contents - 1) == '\r')
		b.contents--;
	return b;
}

static void give_bounds(struct bounds b, CFIndex *start, CFIndex *end, CFIndex *contents)
{
	if (start)
		*start = b.start;
	if (end)
		*end = b.end;
	if (contents)
		*contents = b.contents;
}

void CFStringGetLineBounds(CFStringRef theString, CFRange range, CFIndex *lineBeginIndex,
			   CFIndex *lineEndIndex, CFIndex *contentsEndIndex)
{
	give_bounds(bounds_of(theString, range, is_line_end), lineBeginIndex, lineEndIndex,
		    contentsEndIndex);
}

void CFStringGetParagraphBounds(CFStringRef string, CFRange range, CFIndex *parBeginIndex,
				CFIndex *parEndIndex, CFIndex *contentsEndIndex)
{
	give_bounds(bounds_of(string, range, is_paragraph_end), parBeginIndex, parEndIndex,
		    contentsEndIndex);
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
