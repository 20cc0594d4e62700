// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFBinaryHeap.h>
#include <stdlib.h>

#include "cf/cf_internal.h"

struct __CFBinaryHeap {
	struct cf_object base;
	CFBinaryHeapCallBacks callbacks;
	CFBinaryHeapCompareContext context;
	const void **values; /* the children of I are at 2 I + 1 and 2 I + 2 */
	CFIndex count, capacity;
};

static CFComparisonResult compare_strings(const void *a, const void *b, void *context)
{
	return CFStringCompare(a, b, 0);
}

const CFBinaryHeapCallBacks kCFStringBinaryHeapCallBacks = { 0, cf_callback_retain,
							     cf_callback_release, CFCopyDescription,
							     compare_strings };

static void heap_fini(void *object)
{
	CFBinaryHeapRef h = object;

	CFBinaryHeapRemoveAllValues(h);
	free(h->values);
	if (h->context.info && h->context.release)
		h->context.release(h->context.info);
}

const struct cf_class cf_binary_heap_class = { .name = "CFBinaryHeap", .fini = heap_fini };

CFTypeID CFBinaryHeapGetTypeID(void)
{
	return CF_TYPE_BINARY_HEAP;
}

static bool is_heap(CFBinaryHeapRef heap)
{
	return cf_is(heap, CF_TYPE_BINARY_HEAP);
}

static CFComparisonResult compare(CFBinaryHeapRef h, const void *a, const void *b)
{
	return h->callbacks.compare ? h->callbacks.compare(a, b, h->context.info)
				    : cf_order((int64_t)(uintptr_t)a, (int64_t)(uintptr_t)b);
}

CFBinaryHeapRef CFBinaryHeapCreate(CFAllocatorRef allocator, CFIndex capacity,
				   const CFBinaryHeapCallBacks *callBacks,
				   const CFBinaryHeapCompareContext *compareContext)
{
	CFBinaryHeapRef h =
		capacity < 0 ? NULL : cf_object_new_in(allocator, CF_TYPE_BINARY_HEAP, sizeof(*h));

	if (!h)
		return NULL;
	if (callBacks)
		h->callbacks = *callBacks;
	if (compareContext) {
		h->context = *compareContext;
		if (compareContext->retain)
			h->context.info =
				(void *)(uintptr_t)compareContext->retain(compareContext->info);
	}
	return h;
}

CFBinaryHeapRef CFBinaryHeapCreateCopy(CFAllocatorRef allocator, CFIndex capacity,
				       CFBinaryHeapRef heap)
{
	CFBinaryHeapRef h;

	if (!is_heap(heap))
		return NULL;
	h = CFBinaryHeapCreate(allocator, capacity, &heap->callbacks, &heap->context);
	for (CFIndex i = 0; h && i < heap->count; i++)
		CFBinaryHeapAddValue(h, heap->values[i]);
	return h;
}

/* --- order ---------------------------------------------------------------------------- */

static void swap(CFBinaryHeapRef h, CFIndex i, CFIndex j)
{
	const void *value = h->values[i];

	h->values[i] = h->values[j];
	h->values[j] = value;
}

static void sift_up(CFBinaryHeapRef h, CFIndex i)
{
	while (i && compare(h, h->values[i], h->values[(i - 1) / 2]) < 0) {
		swap(h, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static void sift_down(CFBinaryHeapRef h, CFIndex i)
{
	for (;;) {
		CFIndex least = i;

		for (CFIndex child = 2 * i + 1; child <= 2 * i + 2 && child < h->count; child++)
			if (compare(h, h->values[child], h->values[least]) < 0)
				least = child;
		if (least == i)
			return;
		swap(h, i, least);
		i = least;
	}
}

/* --- reading -------------------------------------------------------------------------------- */

CFIndex CFBinaryHeapGetCount(CFBinaryHeapRef heap)
{
	return is_heap(heap) ? heap->count : 0;
}

CFIndex CFBinaryHeapGetCountOfValue(CFBinaryHeapRef heap, const void *value)
{
	CFIndex n = 0;

	for (CFIndex i = 0; i < CFBinaryHeapGetCount(heap); i++)
		n += compare(heap, heap->values[i], value) == kCFCompareEqualTo;
	return n;
}

Boolean CFBinaryHeapContainsValue(CFBinaryHeapRef heap, const void *value)
{
	return CFBinaryHeapGetCountOfValue(heap, value) > 0;
}

const void *CFBinaryHeapGetMinimum(CFBinaryHeapRef heap)
{
	return CFBinaryHeapGetCount(heap) ? heap->values[0] : NULL;
}

Boolean CFBinaryHeapGetMinimumIfPresent(CFBinaryHeapRef heap, const void **value)
{
	if (!CFBinaryHeapGetCount(heap))
		return FALSE;
	if (value)
		*value = heap->values[0];
	return TRUE;
}

static int compare_in(const void *a, const void *b, void *heap)
{
	return (int)compare(heap, *(const void *const *)a, *(const void *const *)b);
}

void CFBinaryHeapGetValues(CFBinaryHeapRef heap, const void **values)
{
	size_t n = (size_t)CFBinaryHeapGetCount(heap);

	if (!n || !values)
		return;
	memcpy(values, heap->values, n * sizeof(*values));
	qsort_r(values, n, sizeof(*values), compare_in, heap);
}

void CFBinaryHeapApplyFunction(CFBinaryHeapRef heap, CFBinaryHeapApplierFunction applier,
			       void *context)
{
	CFIndex n = CFBinaryHeapGetCount(heap);
	const void **values = n && applier ? malloc((size_t)n * sizeof(*values)) : NULL;

	if (!values)
		return;
	CFBinaryHeapGetValues(heap, values);
	for (CFIndex i = 0; i < n; i++)
		applier(values[i], context);
	free(values);
}

/* --- changing ---------------------------------------------------------------------------------- */

void CFBinaryHeapAddValue(CFBinaryHeapRef heap, const void *value)
{
	if (!is_heap(heap))
		return;
	if (heap->count == heap->capacity) {
		CFIndex capacity = heap->capacity ? heap->capacity * 2 : 8;
		const void **values = realloc(heap->values, (size_t)capacity * sizeof(*values));

		if (!values)
			return;
		heap->values = values;
		heap->capacity = capacity;
	}
	if (heap->callbacks.retain)
		value = heap->callbacks.retain(CFGetAllocator(heap), value);
	heap->values[heap->count] = value;
	sift_up(heap, heap->count++);
}

static void drop(CFBinaryHeapRef heap, const void *value)
{
	if (heap->callbacks.release)
		heap->callbacks.release(CFGetAllocator(heap), value);
}

void CFBinaryHeapRemoveMinimumValue(CFBinaryHeapRef heap)
{
	const void *least = CFBinaryHeapGetMinimum(heap);

	if (!CFBinaryHeapGetCount(heap))
		return;
	heap->values[0] = heap->values[--heap->count];
	sift_down(heap, 0);
	drop(heap, least);
}

void CFBinaryHeapRemoveAllValues(CFBinaryHeapRef heap)
{
	while (CFBinaryHeapGetCount(heap))
		drop(heap, heap->values[--heap->count]);
}
