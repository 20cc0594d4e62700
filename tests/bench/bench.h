// SPDX-License-Identifier: MIT
/*
 * portico-bench: what Portico costs, against a bare pair of processes measured
 * in the same run. Public API and POSIX only.
 *
 * Each thing that is measured is a *peer*: a process of its own that waits for
 * a line with a number N, does N operations and answers with the nanoseconds
 * they took. The peers take turns, round after round, so that what disturbs the
 * machine disturbs all of them; the median of the rounds counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { BENCH_ROUNDS_MAX = 64 };

/* --- time ------------------------------------------------------------- */

uint64_t bench_now_ns(void);

/* --- series of measurements: series.c ---------------------------------- */

struct bench_series {
	double values[BENCH_ROUNDS_MAX];
	size_t count;
};

void bench_series_add(struct bench_series *series, double value);
/* Median, lowest and highest; 0 when there is none. */
double bench_series_median(const struct bench_series *series);
double bench_series_lowest(const struct bench_series *series);
double bench_series_highest(const struct bench_series *series);

/* --- the result: table.c ------------------------------------------------ */

struct bench_row {
	const char *name, *unit;
	struct bench_series series;
	const char *against; /* name of the row it is divided by, or NULL */
	double ratio_limit;  /* 0: none */
	double limit;	     /* 0: none; most, or least if at_least */
	bool at_least;
	char problem[256]; /* why it could not be measured, or "" */
};

/* People's table to standard output. */
void bench_table_print(const struct bench_row *rows, size_t n_rows);
/* The same as JSON to the file at PATH, the POINTS of the curve behind the rows; false and a message
 * on failure. */
struct bench_curve_point;
bool bench_table_write_json(const struct bench_row *rows, size_t n_rows,
			    const struct bench_curve_point *points, size_t n_points,
			    const char *path);

/* --- peers: process.c --------------------------------------------------- */

enum bench_session {
	BENCH_NO_SESSION,
	BENCH_PRIVATE_SESSION, /* under "portico run" */
};

/* Where a peer and all that it starts run. */
enum bench_placement {
	BENCH_ANYWHERE,
	BENCH_ONE_CPU,
	BENCH_TWO_CPUS, /* all on the second, the caller (bench_peer_move_away) on the first */
};

struct bench_process {
	pid_t pid;
	int to, from; /* pipes */
	char problem[256];
};

/* Paths of the build tree, from this program's own. */
struct bench_paths {
	char self[4096], portico[4096], drivers[4096];
};
bool bench_paths_find(struct bench_paths *paths);

/* Start this program again as peer ROLE. Returns false with ->problem when it does not get ready. */
bool bench_process_start(struct bench_process *process, const struct bench_paths *paths,
			 const char *role, enum bench_session session,
			 enum bench_placement placement);
/* Let it do N operations; 0 when it has failed (->problem). */
uint64_t bench_process_run(struct bench_process *process, uint64_t n);
/* Its two halves: for several that work at the same time. */
bool bench_process_tell(struct bench_process *process, uint64_t n);
uint64_t bench_process_hear(struct bench_process *process);
/* The same for peers that measure several things at once: how many VALUES came, 0 when it has
 * failed. */
size_t bench_process_ask(struct bench_process *process, uint64_t n, double *values, size_t max);
void bench_process_stop(struct bench_process *process);

/* --- the peers' side: peer.c, peer_*.c ---------------------------------- */

/* What a role does with N operations: the nanoseconds taken, or 0 after bench_complain. */
typedef uint64_t (*bench_run_fn)(uint64_t n);
/* Say "ready", then serve lines until standard input ends. The exit status. */
int bench_peer_serve(bench_run_fn run);
/* Everything else has been started: with BENCH_TWO_CPUS go to the processor that is this thread's
 * alone. */
void bench_peer_move_away(void);
/* Print a line to standard error. */
void bench_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Exit statuses. */
int bench_peer_ping(void);     /* bare round trips of 64 bytes between two processes */
int bench_peer_call(void);     /* Calculator's add */
int bench_peer_queue(void);    /* records of 64 bytes from a driver */
int bench_peer_lookup(void);   /* one look-up; ready when it is done */
int bench_peer_registry(void); /* resident KiB of the session's registry, whatever N */
int bench_peer_scale(void); /* N services come, are used and go: the values of enum bench_scale */
int bench_peer_watch(void); /* N notifications; the time when all have been delivered */

/* Resident KiB of the session's registry; 0 after bench_complain. */
uint64_t bench_registry_kib(void);

/* --- a registry of N services: scale.c, peer_scale.c ------------------------------ */

enum bench_scale {
	BENCH_SCALE_PUBLISH, /* ns for all */
	BENCH_SCALE_BYTES,   /* of the registry for each, beyond its encoded properties */
	BENCH_SCALE_FIND,    /* ns for one by class */
	BENCH_SCALE_ITERATE, /* ns for all with their names */
	BENCH_SCALE_STALL,  /* ns that another program waits at most while the registry lists all */
	BENCH_SCALE_NOTIFY, /* ns until 1,000 watchers of one process have been told */
	BENCH_SCALE_SPREAD, /* the same in ten processes */
	BENCH_SCALE_TERMINATE, /* ns for all */
	BENCH_SCALES
};

/* The rows of the table that come from it. */
enum bench_scale_row {
	BENCH_SCALE_ROW_PUBLISH,
	BENCH_SCALE_ROW_BYTES,
	BENCH_SCALE_ROW_FIND_FEW, /* among 100, in the same round */
	BENCH_SCALE_ROW_FIND_MANY,
	BENCH_SCALE_ROW_ITERATE,
	BENCH_SCALE_ROW_STALL,
	BENCH_SCALE_ROW_NOTIFY,
	BENCH_SCALE_ROW_SPREAD,
	BENCH_SCALE_ROW_TERMINATE,
	BENCH_SCALE_ROWS
};
/* Each round two sessions, one with 100 and one with N services, into BENCH_SCALE_ROWS rows. */
void bench_scale_measure(const struct bench_paths *paths, int rounds, uint64_t n,
			 struct bench_row *rows);

enum { BENCH_CURVE_MAX = 8 };
struct bench_curve_point {
	uint64_t n;
	double values[BENCH_SCALES];
};
/* Print the same for 100, 1,000, ... MOST services, measured once; how many POINTS there are. */
size_t bench_scale_curve(const struct bench_paths *paths, uint64_t most,
			 struct bench_curve_point *points);
void bench_scale_write_point(FILE *f, const struct bench_curve_point *point);
