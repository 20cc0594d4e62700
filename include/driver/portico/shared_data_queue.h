/* SPDX-License-Identifier: MIT */
/*
 * Many entries of an IOSharedDataQueue in one call, which macOS does not have: what
 * the two sides have to tell one another is told once for all of them.
 */
#ifndef PORTICO_SHARED_DATA_QUEUE_H
#define PORTICO_SHARED_DATA_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOSharedDataQueue.h>
#include <portico/data_queue_record.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Append COUNT entries, each as IOSharedDataQueueEnqueue does: the consumer sees each at once, and is
 * woken by the first when it has seen all before. The result is how many were appended, the first ones:
 * less than COUNT when the queue is full or damaged. */
uint32_t portico_shared_data_queue_enqueue(IOSharedDataQueue *queue,
					   const struct portico_data_queue_record *records,
					   uint32_t count);
/* Copy up to COUNT of the oldest entries to the SIZE bytes at BUFFER and remove them; RECORDS (room for
 * COUNT) say where in BUFFER each is. The result is how many; there may be more. 0: empty, damaged or no
 * room for the first. */
uint32_t portico_shared_data_queue_dequeue(IOSharedDataQueue *queue, void *buffer, size_t size,
					   struct portico_data_queue_record *records,
					   uint32_t count);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
