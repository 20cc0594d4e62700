// SPDX-License-Identifier: MIT
/*
 * The reading end of each queue in shared memory, whose other end writes what it likes. Each record is
 * one thing that happens: the kind says what, "who" to which queue. Whatever is in the memory: no access
 * outside it, a known result, and what is returned lies where it must.
 */
#include <stdlib.h>
#include <string.h>

#include "queues.h"

enum { ROOM_MAX = 400, MANY = 5 };

enum {
	PUT = FUZZ_QUEUE_OWN, /* honestly, by the other end */
	TAKE,
	TAKE_NOWHERE,
	PEEK,
	TAKE_MANY,
	LOOK,
	AGAIN, /* an end that has seen nothing yet */
	KINDS,
};

static const char *name_of(uint16_t kind)
{
	static const char *const names[KINDS] = { "write",     "fill",	       "put",
						  "take",      "take-nowhere", "peek",
						  "take-many", "look",	       "again" };

	return names[kind % KINDS];
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = KINDS,
	.n_who = FUZZ_QUEUES,
	.data_max = 128,
	.name = name_of,
	.change = fuzz_queue_change,
};

/* --- data queue ------------------------------------------------------------------------ */

static struct wire_queue_end consumer;

static void take_many(size_t room)
{
	struct portico_data_queue_record records[MANY];
	uint8_t *data = malloc(room + 1);
	uint32_t count = MANY;

	if (data && !wire_queue_take_many(&consumer, data, room, records, &count)) {
		fuzz_require(count <= MANY);
		for (uint32_t i = 0; i < count; i++) {
			const uint8_t *at = records[i].data;

			fuzz_require(at >= data && records[i].size <= room &&
				     at + records[i].size <= data + room);
		}
	}
	free(data);
}

static void on_data_queue(const struct fuzz_record *record)
{
	uint32_t size = (uint32_t)(fuzz_number(record, 0) % ROOM_MAX), at;
	uint8_t *data = malloc(size + 1);
	IOReturn status = kIOReturnSuccess;
	bool notify;

	switch (record->kind % KINDS) {
	case PUT: {
		struct wire_queue_end producer =
			wire_queue_end_new(fuzz_queues.data, FUZZ_DATA_SIZE);

		wire_queue_sync_producer(&producer);
		wire_queue_put(&producer, record->data, record->size, &notify);
		break;
	}
	case TAKE: {
		uint32_t room = size;

		status = wire_queue_take(&consumer, data, &size);
		fuzz_require(status == kIOReturnNoSpace || size <= room);
		break;
	}
	case TAKE_NOWHERE:
		status = wire_queue_take(&consumer, NULL, NULL);
		break;
	case PEEK:
		status = wire_queue_peek(&consumer, &at, &size);
		fuzz_require(status || (uint64_t)at + 4 + size <= FUZZ_DATA_SIZE);
		break;
	case TAKE_MANY:
		take_many(size);
		break;
	case LOOK:
		wire_queue_has_data(&consumer);
		break;
	case AGAIN:
		consumer = wire_queue_end_new(fuzz_queues.data, FUZZ_DATA_SIZE);
		wire_queue_sync_consumer(&consumer);
	}
	fuzz_require(status == kIOReturnSuccess || status == kIOReturnUnderrun ||
		     status == kIOReturnError || status == kIOReturnNoSpace);
	free(data);
}

/* --- circular queue ------------------------------------------------------------------------ */

typedef IOReturn (*get_fn)(IOCircularDataQueue *, void **, size_t *);
typedef IOReturn (*copy_fn)(IOCircularDataQueue *, void *, size_t *);

