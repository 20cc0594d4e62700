// SPDX-License-Identifier: MIT
/* From the start of a program to its first answered call. */
#include "bench.h"

#define OURS "ours/bench-ours"
#define LIMITS "limits/bench-limits"
#define SD_BUS "peers/bench-sd-bus"

/* clang-format off */
static const struct bench_contestant
	private = { "Portico", OURS, "start-private" },
	user = { "Portico", OURS, "start-user", BENCH_PRIVATE_SESSION },
	embedded = { "Portico", OURS, "start-embedded" },
	lookup = { "Portico", OURS, "start-lookup" },
	run_true = { "Portico", OURS, "start-true" },
	bare_static = { "bare program, static", LIMITS, "start-static" },
	bare = { "bare program, dynamic", LIMITS, "start-dynamic" },
	bus_daemon = { "sd-bus, dbus-daemon runs", SD_BUS, "start-daemon", .package = "libsystemd-dev" },
	bus_broker = { "sd-bus, dbus-broker runs", SD_BUS, "start-broker", .package = "libsystemd-dev" };

static const struct bench_race races[] = {
	{ .name = "start/private",
	  .ours = &private, .limits = { &bare_static, &bare },
	  .measures = { { "first call, private session", "ms", .divisor = 1e6,
			  .goals = { { &bare_static, .at_most = 10 } } } } },
	{ .name = "start/user",
	  .ours = &user, .limits = { &bare_static, &bare }, .peers = { &bus_daemon, &bus_broker },
	  .measures = { { "first call, session is there", "ms", .divisor = 1e6 } } },
	{ .name = "start/embedded",
	  .ours = &embedded, .limits = { &bare_static, &bare },
	  .measures = { { "first call, embedded session", "ms", .divisor = 1e6 } } },
	{ .name = "start/lookup",
	  .ours = &lookup, .limits = { &bare_static, &bare },
	  .measures = { { "first look-up, embedded session", "ms", .divisor = 1e6,
			  .goals = { { NULL, .at_most = 20 } } } } },
	{ .name = "start/true",
	  .ours = &run_true, .limits = { &bare_static, &bare },
	  .measures = { { "portico run -- true, to its end", "ms", .divisor = 1e6,
			  .goals = { { NULL, .at_most = 50 } } } } },
};
/* clang-format on */

const struct bench_rows bench_rows_start = { races, sizeof(races) / sizeof(*races) };
