// SPDX-License-Identifier: MIT
/*
 * One queue of each kind in memory that a hostile peer also writes: each is exactly as large as it says,
 * so that the address sanitizer sees the first byte beyond. For the two targets consumer and producer.
 */
#pragma once

#include "fuzz.h"
#include "wire/aligned_queue.h"
#include "wire/circular_queue.h"
#include "wire/completion_ring.h"
#include "wire/data_queue.h"

enum {
	FUZZ_DATA,
	FUZZ_CIRCULAR,
	FUZZ_ALIGNED,
	FUZZ_RING,
	FUZZ_QUEUES,
};

enum {
	FUZZ_DATA_SIZE = 203, /* no multiple of anything */
	FUZZ_CIRCULAR_ENTRIES = 3,
	FUZZ_CIRCULAR_DATA = 20,
	FUZZ_ALIGNED_SIZE = 200,
};

/* Kinds of records that both targets know; each has more of its own. */
enum {
	FUZZ_QUEUE_WRITE, /* number 1 at offset number 0 of the memory, 4 or (flags) 8 bytes */
	FUZZ_QUEUE_FILL,  /* the data after the first word, from there on */
	FUZZ_QUEUE_OWN,
};

extern struct fuzz_queues {
	IODataQueueMemory *data;
	IOCircularDataQueue *circular, *circular_writer;
	struct wire_aligned_queue aligned;
	struct wire_ring_memory *ring;
	struct wire_ring_writer writer;
} fuzz_queues;

/* Fresh and empty, all of them. */
void fuzz_queues_begin(void);
/* What the peer does by itself. False: RECORD is something else. */
bool fuzz_queue_write(const struct fuzz_record *record);
/* A completion with arguments and kind as RECORD says, TIMES times. */
void fuzz_queue_put_ring(const struct fuzz_record *record, int times);
size_t fuzz_queue_change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
			 size_t max);
