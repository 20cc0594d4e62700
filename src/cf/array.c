// SPDX-License-Identifier: MIT
/* Arrays: immutable ones hold their values in the object. */
#include "cf/cf_internal.h"

#include <stdlib.h>

enum { ARRAY_MUTABLE = 1, ARRAY_OWN_CALLBACKS = 2 };

struct __CFArray {
	struct cf_object base;
	const CFArrayCallBacks *callbacks;
	const void **values;
	CFIndex count;
};

struct mutable_array {
	struct __CFArray array;
	CFIndex capacity;
};

const CFArrayCallBacks kCFTypeArrayCallBacks = { 0, cf_callback_retain, cf_callback_release,
						 CFCopyDescription, CFEqual };
static const CFArrayCallBacks plain_callbacks;

static const void *keep_value(CFArrayRef a, const void *value)
{
	return a->callbacks->retain ? a->callbacks->retain(CFGetAllocator(a), value) : value;
}

static void drop_value(CFArrayRef a, const void *value)
{
	if (a->callbacks->release)
		a->callbacks->release(CFGetAllocator(a), value);
}

static bool values_equal(CFArrayRef a, const void *x, const void *y)
{
	return x == y || (a->callbacks->equal && a->callbacks->equal(x, y));
}

/* --- class ----------------------------------------------------------------------------- */

static void array_fini(void *object)
{
	struct __CFArray *a = object;

	for (CFIndex i = 0; i < a->count; i++)
		drop_value(a, a->values[i]);
	if (cf_flags(a) & ARRAY_MUTABLE)
		free(a->values);
	if (cf_flags(a) & ARRAY_OWN_CALLBACKS)
		free((void *)a->callbacks);
}

static bool array_equal(const void *x, const void *y)
{
	CFArrayRef a = x, b = y;

	if (a->count != b->count || a->callbacks->equal != b->callbacks->equal)
		return false;
	for (CFIndex i = 0; i < a->count; i++)
		if (!values_equal(a, a->values[i], b->values[i]))
			return false;
	return true;
}

static CFHashCode array_hash(const void *object)
{
	return (CFHashCode)((CFArrayRef)object)->count;
}

static CFStringRef array_copy_description(const void *object)
{
	CFArrayRef a = object;
	struct cf_description d;

	cf_description_begin(&d, "(");
	for (CFIndex i = 0; i < a->count && d.text; i++) {
		cf_description_line(&d);
		cf_description_value(&d, a->values[i], a->callbacks->copyDescription);
		CFStringAppend(d.text, i + 1 < a->count ? CFSTR(",") : CFSTR(""));
	}
	return cf_description_end(&d, ")");
}

const struct cf_class cf_array_class = {
	.name = "CFArray",
	.fini = array_fini,
	.equal = array_equal,
	.hash = array_hash,
	.copy_description = array_copy_description,
};

CFTypeID CFArrayGetTypeID(void)
{
	return CF_TYPE_ARRAY;
}

/* --- making ------------------------------------------------------------------------------- */

static bool set_callbacks(struct __CFArray *a, const CFArrayCallBacks *callbacks)
{
	CFArrayCallBacks *copy;

	if (!callbacks || !memcmp(callbacks, &plain_callbacks, sizeof(*callbacks))) {
		a->callbacks = &plain_callbacks;
		return true;
	}
	if (!memcmp(callbacks, &kCFTypeArrayCallBacks, sizeof(*callbacks))) {
		a->callbacks = &kCFTypeArrayCallBacks;
		return true;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return false;
	*copy = *callbacks;
	a->callbacks = copy;
	cf_set_flags(a, cf_flags(a) | ARRAY_OWN_CALLBACKS);
	return true;
}

static struct __CFArray *array_new(CFAllocatorRef allocator, size_t size, uint8_t flags,
				   const CFArrayCallBacks *callbacks)
{
	struct __CFArray *a = cf_object_new_in(allocator, CF_TYPE_ARRAY, size);

	if (!a)
		return NULL;
	cf_set_flags(a, flags);
	if (!set_callbacks(a, callbacks)) {
		a->callbacks = &plain_callbacks;
		CFRelease(a);
		return NULL;
	}
	return a;
}

CFArrayRef CFArrayCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
			 const CFArrayCallBacks *callBacks)
{
	struct __CFArray *a;

	if (numValues < 0 || numValues > LONG_MAX / 16 || (numValues && !values))
		return NULL;
	a = array_new(allocator, sizeof(*a) + (size_t)numValues * sizeof(*values), 0, callBacks);
	if (!a)
		return NULL;
	a->values = (const void **)(a + 1);
	for (; a->count < numValues; a->count++)
		a->values[a->count] = keep_value(a, values[a->count]);
	return a;
}

