// SPDX-License-Identifier: MIT
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <IOKit/IOSharedDataQueue.h>
#include <portico/shared_data_queue.h>

#include "base/fd.h"
#include "host/host_internal.h"

static IODataQueueMemory *shared_of(IOSharedDataQueue *queue)
{
	IOMemoryDescriptor *memory = IOSharedDataQueueCopyMemoryDescriptor(queue);
	IODataQueueMemory *shared = IOMemoryDescriptorGetBytes(memory);

	IOMemoryDescriptorRelease(memory);
	return shared;
}

static uint32_t size_at(IODataQueueMemory *shared, uint32_t offset)
{
	uint32_t size;

	memcpy(&size, (uint8_t *)shared + DATA_QUEUE_MEMORY_HEADER_SIZE + offset, sizeof(size));
	return size;
}

static bool put(IOSharedDataQueue *queue, uint32_t size)
{
	uint8_t data[256];

	memset(data, (int)size, sizeof(data));
	return IOSharedDataQueueEnqueue(queue, data, size);
}

static bool take(IOSharedDataQueue *queue, uint32_t expected)
{
	uint8_t data[256];
	uint32_t size = sizeof(data);

	if (!IOSharedDataQueueDequeue(queue, data, &size))
		return false;
	test_equal(size, expected);
	for (uint32_t i = 0; i < size; i++)
		test_equal(data[i], (uint8_t)expected);
	return true;
}

static IOSharedDataQueue *new_queue(uint32_t capacity)
{
	IOSharedDataQueue *queue = IOSharedDataQueueCreateWithCapacity(capacity);

	test_true(queue);
	return queue;
}

static IOSharedDataQueue *new_queue_of(uint32_t entries, uint32_t size)
{
	IOSharedDataQueue *queue = IOSharedDataQueueCreateWithEntries(entries, size);

	test_true(queue);
	return queue;
}

/* P-Q4 as well */
TEST(one_entry)
{
	IOSharedDataQueue *queue = new_queue(100);
	IODataQueueMemory *shared = shared_of(queue);
	uint32_t size = 4;
	uint8_t data[8];

	test_equal(shared->queueSize, 100);
	test_true(put(queue, 5));
	test_equal(shared->tail, 9);
	test_equal(size_at(shared, 0), 5);
	test_true(IOSharedDataQueuePeek(queue, &size) != NULL);
	test_equal(size, 5);
	size = 4;
	test_true(!IOSharedDataQueueDequeue(queue, data, &size)); /* too small: nothing changes */
	test_equal(size, 4);
	test_equal(shared->head, 0);
	test_true(take(queue, 5));
	test_equal(shared->head, 9);
	test_true(!take(queue, 5));
	IOSharedDataQueueRelease(queue);
}

TEST(full_and_wrap)
{
	IOSharedDataQueue *queue = new_queue(24);
	IODataQueueMemory *shared = shared_of(queue);

	test_true(put(queue, 8));
	test_true(put(queue, 8));
	test_equal(shared->tail, 24);
	test_true(!put(queue, 8));
	test_true(take(queue, 8));
	test_true(!put(queue, 8)); /* head 12 is not above 12 */
	test_true(take(queue, 8));
	test_equal(shared->head, 24);
	test_true(put(queue, 8));
	test_equal(shared->tail, 12);
	test_true(take(queue, 8));
	test_equal(shared->head, 12);
	IOSharedDataQueueRelease(queue);
}

TEST(an_entry_that_can_never_fit)
{
	IOSharedDataQueue *queue = new_queue(100);

	test_true(put(queue, 46));
	test_true(take(queue, 46));
	test_true(!put(queue, 60)); /* empty, but 50 + 64 > 100 and 50 <= 64 */
	test_true(put(queue, 46));
	IOSharedDataQueueRelease(queue);
}

