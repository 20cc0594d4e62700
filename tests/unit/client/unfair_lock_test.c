// SPDX-License-Identifier: MIT
#include <os/lock.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static os_unfair_lock lock = OS_UNFAIR_LOCK_INIT;
static long counter;

static void *count(void *context)
{
	for (int i = 0; i < 20000; i++) {
		os_unfair_lock_lock(&lock);
		os_unfair_lock_assert_owner(&lock);
		counter++;
		os_unfair_lock_unlock(&lock);
	}
	return NULL;
}

TEST(threads_exclude_each_other)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		test_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	test_equal(counter, 80000);
	os_unfair_lock_assert_not_owner(&lock);
}

static void *try(void *context)
{
	*(bool *)context = os_unfair_lock_trylock(&lock);
	return NULL;
}

TEST(trylock_does_not_wait)
{
	pthread_t thread;
	bool got = true;

	test_true(os_unfair_lock_trylock(&lock));
	pthread_create(&thread, NULL, try, &got);
	pthread_join(thread, NULL);
	test_true(!got);
	os_unfair_lock_unlock(&lock);
	test_equal(lock._os_unfair_lock_opaque, 0);
}

/* The signal that ends a child that does it. */
static int end_of(int what)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		close(STDERR_FILENO);
		if (what == 0)
			os_unfair_lock_unlock(&lock);
		os_unfair_lock_lock(&lock);
		if (what == 1)
			os_unfair_lock_lock(&lock);
		os_unfair_lock_assert_not_owner(&lock);
		_exit(0);
	}
	test_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(mistakes_end_the_process)
{
	for (int what = 0; what < 3; what++)
		test_equal(end_of(what), SIGABRT);
}

TEST_MAIN
