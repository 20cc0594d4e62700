// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <IOKit/IODataQueueClient.h>
#include <mach/mach.h>

#include "test.h"

/* A queue that ends (up to alignment) with a page that is followed by none. */
static IODataQueueMemory *new_queue(uint32_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t total = (DATA_QUEUE_MEMORY_HEADER_SIZE + size + page - 1) / page * page;
	uint8_t *base = mmap(NULL, total + page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	IODataQueueMemory *queue;

	test_true(base != MAP_FAILED);
	test_equal(mprotect(base + total, page, PROT_NONE), 0);
	queue = (IODataQueueMemory *)(base + total -
				      ((DATA_QUEUE_MEMORY_HEADER_SIZE + size + 3) & ~(size_t)3));
	queue->queueSize = size;
	return queue;
}

static IOReturn enqueue(IODataQueueMemory *queue, const char *data, uint32_t size)
{
	return IODataQueueEnqueue(queue, (void *)(uintptr_t)data, size);
}

static uint32_t dequeue(IODataQueueMemory *queue, void *data, uint32_t room)
{
	test_equal_error(IODataQueueDequeue(queue, data, &room), kIOReturnSuccess);
	return room;
}

TEST(spec_m02_entry_of_five_bytes)
{
	IODataQueueMemory *queue = new_queue(64);
	uint32_t size;
	char out[8] = "";

	test_equal(IODataQueueDataAvailable(queue), 0);
	test_equal_error(enqueue(queue, "hello", 5), 0);
	test_equal(queue->tail, 9);
	test_equal(IODataQueueDataAvailable(queue), 1);
	memcpy(&size, IODataQueuePeek(queue), 4);
	test_equal(size, 5);
	test_equal(dequeue(queue, out, sizeof(out)), 5);
	test_equal_text(out, "hello");
	test_equal(queue->head, 9);
	test_true(IODataQueuePeek(queue) == NULL);
	size = sizeof(out);
	test_equal_error(IODataQueueDequeue(queue, out, &size), kIOReturnUnderrun);
}

TEST(spec_m03_m04_m05_arguments)
{
	IODataQueueMemory *queue = new_queue(64);
	uint32_t size = 4;
	char out[8];

	enqueue(queue, "hello", 5);
	test_equal_error(IODataQueueDequeue(queue, out, &size), kIOReturnNoSpace);
	test_equal(size, 4);
	test_equal(queue->head, 0);
	test_equal_error(IODataQueueDequeue(queue, out, NULL), kIOReturnBadArgument);
	test_equal_error(IODataQueueDequeue(NULL, out, &size), kIOReturnBadArgument);
	test_equal_error(IODataQueueDequeue(queue, NULL, &size), kIOReturnSuccess);
	test_equal(size, 4);
	test_equal(queue->head, 9);
	test_equal(IODataQueueDataAvailable(NULL), 0);
	test_true(IODataQueuePeek(NULL) == NULL);
	test_equal_error(IODataQueueEnqueue(NULL, out, 1), kIOReturnBadArgument);
	test_equal_error(IODataQueueEnqueue(queue, NULL, 1), kIOReturnBadArgument);
	test_equal_error(IODataQueueSetNotificationPort(NULL, 1), kIOReturnBadArgument);
	test_equal_error(IODataQueueWaitForAvailableData(NULL, 1), kIOReturnBadArgument);
	test_equal_error(IODataQueueWaitForAvailableData(queue, 0), kIOReturnBadArgument);
}

TEST(spec_m06_m07_m08_full_and_wrap)
{
	IODataQueueMemory *queue = new_queue(24);
	char out[8];

	test_equal_error(enqueue(queue, "aaaaaaaa", 8), 0);
	test_equal_error(enqueue(queue, "bbbbbbbb", 8), 0);
	test_equal(queue->tail, 24);
	test_equal_error(enqueue(queue, "cccccccc", 8), kIOReturnOverrun);
	dequeue(queue, out, 8);
	test_equal_error(enqueue(queue, "cccccccc", 8), kIOReturnOverrun);
	dequeue(queue, out, 8);
	test_equal(queue->head, 24);
	test_equal_error(enqueue(queue, "cccccccc", 8), 0);
	test_equal(queue->tail, 12);
	dequeue(queue, out, 8);
	test_equal(memcmp(out, "cccccccc", 8), 0);
	test_equal(queue->head, 12);
}

TEST(spec_m09_empty_queue_can_refuse)
{
	IODataQueueMemory *queue = new_queue(100);
	char data[60] = "";

	queue->head = queue->tail = 50;
	test_equal_error(IODataQueueEnqueue(queue, data, 60), kIOReturnOverrun);
}

TEST(spec_m10_m11_m12_offsets)
{
	IODataQueueMemory *queue = new_queue(30);
	char out[20];
	uint32_t size;

	enqueue(queue, "1", 1);
	enqueue(queue, "22", 2);
	enqueue(queue, "333", 3);
	test_equal(queue->tail, 18);
	for (int i = 1; i <= 3; i++)
		test_equal(dequeue(queue, out, sizeof(out)), i);
	/* 12 bytes are left at the end: the size goes there, the entry to the start. */
	test_equal_error(enqueue(queue, "0123456789", 10), 0);
	memcpy(&size, (uint8_t *)queue->queue + 18, 4);
	test_equal(size, 10);
	test_equal(dequeue(queue, out, sizeof(out)), 10);
	test_equal(queue->head, 14);
	/* Two bytes left at the end: nothing is written there. */
	queue->head = queue->tail = 28;
	memset((uint8_t *)queue->queue + 28, 0x55, 2);
	test_equal_error(enqueue(queue, "xyz", 3), 0);
	test_equal(((uint8_t *)queue->queue)[28], 0x55);
	test_equal(dequeue(queue, out, sizeof(out)), 3);
	test_equal(memcmp(out, "xyz", 3), 0);
}

TEST(spec_m28_m29_damaged_queue_is_an_error)
{
	IODataQueueMemory *queue = new_queue(32);
	uint32_t bad = 0xffffffff, size = 32;
	char out[32];

	queue->head = 33;
	queue->tail = 4;
	test_equal_error(IODataQueueDequeue(queue, out, &size), kIOReturnError);
	test_true(IODataQueuePeek(queue) == NULL);
	queue->head = 0;
	memcpy(queue->queue, &bad, 4);
	test_equal_error(IODataQueueDequeue(queue, out, &size), kIOReturnError);
	queue->head = 33;
	test_equal_error(IODataQueueEnqueue(queue, out, 4), kIOReturnUnderrun);
}

/* K3: head at or near the end of a queue that ends with its page. */
TEST(head_near_the_end_reads_nothing_behind)
{
	char out[32];

	for (uint32_t head = 29; head <= 32; head++) {
		IODataQueueMemory *queue = new_queue(32);
		uint32_t three = 3, size = sizeof(out);

		memcpy(queue->queue, &three, 4);
		queue->head = head;
		queue->tail = 7;
		test_equal_error(IODataQueueDequeue(queue, out, &size), 0);
		test_equal(size, 3);
		test_equal(queue->head, 7);
	}
}

TEST(every_head_tail_and_size_stays_inside)
{
	IODataQueueMemory *queue = new_queue(16);
	static const uint32_t sizes[] = { 0, 1, 8, 12, 13, 16, 0x7fffffff, 0xfffffffc, 0xffffffff };
	char out[64];

	for (uint32_t head = 0; head < 24; head++)
		for (uint32_t tail = 0; tail < 24; tail++)
			for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
				uint32_t room = sizeof(out);
				IOReturn status;

				for (uint32_t at = 0; at + 4 <= 16; at += 4)
					memcpy((uint8_t *)queue->queue + at, &sizes[i], 4);
				queue->head = head;
				queue->tail = tail;
				status = IODataQueueDequeue(queue, out, &room);
				test_true(status == 0 || status == kIOReturnUnderrun ||
					  status == kIOReturnError);
				test_true(status || queue->head <= 16);
				queue->head = head;
				queue->tail = tail;
				IODataQueueEnqueue(queue, out, 5);
			}
}

