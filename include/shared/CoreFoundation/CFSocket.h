// SPDX-License-Identifier: MIT
/*
 * A socket with a function that run loops call when something can be done with
 * it. There is at most one valid CFSocket for a descriptor. Addresses are
 * struct sockaddr in CFData. Any thread.
 */
#ifndef __COREFOUNDATION_CFSOCKET__
#define __COREFOUNDATION_CFSOCKET__

#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFRunLoop.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFSocket *CFSocketRef;
typedef int CFSocketNativeHandle;

typedef CFIndex CFSocketError;
enum { kCFSocketSuccess = 0, kCFSocketError = -1L, kCFSocketTimeout = -2L };

typedef struct {
	SInt32 protocolFamily;
	SInt32 socketType;
	SInt32 protocol;
	CFDataRef address;
} CFSocketSignature;

/* One of read, accept and data; connect and write may be added. */
typedef CFOptionFlags CFSocketCallBackType;
enum {
	kCFSocketNoCallBack = 0,
	kCFSocketReadCallBack = 1,    /* something can be read */
	kCFSocketAcceptCallBack = 2,  /* DATA: CFSocketNativeHandle * of a new connection */
	kCFSocketDataCallBack = 3,    /* DATA: a CFData with what was read, empty at the end */
	kCFSocketConnectCallBack = 4, /* DATA: NULL, or SInt32 * with an error of errno.h */
	kCFSocketWriteCallBack = 8    /* something can be written */
};

/* At first: all but write, and close. */
enum {
	kCFSocketAutomaticallyReenableReadCallBack = 1,
	kCFSocketAutomaticallyReenableAcceptCallBack = 2,
	kCFSocketAutomaticallyReenableDataCallBack = 3,
	kCFSocketAutomaticallyReenableWriteCallBack = 8,
	kCFSocketLeaveErrors = 64, /* do not fetch SO_ERROR after a connect */
	kCFSocketCloseOnInvalidate = 128
};

/* ADDRESS is the peer's, where there is one (accept, data), otherwise NULL. */
typedef void (*CFSocketCallBack)(CFSocketRef s, CFSocketCallBackType type, CFDataRef address,
				 const void *data, void *info);

typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
} CFSocketContext;

CF_EXPORT CFTypeID CFSocketGetTypeID(void);
/* Family 0 or less: PF_INET; type and protocol 0 or less: SOCK_STREAM and what belongs to the type.
 * NULL when there is no such socket. */
CF_EXPORT CFSocketRef CFSocketCreate(CFAllocatorRef allocator, SInt32 protocolFamily,
				     SInt32 socketType, SInt32 protocol,
				     CFOptionFlags callBackTypes, CFSocketCallBack callout,
				     const CFSocketContext *context);
/* When there is a CFSocket for SOCK, that one, retained, with its old function. NULL when it is no
 * socket. */
CF_EXPORT CFSocketRef CFSocketCreateWithNative(CFAllocatorRef allocator, CFSocketNativeHandle sock,
					       CFOptionFlags callBackTypes,
					       CFSocketCallBack callout,
					       const CFSocketContext *context);
/* Bound to the signature's address, and listening if it is of a stream. */
CF_EXPORT CFSocketRef CFSocketCreateWithSocketSignature(CFAllocatorRef allocator,
							const CFSocketSignature *signature,
							CFOptionFlags callBackTypes,
							CFSocketCallBack callout,
							const CFSocketContext *context);
/* Connected to it, or (TIMEOUT below 0) connecting. */
CF_EXPORT CFSocketRef CFSocketCreateConnectedToSocketSignature(
	CFAllocatorRef allocator, const CFSocketSignature *signature, CFOptionFlags callBackTypes,
	CFSocketCallBack callout, const CFSocketContext *context, CFTimeInterval timeout);
CF_EXPORT CFSocketError CFSocketSetAddress(CFSocketRef s, CFDataRef address);
/* TIMEOUT below 0: return at once; the connect callback tells. */
CF_EXPORT CFSocketError CFSocketConnectToAddress(CFSocketRef s, CFDataRef address,
						 CFTimeInterval timeout);
/* No function is called after it; the source is invalidated. */
CF_EXPORT void CFSocketInvalidate(CFSocketRef s);
CF_EXPORT Boolean CFSocketIsValid(CFSocketRef s);
/* NULL when there is none. */
CF_EXPORT CFDataRef CFSocketCopyAddress(CFSocketRef s);
CF_EXPORT CFDataRef CFSocketCopyPeerAddress(CFSocketRef s);
CF_EXPORT void CFSocketGetContext(CFSocketRef s, CFSocketContext *context);
/* -1 once it is invalid. */
CF_EXPORT CFSocketNativeHandle CFSocketGetNative(CFSocketRef s);
/* Always the same one; the caller releases it. NULL once S is invalid. */
CF_EXPORT CFRunLoopSourceRef CFSocketCreateRunLoopSource(CFAllocatorRef allocator, CFSocketRef s,
							 CFIndex order);
CF_EXPORT CFOptionFlags CFSocketGetSocketFlags(CFSocketRef s);
CF_EXPORT void CFSocketSetSocketFlags(CFSocketRef s, CFOptionFlags flags);
CF_EXPORT void CFSocketDisableCallBacks(CFSocketRef s, CFOptionFlags callBackTypes);
/* Of the types that the socket was created with. */
CF_EXPORT void CFSocketEnableCallBacks(CFSocketRef s, CFOptionFlags callBackTypes);
/* All of DATA, to ADDRESS or (NULL) to whom it is connected. TIMEOUT 0 or less: for ever. */
CF_EXPORT CFSocketError CFSocketSendData(CFSocketRef s, CFDataRef address, CFDataRef data,
					 CFTimeInterval timeout);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
