// SPDX-License-Identifier: MIT
/*
 * IOCircularDataQueue as memory that several processes share. The library of
 * each side makes the handle (client/circular_queue.c, host/circular_queue.c);
 * what is done with it is the same code for both, so it does not matter which
 * library's functions a process with both of them calls.
 */
#pragma once

#include <stdbool.h>

#include <IOKit/IOCircularDataQueueImplementation.h>

struct IOCircularDataQueue {
	IOCircularDataQueueMemory *memory;
	IOCircularDataQueueDescription description; /* checked; never read from the memory */
	IOCircularDataQueueMemoryCursor cursor;
	bool writable;
	void *owner; /* of the memory, for RELEASE */
	void (*release)(IOCircularDataQueue *queue);
};

/* Can this processor exchange 16 bytes at once? */
bool wire_circular_queue_is_supported(void);
/* Of a queue of that shape. False: a zero, or it is too large. */
bool wire_circular_queue_describe(uint32_t n_entries, uint32_t data_size,
				  IOCircularDataQueueDescription *ret_description);
/* Is it one that wire_circular_queue_describe makes, for memory of SIZE bytes? */
bool wire_circular_queue_is_valid(const IOCircularDataQueueDescription *description, uint64_t size);
/* Write the header into fresh, zero-filled memory. */
void wire_circular_queue_format(IOCircularDataQueueMemory *memory,
				const IOCircularDataQueueDescription *description);
/* NULL: no memory. The cursor stands nowhere. */
IOCircularDataQueue *wire_circular_queue_new(IOCircularDataQueueMemory *memory, bool writable,
					     const IOCircularDataQueueDescription *description,
					     void (*release)(IOCircularDataQueue *), void *owner);
