// SPDX-License-Identifier: MIT
/* M: data queues between a driver and a program, and between programs. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IODataQueueClientPrivate.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "../drivers/Queue.dext/Queue.h"
#include "test.h"
#include "world.h"

/* A connection with its queue mapped, the driver being the producer. */
struct shared {
	io_connect_t connect;
	mach_port_t port;
	IODataQueueMemory *queue;
	mach_vm_size_t length;
	uint32_t size; /* as the driver says */
};

static void call(struct shared *s, uint32_t selector, const uint64_t *in, uint32_t n_in,
		 uint64_t *out, uint32_t n_out)
{
	uint32_t n = n_out;

	test_equal_error(IOConnectCallScalarMethod(s->connect, selector, in, n_in, out, &n), 0);
	test_equal(n, n_out);
}

/* False: the driver could not make such a queue. */
static bool create(struct shared *s, uint64_t kind, uint64_t a, uint64_t b)
{
	uint64_t in[3] = { kind, a, b }, out[2];

	call(s, QUEUE_CREATE, in, 3, out, 2);
	s->size = (uint32_t)out[1];
	return out[0];
}

static void map(struct shared *s)
{
	mach_vm_address_t address = 0;

	test_equal_error(IOConnectMapMemory64(s->connect, 0, mach_task_self(), &address, &s->length,
					      kIOMapAnywhere),
			 0);
	s->queue = (IODataQueueMemory *)(uintptr_t)address;
}

static struct shared begin(uint64_t kind, uint64_t a, uint64_t b)
{
	struct shared s = { 0 };

	world_start_with_bundle("Queue.dext");
	s.connect = world_open("QueueDriver", 0);
	s.port = IODataQueueAllocateNotificationPort();
	test_true(s.port != 0);
	test_equal_error(IOConnectSetNotificationPort(s.connect, 0, s.port, 0), 0);
	test_true(create(&s, kind, a, b));
	map(&s);
	return s;
}

static void end(struct shared *s)
{
	test_equal_error(
		IOConnectUnmapMemory64(s->connect, 0, mach_task_self(), (uintptr_t)s->queue), 0);
	if (s->port)
		mach_port_mod_refs(mach_task_self(), s->port, MACH_PORT_RIGHT_RECEIVE, -1);
	test_equal_error(IOServiceClose(s->connect), 0);
	world_stop();
}

static bool put(struct shared *s, const void *data, size_t size)
{
	uint64_t out;
	uint32_t n = 1;

	test_equal_error(IOConnectCallMethod(s->connect, QUEUE_ENQUEUE, NULL, 0, data, size, &out,
					     &n, NULL, NULL),
			 0);
	return out;
}

/* COUNT entries of SIZE bytes; how many were stored. */
static uint64_t fill(struct shared *s, uint64_t count, uint64_t size)
{
	uint64_t in[2] = { count, size }, out;

	call(s, QUEUE_FILL, in, 2, &out, 1);
	return out;
}

static IOReturn take(IODataQueueMemory *queue, uint32_t expected)
{
	uint8_t data[4096];
	uint32_t size = sizeof(data);
	IOReturn status = IODataQueueDequeue(queue, data, &size);

	if (!status)
		test_equal(size, expected);
	return status;
}

static uint32_t word_at(IODataQueueMemory *queue, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, (uint8_t *)queue + DATA_QUEUE_MEMORY_HEADER_SIZE + offset, sizeof(word));
	return word;
}

static void set_word_at(IODataQueueMemory *queue, uint32_t offset, uint32_t word)
{
	memcpy((uint8_t *)queue + DATA_QUEUE_MEMORY_HEADER_SIZE + offset, &word, sizeof(word));
}

/* Is a message waiting? It is taken. */
static bool was_woken(mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} message;
	kern_return_t result = mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
					sizeof(message), port, 0, MACH_PORT_NULL);

	test_true(result == 0 || (uint32_t)result == MACH_RCV_TIMED_OUT);
	if (result)
		return false;
	test_equal(message.header.msgh_id, 0);
	test_equal(message.header.msgh_size, 24);
	test_equal(message.header.msgh_local_port, port);
	return true;
}

/* Wake-ups come over a socket: the answer of a call says that those before it have been sent. */
static void await_wake_up(struct shared *s)
{
	test_equal_error(IODataQueueWaitForAvailableData(s->queue, s->port), 0);
}

