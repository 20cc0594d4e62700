// SPDX-License-Identifier: MIT
/*
 * Calls through shared memory, as programs see them: slow methods hold nobody
 * up, handles that go and come back never lead astray, and the end of either
 * side ends every call. Each test calls often enough to get the slots first.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { ADD, DIVIDE, STATISTICS, REVERSE, SLEEP = 7, OPENS = 8 };
enum { ENOUGH = 16, CROWD = 80 };

static kern_return_t add(io_connect_t c, uint64_t a, uint64_t b)
{
	uint64_t in[2] = { a, b }, out = 0;
	uint32_t n = 1;
	kern_return_t result = IOConnectCallScalarMethod(c, ADD, in, 2, &out, &n);

	if (!result)
		test_equal(out, a + b);
	return result;
}

static io_connect_t open_with_slots(void)
{
	io_connect_t c = world_open("CalculatorDriver", 0);

	for (uint64_t i = 0; i < ENOUGH; i++)
		test_equal_error(add(c, i, 1), 0);
	return c;
}

struct sleeper {
	io_connect_t connect;
	uint64_t ns;
	kern_return_t result;
	atomic_uint n_calls;
	pthread_t thread;
};

static void *sleep_in_driver(void *context)
{
	struct sleeper *s = context;
	uint32_t none = 0;

	s->result = IOConnectCallScalarMethod(s->connect, SLEEP, &s->ns, 1, NULL, &none);
	return NULL;
}

static void start_sleepers(struct sleeper *sleepers, int n, io_connect_t c, uint64_t ns)
{
	for (int i = 0; i < n; i++) {
		sleepers[i] = (struct sleeper){ .connect = c, .ns = ns };
		test_equal(pthread_create(&sleepers[i].thread, NULL, sleep_in_driver, &sleepers[i]),
			   0);
	}
}

static void await_in_flight(io_connect_t c, uint64_t calls)
{
	uint64_t out[4] = { 0 };
	uint32_t n = 4;

	while (out[2] < calls)
		test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, out, &n), 0);
}

/* Sixteen methods that take a minute, and calls beside them. */
TEST(slow_methods_hold_nobody_up)
{
	world_start();
	io_connect_t c = open_with_slots();
	enum { SLEEPERS = 16 };
	struct sleeper sleepers[SLEEPERS];

	/* In this process they have to end before the test does. */
	start_sleepers(sleepers, SLEEPERS, c, (world_is_in_process() ? 2 : 60) * 1000000000ull);
	await_in_flight(c, SLEEPERS + 1);
	for (uint64_t i = 0; i < 1000; i++)
		test_equal_error(add(c, i, i), 0);
	/* Nobody waits until they are awake. */
	IOConnectRelease(c);
	for (int i = 0; i < SLEEPERS; i++) {
		pthread_join(sleepers[i].thread, NULL);
		test_true(sleepers[i].result != kIOReturnSuccess);
	}
	world_stop();
}

/* The same method, once known as slow, then fast again. */
TEST(a_method_that_was_slow)
{
	world_start();
	io_connect_t c = open_with_slots();
	uint32_t none = 0;

	for (int round = 0; round < 40; round++) {
		uint64_t ns = round < 20 ? 300 * 1000 : 0;

		test_equal_error(IOConnectCallScalarMethod(c, SLEEP, &ns, 1, NULL, &none), 0);
		test_equal_error(add(c, 1, (uint64_t)round), 0);
	}
	IOServiceClose(c);
	world_stop();
}

struct caller {
	io_connect_t connect;
	uint64_t number;
	int calls;
	pthread_t thread;
};

static void *call_often(void *context)
{
	struct caller *caller = context;

	for (int i = 0; i < caller->calls; i++)
		test_equal_error(add(caller->connect, caller->number << 32, (uint64_t)i), 0);
	return NULL;
}

/* More threads than slots: those without one go through the socket. */
TEST(a_crowd_on_one_connection)
{
	world_start();
	io_connect_t c = open_with_slots();
	static struct caller callers[CROWD];

	for (int i = 0; i < CROWD; i++) {
		callers[i] = (struct caller){ c, (uint64_t)i, test_is_slow() ? 50 : 500, 0 };
		test_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
	}
	for (int i = 0; i < CROWD; i++)
		pthread_join(callers[i].thread, NULL);
	IOServiceClose(c);
	world_stop();
}

/* Threads come and go: their slots come back. */
TEST(slots_of_threads_that_have_ended)
{
	world_start();
	io_connect_t c = open_with_slots();

	for (int i = 0; i < 200; i++) {
		struct caller caller = { c, (uint64_t)i, 2, 0 };

		test_equal(pthread_create(&caller.thread, NULL, call_often, &caller), 0);
		pthread_join(caller.thread, NULL);
	}
	IOServiceClose(c);
	world_stop();
}

