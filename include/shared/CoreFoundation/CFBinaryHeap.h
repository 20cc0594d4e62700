// SPDX-License-Identifier: MIT
/* Heaps: collections that know their least value. One thread at a time. */
#ifndef __COREFOUNDATION_CFBINARYHEAP__
#define __COREFOUNDATION_CFBINARYHEAP__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFBinaryHeap *CFBinaryHeapRef;

typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
} CFBinaryHeapCompareContext;

/* COMPARE NULL: by address. CONTEXT is the info of the compare context. */
typedef struct {
	CFIndex version;
	const void *(*retain)(CFAllocatorRef allocator, const void *ptr);
	void (*release)(CFAllocatorRef allocator, const void *ptr);
	CFStringRef (*copyDescription)(const void *ptr);
	CFComparisonResult (*compare)(const void *ptr1, const void *ptr2, void *context);
} CFBinaryHeapCallBacks;

CF_EXPORT const CFBinaryHeapCallBacks kCFStringBinaryHeapCallBacks;

typedef void (*CFBinaryHeapApplierFunction)(const void *val, void *context);

CF_EXPORT CFTypeID CFBinaryHeapGetTypeID(void);
/* CAPACITY is a hint. Both structures are copied and may be NULL. */
CF_EXPORT CFBinaryHeapRef CFBinaryHeapCreate(CFAllocatorRef allocator, CFIndex capacity,
					     const CFBinaryHeapCallBacks *callBacks,
					     const CFBinaryHeapCompareContext *compareContext);
CF_EXPORT CFBinaryHeapRef CFBinaryHeapCreateCopy(CFAllocatorRef allocator, CFIndex capacity,
						 CFBinaryHeapRef heap);
CF_EXPORT CFIndex CFBinaryHeapGetCount(CFBinaryHeapRef heap);
CF_EXPORT CFIndex CFBinaryHeapGetCountOfValue(CFBinaryHeapRef heap, const void *value);
CF_EXPORT Boolean CFBinaryHeapContainsValue(CFBinaryHeapRef heap, const void *value);
/* Borrowed; NULL when the heap is empty. */
CF_EXPORT const void *CFBinaryHeapGetMinimum(CFBinaryHeapRef heap);
/* *VALUE (may be NULL) is written only when true. */
CF_EXPORT Boolean CFBinaryHeapGetMinimumIfPresent(CFBinaryHeapRef heap, const void **value);
/* Ascending. */
CF_EXPORT void CFBinaryHeapGetValues(CFBinaryHeapRef heap, const void **values);
CF_EXPORT void CFBinaryHeapApplyFunction(CFBinaryHeapRef heap, CFBinaryHeapApplierFunction applier,
					 void *context);
CF_EXPORT void CFBinaryHeapAddValue(CFBinaryHeapRef heap, const void *value);
CF_EXPORT void CFBinaryHeapRemoveMinimumValue(CFBinaryHeapRef heap);
CF_EXPORT void CFBinaryHeapRemoveAllValues(CFBinaryHeapRef heap);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
