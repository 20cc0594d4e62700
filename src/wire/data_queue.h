// SPDX-License-Identifier: MIT
/*
 * Both ends of a queue in shared memory of Apple's layout (IODataQueueShared.h):
 * one producer, one consumer, each with its own struct wire_queue_end. Used by
 * drivers (host/data_queue.c) and programs (client/data_queue.c). Nothing in the
 * memory is trusted: a damaged queue is an error, never an access outside it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <IOKit/IODataQueueShared.h>
#include <IOKit/IOReturn.h>
#include <portico/data_queue_record.h>

/* Private to the end; memory and size are the owner's to set. */
struct wire_queue_end {
	IODataQueueMemory *memory;
	uint32_t size; /* bytes for entries: never read from the memory */
	uint32_t own;  /* its index */
	uint32_t
		other; /* the other side's, as last seen; a producer that has seen none: beyond the size */
	uint32_t short_looks; /* in a row */
};

/* An end that has seen nothing yet of a queue in use: sync it before each use. All zero but memory and
 * size: an end of an empty queue. */
static inline struct wire_queue_end wire_queue_end_new(IODataQueueMemory *memory, uint32_t size)
{
	return (struct wire_queue_end){ memory, size, UINT32_MAX, UINT32_MAX, 0 };
}

/* The entry at a position that was found. */
static inline IODataQueueEntry *wire_queue_entry(const struct wire_queue_end *end, uint32_t at)
{
	return (IODataQueueEntry *)((uint8_t *)end->memory + DATA_QUEUE_MEMORY_HEADER_SIZE + at);
}

/* Take the index from the memory: for ends whose memory others of this side may have changed. */
void wire_queue_sync_producer(struct wire_queue_end *end);
void wire_queue_sync_consumer(struct wire_queue_end *end);

/* --- producer: kIOReturnOverrun: no room; kIOReturnUnderrun: damaged, nothing is stored ---------- */

/* *NOTIFY is set (never to false) when the consumer had seen all before this and may sleep. */
IOReturn wire_queue_put(struct wire_queue_end *end, const void *data, uint32_t size, bool *notify);
/* FILL writes the SIZE bytes in place. */
typedef void (*wire_queue_fill_fn)(void *context, void *data, uint32_t size);
IOReturn wire_queue_put_filled(struct wire_queue_end *end, uint32_t size, wire_queue_fill_fn fill,
			       void *context, bool *notify);
/* Put the first of COUNT records, each visible at once; *RET_PUT of them. Not all fit the step of some KiB
 * after which the consumer is thought of (NOTIFY): call again for the rest. An error comes with none. */
IOReturn wire_queue_put_some(struct wire_queue_end *end,
			     const struct portico_data_queue_record *records, uint32_t count,
			     uint32_t *ret_put, bool *notify);

/* --- consumer: kIOReturnUnderrun: empty; kIOReturnError: damaged -------------------------------- */

bool wire_queue_has_data(const struct wire_queue_end *end);
/* Where the oldest entry is, and its size: the memory may say something else later. */
IOReturn wire_queue_peek(struct wire_queue_end *end, uint32_t *ret_at, uint32_t *ret_size);
/* Copy the oldest entry to DATA (NULL: nowhere) and remove it. *SIZE is the room, then the size.
 * kIOReturnNoSpace: too little room. */
IOReturn wire_queue_take(struct wire_queue_end *end, void *data, uint32_t *size);
/* Copy as many as are there and fit, *COUNT at most, to BUFFER; RECORDS say where each is. */
IOReturn wire_queue_take_many(struct wire_queue_end *end, void *buffer, size_t room,
			      struct portico_data_queue_record *records, uint32_t *count);
