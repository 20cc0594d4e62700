// SPDX-License-Identifier: MIT
/* The server's end against callers that lie. What works is in slot_caller_test.c. */
#include "wire/slot_server.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/shm.h"
#include "slot_pair.h"
#include "test.h"

struct fixture {
	struct wire_slots *shared;
	struct wire_slot_server server;
	struct wire_slot_request request;
};

static void set_up(struct fixture *f)
{
	f->shared = slot_pair_memory();
	wire_slot_server_init(&f->server, f->shared);
	atomic_store(&f->shared->used, 3);
}

static void post(struct fixture *f, unsigned slot, uint32_t step, struct wire_slot_sizes sizes)
{
	atomic_store(&f->shared->slots[slot].word[1], wire_slot_pack(&sizes));
	atomic_store(&f->shared->slots[slot].word[0], wire_slot_word(step, 42));
}

static err_t next(struct fixture *f)
{
	return wire_slot_server_next(&f->server, &f->request);
}

static void answer(struct fixture *f)
{
	wire_slot_server_answer(&f->server, &f->request, &(struct wire_slot_answer){ .status = 3 });
}

TEST(takes_each_request_once)
{
	struct fixture f;

	set_up(&f);
	test_equal_error(next(&f), -EAGAIN);
	post(&f, 1, 1, (struct wire_slot_sizes){ .n_in = 2, .n_out = 3, .in = 10, .out = 20 });
	test_equal_error(next(&f), 0);
	test_equal(f.request.index, 1);
	test_equal(f.request.selector, 42);
	test_equal(f.request.n_input, 2);
	test_equal(f.request.output_capacity, 3);
	test_equal(f.request.structure_size, 10);
	test_equal(f.request.structure_capacity, 20);
	test_equal(f.shared->slots[1].taken, 1);
	test_equal_error(next(&f), -EAGAIN);
	answer(&f);
	test_equal(f.shared->slots[1].step, 2);
	test_equal_error(next(&f), -EAGAIN);
	post(&f, 1, 3, (struct wire_slot_sizes){ 0 });
	test_equal_error(next(&f), 0);
	slot_pair_memory_free(f.shared);
}

static void refuse(uint32_t step, struct wire_slot_sizes sizes)
{
	struct fixture f;

	set_up(&f);
	post(&f, 0, step, sizes);
	test_equal_error(next(&f), -EBADMSG);
	slot_pair_memory_free(f.shared);
}

TEST(refuses_steps_that_cannot_be)
{
	refuse(2, (struct wire_slot_sizes){ 0 });
	refuse(3, (struct wire_slot_sizes){ 0 });
	refuse(0x80000001, (struct wire_slot_sizes){ 0 });
	refuse((uint32_t)-2, (struct wire_slot_sizes){ 0 });
}

TEST(refuses_sizes_that_cannot_be)
{
	refuse(1, (struct wire_slot_sizes){ .n_in = 17 });
	refuse(1, (struct wire_slot_sizes){ .n_out = 17 });
	refuse(1, (struct wire_slot_sizes){ .in = wire_slot_capacity(0) + 1 });
	refuse(1, (struct wire_slot_sizes){ .out = wire_slot_capacity(0) + 1 });
	refuse(1, (struct wire_slot_sizes){ .in = 0x1fffff });
	refuse(1, (struct wire_slot_sizes){ .exceeds = true });
}

/* Two threads of the host would answer into one slot. */
TEST(refuses_a_second_request_before_the_answer)
{
	struct fixture f;

	set_up(&f);
	post(&f, 0, 1, (struct wire_slot_sizes){ 0 });
	test_equal_error(next(&f), 0);
	post(&f, 0, 3, (struct wire_slot_sizes){ 0 });
	test_equal_error(next(&f), -EBADMSG);
	slot_pair_memory_free(f.shared);
}

