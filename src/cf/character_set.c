// SPDX-License-Identifier: MIT
/*
 * A set is the ascending list of the code points where membership changes: C is
 * in it when an odd number of them are not above C. So inverting is adding or
 * removing a first entry 0, and all other operations are one merge.
 */
#include <CoreFoundation/CFCharacterSet.h>
#include <pthread.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/scope.h"
#include "cf/string_internal.h"

#define UNICODE_END 0x110000u
#define PLANE_BYTES 8192

enum { CHARACTER_SET_MUTABLE = 1 };

struct changes {
	uint32_t *at;
	size_t count, capacity;
};

struct __CFCharacterSet {
	struct cf_object base;
	struct changes changes;
};

static bool changes_put(struct changes *c, uint32_t at)
{
	if (c->count == c->capacity) {
		size_t capacity = c->capacity ? c->capacity * 2 : 8;
		uint32_t *larger = realloc(c->at, capacity * sizeof(*larger));

		if (!larger)
			return false;
		c->at = larger;
		c->capacity = capacity;
	}
	c->at[c->count++] = at;
	return true;
}

/* How many of them are not above POINT. */
static size_t changes_rank(const struct changes *c, uint32_t point)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->at[middle] <= point)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What is in at least NEEDED (1: union, 2: intersection) of A and B. */
static bool changes_merge(struct changes *out, const struct changes *a, const struct changes *b,
			  int needed)
{
	size_t i = 0, j = 0;
	bool inside = false;

	while (i < a->count || j < b->count) {
		uint32_t at = i < a->count ? a->at[i] : UNICODE_END;

		if (j < b->count && b->at[j] < at)
			at = b->at[j];
		i += i < a->count && a->at[i] == at;
		j += j < b->count && b->at[j] == at;
		if (((int)(i & 1) + (int)(j & 1) >= needed) == inside)
			continue;
		inside = !inside;
		if (!changes_put(out, at))
			return false;
	}
	return true;
}

static bool changes_copy(struct changes *out, const struct changes *from)
{
	return changes_merge(out, from, &(struct changes){ 0 }, 1);
}

static bool changes_invert(struct changes *c)
{
	bool has_zero = c->count && c->at[0] == 0;

	if (!has_zero && !changes_put(c, 0))
		return false;
	if (has_zero)
		memmove(c->at, c->at + 1, --c->count * sizeof(*c->at));
	else
		memmove(c->at + 1, c->at, (c->count - 1) * sizeof(*c->at));
	if (!has_zero)
		c->at[0] = 0;
	/* The end of Unicode is the end of all sets. */
	while (c->count && c->at[c->count - 1] >= UNICODE_END)
		c->count--;
	return true;
}

/* --- objects ------------------------------------------------------------------------ */

static void set_fini(void *object)
{
	free(((struct __CFCharacterSet *)object)->changes.at);
}

static bool set_equal(const void *a, const void *b)
{
	const struct changes *x = &((CFCharacterSetRef)a)->changes;
	const struct changes *y = &((CFCharacterSetRef)b)->changes;

	return x->count == y->count &&
	       (!x->count || !memcmp(x->at, y->at, x->count * sizeof(*x->at)));
}

static CFHashCode set_hash(const void *object)
{
	const struct changes *c = &((CFCharacterSetRef)object)->changes;

	return c->count ? c->count * 31 + c->at[0] : 0;
}

static CFStringRef set_copy_description(const void *object)
{
	const struct changes *c = &((CFCharacterSetRef)object)->changes;
	CFMutableStringRef text = CFStringCreateMutable(NULL, 0);

	CFStringAppendCString(text, "<CFCharacterSet", kCFStringEncodingASCII);
	for (size_t i = 0; i < c->count && i < 32; i += 2)
		CFStringAppendFormat(text, NULL, CFSTR(" U+%04X-%04X"), c->at[i],
				     (i + 1 < c->count ? c->at[i + 1] : UNICODE_END) - 1);
	CFStringAppendCString(text, c->count > 32 ? " ...>" : ">", kCFStringEncodingASCII);
	return text;
}

const struct cf_class cf_character_set_class = {
	.name = "CFCharacterSet",
	.fini = set_fini,
	.equal = set_equal,
	.hash = set_hash,
	.copy_description = set_copy_description,
};

CFTypeID CFCharacterSetGetTypeID(void)
{
	return CF_TYPE_CHARACTER_SET;
}

static bool is_set(CFCharacterSetRef set)
{
	return cf_is(set, CF_TYPE_CHARACTER_SET);
}

static bool is_mutable(CFCharacterSetRef set)
{
	return is_set(set) && (cf_flags(set) & CHARACTER_SET_MUTABLE);
}

