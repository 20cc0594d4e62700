// SPDX-License-Identifier: MIT
#include "wire/aligned_queue.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/* A queue that ends with a page that is followed by none. SIZE: a multiple of 4. */
static struct wire_aligned_queue make(uint32_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t total = (sizeof(struct wire_aligned_memory) + size + page - 1) / page * page;
	uint8_t *base = mmap(NULL, total + page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	test_true(base != MAP_FAILED);
	test_equal(mprotect(base + total, page, PROT_NONE), 0);
	return (struct wire_aligned_queue){
		(void *)(base + total - sizeof(struct wire_aligned_memory) - size), size
	};
}

static void write_bytes(void *context, void *data, size_t size)
{
	memset(data, *(uint8_t *)context, size);
}

struct seen {
	size_t size;
	uint8_t bytes[256];
};

static void read_bytes(void *context, const void *data, size_t size)
{
	struct seen *seen = context;

	seen->size = size;
	memcpy(seen->bytes, data, size < sizeof(seen->bytes) ? size : sizeof(seen->bytes));
}

static IOReturn put(const struct wire_aligned_queue *q, uint32_t size, bool *notify)
{
	uint8_t byte = (uint8_t)size;
	bool ignored;

	return wire_aligned_enqueue(q, size, write_bytes, &byte, notify ? notify : &ignored);
}

static IOReturn take(const struct wire_aligned_queue *q, size_t expected, bool *notify)
{
	struct seen seen = { 0 };
	bool ignored;
	IOReturn status = wire_aligned_dequeue(q, read_bytes, &seen, notify ? notify : &ignored);

	if (!status) {
		test_equal(seen.size, expected);
		for (size_t i = 0; i < seen.size && i < sizeof(seen.bytes); i++)
			test_equal(seen.bytes[i], (uint8_t)expected);
	}
	return status;
}

static uint32_t word_at(const struct wire_aligned_queue *q, uint32_t at)
{
	uint32_t word;

	memcpy(&word, q->memory->entries + at, sizeof(word));
	return word;
}

TEST(entries_are_rounded)
{
	struct wire_aligned_queue q = make(64);
	bool notify = false;

	test_equal_error(put(&q, 5, &notify), 0);
	test_true(notify);
	test_equal(q.memory->tail, 12);
	test_equal(word_at(&q, 0), 5);
	notify = false;
	test_equal_error(put(&q, 8, &notify), 0);
	test_equal_error(put(&q, 0, &notify), 0);
	test_true(!notify);
	test_equal(q.memory->tail, 28);
	test_true(wire_aligned_has_data(&q));
	test_equal_error(take(&q, 5, NULL), 0);
	test_equal(q.memory->head, 12);
	test_equal_error(take(&q, 8, NULL), 0);
	test_equal_error(take(&q, 0, NULL), 0);
	test_true(!wire_aligned_has_data(&q));
	test_equal_error(take(&q, 0, NULL), kIOReturnUnderrun);
}

TEST(full_wrap_and_service)
{
	struct wire_aligned_queue q = make(24);
	bool notify = false;
	struct seen seen;

	test_equal_error(put(&q, 8, NULL), 0);
	test_equal_error(put(&q, 8, NULL), 0);
	test_equal(q.memory->tail, 24);
	test_equal_error(put(&q, 1, &notify), kIOReturnOverrun);
	test_true(notify);
	test_equal(q.memory->need_serviced, 1);
	notify = false;
	test_equal_error(wire_aligned_peek(&q, read_bytes, &seen), 0);
	test_equal(seen.size, 8);
	test_equal_error(take(&q, 8, &notify), 0);
	test_true(notify);
	q.memory->need_serviced = 0;
	notify = false;
	test_equal_error(put(&q, 8, NULL), kIOReturnOverrun); /* 12 is not above 12 */
	q.memory->need_serviced = 0;
	test_equal_error(put(&q, 5, NULL), kIOReturnOverrun);
	test_equal_error(put(&q, 4, NULL), 0); /* 8 is below it */
	test_equal(q.memory->tail, 8);
	q.memory->need_serviced = 1;
	test_equal_error(take(&q, 8, NULL), 0);
	test_equal_error(take(&q, 4, NULL), 0);
	test_equal_error(take(&q, 0, &notify), kIOReturnUnderrun);
	test_true(notify); /* also when there is nothing */
}

/* The old tail of a wrap holds the rounded size. */
TEST(the_old_tail)
{
	struct wire_aligned_queue q = make(40);

	test_equal_error(put(&q, 28, NULL), 0);
	test_equal_error(take(&q, 28, NULL), 0);
	test_equal(q.memory->head, 32);
	test_equal_error(put(&q, 5, NULL), 0); /* 12 bytes; 8 are left */
	test_equal(q.memory->tail, 12);
	test_equal(word_at(&q, 32), 8);
	test_equal(word_at(&q, 0), 5);
	test_equal_error(take(&q, 5, NULL), 0);
	test_equal(q.memory->head, 12);
}

TEST(room_is_what_enqueue_finds)
{
	for (uint32_t size = 0; size < 20; size++)
		for (uint32_t head = 0; head <= 48; head += 4)
			for (uint32_t tail = 0; tail <= 48; tail += 4) {
				struct wire_aligned_memory *memory =
					calloc(1, sizeof(*memory) + 48);
				struct wire_aligned_queue q = { memory, 48 };
				uint32_t n = 0;
				IOReturn status[8];

				memory->head = head;
				memory->tail = tail;
				for (uint32_t count = 1; count < 8; count++)
					status[count] = wire_aligned_can_enqueue(&q, size, count);
				while (n < 7 && !put(&q, size, NULL))
					n++;
				for (uint32_t count = 1; count < 8; count++)
					test_equal_error(status[count],
							 count <= n ? 0 : kIOReturnOverrun);
				free(memory);
			}
}

TEST(damage)
{
	struct wire_aligned_queue q = make(16), none = { NULL, 0 };
	static const uint32_t sizes[] = { 0, 1, 12, 13, 0x7fffffff, 0xfffffffc, UINT32_MAX };

	q.memory->head = 17;
	test_equal_error(put(&q, 1, NULL), kIOReturnUnderrun);
	test_equal_error(wire_aligned_can_enqueue(&q, 1, 1), kIOReturnError);
	test_equal_error(take(&q, 1, NULL), kIOReturnError);
	q.memory->head = 0;
	q.memory->tail = 17;
	test_equal_error(put(&q, 1, NULL), kIOReturnUnderrun);
	q.memory->tail = 0;
	test_equal_error(put(&q, UINT32_MAX, NULL), kIOReturnOverrun);
	test_equal_error(wire_aligned_can_enqueue(&q, UINT32_MAX, 1), kIOReturnOverrun);
	test_equal_error(put(&none, 1, NULL), kIOReturnNoMemory);
	test_equal_error(take(&none, 1, NULL), kIOReturnNoMemory);
	test_equal_error(wire_aligned_can_enqueue(&none, 1, 1), kIOReturnNoMemory);
	for (uint32_t head = 0; head < 20; head++)
		for (uint32_t tail = 0; tail < 20; tail++)
			for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
				struct seen seen;
				bool notify;

				for (uint32_t at = 0; at < 16; at += 4)
					memcpy(q.memory->entries + at, &sizes[i], 4);
				q.memory->head = head;
				q.memory->tail = tail;
				wire_aligned_peek(&q, read_bytes, &seen);
				wire_aligned_dequeue(&q, read_bytes, &seen, &notify);
				q.memory->head = head;
				q.memory->tail = tail;
				put(&q, 6, NULL);
			}
}

