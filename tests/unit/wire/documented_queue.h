// SPDX-License-Identifier: MIT
/* The documented algorithm of a data queue (spec 7.3, 7.4), written straightforwardly and without
 * src/wire: the peer of tests that shows what works with nothing but the layout. Trusts everything. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <IOKit/IODataQueueShared.h>

static inline uint8_t *documented_entry(IODataQueueMemory *memory, uint32_t at)
{
	return (uint8_t *)memory + DATA_QUEUE_MEMORY_HEADER_SIZE + at;
}

/* False: full. *NOTIFY: the queue was empty for the consumer. */
static inline bool documented_put(IODataQueueMemory *memory, const void *data, uint32_t size,
				  bool *notify)
{
	uint32_t tail = __atomic_load_n(&memory->tail, __ATOMIC_RELAXED), at = tail;
	uint32_t head = __atomic_load_n(&memory->head, __ATOMIC_ACQUIRE), need = size + 4;

	if (tail < head) {
		if (head - tail <= need)
			return false;
	} else if (tail + need > memory->queueSize) {
		if (head <= need)
			return false;
		at = 0;
		if (memory->queueSize - tail >= 4)
			memcpy(documented_entry(memory, tail), &size, 4);
	}
	memcpy(documented_entry(memory, at), &size, 4);
	if (size)
		memcpy(documented_entry(memory, at + 4), data, size);
	__atomic_store_n(&memory->tail, at + need, __ATOMIC_RELEASE);
	if (tail != head) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		head = __atomic_load_n(&memory->head, __ATOMIC_RELAXED);
	}
	*notify = tail == head;
	return true;
}

/* False: empty. DATA has room for anything. */
static inline bool documented_take(IODataQueueMemory *memory, void *data, uint32_t *ret_size)
{
	uint32_t head = __atomic_load_n(&memory->head, __ATOMIC_RELAXED), size = 0;
	uint32_t tail = __atomic_load_n(&memory->tail, __ATOMIC_ACQUIRE);

	if (head == tail)
		return false;
	if (head + 4 <= memory->queueSize)
		memcpy(&size, documented_entry(memory, head), 4);
	if (head + 4 > memory->queueSize || size > memory->queueSize - head - 4) {
		head = 0;
		memcpy(&size, documented_entry(memory, 0), 4);
	}
	memcpy(data, documented_entry(memory, head + 4), size);
	*ret_size = size;
	head += 4 + size;
	__atomic_store_n(&memory->head, head, __ATOMIC_RELEASE);
	if (head == tail)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return true;
}