TEST(more_slots_than_there_are)
{
	struct fixture f;

	set_up(&f);
	atomic_store(&f.shared->used, UINT64_MAX);
	post(&f, WIRE_SLOTS_COUNT - 1, 1, (struct wire_slot_sizes){ .in = WIRE_SLOT_NARROW });
	test_equal_error(next(&f), 0);
	test_equal(f.request.index, WIRE_SLOTS_COUNT - 1);
	slot_pair_memory_free(f.shared);
}

TEST(does_not_sleep_over_a_request)
{
	struct fixture f;
	uint32_t knocks;

	set_up(&f);
	test_true(wire_slot_server_begin_sleep(&f.server, &knocks));
	test_equal(f.shared->unattended, 1);
	post(&f, 1, 1, (struct wire_slot_sizes){ 0 });
	test_true(!wire_slot_server_begin_sleep(&f.server, &knocks));
	test_equal(f.shared->unattended, 0);
	/* A knock since then: it returns. */
	wire_slot_server_wake_all(&f.server);
	wire_slot_server_sleep(&f.server, knocks, NULL);
	slot_pair_memory_free(f.shared);
}

/* While the one that looks at the slots is in a long method, who comes has to knock. */
TEST(a_long_method_is_seen_by_callers)
{
	struct fixture f;

	set_up(&f);
	wire_slot_server_run(&f.server, true, false);
	test_equal(f.shared->running, 1);
	test_equal(f.shared->unattended, 0);
	wire_slot_server_run(&f.server, true, true);
	test_equal(f.shared->unattended, 1);
	wire_slot_server_run(&f.server, false, true);
	test_equal(f.shared->running, 0);
	test_equal(f.shared->unattended, 0);
	slot_pair_memory_free(f.shared);
}

static void answer_at_length(unsigned caller_cpu)
{
	enum { LENGTH = WIRE_SLOT_NARROW + 1 };
	static uint8_t bytes[LENGTH];
	struct fixture f;

	set_up(&f);
	atomic_store(&f.shared->used, UINT64_MAX);
	post(&f, WIRE_SLOT_FIRST_WIDE, 1,
	     (struct wire_slot_sizes){ .out = LENGTH, .cpu = caller_cpu });
	test_equal_error(next(&f), 0);
	memset(bytes, 0x5a, LENGTH);
	/* It has gone to sleep. */
	atomic_store(&f.shared->slots[WIRE_SLOT_FIRST_WIDE].caller_sleeps, 1);
	wire_slot_server_answer(
		&f.server, &f.request,
		&(struct wire_slot_answer){ .structure = bytes, .structure_size = LENGTH });
	test_equal(f.shared->slots[WIRE_SLOT_FIRST_WIDE].step, 2);
	test_equal(f.shared->slots[WIRE_SLOT_FIRST_WIDE].answered, LENGTH);
	test_true(!memcmp(wire_slot_payload(f.shared, WIRE_SLOT_FIRST_WIDE) + WIRE_SLOT_HEAD, bytes,
			  LENGTH));
	slot_pair_memory_free(f.shared);
}

/* Behind the answer, or before it where the caller could not copy meanwhile. */
TEST(large_answers_arrive_whole_wherever_the_caller_runs)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((size_t)sched_getcpu(), &here);
	test_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	answer_at_length(WIRE_SLOT_NO_CPU);
	answer_at_length(cpu_current());
}

TEST(takes_no_other_memory)
{
	struct wire_slots *shared;
	int fd = memfd_create("unsealed", MFD_CLOEXEC), small, pipes[2];

	test_equal(ftruncate(fd, sizeof(struct wire_slots)), 0);
	test_equal_error(wire_slot_server_map(fd, &shared), -EBADMSG);
	close(fd);
	test_equal_error(shm_create("small", 4096, &small), 0);
	test_equal_error(wire_slot_server_map(small, &shared), -EBADMSG);
	close(small);
	test_equal(pipe(pipes), 0);
	test_equal_error(wire_slot_server_map(pipes[0], &shared), -EBADMSG);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_MAIN
