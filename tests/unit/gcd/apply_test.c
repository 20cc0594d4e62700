// SPDX-License-Identifier: MIT
#include "warm.h"

#include <stdatomic.h>
#include <string.h>

static atomic_int times[1000];

static void mark(void *context, size_t i)
{
	(void)context;
	atomic_fetch_add(&times[i], 1);
}

static void check(size_t count, dispatch_queue_t queue)
{
	memset(times, 0, sizeof times);
	dispatch_apply_f(count, queue, NULL, mark);
	for (size_t i = 0; i < 1000; i++)
		test_equal(times[i], i < count ? 1 : 0);
}

TEST(every_iteration_runs_once)
{
	dispatch_queue_t serial = dispatch_queue_create("s", NULL);
	dispatch_queue_t concurrent = dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT);

	warm_up();
	check(0, DISPATCH_APPLY_AUTO);
	check(1, DISPATCH_APPLY_AUTO);
	check(1000, dispatch_get_global_queue(0, 0));
	check(1000, concurrent);
	check(1000, serial);
	dispatch_release(serial);
	dispatch_release(concurrent);
}

static dispatch_queue_t outer;

static void nested(void *context, size_t i)
{
	(void)i;
	dispatch_apply_f(10, outer, context, mark);
}

TEST(nested_on_one_concurrent_queue)
{
	warm_up();
	outer = dispatch_queue_create("c", DISPATCH_QUEUE_CONCURRENT);
	dispatch_apply_f(20, outer, NULL, nested);
	for (int i = 0; i < 10; i++)
		test_equal(times[i], 20);
	dispatch_release(outer);
}

TEST_MAIN
