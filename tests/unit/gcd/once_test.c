// SPDX-License-Identifier: MIT
#include "test.h"

#include <dispatch/dispatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static dispatch_once_t predicates[100];
static int runs[100];
static atomic_int at;

static void run_once(void *context)
{
	++*(int *)context; /* not atomic: every caller sees the finished run */
}

static void *race(void *unused)
{
	for (int i = 0; i < 100; i++) {
		while (at < i)
			sched_yield();
		dispatch_once_f(&predicates[i], &runs[i], run_once);
		test_equal(runs[i], 1);
		int expected = i;
		atomic_compare_exchange_strong(&at, &expected, i + 1);
	}
	return unused;
}

TEST(runs_once_and_all_callers_see_it)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, race, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 100; i++)
		test_equal(runs[i], 1);
}

static void recurse(void *context)
{
	dispatch_once_f(context, context, recurse);
}

TEST(recursion_traps)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		close(STDERR_FILENO);
		dispatch_once_f(&predicates[0], &predicates[0], recurse);
		_exit(0);
	}
	test_true(waitpid(child, &status, 0) == child);
	test_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST_MAIN
