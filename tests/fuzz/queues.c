// SPDX-License-Identifier: MIT
#include "queues.h"

#include <stdlib.h>
#include <string.h>

struct fuzz_queues fuzz_queues;

static size_t sizes[FUZZ_QUEUES];
static uint8_t *memories[FUZZ_QUEUES];
static bool ring_is_used;

static void keep(IOCircularDataQueue *queue)
{
}

static void make_circular(void)
{
	IOCircularDataQueueDescription d;

	fuzz_require(wire_circular_queue_describe(FUZZ_CIRCULAR_ENTRIES, FUZZ_CIRCULAR_DATA, &d));
	sizes[FUZZ_CIRCULAR] = d.allocMemSize;
	memories[FUZZ_CIRCULAR] = aligned_alloc(16, d.allocMemSize);
	IOCircularDataQueueMemory *memory = (IOCircularDataQueueMemory *)memories[FUZZ_CIRCULAR];
	fuzz_queues.circular = wire_circular_queue_new(memory, false, &d, keep, NULL);
	fuzz_queues.circular_writer = wire_circular_queue_new(memory, true, &d, keep, NULL);
	fuzz_require(fuzz_queues.circular && fuzz_queues.circular_writer);
}

static void make(void)
{
	sizes[FUZZ_DATA] = DATA_QUEUE_MEMORY_HEADER_SIZE + FUZZ_DATA_SIZE;
	sizes[FUZZ_ALIGNED] = sizeof(struct wire_aligned_memory) + FUZZ_ALIGNED_SIZE;
	sizes[FUZZ_RING] = WIRE_RING_SIZE;
	memories[FUZZ_DATA] = malloc(sizes[FUZZ_DATA]);
	memories[FUZZ_ALIGNED] = malloc(sizes[FUZZ_ALIGNED]);
	memories[FUZZ_RING] = aligned_alloc(4096, WIRE_RING_SIZE);
	memset(memories[FUZZ_RING], 0, WIRE_RING_SIZE);
	make_circular();
	fuzz_queues.data = (IODataQueueMemory *)memories[FUZZ_DATA];
	fuzz_queues.aligned.memory = (struct wire_aligned_memory *)memories[FUZZ_ALIGNED];
	fuzz_queues.aligned.size = FUZZ_ALIGNED_SIZE;
	fuzz_queues.ring = (struct wire_ring_memory *)memories[FUZZ_RING];
}

void fuzz_queues_begin(void)
{
	static const IOCircularDataQueueMemoryCursor nowhere = { UINT32_MAX, UINT32_MAX,
								 UINT64_MAX };

	if (!fuzz_queues.data)
		make();
	for (int i = 0; i < FUZZ_QUEUES; i++)
		if (i != FUZZ_RING || ring_is_used)
			memset(memories[i], 0, sizes[i]);
	ring_is_used = false;
	wire_circular_queue_format(fuzz_queues.circular->memory,
				   &fuzz_queues.circular->description);
	fuzz_queues.circular->cursor = fuzz_queues.circular_writer->cursor = nowhere;
	fuzz_queues.writer = (struct wire_ring_writer){ .memory = fuzz_queues.ring };
}

bool fuzz_queue_write(const struct fuzz_record *record)
{
	unsigned queue = record->who % FUZZ_QUEUES;
	uint64_t value = fuzz_number(record, 1);
	size_t size = sizes[queue], at = fuzz_number(record, 0) % size;
	size_t n = record->flags & 1 ? 8 : 4;

	ring_is_used |= queue == FUZZ_RING;
	switch (record->kind) {
	case FUZZ_QUEUE_WRITE:
		at = at / 4 * 4;
		memcpy(memories[queue] + at, &value, n < size - at ? n : size - at);
		return true;
	case FUZZ_QUEUE_FILL:
		n = record->size > 8 ? record->size - 8 : 0;
		n = n < size - at ? n : size - at;
		if (n)
			memcpy(memories[queue] + at, record->data + 8, n);
		return true;
	}
	return false;
}

void fuzz_queue_put_ring(const struct fuzz_record *record, int times)
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record completion = {
		.token = fuzz_number(record, 0),
		.kind = 1 + record->flags % 2,
		.count = (uint8_t)(fuzz_number(record, 1) % (WIRE_ASYNC_ARGUMENTS_MAX + 1)),
		.arguments = arguments,
	};

	for (size_t i = 0; i < WIRE_ASYNC_ARGUMENTS_MAX; i++)
		arguments[i] = fuzz_number(record, i + 2);
	while (times--)
		wire_ring_put(&fuzz_queues.writer, &completion);
}

/* The words that matter are at the start of each memory, or near its end. */
size_t fuzz_queue_change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
			 size_t max)
{
	static const uint16_t places[] = { 0,	4,   8,	  12,  16,  20,	  24,	28,   32,   36,
					   40,	48,  52,  56,  64,  80,	  96,	128,  132,  136,
					   200, 208, 212, 256, 320, 4096, 4100, 4104, 4160, 4224 };
	uint64_t words[2] = { places[fuzz_below(chance, sizeof(places) / sizeof(*places))],
			      fuzz_interesting(chance) };

	if (kind > FUZZ_QUEUE_FILL)
		words[0] = fuzz_interesting(chance);
	if (fuzz_below(chance, 4) == 0)
		return fuzz_change_bytes(chance, data, size, max);
	if (fuzz_below(chance, 3) == 0)
		words[1] = FUZZ_DATA_SIZE - 8 + fuzz_below(chance, 16);
	memcpy(data, words, sizeof(words));
	return size > sizeof(words) ? size : sizeof(words);
}
