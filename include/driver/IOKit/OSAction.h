/* SPDX-License-Identifier: MIT */
/*
 * OSAction: a call that happens later, once or often. A driver makes one for a
 * function of its own (IODataQueueDispatchSource); the framework makes one for
 * each asynchronous call of a program (IOUserClientMethodArguments.completion).
 * Reference-counted; any thread.
 */
#pragma once

#include <stddef.h>

#include <IOKit/IODispatchQueue.h>
#include <IOKit/IOService.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct OSAction OSAction;
typedef void (*OSActionFunction)(IOService *target, OSAction *action);
typedef void (*OSActionAbortedHandler)(void *context);

/* FUNCTION will run on the queue QUEUENAME of TARGET (NULL: its default queue); TARGET is retained.
 * REFERENCESIZE bytes, zero-filled, are the driver's. kIOReturnBadArgument: NULL, or TARGET is no
 * DriverKit-style object; kIOReturnNoMemory. */
IOReturn OSActionCreate(IOService *target, const char *queueName, OSActionFunction function,
			size_t referenceSize, OSAction **action);
/* Returns ACTION. NULL is accepted. */
OSAction *OSActionRetain(OSAction *action);
void OSActionRelease(OSAction *action);
/* NULL when it was made without. */
void *OSActionGetReference(OSAction *action);
/* Call HANDLER(CONTEXT) when the last reference goes and the action was never completed nor invoked;
 * NULL takes it back. */
IOReturn OSActionSetAbortedHandler(OSAction *action, OSActionAbortedHandler handler, void *context);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