static struct __CFCharacterSet *set_new(CFAllocatorRef alloc)
{
	return cf_object_new_in(alloc, CF_TYPE_CHARACTER_SET, sizeof(struct __CFCharacterSet));
}

/* The set if it was filled, else NULL. */
static struct __CFCharacterSet *set_finish(struct __CFCharacterSet *set, bool filled)
{
	if (set && !filled) {
		CFRelease(set);
		return NULL;
	}
	return set;
}

/* SET becomes its union or intersection with OTHER; unchanged without memory. */
static bool set_merge(CFMutableCharacterSetRef set, const struct changes *other, int needed)
{
	struct changes merged = { 0 };

	if (!changes_merge(&merged, &set->changes, other, needed)) {
		free(merged.at);
		return false;
	}
	free(set->changes.at);
	set->changes = merged;
	return true;
}

static bool set_add(CFMutableCharacterSetRef set, uint32_t start, uint32_t end)
{
	uint32_t at[2] = { start, end };
	struct changes range = { at, end < UNICODE_END ? 2 : 1, 2 };

	return start >= end || set_merge(set, &range, 1);
}

static bool set_remove(CFMutableCharacterSetRef set, uint32_t start, uint32_t end)
{
	uint32_t at[3];
	struct changes rest = { at, 0, 3 }; /* everything else */

	if (start > 0) {
		at[rest.count++] = 0;
		at[rest.count++] = start;
	}
	if (end < UNICODE_END)
		at[rest.count++] = end;
	return start >= end || set_merge(set, &rest, 2);
}

/* The part of RANGE that is Unicode. */
static void range_points(CFRange range, uint32_t *ret_start, uint32_t *ret_end)
{
	*ret_start = *ret_end = 0;
	if (range.location < 0 || range.location >= (CFIndex)UNICODE_END || range.length <= 0)
		return;
	*ret_start = (uint32_t)range.location;
	*ret_end = range.length > (CFIndex)(UNICODE_END - *ret_start)
			 ? UNICODE_END
			 : *ret_start + (uint32_t)range.length;
}

static bool change_string(CFMutableCharacterSetRef set, CFStringRef string,
			  bool (*change)(CFMutableCharacterSetRef, uint32_t, uint32_t))
{
	struct cf_text text;
	CFIndex i = 0;

	if (!cf_string_is(string))
		return true;
	text = cf_text_of(string);
	while (i < text.length) {
		int units;
		uint32_t c = cf_text_point(&text, i, &units);

		if (!change(set, c, c + 1))
			return false;
		i += units;
	}
	return true;
}

/* --- predefined ------------------------------------------------------------------------- */

static bool in_categories(ucs4_t c, uint32_t mask)
{
	return uc_is_general_category_withtable(c, mask);
}

static bool is_newline(uint32_t c)
{
	return (c >= 0xa && c <= 0xd) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_decomposable(uint32_t c)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];

	return uc_canonical_decomposition(c, parts) >= 0;
}

static bool is_predefined(CFCharacterSetPredefinedSet which, uint32_t c)
{
	switch (which) {
	case kCFCharacterSetControl:
		return in_categories(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf);
	case kCFCharacterSetWhitespace:
		return c == 9 || in_categories(c, UC_CATEGORY_MASK_Zs);
	case kCFCharacterSetWhitespaceAndNewline:
		return c == 9 || is_newline(c) || in_categories(c, UC_CATEGORY_MASK_Z);
	case kCFCharacterSetDecimalDigit:
		return in_categories(c, UC_CATEGORY_MASK_Nd);
	case kCFCharacterSetLetter:
		return in_categories(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M);
	case kCFCharacterSetLowercaseLetter:
		return in_categories(c, UC_CATEGORY_MASK_Ll);
	case kCFCharacterSetUppercaseLetter:
		return in_categories(c, UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Lt);
	case kCFCharacterSetNonBase:
		return in_categories(c, UC_CATEGORY_MASK_M);
	case kCFCharacterSetDecomposable:
		return is_decomposable(c);
	case kCFCharacterSetAlphaNumeric:
		return in_categories(c,
				     UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N);
	case kCFCharacterSetPunctuation:
		return in_categories(c, UC_CATEGORY_MASK_P);
	case kCFCharacterSetIllegal:
		return in_categories(c, UC_CATEGORY_MASK_Cn);
	case kCFCharacterSetCapitalizedLetter:
		return in_categories(c, UC_CATEGORY_MASK_Lt);
	case kCFCharacterSetSymbol:
		return in_categories(c, UC_CATEGORY_MASK_S);
	default:
		return is_newline(c);
	}
}

static pthread_mutex_t made_lock = PTHREAD_MUTEX_INITIALIZER;
CF_FREE_AFTER_FORK(made_lock)