CFArrayRef CFArrayCreateCopy(CFAllocatorRef allocator, CFArrayRef theArray)
{
	if (!cf_is(theArray, CF_TYPE_ARRAY))
		return NULL;
	if (!(cf_flags(theArray) & ARRAY_MUTABLE))
		return CFRetain(theArray);
	return CFArrayCreate(allocator, theArray->values, theArray->count, theArray->callbacks);
}

CFMutableArrayRef CFArrayCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
				       const CFArrayCallBacks *callBacks)
{
	return capacity < 0
		     ? NULL
		     : array_new(allocator, sizeof(struct mutable_array), ARRAY_MUTABLE, callBacks);
}

CFMutableArrayRef CFArrayCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
					   CFArrayRef theArray)
{
	CFMutableArrayRef a;

	if (!cf_is(theArray, CF_TYPE_ARRAY))
		return NULL;
	a = CFArrayCreateMutable(allocator, 0, theArray->callbacks);
	if (!a)
		return NULL;
	CFArrayReplaceValues(a, CFRangeMake(0, 0), theArray->values, theArray->count);
	if (a->count != theArray->count) {
		CFRelease(a);
		return NULL;
	}
	return a;
}

/* --- reading --------------------------------------------------------------------------------- */

CFIndex CFArrayGetCount(CFArrayRef theArray)
{
	return cf_is(theArray, CF_TYPE_ARRAY) ? theArray->count : 0;
}

const void *CFArrayGetValueAtIndex(CFArrayRef theArray, CFIndex idx)
{
	return idx >= 0 && idx < CFArrayGetCount(theArray) ? theArray->values[idx] : NULL;
}

void CFArrayGetValues(CFArrayRef theArray, CFRange range, const void **values)
{
	range = cf_range_clip(range, CFArrayGetCount(theArray));
	if (range.length && values)
		memcpy(values, theArray->values + range.location,
		       (size_t)range.length * sizeof(*values));
}

void CFArrayApplyFunction(CFArrayRef theArray, CFRange range, CFArrayApplierFunction applier,
			  void *context)
{
	range = cf_range_clip(range, CFArrayGetCount(theArray));
	/* The function may change the array. */
	for (CFIndex i = range.location;
	     applier && i < range.location + range.length && i < theArray->count; i++)
		applier(theArray->values[i], context);
}

CFIndex CFArrayGetFirstIndexOfValue(CFArrayRef theArray, CFRange range, const void *value)
{
	range = cf_range_clip(range, CFArrayGetCount(theArray));
	for (CFIndex i = range.location; i < range.location + range.length; i++)
		if (values_equal(theArray, theArray->values[i], value))
			return i;
	return kCFNotFound;
}

CFIndex CFArrayGetLastIndexOfValue(CFArrayRef theArray, CFRange range, const void *value)
{
	range = cf_range_clip(range, CFArrayGetCount(theArray));
	for (CFIndex i = range.location + range.length - 1; i >= range.location; i--)
		if (values_equal(theArray, theArray->values[i], value))
			return i;
	return kCFNotFound;
}