/* --- a queue of the program's own ------------------------------------------------------------ */

struct own {
	IODataQueueMemory *queue;
	mach_port_t port;
};

static struct own make_own(uint32_t size)
{
	struct own o = { calloc(1, DATA_QUEUE_MEMORY_HEADER_SIZE + size +
					   DATA_QUEUE_MEMORY_APPENDIX_SIZE + 4),
			 IODataQueueAllocateNotificationPort() };

	o.queue->queueSize = size;
	test_true(o.port != 0);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), o.port, o.port, MACH_MSG_TYPE_MAKE_SEND),
		0);
	test_equal_error(IODataQueueSetNotificationPort(o.queue, o.port), 0);
	return o;
}

static void free_own(struct own *o)
{
	IODataQueueSetNotificationPort(o->queue, MACH_PORT_NULL);
	mach_port_destroy(mach_task_self(), o->port);
	free(o->queue);
}

/* --- layout ------------------------------------------------------------------------------------ */

TEST(M01_layout_of_an_empty_queue)
{
	struct shared s = begin(QUEUE_SHARED, 1000, 0);

	test_equal(s.queue->queueSize, 1000);
	test_equal(s.queue->head, 0);
	test_equal(s.queue->tail, 0);
	test_equal(word_at(s.queue, 1000), 0); /* the appendix's version */
	test_equal(IODataQueueDataAvailable(s.queue), 0);
	test_true(IODataQueuePeek(s.queue) == NULL);
	test_equal_error(take(s.queue, 0), kIOReturnUnderrun);
	test_equal_error(IODataQueueDequeue(s.queue, NULL, NULL), kIOReturnUnderrun);
	end(&s);
}

TEST(M02)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	char data[8] = "";
	uint32_t size = 5;

	test_true(put(&s, "hello", 5));
	test_equal(s.queue->tail, 9);
	test_equal(IODataQueueDataAvailable(s.queue), 1);
	IODataQueueEntry *entry = IODataQueuePeek(s.queue);
	test_true(entry != NULL);
	test_equal(word_at(s.queue, 0), 5);
	test_equal(memcmp(entry->data, "hello", 5), 0);
	test_equal(s.queue->head, 0);
	test_equal_error(IODataQueueDequeue(s.queue, data, &size), 0);
	test_equal(size, 5);
	test_equal_text(data, "hello");
	test_equal(s.queue->head, 9);
	end(&s);
}

TEST(M03)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	char data[8] = "";
	uint32_t size = 4;

	test_true(put(&s, "hello", 5));
	test_equal_error(IODataQueueDequeue(s.queue, data, &size), kIOReturnNoSpace);
	test_equal(size, 4);
	test_equal(s.queue->head, 0);
	test_equal(data[0], 0);
	end(&s);
}

TEST(M04)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	uint32_t size = 77;

	test_true(put(&s, "hello", 5));
	test_equal_error(IODataQueueDequeue(s.queue, NULL, &size), 0);
	test_equal(size, 77);
	test_equal(s.queue->head, 9);
	test_true(put(&s, "hello", 5));
	test_equal_error(IODataQueueDequeue(s.queue, NULL, NULL), 0);
	test_equal(s.queue->head, 18);
	end(&s);
}

TEST(M05)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	char data[8];
	uint32_t size = 8;

	test_true(put(&s, "hello", 5));
	test_equal_error(IODataQueueDequeue(s.queue, data, NULL), kIOReturnBadArgument);
	test_equal_error(IODataQueueDequeue(NULL, data, &size), kIOReturnBadArgument);
	test_equal_error(IODataQueueDequeue(NULL, NULL, NULL), kIOReturnBadArgument);
	test_equal_error(IODataQueueEnqueue(NULL, data, 1), kIOReturnBadArgument);
	test_true(IODataQueuePeek(NULL) == NULL);
	test_equal(IODataQueueDataAvailable(NULL), 0);
	test_equal(s.queue->head, 0);
	end(&s);
}

/* --- wrapping ----------------------------------------------------------------------------------- */

