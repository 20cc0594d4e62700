// SPDX-License-Identifier: MIT
/*
 * A host that lies through the call slots: the program gets a documented error
 * or a status, nothing is written beyond what it asked for, and when the host
 * goes everybody returns. The liar is a thread of this process.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "base/futex.h"
#include "fake.h"
#include "test.h"
#include "wire/call.h"
#include "wire/slot_server.h"

enum { CALLS_BEFORE = 4, THREADS = 8, SCALARS = 3, BYTES = 40 };

static struct fake fake;
static io_service_t service;
static io_connect_t connection;

/* What the host does with its slots. */
static struct {
	struct wire_slots *_Atomic shared;
	void *(*run)(void *);
	pthread_t thread;
	atomic_bool ends;
	/* an answer */
	uint32_t step; /* added to the right one */
	int32_t status;
	struct wire_slot_sizes sizes;
	uint64_t n_scalars, structure_size;
} liar;

static bool take_slots(struct fake *f, int socket, struct wire_frame *frame)
{
	struct wire_slots_request request;
	struct wire_slots *shared;
	int fd;

	if (frame->header.type != WIRE_SLOTS)
		return false;
	test_equal(wire_frame_decode(frame, &wire_slots_layout, &request), 0);
	fd = wire_frame_take_fd(frame, 0);
	test_equal_error(wire_slot_server_map(fd, &shared), 0);
	liar.shared = shared;
	close(fd);
	if (liar.run)
		test_equal(pthread_create(&liar.thread, NULL, liar.run, NULL), 0);
	fake_reply_status(socket, frame, 0);
	return true;
}

static void start(void *(*run)(void *))
{
	uint64_t in = 5, out = 0;
	uint32_t n = 1;

	liar.run = run;
	atomic_store(&liar.ends, false);
	liar.shared = NULL;
	fake_start(&fake, take_slots);
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &connection), 0);
	for (int i = 0; i < CALLS_BEFORE - 1; i++)
		test_equal_error(IOConnectCallScalarMethod(connection, 0, &in, 1, &out, &n), 0);
	test_true(!liar.shared);
}

static void end(void)
{
	atomic_store(&liar.ends, true);
	if (liar.run)
		pthread_join(liar.thread, NULL);
	test_true(liar.shared != NULL);
	wire_slot_server_unmap(liar.shared);
	IOServiceClose(connection);
	IOObjectRelease(service);
	fake_end(&fake);
}

/* --- buffers that end where their page ends ------------------------------------------------------- */

struct buffer {
	uint8_t *pages, *bytes;
	size_t size;
};

static struct buffer guard(size_t size)
{
	struct buffer b = { .size = size };

	b.pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	test_true(b.pages != MAP_FAILED);
	test_equal(mprotect(b.pages + 4096, 4096, PROT_NONE), 0);
	memset(b.pages, 0xa5, 4096);
	b.bytes = b.pages + 4096 - size;
	return b;
}

/* Nothing has been written before it; what came after it would have been the end of us. */
static void check(struct buffer *b, size_t written)
{
	for (uint8_t *p = b->pages; p < b->bytes; p++)
		test_equal(*p, 0xa5);
	for (size_t i = written; i < b->size; i++)
		test_equal(b->bytes[i], 0xa5);
	munmap(b->pages, 8192);
}

/* A call for SCALARS scalars and BYTES bytes, of which it may write as much as there were. */
static kern_return_t call(uint32_t *ret_n, size_t *ret_size)
{
	struct buffer scalars = guard(SCALARS * sizeof(uint64_t)), bytes = guard(BYTES);
	kern_return_t result;

	*ret_n = SCALARS;
	*ret_size = BYTES;
	result = IOConnectCallMethod(connection, 1, NULL, 0, NULL, 0, (uint64_t *)scalars.bytes,
				     ret_n, bytes.bytes, ret_size);
	check(&scalars, SCALARS * sizeof(uint64_t));
	check(&bytes, BYTES);
	return result;
}

/* --- liars ------------------------------------------------------------------------------------------- */

/* The slot that waits for an answer. */
static struct wire_slot *await_request(uint32_t *ret_step)
{
	while (!atomic_load(&liar.ends))
		for (unsigned i = 0; i < WIRE_SLOTS_COUNT; i++) {
			*ret_step = atomic_load(&liar.shared->slots[i].step);
			if (*ret_step & 1)
				return &liar.shared->slots[i];
		}
	return NULL;
}

