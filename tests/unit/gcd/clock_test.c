// SPDX-License-Identifier: MIT
#include "warm.h"

#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

TEST(time_saturates)
{
	struct timespec late = { INT64_MAX / 2, 0 };

	warm_up();
	test_equal(dispatch_time(DISPATCH_TIME_FOREVER, -1), DISPATCH_TIME_FOREVER);
	test_equal(dispatch_time(DISPATCH_TIME_NOW, INT64_MAX), DISPATCH_TIME_FOREVER);
	test_true(dispatch_time(DISPATCH_TIME_NOW, INT64_MIN) > 0);
	test_true(dispatch_time(DISPATCH_TIME_NOW, INT64_MIN) < now_ns());
	test_equal(dispatch_walltime(&late, 0), DISPATCH_TIME_FOREVER);
	test_equal(dispatch_walltime(NULL, INT64_MAX), DISPATCH_TIME_FOREVER);
}

TEST(deltas_add_up_on_both_clocks)
{
	dispatch_time_t t = dispatch_time(DISPATCH_TIME_NOW, 1000);
	struct timespec when = { 1000000, 5 };
	dispatch_time_t w = dispatch_walltime(&when, 7);

	warm_up();
	test_equal(dispatch_time(t, 500) - t, 500);
	test_equal(w - dispatch_time(w, 500), 500); /* wall times are negative numbers */
	test_equal(dispatch_walltime(&when, 507), dispatch_time(w, 500));
}

static dispatch_semaphore_t done;
static uint64_t fired_at;

static void fired(void *context)
{
	(void)context;
	fired_at = now_ns();
	dispatch_semaphore_signal(done);
}

TEST(after_is_never_early)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);
	uint64_t start = now_ns();

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 20000000), q, NULL, fired);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	test_true(fired_at >= start + 20000000);
	start = now_ns();
	dispatch_after_f(dispatch_walltime(NULL, 20000000), q, NULL, fired);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	test_true(fired_at >= start + 19000000); /* another clock */
	dispatch_after_f(DISPATCH_TIME_NOW, q, NULL, fired);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_after_f(DISPATCH_TIME_FOREVER, q, NULL, fired);
	dispatch_release(q);
	dispatch_release(done);
}

enum { TIMERS = 64 };
static int order[TIMERS], ordered;

static void append(void *context)
{
	order[ordered++] = (int)(intptr_t)context;
	if (ordered == TIMERS)
		dispatch_semaphore_signal(done);
}

/* True when all were set before the first was due: what is due already is not a timer any more. */
static bool set_timers(dispatch_queue_t q, int64_t lead_ns)
{
	dispatch_time_t base = dispatch_time(DISPATCH_TIME_NOW, lead_ns);

	ordered = 0;
	for (int i = 0; i < TIMERS; i++) {
		int place = i * 37 % TIMERS;

		dispatch_after_f(dispatch_time(base, place * 100000), q, (void *)(intptr_t)place,
				 append);
	}
	return dispatch_time(DISPATCH_TIME_NOW, 0) < base;
}

TEST(many_timers_fire_in_the_order_of_their_times)
{
	dispatch_queue_t q = dispatch_queue_create("q", NULL);
	bool in_time = false;

	warm_up();
	done = dispatch_semaphore_create(0);
	/* On a busy machine it may take several attempts to be quick enough. */
	for (int64_t lead_ns = 20000000; !in_time; lead_ns *= 2) {
		in_time = set_timers(q, lead_ns);
		dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	}
	for (int i = 0; i < TIMERS; i++)
		test_equal(order[i], i);
	dispatch_release(q);
	dispatch_release(done);
}

TEST_MAIN