TEST(M06)
{
	struct shared s = begin(QUEUE_SHARED, 24, 0);

	test_equal(fill(&s, 3, 8), 2);
	test_equal(s.queue->tail, 24);
	test_true(!put(&s, "", 1));
	test_equal(s.queue->tail, 24);
	end(&s);
}

TEST(M07)
{
	struct shared s = begin(QUEUE_SHARED, 24, 0);

	test_equal(fill(&s, 2, 8), 2);
	test_equal_error(take(s.queue, 8), 0);
	test_equal(s.queue->head, 12);
	test_equal(fill(&s, 1, 8), 0);
	test_equal(fill(&s, 1, 7), 1); /* 12 > 11 */
	test_equal(s.queue->tail, 11);
	end(&s);
}

TEST(M08)
{
	struct shared s = begin(QUEUE_SHARED, 24, 0);

	test_equal(fill(&s, 2, 8), 2);
	test_equal_error(take(s.queue, 8), 0);
	test_equal_error(take(s.queue, 8), 0);
	test_equal(s.queue->head, 24);
	test_equal(IODataQueueDataAvailable(s.queue), 0);
	test_equal(fill(&s, 1, 8), 1);
	test_equal(s.queue->tail, 12);
	test_equal_error(take(s.queue, 8), 0);
	test_equal(s.queue->head, 12);
	end(&s);
}

TEST(M09)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);

	test_equal(fill(&s, 1, 46), 1);
	test_equal_error(take(s.queue, 46), 0);
	test_equal(s.queue->head, 50);
	test_equal(s.queue->tail, 50);
	test_equal(fill(&s, 1, 60), 0);
	test_equal(fill(&s, 1, 46), 1);
	test_equal(s.queue->tail, 100);
	end(&s);
}

TEST(M10)
{
	for (uint32_t left = 1; left < 4; left++) {
		struct shared s = begin(QUEUE_SHARED, 100, 0);
		uint32_t tail = 100 - left;

		test_equal(fill(&s, 1, tail - 4), 1);
		test_equal_error(take(s.queue, tail - 4), 0);
		memset((uint8_t *)s.queue + DATA_QUEUE_MEMORY_HEADER_SIZE + tail, 0xee, left);
		test_equal(fill(&s, 1, 20), 1);
		test_equal(s.queue->tail, 24);
		for (uint32_t i = 0; i < left; i++)
			test_equal(((uint8_t *)s.queue)[DATA_QUEUE_MEMORY_HEADER_SIZE + tail + i],
				   0xee);
		test_equal_error(take(s.queue, 20), 0);
		test_equal(s.queue->head, 24);
		end(&s);
	}
}

TEST(M11)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);

	test_equal(fill(&s, 1, 90), 1);
	test_equal_error(take(s.queue, 90), 0);
	test_equal(s.queue->head, 94);
	test_equal(fill(&s, 1, 20), 1);
	test_equal(word_at(s.queue, 94), 20);
	test_equal(word_at(s.queue, 0), 20);
	test_equal(s.queue->tail, 24);
	test_equal_error(take(s.queue, 20), 0);
	test_equal(s.queue->head, 24);
	end(&s);
}

TEST(M12)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);

	test_true(put(&s, "1", 1) && put(&s, "22", 2) && put(&s, "333", 3));
	test_equal(word_at(s.queue, 0), 1);
	test_equal(word_at(s.queue, 5), 2);
	test_equal(word_at(s.queue, 11), 3);
	test_equal(s.queue->tail, 18);
	test_equal_error(take(s.queue, 1), 0);
	test_equal_error(take(s.queue, 2), 0);
	test_equal_error(take(s.queue, 3), 0);
	end(&s);
}

TEST(M12_an_entry_without_data)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	uint32_t size = 0;
	char none;

	test_equal(fill(&s, 1, 0), 1);
	test_equal(s.queue->tail, 4);
	test_equal(IODataQueueDataAvailable(s.queue), 1);
	test_equal_error(IODataQueueDequeue(s.queue, &none, &size), 0);
	test_equal(size, 0);
	test_equal(s.queue->head, 4);
	end(&s);
}

/* --- sizes ---------------------------------------------------------------------------------------- */

