// SPDX-License-Identifier: MIT
#include "test.h"

#include <dispatch/dispatch.h>
#include <pthread.h>

TEST(counts_down_to_zero_and_times_out)
{
	dispatch_semaphore_t s = dispatch_semaphore_create(2);

	test_true(dispatch_semaphore_create(-1) == NULL);
	test_equal(dispatch_semaphore_wait(s, DISPATCH_TIME_NOW), 0);
	test_equal(dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER), 0);
	test_true(dispatch_semaphore_wait(s, DISPATCH_TIME_NOW) != 0);
	test_true(dispatch_semaphore_wait(s, dispatch_time(DISPATCH_TIME_NOW, 3000000)) != 0);
	test_true(dispatch_semaphore_wait(s, dispatch_walltime(NULL, 3000000)) != 0);
	test_equal(dispatch_semaphore_signal(s), 0);
	test_equal(dispatch_semaphore_signal(s), 0);
	dispatch_release(s);
}

static dispatch_semaphore_t ping, pong;
enum { ROUNDS = 5000 };

static void *echo(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		dispatch_semaphore_wait(ping, DISPATCH_TIME_FOREVER);
		dispatch_semaphore_signal(pong);
	}
	return unused;
}

TEST(no_wake_up_is_lost)
{
	pthread_t thread;

	ping = dispatch_semaphore_create(0);
	pong = dispatch_semaphore_create(0);
	pthread_create(&thread, NULL, echo, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		dispatch_semaphore_signal(ping);
		if (dispatch_semaphore_wait(
			    pong, dispatch_time(DISPATCH_TIME_NOW, i % 3 ? 1000 : 100000000)))
			dispatch_semaphore_wait(pong, DISPATCH_TIME_FOREVER);
	}
	pthread_join(thread, NULL);
	test_true(dispatch_semaphore_wait(pong, DISPATCH_TIME_NOW) != 0);
	dispatch_release(ping);
	dispatch_release(pong);
}

TEST_MAIN
