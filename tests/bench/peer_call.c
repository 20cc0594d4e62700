// SPDX-License-Identifier: MIT
/* A synchronous call with two scalars in and one out: Calculator's selector 0. */
#include "bench.h"

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "service.h"

enum { ADD = 0 };

static io_connect_t connection;

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		uint64_t in[2] = { i, 1 }, out = 0;
		uint32_t n_out = 1;
		kern_return_t kr = IOConnectCallScalarMethod(connection, ADD, in, 2, &out, &n_out);

		if (kr || out != i + 1) {
			bench_complain("call: add returned 0x%x", kr);
			return 0;
		}
	}
	return bench_now_ns() - start;
}

int bench_peer_call(void)
{
	connection = bench_service_open("CalculatorDriver");
	bench_peer_move_away();
	return connection ? bench_peer_serve(run) : 1;
}
