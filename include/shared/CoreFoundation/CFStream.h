// SPDX-License-Identifier: MIT
/*
 * Byte streams over files, memory and sockets. All calls block; a client that
 * wants to know when they will not schedules the stream in a run loop. One
 * thread at a time for each stream.
 */
#ifndef __COREFOUNDATION_CFSTREAM__
#define __COREFOUNDATION_CFSTREAM__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFRunLoop.h>
#include <CoreFoundation/CFSocket.h>
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

typedef CFIndex CFStreamErrorDomain;
enum {
	kCFStreamErrorDomainCustom = -1L,
	kCFStreamErrorDomainPOSIX = 1, /* errno.h */
	kCFStreamErrorDomainMacOSStatus
};

typedef struct {
	CFIndex domain; /* 0: there was none */
	SInt32 error;
} CFStreamError;

typedef CFOptionFlags CFStreamEventType;
enum {
	kCFStreamEventNone = 0,
	kCFStreamEventOpenCompleted = 1,
	kCFStreamEventHasBytesAvailable = 2,
	kCFStreamEventCanAcceptBytes = 4,
	kCFStreamEventErrorOccurred = 8,
	kCFStreamEventEndEncountered = 16
};

typedef struct {
	CFIndex version;
	void *info;
	void *(*retain)(void *info);
	void (*release)(void *info);
	CFStringRef (*copyDescription)(void *info);
} CFStreamClientContext;

typedef void (*CFReadStreamClientCallBack)(CFReadStreamRef stream, CFStreamEventType type,
					   void *clientCallBackInfo);
typedef void (*CFWriteStreamClientCallBack)(CFWriteStreamRef stream, CFStreamEventType type,
					    void *clientCallBackInfo);

typedef CFStringRef CFStreamPropertyKey;
/* The written bytes (CFData) of a stream with allocated buffers. */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertyDataWritten;
/* Write at the end of the file: a CFBoolean, set before opening. */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertyAppendToFile;

/* Where the next byte of a file is (CFNumber). */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertyFileCurrentOffset;
/* CFData with a CFSocketNativeHandle, of an open stream. */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertySocketNativeHandle;
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertySocketRemoteHostName;
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertySocketRemotePortNumber;
/* Is the socket closed with the last stream over it (CFBoolean)? Of a socket that was given: not,
 * unless this is set. */
CF_EXPORT const CFStreamPropertyKey kCFStreamPropertyShouldCloseNativeSocket;

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
/* What is written to one is read from the other. Both NULL without memory or descriptors. */
CF_EXPORT void CFStreamCreateBoundPair(CFAllocatorRef alloc, CFReadStreamRef *readStream,
				       CFWriteStreamRef *writeStream, CFIndex transferBufferSize);
/* Over a connected socket. READSTREAM or WRITESTREAM may be NULL: not wanted. */
CF_EXPORT void CFStreamCreatePairWithSocket(CFAllocatorRef alloc, CFSocketNativeHandle sock,
					    CFReadStreamRef *readStream,
					    CFWriteStreamRef *writeStream);
/* Open connects. */
CF_EXPORT void CFStreamCreatePairWithSocketToHost(CFAllocatorRef alloc, CFStringRef host,
						  UInt32 port, CFReadStreamRef *readStream,
						  CFWriteStreamRef *writeStream);
CF_EXPORT void CFStreamCreatePairWithPeerSocketSignature(CFAllocatorRef alloc,
							 const CFSocketSignature *signature,
							 CFReadStreamRef *readStream,
							 CFWriteStreamRef *writeStream);
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
CF_EXPORT CFStreamError CFReadStreamGetError(CFReadStreamRef stream);
CF_EXPORT CFStreamError CFWriteStreamGetError(CFWriteStreamRef stream);
CF_EXPORT Boolean CFReadStreamHasBytesAvailable(CFReadStreamRef stream);
CF_EXPORT Boolean CFWriteStreamCanAcceptBytes(CFWriteStreamRef stream);
/* Bytes moved, 0 at the end, -1 on failure. */
CF_EXPORT CFIndex CFReadStreamRead(CFReadStreamRef stream, UInt8 *buffer, CFIndex bufferLength);
/* The bytes themselves, valid until the next call; NULL for streams that are not over memory. */
CF_EXPORT const UInt8 *CFReadStreamGetBuffer(CFReadStreamRef stream, CFIndex maxBytesToRead,
					     CFIndex *numBytesRead);
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

/*
 * CLIENTCB is called by the run loops that the stream is scheduled in, with one of STREAMEVENTS.
 * Bytes that can be moved are told once, and again after some were. NULL: no client any more.
 */
CF_EXPORT Boolean CFReadStreamSetClient(CFReadStreamRef stream, CFOptionFlags streamEvents,
					CFReadStreamClientCallBack clientCB,
					CFStreamClientContext *clientContext);
CF_EXPORT Boolean CFWriteStreamSetClient(CFWriteStreamRef stream, CFOptionFlags streamEvents,
					 CFWriteStreamClientCallBack clientCB,
					 CFStreamClientContext *clientContext);
CF_EXPORT void CFReadStreamScheduleWithRunLoop(CFReadStreamRef stream, CFRunLoopRef runLoop,
					       CFRunLoopMode runLoopMode);
CF_EXPORT void CFWriteStreamScheduleWithRunLoop(CFWriteStreamRef stream, CFRunLoopRef runLoop,
						CFRunLoopMode runLoopMode);
CF_EXPORT void CFReadStreamUnscheduleFromRunLoop(CFReadStreamRef stream, CFRunLoopRef runLoop,
						 CFRunLoopMode runLoopMode);
CF_EXPORT void CFWriteStreamUnscheduleFromRunLoop(CFWriteStreamRef stream, CFRunLoopRef runLoop,
						  CFRunLoopMode runLoopMode);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
