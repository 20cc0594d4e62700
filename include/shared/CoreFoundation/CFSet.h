// SPDX-License-Identifier: MIT
/* Collections of distinct values. Callbacks are copied; NULL callbacks: plain pointers. */
#ifndef __COREFOUNDATION_CFSET__
#define __COREFOUNDATION_CFSET__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef const struct __CFSet *CFSetRef;
typedef struct __CFSet *CFMutableSetRef;

typedef const void *(*CFSetRetainCallBack)(CFAllocatorRef allocator, const void *value);
typedef void (*CFSetReleaseCallBack)(CFAllocatorRef allocator, const void *value);
typedef CFStringRef (*CFSetCopyDescriptionCallBack)(const void *value);
typedef Boolean (*CFSetEqualCallBack)(const void *value1, const void *value2);
typedef CFHashCode (*CFSetHashCallBack)(const void *value);
typedef struct {
	CFIndex version;
	CFSetRetainCallBack retain;
	CFSetReleaseCallBack release;
	CFSetCopyDescriptionCallBack copyDescription;
	CFSetEqualCallBack equal;
	CFSetHashCallBack hash;
} CFSetCallBacks;

/* For values that are CF objects; for strings, which are copied. */
CF_EXPORT const CFSetCallBacks kCFTypeSetCallBacks;
CF_EXPORT const CFSetCallBacks kCFCopyStringSetCallBacks;

typedef void (*CFSetApplierFunction)(const void *value, void *context);

CF_EXPORT CFTypeID CFSetGetTypeID(void);
CF_EXPORT CFSetRef CFSetCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
			       const CFSetCallBacks *callBacks);
/* Immutable; for an immutable one the same object, retained. */
CF_EXPORT CFSetRef CFSetCreateCopy(CFAllocatorRef allocator, CFSetRef theSet);
/* CAPACITY is a hint. */
CF_EXPORT CFMutableSetRef CFSetCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
					     const CFSetCallBacks *callBacks);
CF_EXPORT CFMutableSetRef CFSetCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
						 CFSetRef theSet);
CF_EXPORT CFIndex CFSetGetCount(CFSetRef theSet);
CF_EXPORT CFIndex CFSetGetCountOfValue(CFSetRef theSet, const void *value);
CF_EXPORT Boolean CFSetContainsValue(CFSetRef theSet, const void *value);
/* The equal value that is inside (borrowed), NULL when there is none. */
CF_EXPORT const void *CFSetGetValue(CFSetRef theSet, const void *value);
/* *VALUE (may be NULL) is written only when true. */
CF_EXPORT Boolean CFSetGetValueIfPresent(CFSetRef theSet, const void *candidate,
					 const void **value);
/* Room for the count. */
CF_EXPORT void CFSetGetValues(CFSetRef theSet, const void **values);
CF_EXPORT void CFSetApplyFunction(CFSetRef theSet, CFSetApplierFunction applier, void *context);
/* Only when no equal one is inside. */
CF_EXPORT void CFSetAddValue(CFMutableSetRef theSet, const void *value);
/* Only when an equal one is inside. */
CF_EXPORT void CFSetReplaceValue(CFMutableSetRef theSet, const void *value);
/* Replaces an equal one or adds. */
CF_EXPORT void CFSetSetValue(CFMutableSetRef theSet, const void *value);
CF_EXPORT void CFSetRemoveValue(CFMutableSetRef theSet, const void *value);
CF_EXPORT void CFSetRemoveAllValues(CFMutableSetRef theSet);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
