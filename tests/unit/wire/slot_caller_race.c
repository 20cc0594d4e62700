// SPDX-License-Identifier: MIT
/* The module once more, where others do something in the middle of a call; the server is this thread, too. */
#include <stdatomic.h>
#include <stddef.h>

#include "wire/slot_caller.h"

static _Thread_local struct {
	const volatile void
		*at;	 /* the word that is about to be touched; NULL: nobody does anything */
	unsigned passes; /* so often before */
	void (*run)(void);
} meanwhile;

static void before(const volatile void *at)
{
	if (at != meanwhile.at || meanwhile.passes--)
		return;
	meanwhile.at = NULL;
	meanwhile.run();
}

#undef atomic_load
#define atomic_load(at) (before(at), atomic_load_explicit(at, memory_order_seq_cst))
#undef atomic_exchange
#define atomic_exchange(at, new) \
	(before(at), atomic_exchange_explicit(at, new, memory_order_seq_cst))
#undef atomic_fetch_add
#define atomic_fetch_add(at, n) (before(at), atomic_fetch_add_explicit(at, n, memory_order_seq_cst))
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(at, old, new, success, failure) \
	(before(at), atomic_compare_exchange_strong_explicit(at, old, new, success, failure))
#include "wire/slot_caller.c"

#include "failing.h"
#include "slot_pair.h"
#include "test.h"

static struct wire_slot_caller *caller;
static struct wire_slots *shared;
static struct wire_slot_server server;

static void begin(void)
{
	shared = slot_pair_memory();
	test_equal_error(wire_slot_caller_new_at(shared, &caller), 0);
	wire_slot_server_init(&server, shared);
}

static void end(void)
{
	test_true(!meanwhile.at);
	caller = wire_slot_caller_free(caller);
	slot_pair_memory_free(shared);
}

/* Before the calling thread touches AT, after it has done so PASSES times. */
static void arrange(const volatile void *at, unsigned passes, void (*run)(void))
{
	meanwhile.at = at;
	meanwhile.passes = passes;
	meanwhile.run = run;
}

static void answer(void)
{
	struct wire_slot_request request;

	test_equal_error(wire_slot_server_next(&server, &request), 0);
	wire_slot_server_answer(&server, &request, &(struct wire_slot_answer){ .status = 3 });
}

static void lose(void)
{
	wire_slot_caller_lose(caller);
}

static err_t call(int leased)
{
	struct wire_slot_call call = { .selector = 1 };
	err_t err = wire_slot_caller_call(caller, leased, &call);

	if (!err)
		test_equal(call.status, 3);
	return err;
}

/* --- claiming ----------------------------------------------------------------------------------- */

static void take_first(void)
{
	atomic_fetch_or(&caller->busy, 1);
}

TEST(a_slot_that_another_thread_takes_just_then_is_its_own)
{
	begin();
	arrange(&caller->busy, 0, take_first);
	test_equal(wire_slot_caller_lease(caller), 1);
	end();
}

TEST(a_slot_whose_call_has_no_answer_is_not_used_again)
{
	begin();
	int first = wire_slot_caller_lease(caller);

	lose();
	test_equal_error(call(first), -EPIPE);
	wire_slot_caller_give_back(caller, first);
	test_true(wire_slot_caller_lease(caller) != first);
	end();
}

/* --- knocking ----------------------------------------------------------------------------------- */

static void knock_and_answer(void)
{
	atomic_store(&shared->unattended, 0);
	answer();
}

TEST(one_knock_is_enough)
{
	begin();
	atomic_store(&shared->unattended, 1);
	arrange(&shared->unattended, 1, knock_and_answer);
	test_equal_error(call(-1), 0);
	test_equal(shared->knocks, 0);
	end();
}

static void look_and_lose(void)
{
	test_equal(shared->knocks, 1);
	lose();
}