CFCharacterSetRef CFCharacterSetGetPredefined(CFCharacterSetPredefinedSet theSetIdentifier)
{
	static struct __CFCharacterSet *made[kCFCharacterSetNewline + 1];
	struct __CFCharacterSet *set;
	bool inside = false, filled = true;

	if (theSetIdentifier < kCFCharacterSetControl || theSetIdentifier > kCFCharacterSetNewline)
		return NULL;
	pthread_mutex_lock(&made_lock);
	set = made[theSetIdentifier];
	if (!set && (set = set_new(kCFAllocatorSystemDefault))) {
		for (uint32_t c = 0; c < UNICODE_END && filled; c++)
			if (is_predefined(theSetIdentifier, c) != inside) {
				inside = !inside;
				filled = changes_put(&set->changes, c);
			}
		set = set_finish(set, filled);
		if (set)
			cf_object_make_immortal(set);
		made[theSetIdentifier] = set;
	}
	pthread_mutex_unlock(&made_lock);
	return set;
}

/* --- making ------------------------------------------------------------------------------- */

CFMutableCharacterSetRef CFCharacterSetCreateMutable(CFAllocatorRef alloc)
{
	struct __CFCharacterSet *set = set_new(alloc);

	if (set)
		cf_set_flags(set, CHARACTER_SET_MUTABLE);
	return set;
}

CFCharacterSetRef CFCharacterSetCreateWithCharactersInRange(CFAllocatorRef alloc, CFRange theRange)
{
	struct __CFCharacterSet *set = set_new(alloc);
	uint32_t start, end;

	range_points(theRange, &start, &end);
	return set_finish(set, set && set_add(set, start, end));
}

CFCharacterSetRef CFCharacterSetCreateWithCharactersInString(CFAllocatorRef alloc,
							     CFStringRef theString)
{
	struct __CFCharacterSet *set = cf_string_is(theString) ? set_new(alloc) : NULL;

	return set_finish(set, set && change_string(set, theString, set_add));
}

static struct __CFCharacterSet *set_copy(CFAllocatorRef alloc, CFCharacterSetRef from)
{
	struct __CFCharacterSet *set = is_set(from) ? set_new(alloc) : NULL;

	return set_finish(set, set && changes_copy(&set->changes, &from->changes));
}

CFCharacterSetRef CFCharacterSetCreateCopy(CFAllocatorRef alloc, CFCharacterSetRef theSet)
{
	return is_set(theSet) && !is_mutable(theSet) ? CFRetain(theSet) : set_copy(alloc, theSet);
}

CFMutableCharacterSetRef CFCharacterSetCreateMutableCopy(CFAllocatorRef alloc,
							 CFCharacterSetRef theSet)
{
	struct __CFCharacterSet *set = set_copy(alloc, theSet);

	if (set)
		cf_set_flags(set, CHARACTER_SET_MUTABLE);
	return set;
}

CFCharacterSetRef CFCharacterSetCreateInvertedSet(CFAllocatorRef alloc, CFCharacterSetRef theSet)
{
	struct __CFCharacterSet *set = set_copy(alloc, theSet);

	return set_finish(set, set && changes_invert(&set->changes));
}

/* --- bitmaps -------------------------------------------------------------------------------- */

/* One plane, or the part of it that is there. */
static bool put_plane(struct changes *c, uint32_t plane, const UInt8 *bits, CFIndex n, bool *inside)
{
	for (uint32_t i = 0; i < (uint32_t)n * 8; i++) {
		if ((bits[i / 8] >> i % 8 & 1) == *inside)
			continue;
		*inside = !*inside;
		if (!changes_put(c, plane << 16 | i))
			return false;
	}
	if (!*inside || n == PLANE_BYTES)
		return true;
	*inside = false;
	return changes_put(c, (plane << 16) + (uint32_t)n * 8);
}

static bool fill_from_bitmap(struct changes *c, const UInt8 *bytes, CFIndex n)
{
	const UInt8 *planes[UNICODE_END >> 16] = { bytes };
	CFIndex sizes[UNICODE_END >> 16] = { n < PLANE_BYTES ? n : PLANE_BYTES };
	bool inside = false;

	for (CFIndex at = PLANE_BYTES; at + 1 < n; at += 1 + PLANE_BYTES) {
		CFIndex left = n - at - 1;

		if (bytes[at] >= UNICODE_END >> 16)
			continue;
		planes[bytes[at]] = bytes + at + 1;
		sizes[bytes[at]] = left < PLANE_BYTES ? left : PLANE_BYTES;
	}
	for (uint32_t plane = 0; plane < UNICODE_END >> 16; plane++)
		if (!put_plane(c, plane, planes[plane], sizes[plane], &inside))
			return false;
	return true;
}

