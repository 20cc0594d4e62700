// SPDX-License-Identifier: MIT
/* What connections cost that nobody uses: memory, and processor time. */
#include "ours/ours.h"

#include <stdbool.h>
#include <time.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "contestant.h"
#include "ours/service.h"
#include "ours/tree.h"

enum { CONNECTIONS = 200, CALLS = 1000, SETTLE_MS = 100, IDLE_MS = 300 };

#define SERVER "org.portico.bench.echo"

static io_connect_t idle;

static void wait_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t))
		;
}

static bool call(io_connect_t connection, int times)
{
	uint64_t in[2] = { 1, 2 }, out;
	uint32_t n_out = 1;
	kern_return_t kr = 0;

	while (!kr && times--)
		kr = IOConnectCallScalarMethod(connection, 0, in, 2, &out, &n_out);
	if (kr)
		bench_complain("idle: a call returned 0x%x", kr);
	return !kr;
}

/* KiB for each of them. */
static size_t run_memory(uint64_t n, double *values)
{
	struct ours_use before, after;
	bool ok = ours_tree_use(SERVER, &before);

	for (int i = 0; ok && i < CONNECTIONS; i++) {
		/* They stay: what is closed leaves memory that the next would use again. */
		io_connect_t another = bench_service_open("BenchEcho");
		ok = another && call(another, 10);
	}
	ok = ok && ours_tree_use(SERVER, &after);
	if (ok)
		values[0] =
			((double)after.resident_kib - (double)before.resident_kib) / CONNECTIONS;
	return ok;
}

int ours_idle_memory(uint64_t parameter)
{
	/* What is needed once for all of them is not the connections'. */
	return call(bench_service_open("BenchEcho"), CALLS) ? bench_serve_values(run_memory) : 1;
}

/* Microseconds of processor time in a second. */
static size_t run_cpu(uint64_t n, double *values)
{
	struct ours_use before, after;
	bool ok = call(idle, CALLS);

	wait_ms(SETTLE_MS);
	ok = ok && ours_tree_use(SERVER, &before);
	wait_ms(IDLE_MS);
	ok = ok && ours_tree_use(SERVER, &after);
	if (ok)
		values[0] = (double)(after.cpu_ns - before.cpu_ns) / 1e3 / (IDLE_MS / 1e3);
	return ok;
}

int ours_idle_cpu(uint64_t parameter)
{
	idle = bench_service_open("BenchEcho");
	return idle ? bench_serve_values(run_cpu) : 1;
}