TEST(M13)
{
	struct shared s = begin(QUEUE_SHARED_ENTRIES, 10, 6);

	test_equal(s.size, 110);
	test_equal(s.queue->queueSize, 110);
	for (int round = 0; round < 23; round++) {
		test_equal(fill(&s, 10, 6), 10);
		for (int i = 0; i < 10; i++)
			test_equal_error(take(s.queue, 6), 0);
		test_equal(fill(&s, 1, 6), 1); /* begin elsewhere next time */
		test_equal_error(take(s.queue, 6), 0);
	}
	end(&s);
}

TEST(M13_sizes_that_overflow)
{
	struct shared s = { 0 };

	world_start_with_bundle("Queue.dext");
	s.connect = world_open("QueueDriver", 0);
	for (uint64_t kind = QUEUE_SHARED; kind <= QUEUE_PLAIN_ENTRIES; kind++) {
		test_true(!create(&s, kind, UINT32_MAX, UINT32_MAX));
		test_true(!create(&s, kind, UINT32_MAX, 1));
	}
	test_true(!create(&s, QUEUE_SHARED_ENTRIES, 65535, 65536));
	IOServiceClose(s.connect);
	world_stop();
}

TEST(M14)
{
	struct shared s = begin(QUEUE_SHARED, 1000, 0);
	uint32_t head;

	test_equal(s.length, 1040);
	test_equal(fill(&s, 1, 8), 1);
	test_equal_error(take(s.queue, 8), 0);
	memcpy(&head, (uint8_t *)s.queue + 4, sizeof(head));
	test_equal(head, 12);
	end(&s);
}

TEST(M14_a_plain_queue_has_no_appendix)
{
	struct shared s = begin(QUEUE_PLAIN, 1000, 0);

	test_equal(s.length, 1012);
	test_equal(s.size, 1000);
	test_equal(fill(&s, 1, 996), 1);
	await_wake_up(&s);
	test_equal(s.queue->tail, 1000);
	test_equal(word_at(s.queue, 0), 996);
	/* Nothing to write a port into: what follows the entries stays zero, the program's wake-ups work. */
	test_equal_error(IODataQueueSetNotificationPort(s.queue, s.port), 0);
	test_equal(word_at(s.queue, 1000), 0);
	test_equal_error(take(s.queue, 996), 0);
	end(&s);
}

TEST(M14_a_plain_queue_with_entries)
{
	struct shared s = begin(QUEUE_PLAIN_ENTRIES, 3, 8);

	test_equal(s.size, 48);
	test_equal(s.length, 60);
	test_equal(fill(&s, 4, 8), 4); /* it begins at 0: there is room for one more */
	end(&s);
}

/* --- waking ----------------------------------------------------------------------------------------- */

TEST(M15)
{
	struct shared s = begin(QUEUE_SHARED, 1000, 0);

	for (int round = 0; round < 3; round++) {
		test_equal(fill(&s, 1, 8), 1);
		await_wake_up(&s);
		test_equal(fill(&s, 5, 8), 5);
		test_true(!was_woken(s.port));
		while (IODataQueueDataAvailable(s.queue))
			test_equal_error(take(s.queue, 8), 0);
	}
	end(&s);
}

TEST(M16)
{
	struct shared s = begin(QUEUE_SHARED, 1000, 0);

	test_equal(fill(&s, 2, 8), 2);
	await_wake_up(&s);
	test_equal_error(take(s.queue, 8), 0);
	test_equal(fill(&s, 1, 8), 1);
	test_true(!was_woken(s.port));
	test_equal_error(take(s.queue, 8), 0);
	test_equal_error(take(s.queue, 8), 0);
	test_equal(fill(&s, 1, 8), 1);
	await_wake_up(&s);
	end(&s);
}

/* The consumer sleeps only after it has seen an empty queue: were a wake-up lost, it would sleep for
 * ever and the watchdog would end the test. */
TEST(M17)
{
	struct shared s = begin(QUEUE_SHARED, 300, 0);
	uint64_t in[2] = { test_is_slow() ? 30000 : 300000, 40 }, next = 0;
	uint8_t data[64];

	call(&s, QUEUE_RUN, in, 2, NULL, 0);
	while (next < in[0]) {
		await_wake_up(&s);
		while (IODataQueueDataAvailable(s.queue)) {
			uint32_t size = sizeof(data);
			uint64_t number;

			test_equal_error(IODataQueueDequeue(s.queue, data, &size), 0);
			memcpy(&number, data, sizeof(number));
			test_equal(number, next);
			test_equal(size, queue_size_of(next++, 40));
		}
	}
	end(&s);
}