CFIndex CFArrayGetCountOfValue(CFArrayRef theArray, CFRange range, const void *value)
{
	CFIndex count = 0;

	range = cf_range_clip(range, CFArrayGetCount(theArray));
	for (CFIndex i = range.location; i < range.location + range.length; i++)
		count += values_equal(theArray, theArray->values[i], value);
	return count;
}

Boolean CFArrayContainsValue(CFArrayRef theArray, CFRange range, const void *value)
{
	return CFArrayGetFirstIndexOfValue(theArray, range, value) != kCFNotFound;
}

CFIndex CFArrayBSearchValues(CFArrayRef theArray, CFRange range, const void *value,
			     CFComparatorFunction comparator, void *context)
{
	CFIndex low, high;

	range = cf_range_clip(range, CFArrayGetCount(theArray));
	low = range.location;
	high = range.location + range.length;
	while (comparator && low < high) {
		CFIndex middle = low + (high - low) / 2;
		CFComparisonResult order = comparator(theArray->values[middle], value, context);

		if (order == kCFCompareEqualTo)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- changing ----------------------------------------------------------------------------------- */

static bool is_mutable(CFArrayRef a)
{
	return cf_is(a, CF_TYPE_ARRAY) && (cf_flags(a) & ARRAY_MUTABLE);
}

static bool reserve(CFMutableArrayRef array, CFIndex count)
{
	struct mutable_array *a = (struct mutable_array *)array;
	CFIndex capacity = a->capacity;
	const void **values;

	if (count <= capacity)
		return true;
	if (count > LONG_MAX / 32)
		return false;
	capacity = capacity ? count + count / 2 : count < 4 ? 4 : count;
	values = realloc(array->values, (size_t)capacity * sizeof(*values));
	if (!values)
		return false;
	array->values = values;
	a->capacity = capacity;
	return true;
}

/* Make room for N values in place of a range. The old values are not released. */
static bool open_gap(CFMutableArrayRef a, CFRange range, CFIndex n)
{
	CFIndex tail = a->count - range.location - range.length;

	if (!reserve(a, a->count - range.length + n))
		return false;
	if (tail)
		memmove(a->values + range.location + n, a->values + range.location + range.length,
			(size_t)tail * sizeof(*a->values));
	a->count += n - range.length;
	return true;
}

void CFArrayReplaceValues(CFMutableArrayRef theArray, CFRange range, const void **newValues,
			  CFIndex newCount)
{
	const void **old = NULL, **kept = NULL;

	if (!is_mutable(theArray) || !cf_range_is_inside(range, theArray->count) || newCount < 0 ||
	    newCount > LONG_MAX / 32 || (newCount && !newValues) || (!newCount && !range.length))
		return;
	/* New values are retained before old ones are released, and callbacks see a whole array. */
	old = malloc((size_t)(range.length + newCount) * sizeof(*old));
	if (!old)
		return;
	kept = old + range.length;
	for (CFIndex i = 0; i < newCount; i++)
		kept[i] = keep_value(theArray, newValues[i]);
	if (range.length)
		memcpy(old, theArray->values + range.location, (size_t)range.length * sizeof(*old));
	if (open_gap(theArray, range, newCount)) {
		if (newCount)
			memcpy(theArray->values + range.location, kept,
			       (size_t)newCount * sizeof(*kept));
		for (CFIndex i = 0; i < range.length; i++)
			drop_value(theArray, old[i]);
	} else {
		for (CFIndex i = 0; i < newCount; i++)
			drop_value(theArray, kept[i]);
	}
	free(old);
}

void CFArrayInsertValueAtIndex(CFMutableArrayRef theArray, CFIndex idx, const void *value)
{
	if (!is_mutable(theArray) || idx < 0 || idx > theArray->count)
		return;
	value = keep_value(theArray, value);
	if (open_gap(theArray, CFRangeMake(idx, 0), 1))
		theArray->values[idx] = value;
	else
		drop_value(theArray, value);
}

void CFArrayAppendValue(CFMutableArrayRef theArray, const void *value)
{
	CFArrayInsertValueAtIndex(theArray, CFArrayGetCount(theArray), value);
}

void CFArraySetValueAtIndex(CFMutableArrayRef theArray, CFIndex idx, const void *value)
{
	const void *old;

	if (!is_mutable(theArray) || idx < 0 || idx > theArray->count)
		return;
	if (idx == theArray->count) {
		CFArrayAppendValue(theArray, value);
		return;
	}
	value = keep_value(theArray, value);
	old = theArray->values[idx];
	theArray->values[idx] = value;
	drop_value(theArray, old);
}

void CFArrayRemoveValueAtIndex(CFMutableArrayRef theArray, CFIndex idx)
{
	const void *old;

	if (!is_mutable(theArray) || idx < 0 || idx >= theArray->count)
		return;
	old = theArray->values[idx];
	open_gap(theArray, CFRangeMake(idx, 1), 0);
	drop_value(theArray, old);
}

void CFArrayRemoveAllValues(CFMutableArrayRef theArray)
{
	struct mutable_array *a = (struct mutable_array *)theArray;
	const void **values;
	CFIndex count;

	if (!is_mutable(theArray))
		return;
	values = theArray->values;
	count = theArray->count;
	theArray->values = NULL;
	theArray->count = a->capacity = 0;
	for (CFIndex i = 0; i < count; i++)
		drop_value(theArray, values[i]);
	free(values);
}

void CFArrayExchangeValuesAtIndices(CFMutableArrayRef theArray, CFIndex idx1, CFIndex idx2)
{
	const void *value;

	if (!is_mutable(theArray) || idx1 < 0 || idx2 < 0 || idx1 >= theArray->count ||
	    idx2 >= theArray->count)
		return;
	value = theArray->values[idx1];
	theArray->values[idx1] = theArray->values[idx2];
	theArray->values[idx2] = value;
}

void CFArrayAppendArray(CFMutableArrayRef theArray, CFArrayRef otherArray, CFRange otherRange)
{
	otherRange = cf_range_clip(otherRange, CFArrayGetCount(otherArray));
	if (otherRange.length)
		CFArrayReplaceValues(theArray, CFRangeMake(CFArrayGetCount(theArray), 0),
				     otherArray->values + otherRange.location, otherRange.length);
}

/* --- sorting ---------------------------------------------------------------------------------------- */

struct sorting {
	CFComparatorFunction comparator;
	void *context;
};

static void insertion_sort(const void **values, CFIndex n, const struct sorting *s)
{
	for (CFIndex i = 1; i < n; i++) {
		const void *value = values[i];
		CFIndex at = i;

		for (; at > 0 && s->comparator(values[at - 1], value, s->context) > 0; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

/* Merge sort; SPARE has room for half of the values. */
static void merge_sort(const void **values, CFIndex n, const void **spare, const struct sorting *s)
{
	CFIndex half = n / 2, i = 0, j = half, at = 0;

	if (n <= 8) {
		insertion_sort(values, n, s);
		return;
	}
	merge_sort(values, half, spare, s);
	merge_sort(values + half, n - half, spare, s);
	memcpy(spare, values, (size_t)half * sizeof(*spare));
	while (i < half && j < n) {
		if (s->comparator(spare[i], values[j], s->context) <= 0)
			values[at++] = spare[i++];
		else
			values[at++] = values[j++];
	}
	while (i < half)
		values[at++] = spare[i++];
}

void CFArraySortValues(CFMutableArrayRef theArray, CFRange range, CFComparatorFunction comparator,
		       void *context)
{
	struct sorting sorting = { comparator, context };
	const void **spare;

	if (!is_mutable(theArray) || !comparator || !cf_range_is_inside(range, theArray->count) ||
	    range.length < 2)
		return;
	spare = malloc((size_t)range.length * sizeof(*spare));
	if (spare)
		merge_sort(theArray->values + range.location, range.length, spare, &sorting);
	else
		insertion_sort(theArray->values + range.location, range.length, &sorting);
	free(spare);
}
