// SPDX-License-Identifier: MIT
/* What needs no driver; results of the public functions: tests/conformance/circular_queues_test.c. */
#include "wire/circular_queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"
#include "test.h"

IOReturn IOCircularDataQueueGetLatestWithBlock(IOCircularDataQueue *queue, void *handler);
IOReturn IOCircularDataQueueGetNextWithBlock(IOCircularDataQueue *queue, void *handler);
IOReturn IOCircularDataQueueGetPreviousWithBlock(IOCircularDataQueue *queue, void *handler);

static void keep_memory(IOCircularDataQueue *queue)
{
}

static void free_memory(IOCircularDataQueue *queue)
{
	free(queue->owner);
}

static IOCircularDataQueue *make(uint32_t n_entries, uint32_t size)
{
	IOCircularDataQueueDescription description;
	IOCircularDataQueueMemory *memory;

	test_true(wire_circular_queue_is_supported());
	test_true(wire_circular_queue_describe(n_entries, size, &description));
	memory = aligned_alloc(16, description.allocMemSize);
	memset(memory, 0, description.allocMemSize);
	wire_circular_queue_format(memory, &description);
	return wire_circular_queue_new(memory, true, &description, free_memory, memory);
}

/* Another handle of the same memory. */
static IOCircularDataQueue *reader_of(IOCircularDataQueue *queue)
{
	return wire_circular_queue_new(queue->memory, false, &queue->description, keep_memory,
				       NULL);
}

TEST(descriptions)
{
	IOCircularDataQueueDescription d, bad;
	uint32_t *fields;

	test_true(wire_circular_queue_describe(3, 17, &d));
	test_equal(d.entryDataSize, 64);
	test_equal(d.memorySize, 192);
	test_equal(d.allocMemSize, 224);
	test_true(wire_circular_queue_is_valid(&d, 224));
	test_true(!wire_circular_queue_is_valid(&d, 225));
	for (int i = 0; i < 5; i++)
		for (int delta = -1; delta <= 1; delta += 2) {
			bad = d;
			fields = &bad.allocMemSize;
			fields[i] += (uint32_t)delta * 16;
			test_true(!wire_circular_queue_is_valid(&bad, 224));
			test_true(!wire_circular_queue_is_valid(&bad, bad.allocMemSize));
		}
	memset(&bad, 0xff, sizeof(bad));
	test_true(!wire_circular_queue_is_valid(&bad, UINT32_MAX));
	memset(&bad, 0, sizeof(bad));
	test_true(!wire_circular_queue_is_valid(&bad, 0));
	test_true(!wire_circular_queue_describe(UINT32_MAX, UINT32_MAX, &d));
	test_true(!wire_circular_queue_describe(1, UINT32_MAX - 63, &d));
	test_true(wire_circular_queue_describe(1, UINT32_MAX - 127, &d));
	test_true(!wire_circular_queue_describe(0, 1, &d));
	test_true(!wire_circular_queue_describe(1, 0, &d));
}

/* A block by hand, as a compiler with blocks makes it. */
struct handler {
	void *isa;
	int flags, reserved;
	void (*invoke)(struct handler *self, const void *data, size_t size);
	IOCircularDataQueue *overwrite; /* with its next entries, so many: */
	int n;
	uint64_t seen;
};

static void invoke(struct handler *self, const void *data, size_t size)
{
	uint64_t next = 99;

	test_equal(size, 8);
	memcpy(&self->seen, data, 8);
	for (int i = 0; i < self->n; i++)
		test_equal_error(IOCircularDataQueueEnqueue(self->overwrite, &next, 8), 0);
}

