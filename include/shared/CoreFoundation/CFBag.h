// SPDX-License-Identifier: MIT
/* Collections that count equal values. Callbacks are copied; NULL: plain pointers. */
#ifndef __COREFOUNDATION_CFBAG__
#define __COREFOUNDATION_CFBAG__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef const struct __CFBag *CFBagRef;
typedef struct __CFBag *CFMutableBagRef;

typedef const void *(*CFBagRetainCallBack)(CFAllocatorRef allocator, const void *value);
typedef void (*CFBagReleaseCallBack)(CFAllocatorRef allocator, const void *value);
typedef CFStringRef (*CFBagCopyDescriptionCallBack)(const void *value);
typedef Boolean (*CFBagEqualCallBack)(const void *value1, const void *value2);
typedef CFHashCode (*CFBagHashCallBack)(const void *value);
typedef struct {
	CFIndex version;
	CFBagRetainCallBack retain;
	CFBagReleaseCallBack release;
	CFBagCopyDescriptionCallBack copyDescription;
	CFBagEqualCallBack equal;
	CFBagHashCallBack hash;
} CFBagCallBacks;

/* For values that are CF objects; for strings, which are copied. */
CF_EXPORT const CFBagCallBacks kCFTypeBagCallBacks;
CF_EXPORT const CFBagCallBacks kCFCopyStringBagCallBacks;

typedef void (*CFBagApplierFunction)(const void *value, void *context);

CF_EXPORT CFTypeID CFBagGetTypeID(void);
CF_EXPORT CFBagRef CFBagCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
			       const CFBagCallBacks *callBacks);
/* Immutable; for an immutable one the same object, retained. */
CF_EXPORT CFBagRef CFBagCreateCopy(CFAllocatorRef allocator, CFBagRef theBag);
/* CAPACITY is a hint. */
CF_EXPORT CFMutableBagRef CFBagCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
					     const CFBagCallBacks *callBacks);
CF_EXPORT CFMutableBagRef CFBagCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
						 CFBagRef theBag);
CF_EXPORT CFIndex CFBagGetCount(CFBagRef theBag);
CF_EXPORT CFIndex CFBagGetCountOfValue(CFBagRef theBag, const void *value);
CF_EXPORT Boolean CFBagContainsValue(CFBagRef theBag, const void *value);
/* The equal value that is inside (borrowed), NULL when there is none. */
CF_EXPORT const void *CFBagGetValue(CFBagRef theBag, const void *value);
/* *VALUE (may be NULL) is written only when true. */
CF_EXPORT Boolean CFBagGetValueIfPresent(CFBagRef theBag, const void *candidate,
					 const void **value);
/* Room for the count. */
CF_EXPORT void CFBagGetValues(CFBagRef theBag, const void **values);
CF_EXPORT void CFBagApplyFunction(CFBagRef theBag, CFBagApplierFunction applier, void *context);
/* Once more. */
CF_EXPORT void CFBagAddValue(CFMutableBagRef theBag, const void *value);
/* Only when an equal one is inside. */
CF_EXPORT void CFBagReplaceValue(CFMutableBagRef theBag, const void *value);
/* Replaces an equal one or adds. */
CF_EXPORT void CFBagSetValue(CFMutableBagRef theBag, const void *value);
/* Once less. */
CF_EXPORT void CFBagRemoveValue(CFMutableBagRef theBag, const void *value);
CF_EXPORT void CFBagRemoveAllValues(CFMutableBagRef theBag);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