static void *answer_once(void *context)
{
	uint32_t step;
	struct wire_slot *slot = await_request(&step);
	struct wire_slot_head *head;

	if (!slot)
		return NULL;
	head = (void *)wire_slot_payload(liar.shared, (unsigned)(slot - liar.shared->slots));
	atomic_store(&head->n_scalars, liar.n_scalars);
	atomic_store(&head->structure_size, liar.structure_size);
	memset((uint8_t *)head + WIRE_SLOT_HEAD, 0x5a, 4096);
	atomic_store(&slot->word[1], wire_slot_pack(&liar.sizes));
	atomic_store(&slot->word[0], wire_slot_word(step + 1 + liar.step, (uint32_t)liar.status));
	futex_wake(&slot->step, INT32_MAX);
	return NULL;
}

/* The connection has ended for it. */
static void is_broken(void)
{
	uint32_t n;
	size_t size;

	start(answer_once);
	test_equal_error(call(&n, &size), kIOReturnIPCError);
	test_equal_error(call(&n, &size), MACH_SEND_INVALID_DEST);
	end();
	liar.step = 0;
	liar.sizes = (struct wire_slot_sizes){ 0 };
	liar.n_scalars = liar.structure_size = 0;
}

TEST(p_x3_wrong_steps)
{
	static const uint32_t steps[] = {
		1, 2, 0x7fffffff, 0x80000000, (uint32_t)-2, (uint32_t)-3
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		liar.step = steps[i];
		is_broken();
	}
}

TEST(p_x3_absurd_sizes)
{
	static const struct wire_slot_sizes sizes[] = {
		{ .n_out = SCALARS + 1 }, { .n_out = 31 },
		{ .out = BYTES + 1 },	  { .out = 4097 },
		{ .out = 0x1fffff },	  { .n_out = 31, .out = 0x1fffff, .exceeds = true },
		{ .exceeds = true }, /* it says 2^40 of each, and none is there */
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		liar.sizes = sizes[i];
		liar.n_scalars = liar.structure_size = 1ull << 40;
		is_broken();
	}
}

/* More than was asked for is reported, not written. */
TEST(p_a2_more_than_was_asked_for)
{
	uint32_t n;
	size_t size;

	liar.sizes = (struct wire_slot_sizes){ .n_out = SCALARS, .out = BYTES, .exceeds = true };
	liar.n_scalars = SCALARS + 4;
	liar.structure_size = BYTES + 1000;
	start(answer_once);
	test_equal_error(call(&n, &size), MIG_ARRAY_TOO_LARGE);
	test_equal(n, SCALARS + 4);
	test_equal(size, BYTES + 1000);
	end();
}

/* Half of it: the rest stays what it was. */
TEST(p_a6_half_an_answer)
{
	struct buffer scalars, bytes;
	uint32_t n = SCALARS;
	size_t size = BYTES;

	liar.sizes = (struct wire_slot_sizes){ .n_out = 1, .out = BYTES / 2 };
	start(answer_once);
	scalars = guard(SCALARS * sizeof(uint64_t));
	bytes = guard(BYTES);
	test_equal_error(IOConnectCallMethod(connection, 1, NULL, 0, NULL, 0,
					     (uint64_t *)scalars.bytes, &n, bytes.bytes, &size),
			 0);
	test_equal(n, 1);
	test_equal(size, BYTES / 2);
	for (size_t i = 0; i < size; i++)
		test_equal(bytes.bytes[i], 0x5a);
	check(&scalars, sizeof(uint64_t));
	check(&bytes, BYTES / 2);
	end();
}

TEST(a_status_alone)
{
	uint32_t n;
	size_t size;

	liar.status = kIOReturnBusy;
	liar.sizes = (struct wire_slot_sizes){ .n_out = 31, .out = 0x1fffff, .exceeds = true };
	start(answer_once);
	test_equal_error(call(&n, &size), kIOReturnBusy);
	test_equal(n, SCALARS);
	test_equal(size, BYTES);
	end();
}

/* --- many callers --------------------------------------------------------------------------------------- */

static void *call_until_broken(void *context)
{
	uint32_t n;
	size_t size;

	/* Any status may be the driver's own; only the end of the connection ends it. */
	while (call(&n, &size) != MACH_SEND_INVALID_DEST)
		;
	return NULL;
}

static void run_callers(void (*meanwhile)(void))
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		test_equal(pthread_create(&threads[i], NULL, call_until_broken, NULL), 0);
	meanwhile();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Any word of the slots in use, and answers now and then. */
