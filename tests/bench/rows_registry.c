// SPDX-License-Identifier: MIT
/* A registry with many services: a session each, with a driver that publishes them. */
#include "bench.h"

#include "ours/ours.h"

#define CROWD(services, ...) \
	{ \
		"Portico, " #services " services", "ours/bench-ours", "crowd", \
			.session = BENCH_PRIVATE_SESSION, .parameter = (services), __VA_ARGS__ \
	}

static const struct bench_contestant crowd = {
	"Portico, 100000 (quick: 10000)",
	"ours/bench-ours",
	"crowd",
	.session = BENCH_PRIVATE_SESSION,
};
static const struct bench_contestant crowd_100 = CROWD(100);
static const struct bench_contestant crowd_1000 = CROWD(1000);
static const struct bench_contestant crowd_10000 = CROWD(10000, .slow = true);
static const struct bench_contestant crowd_1000000 = CROWD(1000000, .slow = true);

static const struct bench_contestant memory = {
	"Portico",
	"ours/bench-ours",
	"registry-memory",
	.session = BENCH_PRIVATE_SESSION,
};

/* clang-format off */
#define CROWD_MEASURES { \
	{ "publish a service, 20 properties", "us", BENCH_PLAIN, CROWD_PUBLISH, 1e3, \
	  .goals = { { NULL, .at_most = 20 } } }, \
	{ "registry, beyond the properties", "B each", BENCH_PLAIN, CROWD_BYTES, \
	  .goals = { { NULL, .at_most = 400 } } }, \
	{ "find one by class", "us", BENCH_PLAIN, CROWD_FIND, 1e3, \
	  .goals = { { &crowd_100, .at_most = 2 } } }, \
	{ "iterate over all with their names", "us each", BENCH_PLAIN, CROWD_ITERATE, 1e3, \
	  .goals = { { NULL, .at_most = 2 } } }, \
	{ "longest other look-up meanwhile", "ms", BENCH_PLAIN, CROWD_STALL, 1e6 }, \
	{ "notify 1,000 watchers, one process", "ms", BENCH_PLAIN, CROWD_NOTIFY, 1e6, \
	  .goals = { { NULL, .at_most = 10 } } }, \
	{ "notify 1,000 watchers, ten processes", "ms", BENCH_PLAIN, CROWD_SPREAD, 1e6, \
	  .goals = { { NULL, .at_most = 10 } } }, \
	{ "terminate a service", "us", BENCH_PLAIN, CROWD_TERMINATE, 1e3 }, \
}

static const struct bench_contestant
	find = { "Portico", "ours/bench-ours", "find", BENCH_PRIVATE_SESSION },
	find_100 = { "Portico, among 100", "ours/bench-ours", "find", BENCH_PRIVATE_SESSION, 100 },
	walk = { "Portico", "ours/bench-ours", "walk", BENCH_PRIVATE_SESSION },
	fan = { "Portico", "ours/bench-ours", "fan", BENCH_PRIVATE_SESSION },
	find_slow = { "Portico", "ours/bench-ours", "find", BENCH_PRIVATE_SESSION, .slow = true },
	fan_slow = { "Portico", "ours/bench-ours", "fan", BENCH_PRIVATE_SESSION, .slow = true };

static const struct bench_contestant
	round_trip = { "SEQPACKET ping-pong, 256 B", "limits/bench-limits", "socket", .parameter = 256 },
	socket_fan = { "SEQPACKET message each", "limits/bench-limits", "fan" };

static const struct bench_contestant
	udev = { "libudev, this machine's devices", "peers/bench-udev", "walk", .package = "libudev-dev" },
	objects = { "D-Bus GetManagedObjects", "peers/bench-sd-bus", "objects", .package = "libsystemd-dev" },
	daemon = { "D-Bus signal, dbus-daemon", "peers/bench-sd-bus", "fan-daemon", .package = "libsystemd-dev" },
	broker = { "D-Bus signal, dbus-broker", "peers/bench-sd-bus", "fan-broker", .package = "libsystemd-dev" };

#define FIND(who, services, quick, placed, place) \
	{ .name = "registry/find/" #services "/" placed, .placement = place, \
	  .parameter = services, .quick_parameter = quick, .quick_rounds = 2, \
	  .ours = &who, .also = { &find_100 }, .limits = { &round_trip }, \
	  .measures = { { "find one by class and property", "ns", \
			  .goals = { { &round_trip, .at_most = 1.3 }, { &find_100, .at_most = 1.3 } } } } }

#define FAN(who, watchers, ...) \
	{ .name = "registry/fan-out/" #watchers, .placement = BENCH_ONE_CORE, .parameter = watchers, \
	  .operations = 20, .rounds = 5, .quick_rounds = 1, .ours = &who, .limits = { &socket_fan }, .peers = { &daemon, &broker }, \
	  .measures = { { "tell " #watchers " programs, each", "ns", BENCH_PLAIN, 1, .goals = { __VA_ARGS__ } } } }

static const struct bench_race races[] = {
	FIND(find, 1000, 1000, "one-core", BENCH_ONE_CORE),
	FIND(find_slow, 10000, 10000, "one-core", BENCH_ONE_CORE),
	FIND(find, 100000, 10000, "one-core", BENCH_ONE_CORE),
	FIND(find_slow, 100000, 10000, "free", BENCH_FREE),
	{ .name = "registry/walk", .parameter = 100000, .quick_parameter = 10000,
	  .operations = 1, .rounds = 3, .quick_rounds = 1,
	  .ours = &walk, .peers = { &udev, &objects },
	  .measures = { { "name and class of all, each", "ns", BENCH_PLAIN, 1,
			  .goals = { { &udev, .at_least = 50 }, { &objects, .at_least = 10 } } } } },
	FAN(fan, 1),
	FAN(fan_slow, 16),
	FAN(fan, 64),
	FAN(fan_slow, 256, { &socket_fan, .at_most = 1.3 }),
	{ .name = "registry/crowd", .parameter = 100000, .quick_parameter = 10000,
	  .operations = 1, .rounds = 3, .quick_rounds = 1,
	  .ours = &crowd, .also = { &crowd_100, &crowd_1000, &crowd_10000 },
	  .measures = CROWD_MEASURES },
	{ .name = "registry/million", .parameter = 1000000, .operations = 1, .rounds = 1,
	  .ours = &crowd_1000000, .also = { &crowd_100 },
	  .measures = CROWD_MEASURES },
	{ .name = "registry/resident", .operations = 1,
	  .ours = &memory,
	  .measures = { { "registry, resident with drivers", "MiB", BENCH_PLAIN, .divisor = 1024,
			  .goals = { { NULL, .at_most = 8 } } } } },
};
/* clang-format on */

const struct bench_rows bench_rows_registry = { races, sizeof(races) / sizeof(*races) };
