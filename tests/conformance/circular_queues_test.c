// SPDX-License-Identifier: MIT
/* M33 and M34: the lossy queue of a driver, and programs that read it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOCircularDataQueue.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "../drivers/Queue.dext/Queue.h"
#include "test.h"
#include "world.h"

enum { WRITABLE = 1, READ_ONLY = 2 }; /* memory types */

struct ring {
	io_connect_t connect;
	IOCircularDataQueue *queue;
};

static uint64_t call(const struct ring *r, uint32_t selector, const uint64_t *in, uint32_t n_in)
{
	uint64_t out = 0;
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(r->connect, selector, in, n_in, &out, &n), 0);
	return out;
}

static IOReturn create(const struct ring *r, uint64_t n_entries, uint64_t size)
{
	uint64_t in[2] = { n_entries, size };

	return (IOReturn)call(r, QUEUE_CIRCULAR_CREATE, in, 2);
}

static IOReturn put(const struct ring *r, const void *data, size_t size)
{
	uint64_t out;
	uint32_t n = 1;

	test_equal_error(IOConnectCallMethod(r->connect, QUEUE_CIRCULAR_ENQUEUE, NULL, 0, data,
					     size, &out, &n, NULL, NULL),
			 0);
	return (IOReturn)out;
}

/* COUNT entries of one number each, beginning with FIRST. */
static void fill(const struct ring *r, uint64_t first, uint64_t count)
{
	uint64_t in[2] = { first, count };

	test_equal_error((IOReturn)call(r, QUEUE_CIRCULAR_FILL, in, 2), 0);
}

static struct ring begin(uint64_t n_entries, uint64_t size, uint32_t type)
{
	struct ring r = { 0 };

	world_start_with_bundle("Queue.dext");
	r.connect = world_open("QueueDriver", 0);
	test_equal_error(create(&r, n_entries, size), 0);
	test_equal_error(IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer,
								 r.connect, type, &r.queue),
			 0);
	test_true(r.queue != NULL);
	return r;
}

static void end(struct ring *r)
{
	test_equal_error(IOCircularDataQueueDestroy(&r->queue), 0);
	test_true(r->queue == NULL);
	test_equal_error(IOServiceClose(r->connect), 0);
	world_stop();
}

typedef IOReturn (*copy_fn)(IOCircularDataQueue *, void *, size_t *);

/* The number in the entry that COPY gives. */
static uint64_t number(const struct ring *r, copy_fn copy)
{
	uint64_t words[512];
	size_t size = sizeof(words);

	test_equal_error(copy(r->queue, words, &size), 0);
	test_true(size >= 8 && size % 8 == 0);
	for (size_t i = 0; i < size / 8; i++)
		test_equal(words[i], words[0]);
	return words[0];
}

static IOReturn status(const struct ring *r, copy_fn copy)
{
	uint8_t bytes[4096];
	size_t size = sizeof(bytes);

	return copy(r->queue, bytes, &size);
}

static IOReturn get_status(const struct ring *r,
			   IOReturn (*get)(IOCircularDataQueue *, void **, size_t *))
{
	void *data;
	size_t size;

	return get(r->queue, &data, &size);
}

/* The same memory, as somebody may scribble in it. */
static IOCircularDataQueueMemory *map(const struct ring *r, mach_vm_size_t *size)
{
	mach_vm_address_t address = 0;

	test_equal_error(IOConnectMapMemory64(r->connect, WRITABLE, mach_task_self(), &address,
					      size, kIOMapAnywhere),
			 0);
	return (IOCircularDataQueueMemory *)(uintptr_t)address;
}

TEST(M33)
{
	test_equal(sizeof(IOCircularDataQueueDescription), 32);
	test_equal(offsetof(IOCircularDataQueueDescription, allocMemSize), 8);
	test_equal(offsetof(IOCircularDataQueueDescription, entryDataSize), 12);
	test_equal(offsetof(IOCircularDataQueueDescription, memorySize), 16);
	test_equal(offsetof(IOCircularDataQueueDescription, numEntries), 20);
	test_equal(offsetof(IOCircularDataQueueDescription, dataSize), 24);
	test_equal(sizeof(IOCircularDataQueueMemoryCursor), 16);
	test_equal(offsetof(IOCircularDataQueueMemoryCursor, sequenceNum), 8);
	test_equal(CIRCULAR_DATA_QUEUE_MEMORY_HEADER_SIZE, 32);
	test_equal(CIRCULAR_DATA_QUEUE_ENTRY_HEADER_SIZE, 32);
	test_equal(kIOCircularDataQueueCreateConsumer, 1);
	test_equal(kIOCircularDataQueueCreateProducer, 2);
	test_equal_text(kIOCircularQueueDescriptionKey, "IOCircularQueueDescription");
}