/* A server that went into a method just before the request came: another of its threads shall look. */
TEST(a_request_that_nobody_has_taken_is_told_once_more)
{
	begin();
	atomic_store(&shared->running, 1);
	arrange(&caller->n_asleep, 0, look_and_lose);
	test_equal_error(call(-1), -EPIPE);
	end();
}

/* --- the end -------------------------------------------------------------------------------------- */

TEST(an_answer_just_before_the_sleep)
{
	begin();
	arrange(&caller->n_asleep, 0, answer);
	test_equal_error(call(-1), 0);
	end();
}

TEST(a_loss_just_before_the_sleep)
{
	begin();
	arrange(&caller->n_asleep, 0, lose);
	test_equal_error(call(-1), -EPIPE);
	end();
}

static void answer_and_lose(void)
{
	answer();
	lose();
}

TEST(an_answer_just_before_the_loss_counts)
{
	begin();
	arrange(&caller->lost, 0, answer_and_lose);
	test_equal_error(call(-1), 0);
	test_equal_error(call(-1), -EPIPE);
	end();
}

enum { LARGE = WIRE_SLOT_NARROW + 1 };

static void answer_without_bytes(void)
{
	struct wire_slot *slot = &shared->slots[WIRE_SLOT_FIRST_WIDE];
	struct wire_slot_sizes sizes = { .out = LARGE };

	atomic_store(&slot->word[1], wire_slot_pack(&sizes));
	atomic_store(&slot->word[0], wire_slot_word(atomic_load(&slot->step) + 1, 0));
	lose();
}

TEST(an_answer_whose_bytes_do_not_come)
{
	static uint8_t bytes[LARGE];
	struct wire_slot_call call = { .structure_output = bytes, .structure_capacity = LARGE };

	begin();
	arrange(&caller->lost, 0, answer_without_bytes);
	test_equal_error(wire_slot_caller_call(caller, -1, &call), -EPIPE);
	end();
}

/* --- where the other end runs ------------------------------------------------------------------------ */

static uint32_t sent_at_once;

static void look_at_bytes(void)
{
	sent_at_once = atomic_load(&shared->slots[WIRE_SLOT_FIRST_WIDE].sent);
	answer();
}

static uint32_t count_sent_at_once(unsigned server_cpu)
{
	static uint8_t bytes[LARGE];
	struct wire_slot_call call = { .structure = bytes, .structure_size = LARGE };

	atomic_store(&caller->server_cpu, server_cpu);
	arrange(&shared->unattended, 0, look_at_bytes);
	test_equal_error(wire_slot_caller_call(caller, -1, &call), 0);
	return sent_at_once;
}

/* Who copies behind us is told before the copy, who could not run meanwhile behind it. */
TEST(large_structures_follow_the_request_to_another_processor)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((size_t)sched_getcpu(), &here);
	test_equal(sched_setaffinity(0, sizeof(here), &here), 0);
	begin();
	test_equal(count_sent_at_once(WIRE_SLOT_NO_CPU), 0);
	test_equal(count_sent_at_once(cpu_current()), LARGE);
	end();
}

/* --- memory ------------------------------------------------------------------------------------------- */

TEST(a_caller_that_cannot_be_made_leaves_nothing_behind)
{
	int fd;

	test_each_shortage(shortage)
	{
		test_shortage_begin(&shortage);
		err_t err = wire_slot_caller_new(&caller, &fd);
		test_equal_error(err, test_shortage_end(&shortage) ? -ENOMEM : 0);
		if (!err) {
			wire_slot_caller_free(caller);
			fd_close(fd);
		}
	}
	test_fail_call("memfd_create", 0, EMFILE);
	test_equal_error(wire_slot_caller_new(&caller, &fd), -EMFILE);
	test_true(test_calls_failed());
	test_fail_call("mmap64", 0, ENOMEM);
	test_equal_error(wire_slot_caller_new(&caller, &fd), -ENOMEM);
	test_true(test_calls_failed());
	test_true(!wire_slot_caller_free(NULL));
}
