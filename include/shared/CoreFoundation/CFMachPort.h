// SPDX-License-Identifier: MIT
/*
 * A port with a function that run loops call with the messages it receives.
 * There is at most one valid CFMachPort for a port name. Any thread.
 */
#ifndef __COREFOUNDATION_CFMACHPORT__
#define __COREFOUNDATION_CFMACHPORT__

#include <CoreFoundation/CFRunLoop.h>
#include <mach/port.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFMachPort *CFMachPortRef;

typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
} CFMachPortContext;

/* MSG holds SIZE bytes and is freed by the run loop. */
typedef void (*CFMachPortCallBack)(CFMachPortRef port, void *msg, CFIndex size, void *info);
typedef void (*CFMachPortInvalidationCallBack)(CFMachPortRef port, void *info);

CF_EXPORT CFTypeID CFMachPortGetTypeID(void);
/* With a new receive and send right that it owns. *SHOULDFREEINFO (may be NULL) becomes false. */
CF_EXPORT CFMachPortRef CFMachPortCreate(CFAllocatorRef allocator, CFMachPortCallBack callout,
					 CFMachPortContext *context, Boolean *shouldFreeInfo);
/* For rights that stay the caller's. When there is a CFMachPort for PORTNUM, that one is returned,
 * retained, with its old function and context, and *SHOULDFREEINFO becomes true. NULL: no right
 * under that name. */
CF_EXPORT CFMachPortRef CFMachPortCreateWithPort(CFAllocatorRef allocator, mach_port_t portNum,
						 CFMachPortCallBack callout,
						 CFMachPortContext *context,
						 Boolean *shouldFreeInfo);
CF_EXPORT mach_port_t CFMachPortGetPort(CFMachPortRef port);
CF_EXPORT void CFMachPortGetContext(CFMachPortRef port, CFMachPortContext *context);
/* No function is called after it; the run-loop source is invalidated, owned rights are given back.
 * Also happens when the rights die. */
CF_EXPORT void CFMachPortInvalidate(CFMachPortRef port);
CF_EXPORT Boolean CFMachPortIsValid(CFMachPortRef port);
CF_EXPORT CFMachPortInvalidationCallBack CFMachPortGetInvalidationCallBack(CFMachPortRef port);
/* Called at once when PORT is invalid already. NULL removes it. */
CF_EXPORT void CFMachPortSetInvalidationCallBack(CFMachPortRef port,
						 CFMachPortInvalidationCallBack callout);
/* Always the same one; the caller releases it. NULL once PORT is invalid. */
CF_EXPORT CFRunLoopSourceRef CFMachPortCreateRunLoopSource(CFAllocatorRef allocator,
							   CFMachPortRef port, CFIndex order);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
