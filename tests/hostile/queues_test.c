// SPDX-License-Identifier: MIT
/* Data queues whose other end writes what it likes. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IODataQueueClient.h>
#include <IOKit/IODataQueueShared.h>
#include <mach/mach.h>

#include "Queue.h"
#include "arena.h"

static struct {
	io_connect_t connect;
	mach_port_t port;
	IODataQueueMemory *shared;
	mach_vm_size_t size;
	uint32_t capacity;
} q;

static void open_queue(uint32_t capacity)
{
	uint64_t in[3] = { QUEUE_SHARED, capacity, 0 }, out[2] = { 0 };
	mach_vm_address_t address = 0;
	uint32_t n = 2;

	q.size = 0;
	q.connect = world_open("QueueDriver", 0);
	q.port = IODataQueueAllocateNotificationPort();
	test_equal_error(IOConnectSetNotificationPort(q.connect, 0, q.port, 0), 0);
	test_equal_error(IOConnectCallScalarMethod(q.connect, QUEUE_CREATE, in, 3, out, &n), 0);
	test_equal(out[0], 1);
	q.capacity = (uint32_t)out[1];
	test_equal_error(IOConnectMapMemory64(q.connect, 0, mach_task_self(), &address, &q.size,
					      kIOMapAnywhere),
			 0);
	q.shared = (IODataQueueMemory *)(uintptr_t)address;
}

static void close_queue(void)
{
	IOServiceClose(q.connect);
	mach_port_mod_refs(mach_task_self(), q.port, MACH_PORT_RIGHT_RECEIVE, -1);
}

static bool enqueue(uint32_t size)
{
	static uint8_t data[4096];
	uint64_t out = 0;
	uint32_t n = 1;

	memset(data, 0x44, sizeof(data));
	test_equal_error(IOConnectCallMethod(q.connect, QUEUE_ENQUEUE, NULL, 0, data, size, &out,
					     &n, NULL, NULL),
			 0);
	return out;
}

static uint64_t fill(uint64_t count, uint64_t size)
{
	uint64_t in[2] = { count, size }, out = 0;
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(q.connect, QUEUE_FILL, in, 2, &out, &n), 0);
	return out;
}

/* Everything the library offers, with whatever is in the memory. */
static void consume_anything(void)
{
	uint8_t data[4096];
	uint32_t size = sizeof(data);

	IODataQueueDataAvailable(q.shared);
	IODataQueuePeek(q.shared);
	IODataQueueDequeue(q.shared, data, &size);
	IODataQueueDequeue(q.shared, NULL, NULL);
}

/* The driver as a consumer. */
static void driver_dequeues(uint64_t room)
{
	uint64_t out[3];
	uint32_t n = 3;

	test_equal_error(IOConnectCallScalarMethod(q.connect, QUEUE_DEQUEUE, &room, 1, out, &n), 0);
	n = 1;
	test_equal_error(IOConnectCallScalarMethod(q.connect, QUEUE_SKIP, NULL, 0, out, &n), 0);
}

static uint64_t count_wakes(void)
{
	struct {
		mach_msg_header_t header;
		uint8_t rest[256];
	} message;
	uint64_t n = 0;

	while (!mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message),
			 q.port, 0, 0))
		n++;
	return n;
}

/* --- P-Q1, P-Q2, P-Q3 ---------------------------------------------------------------------------- */

static const uint32_t *words_for(uint32_t size)
{
	static uint32_t words[24];
	const uint32_t all[24] = { 0,	       1,	   2,	       3,	   4,
				   5,	       7,	   8,	       size - 8,   size - 5,
				   size - 4,   size - 3,   size - 1,   size,	   size + 1,
				   size + 4,   2 * size,   0x7fffffff, 0x80000000, 0xfffffff0,
				   0xfffffffb, 0xfffffffc, 0xfffffffe, 0xffffffff };

	memcpy(words, all, sizeof(words));
	return words;
}

HOSTILE(P_Q1, the_size_in_the_memory)
{
	arena_begin("Queue.dext", NULL);
	open_queue(4096);
	for (int i = 0; i < 24; i++) {
		uint8_t data[4096];
		uint32_t size = sizeof(data);

		/* Nobody looks at it. */
		q.shared->queueSize = words_for(q.capacity)[i];
		test_true(enqueue(64));
		test_true(!enqueue(q.capacity));
		q.shared->queueSize = words_for(q.capacity)[i];
		test_equal_error(IODataQueueDequeue(q.shared, data, &size), 0);
		test_equal(size, 64);
		test_true(!IODataQueueDataAvailable(q.shared));
	}
	close_queue();
	arena_end();
}

