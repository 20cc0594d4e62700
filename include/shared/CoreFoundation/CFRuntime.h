// SPDX-License-Identifier: MIT
/*
 * Classes of one's own: types whose objects are retained, compared, hashed,
 * described and destroyed as those of CoreFoundation are.
 *
 * An object begins with a CFRuntimeBase. Register a class once (under
 * pthread_once, or early), then make instances.
 */
#ifndef __COREFOUNDATION_CFRUNTIME__
#define __COREFOUNDATION_CFRUNTIME__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>
#include <stddef.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

enum { _kCFRuntimeNotATypeID = 0 };

/* Bits of a class's version. */
enum {
	_kCFRuntimeScannedObject = 1UL << 0,	 /* no meaning here */
	_kCFRuntimeResourcefulObject = 1UL << 2, /* has reclaim */
	_kCFRuntimeCustomRefCount = 1UL << 3,	 /* not supported: such a class is refused */
	_kCFRuntimeRequiresAlignment = 1UL << 4	 /* has requiredAlignment */
};

#define CF_RECLAIM_AVAILABLE 1
#define CF_REFCOUNT_AVAILABLE 1
#define CF_REQUIRED_ALIGNMENT_AVAILABLE 1

/* All functions may be NULL. Without EQUAL objects are equal to themselves only; without HASH the
 * hash is that of the address. */
typedef struct __CFRuntimeClass {
	CFIndex version;
	const char *className; /* ASCII; stays valid, as the whole structure */
	void (*init)(CFTypeRef cf);
	CFTypeRef (*copy)(CFAllocatorRef allocator, CFTypeRef cf); /* never called */
	/* Release what the object holds; not its memory. */
	void (*finalize)(CFTypeRef cf);
	/* Both of this class. */
	Boolean (*equal)(CFTypeRef cf1, CFTypeRef cf2);
	CFHashCode (*hash)(CFTypeRef cf);
	/* What %@ inserts; NULL: the other description. */
	CFStringRef (*copyFormattingDesc)(CFTypeRef cf, CFDictionaryRef formatOptions);
	/* What CFCopyDescription returns. */
	CFStringRef (*copyDebugDesc)(CFTypeRef cf);
	/* Before FINALIZE. */
	void (*reclaim)(CFTypeRef cf);
	uint32_t (*refcount)(intptr_t op, CFTypeRef cf);
	/* A power of two up to 16. */
	uintptr_t requiredAlignment;
} CFRuntimeClass;

typedef struct __CFRuntimeBase {
	uintptr_t _cfisa;
	uint8_t _cfinfo[4];
	uint32_t _rc;
} CFRuntimeBase;

/* For objects in static memory, which then need _CFRuntimeInitStaticInstance. They live forever. */
#define INIT_CFRUNTIME_BASE(...) \
	{ \
		0, { 0, 0, 0, 0 }, 0 \
	}
#define CF_HAS_INIT_STATIC_INSTANCE 1

/* A new type; _kCFRuntimeNotATypeID when the class is refused or there are too many (1,023). */
CF_EXPORT CFTypeID _CFRuntimeRegisterClass(const CFRuntimeClass *const cls);
/* The class of a type that was registered so; NULL for others. */
CF_EXPORT const CFRuntimeClass *_CFRuntimeGetClassWithTypeID(CFTypeID typeID);
/* There must be no object of it. The number is not used again. */
CF_EXPORT void _CFRuntimeUnregisterClassWithTypeID(CFTypeID typeID);
/* A new object of sizeof(CFRuntimeBase) + EXTRABYTES, zeroed, after INIT; the caller releases it.
 * CATEGORY is not used. NULL: no such type, or memory is short. */
CF_EXPORT CFTypeRef _CFRuntimeCreateInstance(CFAllocatorRef allocator, CFTypeID typeID,
					     CFIndex extraBytes, unsigned char *category);
CF_EXPORT void _CFRuntimeSetInstanceTypeID(CFTypeRef cf, CFTypeID typeID);
CF_EXPORT void _CFRuntimeInitStaticInstance(void *memory, CFTypeID typeID);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
