// SPDX-License-Identifier: MIT
/* dispatch as a client program sees it: public headers only. */
#include "test.h"

#include <dispatch/dispatch.h>

static dispatch_semaphore_t done;

static void finish(void *context)
{
	(void)context;
	dispatch_semaphore_signal(done);
}

static void add(void *context)
{
	++*(int *)context;
}

/* The library keeps its timer descriptors. A timer source opens them at any load, where a time that
 * has passed before dispatch_after looks does not. */
static void warm_up(void)
{
	dispatch_source_t timer = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0,
							 dispatch_get_global_queue(0, 0));

	done = dispatch_semaphore_create(0);
	dispatch_source_set_event_handler_f(timer, finish);
	dispatch_source_set_timer(timer, DISPATCH_TIME_NOW, DISPATCH_TIME_FOREVER, 0);
	dispatch_set_context(timer, NULL);
	dispatch_resume(timer);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_source_set_cancel_handler_f(timer, finish);
	dispatch_source_cancel(timer);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_release(timer);
	dispatch_release(done);
	test_reset_baseline();
}

TEST(queues_groups_and_semaphores)
{
	dispatch_queue_t serial =
		dispatch_queue_create("com.example.serial", DISPATCH_QUEUE_SERIAL);
	dispatch_queue_t concurrent =
		dispatch_queue_create("com.example.concurrent", DISPATCH_QUEUE_CONCURRENT);
	dispatch_group_t group = dispatch_group_create();
	int count = 0;

	warm_up();
	for (int i = 0; i < 100; i++)
		dispatch_group_async_f(group, serial, &count, add);
	test_equal(dispatch_group_wait(group, DISPATCH_TIME_FOREVER), 0);
	test_equal(count, 100);
	dispatch_barrier_async_f(concurrent, &count, add);
	dispatch_barrier_sync_f(concurrent, &count, add);
	test_equal(count, 102);
	test_equal_text(dispatch_queue_get_label(serial), "com.example.serial");
	dispatch_release(group);
	dispatch_release(serial);
	dispatch_release(concurrent);
}

static void fire(void *context)
{
	dispatch_source_t source = context;

	if (dispatch_source_get_data(source) > 0)
		dispatch_source_cancel(source);
}

TEST(timer_source_until_it_cancels_itself)
{
	dispatch_source_t timer;

	warm_up();
	done = dispatch_semaphore_create(0);
	dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 1000), dispatch_get_global_queue(0, 0),
			 NULL, finish);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	timer = dispatch_source_create(
		DISPATCH_SOURCE_TYPE_TIMER, 0, 0,
		dispatch_get_global_queue(DISPATCH_QUEUE_PRIORITY_DEFAULT, 0));
	dispatch_set_context(timer, timer);
	dispatch_source_set_event_handler_f(timer, fire);
	dispatch_source_set_cancel_handler_f(timer, finish);
	dispatch_source_set_timer(timer, dispatch_time(DISPATCH_TIME_NOW, 1000000), 1000000, 0);
	dispatch_resume(timer);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	test_true(dispatch_source_testcancel(timer) != 0);
	dispatch_release(timer);
	dispatch_release(done);
}

TEST_MAIN
