// SPDX-License-Identifier: MIT
/* Mutable strings. */
#include "cf/string_internal.h"

#include <stdlib.h>

static struct cf_string_mutable *mutable_of(CFMutableStringRef string)
{
	return (struct cf_string_mutable *)string;
}

CFMutableStringRef CFStringCreateMutable(CFAllocatorRef alloc, CFIndex maxLength)
{
	struct cf_string_mutable *s;

	if (maxLength < 0)
		return NULL;
	s = cf_object_new_in(alloc, CF_TYPE_STRING, sizeof(*s));
	if (!s)
		return NULL;
	s->string.contents = calloc(1, 16);
	if (!s->string.contents) {
		cf_set_flags(s, 0);
		CFRelease(s);
		return NULL;
	}
	s->capacity = 15;
	cf_set_flags(s, CF_STRING_MUTABLE);
	return (CFMutableStringRef)s;
}

CFMutableStringRef CFStringCreateMutableCopy(CFAllocatorRef alloc, CFIndex maxLength,
					     CFStringRef theString)
{
	CFMutableStringRef copy;

	if (!cf_string_is(theString))
		return NULL;
	copy = CFStringCreateMutable(alloc, 0);
	if (copy && !cf_string_splice(copy, CFRangeMake(0, 0), cf_text_of(theString))) {
		CFRelease(copy);
		return NULL;
	}
	return copy;
}

CFMutableStringRef
CFStringCreateMutableWithExternalCharactersNoCopy(CFAllocatorRef alloc, UniChar *chars,
						  CFIndex numChars, CFIndex capacity,
						  CFAllocatorRef externalCharactersAllocator)
{
	struct cf_string_mutable *s;

	if (numChars < 0 || capacity < numChars || (capacity && !chars))
		return NULL;
	s = cf_object_new_in(alloc, CF_TYPE_STRING, sizeof(*s));
	if (!s)
		return NULL;
	s->string.contents = chars;
	s->string.length = numChars;
	s->capacity = capacity;
	s->external = CFRetain(cf_allocator_real(externalCharactersAllocator));
	cf_set_flags(s, CF_STRING_MUTABLE | CF_STRING_WIDE);
	return (CFMutableStringRef)s;
}

void CFStringSetExternalCharactersNoCopy(CFMutableStringRef theString, UniChar *chars,
					 CFIndex length, CFIndex capacity)
{
	struct cf_string_mutable *s = mutable_of(theString);

	if (!cf_string_is_mutable(theString) || !s->external || length < 0 || capacity < length ||
	    (capacity && !chars))
		return;
	s->string.contents = chars;
	s->string.length = length;
	s->capacity = capacity;
}

/* --- storage -------------------------------------------------------------------------- */

static bool text_needs_units(struct cf_text text)
{
	for (CFIndex i = 0; text.is_wide && i < text.length; i++)
		if (cf_text_at(&text, i) >= 0x80)
			return true;
	return false;
}

void cf_string_free_contents(struct cf_string_mutable *s)
{
	if (!s->external) {
		free(s->string.contents);
		return;
	}
	CFAllocatorDeallocate(s->external, s->string.contents);
	CFRelease(s->external);
}

static void *resize(struct cf_string_mutable *s, CFIndex capacity, bool wide)
{
	if (s->external)
		return CFAllocatorReallocate(s->external, s->string.contents,
					     capacity * (CFIndex)sizeof(UniChar), 0);
	return realloc(s->string.contents, ((size_t)capacity + 1) << wide);
}

