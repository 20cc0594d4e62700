// SPDX-License-Identifier: MIT
#include "ours/stream.h"

#include <IOKit/IOKitLib.h>

#include "contestant.h"
#include "drivers/BenchStream.dext/stream.h"
#include "ours/service.h"
#include "timing.h"

static uint64_t next_word;

io_connect_t stream_open(void)
{
	io_connect_t connection = bench_service_open("BenchStream");

	bench_move_away();
	return connection;
}

bool stream_send(io_connect_t connection, int how, uint64_t n, uint64_t bytes, bool paced)
{
	uint64_t order[STREAM_ORDER_COUNT] = {
		[STREAM_HOW] = (uint64_t)how, [STREAM_COUNT] = n,
		[STREAM_BYTES] = bytes,	      [STREAM_WORD] = next_word,
		[STREAM_PACED] = paced,	      [STREAM_PARALLEL] = bench_is_parallel(),
	};
	uint32_t none = 0;
	kern_return_t kr = IOConnectCallScalarMethod(connection, STREAM_SEND, order,
						     STREAM_ORDER_COUNT, NULL, &none);

	next_word += n;
	if (kr)
		bench_complain("stream: the driver returned 0x%x", kr);
	return !kr;
}