TEST(the_old_tail_at_a_wrap)
{
	for (uint32_t left = 0; left < 8; left++) {
		IOSharedDataQueue *queue = new_queue(100);
		IODataQueueMemory *shared = shared_of(queue);
		uint32_t tail = 100 - left;

		test_true(put(queue, tail - 4));
		memset((uint8_t *)shared + DATA_QUEUE_MEMORY_HEADER_SIZE + tail, 0xee, left);
		test_true(take(queue, tail - 4));
		test_true(put(queue, 20));
		test_equal(shared->tail, 24);
		if (left >= 4)
			test_equal(size_at(shared, tail), 20);
		else
			for (uint32_t i = 0; i < left; i++)
				test_equal(
					((uint8_t *)
						 shared)[DATA_QUEUE_MEMORY_HEADER_SIZE + tail + i],
					0xee);
		test_true(take(queue, 20));
		IOSharedDataQueueRelease(queue);
	}
}

TEST(no_rounding)
{
	IOSharedDataQueue *queue = new_queue(100);
	IODataQueueMemory *shared = shared_of(queue);

	test_true(put(queue, 1) && put(queue, 2) && put(queue, 3) && put(queue, 0));
	test_equal(size_at(shared, 0), 1);
	test_equal(size_at(shared, 5), 2);
	test_equal(size_at(shared, 11), 3);
	test_equal(size_at(shared, 18), 0);
	test_equal(shared->tail, 22);
	test_true(take(queue, 1) && take(queue, 2) && take(queue, 3) && take(queue, 0));
	IOSharedDataQueueRelease(queue);
}

/* P-A3 as well */
TEST(sizes)
{
	IOSharedDataQueue *queue = new_queue_of(10, 6);
	IOMemoryDescriptor *memory = IOSharedDataQueueCopyMemoryDescriptor(queue);

	test_equal(IOSharedDataQueueGetQueueSize(queue), 110);
	test_equal(IOMemoryDescriptorGetLength(memory), 150);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 10; i++)
			test_true(put(queue, 6));
		for (int i = 0; i < 10; i++)
			test_true(take(queue, 6));
		test_true(put(queue, 6) && take(queue, 6)); /* start elsewhere next time */
	}
	test_true(IOSharedDataQueueCreateWithEntries(UINT32_MAX, UINT32_MAX) == NULL);
	test_true(IOSharedDataQueueCreateWithEntries(65536, 65536) == NULL);
	test_true(IOSharedDataQueueCreateWithCapacity(UINT32_MAX) == NULL);
	test_true(IOSharedDataQueueCreateWithCapacity(0) == NULL);
	IOMemoryDescriptorRelease(memory);
	IOSharedDataQueueRelease(queue);
}

/* P-Q2 */
TEST(a_hostile_head)
{
	static const uint32_t heads[] = {
		101, 104, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		IOSharedDataQueue *queue = new_queue(100);
		IODataQueueMemory *shared = shared_of(queue);

		shared->head = heads[i];
		test_true(!put(queue, 1));
		test_true(!take(queue, 1));
		test_true(IOSharedDataQueuePeek(queue, NULL) == NULL);
		shared->head = 0;
		test_true(put(queue, 1) && take(queue, 1));
		IOSharedDataQueueRelease(queue);
	}
}

/* P-Q1 */
TEST(shared_size_and_tail_are_not_believed)
{
	IOSharedDataQueue *queue = new_queue(100);
	IODataQueueMemory *shared = shared_of(queue);

	shared->queueSize = 0xffffffff;
	shared->tail = 0xfffffff0;
	test_true(put(queue, 46));
	test_equal(shared->tail, 50);
	test_true(!put(queue, 60));
	test_equal(IOSharedDataQueueGetQueueSize(queue), 100);
	IOSharedDataQueueRelease(queue);
}

/* P-Q3 */
TEST(a_forged_entry_size)
{
	IOSharedDataQueue *queue = new_queue(100);
	IODataQueueMemory *shared = shared_of(queue);
	uint32_t forged = 0xffffffff;

	test_true(put(queue, 10));
	memcpy((uint8_t *)shared + DATA_QUEUE_MEMORY_HEADER_SIZE, &forged, sizeof(forged));
	test_true(!take(queue, 10));
	test_true(IOSharedDataQueuePeek(queue, NULL) == NULL);
	IOSharedDataQueueRelease(queue);
}