/* Room for LENGTH, as units if WIDE. */
static bool reserve(struct cf_string_mutable *s, CFIndex length, bool wide)
{
	bool was_wide = cf_flags(s) & CF_STRING_WIDE;
	CFIndex capacity = s->capacity;
	void *contents;

	if (length > LONG_MAX / 8)
		return false;
	if (length <= capacity && wide == was_wide)
		return true;
	if (length > capacity)
		capacity = length + length / 2 + 15;
	if (wide == was_wide) {
		contents = resize(s, capacity, wide);
		if (!contents)
			return false;
	} else {
		const uint8_t *old = s->string.contents;
		UniChar *units = malloc(((size_t)capacity + 1) * sizeof(*units));

		if (!units)
			return false;
		for (CFIndex i = 0; i < s->string.length; i++)
			units[i] = old[i];
		free(s->string.contents);
		contents = units;
		cf_set_flags(s, cf_flags(s) | CF_STRING_WIDE);
	}
	s->string.contents = contents;
	s->capacity = capacity;
	return true;
}

static void put_text(struct cf_string_mutable *s, CFIndex at, struct cf_text text)
{
	bool wide = cf_flags(s) & CF_STRING_WIDE;

	if (text.length && wide == text.is_wide) {
		memcpy((char *)s->string.contents + (at << wide), text.contents,
		       (size_t)text.length << wide);
		return;
	}
	for (CFIndex i = 0; i < text.length; i++) {
		if (wide)
			((UniChar *)s->string.contents)[at + i] = cf_text_at(&text, i);
		else
			((uint8_t *)s->string.contents)[at + i] = (uint8_t)cf_text_at(&text, i);
	}
}

bool cf_string_splice(CFMutableStringRef string, CFRange range, struct cf_text text)
{
	struct cf_string_mutable *s = mutable_of(string);
	CFIndex length = s->string.length, tail = length - range.location - range.length;
	bool wide = (cf_flags(s) & CF_STRING_WIDE) || text_needs_units(text);
	char *contents;

	if (text.length > LONG_MAX / 8 || !reserve(s, length - range.length + text.length, wide))
		return false;
	contents = s->string.contents;
	memmove(contents + ((range.location + text.length) << wide),
		contents + ((range.location + range.length) << wide), (size_t)tail << wide);
	put_text(s, range.location, text);
	s->string.length = length - range.length + text.length;
	if (!wide)
		contents[s->string.length] = '\0';
	return true;
}

/* Replace by the text of OTHER, which may be STRING itself. Out of range: nothing. */
static void splice_string(CFMutableStringRef string, CFRange range, CFStringRef other)
{
	scope_cf CFStringRef copy = NULL;

	if (!cf_string_is_mutable(string) || !cf_string_is(other) ||
	    !cf_range_is_inside(range, CFStringGetLength(string)))
		return;
	if (other == string) {
		other = copy = cf_string_new(NULL, cf_text_of(string));
		if (!copy)
			return;
	}
	cf_string_splice(string, range, cf_text_of(other));
}

/* --- public ------------------------------------------------------------------------------ */

void CFStringAppend(CFMutableStringRef theString, CFStringRef appendedString)
{
	splice_string(theString, CFRangeMake(CFStringGetLength(theString), 0), appendedString);
}

void CFStringAppendCharacters(CFMutableStringRef theString, const UniChar *chars, CFIndex numChars)
{
	if (cf_string_is_mutable(theString) && chars && numChars > 0)
		cf_string_splice(theString, CFRangeMake(CFStringGetLength(theString), 0),
				 (struct cf_text){ chars, numChars, true });
}

void CFStringAppendCString(CFMutableStringRef theString, const char *cStr,
			   CFStringEncoding encoding)
{
	scope_cf CFStringRef text = CFStringCreateWithCString(NULL, cStr, encoding);

	CFStringAppend(theString, text);
}

void CFStringAppendPascalString(CFMutableStringRef theString, ConstStr255Param pStr,
				CFStringEncoding encoding)
{
	scope_cf CFStringRef text = CFStringCreateWithPascalString(NULL, pStr, encoding);

	CFStringAppend(theString, text);
}

void CFStringInsert(CFMutableStringRef str, CFIndex idx, CFStringRef insertedStr)
{
	splice_string(str, CFRangeMake(idx, 0), insertedStr);
}