TEST(M33_layout_in_memory)
{
	struct ring r = begin(4, 20, WRITABLE);
	mach_vm_size_t size = 0;
	IOCircularDataQueueMemory *memory = map(&r, &size);
	const uint8_t *second = (const uint8_t *)memory + 32 + 64;

	test_equal(size, 32 + 4 * (32 + 32));
	test_equal(memory->sentinel, 0xA5A5A5A5A5A5A5A5);
	test_equal(memory->queueState.fields.seqNum, UINT64_MAX);
	test_equal(memory->queueState.fields.generation, 1);
	test_equal(memory->queueState.fields.wrIndex, 0);
	test_equal_error(put(&r, "a", 1), 0);
	test_equal_error(put(&r, "bcd", 3), 0);
	test_equal(memory->queueState.fields.seqNum, 1);
	test_equal(memory->queueState.fields.wrIndex, 2);
	test_equal(memory->queueState.fields.wrStatus, 0);
	const IOCircularDataQueueEntryHeader *entry = (const void *)second;
	test_equal(entry->headerInfo.fields.seqNum, 1);
	test_equal(entry->headerInfo.fields.dataSize, 3);
	test_equal(entry->headerInfo.fields.generation, 1);
	test_equal(entry->headerInfo.fields.wrStatus, 0);
	test_equal(entry->sentinel, 0xA5A5A5A5A5A5A5A5);
	test_equal(memcmp(entry->data, "bcd", 3), 0);
	end(&r);
}

TEST(M34)
{
	struct ring r = begin(4, 8, WRITABLE);
	void *data;
	size_t size = 77;

	test_equal_error(IOCircularDataQueueGetLatest(r.queue, &data, &size), kIOReturnUnderrun);
	test_equal_error(status(&r, IOCircularDataQueueCopyLatest), kIOReturnUnderrun);
	test_equal_error(IOCircularDataQueueSetCursorLatest(r.queue), kIOReturnUnderrun);
	fill(&r, 100, 1);
	test_equal_error(IOCircularDataQueueGetLatest(r.queue, &data, &size), 0);
	test_equal(size, 8);
	test_equal(*(uint64_t *)data, 100);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(r.queue), 0);
	fill(&r, 101, 3);
	test_equal_error(get_status(&r, IOCircularDataQueueGetCurrent), 0);
	fill(&r, 104, 1); /* over the first */
	test_equal_error(get_status(&r, IOCircularDataQueueGetCurrent), kIOReturnOverrun);
	test_equal_error(status(&r, IOCircularDataQueueCopyCurrent), kIOReturnOverrun);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(r.queue), kIOReturnOverrun);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 104);
	test_equal_error(IOCircularDataQueueGetLatest(r.queue, &data, &size), 0);
	test_equal(*(uint64_t *)data, 104);
	end(&r);
}

TEST(M34_forwards_and_backwards)
{
	struct ring r = begin(4, 8, READ_ONLY);

	fill(&r, 0, 1);
	test_equal_error(IOCircularDataQueueSetCursorLatest(r.queue), 0);
	test_equal_error(status(&r, IOCircularDataQueueCopyPrevious), kIOReturnOverrun);
	test_equal_error(status(&r, IOCircularDataQueueCopyNext), kIOReturnUnderrun);
	fill(&r, 1, 3);
	for (uint64_t n = 1; n < 4; n++) {
		test_equal(number(&r, IOCircularDataQueueCopyNext), n);
		test_equal(number(&r, IOCircularDataQueueCopyCurrent), n);
	}
	test_equal_error(status(&r, IOCircularDataQueueCopyNext), kIOReturnUnderrun);
	test_equal_error(get_status(&r, IOCircularDataQueueGetNext), kIOReturnUnderrun);
	for (uint64_t n = 3; n-- > 0;)
		test_equal(number(&r, IOCircularDataQueueCopyPrevious), n);
	test_equal_error(get_status(&r, IOCircularDataQueueGetPrevious), kIOReturnOverrun);
	test_equal(number(&r, IOCircularDataQueueCopyCurrent), 0);
	/* A slow reader has lost what it wanted, and begins again with the latest. */
	fill(&r, 4, 20);
	test_equal_error(status(&r, IOCircularDataQueueCopyNext), kIOReturnOverrun);
	test_equal_error(get_status(&r, IOCircularDataQueueGetNext), kIOReturnOverrun);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 23);
	for (uint64_t n = 22; n >= 20; n--)
		test_equal(number(&r, IOCircularDataQueueCopyPrevious), n);
	test_equal_error(status(&r, IOCircularDataQueueCopyPrevious), kIOReturnOverrun);
	end(&r);
}