HOSTILE(P_Q2, head_and_tail_of_any_value)
{
	const uint64_t rounds = test_rounds(1, 8);

	arena_begin("Queue.dext", NULL);
	open_queue(4096);
	for (uint64_t round = 0; round < rounds; round++)
		for (int i = 0; i < 24; i++)
			for (int k = 0; k < 24; k++) {
				const uint32_t *words = words_for(q.capacity);

				q.shared->head = words[i];
				q.shared->tail = words[k];
				enqueue((uint32_t)(8 + 512 * round));
				q.shared->head = words[i];
				q.shared->tail = words[k];
				consume_anything();
				driver_dequeues(64);
			}
	close_queue();
	/* The next one is whole. */
	open_queue(4096);
	test_true(enqueue(64));
	close_queue();
	arena_end();
}

HOSTILE(P_Q3, entries_of_any_size)
{
	uint8_t data[4096];

	arena_begin("Queue.dext", NULL);
	for (int i = 0; i < 24; i++) {
		uint32_t size = sizeof(data), claimed;
		IOReturn status;

		open_queue(4096);
		claimed = words_for(q.capacity)[i];
		test_true(enqueue(64));
		q.shared->queue[0].size = claimed;
		status = IODataQueueDequeue(q.shared, data, &size);
		if (claimed > q.capacity - 4) {
			test_true(status != 0);
			test_equal(q.shared->head, 0);
		}
		q.shared->queue[0].size = claimed;
		driver_dequeues(64);
		close_queue();
	}
	arena_end();
}

struct scribbler {
	atomic_bool ends;
	uint64_t state;
};

static void *scribble_all_the_time(void *context)
{
	struct scribbler *s = context;
	volatile uint32_t *words = (volatile uint32_t *)q.shared;

	while (!atomic_load(&s->ends)) {
		uint64_t at = arena_random(&s->state);

		words[at & 1 ? (at >> 8) % 4 : (at >> 8) % (q.size / 4)] =
			arena_nasty_word(&s->state);
	}
	return NULL;
}

/* All of it, all the time, while both ends work. */
static void scribble_while_working(uint64_t rounds)
{
	struct scribbler s = { .state = 88172645463325252 };
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, scribble_all_the_time, &s), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		enqueue(8 + i % 900);
		fill(10, 100);
		consume_anything();
		driver_dequeues(4096);
	}
	atomic_store(&s.ends, true);
	pthread_join(thread, NULL);
}

HOSTILE(P_Q2, everything_changes_all_the_time)
{
	arena_begin("Queue.dext", NULL);
	open_queue(8192);
	scribble_while_working(test_rounds(300, 50000));
	close_queue();
	arena_end();
}

/* --- P-Q4, P-Q5, P-Q7, P-Q8 ---------------------------------------------------------------------- */

HOSTILE(P_Q4, too_small_a_buffer)
{
	uint8_t data[64];
	uint32_t size;

	arena_begin("Queue.dext", NULL);
	open_queue(4096);
	test_true(enqueue(60));
	for (uint32_t room = 0; room < 60; room++) {
		size = room;
		test_equal_error(IODataQueueDequeue(q.shared, data, &size), kIOReturnNoSpace);
		test_equal(IODataQueuePeek(q.shared)->size, 60);
	}
	size = 60;
	test_equal_error(IODataQueueDequeue(q.shared, data, &size), 0);
	test_equal(size, 60);
	test_true(!IODataQueueDataAvailable(q.shared));
	close_queue();
	arena_end();
}

/* Numbered entries of all sizes through a queue that ends with its last page. */
static void run_numbered(uint64_t count, bool waits)
{
	uint64_t in[2] = { count, 120 };
	uint8_t data[256];

	test_equal_error(IOConnectCallScalarMethod(q.connect, QUEUE_RUN, in, 2, NULL, NULL), 0);
	for (uint64_t i = 0; i < count; i++) {
		uint32_t size = sizeof(data);
		uint64_t number;

		while (IODataQueueDequeue(q.shared, data, &size)) {
			if (waits)
				IODataQueueWaitForAvailableData(q.shared, q.port);
			else
				sched_yield();
			size = sizeof(data);
		}
		memcpy(&number, data, sizeof(number));
		test_equal(number, i);
		test_equal(size, queue_size_of(i, 120));
	}
}