TEST(blocks_are_told_of_what_was_overwritten)
{
	IOCircularDataQueue *queue = make(4, 8), *reader = reader_of(queue);
	struct handler handler = { .invoke = invoke, .overwrite = queue };

	test_equal_error(IOCircularDataQueueGetLatestWithBlock(reader, &handler),
			 kIOReturnUnderrun);
	test_equal_error(IOCircularDataQueueGetLatestWithBlock(reader, NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetNextWithBlock(NULL, &handler), kIOReturnBadArgument);
	for (uint64_t i = 0; i < 3; i++)
		test_equal_error(IOCircularDataQueueEnqueue(queue, &i, 8), 0);
	test_equal_error(IOCircularDataQueueGetLatestWithBlock(reader, &handler), 0);
	test_equal(handler.seen, 2);
	test_equal_error(IOCircularDataQueueGetPreviousWithBlock(reader, &handler), 0);
	test_equal(handler.seen, 1);
	test_equal_error(IOCircularDataQueueGetNextWithBlock(reader, &handler), 0);
	test_equal(handler.seen, 2);
	test_equal_error(IOCircularDataQueueGetNextWithBlock(reader, &handler), kIOReturnUnderrun);
	handler.n = 4;
	test_equal_error(IOCircularDataQueueGetLatestWithBlock(reader, &handler), kIOReturnOverrun);
	IOCircularDataQueueDestroy(&reader);
	IOCircularDataQueueDestroy(&queue);
}

/* The generation tells a queue that was made anew in the same memory. */
TEST(a_reset_aborts_cursors)
{
	IOCircularDataQueue *queue = make(4, 8), *reader = reader_of(queue);
	IOCircularDataQueueState state = { .fields = { .seqNum = UINT64_MAX, .generation = 2 } };
	uint64_t word = 5;
	size_t size = 8;
	void *data;

	test_equal_error(IOCircularDataQueueEnqueue(queue, &word, 8), 0);
	test_equal_error(IOCircularDataQueueCopyLatest(reader, &word, &size), 0);
	queue->memory->queueState = state;
	test_equal_error(IOCircularDataQueueGetCurrent(reader, &data, &size), kIOReturnAborted);
	test_equal_error(IOCircularDataQueueGetNext(reader, &data, &size), kIOReturnAborted);
	test_equal_error(IOCircularDataQueueGetPrevious(reader, &data, &size), kIOReturnAborted);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(reader), kIOReturnAborted);
	test_equal_error(IOCircularDataQueueGetLatest(reader, &data, &size), kIOReturnUnderrun);
	test_equal_error(IOCircularDataQueueEnqueue(queue, &word, 8), 0);
	test_equal_error(IOCircularDataQueueGetLatest(reader, &data, &size), 0);
	queue->memory->queueState.fields.rstStatus = 1;
	test_equal_error(IOCircularDataQueueGetLatest(reader, &data, &size), kIOReturnBusy);
	IOCircularDataQueueDestroy(&reader);
	IOCircularDataQueueDestroy(&queue);
}

struct racer {
	IOCircularDataQueue *queue;
	uint64_t rounds, stored, busy;
};

static void *race(void *context)
{
	struct racer *racer = context;

	for (uint64_t i = 0; i < racer->rounds; i++) {
		IOReturn status = IOCircularDataQueueEnqueue(racer->queue, &i, 8);

		test_true(!status || (uint32_t)status == (uint32_t)kIOReturnBusy);
		racer->stored += !status;
		racer->busy += status != 0;
	}
	return NULL;
}

/* Two producers where there may be one: one of them is refused, the queue stays whole. */
TEST(a_second_producer_is_busy)
{
	IOCircularDataQueue *queue = make(8, 8);
	struct racer racers[2] = { { queue, test_is_slow() ? 5000 : 200000, 0, 0 },
				   { queue, test_is_slow() ? 5000 : 200000, 0, 0 } };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		test_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	test_equal(queue->memory->queueState.fields.seqNum + 1,
		   racers[0].stored + racers[1].stored);
	test_equal(queue->memory->queueState.fields.wrIndex,
		   (racers[0].stored + racers[1].stored) % 8);
	IOCircularDataQueueDestroy(&queue);
}

