// SPDX-License-Identifier: MIT
#include "wire/patience.h"

#include "base/cpu.h"
#include "base/loop.h"
#include "test.h"

enum { NOT_HERE = 1022 };

/* How often a wait that nothing ends looks before it is time to sleep. */
static unsigned looks(struct wire_patience *patience, unsigned peer)
{
	struct wire_waiting waiting;
	unsigned n = 0;

	wire_wait_begin(&waiting, patience, peer);
	while (wire_wait_again(&waiting))
		test_true(++n < 1000 * 1000);
	wire_wait_slept(&waiting);
	test_true(!wire_wait_again(&waiting));
	return n;
}

static void pass(uint64_t ns)
{
	uint64_t until = loop_now_ns() + ns;

	while (loop_now_ns() < until) {
	}
}

/* A wait that ended after about NS of sleep. */
static void sleep_for(struct wire_patience *patience, uint64_t ns)
{
	struct wire_waiting waiting;

	wire_wait_begin(&waiting, patience, NOT_HERE);
	while (wire_wait_again(&waiting)) {
	}
	wire_wait_slept(&waiting);
	pass(ns);
	wire_wait_end(&waiting);
}

TEST(every_wait_ends)
{
	struct wire_patience patience;

	wire_patience_init(&patience);
	test_true(looks(&patience, NOT_HERE) >= WIRE_WAIT_BLIND_LOOKS);
	test_true(looks(&patience, cpu_current()) > 0);
}

TEST(long_sleeps_use_up_the_budget)
{
	struct wire_patience patience;

	wire_patience_init(&patience);
	for (int i = 0; i < 20; i++)
		sleep_for(&patience, 200 * 1000);
	test_equal(patience.budget_ns, 0);
}

TEST(short_sleeps_bring_it_back)
{
	struct wire_patience patience;

	wire_patience_init(&patience);
	patience.budget_ns = 0;
	for (int i = 0; i < 200 && !patience.budget_ns; i++)
		sleep_for(&patience, 2000);
	test_true(patience.budget_ns > 0);
}

TEST(a_gap_costs_the_budget_and_penance)
{
	struct wire_patience patience;
	struct wire_waiting waiting;

	wire_patience_init(&patience);
	patience.budget_ns = 60 * 1000;
	wire_wait_begin(&waiting, &patience, NOT_HERE);
	for (int i = 0; i < WIRE_WAIT_BLIND_LOOKS + 1; i++)
		test_true(wire_wait_again(&waiting));
	pass(30 * 1000);
	test_true(!wire_wait_again(&waiting));
	test_equal(patience.budget_ns, 0);
	test_true(patience.penance > 0);
	/* Short waits do penance first. */
	uint32_t before = patience.penance;
	while (patience.penance == before)
		sleep_for(&patience, 2000);
	test_equal(patience.budget_ns, 0);
}

/* With one processor to run on there is nowhere to move: nothing may happen to the thread. */
TEST(moves_only_where_it_may)
{
	struct wire_patience patience;
	cpu_set_t before, after, one;

	wire_patience_init(&patience);
	test_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10000; i++) {
			struct wire_waiting waiting;
			unsigned here = cpu_current();

			wire_wait_begin(&waiting, &patience, here);
			wire_wait_move_away(&waiting, here);
		}
		test_equal(sched_getaffinity(0, sizeof(after), &after), 0);
		test_true(CPU_EQUAL(&after, round ? &one : &before));
		CPU_ZERO(&one);
		CPU_SET(cpu_current(), &one);
		test_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	}
}

TEST_MAIN
