// SPDX-License-Identifier: MIT
#include "wire/data_queue.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "documented_queue.h"
#include "test.h"

enum { LARGEST = 5000 };

/* A queue that ends with a page that is followed by none. */
static IODataQueueMemory *make(uint32_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t length = (DATA_QUEUE_MEMORY_HEADER_SIZE + size + 3) & ~(size_t)3;
	size_t total = (length + page - 1) / page * page;
	uint8_t *base =
		mmap(NULL, total + page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	IODataQueueMemory *memory = (IODataQueueMemory *)(base + total - length);

	test_true(base != MAP_FAILED);
	test_equal(mprotect(base + total, page, PROT_NONE), 0);
	memory->queueSize = size;
	return memory;
}

static struct wire_queue_end end_of(IODataQueueMemory *memory)
{
	return (struct wire_queue_end){ .memory = memory, .size = memory->queueSize };
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* --- one thread -------------------------------------------------------------------------- */

/* Two queues, the same steps: ours and the documented ones leave the same bytes and say the same. */
TEST(same_as_the_documented_algorithm)
{
	static const uint32_t sizes[] = { 24, 64, 100, 255, 1000, 20000 };
	static uint8_t data[LARGEST], out[2][LARGEST];
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		IODataQueueMemory *a = make(sizes[i]), *b = make(sizes[i]);
		struct wire_queue_end producer = end_of(a), consumer = end_of(a);

		for (int step = 0; step < (test_is_slow() ? 5000 : 100000); step++) {
			uint32_t size = next_random(&seed) % (sizes[i] / 3), got[2] = { LARGEST };
			bool notify[2] = { false, false }, done;

			if (next_random(&seed) % 2) {
				memset(data, step, size % LARGEST);
				done = !wire_queue_put(&producer, data, size % LARGEST, &notify[0]);
				test_equal(documented_put(b, data, size % LARGEST, &notify[1]),
					   done);
				test_equal(notify[0], notify[1]);
			} else {
				done = !wire_queue_take(&consumer, out[0], &got[0]);
				test_equal(documented_take(b, out[1], &got[1]), done);
				test_true(!done ||
					  (got[0] == got[1] && !memcmp(out[0], out[1], got[0])));
			}
			test_true(!memcmp(a, b, DATA_QUEUE_MEMORY_HEADER_SIZE + sizes[i]));
		}
	}
}

TEST(the_size_at_the_old_tail)
{
	for (uint32_t left = 0; left < 8; left++) {
		IODataQueueMemory *q = make(100);
		struct wire_queue_end producer = end_of(q), consumer = end_of(q);
		uint32_t size = LARGEST, marker = 0;
		uint8_t data[100] = { 0 };
		bool notify;

		test_equal_error(wire_queue_put(&producer, data, 96 - left, &notify), 0);
		test_equal_error(wire_queue_take(&consumer, data, &size), 0);
		memset(documented_entry(q, 100 - left), 0xee, left);
		test_equal_error(wire_queue_put(&producer, data, 20, &notify), 0);
		test_equal(q->tail, 24);
		for (uint32_t i = 0; left < 4 && i < left; i++)
			test_equal(*documented_entry(q, 100 - left + i), 0xee);
		if (left >= 4) {
			memcpy(&marker, documented_entry(q, 100 - left), 4);
			test_equal(marker, 20);
		}
		test_equal_error(wire_queue_take(&consumer, data, &size), 0);
		test_equal(size, 20);
		test_equal(q->head, 24);
	}
}

/* Somebody else of our side has used the queue: what we remember is of no use, and is not used. */
TEST(an_end_that_comes_back)
{
	IODataQueueMemory *q = make(64);
	struct wire_queue_end first = wire_queue_end_new(q, 64), consumer = first;
	uint8_t data[64] = { 1, 2, 3 };
	uint32_t size;
	bool notify;

	for (uint32_t i = 0; i < 1000; i++) {
		wire_queue_sync_producer(&first);
		test_equal_error(wire_queue_put(&first, &i, 4, &notify), 0);
		test_true(documented_put(q, &i, 4, &notify));
		test_true(documented_take(q, data, &size));
		test_true(wire_queue_has_data(&consumer));
		wire_queue_sync_consumer(&consumer);
		size = sizeof(data);
		test_equal_error(wire_queue_take(&consumer, data, &size), 0);
		test_true(size == 4 && !memcmp(data, &i, 4));
		test_true(!wire_queue_has_data(&consumer));
	}
}

/* A consumer that was far ahead when we looked, and a queue that is shorter than it was. */
TEST(what_was_seen_of_another_state_is_not_used)
{
	IODataQueueMemory *q = make(64);
	struct wire_queue_end end = end_of(q);
	uint8_t data[30] = { 0 };
	bool notify;

	end.own = 10;
	end.other = 60;
	q->tail = 4;
	q->head = 20;
	wire_queue_sync_producer(&end);
	test_equal_error(wire_queue_put(&end, data, 30, &notify), kIOReturnOverrun);
	test_equal(q->tail, 4);
	q->head = q->tail = 60;
	wire_queue_sync_producer(&end);
	test_equal_error(wire_queue_put(&end, data, 0, &notify), 0);
	end.size = 32;
	test_equal_error(wire_queue_put(&end, data, 30, &notify), kIOReturnUnderrun);
	test_equal(q->tail, 64);
}

TEST(many_records)
{
	IODataQueueMemory *q = make(1000);
	struct wire_queue_end producer = end_of(q), consumer = end_of(q);
	struct portico_data_queue_record in[20], out[20];
	uint8_t data[20][40], buffer[600];
	uint32_t put, count = 20;
	bool notify = false;

	for (uint32_t i = 0; i < 20; i++) {
		memset(data[i], (int)i, sizeof(data[i]));
		in[i] = (struct portico_data_queue_record){ data[i], 2 * i };
	}
	/* The first wakes who may sleep; then the rest. */
	test_equal_error(wire_queue_put_some(&producer, in, 20, &put, &notify), 0);
	test_true(put == 1 && notify);
	notify = false;
	test_equal_error(wire_queue_put_some(&producer, in + 1, 19, &put, &notify), 0);
	test_true(put == 19 && !notify);
	test_equal_error(wire_queue_take_many(&consumer, buffer, sizeof(buffer), out, &count), 0);
	test_equal(count, 20);
	for (uint32_t i = 0; i < 20; i++) {
		test_equal(out[i].size, 2 * i);
		test_equal(((uint8_t *)out[i].data - buffer) % PORTICO_DATA_QUEUE_RECORD_ALIGNMENT,
			   0);
		test_true(!memcmp(out[i].data, data[i], 2 * i));
	}
	test_equal(q->head, q->tail);
	test_equal_error(wire_queue_take_many(&consumer, buffer, sizeof(buffer), out, &count),
			 kIOReturnUnderrun);
	test_equal(count, 0);
	/* Only what fits: a full queue, a short buffer, a short list. */
	for (uint32_t i = 0; i < 20; i++)
		in[i].size = 40;
	for (uint32_t done = 0; !wire_queue_put_some(&producer, in, 20, &put, &notify);)
		test_true((done += put) <= 22);
	count = 20;
	test_equal_error(wire_queue_take_many(&consumer, buffer, 39, out, &count),
			 kIOReturnNoSpace);
	count = 20;
	test_equal_error(wire_queue_take_many(&consumer, buffer, 100, out, &count), 0);
	test_equal(count, 2);
	count = 3;
	test_equal_error(wire_queue_take_many(&consumer, buffer, sizeof(buffer), out, &count), 0);
	test_equal(count, 3);
	count = 0;
	test_equal_error(wire_queue_take_many(&consumer, buffer, sizeof(buffer), out, &count), 0);
}

/* Whoever has consumed some of what is just being put may sleep before any of it. */
TEST(a_consumer_in_the_middle_of_many_is_woken)
{
	IODataQueueMemory *q = make(1000);
	struct wire_queue_end producer = end_of(q);
	struct portico_data_queue_record in[8];
	uint8_t data[8] = { 0 };
	bool notify = false;
	uint32_t put;

	for (int i = 0; i < 8; i++)
		in[i] = (struct portico_data_queue_record){ data, 8 };
	test_equal_error(wire_queue_put(&producer, data, 8, &notify), 0);
	for (uint32_t head = 0; head <= 108; head += 12) {
		struct wire_queue_end p = producer;

		notify = false;
		q->head = head;
		test_equal_error(wire_queue_put_some(&p, in, 8, &put, &notify), 0);
		test_equal(put, 8);
		/* 0: all of the first entry is unread; 108: all is read. */
		test_equal(notify, head >= 12 && head < 108);
		q->tail = 12;
	}
}

/* --- two threads, two processes ------------------------------------------------------------- */

enum kind { OURS, MANY, DOCUMENTED };

struct stream {
	IODataQueueMemory *queue;
	enum kind producer, consumer;
	uint32_t most; /* bytes of an entry, at least 8 */
	uint64_t count;
	int wake; /* an eventfd: the consumer sleeps on it */
};

static uint32_t size_of_number(const struct stream *s, uint64_t number)
{
	return 8 + (uint32_t)(number * 2654435761u % (s->most - 7));
}

static void notify_consumer(const struct stream *s, bool notify)
{
	uint64_t one = 1;

	if (notify)
		test_equal(write(s->wake, &one, sizeof(one)), sizeof(one));
}

static void *produce(void *context)
{
	const struct stream *s = context;
	struct wire_queue_end end = end_of(s->queue);
	uint8_t data[8][LARGEST];

	memset(data, 0x55, sizeof(data));
	for (uint64_t n = 0; n < s->count;) {
		struct portico_data_queue_record records[8];
		uint32_t i = 0, put = 0;
		bool notify = false;

		for (; i < 8 && n + i < s->count; i++) {
			uint64_t number = n + i;

			memcpy(data[i], &number, sizeof(number));
			records[i].data = data[i];
			records[i].size = size_of_number(s, number);
		}
		if (s->producer == MANY)
			wire_queue_put_some(&end, records, i, &put, &notify);
		else if (s->producer == OURS)
			put = !wire_queue_put(&end, data[0], records[0].size, &notify);
		else
			put = documented_put(s->queue, data[0], records[0].size, &notify);
		notify_consumer(s, notify);
		if (!put)
			sched_yield();
		n += put;
	}
	return NULL;
}

static bool is_number(const struct stream *s, uint64_t number, const uint8_t *data, uint32_t size)
{
	return size == size_of_number(s, number) && !memcmp(data, &number, sizeof(number)) &&
	       (size == 8 || data[size - 1] == 0x55);
}

/* How many came in a row; 0: asleep is the right thing. */
static uint32_t consume_some(const struct stream *s, struct wire_queue_end *end, uint64_t number,
			     uint8_t *buffer)
{
	struct portico_data_queue_record records[8];
	uint32_t count = 8, size = LARGEST;
	IOReturn status = 0;

	if (s->consumer == MANY) {
		status = wire_queue_take_many(end, buffer, 8 * LARGEST, records, &count);
	} else {
		records[0].data = buffer;
		count = 1;
		if (s->consumer == OURS)
			status = wire_queue_take(end, buffer, &size);
		else if (!documented_take(s->queue, buffer, &size))
			status = kIOReturnUnderrun;
		records[0].size = size;
	}
	test_true(!status || status == kIOReturnUnderrun);
	for (uint32_t i = 0; !status && i < count; i++)
		test_true(is_number(s, number + i, records[i].data, records[i].size));
	return status ? 0 : count;
}

static void consume(const struct stream *s)
{
	struct wire_queue_end end = end_of(s->queue);
	uint8_t buffer[8 * LARGEST];
	uint64_t n = 0, wakes;

	while (n < s->count) {
		uint32_t got = consume_some(s, &end, n, buffer);

		n += got;
		/* Only a notification ends this: a lost one hangs the test. */
		if (!got)
			test_equal(read(s->wake, &wakes, sizeof(wakes)), sizeof(wakes));
	}
}

static void run_stream(enum kind producer, enum kind consumer, uint32_t size, uint32_t most,
		       uint64_t count, bool processes)
{
	struct stream s = { make(size), producer, consumer, most, count, eventfd(0, 0) };
	pthread_t thread;

	test_true(s.wake >= 0);
	if (processes) {
		pid_t pid = fork();
		int status;

		test_true(pid >= 0);
		if (!pid) {
			produce(&s);
			_exit(0);
		}
		consume(&s);
		test_equal(waitpid(pid, &status, 0), pid);
		test_equal(status, 0);
	} else {
		test_equal(pthread_create(&thread, NULL, produce, &s), 0);
		consume(&s);
		test_equal(pthread_join(thread, NULL), 0);
	}
	test_equal(s.queue->head, s.queue->tail);
	close(s.wake);
}

static void run_streams(bool processes)
{
	static const enum kind ends[][2] = { { OURS, OURS },	   { OURS, DOCUMENTED },
					     { DOCUMENTED, OURS }, { MANY, MANY },
					     { MANY, DOCUMENTED }, { DOCUMENTED, MANY } };
	uint64_t count = test_is_slow() ? 20000 : 200000;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		/* Hardly any room: empty and full all the time. Odd sizes: wraps of all kinds. */
		run_stream(ends[i][0], ends[i][1], 41, 12, count / 4, processes);
		run_stream(ends[i][0], ends[i][1], 1001, 90, count, processes);
		run_stream(ends[i][0], ends[i][1], 65536, 200, count, processes);
		run_stream(ends[i][0], ends[i][1], 65536, LARGEST, count / 10, processes);
	}
}