TEST(M34_a_fresh_cursor)
{
	struct ring r = begin(4, 8, READ_ONLY);

	for (int round = 0; round < 2; round++) { /* empty, then not */
		test_equal_error(status(&r, IOCircularDataQueueCopyCurrent), kIOReturnAborted);
		test_equal_error(get_status(&r, IOCircularDataQueueGetCurrent), kIOReturnAborted);
		test_equal_error(status(&r, IOCircularDataQueueCopyNext), kIOReturnAborted);
		test_equal_error(get_status(&r, IOCircularDataQueueGetNext), kIOReturnAborted);
		test_equal_error(status(&r, IOCircularDataQueueCopyPrevious), kIOReturnAborted);
		test_equal_error(get_status(&r, IOCircularDataQueueGetPrevious), kIOReturnAborted);
		test_equal_error(IOCircularDataQueueIsCurrentDataValid(r.queue),
				 kIOReturnBadArgument);
		fill(&r, 0, 2);
	}
	end(&r);
}

TEST(M34_a_ring_of_one)
{
	struct ring r = begin(1, 8, READ_ONLY);

	for (uint64_t n = 0; n < 5; n++) {
		fill(&r, n, 1);
		test_equal(number(&r, IOCircularDataQueueCopyLatest), n);
		test_equal_error(status(&r, IOCircularDataQueueCopyPrevious), kIOReturnOverrun);
		test_equal_error(status(&r, IOCircularDataQueueCopyNext), kIOReturnUnderrun);
	}
	end(&r);
}

TEST(M34_small_buffers)
{
	struct ring r = begin(4, 24, READ_ONLY);
	char small[8] = "";
	size_t size = sizeof(small);

	test_equal_error(put(&r, "twelve bytes", 12), 0);
	test_equal_error(IOCircularDataQueueCopyLatest(r.queue, small, &size), kIOReturnOverrun);
	test_equal(size, 12); /* what it takes */
	test_equal(small[0], 0);
	size = sizeof(small);
	test_equal_error(IOCircularDataQueueCopyCurrent(r.queue, small, &size), kIOReturnOverrun);
	test_equal_error(put(&r, "eight...", 8), 0);
	size = sizeof(small);
	test_equal_error(IOCircularDataQueueCopyNext(r.queue, small, &size), 0);
	test_equal(size, 8);
	test_equal(memcmp(small, "eight...", 8), 0);
	end(&r);
}

