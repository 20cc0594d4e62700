// SPDX-License-Identifier: MIT
/*
 * Synchronous calls of the driver BenchEcho: two scalars in and one out, or a
 * structure there and back; one after the other, one each millisecond, or from
 * many threads on one connection.
 */
#include "ours/ours.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "contestant.h"
#include "ours/service.h"

enum { ADD = 0, ECHO = 1, THREADS_MAX = 64 };

static io_connect_t connection;
static size_t n_bytes, n_threads;
static char *to, *from;

static bool add(uint64_t i)
{
	uint64_t in[2] = { i, 1 }, out = 0;
	uint32_t n_out = 1;
	kern_return_t kr = IOConnectCallScalarMethod(connection, ADD, in, 2, &out, &n_out);

	if (kr || out != i + 1)
		bench_complain("call: add returned 0x%x", kr);
	return !kr && out == i + 1;
}

static bool echo(uint64_t i)
{
	size_t size = n_bytes;

	memcpy(to, &i, sizeof(i));
	kern_return_t kr = IOConnectCallStructMethod(connection, ECHO, to, n_bytes, from, &size);
	bool right = !kr && size == n_bytes && !memcmp(from, &i, sizeof(i));
	if (!right)
		bench_complain("call: echo returned 0x%x", kr);
	return right;
}

static uint64_t run(uint64_t n)
{
	bool (*call)(uint64_t) = n_bytes ? echo : add;
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		if (!call(i))
			return 0;
	return bench_now_ns() - start;
}

static bool open_echo(size_t bytes)
{
	n_bytes = bytes;
	to = calloc(1, bytes + 1);
	from = calloc(1, bytes + 1);
	connection = bench_service_open("BenchEcho");
	bench_move_away();
	return to && from && connection;
}

int ours_call(uint64_t bytes)
{
	return open_echo(bytes) ? bench_serve(run) : 1;
}

static size_t run_cold(uint64_t n, double *values)
{
	return bench_cold(add, n, values);
}

int ours_call_cold(uint64_t parameter)
{
	return open_echo(0) ? bench_serve_values(run_cold) : 1;
}

/* --- many threads ----------------------------------------------------------- */

static void *call_many(void *n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++)
		if (!add(i))
			return NULL;
	return n;
}

static uint64_t run_crowd(uint64_t n)
{
	pthread_t threads[THREADS_MAX];
	uint64_t start = bench_now_ns(), each = (n + n_threads - 1) / n_threads;
	size_t started = 0;
	bool ok = true;

	while (started < n_threads && !pthread_create(&threads[started], NULL, call_many, &each))
		started++;
	for (size_t i = 0; i < started; i++) {
		void *result;

		pthread_join(threads[i], &result);
		ok = ok && result;
	}
	return ok && started == n_threads ? bench_now_ns() - start : 0;
}

int ours_call_crowd(uint64_t threads)
{
	n_threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	return open_echo(0) ? bench_serve(run_crowd) : 1;
}