TEST(two_threads_whoever_is_at_the_ends)
{
	run_streams(false);
}

TEST(two_processes_whoever_is_at_the_ends)
{
	run_streams(true);
}

TEST(an_entry_that_no_queue_can_hold)
{
	IODataQueueMemory *q = make(64);
	struct wire_queue_end producer = end_of(q);
	bool notify = false;

	test_equal_error(wire_queue_put(&producer, "", UINT32_MAX, &notify), kIOReturnOverrun);
	test_equal_error(wire_queue_put(&producer, "", UINT32_MAX - 3, &notify), kIOReturnOverrun);
	test_equal(q->tail, 0);
	test_true(!notify);
}

TEST(no_records_are_put_at_once)
{
	IODataQueueMemory *q = make(64);
	struct wire_queue_end producer = end_of(q);
	uint32_t put = 7;
	bool notify = false;

	test_equal_error(wire_queue_put_some(&producer, NULL, 0, &put, &notify), 0);
	test_equal(put, 0);
	test_true(!notify);
}

TEST(a_queue_without_room_for_a_header_has_no_entry)
{
	for (uint32_t size = 0; size < DATA_QUEUE_ENTRY_HEADER_SIZE; size++) {
		IODataQueueMemory *q = make(size);
		struct wire_queue_end producer = end_of(q), consumer = end_of(q);
		uint32_t found = LARGEST;
		bool notify;

		test_equal_error(wire_queue_put(&producer, "", 0, &notify), kIOReturnOverrun);
		q->tail = 1;
		test_equal_error(wire_queue_take(&consumer, NULL, &found), kIOReturnError);
	}
}