TEST(M34_arguments)
{
	struct ring r = begin(4, 24, WRITABLE);
	IOCircularDataQueue *none = NULL, *queue = r.queue;
	char data[32] = "";
	size_t size = sizeof(data);
	void *at;

	test_equal_error(IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer,
								 r.connect, WRITABLE, NULL),
			 kIOReturnBadArgument);
	/* A type without memory; of no connection. */
	test_equal_error(IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer,
								 r.connect, 0, &none),
			 kIOReturnBadArgument);
	test_true(IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer,
							  MACH_PORT_NULL, 0, &none) != 0);
	test_true(none == NULL);
	test_equal_error(IOCircularDataQueueDestroy(NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueDestroy(&none), 0);
	test_equal_error(IOCircularDataQueueEnqueue(NULL, data, 1), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(queue, NULL, 1), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(queue, data, 0), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueEnqueue(queue, data, 25), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetLatest(NULL, &at, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetLatest(queue, NULL, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueGetLatest(queue, &at, NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyLatest(queue, NULL, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyNext(queue, data, NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyPrevious(NULL, data, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueCopyCurrent(NULL, data, &size), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueSetCursorLatest(NULL), kIOReturnBadArgument);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(NULL), kIOReturnBadArgument);
	/* What the driver may not make. */
	test_equal_error(create(&r, 0, 8), kIOReturnBadArgument);
	test_equal_error(create(&r, 8, 0), kIOReturnBadArgument);
	test_equal_error(create(&r, UINT32_MAX, 8), kIOReturnBadArgument);
	test_equal_error(create(&r, 2, UINT32_MAX), kIOReturnBadArgument);
	test_equal_error(create(&r, 1 << 27, 8), kIOReturnBadArgument);
	end(&r);
}

TEST(M34_memory_that_is_no_circular_queue)
{
	struct ring r = begin(4, 24, WRITABLE);
	uint64_t in[3] = { QUEUE_SHARED, 1000, 0 }, out[2];
	uint32_t n = 2;
	IOCircularDataQueue *none = NULL;

	test_equal_error(IOConnectCallScalarMethod(r.connect, QUEUE_CREATE, in, 3, out, &n), 0);
	test_equal_error(IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer,
								 r.connect, 0, &none),
			 kIOReturnBadArgument);
	test_true(none == NULL);
	end(&r);
}

TEST(M34_a_program_as_producer)
{
	struct ring r = begin(4, 8, WRITABLE);
	uint64_t out[3], five = 5;
	uint32_t n = 3;

	test_equal_error(IOCircularDataQueueEnqueue(r.queue, &five, sizeof(five)), 0);
	test_equal_error(
		IOConnectCallScalarMethod(r.connect, QUEUE_CIRCULAR_LATEST, NULL, 0, out, &n), 0);
	test_equal_error(out[0], 0);
	test_equal(out[1], 8);
	test_equal(out[2], 5);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 5);
	end(&r);
}

TEST(M34_memory_for_reading_only)
{
	struct ring r = begin(4, 8, READ_ONLY);

	test_equal_error(IOCircularDataQueueEnqueue(r.queue, "x", 1), kIOReturnNotWritable);
	fill(&r, 7, 1);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 7);
	end(&r);
}

/* The handle's memory is its own: it outlives the connection and other mappings. */
TEST(M34_a_handle_outlives_its_connection)
{
	struct ring r = begin(4, 8, READ_ONLY);

	fill(&r, 7, 1);
	test_equal_error(IOServiceClose(r.connect), 0);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 7);
	test_equal_error(IOCircularDataQueueDestroy(&r.queue), 0);
	world_stop();
}

/* --- damage ------------------------------------------------------------------------------------ */

TEST(M34_damaged_sentinels)
{
	struct ring r = begin(4, 8, WRITABLE);
	mach_vm_size_t size = 0;
	IOCircularDataQueueMemory *memory = map(&r, &size);
	uint64_t good = memory->sentinel;

	fill(&r, 0, 2);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 0 + 1);
	memory->sentinel = 1;
	test_equal_error(status(&r, IOCircularDataQueueCopyLatest), kIOReturnBadMedia);
	test_equal_error(status(&r, IOCircularDataQueueCopyCurrent), kIOReturnBadMedia);
	test_equal_error(status(&r, IOCircularDataQueueCopyNext), kIOReturnBadMedia);
	test_equal_error(status(&r, IOCircularDataQueueCopyPrevious), kIOReturnBadMedia);
	test_equal_error(IOCircularDataQueueSetCursorLatest(r.queue), kIOReturnBadMedia);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(r.queue), kIOReturnBadMedia);
	test_equal_error(put(&r, "x", 1), kIOReturnBadMedia);
	memory->sentinel = good;
	((IOCircularDataQueueEntryHeader *)((uint8_t *)memory->entries + 48))->sentinel = 2;
	test_equal_error(status(&r, IOCircularDataQueueCopyLatest), kIOReturnBadMedia);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(r.queue), kIOReturnBadMedia);
	fill(&r, 2, 1);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 2);
	end(&r);
}