static bool is_whole(const uint64_t *words, size_t size)
{
	for (size_t i = 1; i < size / 8; i++)
		if (words[i] != words[0])
			return false;
	return true;
}

/* Large entries, overwritten while they are read, by another process: a copy that is said to be good
 * is of one piece, and so is what IsCurrentDataValid confirms. */
static _Noreturn void write_for_ever(IOCircularDataQueue *queue, uint64_t *words, size_t size)
{
	for (uint64_t n = 0;; n++) {
		for (size_t i = 0; i < size / 8; i++)
			words[i] = n;
		IOCircularDataQueueEnqueue(queue, words, size);
	}
}

TEST(no_read_is_torn)
{
	enum { SIZE = 1 << 16 };
	static uint64_t words[SIZE / 8];
	IOCircularDataQueueDescription description;
	unsigned good = 0, valid = 0, wanted = test_is_slow() ? 100 : 2000;
	IOCircularDataQueue *queue;
	pid_t writer;

	test_true(wire_circular_queue_describe(2, SIZE, &description));
	void *memory = mmap(NULL, description.allocMemSize, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_true(memory != MAP_FAILED);
	wire_circular_queue_format(memory, &description);
	queue = wire_circular_queue_new(memory, true, &description, keep_memory, NULL);
	writer = fork();
	if (writer == 0)
		write_for_ever(queue, words, SIZE);
	while (good < wanted || valid < wanted) {
		size_t size = SIZE;
		void *data;

		if (!IOCircularDataQueueCopyLatest(queue, words, &size)) {
			test_true(is_whole(words, size));
			good++;
		}
		if (!IOCircularDataQueueGetLatest(queue, &data, &size)) {
			bool whole = is_whole(data, size);

			if (!IOCircularDataQueueIsCurrentDataValid(queue)) {
				test_true(whole);
				valid++;
			}
		}
	}
	kill(writer, SIGKILL);
	test_equal(waitpid(writer, NULL, 0), writer);
	IOCircularDataQueueDestroy(&queue);
	munmap(memory, description.allocMemSize);
}

/* --- what is asked wrongly ---------------------------------------------------------------- */

TEST(arguments_are_looked_at_first)
{
	IOCircularDataQueue *queue = make(4, 8), *reader = reader_of(queue), *none = NULL;
	uint64_t word = 7;
	size_t size = 8;
	void *data;

	test_equal_error(IOCircularDataQueueDestroy(NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueDestroy(&none), 0);
	test_equal_error(IOCircularDataQueueSetCursorLatest(NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetLatest(NULL, &data, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetLatest(queue, NULL, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetLatest(queue, &data, NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyLatest(NULL, &word, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyLatest(queue, NULL, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyLatest(queue, &word, NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(NULL, &word, 8), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(queue, NULL, 8), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(queue, &word, 0), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(queue, &word, 9), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(reader, &word, 8), kIOReturnNotWritable);
	/* Nothing is there yet, and no cursor stands anywhere. */
	test_equal_error(IOCircularDataQueueSetCursorLatest(reader), kIOReturnUnderrun);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(reader), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetCurrent(reader, &data, &size), kIOReturnAborted);
	test_equal_error(IOCircularDataQueueEnqueue(queue, &word, 8), 0);
	size = 7;
	test_equal_error(IOCircularDataQueueCopyLatest(reader, &word, &size), kIOReturnOverrun);
	IOCircularDataQueueDestroy(&reader);
	IOCircularDataQueueDestroy(&queue);
}

TEST(a_queue_without_memory_is_none)
{
	IOCircularDataQueue *queue = make(4, 8);

	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		IOCircularDataQueue *reader = reader_of(queue);
		test_equal(reader == NULL, test_shortage_end(&s));
		IOCircularDataQueueDestroy(&reader);
	}
	IOCircularDataQueueDestroy(&queue);
}

TEST_MAIN
