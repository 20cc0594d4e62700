// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "contestant.h"
#include "limits/flows.h"
#include "limits/limits.h"
#include "limits/pair.h"

/* The second argument of a hand-over: bytes, or threads. */
#define PLAY(how, handover) \
	static int how##_##handover(uint64_t parameter) \
	{ \
		return pair_##how(&handover_##handover, parameter); \
	}

PLAY(hot, spin_line)
PLAY(hot, spin_lines)
PLAY(hot, spin_copies)
PLAY(hot, yield)
PLAY(hot, futex)
PLAY(hot, pipe)
PLAY(hot, eventfd)
PLAY(hot, socket)
PLAY(hot, channel)
PLAY(cold, futex)
PLAY(cold, socket)
PLAY(cold, channel)
PLAY(crowd, socket)
PLAY(crowd, channel)

#define FLOW(how, flow) \
	static int how##_##flow(uint64_t bytes) \
	{ \
		return flow_##how(&flow_##flow, bytes); \
	}

FLOW(hot, ring)
FLOW(hot, eventfd_each)
FLOW(hot, socket_each)
FLOW(hot, pipe_each)
FLOW(hot, copies)
FLOW(hot, plain)
FLOW(cold, ring)
FLOW(cold, eventfd_each)
FLOW(cold, socket_each)

static const struct bench_role roles[] = {
	{ "function", limit_function },
	{ "getppid", limit_getppid },
	{ "start-static", limit_start_static },
	{ "start-dynamic", limit_start_dynamic },
	{ "spin-line", hot_spin_line },
	{ "spin-lines", hot_spin_lines },
	{ "spin-copies", hot_spin_copies },
	{ "yield", hot_yield },
	{ "futex", hot_futex },
	{ "pipe", hot_pipe },
	{ "eventfd", hot_eventfd },
	{ "socket", hot_socket },
	{ "channel", hot_channel },
	{ "futex-cold", cold_futex },
	{ "socket-cold", cold_socket },
	{ "channel-cold", cold_channel },
	{ "socket-crowd", crowd_socket },
	{ "channel-crowd", crowd_channel },
	{ "ring", hot_ring },
	{ "ring-cold", cold_ring },
	{ "eventfd-each", hot_eventfd_each },
	{ "eventfd-each-cold", cold_eventfd_each },
	{ "socket-each", hot_socket_each },
	{ "socket-each-cold", cold_socket_each },
	{ "pipe-each", hot_pipe_each },
	{ "copies", hot_copies },
	{ "plain", hot_plain },
	{ "fan", limit_fan },
	{ "mutex", limit_mutex },
	{ "futex-threads", limit_futex_threads },
	{ "sleep", limit_sleep },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return bench_play(argc, argv, roles);
}
