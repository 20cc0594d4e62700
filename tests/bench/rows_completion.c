// SPDX-License-Identifier: MIT
/* Completions: 64 bits each, one way, from a driver to a program. */
#include "bench.h"

#define OURS "ours/bench-ours"
#define LIMITS "limits/bench-limits"
#define URING "peers/bench-uring"

/* clang-format off */
static const struct bench_contestant
	queue = { "Portico, dispatch queue", OURS, "completion-queue", BENCH_PRIVATE_SESSION },
	message = { "Portico, mach_msg", OURS, "completion-message", BENCH_PRIVATE_SESSION },
	queue_cold = { "Portico, dispatch queue", OURS, "completion-queue-cold", BENCH_PRIVATE_SESSION },
	message_cold = { "Portico, mach_msg", OURS, "completion-message-cold", BENCH_PRIVATE_SESSION };

static const struct bench_contestant
	ring = { "bare ring, eventfd when asleep", LIMITS, "ring" },
	ring_cold = { "bare ring, eventfd when asleep", LIMITS, "ring-cold" },
	each = { "bare eventfd for each", LIMITS, "eventfd-each" },
	each_cold = { "bare eventfd for each", LIMITS, "eventfd-each-cold" },
	socket_each = { "SEQPACKET message each", LIMITS, "socket-each" },
	socket_each_cold = { "SEQPACKET message each", LIMITS, "socket-each-cold" },
	pipe_each = { "pipe, 64 bytes each", LIMITS, "pipe-each" };

static const struct bench_contestant
	uring = { "io_uring msg_ring", URING, "completion", .package = "liburing-dev" },
	uring_32 = { "io_uring msg_ring, 32 at once", URING, "completion-batch", .package = "liburing-dev" },
	uring_cold = { "io_uring msg_ring", URING, "completion-cold", .package = "liburing-dev" },
	zeromq = { "ZeroMQ, push and pull", "peers/bench-zeromq", "push", .package = "libzmq3-dev" },
	zeromq_cold = { "ZeroMQ, push and pull", "peers/bench-zeromq", "push-cold", .package = "libzmq3-dev" },
	sd_bus = { "sd-bus signals, peer to peer", "peers/bench-sd-bus", "signal", .package = "libsystemd-dev" },
	sd_bus_cold = { "sd-bus signals, peer to peer", "peers/bench-sd-bus", "signal-cold",
			.package = "libsystemd-dev" };

#define THROUGHPUT(title, place) \
	{ .name = "completion/throughput/" title, .placement = place, .parameter = 64, \
	  .ours = &message, .also = { &queue }, .limits = { &ring, &each, &socket_each, &pipe_each }, \
	  .peers = { &uring, &uring_32, &zeromq, &sd_bus }, \
	  .measures = { { "completions, throughput", "ns", \
			  .goals = { { &ring, .at_most = 1.5 }, { &socket_each, .at_least = 10 }, \
				     { &uring_32, .at_least = 1 } } } } }

#define LATENCY(title, place) \
	{ .name = "completion/latency/" title, .placement = place, .parameter = 64, .operations = 200, .quick_rounds = 1, \
	  .ours = &message_cold, .also = { &queue_cold }, \
	  .limits = { &each_cold, &ring_cold, &socket_each_cold }, \
	  .peers = { &uring_cold, &zeromq_cold, &sd_bus_cold }, \
	  .measures = { { "completion each ms, p50", "ns", BENCH_PLAIN, 1, \
			  .goals = { { &each_cold, .at_most = 1.3 } } }, \
			{ "completion each ms, p99", "ns", BENCH_PLAIN, 2 } } }

static const struct bench_race races[] = {
	THROUGHPUT("two-cores", BENCH_TWO_CORES),
	THROUGHPUT("one-core", BENCH_ONE_CORE),
	LATENCY("two-cores", BENCH_TWO_CORES),
	LATENCY("one-core", BENCH_ONE_CORE),
};
/* clang-format on */

const struct bench_rows bench_rows_completion = { races, sizeof(races) / sizeof(*races) };
