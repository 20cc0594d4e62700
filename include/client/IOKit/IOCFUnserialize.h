/* SPDX-License-Identifier: MIT */
/*
 * Property values from bytes, which may come from anywhere: at most 4 Mi
 * objects (those that are referred to count each time) in 512 levels.
 *
 * Integers of up to 32 bits come back signed in 32, larger ones in 64; strings
 * that are no UTF-8 are read as Mac Roman; collections are mutable. What is
 * behind the first value is ignored. The result is the caller's. On failure it
 * is NULL and *ERRORSTRING (may be NULL) a text, the caller's as well; on
 * success *ERRORSTRING is NULL. OPTIONS is 0.
 */
#ifndef __IOKIT_IOCFUNSERIALIZE_H
#define __IOKIT_IOCFUNSERIALIZE_H

#include <stddef.h>

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* XML, up to its NUL. */
CFTypeRef IOCFUnserialize(const char *buffer, CFAllocatorRef allocator, CFOptionFlags options,
			  CFStringRef *errorString);
/* Binary. */
CFTypeRef IOCFUnserializeBinary(const char *buffer, size_t bufferSize, CFAllocatorRef allocator,
				CFOptionFlags options, CFStringRef *errorString);
/* Whichever it is; XML must end with a NUL, which BUFFERSIZE counts. */
CFTypeRef IOCFUnserializeWithSize(const char *buffer, size_t bufferSize, CFAllocatorRef allocator,
				  CFOptionFlags options, CFStringRef *errorString);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
