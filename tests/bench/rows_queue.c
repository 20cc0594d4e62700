// SPDX-License-Identifier: MIT
/* Data queues: records of one size or of mixed ones, from a driver to a program. */
#include "bench.h"

#define OURS "ours/bench-ours"
#define LIMITS "limits/bench-limits"

/* clang-format off */
static const struct bench_contestant
	portico = { "Portico", OURS, "queue", BENCH_PRIVATE_SESSION },
	portico_slow = { "Portico", OURS, "queue", BENCH_PRIVATE_SESSION, .slow = true }, /* not with --quick */
	portico_many = { "Portico, 32 in a call", OURS, "queue-many", BENCH_PRIVATE_SESSION },
	portico_notified = { "Portico, notified when empty", OURS, "queue-notified", BENCH_PRIVATE_SESSION },
	portico_cold = { "Portico", OURS, "queue-cold", BENCH_PRIVATE_SESSION };

static const struct bench_contestant
	copies = { "bare copies", LIMITS, "copies" },
	plain = { "plain algorithm, same layout", LIMITS, "plain" },
	eventfd_cold = { "bare eventfd wake", LIMITS, "eventfd-each-cold" };

static const struct bench_contestant
	ck = { "ck_ring", "peers/bench-ck", "queue", .package = "libck-dev" },
	dpdk = { "DPDK rte_ring", "peers/bench-dpdk", "queue", .package = "libdpdk-dev" },
	dpdk_32 = { "DPDK rte_ring, bursts of 32", "peers/bench-dpdk", "queue-burst", .package = "libdpdk-dev" },
	boost = { "Boost spsc_queue, elements", "peers/bench-boost", "queue", .package = "libboost1.74-dev" },
	boost_bytes = { "Boost spsc_queue, bytes", "peers/bench-boost", "queue-bytes",
			.package = "libboost1.74-dev" };

#define QUEUE(who, size, text, placed, place, ...) \
	{ .name = "queue/" text "/" placed, .placement = place, .parameter = (size), \
	  .ours = &who, .also = { &portico_many, &portico_notified }, .limits = { &copies, &plain }, \
	  .peers = { &ck, &dpdk, &dpdk_32, &boost, &boost_bytes }, \
	  .measures = { { "record of " text, "ns", .goals = { __VA_ARGS__ } } } }

/* Faster than these at every size. */
#define FASTER { &ck, .at_least = 1 }, { &boost, .at_least = 1 }

static const struct bench_race races[] = {
	QUEUE(portico, 16, "16 B", "two-cores", BENCH_TWO_CORES, { &plain, .at_least = 18 }, FASTER, { &dpdk_32, .at_least = 1 }),
	QUEUE(portico, 64, "64 B", "two-cores", BENCH_TWO_CORES, { &plain, .at_least = 9 }, FASTER, { &dpdk_32, .at_least = 1 }),
	QUEUE(portico_slow, 256, "256 B", "two-cores", BENCH_TWO_CORES, { &plain, .at_least = 3.5 }, { &copies, .at_most = 1.3 }, FASTER,
	      { &dpdk_32, .at_least = 1 }),
	QUEUE(portico, 1024, "1 KiB", "two-cores", BENCH_TWO_CORES, { &plain, .at_least = 2.5 }, { &copies, .at_most = 1.3 }, FASTER),
	QUEUE(portico_slow, 4096, "4 KiB", "two-cores", BENCH_TWO_CORES, { &plain, .at_least = 1.6 }, { &copies, .at_most = 1.3 }, FASTER),
	QUEUE(portico_slow, 0, "mixed sizes", "two-cores", BENCH_TWO_CORES, { &ck, .at_least = 1 }),
	QUEUE(portico_slow, 16, "16 B", "one-core", BENCH_ONE_CORE),
	QUEUE(portico, 64, "64 B", "one-core", BENCH_ONE_CORE),
	QUEUE(portico_slow, 1024, "1 KiB", "one-core", BENCH_ONE_CORE),
	QUEUE(portico_slow, 0, "mixed sizes", "one-core", BENCH_ONE_CORE),
	{ .name = "queue/wake/two-cores", .placement = BENCH_TWO_CORES, .parameter = 64, .operations = 200, .quick_rounds = 1,
	  .ours = &portico_cold, .limits = { &eventfd_cold },
	  .measures = { { "record each ms, p50", "ns", BENCH_PLAIN, 1, .goals = { { &eventfd_cold, .at_most = 1.2 } } },
			{ "record each ms, p99", "ns", BENCH_PLAIN, 2 } } },
	{ .name = "queue/wake/one-core", .placement = BENCH_ONE_CORE, .parameter = 64, .operations = 200, .quick_rounds = 1,
	  .ours = &portico_cold, .limits = { &eventfd_cold },
	  .measures = { { "record each ms, p50", "ns", BENCH_PLAIN, 1, .goals = { { &eventfd_cold, .at_most = 1.2 } } },
			{ "record each ms, p99", "ns", BENCH_PLAIN, 2 } } },
};
/* clang-format on */

const struct bench_rows bench_rows_queue = { races, sizeof(races) / sizeof(*races) };
