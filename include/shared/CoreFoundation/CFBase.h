// SPDX-License-Identifier: MIT
/*
 * Base of CoreFoundation: scalar types, ownership, polymorphic functions,
 * allocators and the null object.
 *
 * A function with Create or Copy in its name returns an object that the caller
 * releases; all others lend. Reference counts are atomic. Immutable objects
 * may be shared by threads, mutable ones need a lock of the caller.
 */
#ifndef __COREFOUNDATION_CFBASE__
#define __COREFOUNDATION_CFBASE__

#include <MacTypes.h>
#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define CF_EXTERN_C_BEGIN extern "C" {
#define CF_EXTERN_C_END }
#else
#define CF_EXTERN_C_BEGIN
#define CF_EXTERN_C_END
#endif

#define CF_EXPORT extern
#define CF_INLINE static __inline__ __attribute__((always_inline, unused))
#define CF_EXTERN extern

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

/* Annotations that mean something to other compilers only. */
#define CF_RETURNS_RETAINED
#define CF_RETURNS_NOT_RETAINED
#define CF_RELEASES_ARGUMENT
#define CF_CONSUMED
#define CF_NOESCAPE
#define CF_REFINED_FOR_SWIFT
#define CF_SWIFT_NAME(name)
#define CF_IMPLICIT_BRIDGING_ENABLED
#define CF_IMPLICIT_BRIDGING_DISABLED
#define CF_ASSUME_NONNULL_BEGIN
#define CF_ASSUME_NONNULL_END
#define CF_BRIDGED_TYPE(type)
#define CF_BRIDGED_MUTABLE_TYPE(type)
#define CF_AVAILABLE(...)
#define CF_AVAILABLE_MAC(...)
#define CF_DEPRECATED(...)
#define CF_DEPRECATED_MAC(...)
#define CF_FORMAT_FUNCTION(format, arguments)
#define CF_FORMAT_ARGUMENT(argument)
#define CF_RETURNS_INNER_POINTER
#define CF_RELATED_TYPE(type, class_method, instance_method)
#define CF_AUTOMATED_REFCOUNT_UNAVAILABLE
#define CF_SWIFT_UNAVAILABLE(message)
#define CF_STRING_ENUM
#define CF_EXTENSIBLE_STRING_ENUM
#define CF_TYPED_ENUM
#define CF_TYPED_EXTENSIBLE_ENUM
#define CF_ENUM_AVAILABLE(...)
#define CF_ENUM_AVAILABLE_MAC(...)
#define CF_ENUM_DEPRECATED(...)
#define CF_ENUM_DEPRECATED_MAC(...)
#define CF_NO_TAIL_CALL
#define CF_WARN_UNUSED_RESULT __attribute__((warn_unused_result))
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 7
#define CF_FALLTHROUGH __attribute__((fallthrough))
#elif defined(__cplusplus) && __cplusplus >= 201703L
#define CF_FALLTHROUGH [[fallthrough]]
#else
#define CF_FALLTHROUGH
#endif

/* typedef CF_ENUM(CFIndex, Name) { ... }; or CF_ENUM(CFIndex) { ... }; */
#define CF_ENUM(...) \
	__CF_ENUM_CHOOSE(__VA_ARGS__, __CF_ENUM_NAMED, __CF_ENUM_UNNAMED, )(__VA_ARGS__)
#define CF_CLOSED_ENUM(type, name) __CF_ENUM_NAMED(type, name)
#define CF_OPTIONS(type, name) __CF_ENUM_NAMED(type, name)
#define __CF_ENUM_CHOOSE(one, two, which, ...) which
#define __CF_ENUM_NAMED(type, name) \
	type name; \
	enum
#define __CF_ENUM_UNNAMED(type) enum

#if !defined(__OBJC__) && !defined(__bridge)
#define __bridge
#define __bridge_retained
#define __bridge_transfer
#endif

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

/* The version of the interface, as macOS counts them: that of macOS 12. */
CF_EXPORT double kCFCoreFoundationVersionNumber;
#define kCFCoreFoundationVersionNumber10_0 196.40
#define kCFCoreFoundationVersionNumber10_1 226.00
#define kCFCoreFoundationVersionNumber10_2 263.00
#define kCFCoreFoundationVersionNumber10_3 299.00
#define kCFCoreFoundationVersionNumber10_4 368.00
#define kCFCoreFoundationVersionNumber10_5 476.00
#define kCFCoreFoundationVersionNumber10_6 550.00
#define kCFCoreFoundationVersionNumber10_7 635.00
#define kCFCoreFoundationVersionNumber10_8 744.00
#define kCFCoreFoundationVersionNumber10_9 855.11
#define kCFCoreFoundationVersionNumber10_10 1151.16
#define kCFCoreFoundationVersionNumber10_11 1253.0

typedef unsigned long CFTypeID;
typedef unsigned long CFOptionFlags;
typedef unsigned long CFHashCode;
typedef signed long CFIndex;

typedef const void *CFTypeRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFString *CFStringRef;
typedef struct __CFString *CFMutableStringRef;
typedef const struct __CFArray *CFArrayRef;
typedef struct __CFArray *CFMutableArrayRef;
typedef const struct __CFDictionary *CFDictionaryRef;
typedef struct __CFDictionary *CFMutableDictionaryRef;
typedef const struct __CFData *CFDataRef;
typedef struct __CFData *CFMutableDataRef;
typedef const struct __CFLocale *CFLocaleRef;
typedef const struct __CFCharacterSet *CFCharacterSetRef;
typedef const struct __CFNull *CFNullRef;
typedef struct __CFError *CFErrorRef;
typedef CFTypeRef CFPropertyListRef;