TEST(M34_a_write_that_never_ends)
{
	struct ring r = begin(4, 8, WRITABLE);
	mach_vm_size_t size = 0;
	IOCircularDataQueueMemory *memory = map(&r, &size);

	fill(&r, 0, 1);
	memory->queueState.fields.wrStatus = 1;
	test_equal_error(put(&r, "x", 1), kIOReturnBusy);
	test_equal(number(&r, IOCircularDataQueueCopyLatest), 0); /* reading goes on */
	memory->entries[0].headerInfo.fields.wrStatus = 1;
	test_equal_error(status(&r, IOCircularDataQueueCopyLatest), kIOReturnTimeout);
	test_equal_error(status(&r, IOCircularDataQueueCopyCurrent), kIOReturnOverrun);
	test_equal_error(IOCircularDataQueueIsCurrentDataValid(r.queue), kIOReturnOverrun);
	end(&r);
}

/* Any index, size, number and generation: an error or an entry, never memory outside. */
TEST(M34_hostile_numbers)
{
	struct ring r = begin(4, 8, WRITABLE);
	mach_vm_size_t size = 0;
	IOCircularDataQueueMemory *memory = map(&r, &size);
	static const uint32_t numbers[] = { 0, 1,      3,	   4,	       5,
					    9, 0x1000, 0x7fffffff, 0x80000000, UINT32_MAX };
	enum { N = sizeof(numbers) / sizeof(*numbers) };

	fill(&r, 0, 6);
	for (unsigned i = 0; i < N * N * 4; i++) {
		uint32_t a = numbers[i % N], b = numbers[i / N % N];
		IOCircularDataQueueEntryHeader *entry =
			(void *)((uint8_t *)memory->entries + (a & 3) * 48);

		memory->queueState.fields.wrIndex =
			i / N / N & 1 ? a : memory->queueState.fields.wrIndex;
		memory->queueState.fields.seqNum = i / N / N & 2 ? b : 5;
		entry->headerInfo.fields.dataSize = b;
		entry->headerInfo.fields.generation = 1;
		entry->headerInfo.fields.seqNum = memory->queueState.fields.seqNum;
		status(&r, IOCircularDataQueueCopyLatest);
		status(&r, IOCircularDataQueueCopyNext);
		status(&r, IOCircularDataQueueCopyPrevious);
		status(&r, IOCircularDataQueueCopyCurrent);
		put(&r, "x", 1);
	}
	memory->queueState.fields.wrIndex = 4;
	test_equal_error(status(&r, IOCircularDataQueueCopyLatest), kIOReturnBadMedia);
	test_equal_error(put(&r, "x", 1), kIOReturnBadMedia);
	end(&r);
}

/* --- several readers ------------------------------------------------------------------------------ */

/* In a process of its own: every entry is whole, and numbers only grow. */
static int read_until(uint64_t wanted)
{
	io_service_t service = IOServiceGetMatchingService(0, IOServiceMatching("QueueDriver"));
	struct ring r = { 0 };
	uint64_t last = 0, seen = 0;

	if (!service || IOServiceOpen(service, mach_task_self(), 0, &r.connect) ||
	    IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer, r.connect,
						    READ_ONLY, &r.queue))
		return 2;
	for (uint64_t i = 0; seen < wanted; i++) {
		static uint64_t words[512];
		size_t size = sizeof(words);
		copy_fn copy = i % 3 ? IOCircularDataQueueCopyNext : IOCircularDataQueueCopyLatest;

		if (copy(r.queue, words, &size))
			continue;
		for (size_t w = 0; w < size / 8; w++)
			if (words[w] != words[0])
				return 3;
		if (size != 2048 || (seen && words[0] < last))
			return 4;
		last = words[0];
		seen++;
	}
	return 0;
}

static void read_while_written(uint64_t n_entries)
{
	enum { READERS = 3 };
	struct ring r = begin(n_entries, 2048, READ_ONLY);
	pid_t readers[READERS];
	int result;

	test_equal_error(
		IOConnectCallScalarMethod(r.connect, QUEUE_CIRCULAR_RUN, NULL, 0, NULL, NULL), 0);
	for (int i = 0; i < READERS; i++) {
		readers[i] = fork();
		if (readers[i] == 0)
			_exit(read_until(test_is_slow() ? 100 : 3000));
	}
	for (int i = 0; i < READERS; i++) {
		test_equal(waitpid(readers[i], &result, 0), readers[i]);
		test_equal(result, 0);
	}
	end(&r);
}

TEST(M34_readers_in_other_processes)
{
	read_while_written(3);
}

/* Whatever is read may be overwritten at any time. */
TEST(M34_readers_of_a_ring_of_one)
{
	read_while_written(1);
}

TEST_MAIN