/* An index of its own that cannot be: nothing is written there. */
TEST(a_producer_that_stands_outside_puts_nothing)
{
	IODataQueueMemory *q = make(64);
	struct wire_queue_end producer = { .memory = q, .size = 64, .own = 65 };
	bool notify = false;

	test_equal_error(wire_queue_put(&producer, "1234", 4, &notify), kIOReturnUnderrun);
	test_true(!notify);
}

static void move_the_tail(void *context, void *data, uint32_t size)
{
	struct wire_queue_end *end = context;

	memset(data, 7, size);
	end->memory->tail = UINT32_MAX - 15;
	wire_queue_sync_producer(end);
}

/* Another put of the same end meanwhile has taken over what the consumer wrote. */
TEST(a_tail_that_is_moved_during_a_put)
{
	IODataQueueMemory *q = make(64);
	struct wire_queue_end producer = end_of(q);
	bool notify = false;

	test_equal_error(wire_queue_put_filled(&producer, 8, move_the_tail, &producer, &notify), 0);
	test_equal(q->tail, 12);
}

TEST(many_records_end_where_the_buffer_does)
{
	struct portico_data_queue_record records[4];
	IODataQueueMemory *q = make(200);
	struct wire_queue_end producer = end_of(q), consumer = end_of(q);
	static _Alignas(64) uint8_t buffer[64];
	uint32_t count = 4;
	bool notify;

	for (int i = 0; i < 4; i++)
		test_equal_error(wire_queue_put(&producer, "123456789", 9, &notify), 0);
	/* The second would begin beyond the room, aligned as it has to be. */
	test_equal_error(wire_queue_take_many(&consumer, buffer, 10, records, &count), 0);
	test_equal(count, 1);
	/* What was seen of the others is enough to know that there are more. */
	test_true(wire_queue_has_data(&consumer));
	count = 4;
	test_equal_error(wire_queue_take_many(&consumer, buffer, 8, records, &count),
			 kIOReturnNoSpace);
	test_equal(count, 0);
}

TEST_MAIN
