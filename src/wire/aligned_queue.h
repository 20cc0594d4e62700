// SPDX-License-Identifier: MIT
/*
 * The queue of an IODataQueueDispatchSource in shared memory: entries are a size
 * and data rounded up to four bytes. Not the same as IODataQueueMemory. Used by
 * drivers (host/data_queue_source.c) and programs (client/data_queue_source.c);
 * one producer, one consumer, nothing in the memory is trusted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>

struct wire_aligned_memory {
	uint32_t head, tail;   /* consumer's, producer's; bytes from the first entry */
	uint8_t need_serviced; /* the producer wants to know of the next dequeue */
	uint8_t reserved[119];
	uint8_t entries[];
};

struct wire_aligned_queue {
	struct wire_aligned_memory *memory; /* NULL: kIOReturnNoMemory everywhere */
	uint32_t size;			    /* bytes for entries: never read from the memory */
};

/* DATA lies in the queue: SIZE bytes to be filled, or to be read. */
typedef void (*wire_aligned_write_fn)(void *context, void *data, size_t size);
typedef void (*wire_aligned_read_fn)(void *context, const void *data, size_t size);

/* Results: spec 7.9. *NOTIFY (never set to false) tells that the other side wants to hear of it. */
IOReturn wire_aligned_enqueue(const struct wire_aligned_queue *queue, uint32_t size,
			      wire_aligned_write_fn write, void *context, bool *notify);
IOReturn wire_aligned_dequeue(const struct wire_aligned_queue *queue, wire_aligned_read_fn read,
			      void *context, bool *notify);
IOReturn wire_aligned_peek(const struct wire_aligned_queue *queue, wire_aligned_read_fn read,
			   void *context);
IOReturn wire_aligned_can_enqueue(const struct wire_aligned_queue *queue, uint32_t size,
				  uint32_t count);
bool wire_aligned_has_data(const struct wire_aligned_queue *queue);
