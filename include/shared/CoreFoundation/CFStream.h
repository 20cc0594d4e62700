// SPDX-License-Identifier: MIT
/* Byte streams over files and memory. All calls block. One thread at a time for each stream. */
#ifndef __COREFOUNDATION_CFSTREAM__
#define __COREFOUNDATION_CFSTREAM__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFString.h>
#include <CoreFoundation/CFURL.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFReadStream *CFReadStreamRef;
typedef struct __CFWriteStream *CFWriteStreamRef;

typedef CFIndex CFStreamStatus;
enum {
	kCFStreamStatusNotOpen = 0,
	kCFStreamStatusOpening = 1,
	kCFStreamStatusOpen = 2,
	kCFStreamStatusReading = 3,
	kCFStreamStatusWriting = 4,
	kCFStreamStatusAtEnd = 5,
	kCFStreamStatusClosed = 6,
	kCFStreamStatusError = 7
};

typedef CFStringRef CFStreamPropertyKey;
/* The written bytes (CFData) of a stream with allocated buffers. */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertyDataWritten;
/* Write at the end of the file: a CFBoolean, set before opening. */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertyAppendToFile;

CF_EXPORT CFTypeID CFReadStreamGetTypeID(void);
CF_EXPORT CFTypeID CFWriteStreamGetTypeID(void);
/* FILEURL is a file URL. The file is opened by Open. */
CF_EXPORT CFReadStreamRef CFReadStreamCreateWithFile(CFAllocatorRef alloc, CFURLRef fileURL);
CF_EXPORT CFWriteStreamRef CFWriteStreamCreateWithFile(CFAllocatorRef alloc, CFURLRef fileURL);
/* Frees BYTES with BYTESDEALLOCATOR (NULL: the default allocator) when the stream goes. */
CF_EXPORT CFReadStreamRef CFReadStreamCreateWithBytesNoCopy(CFAllocatorRef alloc,
							    const UInt8 *bytes, CFIndex length,
							    CFAllocatorRef bytesDeallocator);
/* Into the caller's buffer; writing past it is an error. */
CF_EXPORT CFWriteStreamRef CFWriteStreamCreateWithBuffer(CFAllocatorRef alloc, UInt8 *buffer,
							 CFIndex bufferCapacity);
/* Into memory: fetch it with kCFStreamPropertyDataWritten. */
CF_EXPORT CFWriteStreamRef CFWriteStreamCreateWithAllocatedBuffers(CFAllocatorRef alloc,
								   CFAllocatorRef bufferAllocator);
/* False on failure: see CopyError. */
CF_EXPORT Boolean CFReadStreamOpen(CFReadStreamRef stream);
CF_EXPORT Boolean CFWriteStreamOpen(CFWriteStreamRef stream);
CF_EXPORT void CFReadStreamClose(CFReadStreamRef stream);
CF_EXPORT void CFWriteStreamClose(CFWriteStreamRef stream);
CF_EXPORT CFStreamStatus CFReadStreamGetStatus(CFReadStreamRef stream);
CF_EXPORT CFStreamStatus CFWriteStreamGetStatus(CFWriteStreamRef stream);
/* NULL when there was none. */
CF_EXPORT CFErrorRef CFReadStreamCopyError(CFReadStreamRef stream);
CF_EXPORT CFErrorRef CFWriteStreamCopyError(CFWriteStreamRef stream);
CF_EXPORT Boolean CFReadStreamHasBytesAvailable(CFReadStreamRef stream);
CF_EXPORT Boolean CFWriteStreamCanAcceptBytes(CFWriteStreamRef stream);
/* Bytes moved, 0 at the end, -1 on failure. */
CF_EXPORT CFIndex CFReadStreamRead(CFReadStreamRef stream, UInt8 *buffer, CFIndex bufferLength);
CF_EXPORT CFIndex CFWriteStreamWrite(CFWriteStreamRef stream, const UInt8 *buffer,
				     CFIndex bufferLength);
/* NULL for a property that the stream has not. */
CF_EXPORT CFTypeRef CFReadStreamCopyProperty(CFReadStreamRef stream,
					     CFStreamPropertyKey propertyName);
CF_EXPORT CFTypeRef CFWriteStreamCopyProperty(CFWriteStreamRef stream,
					      CFStreamPropertyKey propertyName);
/* False for a property that the stream has not, or too late. */
CF_EXPORT Boolean CFReadStreamSetProperty(CFReadStreamRef stream, CFStreamPropertyKey propertyName,
					  CFTypeRef propertyValue);
CF_EXPORT Boolean CFWriteStreamSetProperty(CFWriteStreamRef stream,
					   CFStreamPropertyKey propertyName,
					   CFTypeRef propertyValue);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
