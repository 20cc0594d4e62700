// SPDX-License-Identifier: MIT
/*
 * Records through shared memory of 256 KiB. flow_copies is the limit: each is
 * copied in and out, and who does it tells the other side only when a quarter
 * of the memory is done. flow_plain is a data queue of Apple's layout and of the
 * documented algorithm, written straightforwardly: both indexes are looked at
 * and one is published for every record, with the fence that the notification
 * needs.
 */
#include "limits/flows.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "timing.h"

enum { AREA_BYTES = 256 * 1024, QUARTERS = 4, QUARTER_BYTES = AREA_BYTES / QUARTERS };

static size_t record_bytes;

/* What is copied from and to: private. */
static union {
	uint64_t word;
	uint8_t bytes[FLOW_BYTES_MAX];
} mine;

static void *shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool note(uint64_t i, uint64_t *word)
{
	flow_use(&mine);
	if (i && mine.word != *word + 1)
		return false;
	*word = mine.word;
	return true;
}

/* --- copies and next to nothing else ------------------------------------------ */

static struct copies {
	_Alignas(64) _Atomic uint64_t filled;  /* quarters, by the sender */
	_Alignas(64) _Atomic uint64_t emptied; /* by the receiver */
	_Alignas(64) uint8_t area[QUARTERS][QUARTER_BYTES];
} * copies;

/* For large sizes memcpy takes an instruction that is slow when the lines are another core's. */
static void copy(uint8_t *to, const uint8_t *from, size_t size)
{
	size_t at = 0;

	for (; at + 64 <= size; at += 64)
		memcpy(to + at, from + at, 64);
	for (; at + 8 <= size; at += 8)
		memcpy(to + at, from + at, 8);
}

static bool copies_open(size_t bytes)
{
	record_bytes = bytes;
	copies = shared_new(sizeof(*copies));
	return copies;
}

static void wait_for(_Atomic uint64_t *count, uint64_t least)
{
	unsigned steps = 0;

	while (atomic_load_explicit(count, memory_order_acquire) < least)
		bench_relax(&steps);
}

/* The last quarter of a turn may be partly filled: the receiver counts, too. */
static bool copies_send(uint64_t word, uint64_t n)
{
	uint64_t filled = atomic_load_explicit(&copies->filled, memory_order_relaxed);

	while (n) {
		uint8_t *area = copies->area[filled % QUARTERS];
		size_t at = 0, size;

		if (filled >= QUARTERS)
			wait_for(&copies->emptied, filled - QUARTERS + 1);
		for (; n && (size = flow_size(record_bytes, word), at + size <= QUARTER_BYTES);
		     n--, at += size) {
			mine.word = word++;
			copy(area + at, mine.bytes, size);
		}
		atomic_store_explicit(&copies->filled, ++filled, memory_order_release);
	}
	return true;
}

static bool copies_receive(uint64_t *word, uint64_t n)
{
	uint64_t emptied = atomic_load_explicit(&copies->emptied, memory_order_relaxed), i = 0;

	while (i < n) {
		const uint8_t *area = copies->area[emptied % QUARTERS];
		size_t at = 0, size;

		wait_for(&copies->filled, emptied + 1);
		for (; i < n && at + sizeof(uint64_t) <= QUARTER_BYTES; i++, at += size) {
			uint64_t next;

			memcpy(&next, area + at, sizeof(next));
			size = flow_size(record_bytes, next);
			if (at + size > QUARTER_BYTES || (i && next != *word + 1))
				break;
			copy(mine.bytes, area + at, size);
			flow_use(&mine);
			*word = mine.word;
		}
		atomic_store_explicit(&copies->emptied, ++emptied, memory_order_release);
	}
	return true;
}

const struct flow flow_copies = {
	.open = copies_open,
	.send = copies_send,
	.receive = copies_receive,
};

/* --- the documented algorithm --------------------------------------------------- */

enum { ENTRY_HEADER = 4, QUEUE_HEADER = 12 };

static struct queue {
	uint32_t size; /* of the area behind the indexes */
	_Atomic uint32_t head, tail;
	uint8_t area[AREA_BYTES];
} * queue;

static bool plain_open(size_t bytes)
{
	record_bytes = bytes;
	queue = shared_new(sizeof(*queue));
	if (queue)
		queue->size = AREA_BYTES;
	return queue;
}

static void write_entry(uint32_t at, uint32_t size)
{
	memcpy(queue->area + at, &size, sizeof(size));
	memcpy(queue->area + at + ENTRY_HEADER, mine.bytes, size);
}

/* False: full. */
static bool enqueue(uint32_t size)
{
	uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
	uint32_t entry = ENTRY_HEADER + size, next;

	if (tail >= head) {
		if (entry <= queue->size - tail) {
			write_entry(tail, size);
			next = tail + entry;
		} else if (head > entry) {
			write_entry(0, size);
			/* Its size where the consumer looks first: there is too little room behind it. */
			if (queue->size - tail >= ENTRY_HEADER)
				memcpy(queue->area + tail, &size, sizeof(size));
			next = entry;
		} else {
			return false;
		}
	} else if (head - tail > entry) {
		write_entry(tail, size);
		next = tail + entry;
	} else {
		return false;
	}
	atomic_store_explicit(&queue->tail, next, memory_order_release);
	/* Was it empty, or has it become so meanwhile? Then the consumer would be notified. */
	if (tail != head) {
		atomic_thread_fence(memory_order_seq_cst);
		head = atomic_load_explicit(&queue->head, memory_order_relaxed);
	}
	return true;
}

/* False: empty. */
static bool dequeue(void)
{
	uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	uint32_t size, next;

	if (head == tail)
		return false;
	if (queue->size - head >= ENTRY_HEADER)
		memcpy(&size, queue->area + head, sizeof(size));
	if (queue->size - head < ENTRY_HEADER || queue->size - head - ENTRY_HEADER < size) {
		head = 0;
		memcpy(&size, queue->area, sizeof(size));
	}
	memcpy(mine.bytes, queue->area + head + ENTRY_HEADER,
	       size < FLOW_BYTES_MAX ? size : FLOW_BYTES_MAX);
	next = head + ENTRY_HEADER + size;
	atomic_store_explicit(&queue->head, next, memory_order_release);
	if (next == tail)
		atomic_thread_fence(memory_order_seq_cst);
	return true;
}

static bool plain_send(uint64_t word, uint64_t n)
{
	for (; n; n--, word++) {
		unsigned steps = 0;

		mine.word = word;
		while (!enqueue((uint32_t)flow_size(record_bytes, word)))
			bench_relax(&steps);
	}
	return true;
}

static bool plain_receive(uint64_t *word, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		unsigned steps = 0;

		while (!dequeue())
			bench_relax(&steps);
		if (!note(i, word))
			return false;
	}
	return true;
}

const struct flow flow_plain = {
	.open = plain_open,
	.send = plain_send,
	.receive = plain_receive,
};