struct pipe {
	struct own own;
	uint64_t count;
};

static void *produce(void *context)
{
	struct pipe *pipe = context;
	uint8_t data[64] = { 0 };

	for (uint64_t n = 0; n < pipe->count;) {
		memcpy(data, &n, sizeof(n));
		if ((uint32_t)IODataQueueEnqueue(pipe->own.queue, data, queue_size_of(n, 40)) !=
		    (uint32_t)kIOReturnOverrun)
			n++;
	}
	return NULL;
}

TEST(M17_between_threads_of_a_program)
{
	struct pipe pipe = { make_own(300), test_is_slow() ? 20000 : 300000 };
	uint64_t next = 0;
	uint8_t data[64];
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, produce, &pipe), 0);
	while (next < pipe.count) {
		test_equal_error(IODataQueueWaitForAvailableData(pipe.own.queue, pipe.own.port), 0);
		while (IODataQueueDataAvailable(pipe.own.queue)) {
			uint32_t size = sizeof(data);
			uint64_t number;

			test_equal_error(IODataQueueDequeue(pipe.own.queue, data, &size), 0);
			memcpy(&number, data, sizeof(number));
			test_equal(number, next);
			test_equal(size, queue_size_of(next++, 40));
		}
	}
	pthread_join(thread, NULL);
	free_own(&pipe.own);
}

TEST(M18_a_port_set_with_data_inside_sends_nothing)
{
	struct shared s = begin(QUEUE_SHARED, 1000, 0);

	test_equal_error(IOConnectSetNotificationPort(s.connect, 0, MACH_PORT_NULL, 0), 0);
	test_equal(fill(&s, 2, 8), 2);
	test_equal_error(IOConnectSetNotificationPort(s.connect, 0, s.port, 0), 0);
	test_equal(fill(&s, 1, 8), 1); /* not empty: nothing either */
	test_true(!was_woken(s.port));
	for (int i = 0; i < 3; i++)
		test_equal_error(take(s.queue, 8), 0);
	test_equal(fill(&s, 1, 8), 1);
	await_wake_up(&s);
	end(&s);
}

TEST(M19_a_port_for_one_wake_up)
{
	mach_port_t port = IODataQueueAllocateNotificationPort();
	mach_port_limits_t limits;
	mach_port_status_t status;
	mach_msg_type_number_t count = MACH_PORT_LIMITS_INFO_COUNT;

	test_equal_error(mach_port_get_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO,
						  (mach_port_info_t)&limits, &count),
			 0);
	test_equal(limits.mpl_qlimit, 1);
	count = MACH_PORT_RECEIVE_STATUS_COUNT;
	test_equal_error(mach_port_get_attributes(mach_task_self(), port, MACH_PORT_RECEIVE_STATUS,
						  (mach_port_info_t)&status, &count),
			 0);
	test_equal(status.mps_msgcount, 0);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1),
			 0);
}

/* More wake-ups than the port holds are one; what was enqueued is all there. */
TEST(M19_wake_ups_coalesce)
{
	struct shared s = begin(QUEUE_SHARED, 1000, 0);

	for (int i = 0; i < 10; i++) {
		test_equal(fill(&s, 1, 8), 1);
		test_equal_error(take(s.queue, 8), 0);
	}
	await_wake_up(&s);
	test_equal(fill(&s, 1, 8), 1);
	await_wake_up(&s);
	end(&s);
}

TEST(M20)
{
	struct own o = make_own(64);

	test_equal_error(IODataQueueWaitForAvailableData(o.queue, MACH_PORT_NULL),
			 kIOReturnBadArgument);
	test_equal_error(IODataQueueWaitForAvailableData(NULL, o.port), kIOReturnBadArgument);
	free_own(&o);
}

struct waiter {
	IODataQueueMemory *queue;
	mach_port_t port;
	atomic_int state; /* 1: about to wait, 2: has waited */
	IOReturn result;
};

static void *wait_once(void *context)
{
	struct waiter *w = context;

	atomic_store(&w->state, 1);
	w->result = IODataQueueWaitForAvailableData(w->queue, w->port);
	atomic_store(&w->state, 2);
	return NULL;
}