static void *scribble(void *context)
{
	uint64_t state = 88172645463325252;

	while (!atomic_load(&liar.ends)) {
		uint64_t random = next_random(&state);
		unsigned index = random >> 8 & (THREADS - 1);
		struct wire_slot *slot = &liar.shared->slots[index];
		_Atomic uint64_t *words = (void *)slot;
		uint32_t step;

		if (random & 1) {
			step = atomic_load(&slot->step);
			if (step & 1)
				atomic_store(&slot->word[0],
					     wire_slot_word(step + 1, random & 2 ? 0 : 7));
		} else if (random % 64) {
			/* not the step: the call goes on */
			atomic_store(&words[1 + (random >> 16) % 31], next_random(&state));
		} else {
			memset(wire_slot_payload(liar.shared, index), (int)random, 4096);
			atomic_store(&liar.shared->unattended, (uint32_t)random);
			atomic_store(&liar.shared->knocks, (uint32_t)(random >> 32));
			atomic_store(&liar.shared->used, random);
		}
		futex_wake(&slot->step, INT32_MAX);
	}
	return NULL;
}

static void wait_until_it_breaks(void)
{
}

TEST(p_m8_a_host_that_scribbles_all_the_time)
{
	for (int round = 0; round < (test_is_slow() ? 10 : 100); round++) {
		start(scribble);
		run_callers(wait_until_it_breaks);
		end();
	}
}

/* Never an answer, and whatever wakes a caller is undone at once. */
static void *keep_asleep(void *context)
{
	while (!atomic_load(&liar.ends))
		for (unsigned i = 0; i < WIRE_SLOTS_COUNT; i++) {
			struct wire_slot *slot = &liar.shared->slots[i];
			uint32_t step = atomic_load(&slot->step);

			atomic_store(&slot->caller_sleeps, 0);
			if (step == 3) /* as it was before the library changed it */
				atomic_store(&slot->step, 1);
		}
	return NULL;
}

static void await_requests_and_kill(void)
{
	for (int n = 0; n < THREADS;) {
		n = 0;
		for (unsigned i = 0; liar.shared && i < WIRE_SLOTS_COUNT; i++)
			n += atomic_load(&liar.shared->slots[i].step) & 1;
		sched_yield();
	}
	fake_kill_host(&fake);
}

TEST(p_m8_scribbled_futex_words_and_a_hang_up)
{
	for (int round = 0; round < 10; round++) {
		start(round % 2 ? keep_asleep : NULL);
		run_callers(await_requests_and_kill);
		end();
	}
}

/* The caller sleeps, the answer comes, and nobody says so. */
static void *answer_in_silence(void *context)
{
	uint32_t step;
	struct wire_slot *slot = await_request(&step);

	while (slot && !atomic_load(&slot->caller_sleeps))
		sched_yield();
	if (slot)
		atomic_store(&slot->word[0], wire_slot_word(step + 1, 7));
	return NULL;
}

TEST(p_m8_an_answer_without_a_wake_up)
{
	uint32_t n;
	size_t size;

	start(answer_in_silence);
	test_equal_error(call(&n, &size), 7);
	end();
}

/* An answer of a megabyte that stops on its way. */
static void *answer_slowly(void *context)
{
	uint32_t step;
	struct wire_slot *slot = await_request(&step);
	struct wire_slot_sizes sizes = { .out = 1 << 20 };

	atomic_store(&slot->answered, 4096);
	atomic_store(&slot->word[1], wire_slot_pack(&sizes));
	atomic_store(&slot->word[0], wire_slot_word(step + 1, 0));
	futex_wake(&slot->step, INT32_MAX);
	/* The caller has it, and waits for more. */
	for (int i = 0; i < 100; i++)
		sched_yield();
	fake_kill_host(&fake);
	return NULL;
}

TEST(p_m8_an_answer_that_never_ends)
{
	uint8_t *bytes = malloc((1 << 20) + 1);

	memset(bytes, 0xa5, (1 << 20) + 1);
	for (int round = 0; round < 10; round++) {
		size_t size = 1 << 20;

		start(answer_slowly);
		test_equal_error(IOConnectCallStructMethod(connection, 1, NULL, 0, bytes, &size),
				 kIOReturnOffline);
		test_equal(size, 1 << 20);
		test_equal(bytes[1 << 20], 0xa5);
		end();
	}
	free(bytes);
}

static void await_requests_and_close(void)
{
	for (int n = 0; n < THREADS;) {
		n = 0;
		for (unsigned i = 0; liar.shared && i < WIRE_SLOTS_COUNT; i++)
			n += atomic_load(&liar.shared->slots[i].step) & 1;
		sched_yield();
	}
	IOServiceClose(connection);
}

TEST(p_l7_no_answer_and_a_close)
{
	for (int round = 0; round < 10; round++) {
		start(round % 2 ? keep_asleep : NULL);
		run_callers(await_requests_and_close);
		end();
	}
}

TEST_MAIN
