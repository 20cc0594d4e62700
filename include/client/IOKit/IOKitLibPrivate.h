/* SPDX-License-Identifier: MIT */
/* Functions that Apple's own tools use besides IOKitLib.h. */
#ifndef _IOKIT_IOKITLIBPRIVATE_H
#define _IOKIT_IOKITLIBPRIVATE_H

#include <IOKit/IOKitKeysPrivate.h>
#include <IOKit/IOKitLib.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* Bits of IOServiceGetState. */
enum {
	kIOServiceInactiveState = 0x00000001,
	kIOServiceRegisteredState = 0x00000002,
	kIOServiceMatchedState = 0x00000004,
	kIOServiceFirstPublishState = 0x00000008,
	kIOServiceFirstMatchState = 0x00000010
};

/* Options of the class functions: ignore IOClassNameOverride. */
enum { kIOClassNameOverrideNone = 0x00000001 };

/* All results are 0 on failure. */
kern_return_t IOServiceGetState(io_service_t service, uint64_t *state);
kern_return_t IOServiceGetBusyStateAndTime(io_service_t service, uint64_t *state,
					   uint32_t *busyState, uint64_t *accumulatedBusyTime);
kern_return_t _IOObjectGetClass(io_object_t object, uint64_t options, io_name_t className);
CFStringRef _IOObjectCopyClass(io_object_t object, uint64_t options);
boolean_t _IOObjectConformsTo(io_object_t object, const char *className, uint64_t options);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