static pthread_t start_waiting(struct waiter *w)
{
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, wait_once, w), 0);
	while (!atomic_load(&w->state))
		sched_yield();
	return thread;
}

TEST(M21)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	struct waiter w = { s.queue, s.port, 0, -1 };
	pthread_t thread;

	test_equal(fill(&s, 1, 8), 1);
	await_wake_up(&s);
	/* The data is still there, its message is not: waiting looks at the port alone. */
	thread = start_waiting(&w);
	for (int i = 0; i < 100; i++)
		sched_yield();
	test_equal(atomic_load(&w.state), 1);
	test_equal_error(take(s.queue, 8), 0);
	test_equal(fill(&s, 1, 8), 1);
	pthread_join(thread, NULL);
	test_equal_error(w.result, 0);
	end(&s);
}

TEST(M22)
{
	struct own o = make_own(64);
	struct {
		mach_msg_header_t header;
		char more[16];
	} m = { .header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			    .msgh_size = sizeof(m),
			    .msgh_remote_port = o.port } };

	test_equal(sizeof(m), 40);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0), 0);
	test_equal_error(IODataQueueWaitForAvailableData(o.queue, o.port), 0x10004004);
	test_true(!was_woken(o.port)); /* it is gone */
	free_own(&o);
}

TEST(M23)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	struct waiter w = { s.queue, s.port, 0, 0 };
	pthread_t thread = start_waiting(&w);

	test_equal_error(mach_port_mod_refs(mach_task_self(), s.port, MACH_PORT_RIGHT_RECEIVE, -1),
			 0);
	pthread_join(thread, NULL);
	test_true((uint32_t)w.result == 0x10004006 || (uint32_t)w.result == 0x10004002);
	test_equal_error(IODataQueueWaitForAvailableData(s.queue, s.port), 0x10004002);
	/* The driver goes on: a receiver that is gone changes nothing for the data. */
	test_equal(fill(&s, 2, 8), 2);
	test_equal_error(take(s.queue, 8), 0);
	s.port = 0;
	end(&s);
}

/* --- the program as producer ----------------------------------------------------------------------- */

TEST(M24_a_program_enqueues)
{
	struct own o = make_own(24);
	char data[8] = "1234567";

	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), 0);
	test_true(was_woken(o.port));
	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), 0);
	test_true(!was_woken(o.port));
	test_equal(o.queue->tail, 24);
	/* Full: refused, and the consumer is told again. */
	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), kIOReturnOverrun);
	test_true(was_woken(o.port));
	test_equal_error(take(o.queue, 8), 0);
	test_equal_error(take(o.queue, 8), 0);
	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), 0);
	test_equal(o.queue->tail, 12);
	free_own(&o);
}

/* The data is in although the result is that of the send. */
TEST(M25_the_result_is_that_of_the_send)
{
	struct own o = make_own(100);
	char data[8] = "1234567";

	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), 0);
	test_equal_error(take(o.queue, 8), 0);
	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), MACH_SEND_TIMED_OUT);
	test_equal_error(take(o.queue, 8), 0);
	test_true(was_woken(o.port));
	test_equal_error(IODataQueueSetNotificationPort(o.queue, MACH_PORT_NULL), 0);
	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), 0);
	test_true(!was_woken(o.port));
	free_own(&o);
}

TEST(M26_a_driver_takes_what_a_program_enqueues)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	uint64_t room = 4, out[3];
	char data[5] = "hallo";

	call(&s, QUEUE_PEEK, NULL, 0, out, 3);
	test_equal(out[0], 0);
	test_equal_error(IODataQueueEnqueue(s.queue, data, 5), 0);
	test_equal_error(IODataQueueEnqueue(s.queue, data, 2), 0);
	call(&s, QUEUE_PEEK, NULL, 0, out, 3);
	test_equal(out[0], 1);
	test_equal(out[1], 5);
	test_equal(out[2], 'h');
	call(&s, QUEUE_DEQUEUE, &room, 1, out, 3); /* too small: as it was */
	test_equal(out[0], 0);
	test_equal(s.queue->head, 0);
	room = 5;
	call(&s, QUEUE_DEQUEUE, &room, 1, out, 3);
	test_equal(out[0], 1);
	test_equal(out[1], 5);
	test_equal(out[2], 'h');
	call(&s, QUEUE_SKIP, NULL, 0, out, 1);
	test_equal(out[0], 1);
	call(&s, QUEUE_SKIP, NULL, 0, out, 1);
	test_equal(out[0], 0);
	test_equal(s.queue->head, 15);
	/* Damaged by the program: nothing, and nothing outside is read. */
	s.queue->head = 101;
	call(&s, QUEUE_DEQUEUE, &room, 1, out, 3);
	test_equal(out[0], 0);
	s.queue->head = 0;
	set_word_at(s.queue, 0, UINT32_MAX);
	call(&s, QUEUE_PEEK, NULL, 0, out, 3);
	test_equal(out[0], 0);
	end(&s);
}

