// SPDX-License-Identifier: MIT
#include "warm.h"

#include <stdatomic.h>

static atomic_int ran;
static dispatch_semaphore_t done;

static void count_run(void *context)
{
	(void)context;
	atomic_fetch_add(&ran, 1);
}

static void notified(void *context)
{
	*(int *)context = ran;
	dispatch_semaphore_signal(done);
}

TEST(wait_returns_when_all_have_left)
{
	dispatch_group_t g = dispatch_group_create();

	warm_up();
	for (int i = 0; i < 200; i++)
		dispatch_group_async_f(g, dispatch_get_global_queue(0, 0), NULL, count_run);
	test_equal(dispatch_group_wait(g, DISPATCH_TIME_FOREVER), 0);
	test_equal(ran, 200);
	test_equal(dispatch_group_wait(g, DISPATCH_TIME_NOW), 0);
	dispatch_release(g);
}

TEST(wait_times_out_while_somebody_is_in)
{
	dispatch_group_t g = dispatch_group_create();

	warm_up();
	dispatch_group_enter(g);
	test_true(dispatch_group_wait(g, DISPATCH_TIME_NOW) != 0);
	test_true(dispatch_group_wait(g, dispatch_time(DISPATCH_TIME_NOW, 5000000)) != 0);
	test_true(dispatch_group_wait(g, dispatch_walltime(NULL, 5000000)) != 0);
	dispatch_group_leave(g);
	test_equal(dispatch_group_wait(g, DISPATCH_TIME_NOW), 0);
	dispatch_release(g);
}

TEST(notify_comes_after_the_last_leave)
{
	dispatch_group_t g = dispatch_group_create();
	int seen = -1;

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_group_enter(g);
	dispatch_group_notify_f(g, dispatch_get_global_queue(0, 0), &seen, notified);
	test_true(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 2000000)) != 0);
	count_run(NULL);
	dispatch_group_leave(g);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	test_equal(seen, 1);
	dispatch_group_notify_f(g, dispatch_get_global_queue(0, 0), &seen, notified);
	dispatch_release(g);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_release(done);
}

TEST_MAIN
