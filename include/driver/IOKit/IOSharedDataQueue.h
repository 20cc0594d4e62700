/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a data queue in shared memory (layout: IODataQueueShared.h).
 *
 * One producer at a time: a driver that enqueues from several threads takes a
 * lock of its own. The other side is a program that may write anything into the
 * memory; it can lose its own data, nothing more. The size, the port and the
 * tail are kept privately here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IODataQueueShared.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOUserClient.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct IOSharedDataQueue IOSharedDataQueue;

/* The older class: the same queue in memory that ends with the entries, without the appendix. All
 * functions below take it. */
typedef IOSharedDataQueue IODataQueue;

/* SIZE bytes for entries; an entry takes 4 bytes more than its data. NULL: overflow, no memory. */
IOSharedDataQueue *IOSharedDataQueueCreateWithCapacity(uint32_t size);
/* Room for COUNT entries of ENTRYSIZE bytes at any time. */
IOSharedDataQueue *IOSharedDataQueueCreateWithEntries(uint32_t count, uint32_t entrySize);
IODataQueue *IODataQueueCreateWithCapacity(uint32_t size);
IODataQueue *IODataQueueCreateWithEntries(uint32_t count, uint32_t entrySize);
IOSharedDataQueue *IOSharedDataQueueRetain(IOSharedDataQueue *queue);
void IOSharedDataQueueRelease(IOSharedDataQueue *queue);

/* For clientMemoryForType: the same descriptor each time, with a reference for the caller. */
IOMemoryDescriptor *IOSharedDataQueueCopyMemoryDescriptor(IOSharedDataQueue *queue);
uint32_t IOSharedDataQueueGetQueueSize(const IOSharedDataQueue *queue);
/* Who is woken when the queue becomes non-empty; NULL: nobody. PORT is retained. Any thread. */
void IOSharedDataQueueSetNotificationPort(IOSharedDataQueue *queue, IOWakePort *port);

/* Append an entry; false when it does not fit or the consumer has damaged the queue. */
bool IOSharedDataQueueEnqueue(IOSharedDataQueue *queue, const void *data, uint32_t size);
/* The driver as the consumer of what a program (IODataQueueEnqueue), or itself, enqueues; no program
 * may be the consumer then. Dequeue: *SIZE is the room, then the
 * size; false when empty, damaged or too small. Peek: the entry's data, NULL when there is none. */
bool IOSharedDataQueueDequeue(IOSharedDataQueue *queue, void *data, uint32_t *size);
const void *IOSharedDataQueuePeek(IOSharedDataQueue *queue, uint32_t *size);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