/* --- damage ------------------------------------------------------------------------------------------ */

TEST(M27)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);
	static const uint32_t heads[] = { 101, 200, 0x7fffffff, 0x80000000, UINT32_MAX };
	char data[4] = "abc";

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		s.queue->head = heads[i];
		test_true(!put(&s, "x", 1));
		test_equal_error(IODataQueueEnqueue(s.queue, data, 4), kIOReturnUnderrun);
	}
	s.queue->head = 0;
	s.queue->tail = 101;
	test_equal_error(IODataQueueEnqueue(s.queue, data, 4), kIOReturnUnderrun);
	s.queue->tail = 0;
	test_true(put(&s, "x", 1));
	test_equal_error(take(s.queue, 1), 0);
	end(&s);
}

TEST(M28)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);

	test_true(put(&s, "x", 1));
	s.queue->head = 101;
	test_equal_error(take(s.queue, 1), kIOReturnError);
	test_equal_error(IODataQueueDequeue(s.queue, NULL, NULL), kIOReturnError);
	test_true(IODataQueuePeek(s.queue) == NULL);
	test_equal(s.queue->head, 101);
	end(&s);
}

TEST(M29)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);

	test_equal(fill(&s, 1, 20), 1);
	test_equal_error(take(s.queue, 20), 0);
	test_equal(fill(&s, 1, 20), 1);
	set_word_at(s.queue, 24, UINT32_MAX);
	/* At 0 there is still the first entry, whose size is good. */
	test_equal_error(take(s.queue, 20), 0);
	test_equal(s.queue->head, 24);
	set_word_at(s.queue, 0, UINT32_MAX);
	test_equal_error(take(s.queue, 20), kIOReturnError);
	test_true(IODataQueuePeek(s.queue) == NULL);
	set_word_at(s.queue, 0, 97); /* one more than there is */
	test_equal_error(take(s.queue, 20), kIOReturnError);
	end(&s);
}

TEST(M30)
{
	struct shared s = begin(QUEUE_SHARED, 100, 0);

	s.queue->queueSize = 1 << 20;
	test_equal(fill(&s, 1, 200), 0);
	test_equal(fill(&s, 3, 46), 2);
	s.queue->queueSize = 1;
	s.queue->tail = 77; /* the driver keeps its own */
	test_equal_error(take(s.queue, 46), 0);
	test_equal_error(take(s.queue, 46), 0);
	test_equal(fill(&s, 1, 46), 1);
	test_equal(s.queue->tail, 50);
	end(&s);
}