typedef CFIndex CFComparisonResult;
enum { kCFCompareLessThan = -1L, kCFCompareEqualTo = 0, kCFCompareGreaterThan = 1 };
typedef CFComparisonResult (*CFComparatorFunction)(const void *val1, const void *val2,
						   void *context);

/* "No such position" of searches. */
static const CFIndex kCFNotFound = -1;

typedef struct {
	CFIndex location;
	CFIndex length;
} CFRange;

CF_INLINE CFRange CFRangeMake(CFIndex location, CFIndex length)
{
	CFRange range;

	range.location = location;
	range.length = length;
	return range;
}

/* --- polymorphic functions -------------------------------------------------- */

/* One more reference; returns CF. Aborts with a message when CF is NULL. Any thread. */
CF_EXPORT CFTypeRef CFRetain(CFTypeRef cf);
/* One reference less; the last one destroys the object. Aborts with a message when CF is NULL or
 * the object is gone already. Constant strings and other shared constants ignore both. */
CF_EXPORT void CFRelease(CFTypeRef cf);
/* The current count, for debugging; a huge value for constants. */
CF_EXPORT CFIndex CFGetRetainCount(CFTypeRef cf);
CF_EXPORT CFTypeID CFGetTypeID(CFTypeRef cf);
/* The name of a type as a string (caller releases), NULL for an unknown ID. */
CF_EXPORT CFStringRef CFCopyTypeIDDescription(CFTypeID type_id);
/* Same type and equal value. Types without values compare by address. */
CF_EXPORT Boolean CFEqual(CFTypeRef cf1, CFTypeRef cf2);
/* Equal objects have equal hashes. Do not store it outside the process. */
CF_EXPORT CFHashCode CFHash(CFTypeRef cf);
/* A text for debugging (caller releases); its form is not fixed. */
CF_EXPORT CFStringRef CFCopyDescription(CFTypeRef cf);
/* For garbage collection, which there is not: returns CF. */
CF_EXPORT CFTypeRef CFMakeCollectable(CFTypeRef cf);
/* The allocator that made the object (borrowed). */
CF_EXPORT CFAllocatorRef CFGetAllocator(CFTypeRef cf);

/* --- allocators --------------------------------------------------------------- */

/* NULL: the thread's default allocator. */
CF_EXPORT const CFAllocatorRef kCFAllocatorDefault;
CF_EXPORT const CFAllocatorRef kCFAllocatorSystemDefault;
CF_EXPORT const CFAllocatorRef kCFAllocatorMalloc;
CF_EXPORT const CFAllocatorRef kCFAllocatorMallocZone;
/* Allocates nothing and frees nothing: for bytes that stay the caller's. */
CF_EXPORT const CFAllocatorRef kCFAllocatorNull;
/* For CFAllocatorCreate only: the new allocator lives in its own memory. */
CF_EXPORT const CFAllocatorRef kCFAllocatorUseContext;

typedef const void *(*CFAllocatorRetainCallBack)(const void *info);
typedef void (*CFAllocatorReleaseCallBack)(const void *info);
typedef CFStringRef (*CFAllocatorCopyDescriptionCallBack)(const void *info);
typedef void *(*CFAllocatorAllocateCallBack)(CFIndex size, CFOptionFlags hint, void *info);
typedef void *(*CFAllocatorReallocateCallBack)(void *ptr, CFIndex size, CFOptionFlags hint,
					       void *info);
typedef void (*CFAllocatorDeallocateCallBack)(void *ptr, void *info);
typedef CFIndex (*CFAllocatorPreferredSizeCallBack)(CFIndex size, CFOptionFlags hint, void *info);

/* VERSION is 0. All callbacks but ALLOCATE may be NULL. */
typedef struct {
	CFIndex version;
	void *info;
	CFAllocatorRetainCallBack retain;
	CFAllocatorReleaseCallBack release;
	CFAllocatorCopyDescriptionCallBack copyDescription;
	CFAllocatorAllocateCallBack allocate;
	CFAllocatorReallocateCallBack reallocate;
	CFAllocatorDeallocateCallBack deallocate;
	CFAllocatorPreferredSizeCallBack preferredSize;
} CFAllocatorContext;

CF_EXPORT CFTypeID CFAllocatorGetTypeID(void);
/* The calling thread's default; NULL is ignored. */
CF_EXPORT void CFAllocatorSetDefault(CFAllocatorRef allocator);
CF_EXPORT CFAllocatorRef CFAllocatorGetDefault(void);
/* A new allocator (caller releases), NULL without memory. CONTEXT is copied. Objects are made with
 * it; the storage that mutable objects grow is always malloc's. */
CF_EXPORT CFAllocatorRef CFAllocatorCreate(CFAllocatorRef allocator, CFAllocatorContext *context);
/* SIZE bytes, NULL for sizes <= 0 and without memory. */
CF_EXPORT void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint);
/* PTR NULL: like Allocate; NEWSIZE 0: like Deallocate, returns NULL. */
CF_EXPORT void *CFAllocatorReallocate(CFAllocatorRef allocator, void *ptr, CFIndex newsize,
				      CFOptionFlags hint);
CF_EXPORT void CFAllocatorDeallocate(CFAllocatorRef allocator, void *ptr);
/* The size that an allocation of SIZE bytes would really have. */
CF_EXPORT CFIndex CFAllocatorGetPreferredSizeForSize(CFAllocatorRef allocator, CFIndex size,
						     CFOptionFlags hint);
/* CONTEXT->version must be 0. */
CF_EXPORT void CFAllocatorGetContext(CFAllocatorRef allocator, CFAllocatorContext *context);

/* --- null --------------------------------------------------------------------- */

CF_EXPORT CFTypeID CFNullGetTypeID(void);
/* The one null object, for containers. */
CF_EXPORT const CFNullRef kCFNull;

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