HOSTILE(P_Q5, first_in_first_out_to_the_last_byte)
{
	arena_begin("Queue.dext", NULL);
	/* Header and appendix make a page of it. */
	open_queue(4096 - (uint32_t)DATA_QUEUE_MEMORY_HEADER_SIZE -
		   (uint32_t)DATA_QUEUE_MEMORY_APPENDIX_SIZE);
	run_numbered(test_rounds(20000, 1000000), false);
	close_queue();
	arena_end();
}

/* Who copies gets a whole entry or an error; who peeks has been warned. */
HOSTILE(P_Q7, a_size_that_changes_after_the_look)
{
	arena_begin("Queue.dext", NULL);
	for (int i = 0; i < 24; i++) {
		uint32_t size = 256, claimed;
		uint8_t *room = arena_guarded(256);
		IODataQueueEntry *entry;
		IOReturn status;

		open_queue(4096);
		claimed = words_for(q.capacity)[i];
		test_true(enqueue(100));
		entry = IODataQueuePeek(q.shared);
		test_true(entry != NULL && entry->size == 100);
		entry->size = claimed;
		status = IODataQueueDequeue(q.shared, room, &size);
		test_true(status || size <= 256);
		arena_guarded_free(room, 256);
		close_queue();
	}
	arena_end();
}

HOSTILE(P_Q8, a_consumer_that_stops_reading)
{
	const uint64_t count = test_rounds(50000, 1000000);
	uint64_t stored;
	uint32_t size;
	uint8_t data[64];

	arena_begin("Queue.dext", NULL);
	open_queue(4096);
	stored = fill(UINT32_MAX, 60);
	test_equal(stored, q.capacity / 64);
	for (uint64_t i = 0; i < count; i++)
		if (i % 1000 == 0)
			test_true(!enqueue(60));
		else if (i % 100 == 0)
			test_equal(fill(100, 60), 0);
	/* One that was empty before, none for what was refused. */
	test_true(count_wakes() <= 1);
	for (uint64_t i = 0; i < stored; i++) {
		size = sizeof(data);
		test_equal_error(IODataQueueDequeue(q.shared, data, &size), 0);
		test_equal(data[0], (uint8_t)i);
		test_equal(data[59], (uint8_t)i);
	}
	test_true(!IODataQueueDataAvailable(q.shared));
	test_true(enqueue(60));
	close_queue();
	arena_end();
}

/* --- P-Q9, P-Q10 ----------------------------------------------------------------------------------- */

HOSTILE(P_Q9, an_appendix_full_of_other_names)
{
	uint8_t data[64];
	uint32_t size;

	arena_begin("Queue.dext", NULL);
	open_queue(4096);
	mach_port_t other = IODataQueueAllocateNotificationPort(), own = q.port;
	volatile uint32_t *appendix =
		(uint32_t *)((uint8_t *)q.shared + DATA_QUEUE_MEMORY_HEADER_SIZE + q.capacity);
	size_t words = (q.size - DATA_QUEUE_MEMORY_HEADER_SIZE - q.capacity) / 4;

	for (uint64_t i = 0; i < test_rounds(50, 5000); i++) {
		for (size_t k = 0; k < words; k++)
			appendix[k] = i % 3 == 0 ? other : i % 3 == 1 ? UINT32_MAX : 0;
		test_true(enqueue(60));
		size = sizeof(data);
		test_equal_error(IODataQueueWaitForAvailableData(q.shared, own), 0);
		test_equal_error(IODataQueueDequeue(q.shared, data, &size), 0);
		q.port = other;
		test_equal(count_wakes(), 0);
		q.port = own;
	}
	mach_port_mod_refs(mach_task_self(), other, MACH_PORT_RIGHT_RECEIVE, -1);
	close_queue();
	arena_end();
}

static void *wake_all_the_time(void *context)
{
	struct {
		mach_msg_header_t header;
	} message = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		      .header.msgh_remote_port = q.port,
		      .header.msgh_size = sizeof(message) };

	while (!atomic_load((atomic_bool *)context)) {
		mach_msg(&message.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(message), 0, 0,
			 0, 0);
		sched_yield();
	}
	return NULL;
}

/* Somebody fills the port with wake-ups of his own: each entry arrives all the same. */
HOSTILE(P_Q10, wake_ups_that_mean_nothing)
{
	atomic_bool ends = false;
	pthread_t thread;

	arena_begin("Queue.dext", NULL);
	open_queue(4096);
	test_equal(pthread_create(&thread, NULL, wake_all_the_time, &ends), 0);
	run_numbered(test_rounds(20000, 3000000), true);
	atomic_store(&ends, true);
	pthread_join(thread, NULL);
	run_numbered(test_rounds(20000, 7000000), true);
	close_queue();
	arena_end();
}

TEST_MAIN