CFCharacterSetRef CFCharacterSetCreateWithBitmapRepresentation(CFAllocatorRef alloc,
							       CFDataRef theData)
{
	struct __CFCharacterSet *set = cf_is(theData, CF_TYPE_DATA) ? set_new(alloc) : NULL;

	return set_finish(set, set && fill_from_bitmap(&set->changes, CFDataGetBytePtr(theData),
						       CFDataGetLength(theData)));
}

CFDataRef CFCharacterSetCreateBitmapRepresentation(CFAllocatorRef alloc, CFCharacterSetRef theSet)
{
	CFMutableDataRef data;
	scope_free UInt8 *bits = NULL;

	if (!is_set(theSet))
		return NULL;
	bits = malloc(PLANE_BYTES);
	data = bits ? CFDataCreateMutable(alloc, 0) : NULL;
	for (uint32_t plane = 0; data && plane < UNICODE_END >> 16; plane++) {
		UInt8 number = (UInt8)plane;

		if (plane && !CFCharacterSetHasMemberInPlane(theSet, plane))
			continue;
		memset(bits, 0, PLANE_BYTES);
		for (uint32_t i = 0; i < 0x10000; i++)
			if (changes_rank(&theSet->changes, plane << 16 | i) & 1)
				bits[i / 8] |= (UInt8)(1 << i % 8);
		if (plane)
			CFDataAppendBytes(data, &number, 1);
		CFDataAppendBytes(data, bits, PLANE_BYTES);
	}
	return data;
}

/* --- asking ---------------------------------------------------------------------------------- */

Boolean CFCharacterSetIsLongCharacterMember(CFCharacterSetRef theSet, UTF32Char theChar)
{
	return is_set(theSet) && theChar < UNICODE_END &&
	       (changes_rank(&theSet->changes, theChar) & 1);
}

Boolean CFCharacterSetIsCharacterMember(CFCharacterSetRef theSet, UniChar theChar)
{
	return CFCharacterSetIsLongCharacterMember(theSet, theChar);
}

Boolean CFCharacterSetHasMemberInPlane(CFCharacterSetRef theSet, CFIndex thePlane)
{
	uint32_t first;
	size_t rank;

	if (!is_set(theSet) || thePlane < 0 || thePlane >= (CFIndex)(UNICODE_END >> 16))
		return FALSE;
	first = (uint32_t)thePlane << 16;
	rank = changes_rank(&theSet->changes, first);
	return rank & 1 ||
	       (rank < theSet->changes.count && theSet->changes.at[rank] < first + 0x10000);
}

Boolean CFCharacterSetIsSupersetOfSet(CFCharacterSetRef theSet, CFCharacterSetRef theOtherset)
{
	struct changes both = { 0 };
	bool covers;

	if (!is_set(theSet) || !is_set(theOtherset))
		return FALSE;
	covers = changes_merge(&both, &theSet->changes, &theOtherset->changes, 2) &&
		 both.count == theOtherset->changes.count &&
		 (!both.count ||
		  !memcmp(both.at, theOtherset->changes.at, both.count * sizeof(*both.at)));
	free(both.at);
	return covers;
}

/* --- changing ---------------------------------------------------------------------------------- */

void CFCharacterSetAddCharactersInRange(CFMutableCharacterSetRef theSet, CFRange theRange)
{
	uint32_t start, end;

	range_points(theRange, &start, &end);
	if (is_mutable(theSet))
		set_add(theSet, start, end);
}

void CFCharacterSetRemoveCharactersInRange(CFMutableCharacterSetRef theSet, CFRange theRange)
{
	uint32_t start, end;

	range_points(theRange, &start, &end);
	if (is_mutable(theSet))
		set_remove(theSet, start, end);
}

void CFCharacterSetAddCharactersInString(CFMutableCharacterSetRef theSet, CFStringRef theString)
{
	if (is_mutable(theSet))
		change_string(theSet, theString, set_add);
}

void CFCharacterSetRemoveCharactersInString(CFMutableCharacterSetRef theSet, CFStringRef theString)
{
	if (is_mutable(theSet))
		change_string(theSet, theString, set_remove);
}

void CFCharacterSetUnion(CFMutableCharacterSetRef theSet, CFCharacterSetRef theOtherSet)
{
	if (is_mutable(theSet) && is_set(theOtherSet))
		set_merge(theSet, &theOtherSet->changes, 1);
}

void CFCharacterSetIntersect(CFMutableCharacterSetRef theSet, CFCharacterSetRef theOtherSet)
{
	if (is_mutable(theSet) && is_set(theOtherSet))
		set_merge(theSet, &theOtherSet->changes, 2);
}

void CFCharacterSetInvert(CFMutableCharacterSetRef theSet)
{
	if (is_mutable(theSet))
		changes_invert(&theSet->changes);
}
