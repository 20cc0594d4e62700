/* SPDX-License-Identifier: MIT */
/*
 * Many entries of a data queue (IODataQueueClient.h) in one call, which macOS does
 * not have: what the two sides have to tell one another is told once for all of
 * them.
 */
#ifndef PORTICO_DATA_QUEUE_H
#define PORTICO_DATA_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include <IOKit/IODataQueueShared.h>
#include <IOKit/IOReturn.h>
#include <portico/data_queue_record.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* Copy up to *COUNT of the oldest entries to the SIZE bytes at BUFFER and remove them; RECORDS (room for
 * *COUNT) say where in BUFFER each is, *COUNT how many. There may be more: the queue is drained when this
 * says kIOReturnUnderrun. kIOReturnNoSpace: no room for the first; kIOReturnError: damaged. */
IOReturn portico_data_queue_dequeue(IODataQueueMemory *dataQueue, void *buffer, size_t size,
				    struct portico_data_queue_record *records, uint32_t *count);
/* Add *COUNT entries, each as IODataQueueEnqueue does: the consumer sees each at once, and is woken by the
 * first when it has seen all before. *COUNT becomes how many were added, the first ones: fewer when the
 * queue gets full. kIOReturnOverrun: none, full; kIOReturnUnderrun: none, damaged. */
IOReturn portico_data_queue_enqueue(IODataQueueMemory *dataQueue,
				    const struct portico_data_queue_record *records,
				    uint32_t *count);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