struct pipe {
	struct wire_aligned_queue q;
	uint32_t count;
	_Atomic uint32_t wakes;
};

static void write_number(void *context, void *data, size_t size)
{
	memcpy(data, context, 4);
}

static void read_number(void *context, const void *data, size_t size)
{
	memcpy(context, data, 4);
}

static void *produce(void *context)
{
	struct pipe *pipe = context;

	for (uint32_t n = 0; n < pipe->count;) {
		bool notify = false;
		IOReturn status =
			wire_aligned_enqueue(&pipe->q, 4 + n % 30, write_number, &n, &notify);

		if (notify)
			pipe->wakes++;
		if (!status)
			n++;
		else
			sched_yield();
	}
	return NULL;
}

/* The consumer looks only when it was told, and then until it is empty. */
TEST(no_wake_up_is_lost)
{
	struct pipe pipe = { make(200), test_is_slow() ? 10000 : 300000, 0 };
	uint32_t next = 0, woken = 0, number = 0;
	pthread_t thread;
	bool notify;

	test_equal(pthread_create(&thread, NULL, produce, &pipe), 0);
	while (next < pipe.count) {
		while (pipe.wakes == woken)
			sched_yield();
		woken = pipe.wakes;
		while (!wire_aligned_dequeue(&pipe.q, read_number, &number, &notify))
			test_equal(number, next++);
	}
	pthread_join(thread, NULL);
}

TEST(a_queue_that_is_not_there_has_nothing)
{
	struct wire_aligned_queue none = { NULL, 64 };
	struct seen seen = { 0 };

	test_true(!wire_aligned_has_data(&none));
	test_equal_error(take(&none, 0, NULL), kIOReturnNoMemory);
	test_equal_error(put(&none, 1, NULL), kIOReturnNoMemory);
	test_equal_error(wire_aligned_peek(&none, read_bytes, &seen), kIOReturnNoMemory);
	test_equal_error(wire_aligned_can_enqueue(&none, 1, 1), kIOReturnNoMemory);
}

TEST(a_queue_without_room_for_a_header_has_no_entry)
{
	struct wire_aligned_queue q = make(0);

	q.memory->tail = 4;
	test_equal_error(take(&q, 0, NULL), kIOReturnError);
}

TEST(room_is_not_counted_with_a_head_that_cannot_be)
{
	struct wire_aligned_queue q = make(64);

	q.memory->head = 65;
	test_equal_error(wire_aligned_can_enqueue(&q, 1, 1), kIOReturnError);
	q.memory->head = 0;
	q.memory->tail = 65;
	test_equal_error(wire_aligned_can_enqueue(&q, 1, 1), kIOReturnError);
}

TEST_MAIN
