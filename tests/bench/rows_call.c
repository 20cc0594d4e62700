// SPDX-License-Identifier: MIT
/* Synchronous calls: hot, cold, from many threads, beside hogs, and what an idle connection costs. */
#include "bench.h"

#define OURS "ours/bench-ours"
#define LIMITS "limits/bench-limits"

/* clang-format off */
static const struct bench_contestant
	portico = { "Portico", OURS, "call", BENCH_PRIVATE_SESSION },
	portico_cold = { "Portico", OURS, "call-cold", BENCH_PRIVATE_SESSION },
	portico_threads = { "Portico", OURS, "call-crowd", BENCH_PRIVATE_SESSION },
	portico_thread = { "Portico, one thread", OURS, "call-crowd", BENCH_PRIVATE_SESSION, 1 },
	portico_memory = { "Portico", OURS, "idle-memory", BENCH_PRIVATE_SESSION },
	portico_idle = { "Portico", OURS, "idle-cpu", BENCH_PRIVATE_SESSION };

static const struct bench_contestant
	function = { "function", LIMITS, "function" },
	getppid = { "system call, getppid", LIMITS, "getppid" },
	spin_line = { "spin on one line", LIMITS, "spin-line" },
	spin_lines = { "spin on two lines", LIMITS, "spin-lines" },
	spin_copies = { "spin, four copies", LIMITS, "spin-copies" },
	yield = { "sched_yield hand-over", LIMITS, "yield" },
	futex = { "futex hand-over", LIMITS, "futex" },
	futex_cold = { "futex hand-over", LIMITS, "futex-cold" },
	pipe_ping = { "pipe ping-pong", LIMITS, "pipe" },
	eventfd_ping = { "eventfd ping-pong", LIMITS, "eventfd" },
	socket_ping = { "SEQPACKET ping-pong", LIMITS, "socket" },
	socket_cold = { "SEQPACKET ping-pong", LIMITS, "socket-cold" },
	socket_threads = { "SEQPACKET, a pair each", LIMITS, "socket-crowd" },
	channel = { "bare channel", LIMITS, "channel" },
	channel_cold = { "bare channel", LIMITS, "channel-cold" },
	channel_threads = { "bare channel, one each", LIMITS, "channel-crowd" };

static const struct bench_contestant
	bus_pair = { "sd-bus, peer to peer", "peers/bench-sd-bus", "pair", .package = "libsystemd-dev" },
	bus_daemon = { "sd-bus, dbus-daemon", "peers/bench-sd-bus", "dbus-daemon", .package = "libsystemd-dev" },
	bus_broker = { "sd-bus, dbus-broker", "peers/bench-sd-bus", "dbus-broker", .package = "libsystemd-dev" },
	capnp = { "Cap'n Proto RPC", "peers/bench-capnp", "call", .package = "libcapnp-dev" },
	fuse = { "FUSE, ioctl", "peers/bench-fuse", "call", .package = "libfuse3-dev" },
	fuse_copy = { "FUSE, write and read", "peers/bench-fuse", "call", .package = "libfuse3-dev" },
	zeromq = { "ZeroMQ, ipc", "peers/bench-zeromq", "call", .package = "libzmq3-dev" },
	nng = { "nng, ipc", "peers/bench-nng", "call", .package = "libnng-dev" },
	iceoryx = { "iceoryx", .absent = "no Debian 12 package" };

#define SCALAR_PEERS { &bus_pair, &bus_daemon, &bus_broker, &zeromq, &nng, &capnp, &fuse, &iceoryx }
#define STRUCT_PEERS { &bus_pair, &bus_broker, &zeromq, &capnp, &fuse_copy }

#define STRUCT(text, bytes) \
	{ .name = "call/" text "/two-cores", .placement = BENCH_TWO_CORES, .parameter = (bytes), \
	  .ours = &portico, .limits = { &channel, &spin_copies, &socket_ping }, .peers = STRUCT_PEERS, \
	  .measures = { { "call, " text " there and back", "ns", \
			  .goals = { { &channel, .at_most = 1.2 } } } } }, \
	{ .name = "call/" text "/one-core", .placement = BENCH_ONE_CORE, .parameter = (bytes), \
	  .ours = &portico, .limits = { &channel, &futex, &socket_ping }, .peers = STRUCT_PEERS, \
	  .measures = { { "call, " text " there and back", "ns" } } }

