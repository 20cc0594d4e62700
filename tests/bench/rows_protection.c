// SPDX-License-Identifier: MIT
/* What confinement costs where it could be felt: the same contestants with driver hosts in the sandbox, as
 * they are unless somebody asks for something else, and without. */
#include "bench.h"

#define OURS "ours/bench-ours"

/* A pair of contestants called NAME and NAME_free. */
#define PAIR(name, role) \
	static const struct bench_contestant name = { "Portico", OURS, role, \
						      BENCH_PRIVATE_SESSION }, \
					     name##_free = { "Portico, hosts unconfined", OURS, \
							     role, BENCH_UNCONFINED_SESSION }

PAIR(call, "call");
PAIR(cold, "call-cold");
PAIR(crowd, "call-crowd");
PAIR(message, "completion-message");
PAIR(message_cold, "completion-message-cold");
PAIR(queue, "queue");

/* clang-format off */
#define ROW(title, place, who, text, unit_, kind_, value_, ...) \
	{ .name = "protection/" title, .placement = place, .ours = &who, .also = { &who##_free }, __VA_ARGS__, \
	  .measures = { { text, unit_, kind_, value_, .goals = { { &who##_free, .at_most = 1.05 } } } } }

static const struct bench_race races[] = {
	ROW("scalar/two-cores", BENCH_TWO_CORES, call, "protected scalar call", "ns", BENCH_EACH, 0, .parameter = 0),
	ROW("scalar/one-core", BENCH_ONE_CORE, call, "protected scalar call", "ns", BENCH_EACH, 0, .parameter = 0),
	ROW("4 KiB/two-cores", BENCH_TWO_CORES, call, "protected call, 4 KiB", "ns", BENCH_EACH, 0, .parameter = 4096),
	ROW("1 MiB/two-cores", BENCH_TWO_CORES, call, "protected call, 1 MiB", "ns", BENCH_EACH, 0, .parameter = 1048576),
	ROW("cold/free", BENCH_FREE, cold, "protected call each ms, p50", "ns", BENCH_PLAIN, 1, .parameter = 0),
	ROW("threads/free", BENCH_FREE, crowd, "protected, 8 threads", "calls/s", BENCH_RATE, 0, .parameter = 8),
	ROW("completion/two-cores", BENCH_TWO_CORES, message, "protected completions", "ns", BENCH_EACH, 0, .parameter = 64),
	ROW("completion/one-core", BENCH_ONE_CORE, message, "protected completions", "ns", BENCH_EACH, 0, .parameter = 64),
	ROW("completion-cold/free", BENCH_FREE, message_cold, "protected completion each ms, p50", "ns", BENCH_PLAIN, 1,
	    .parameter = 64, .operations = 200),
	ROW("queue/two-cores", BENCH_TWO_CORES, queue, "protected queue, 64 B", "ns", BENCH_EACH, 0, .parameter = 64),
};
/* clang-format on */

const struct bench_rows bench_rows_protection = { races, sizeof(races) / sizeof(*races) };
