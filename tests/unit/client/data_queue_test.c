// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <IOKit/IODataQueueClient.h>
#include <mach/mach.h>
#include <portico/data_queue.h>

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

TEST(a_damaged_queue_is_an_error)
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

/* Memory that nobody has mapped: nothing is remembered of it from call to call. */
TEST(many_entries_in_one_call)
{
	IODataQueueMemory *queue = new_queue(200);
	struct portico_data_queue_record in[12], out[12];
	uint64_t numbers[12], buffer[12], room;
	uint32_t count, taken, size;

	for (uint64_t i = 0; i < 12; i++) {
		numbers[i] = i;
		in[i] = (struct portico_data_queue_record){ &numbers[i], 8 };
	}
	for (int round = 0; round < 40; round++) {
		count = 12;
		test_equal_error(portico_data_queue_enqueue(queue, in, &count), 0);
		test_equal(count, 12);
		test_true(IODataQueueDataAvailable(queue));
		size = sizeof(room);
		test_equal_error(IODataQueueDequeue(queue, &room, &size), 0);
		test_equal(room, 0);
		for (taken = 1; taken < 12; taken += count) {
			count = 12;
			test_equal_error(portico_data_queue_dequeue(queue, buffer, sizeof(buffer),
								    out, &count),
					 0);
			for (uint32_t i = 0; i < count; i++)
				test_equal(*(uint64_t *)out[i].data, taken + i);
		}
		count = 12;
		test_equal_error(
			portico_data_queue_dequeue(queue, buffer, sizeof(buffer), out, &count),
			kIOReturnUnderrun);
		test_equal(count, 0);
	}
	do
		count = 12;
	while (!portico_data_queue_enqueue(queue, in, &count) && count == 12);
	count = 12;
	test_equal_error(portico_data_queue_enqueue(queue, in, &count), kIOReturnOverrun);
	count = 12;
	test_equal_error(portico_data_queue_dequeue(queue, buffer, 7, out, &count),
			 kIOReturnNoSpace);
	test_equal_error(portico_data_queue_dequeue(NULL, buffer, 8, out, &count),
			 kIOReturnBadArgument);
	test_equal_error(portico_data_queue_enqueue(queue, NULL, &count), kIOReturnBadArgument);
	queue->head = 201;
	count = 12;
	test_equal_error(portico_data_queue_enqueue(queue, in, &count), kIOReturnUnderrun);
	count = 12;
	test_equal_error(portico_data_queue_dequeue(queue, buffer, 8, out, &count), kIOReturnError);
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

/* The kernel knows where memory ends: a queue without an appendix is left alone. */
TEST(a_port_is_never_written_behind_memory)
{
	IODataQueueMemory *queue = new_queue(32);
	mach_port_t port = IODataQueueAllocateNotificationPort();
	IODataQueueAppendix appendix;
	struct {
		IODataQueueMemory queue;
		char rest[64];
	} used = { .queue = { .queueSize = 16 } };

	test_equal_error(IODataQueueSetNotificationPort(queue, port), 0);
	test_equal_error(IODataQueueSetNotificationPort(queue, 0), 0);
	/* Something else stands where an appendix would: it stays. */
	memset((uint8_t *)&used + DATA_QUEUE_MEMORY_HEADER_SIZE + 16, 0x77, sizeof(appendix));
	test_equal_error(IODataQueueSetNotificationPort(&used.queue, port), 0);
	memcpy(&appendix, (uint8_t *)&used + DATA_QUEUE_MEMORY_HEADER_SIZE + 16, sizeof(appendix));
	test_equal(appendix.version, 0x77777777);
	test_equal_error(IODataQueueSetNotificationPort(&used.queue, 0), 0);
	/* An appendix may be set again. */
	memset(&used.queue.queue, 0, sizeof(used) - DATA_QUEUE_MEMORY_HEADER_SIZE);
	for (mach_port_t name = port; name <= port + 1; name++) {
		test_equal_error(IODataQueueSetNotificationPort(&used.queue, name), 0);
		memcpy(&appendix, (uint8_t *)&used + DATA_QUEUE_MEMORY_HEADER_SIZE + 16,
		       sizeof(appendix));
		test_equal(appendix.msgh.msgh_remote_port, name);
	}
	test_equal_error(IODataQueueSetNotificationPort(&used.queue, 0), 0);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

TEST_MAIN
