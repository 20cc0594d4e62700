// SPDX-License-Identifier: MIT
/*
 * The writing end of each queue in shared memory, whose reader writes what it likes into it: no access
 * outside, a known result, and never a wait.
 */
#include <stdlib.h>
#include <string.h>

#include "queues.h"

enum { MANY = 5 };

enum {
	PUT = FUZZ_QUEUE_OWN,
	PUT_FILLED,
	PUT_SOME,
	TAKE, /* honestly, by the other end */
	ASK,
	AGAIN,
	KINDS,
};

static const char *name_of(uint16_t kind)
{
	static const char *const names[KINDS] = { "write",    "fill", "put", "put-filled",
						  "put-some", "take", "ask", "again" };

	return names[kind % KINDS];
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = KINDS,
	.n_who = FUZZ_QUEUES,
	.data_max = 400,
	.name = name_of,
	.change = fuzz_queue_change,
};

static void fill(void *context, void *data, uint32_t size)
{
	memset(data, 0x5a, size);
}

static void fill_aligned(void *context, void *data, size_t size)
{
	const uint8_t *start = fuzz_queues.aligned.memory->entries;

	fuzz_require((uint8_t *)data >= start && size <= FUZZ_ALIGNED_SIZE &&
		     (uint8_t *)data + size <= start + FUZZ_ALIGNED_SIZE);
	memset(data, 0x5a, size);
}

static void read_nothing(void *context, const void *data, size_t size)
{
}

static struct wire_queue_end producer;

static void on_data_queue(const struct fuzz_record *record)
{
	struct portico_data_queue_record records[MANY];
	uint32_t size = (uint32_t)fuzz_number(record, 0), n;
	IOReturn status = kIOReturnSuccess;
	bool notify;

	switch (record->kind % KINDS) {
	case PUT:
		status = wire_queue_put(&producer, record->data, record->size, &notify);
		break;
	case PUT_FILLED:
		status = wire_queue_put_filled(&producer, record->flags ? size : size % 300, fill,
					       NULL, &notify);
		break;
	case PUT_SOME:
		for (int i = 0; i < MANY; i++)
			records[i] = (struct portico_data_queue_record){ (void *)record->data,
									 record->size };
		status = wire_queue_put_some(&producer, records, MANY, &n, &notify);
		fuzz_require(status || n <= MANY);
		break;
	case TAKE: {
		struct wire_queue_end other = wire_queue_end_new(fuzz_queues.data, FUZZ_DATA_SIZE);

		wire_queue_sync_consumer(&other);
		wire_queue_take(&other, NULL, NULL);
		break;
	}
	case AGAIN:
		producer = wire_queue_end_new(fuzz_queues.data, FUZZ_DATA_SIZE);
		wire_queue_sync_producer(&producer);
	}
	fuzz_require(status == kIOReturnSuccess || status == kIOReturnOverrun ||
		     status == kIOReturnUnderrun);
}

static void on_circular_queue(const struct fuzz_record *record)
{
	size_t size = FUZZ_CIRCULAR_DATA;
	uint8_t data[FUZZ_CIRCULAR_DATA];

	if (record->kind % KINDS == TAKE)
		IOCircularDataQueueCopyLatest(fuzz_queues.circular, data, &size);
	else
		IOCircularDataQueueEnqueue(fuzz_queues.circular_writer, record->data, record->size);
}

static void on_aligned_queue(const struct fuzz_record *record)
{
	uint32_t size = (uint32_t)fuzz_number(record, 0), count = (uint32_t)fuzz_number(record, 1);
	bool notify = false;

	switch (record->kind % KINDS) {
	case ASK:
		wire_aligned_can_enqueue(&fuzz_queues.aligned, size, count);
		break;
	case TAKE:
		wire_aligned_dequeue(&fuzz_queues.aligned, read_nothing, NULL, &notify);
		break;
	default:
		wire_aligned_enqueue(&fuzz_queues.aligned, record->flags ? size : size % 300,
				     fill_aligned, NULL, &notify);
	}
}

static void on_ring(const struct fuzz_record *record)
{
	switch (record->kind % KINDS) {
	case ASK:
		wire_ring_reader_state(&fuzz_queues.writer);
		wire_ring_is_closed(&fuzz_queues.writer);
		break;
	case TAKE:
		wire_ring_is_crowded(&fuzz_queues.writer);
		break;
	case AGAIN:
		wire_ring_want_room(&fuzz_queues.writer);
		break;
	default:
		fuzz_queue_put_ring(record, 1 + record->flags);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const on[])(const struct fuzz_record *) = {
		[FUZZ_DATA] = on_data_queue,
		[FUZZ_CIRCULAR] = on_circular_queue,
		[FUZZ_ALIGNED] = on_aligned_queue,
		[FUZZ_RING] = on_ring,
	};
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_record record;

	fuzz_queues_begin();
	producer = (struct wire_queue_end){ .memory = fuzz_queues.data, .size = FUZZ_DATA_SIZE };
	for (int i = 0; i < FUZZ_RECORDS_MAX && fuzz_next(&in, &record); i++)
		if (!fuzz_queue_write(&record))
			on[record.who % FUZZ_QUEUES](&record);
	return 0;
}
