// SPDX-License-Identifier: MIT
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum row {
	PING_ONE_CPU,
	CALL_ONE_CPU,
	PING_TWO_CPUS,
	CALL_TWO_CPUS,
	PING_FREE,
	CALL_FREE,
	QUEUE,
	RUN_TRUE,
	FIRST_LOOKUP,
	REGISTRY_MEMORY,
	SCALE,
	N_ROWS = SCALE + BENCH_SCALE_ROWS
};

/* Limits are the project's own; docs/performance.md explains each row. */
static struct bench_row rows[N_ROWS] = {
	[PING_ONE_CPU] = { "bare ping-pong, one processor", "ns" },
	[CALL_ONE_CPU] = { "scalar call, one processor", "ns",
			   .against = "bare ping-pong, one processor", .ratio_limit = 1.5 },
	[PING_TWO_CPUS] = { "bare ping-pong, two processors", "ns" },
	[CALL_TWO_CPUS] = { "scalar call, two processors", "ns",
			    .against = "bare ping-pong, two processors", .ratio_limit = 1.5 },
	[PING_FREE] = { "bare ping-pong, any processor", "ns" },
	[CALL_FREE] = { "scalar call, any processor", "ns",
			.against = "bare ping-pong, any processor", .ratio_limit = 1.5 },
	[QUEUE] = { "data queue, 64-byte records", "million/s", .limit = 2, .at_least = true },
	[RUN_TRUE] = { "portico run -- true", "ms", .limit = 50 },
	[FIRST_LOOKUP] = { "first look-up, embedded session", "ms", .limit = 20 },
	[REGISTRY_MEMORY] = { "registry, resident with drivers", "MiB", .limit = 8 },
	[SCALE + BENCH_SCALE_ROW_PUBLISH] = { "publish N services, 20 properties", "us each",
					      .limit = 20 },
	[SCALE + BENCH_SCALE_ROW_BYTES] = { "registry, beyond the properties", "B each",
					    .limit = 1536 },
	[SCALE + BENCH_SCALE_ROW_FIND_FEW] = { "find one by class among 100", "us" },
	[SCALE + BENCH_SCALE_ROW_FIND_MANY] = { "find one by class among N", "us",
						.against = "find one by class among 100",
						.ratio_limit = 2 },
	[SCALE + BENCH_SCALE_ROW_ITERATE] = { "iterate over N with their names", "us each",
					      .limit = 2 },
	[SCALE + BENCH_SCALE_ROW_STALL] = { "longest other look-up meanwhile", "ms" },
	[SCALE + BENCH_SCALE_ROW_NOTIFY] = { "notify 1,000 watchers, one process", "ms",
					     .limit = 10 },
	[SCALE + BENCH_SCALE_ROW_SPREAD] = { "notify 1,000 watchers, ten processes", "ms",
					     .limit = 10 },
	[SCALE + BENCH_SCALE_ROW_TERMINATE] = { "terminate N services", "us each" },
};

struct plan {
	struct bench_paths paths;
	int rounds;
	uint64_t n_pings, n_records;
	int scale_rounds;
	uint64_t n_services, curve_end;
	const char *json;
};

static const struct {
	const char *name;
	int (*run)(void);
} roles[] = {
	{ "ping", bench_peer_ping },	     { "call", bench_peer_call },
	{ "queue", bench_peer_queue },	     { "lookup", bench_peer_lookup },
	{ "registry", bench_peer_registry }, { "scale", bench_peer_scale },
	{ "watch", bench_peer_watch },
};