/* --- notification -------------------------------------------------------------- */

static IOWakePort *make_port(struct loop *loop, int *ret_receiver)
{
	struct host_inlet *inlet;
	int sockets[2];

	test_equal(fd_socketpair(sockets), 0);
	test_equal(host_inlet_new(loop, sockets[0], WIRE_INLET_WAKEUPS, NULL, &inlet), 0);
	*ret_receiver = sockets[1];
	return host_inlet_wake_port(inlet);
}

/* Wake-ups that wait; they are taken. */
static int wakeups(int receiver)
{
	char message[256];
	int n = 0;

	while (recv(receiver, message, sizeof(message), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

TEST(woken_when_it_was_empty)
{
	IOSharedDataQueue *queue = new_queue(1000);
	struct loop *loop;
	int receiver;

	test_equal(loop_new(&loop), 0);
	IOWakePort *port = make_port(loop, &receiver);
	IOSharedDataQueueSetNotificationPort(queue, port);
	test_true(put(queue, 8));
	test_equal(wakeups(receiver), 1);
	test_true(put(queue, 8));
	test_equal(wakeups(receiver), 0);
	test_true(take(queue, 8));
	test_true(put(queue, 8)); /* one is still there */
	test_equal(wakeups(receiver), 0);
	test_true(take(queue, 8) && take(queue, 8));
	test_true(put(queue, 8));
	test_equal(wakeups(receiver), 1);
	IOSharedDataQueueSetNotificationPort(queue, NULL);
	test_true(take(queue, 8) && put(queue, 8));
	test_equal(wakeups(receiver), 0);
	IOWakePortRelease(port);
	IOSharedDataQueueRelease(queue);
	close(receiver);
	loop_free(loop);
}

TEST(many_entries_in_one_call)
{
	IOSharedDataQueue *queue = new_queue_of(10, 8);
	struct portico_data_queue_record in[20], out[20];
	uint64_t numbers[20], buffer[20];
	struct loop *loop;
	int receiver;

	test_equal(loop_new(&loop), 0);
	IOWakePort *port = make_port(loop, &receiver);
	IOSharedDataQueueSetNotificationPort(queue, port);
	for (uint64_t i = 0; i < 20; i++) {
		numbers[i] = i;
		in[i] = (struct portico_data_queue_record){ &numbers[i], sizeof(numbers[i]) };
	}
	for (int round = 0; round < 20; round++) {
		/* One wake-up; what does not fit is left. */
		uint32_t n_put = portico_shared_data_queue_enqueue(queue, in, 20);

		test_true(n_put == 10 || n_put == 11);
		test_equal(wakeups(receiver), 1);
		test_equal(portico_shared_data_queue_dequeue(queue, buffer, 8, out, 20), 1);
		test_equal(*(uint64_t *)out[0].data, 0);
		for (uint32_t taken = 1, n; taken < n_put; taken += n) {
			n = portico_shared_data_queue_dequeue(queue, buffer, sizeof(buffer), out,
							      20);
			test_true(n > 0);
			for (uint32_t i = 0; i < n; i++)
				test_equal(*(uint64_t *)out[i].data, taken + i);
		}
		test_equal(
			portico_shared_data_queue_dequeue(queue, buffer, sizeof(buffer), out, 20),
			0);
		/* Begin elsewhere next time. */
		test_true(put(queue, 8) && take(queue, 8));
		test_equal(wakeups(receiver), 1);
	}
	test_equal(portico_shared_data_queue_enqueue(queue, in, 0), 0);
	IOWakePortRelease(port);
	IOSharedDataQueueRelease(queue);
	close(receiver);
	loop_free(loop);
}

/* P-Q9: what a client writes where the notification stands in Apple's layout is of no use to it. */
TEST(a_client_that_scribbles_over_the_appendix)
{
	IOSharedDataQueue *queue = new_queue(100);
	uint8_t *appendix = (uint8_t *)shared_of(queue) + DATA_QUEUE_MEMORY_HEADER_SIZE + 100;
	struct loop *loop;
	int receiver, other;

	test_equal(loop_new(&loop), 0);
	IOWakePort *port = make_port(loop, &receiver), *second = make_port(loop, &other);
	IOSharedDataQueueSetNotificationPort(queue, port);
	for (int byte = 0; byte < 256; byte += 51) {
		memset(appendix, byte, DATA_QUEUE_MEMORY_APPENDIX_SIZE);
		test_true(put(queue, 8));
		test_equal(wakeups(receiver), 1);
		test_equal(wakeups(other), 0);
		test_true(take(queue, 8));
	}
	IOWakePortRelease(port);
	IOWakePortRelease(second);
	IOSharedDataQueueRelease(queue);
	close(receiver);
	close(other);
	loop_free(loop);
}

/* P-Q8 */
TEST(a_client_that_does_not_listen_never_blocks_the_driver)
{
	IOSharedDataQueue *queue = new_queue(1000);
	struct loop *loop;
	int receiver;

	test_equal(loop_new(&loop), 0);
	IOWakePort *port = make_port(loop, &receiver);
	IOSharedDataQueueSetNotificationPort(queue, port);
	for (int i = 0; i < 100000; i++)
		test_true(put(queue, 8) && take(queue, 8));
	test_true(wakeups(receiver) > 0);
	close(receiver);
	test_true(put(queue, 8)); /* the receiver is gone: the data is stored all the same */
	test_equal_error(IOUserClientSendNotification(port), 0x10000003);
	IOWakePortRelease(port);
	IOSharedDataQueueRelease(queue);
	loop_free(loop);
}

struct consumer {
	IODataQueueMemory *shared;
	uint32_t size;
	int receiver;
	uint64_t wanted;
};

/* The consumer's side of spec 7.4, written here independently of the client library. */
static void *consume(void *context)
{
	struct consumer *c = context;
	uint8_t *entries = (uint8_t *)c->shared + DATA_QUEUE_MEMORY_HEADER_SIZE;
	uint64_t next = 0;
	char message[256];

	while (next < c->wanted) {
		uint32_t head = c->shared->head;
		uint32_t tail = __atomic_load_n(&c->shared->tail, __ATOMIC_ACQUIRE), size;

		if (head == tail) {
			test_true(recv(c->receiver, message, sizeof(message), 0) > 0);
			continue;
		}
		if (head + 4 <= c->size)
			memcpy(&size, entries + head, 4);
		if (head + 4 > c->size || head + 4 + size > c->size) {
			head = 0;
			memcpy(&size, entries, 4);
		}
		test_true(size >= 8 && size <= 40);
		uint64_t number;
		memcpy(&number, entries + head + 4, 8);
		test_equal(number, next);
		next++;
		__atomic_store_n(&c->shared->head, head + 4 + size, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* P-Q10 */
TEST(no_wake_up_is_lost)
{
	IOSharedDataQueue *queue = new_queue(256);
	struct consumer c = { shared_of(queue), 256, -1, test_is_slow() ? 20000 : 1000000 };
	uint8_t data[40] = { 0 };
	struct loop *loop;
	pthread_t thread;

	test_equal(loop_new(&loop), 0);
	IOWakePort *port = make_port(loop, &c.receiver);
	IOSharedDataQueueSetNotificationPort(queue, port);
	test_equal(pthread_create(&thread, NULL, consume, &c), 0);
	for (uint64_t i = 0; i < c.wanted;) {
		memcpy(data, &i, sizeof(i));
		if (IOSharedDataQueueEnqueue(queue, data, 8 + (uint32_t)(i * 7 % 33)))
			i++;
		else
			sched_yield();
	}
	test_equal(pthread_join(thread, NULL), 0);
	IOWakePortRelease(port);
	IOSharedDataQueueRelease(queue);
	close(c.receiver);
	loop_free(loop);
}

TEST_MAIN