TEST(M31)
{
	mach_port_t port = IODataQueueAllocateNotificationPort();

	test_equal_error(IODataQueueSetNotificationPort(NULL, port), kIOReturnBadArgument);
	test_equal_error(IODataQueueSetNotificationPort(NULL, MACH_PORT_NULL),
			 kIOReturnBadArgument);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

TEST(M32_the_port_stands_in_the_appendix)
{
	struct own o = make_own(100);
	IODataQueueAppendix appendix;
	char data[8] = "1234567";

	memcpy(&appendix, (uint8_t *)o.queue + DATA_QUEUE_MEMORY_HEADER_SIZE + 100,
	       sizeof(appendix));
	test_equal(appendix.version, 0);
	test_equal(appendix.msgh.msgh_remote_port, o.port);
	test_equal(appendix.msgh.msgh_size, 24);
	test_equal(MACH_MSGH_BITS_REMOTE(appendix.msgh.msgh_bits), MACH_MSG_TYPE_COPY_SEND);
	test_equal(appendix.msgh.msgh_id, 0);
	/* What somebody else writes there is not believed. */
	memset((uint8_t *)o.queue + DATA_QUEUE_MEMORY_HEADER_SIZE + 100, 0xff, sizeof(appendix));
	test_equal_error(IODataQueueEnqueue(o.queue, data, 8), 0);
	test_true(was_woken(o.port));
	free_own(&o);
}

static uint32_t count_bytes(void *refcon, void *data, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		((uint8_t *)data)[i] = (uint8_t)(i + *(int *)refcon);
	return size;
}

TEST(M32_the_private_forms)
{
	struct own o = make_own(100);
	mach_msg_header_t none = { 0 };
	mach_msg_header_t header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				     .msgh_size = sizeof(header),
				     .msgh_remote_port = o.port };
	size_t entry_size = 0;
	uint8_t data[16];
	uint32_t size = sizeof(data);
	int first = 5;

	test_true(_IODataQueuePeek(o.queue, 0, &entry_size) == NULL);
	test_equal_error(
		_IODataQueueEnqueueWithReadCallback(o.queue, 0, &header, 8, count_bytes, &first),
		0);
	test_true(was_woken(o.port));
	IODataQueueEntry *entry = _IODataQueuePeek(o.queue, 100, &entry_size);
	test_true(entry != NULL && entry->data[0] == 5 && entry->data[3] == 8);
	test_equal(entry_size, 8);
	/* Not empty: only forced. */
	test_equal_error(
		_IODataQueueEnqueueWithReadCallbackOptions(o.queue, 0, NULL, 8, count_bytes, &first,
							   kIODataQueueDeliveryNotificationForce),
		0);
	test_true(was_woken(o.port));
	test_equal_error(_IODataQueueDequeue(o.queue, 100, data, &size), 0);
	test_equal(size, 8);
	test_equal(data[7], 12);
	test_equal_error(_IODataQueueDequeue(o.queue, 0, NULL, NULL), 0);
	test_equal_error(_IODataQueueDequeue(o.queue, 0, NULL, NULL), kIOReturnUnderrun);
	/* Empty, but suppressed; suppressed and forced is forced. */
	test_equal_error(_IODataQueueEnqueueWithReadCallbackOptions(
				 o.queue, 0, NULL, 8, count_bytes, &first,
				 kIODataQueueDeliveryNotificationSuppress),
			 0);
	test_true(!was_woken(o.port));
	test_equal_error(_IODataQueueEnqueueWithReadCallbackOptions(
				 o.queue, 0, NULL, 8, count_bytes, &first,
				 kIODataQueueDeliveryNotificationSuppress |
					 kIODataQueueDeliveryNotificationForce),
			 0);
	test_true(was_woken(o.port));
	test_equal_error(_IODataQueueSendDataAvailableNotification(o.queue, NULL), 0);
	test_equal_error(_IODataQueueSendDataAvailableNotification(o.queue, &header),
			 MACH_SEND_TIMED_OUT);
	test_equal_error(_IODataQueueSendDataAvailableNotification(o.queue, &none), 0);
	test_true(was_woken(o.port));
	/* A size of the caller's counts more than the queue's. */
	test_equal_error(
		_IODataQueueEnqueueWithReadCallback(o.queue, 30, NULL, 8, count_bytes, &first),
		kIOReturnUnderrun);
	free_own(&o);
}

TEST(M35)
{
	struct shared s = begin(QUEUE_SHARED_ENTRIES, 64, 40);
	uint64_t in[2] = { 1000, 40 }, n = 0;
	kern_return_t result = 0;

	call(&s, QUEUE_RUN, in, 2, NULL, 0);
	while (n < in[0] && !(result = IODataQueueWaitForAvailableData(s.queue, s.port)))
		while (IODataQueueDataAvailable(s.queue))
			test_equal_error(take(s.queue, queue_size_of(n++, 40)), 0);
	test_equal_error(result, 0);
	test_equal(n, in[0]);
	test_equal_error(IOConnectUnmapMemory64(s.connect, 0, mach_task_self(), (uintptr_t)s.queue),
			 0);
	test_equal_error(mach_port_destroy(mach_task_self(), s.port), 0);
	test_equal_error(IOServiceClose(s.connect), 0);
	world_stop();
}

TEST_MAIN