static const struct bench_race races[] = {
	{ .name = "call/scalar/two-cores", .placement = BENCH_TWO_CORES,
	  .ours = &portico,
	  .limits = { &spin_line, &spin_lines, &channel, &futex, &pipe_ping, &eventfd_ping, &socket_ping },
	  .peers = SCALAR_PEERS,
	  .measures = { { "scalar call", "ns",
			  .goals = { { &spin_line, .at_most = 1.5 }, { &bus_broker, .at_least = 500 },
				     { &iceoryx, .at_least = 20 } } } } },
	{ .name = "call/scalar/one-core", .placement = BENCH_ONE_CORE,
	  .ours = &portico,
	  .limits = { &function, &getppid, &futex, &yield, &channel, &pipe_ping, &eventfd_ping, &socket_ping },
	  .peers = SCALAR_PEERS,
	  .measures = { { "scalar call", "ns",
			  .goals = { { &futex, .at_most = 0.8 },
				     { &socket_ping, .at_least = 2.2 }, { &bus_pair, .at_least = 5 } } } } },
	{ .name = "call/scalar/free", .placement = BENCH_FREE,
	  .ours = &portico, .limits = { &channel, &futex, &socket_ping }, .peers = SCALAR_PEERS,
	  .measures = { { "scalar call", "ns",
			  .goals = { { &socket_ping, .at_least = 100 }, { &bus_broker, .at_least = 400 } } } } },
	STRUCT("64 B", 64),
	STRUCT("4 KiB", 4096),
	STRUCT("64 KiB", 65536),
	STRUCT("1 MiB", 1048576),
	{ .name = "call/cold/free", .placement = BENCH_FREE,
	  .ours = &portico_cold, .limits = { &futex_cold, &channel_cold, &socket_cold },
	  .measures = { { "one call each ms, p50", "ns", BENCH_PLAIN, BENCH_COLD_P50,
			  .goals = { { &futex_cold, .at_most = 1.2 } } },
			{ "one call each ms, p99", "ns", BENCH_PLAIN, BENCH_COLD_P99 } } },
	{ .name = "call/cold/two-cores", .placement = BENCH_TWO_CORES,
	  .ours = &portico_cold, .limits = { &futex_cold, &channel_cold, &socket_cold },
	  .measures = { { "one call each ms, p50", "ns", BENCH_PLAIN, BENCH_COLD_P50,
			  .goals = { { &futex_cold, .at_most = 1.2 } } },
			{ "one call each ms, p99", "ns", BENCH_PLAIN, BENCH_COLD_P99 } } },
	{ .name = "call/idle-cpu", .placement = BENCH_FREE, .operations = 1, .rounds = 5, .quick_rounds = 1,
	  .ours = &portico_idle,
	  .measures = { { "CPU of an idle connection", "us/s", BENCH_PLAIN,
			  .goals = { { NULL, .at_most = 1 } } } } },
	{ .name = "call/idle-memory", .placement = BENCH_FREE, .operations = 1, .rounds = 3, .quick_rounds = 1,
	  .ours = &portico_memory,
	  .measures = { { "memory of an idle connection", "KiB", BENCH_PLAIN,
			  .goals = { { NULL, .at_most = 256 } } } } },
	{ .name = "call/threads/free", .placement = BENCH_FREE, .parameter = 8,
	  .ours = &portico_threads, .limits = { &socket_threads, &channel_threads },
	  .also = { &portico_thread },
	  .measures = { { "8 threads, one connection", "calls/s", BENCH_RATE,
			  .goals = { { &socket_threads, .at_least = 5 } } } } },
	{ .name = "call/threads/one-core", .placement = BENCH_ONE_CORE, .parameter = 8,
	  .ours = &portico_threads, .limits = { &socket_threads, &channel_threads },
	  .also = { &portico_thread },
	  .measures = { { "8 threads, one connection", "calls/s", BENCH_RATE,
			  .goals = { { &portico_thread, .at_most = 2 } } } } },
	{ .name = "call/hogs/free", .placement = BENCH_FREE, .hogs = 2,
	  .ours = &portico, .limits = { &channel, &socket_ping },
	  .measures = { { "scalar call beside two hogs", "calls/s", BENCH_RATE,
			  .goals = { { &socket_ping, .at_least = 10 } } } } },
};
/* clang-format on */

const struct bench_rows bench_rows_call = { races, sizeof(races) / sizeof(*races) };