TEST(structures_through_slots)
{
	static const size_t sizes[] = { 1, 8, 4095, 4096, 4097, 65536, 1 << 20, (1 << 20) + 8192 };
	world_start();
	io_connect_t c = open_with_slots();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t size = sizes[i], got = size;
		uint8_t *in = malloc(size), *out = malloc(size + 8);

		for (size_t k = 0; k < size; k++)
			in[k] = (uint8_t)(k * 31 + size);
		memset(out, 0xa5, size + 8);
		test_equal_error(IOConnectCallStructMethod(c, REVERSE, in, size, out, &got), 0);
		test_equal(got, size);
		for (size_t k = 0; k < size; k++)
			if (out[k] != in[size - 1 - k])
				test_fail(__FILE__, __LINE__, "byte %zu of %zu", k, size);
		test_equal(out[size], 0xa5);
		free(out);
		free(in);
	}
	IOServiceClose(c);
	world_stop();
}

/* --- handles --------------------------------------------------------------------------------- */

TEST(a_closed_handle_calls_nothing)
{
	world_start();
	io_connect_t c = open_with_slots(), other;

	IOServiceClose(c);
	test_true(add(c, 1, 2) != 0);
	/* Whatever the number means now, it is another connection. */
	other = open_with_slots();
	test_true(other != c);
	test_true(add(c, 1, 2) != 0);
	test_equal_error(add(other, 1, 2), 0);
	IOServiceClose(other);
	test_true(add(other, 1, 2) != 0);
	world_stop();
}

static void *close_it(void *context)
{
	IOServiceClose(*(io_connect_t *)context);
	return NULL;
}

/* Closed by another thread: this one's lease must not outlive the handle. */
TEST(a_handle_that_another_thread_closed)
{
	world_start();

	for (int i = 0; i < 20; i++) {
		io_connect_t c = open_with_slots();
		pthread_t thread;

		pthread_create(&thread, NULL, close_it, &c);
		pthread_join(thread, NULL);
		test_true(add(c, 1, 2) != 0);
	}
	world_stop();
}

TEST(a_handle_with_two_references)
{
	world_start();
	io_connect_t c = open_with_slots();

	test_equal_error(IOConnectAddRef(c), 0);
	test_equal_error(IOConnectRelease(c), 0);
	test_equal_error(add(c, 3, 4), 0);
	test_equal_error(IOConnectAddRef(c), 0);
	/* Closed: the handle is still there, and the driver's client is not. */
	test_equal_error(IOServiceClose(c), 0);
	test_true(add(c, 3, 4) != 0);
	/* What is left is a dead name. */
	mach_port_deallocate(mach_task_self(), c);
	world_stop();
}

TEST(two_connections_in_turns)
{
	world_start();
	io_connect_t a = open_with_slots(), b = open_with_slots();

	for (uint64_t i = 0; i < 200; i++) {
		test_equal_error(add(a, i, 1), 0);
		test_equal_error(add(b, i, 2), 0);
	}
	IOServiceClose(a);
	test_equal_error(add(b, 1, 2), 0);
	IOServiceClose(b);
	world_stop();
}

/* --- ends -------------------------------------------------------------------------------------- */

TEST(close_in_the_midst_of_calls)
{
	world_start();

	for (int round = 0; round < (test_is_slow() ? 5 : 50); round++) {
		io_connect_t c = open_with_slots();
		struct sleeper sleepers[6];

		start_sleepers(sleepers, 6, c, 1000 * 1000);
		IOServiceClose(c);
		for (int i = 0; i < 6; i++)
			pthread_join(sleepers[i].thread, NULL);
		test_true(add(c, 1, 2) != 0);
	}
	world_stop();
}

static void *call_until_it_fails(void *context)
{
	struct sleeper *s = context;

	while (!(s->result = add(s->connect, 1, 2)))
		atomic_fetch_add(&s->n_calls, 1);
	return NULL;
}

/* Killed while calls come as fast as they can. */
TEST(the_host_dies_under_fast_calls)
{
	if (!world_is_daemon())
		test_skip("kills a host");
	world_start();
	for (int round = 0; round < 3; round++) {
		io_connect_t c = open_with_slots();
		struct sleeper callers[4];

		for (int i = 0; i < 4; i++) {
			callers[i] = (struct sleeper){ .connect = c };
			pthread_create(&callers[i].thread, NULL, call_until_it_fails, &callers[i]);
		}
		for (int i = 0; i < 4; i++)
			while (atomic_load(&callers[i].n_calls) < 100)
				sched_yield();
		kill(world_host_pid("org.portico.driver.Calculator"), SIGKILL);
		for (int i = 0; i < 4; i++) {
			pthread_join(callers[i].thread, NULL);
			test_true(callers[i].result == kIOReturnOffline ||
				  callers[i].result == MACH_SEND_INVALID_DEST);
		}
		IOServiceClose(c);
	}
	world_stop();
}

TEST(a_forked_child_has_no_connection)
{
	world_start();
	io_connect_t c = open_with_slots();
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(add(c, 1, 2) ? 0 : 1);
	test_true(child > 0);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	test_equal_error(add(c, 1, 2), 0);
	IOServiceClose(c);
	world_stop();
}

TEST_MAIN
