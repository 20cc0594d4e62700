/* SPDX-License-Identifier: MIT */
/*
 * A serial queue of a DriverKit-style driver (IOUserService.h): what is dispatched
 * to it runs one after the other, in order. Reference-counted; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct IODispatchQueue IODispatchQueue;
typedef void (*IODispatchFunction)(void *context);

/* NAME: at most 255 bytes, copied. OPTIONS and PRIORITY: 0. kIOReturnBadArgument, kIOReturnNoMemory. */
IOReturn IODispatchQueueCreate(const char *name, uint64_t options, uint64_t priority,
			       IODispatchQueue **queue);
/* Returns QUEUE. NULL is accepted. */
IODispatchQueue *IODispatchQueueRetain(IODispatchQueue *queue);
/* What is dispatched keeps the queue; so it may be released at any time, by its own work as well. */
void IODispatchQueueRelease(IODispatchQueue *queue);
/* Valid as long as the queue. */
const char *IODispatchQueueGetName(IODispatchQueue *queue);
/* Does the calling thread run on QUEUE, if only further out? */
bool IODispatchQueueOnQueue(IODispatchQueue *queue);
/* Call FUNCTION(CONTEXT) later, on a thread of the queue. kIOReturnAborted: the queue is cancelled;
 * kIOReturnNoMemory: no memory, no thread. */
IOReturn IODispatchQueueDispatchAsync_f(IODispatchQueue *queue, void *context,
					IODispatchFunction function);
/* Call it now, on the calling thread, when all that was dispatched before is done; at once when the
 * thread is on the queue. kIOReturnAborted: the queue is cancelled. */
IOReturn IODispatchQueueDispatchSync_f(IODispatchQueue *queue, void *context,
				       IODispatchFunction function);
/* Drop what waits and take nothing any more. HANDLER (may be NULL) is called on the queue when what
 * runs is done. kIOReturnAborted: it was cancelled before. */
IOReturn IODispatchQueueCancel_f(IODispatchQueue *queue, void *context, IODispatchFunction handler);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
