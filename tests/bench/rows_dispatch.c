// SPDX-License-Identifier: MIT
/* Dispatch queues, the run loop and timers, within one process. */
#include "bench.h"

#define OURS "ours/bench-dispatch"
#define GLIB "GLib", "peers/bench-glib"
#define UV "libuv", "peers/bench-uv"

/* clang-format off */
#define ROLE(name, role) \
	static const struct bench_contestant \
		name = { "Portico", OURS, role }, \
		name##_glib = { GLIB, role, .package = "libglib2.0-dev" }, \
		name##_uv = { UV, role, .package = "libuv1-dev" };

ROLE(post_serial, "post-serial")
ROLE(post_concurrent, "post-concurrent")
ROLE(post_main, "post-main")
ROLE(hop, "hop")
ROLE(wake, "wake")
ROLE(timer, "timer")

static const struct bench_contestant
	sync_idle = { "Portico", OURS, "sync" },
	loop_timer = { "Portico", OURS, "loop-timer" },
	mutex = { "pthread mutex, lock and unlock", "limits/bench-limits", "mutex" },
	futex = { "futex hand-over", "limits/bench-limits", "futex-threads" },
	sleep_1ms = { "clock_nanosleep", "limits/bench-limits", "sleep" },
	libdispatch = { "upstream libdispatch", .absent = "no Debian 12 package" };

#define POST(role, text, placed, place) \
	{ .name = "dispatch/" #role "/" placed, .placement = place, .ours = &role, \
	  .peers = { &role##_glib, &role##_uv, &libdispatch }, \
	  .measures = { { text, "ns" } } }
#define BOTH(role, text) \
	POST(role, text, "one-core", BENCH_ONE_CORE), POST(role, text, "free", BENCH_FREE)

#define LATE(title, contestant, ms) \
	{ .name = "dispatch/" title, .parameter = (ms) * 1000000, .operations = 200 / (ms) + 10, .quick_rounds = 1, \
	  .ours = &contestant, .limits = { &sleep_1ms }, .peers = { &timer_glib, &timer_uv, &libdispatch }, \
	  .measures = { { title " off by, p50", "ns", BENCH_PLAIN, 1 }, \
			{ title " off by, p99", "ns", BENCH_PLAIN, 2 } } }

static const struct bench_race races[] = {
	BOTH(post_serial, "function on a serial queue"),
	BOTH(post_concurrent, "function on a concurrent queue"),
	BOTH(post_main, "function on the main queue"),
	{ .name = "dispatch/hop/one-core", .placement = BENCH_ONE_CORE, .ours = &hop, .limits = { &futex },
	  .peers = { &hop_glib, &hop_uv, &libdispatch },
	  .measures = { { "to an idle queue and back", "ns" } } },
	{ .name = "dispatch/hop/free", .ours = &hop, .limits = { &futex },
	  .peers = { &hop_glib, &hop_uv, &libdispatch },
	  .measures = { { "to an idle queue and back", "ns" } } },
	{ .name = "dispatch/sync", .ours = &sync_idle, .limits = { &mutex },
	  .measures = { { "dispatch_sync on an idle queue", "ns" } } },
	{ .name = "dispatch/wake/one-core", .placement = BENCH_ONE_CORE, .ours = &wake, .limits = { &futex },
	  .peers = { &wake_glib, &wake_uv },
	  .measures = { { "wake a run loop, its answer", "ns" } } },
	{ .name = "dispatch/wake/free", .ours = &wake, .limits = { &futex },
	  .peers = { &wake_glib, &wake_uv },
	  .measures = { { "wake a run loop, its answer", "ns" } } },
	LATE("timer 1 ms", timer, 1),
	LATE("timer 10 ms", timer, 10),
	LATE("run loop timer 1 ms", loop_timer, 1),
	LATE("run loop timer 10 ms", loop_timer, 10),
};
/* clang-format on */

const struct bench_rows bench_rows_dispatch = { races, sizeof(races) / sizeof(*races) };
