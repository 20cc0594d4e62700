/* SPDX-License-Identifier: MIT */
/*
 * The consumer's side (and, between programs, the producer's) of a data queue
 * in shared memory. One consumer and one producer at a time. Nothing in the
 * shared memory is trusted: a damaged queue gives an error, never an access
 * outside it. For queues mapped with IOConnectMapMemory the size of the mapping
 * counts; for others the size field of the queue.
 */
#ifndef _IOKIT_IODATAQUEUECLIENT_H
#define _IOKIT_IODATAQUEUECLIENT_H

#include <IOKit/IODataQueueShared.h>
#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

Boolean IODataQueueDataAvailable(IODataQueueMemory *dataQueue);
/* The oldest entry, in place, or NULL when the queue is empty or damaged. The producer can still write
 * to it: copy before you check. */
IODataQueueEntry *IODataQueuePeek(IODataQueueMemory *dataQueue);
/* Copy the oldest entry to DATA and remove it; *DATASIZE is the room, then its size. DATA NULL: only
 * remove it. kIOReturnUnderrun: empty; kIOReturnNoSpace: no room, nothing is changed; kIOReturnError:
 * damaged. */
IOReturn IODataQueueDequeue(IODataQueueMemory *dataQueue, void *data, uint32_t *dataSize);
/* Add an entry; wakes the consumer when the queue was empty. kIOReturnOverrun: full;
 * kIOReturnUnderrun: damaged. */
IOReturn IODataQueueEnqueue(IODataQueueMemory *dataQueue, void *data, uint32_t dataSize);
/* Wait for a wake-up on NOTIFICATIONPORT (its receive right): drain the queue after each. The result of
 * mach_msg. */
IOReturn IODataQueueWaitForAvailableData(IODataQueueMemory *dataQueue,
					 mach_port_t notificationPort);
/* A receive right with room for one wake-up, for IOConnectSetNotificationPort; 0 on failure. Release with
 * mach_port_mod_refs(RECEIVE, -1). */
mach_port_t IODataQueueAllocateNotificationPort(void);
/* Wake up PORT on enqueue from now on (queues of this program's own). */
IOReturn IODataQueueSetNotificationPort(IODataQueueMemory *dataQueue, mach_port_t notifyPort);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
