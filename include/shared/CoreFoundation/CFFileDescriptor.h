// SPDX-License-Identifier: MIT
/*
 * A descriptor with a function that run loops call once when it becomes readable
 * or writable. Each call disables its kind until it is enabled again. Any thread.
 */
#ifndef __COREFOUNDATION_CFFILEDESCRIPTOR__
#define __COREFOUNDATION_CFFILEDESCRIPTOR__

#include <CoreFoundation/CFRunLoop.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef int CFFileDescriptorNativeDescriptor;
typedef struct __CFFileDescriptor *CFFileDescriptorRef;

enum { kCFFileDescriptorReadCallBack = 1UL << 0, kCFFileDescriptorWriteCallBack = 1UL << 1 };

typedef void (*CFFileDescriptorCallBack)(CFFileDescriptorRef f, CFOptionFlags callBackTypes,
					 void *info);

typedef struct {
	CFIndex version;
	void *info;
	void *(*retain)(void *info);
	void (*release)(void *info);
	CFStringRef (*copyDescription)(void *info);
} CFFileDescriptorContext;

CF_EXPORT CFTypeID CFFileDescriptorGetTypeID(void);
/* CLOSEONINVALIDATE: FD is closed by it. NULL: FD is negative, or memory is short. */
CF_EXPORT CFFileDescriptorRef CFFileDescriptorCreate(CFAllocatorRef allocator,
						     CFFileDescriptorNativeDescriptor fd,
						     Boolean closeOnInvalidate,
						     CFFileDescriptorCallBack callout,
						     const CFFileDescriptorContext *context);
/* -1 once it is invalid. */
CF_EXPORT CFFileDescriptorNativeDescriptor
CFFileDescriptorGetNativeDescriptor(CFFileDescriptorRef f);
CF_EXPORT void CFFileDescriptorGetContext(CFFileDescriptorRef f, CFFileDescriptorContext *context);
/* One call for each kind in TYPES. */
CF_EXPORT void CFFileDescriptorEnableCallBacks(CFFileDescriptorRef f, CFOptionFlags callBackTypes);
CF_EXPORT void CFFileDescriptorDisableCallBacks(CFFileDescriptorRef f, CFOptionFlags callBackTypes);
CF_EXPORT void CFFileDescriptorInvalidate(CFFileDescriptorRef f);
CF_EXPORT Boolean CFFileDescriptorIsValid(CFFileDescriptorRef f);
/* Always the same one; the caller releases it. NULL once F is invalid. */
CF_EXPORT CFRunLoopSourceRef CFFileDescriptorCreateRunLoopSource(CFAllocatorRef allocator,
								 CFFileDescriptorRef f,
								 CFIndex order);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