static void on_circular_queue(const struct fuzz_record *record)
{
	static const get_fn gets[] = { IOCircularDataQueueGetLatest, IOCircularDataQueueGetNext,
				       IOCircularDataQueueGetPrevious,
				       IOCircularDataQueueGetCurrent };
	static const copy_fn copies[] = { IOCircularDataQueueCopyLatest,
					  IOCircularDataQueueCopyNext,
					  IOCircularDataQueueCopyPrevious,
					  IOCircularDataQueueCopyCurrent };
	IOCircularDataQueue *queue = fuzz_queues.circular;
	size_t room = fuzz_number(record, 0) % ROOM_MAX, size = room, which = record->flags % 4;
	const uint8_t *start = (const uint8_t *)queue->memory;
	void *data = malloc(room + 1);
	void *found = NULL;

	switch (record->kind % KINDS) {
	case PUT:
		IOCircularDataQueueEnqueue(fuzz_queues.circular_writer, record->data, record->size);
		break;
	case TAKE:
	case TAKE_MANY:
		if (!copies[which](queue, data, &size))
			fuzz_require(size <= room);
		break;
	case PEEK:
	case TAKE_NOWHERE:
		if (gets[which](queue, &found, &size))
			break;
		fuzz_require((const uint8_t *)found >= start && size <= FUZZ_CIRCULAR_DATA &&
			     (const uint8_t *)found + size <=
				     start + queue->description.allocMemSize);
		break;
	case LOOK:
		IOCircularDataQueueIsCurrentDataValid(queue);
		break;
	case AGAIN:
		IOCircularDataQueueSetCursorLatest(queue);
	}
	free(data);
}

/* --- aligned queue --------------------------------------------------------------------------- */

static void read_all(void *context, const void *data, size_t size)
{
	const uint8_t *start = fuzz_queues.aligned.memory->entries;

	fuzz_require((const uint8_t *)data >= start && size <= FUZZ_ALIGNED_SIZE &&
		     (const uint8_t *)data + size <= start + FUZZ_ALIGNED_SIZE);
	*(uint8_t *)context ^= size ? ((const uint8_t *)data)[size - 1] : 0;
}

static void write_all(void *context, void *data, size_t size)
{
	memset(data, 0x5a, size);
}

static void on_aligned_queue(const struct fuzz_record *record)
{
	uint8_t sum = 0;
	bool notify = false;

	switch (record->kind % KINDS) {
	case PUT:
		wire_aligned_enqueue(&fuzz_queues.aligned, record->size, write_all, NULL, &notify);
		break;
	case PEEK:
		wire_aligned_peek(&fuzz_queues.aligned, read_all, &sum);
		break;
	case LOOK:
		wire_aligned_has_data(&fuzz_queues.aligned);
		break;
	default:
		wire_aligned_dequeue(&fuzz_queues.aligned, read_all, &sum, &notify);
	}
}

/* --- completion ring -------------------------------------------------------------------------- */

static struct wire_ring_reader reader;

static void on_ring(const struct fuzz_record *record)
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record found;
	err_t err;

	switch (record->kind % KINDS) {
	case PUT:
		fuzz_queue_put_ring(record, 1);
		break;
	case LOOK:
		wire_ring_is_empty(&reader);
		/* Whatever the writer says: a byte, not judged before it is taken. */
		fuzz_require(wire_ring_next_kind(&reader) <= UINT8_MAX);
		break;
	case PEEK:
		wire_ring_sleep(&reader);
		break;
	case AGAIN:
		wire_ring_must_tell(&reader, record->flags & 1);
		break;
	case TAKE_NOWHERE:
		wire_ring_close(&reader);
		break;
	default:
		err = wire_ring_take(&reader, &found, arguments);
		fuzz_require(!err || err == -EAGAIN || err == -EBADMSG);
		fuzz_require(err || (found.count <= WIRE_ASYNC_ARGUMENTS_MAX &&
				     (found.kind == WIRE_RING_COMPLETION ||
				      found.kind == WIRE_RING_RELEASED)));
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
	consumer = (struct wire_queue_end){ .memory = fuzz_queues.data, .size = FUZZ_DATA_SIZE };
	reader = (struct wire_ring_reader){ .memory = fuzz_queues.ring };
	for (int i = 0; i < FUZZ_RECORDS_MAX && fuzz_next(&in, &record); i++)
		if (!fuzz_queue_write(&record))
			on[record.who % FUZZ_QUEUES](&record);
	return 0;
}