/* Milliseconds that "portico run -- true" takes, 0 when it fails. */
static double measure_run(const struct bench_paths *paths)
{
	uint64_t start = bench_now_ns();
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execl(paths->portico, paths->portico, "run", "--", "true", (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? (double)(bench_now_ns() - start) / 1e6 : 0;
}

/* Milliseconds from fork to the answer of the look-up, 0 when it fails. */
static double measure_lookup(const struct bench_paths *paths)
{
	struct bench_process process;
	uint64_t start = bench_now_ns();

	setenv("PORTICO_SESSION", "embedded", 1);
	bool ok = bench_process_start(&process, paths, "lookup", BENCH_NO_SESSION, BENCH_ANYWHERE);
	double ms = (double)(bench_now_ns() - start) / 1e6;
	unsetenv("PORTICO_SESSION");
	if (ok)
		bench_process_stop(&process);
	return ok ? ms : 0;
}

static void add(enum row row, double value, const char *problem)
{
	if (value > 0)
		bench_series_add(&rows[row].series, value);
	else if (!rows[row].problem[0])
		snprintf(rows[row].problem, sizeof(rows[row].problem), "%s", problem);
}

/* What the peer of ROW answered after N operations, in the row's unit. */
static double in_unit(enum row row, uint64_t n, uint64_t answer)
{
	if (row == REGISTRY_MEMORY)
		return (double)answer / 1024;
	if (row == QUEUE)
		return answer ? (double)n * 1e3 / (double)answer : 0;
	return (double)answer / (double)n;
}

static uint64_t operations(const struct plan *plan, enum row row)
{
	if (row == QUEUE)
		return plan->n_records;
	/* Each of these waits for a core to wake up. */
	return row == PING_TWO_CPUS || row == CALL_TWO_CPUS ? plan->n_pings / 5 : plan->n_pings;
}

static void run_peer(enum row row, struct bench_process *process, uint64_t n)
{
	uint64_t answer = rows[row].problem[0] ? 0 : bench_process_run(process, n);

	add(row, in_unit(row, n, answer), process->problem);
}

static void measure(const struct plan *plan)
{
	static const struct {
		enum row row;
		const char *role;
		enum bench_session session;
		enum bench_placement placement;
	} peers[] = {
		{ PING_ONE_CPU, "ping", BENCH_NO_SESSION, BENCH_ONE_CPU },
		{ CALL_ONE_CPU, "call", BENCH_PRIVATE_SESSION, BENCH_ONE_CPU },
		{ PING_TWO_CPUS, "ping", BENCH_NO_SESSION, BENCH_TWO_CPUS },
		{ CALL_TWO_CPUS, "call", BENCH_PRIVATE_SESSION, BENCH_TWO_CPUS },
		{ PING_FREE, "ping", BENCH_NO_SESSION, BENCH_ANYWHERE },
		{ CALL_FREE, "call", BENCH_PRIVATE_SESSION, BENCH_ANYWHERE },
		{ QUEUE, "queue", BENCH_PRIVATE_SESSION, BENCH_ANYWHERE },
		{ REGISTRY_MEMORY, "registry", BENCH_PRIVATE_SESSION, BENCH_ANYWHERE },
	};
	enum { N_PEERS = sizeof(peers) / sizeof(*peers) };
	struct bench_process processes[N_PEERS];

	for (int i = 0; i < N_PEERS; i++)
		bench_process_start(&processes[i], &plan->paths, peers[i].role, peers[i].session,
				    peers[i].placement);
	for (int round = 0; round < plan->rounds; round++) {
		for (int i = 0; i < N_PEERS; i++)
			run_peer(peers[i].row, &processes[i], operations(plan, peers[i].row));
		add(RUN_TRUE, measure_run(&plan->paths), "it failed (its message is above)");
		add(FIRST_LOOKUP, measure_lookup(&plan->paths), "it failed (its message is above)");
	}
	for (int i = 0; i < N_PEERS; i++)
		bench_process_stop(&processes[i]);
}

static int usage(void)
{
	fprintf(stderr, "usage: portico-bench [--quick] [--json FILE]\n");
	return 2;
}

static int be_peer(const char *role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (!strcmp(role, roles[i].name))
			return roles[i].run();
	return usage();
}

int main(int argc, char **argv)
{
	struct plan plan = { .rounds = 21,
			     .n_pings = 20000,
			     .n_records = 1000000,
			     .scale_rounds = 5,
			     .n_services = 100000,
			     .curve_end = 1000000 };
	struct bench_curve_point points[BENCH_CURVE_MAX];

	if (argc == 3 && !strcmp(argv[1], "--peer"))
		return be_peer(argv[2]);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--quick")) {
			plan.rounds = 5;
			plan.n_pings = 5000;
			plan.n_records = 200000;
			plan.scale_rounds = 3;
			plan.n_services = 20000;
			plan.curve_end = 10000;
		} else if (!strcmp(argv[i], "--json") && i + 1 < argc) {
			plan.json = argv[++i];
		} else {
			return usage();
		}
	}
	if (!bench_paths_find(&plan.paths)) {
		bench_complain("cannot find its own path in /proc");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	measure(&plan);
	bench_scale_measure(&plan.paths, plan.scale_rounds, plan.n_services, &rows[SCALE]);
	bench_table_print(rows, N_ROWS);
	printf("N is %llu\n", (unsigned long long)plan.n_services);
	size_t n_points = bench_scale_curve(&plan.paths, plan.curve_end, points);
	bool ok = n_points &&
		  (!plan.json || bench_table_write_json(rows, N_ROWS, points, n_points, plan.json));
	for (int i = 0; i < N_ROWS; i++)
		ok = ok && !rows[i].problem[0];
	return ok ? 0 : 1;
}
