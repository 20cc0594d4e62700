// SPDX-License-Identifier: MIT
/* Many timers; run_loop_test.c has what one timer does in its loop. */
#include <CoreFoundation/CFRunLoop.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "info.h"
#include "test.h"

#define MANY 10000

static int fired[MANY];
static int n_fired;

static void count_timer(CFRunLoopTimerRef timer, void *info)
{
	++*(int *)info;
	n_fired++;
}

static void *many_timers(void *unused)
{
	CFRunLoopTimerRef *timers = calloc(MANY, sizeof(*timers));
	CFAbsoluteTime now = CFAbsoluteTimeGetCurrent();
	clock_t cpu = clock();

	for (int i = 0; i < MANY; i++) {
		CFRunLoopTimerContext context = { .info = &fired[i] };

		/* Half of them for later, some at the same time, spread over 50 ms. */
		timers[i] = CFRunLoopTimerCreate(NULL, i % 2 ? now + 1e6 : now + i / 4 * 2e-5, 0, 0,
						 i % 3, count_timer, &context);
		CFRunLoopAddTimer(CFRunLoopGetCurrent(), timers[i], CFSTR("many"));
	}
	while (n_fired < MANY / 2)
		CFRunLoopRunInMode(CFSTR("many"), 0.001, false);
	for (int i = 0; i < MANY; i++) {
		test_equal(fired[i], i % 2 == 0);
		test_equal(CFRunLoopTimerIsValid(timers[i]), i % 2);
		CFRunLoopTimerInvalidate(timers[i]);
		CFRelease(timers[i]);
	}
	free(timers);
	/* Sanity, not speed: quadratic work with a lock and a reference each would take longer. */
	if (!test_is_slow())
		test_true((double)(clock() - cpu) / CLOCKS_PER_SEC < 5);
	return unused;
}

static void invalidate_it(CFRunLoopTimerRef timer, void *info)
{
	CFRunLoopTimerInvalidate(timer);
	info_expect_kept(info);
}

TEST(invalidation_leaves_its_callback_the_info)
{
	CFRunLoopTimerContext context = { 0, &info_refs, info_retain, info_release, NULL };

	CFRunLoopGetMain();
	test_reset_baseline();
	CFRunLoopTimerRef timer = CFRunLoopTimerCreate(NULL, 0, 1, 0, 0, invalidate_it, &context);

	CFRunLoopAddTimer(CFRunLoopGetCurrent(), timer, CFSTR("m"));
	CFRunLoopRunInMode(CFSTR("m"), 10, false);
	info_expect_dropped();
	CFRelease(timer);
}

TEST(ten_thousand_timers)
{
	pthread_t thread;

	CFRunLoopGetMain();
	test_reset_baseline();
	test_equal(pthread_create(&thread, NULL, many_timers, NULL), 0);
	pthread_join(thread, NULL);
}

enum { SLACK_NS = 1234567 };

static void check_slack(CFRunLoopTimerRef timer, void *info)
{
	test_equal(prctl(PR_GET_TIMERSLACK), SLACK_NS);
	++*(int *)info;
}

/* A loop that waits for a timer sleeps exactly; what the program has asked for elsewhere stays. */
TEST(the_threads_timer_slack_is_left_as_it_is)
{
	int count = 0;
	CFRunLoopTimerContext context = { .info = &count };

	CFRunLoopGetMain();
	test_reset_baseline();
	test_equal(prctl(PR_SET_TIMERSLACK, SLACK_NS), 0);
	CFRunLoopTimerRef timer = CFRunLoopTimerCreate(NULL, CFAbsoluteTimeGetCurrent() + 0.002,
						       0.002, 0, 0, check_slack, &context);

	CFRunLoopAddTimer(CFRunLoopGetCurrent(), timer, CFSTR("slack"));
	while (count < 2)
		CFRunLoopRunInMode(CFSTR("slack"), 1, false);
	test_equal(prctl(PR_GET_TIMERSLACK), SLACK_NS);
	CFRunLoopTimerInvalidate(timer);
	CFRelease(timer);
}

TEST_MAIN