struct pipe {
	IODataQueueMemory *queue;
	mach_port_t port;
	uint32_t count;
};

static void *produce(void *context)
{
	struct pipe *pipe = context;
	char data[40] = "";

	for (uint32_t i = 0; i < pipe->count;) {
		memcpy(data, &i, 4);
		if (IODataQueueEnqueue(pipe->queue, data, 4 + i % 30) != kIOReturnOverrun)
			i++;
	}
	return NULL;
}

TEST(spec_m17_no_wake_up_is_lost)
{
	struct pipe pipe = { new_queue(200), IODataQueueAllocateNotificationPort(),
			     test_is_slow() ? 20000 : 300000 };
	pthread_t thread;
	uint32_t next = 0;

	test_true(pipe.port != 0);
	test_equal(mach_port_insert_right(mach_task_self(), pipe.port, pipe.port,
					  MACH_MSG_TYPE_MAKE_SEND),
		   0);
	test_equal_error(IODataQueueSetNotificationPort(pipe.queue, pipe.port), 0);
	pthread_create(&thread, NULL, produce, &pipe);
	while (next < pipe.count) {
		test_equal_error(IODataQueueWaitForAvailableData(pipe.queue, pipe.port), 0);
		while (IODataQueueDataAvailable(pipe.queue)) {
			char out[40];
			uint32_t value;

			test_equal(dequeue(pipe.queue, out, sizeof(out)), 4 + next % 30);
			memcpy(&value, out, 4);
			test_equal(value, next++);
		}
	}
	pthread_join(thread, NULL);
	IODataQueueSetNotificationPort(pipe.queue, 0);
	mach_port_destroy(mach_task_self(), pipe.port);
}

TEST(spec_m22_larger_message_is_too_large)
{
	mach_port_t port = IODataQueueAllocateNotificationPort();
	IODataQueueMemory *queue = new_queue(16);
	struct {
		mach_msg_header_t header;
		char body[16];
	} message = { .header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
				  .msgh_size = sizeof(message),
				  .msgh_remote_port = port } };

	test_equal_error(mach_msg(&message.header, MACH_SEND_MSG, sizeof(message), 0, 0, 0, 0), 0);
	test_equal_error(IODataQueueWaitForAvailableData(queue, port), MACH_RCV_TOO_LARGE);
	test_equal(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	test_equal_error(IODataQueueWaitForAvailableData(queue, port), MACH_RCV_INVALID_NAME);
}

TEST_MAIN
