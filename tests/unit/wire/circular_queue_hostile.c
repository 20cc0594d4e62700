// SPDX-License-Identifier: MIT
/* The module once more, with somebody who writes to its memory before any of its looks. */
static void before_look(void);

#define __atomic_load_n(at, order) (before_look(), __atomic_load_n(at, order))
#define __sync_bool_compare_and_swap(at, old, new) \
	(before_look(), __sync_bool_compare_and_swap(at, old, new))
#define __sync_val_compare_and_swap(at, old, new) \
	(before_look(), __sync_val_compare_and_swap(at, old, new))
#include "wire/circular_queue.c"

#include <limits.h>

#include "test.h"

static void free_memory(IOCircularDataQueue *queue)
{
	free(queue->owner);
}

static IOReturn get_latest(IOCircularDataQueue *queue)
{
	size_t size;
	void *data;

	return IOCircularDataQueueGetLatest(queue, &data, &size);
}

static IOReturn get_next(IOCircularDataQueue *queue)
{
	size_t size;
	void *data;

	return IOCircularDataQueueGetNext(queue, &data, &size);
}

static IOReturn copy_with(IOCircularDataQueue *queue,
			  IOReturn (*function)(IOCircularDataQueue *, void *, size_t *))
{
	uint64_t word;
	size_t size = sizeof(word);
	IOReturn status = function(queue, &word, &size);

	test_true(size <= sizeof(word));
	return status;
}

static IOReturn copy_latest(IOCircularDataQueue *queue)
{
	return copy_with(queue, IOCircularDataQueueCopyLatest);
}

static IOReturn copy_next(IOCircularDataQueue *queue)
{
	return copy_with(queue, IOCircularDataQueueCopyNext);
}

static IOReturn copy_previous(IOCircularDataQueue *queue)
{
	return copy_with(queue, IOCircularDataQueueCopyPrevious);
}

static IOReturn copy_current(IOCircularDataQueue *queue)
{
	return copy_with(queue, IOCircularDataQueueCopyCurrent);
}

static IOReturn enqueue(IOCircularDataQueue *queue)
{
	uint64_t word = 9;

	return IOCircularDataQueueEnqueue(queue, &word, sizeof(word));
}

static IOReturn (*const operations[])(IOCircularDataQueue *) = {
	get_latest,
	copy_latest,
	get_next,
	copy_next,
	copy_previous,
	copy_current,
	enqueue,
	IOCircularDataQueueSetCursorLatest,
	IOCircularDataQueueIsCurrentDataValid
};

enum { N_ENTRIES = 4 };

enum change {
	NEVER_STILL_STATE, /* these two at each look from some on */
	NEVER_STILL_HEADERS,
	ANOTHER_SENTINEL, /* the others once */
	OTHER_SENTINELS,
	NO_POSITION,
	NEXT_GENERATION,
	NO_SEQUENCE,
	LAST_SEQUENCE,
	FIRST_SEQUENCE,
	RESETTING,
	STATE_BEING_WRITTEN,
	HEADERS_BEING_WRITTEN,
	HEADERS_OF_NEXT_GENERATION,
	HEADERS_OF_OTHER_SEQUENCE,
	HEADERS_OF_NO_SIZE,
	N_CHANGES
};

static void change_entry(IOCircularDataQueueEntryHeader *entry, enum change change)
{
	switch (change) {
	case NEVER_STILL_HEADERS:
	case HEADERS_OF_OTHER_SEQUENCE:
		entry->headerInfo.fields.seqNum += 8;
		break;
	case OTHER_SENTINELS:
		entry->sentinel ^= 1;
		break;
	case HEADERS_BEING_WRITTEN:
		entry->headerInfo.fields.wrStatus = 1;
		break;
	case HEADERS_OF_NEXT_GENERATION:
		entry->headerInfo.fields.generation++;
		break;
	case HEADERS_OF_NO_SIZE:
		entry->headerInfo.fields.dataSize = UINT32_MAX;
		break;
	default:
		break;
	}
}

static void change_memory(const IOCircularDataQueue *queue, enum change change)
{
	IOCircularDataQueueMemory *memory = queue->memory;
	IOCircularDataQueueState *state = &memory->queueState;

	switch (change) {
	case NEVER_STILL_STATE:
		state->fields.seqNum += 8;
		break;
	case ANOTHER_SENTINEL:
		memory->sentinel ^= 1;
		break;
	case NO_POSITION:
		state->fields.wrIndex = N_ENTRIES;
		break;
	case NEXT_GENERATION:
		state->fields.generation++;
		break;
	case NO_SEQUENCE:
		state->fields.seqNum = UINT64_MAX;
		break;
	case LAST_SEQUENCE:
		state->fields.seqNum = UINT64_MAX - 1;
		break;
	case FIRST_SEQUENCE:
		state->fields.seqNum = 0;
		break;
	case RESETTING:
		state->fields.rstStatus = 1;
		break;
	case STATE_BEING_WRITTEN:
		state->fields.wrStatus = 1;
		break;
	default:
		for (size_t i = 0; i < N_ENTRIES; i++)
			change_entry((void *)((uint8_t *)memory->entries +
					      i * queue->description.entryDataSize),
				     change);
	}
}

/* Of the thread that looks: others race for a queue of their own. */
static _Thread_local struct {
	const IOCircularDataQueue *queue; /* NULL: nobody does anything */
	enum change change;
	long from, n; /* from which look on; of so many */
} hostile;

static void before_look(void)
{
	long n = hostile.n++;

	if (hostile.queue &&
	    (n == hostile.from || (n > hostile.from && hostile.change <= NEVER_STILL_HEADERS)))
		change_memory(hostile.queue, hostile.change);
}

static bool is_documented(IOReturn status)
{
	static const IOReturn all[] = { kIOReturnSuccess, kIOReturnUnderrun, kIOReturnOverrun,
					kIOReturnTimeout, kIOReturnAborted,  kIOReturnBadMedia,
					kIOReturnBusy };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i] == status)
			return true;
	return false;
}

/* How often the operation has looked. */
static long run_hostile(size_t operation, enum change change, long from)
{
	IOCircularDataQueueDescription description;

	test_true(wire_circular_queue_describe(N_ENTRIES, 8, &description));
	IOCircularDataQueueMemory *memory = aligned_alloc(16, description.allocMemSize);
	memset(memory, 0, description.allocMemSize);
	wire_circular_queue_format(memory, &description);
	IOCircularDataQueue *queue =
		wire_circular_queue_new(memory, true, &description, free_memory, memory);
	for (uint64_t i = 0; i < 3; i++) {
		test_equal_error(IOCircularDataQueueEnqueue(queue, &i, 8), 0);
		if (i == 1)
			test_equal_error(IOCircularDataQueueSetCursorLatest(queue), 0);
	}
	hostile.change = change;
	hostile.from = from;
	hostile.n = 0;
	hostile.queue = queue;
	IOReturn status = operations[operation](queue);
	hostile.queue = NULL;
	long n = hostile.n;
	test_true(is_documented(status));
	/* Wherever the cursor stands now, nothing is read beyond the entries. */
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		test_true(is_documented(operations[i](queue)));
	IOCircularDataQueueDestroy(&queue);
	return n;
}

TEST(whatever_a_producer_writes_between_any_two_looks)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		for (enum change change = 0; change < N_CHANGES; change++) {
			long n = run_hostile(i, change, LONG_MAX);

			for (long from = 0; from < n; from++)
				run_hostile(i, change, from);
		}
}
