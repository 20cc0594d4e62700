// SPDX-License-Identifier: MIT
/* Methods that do not return: closing ends, and with it the calls; the host serves others. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "methods.h"
#include "test.h"
#include "world.h"

TEST(p_l7_close_returns_and_the_call_is_aborted)
{
	struct methods_caller holding;

	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE), other = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(other, METHODS_N_CLOSES);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	test_equal_error(IOServiceClose(c), 0);
	test_equal_error(methods_end(&holding), kIOReturnAborted);
	/* J22: clientClose waits for the method all the same. */
	for (int i = 0; i < 100; i++)
		test_equal(methods_count(other, METHODS_N_CLOSES), closes);
	test_equal_error(IOConnectAddRef(c), KERN_INVALID_NAME);
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	methods_await(other, METHODS_N_CLOSES, closes + 1);
	test_equal(methods_count(other, METHODS_N_OVERLAPS), 0);
	IOServiceClose(other);
	world_stop();
}

TEST(p_l7_the_same_when_calls_go_through_slots)
{
	struct methods_caller holding;

	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE), other = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(other, METHODS_N_CLOSES);
	for (int i = 0; i < 20; i++)
		methods_count(c, METHODS_N_CLOSES);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	test_equal_error(IOServiceClose(c), 0);
	kern_return_t result = methods_end(&holding);
	test_true((uint32_t)result == (uint32_t)kIOReturnAborted ||
		  (uint32_t)result == (uint32_t)MACH_SEND_INVALID_DEST);
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	methods_await(other, METHODS_N_CLOSES, closes + 1);
	IOServiceClose(other);
	world_stop();
}

static void *call_until_it_ends(void *context)
{
	uint64_t out[METHODS_N];
	uint32_t n;
	kern_return_t result;

	do {
		n = METHODS_N;
		result = IOConnectCallScalarMethod(*(io_connect_t *)context, METHODS_COUNTS, NULL,
						   0, out, &n);
	} while (!result);
	return NULL;
}

/* The service ends, or the right to use it: who has not been heard yet does not wait for who has. */
TEST(p_l7_calls_beside_it_end_with_the_connection)
{
	struct methods_caller holding;
	pthread_t thread;
	size_t n;

	if (!world_is_daemon())
		test_skip("only such a session has a place to ask at");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	for (int i = 0; i < 20; i++)
		methods_count(c, METHODS_N_CLOSES);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(c, METHODS_N_HELD, 1);
	test_equal(pthread_create(&thread, NULL, call_until_it_ends, &c), 0);
	test_equal_error(portico_session_revoke(NULL, "MethodsDriver", NULL, &n), 0);
	test_equal(n, 1);
	pthread_join(thread, NULL);
	kern_return_t result = methods_end(&holding);
	test_true((uint32_t)result == (uint32_t)kIOReturnOffline ||
		  (uint32_t)result == (uint32_t)MACH_SEND_INVALID_DEST);
	IOServiceClose(c);
	c = methods_open(METHODS_TABLE);
	methods_call(c, METHODS_RELEASE, NULL, 0, NULL, 0);
	IOServiceClose(c);
	world_stop();
}

TEST(p_l7_a_program_exits_under_its_call)
{
	struct methods_caller holding;
	int status;

	if (test_is_slow() && !world_is_daemon() && !world_is_in_process())
		test_skip("its host ends with a thread that runs, which sanitizers call a leak");
#if defined(__SANITIZE_THREAD__)
	if (!world_is_daemon())
		test_skip("the threads of a forked child's session pass for its parent's");
#endif
	methods_start();
	io_connect_t other = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(other, METHODS_N_CLOSES);
	/* The hosts of the child's session are not ours to wait for. */
	if (!world_is_daemon())
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	pid_t pid = fork();
	if (pid == 0) {
		/* Embedded sessions are the child's own, and end with it. */
		io_connect_t own = methods_open(METHODS_TABLE),
			     second = methods_open(METHODS_TABLE);

		methods_begin(&holding, own, METHODS_HOLD);
		methods_await(second, METHODS_N_HELD, 1);
		/* A leak checker would look at a process that is not at rest. */
		if (test_is_slow())
			_exit(7);
		exit(7);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_true(WIFEXITED(status));
	test_equal(WEXITSTATUS(status), 7);
	if (world_is_daemon()) {
		/* The method still runs; then all is closed, and the host has served others meanwhile. */
		methods_await(other, METHODS_N_CLOSES, closes + 1);
		methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
		methods_await(other, METHODS_N_CLOSES, closes + 2);
	}
	IOServiceClose(other);
	world_stop();
}

TEST(p_l7_the_host_dies_under_a_closed_call)
{
	struct methods_caller holding;

	if (!world_is_daemon())
		test_skip("it kills a process");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE), other = methods_open(METHODS_TABLE);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	test_equal_error(IOServiceClose(c), 0);
	methods_end(&holding);
	kill(world_host_pid("org.portico.test.Methods"), SIGKILL);
	IOServiceClose(other);
	/* A new one, with nothing of the old. */
	c = methods_open(METHODS_TABLE);
	test_equal(methods_count(c, METHODS_N_HELD), 0);
	IOServiceClose(c);
	world_stop();
}

TEST_MAIN
