// SPDX-License-Identifier: MIT
/* A peer that writes what and when it likes, or dies in the middle: the other side goes on. */
#include "wire/data_queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "documented_queue.h"
#include "test.h"

enum { SIZE = 1003, LARGEST = 300, MANY = 5 };

static const uint32_t words[] = { 0,	      1,	  SIZE - 4,   SIZE - 1,	  SIZE,
				  SIZE + 1,   SIZE + 4,	  0x7fffffff, 0x80000000, 0xfffffff0,
				  0xfffffffb, 0xfffffffc, 0xffffffff };
enum { WORDS = sizeof(words) / sizeof(*words) };

/* With nothing behind, not even the rest of a page. */
static IODataQueueMemory *make(uint32_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t length = (DATA_QUEUE_MEMORY_HEADER_SIZE + size + 3) & ~(size_t)3;
	size_t total = (length + page - 1) / page * page;
	uint8_t *base =
		mmap(NULL, total + page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	test_true(base != MAP_FAILED);
	test_equal(mprotect(base + total, page, PROT_NONE), 0);
	return (IODataQueueMemory *)(base + total - length);
}

static struct wire_queue_end end_of(IODataQueueMemory *memory)
{
	return (struct wire_queue_end){ .memory = memory, .size = SIZE };
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void fill(void *context, void *data, uint32_t size)
{
	memset(data, 0x5a, size);
}

/* One call of a producer whose consumer is hostile. */
static IOReturn put_something(struct wire_queue_end *end, uint64_t *seed, const uint8_t *data)
{
	struct portico_data_queue_record records[MANY];
	uint32_t size = next_random(seed) % LARGEST, put;
	bool notify;

	switch (next_random(seed) % 3) {
	case 0:
		return wire_queue_put(end, data, size, &notify);
	case 1:
		return wire_queue_put_filled(end, size, fill, NULL, &notify);
	default:
		for (int i = 0; i < MANY; i++)
			records[i] = (struct portico_data_queue_record){ (void *)data, size };
		return wire_queue_put_some(end, records, MANY, &put, &notify);
	}
}

/* One call of a consumer whose producer is hostile. DATA has LARGEST bytes, and not one more. */
static IOReturn take_something(struct wire_queue_end *end, uint64_t *seed, uint8_t *data)
{
	struct portico_data_queue_record records[MANY];
	uint32_t size = LARGEST, at, count = MANY;
	IOReturn status;

	switch (next_random(seed) % 4) {
	case 0:
		status = wire_queue_take(end, data, &size);
		test_true(size <= LARGEST);
		return status;
	case 1:
		return wire_queue_take(end, NULL, NULL);
	case 2:
		status = wire_queue_peek(end, &at, &size);
		test_true(status || (uint64_t)at + 4 + size <= SIZE);
		return status;
	default:
		status = wire_queue_take_many(end, data, LARGEST, records, &count);
		test_true(count <= MANY);
		for (uint32_t i = 0; i < count; i++)
			test_true((uint8_t *)records[i].data >= data &&
				  records[i].size <= LARGEST &&
				  (uint8_t *)records[i].data + records[i].size <= data + LARGEST);
		return status;
	}
}

static bool is_known(IOReturn status)
{
	return status == kIOReturnSuccess || status == kIOReturnOverrun ||
	       status == kIOReturnUnderrun || status == kIOReturnError ||
	       status == kIOReturnNoSpace;
}

/* P-Q1, P-Q2, P-Q3: each value in each word of the header, and as the size of every entry. */
TEST(each_word_with_each_value)
{
	uint8_t *data = calloc(1, LARGEST);
	IODataQueueMemory *memory = make(SIZE);
	uint64_t seed = 1;

	test_true(data);
	for (int head = 0; head < WORDS; head++)
		for (int tail = 0; tail < WORDS; tail++)
			for (int size = 0; size < WORDS; size++) {
				struct wire_queue_end end = wire_queue_end_new(memory, SIZE);

				memory->queueSize = words[(head + tail) % WORDS];
				for (uint32_t at = 0; at + 4 <= SIZE; at += 4)
					memcpy(documented_entry(memory, at), &words[size], 4);
				memory->head = words[head];
				memory->tail = words[tail];
				wire_queue_sync_producer(&end);
				test_true(is_known(put_something(&end, &seed, data)));
				end = wire_queue_end_new(memory, SIZE);
				wire_queue_sync_consumer(&end);
				for (int i = 0; i < 4; i++)
					test_true(is_known(take_something(&end, &seed, data)));
			}
	free(data);
}

/* P-Q2: a head that cannot be is found out by the put that it concerns, which leaves nothing. */
TEST(a_damaged_head_takes_no_entry)
{
	IODataQueueMemory *memory = make(SIZE);
	struct wire_queue_end producer = end_of(memory);
	uint8_t data[8] = { 0 };
	bool notify = false;

	for (int i = 0; i < 3; i++)
		test_equal_error(wire_queue_put(&producer, data, 8, &notify), 0);
	memory->head = SIZE + 1;
	notify = false;
	test_equal_error(wire_queue_put(&producer, data, 8, &notify), kIOReturnUnderrun);
	test_true(!notify);
	test_equal(memory->tail, 36);
	memory->head = 12;
	test_equal_error(wire_queue_put(&producer, data, 8, &notify), 0);
	test_equal(memory->tail, 48);
}

/* P-Q2: what was seen of a tail that is no end of an entry does not count for ever. */
TEST(a_tail_inside_an_entry_is_forgotten)
{
	IODataQueueMemory *memory = make(SIZE);
	struct wire_queue_end producer = end_of(memory), consumer = end_of(memory);
	uint8_t data[20] = { 0 };
	uint32_t size = 20;
	bool notify;

	test_equal_error(wire_queue_put(&producer, data, 20, &notify), 0);
	memory->tail = 13;
	test_equal_error(wire_queue_take(&consumer, data, &size), 0);
	test_equal(memory->head, 24);
	memory->tail = 24;
	test_equal_error(wire_queue_take(&consumer, data, &size), kIOReturnUnderrun);
}

struct scribbler {
	IODataQueueMemory *memory;
	atomic_bool stop;
};

static void *scribble(void *context)
{
	struct scribbler *s = context;
	const uint32_t length = DATA_QUEUE_MEMORY_HEADER_SIZE + SIZE;
	uint64_t seed = 99;

	while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		uint32_t at = next_random(&seed) % (length / 4) * 4;
		uint32_t word = next_random(&seed) % 4 ? next_random(&seed) % SIZE
						       : words[next_random(&seed) % WORDS];

		/* Every other time one of the three words of the header. */
		if (next_random(&seed) % 2)
			at = at % DATA_QUEUE_MEMORY_HEADER_SIZE;
		__atomic_store_n((uint32_t *)((uint8_t *)s->memory + at), word, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void against_scribbler(bool produces)
{
#if defined(__SANITIZE_THREAD__)
	test_skip("the races are the point");
#endif
	struct scribbler s = { .memory = make(SIZE) };
	struct wire_queue_end end = end_of(s.memory);
	uint8_t *data = calloc(1, LARGEST);
	uint64_t seed = 7;
	pthread_t thread;

	test_true(data);
	test_equal(pthread_create(&thread, NULL, scribble, &s), 0);
	for (int i = 0; i < (test_is_slow() ? 200000 : 1000000); i++) {
		/* With and without what was seen before. */
		if (next_random(&seed) % 4 == 0 && produces)
			wire_queue_sync_producer(&end);
		else if (next_random(&seed) % 4 == 0)
			wire_queue_sync_consumer(&end);
		test_true(is_known(produces ? put_something(&end, &seed, data)
					    : take_something(&end, &seed, data)));
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	free(data);
}

/* P-Q1, P-Q2 */
TEST(a_consumer_that_scribbles_over_every_word)
{
	against_scribbler(true);
}

/* P-Q1, P-Q2, P-Q3, P-Q5, P-Q7 */
TEST(a_producer_that_scribbles_over_every_word)
{
	against_scribbler(false);
}

/* --- P-Q6: a producer that dies between any two instructions ---------------------------------- */

enum { BEFORE = 3, RECORD = 40 };

static void die_slowly(IODataQueueMemory *memory)
{
	struct wire_queue_end producer = wire_queue_end_new(memory, SIZE);
	uint8_t data[RECORD];
	bool notify;

	memset(data, BEFORE, sizeof(data));
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(2);
	raise(SIGSTOP);
	wire_queue_sync_producer(&producer);
	wire_queue_put(&producer, data, sizeof(data), &notify);
	raise(SIGSTOP);
	_exit(0);
}

/* What a consumer and a new producer find when the old one ends now. FROM is kept as it is. */
static void check_remains(const IODataQueueMemory *from, size_t length, IODataQueueMemory *copy)
{
	struct wire_queue_end producer, consumer;
	uint8_t data[RECORD], expected[RECORD];
	uint32_t size = RECORD, n = 0;
	bool notify;

	memcpy(copy, from, length);
	producer = wire_queue_end_new(copy, SIZE);
	consumer = wire_queue_end_new(copy, SIZE);
	wire_queue_sync_consumer(&consumer);
	for (; !wire_queue_take(&consumer, data, &size); n++) {
		memset(expected, (int)n, sizeof(expected));
		test_true(n <= BEFORE && size == RECORD && !memcmp(data, expected, RECORD));
	}
	test_true(n == BEFORE || n == BEFORE + 1);
	for (int i = 0; i < 50; i++) {
		memset(expected, i, sizeof(expected));
		wire_queue_sync_producer(&producer);
		test_equal_error(wire_queue_put(&producer, expected, RECORD, &notify), 0);
		size = RECORD;
		test_equal_error(wire_queue_take(&consumer, data, &size), 0);
		test_true(size == RECORD && !memcmp(data, expected, RECORD));
	}
}

/* A queue with BEFORE entries; the next one begins at START or, if it does not fit there, wraps. */
static void kill_between_all_instructions(uint32_t start)
{
	IODataQueueMemory *memory = make(SIZE), *copy = make(SIZE);
	struct wire_queue_end producer = wire_queue_end_new(memory, SIZE);
	uint8_t data[RECORD];
	int status, steps = 0;
	bool notify;
	pid_t pid;

	memory->head = memory->tail = start - BEFORE * (RECORD + 4);
	for (int i = 0; i < BEFORE; i++) {
		memset(data, i, sizeof(data));
		wire_queue_sync_producer(&producer);
		test_equal_error(wire_queue_put(&producer, data, RECORD, &notify), 0);
	}
	pid = fork();
	if (!pid)
		die_slowly(memory);
	test_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status))
		test_skip("no ptrace");
	for (;; steps++) {
		check_remains(memory, DATA_QUEUE_MEMORY_HEADER_SIZE + SIZE, copy);
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
			test_skip("no single steps");
		test_equal(waitpid(pid, &status, 0), pid);
		if (WSTOPSIG(status) == SIGSTOP && steps)
			break;
	}
	test_true(steps > 50);
	kill(pid, SIGKILL);
	test_equal(waitpid(pid, &status, 0), pid);
}

TEST(a_producer_killed_between_any_two_instructions)
{
	if (test_is_slow())
		test_skip("instrumented code has too many of them");
	kill_between_all_instructions(400);
	kill_between_all_instructions(SIZE - 20); /* wraps, with a size at the old tail */
	kill_between_all_instructions(SIZE - 3);  /* wraps, without */
}