void CFStringDelete(CFMutableStringRef theString, CFRange range)
{
	splice_string(theString, range, CFSTR(""));
}

void CFStringReplace(CFMutableStringRef theString, CFRange range, CFStringRef replacement)
{
	splice_string(theString, range, replacement);
}

void CFStringReplaceAll(CFMutableStringRef theString, CFStringRef replacement)
{
	splice_string(theString, CFRangeMake(0, CFStringGetLength(theString)), replacement);
}

CFIndex CFStringFindAndReplace(CFMutableStringRef theString, CFStringRef stringToFind,
			       CFStringRef replacementString, CFRange rangeToSearch,
			       CFStringCompareFlags compareOptions)
{
	bool backwards = compareOptions & kCFCompareBackwards;
	CFIndex count = 0, change;
	CFRange found;

	if (!cf_string_is_mutable(theString) || !cf_string_is(replacementString) ||
	    !cf_range_is_inside(rangeToSearch, CFStringGetLength(theString)))
		return 0;
	while (CFStringFindWithOptions(theString, stringToFind, rangeToSearch, compareOptions,
				       &found)) {
		CFIndex end = rangeToSearch.location + rangeToSearch.length;
		CFIndex before = CFStringGetLength(theString);

		splice_string(theString, found, replacementString);
		change = CFStringGetLength(theString) - before;
		if (change != CFStringGetLength(replacementString) - found.length &&
		    theString != replacementString)
			return count; /* no memory */
		count++;
		if (backwards) {
			rangeToSearch.length = found.location - rangeToSearch.location;
		} else {
			rangeToSearch.location = found.location + found.length + change;
			rangeToSearch.length = end + change - rangeToSearch.location;
		}
		if (compareOptions & kCFCompareAnchored)
			break;
	}
	return count;
}

void CFStringPad(CFMutableStringRef theString, CFStringRef padString, CFIndex length,
		 CFIndex indexIntoPad)
{
	CFIndex now = CFStringGetLength(theString), pad = CFStringGetLength(padString);
	struct cf_text text;
	UniChar *units;

	if (!cf_string_is_mutable(theString) || length < 0)
		return;
	if (length <= now) {
		CFStringDelete(theString, CFRangeMake(length, now - length));
		return;
	}
	if (!pad || indexIntoPad < 0 || length > LONG_MAX / 8)
		return;
	units = malloc((size_t)(length - now) * sizeof(*units));
	if (!units)
		return;
	text = cf_text_of(padString);
	for (CFIndex i = 0; i < length - now; i++)
		units[i] = cf_text_at(&text, (indexIntoPad % pad + i) % pad);
	CFStringAppendCharacters(theString, units, length - now);
	free(units);
}

void CFStringTrim(CFMutableStringRef theString, CFStringRef trimString)
{
	CFIndex n = CFStringGetLength(trimString);
	scope_cf CFStringRef trim = NULL;

	if (!cf_string_is_mutable(theString) || !n)
		return;
	trim = CFStringCreateCopy(NULL, trimString);
	while (trim && CFStringHasPrefix(theString, trim))
		CFStringDelete(theString, CFRangeMake(0, n));
	while (trim && CFStringHasSuffix(theString, trim))
		CFStringDelete(theString, CFRangeMake(CFStringGetLength(theString) - n, n));
}

void CFStringTrimWhitespace(CFMutableStringRef theString)
{
	CFIndex start = 0, end = CFStringGetLength(theString);
	struct cf_text text;

	if (!cf_string_is_mutable(theString))
		return;
	text = cf_text_of(theString);
	while (end > start && cf_unicode_is_space(cf_text_at(&text, end - 1)))
		end--;
	while (start < end && cf_unicode_is_space(cf_text_at(&text, start)))
		start++;
	CFStringDelete(theString, CFRangeMake(end, text.length - end));
	CFStringDelete(theString, CFRangeMake(0, start));
}
