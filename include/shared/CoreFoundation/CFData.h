// SPDX-License-Identifier: MIT
/* Byte buffers. A range outside the data is cut when reading; changing it then does nothing. */
#ifndef __COREFOUNDATION_CFDATA__
#define __COREFOUNDATION_CFDATA__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

CF_EXPORT CFTypeID CFDataGetTypeID(void);
/* A copy of the bytes; NULL for a negative length or without memory. */
CF_EXPORT CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length);
/* Uses the caller's bytes and frees them with BYTESDEALLOCATOR (NULL: the default allocator,
 * kCFAllocatorNull: never). On failure they stay the caller's. */
CF_EXPORT CFDataRef CFDataCreateWithBytesNoCopy(CFAllocatorRef allocator, const UInt8 *bytes,
						CFIndex length, CFAllocatorRef bytesDeallocator);
/* Immutable; for immutable data the same object, retained. */
CF_EXPORT CFDataRef CFDataCreateCopy(CFAllocatorRef allocator, CFDataRef theData);
/* CAPACITY is a hint. */
CF_EXPORT CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex capacity);
CF_EXPORT CFMutableDataRef CFDataCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
						   CFDataRef theData);
CF_EXPORT CFIndex CFDataGetLength(CFDataRef theData);
/* Valid until the data is changed or freed. Never NULL. */
CF_EXPORT const UInt8 *CFDataGetBytePtr(CFDataRef theData);
/* NULL for immutable data. */
CF_EXPORT UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef theData);
CF_EXPORT void CFDataGetBytes(CFDataRef theData, CFRange range, UInt8 *buffer);
/* New bytes are zero. */
CF_EXPORT void CFDataSetLength(CFMutableDataRef theData, CFIndex length);
CF_EXPORT void CFDataIncreaseLength(CFMutableDataRef theData, CFIndex extraLength);
CF_EXPORT void CFDataAppendBytes(CFMutableDataRef theData, const UInt8 *bytes, CFIndex length);
CF_EXPORT void CFDataReplaceBytes(CFMutableDataRef theData, CFRange range, const UInt8 *newBytes,
				  CFIndex newLength);
CF_EXPORT void CFDataDeleteBytes(CFMutableDataRef theData, CFRange range);

typedef CFOptionFlags CFDataSearchFlags;
enum { kCFDataSearchBackwards = 1UL << 0, kCFDataSearchAnchored = 1UL << 1 };
/* {kCFNotFound, 0} when it is not there; empty data is never found. */
CF_EXPORT CFRange CFDataFind(CFDataRef theData, CFDataRef dataToFind, CFRange searchRange,
			     CFDataSearchFlags compareOptions);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
