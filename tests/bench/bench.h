// SPDX-License-Identifier: MIT
/*
 * portico-bench: what Portico costs, beside what the machine can do and what
 * its peers cost, measured in turn in the same run. This program links nothing
 * of Portico: everything that is measured is a *contestant*, a program of its
 * own (contestant.h). A *race* lets contestants take turns, round after round;
 * its *measures* are the rows of the table (rows_*.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "contestant.h"

enum {
	BENCH_ROUNDS_MAX = 64,
	BENCH_CONTESTANTS_MAX = 24, /* of one race */
	BENCH_MEASURES_MAX = 10,
	BENCH_GOALS_MAX = 6,
	BENCH_VALUES_MAX = 16, /* of one answer */
};

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

/* --- what is declared: rows_*.c ------------------------------------------ */

enum bench_session {
	BENCH_NO_SESSION,
	BENCH_PRIVATE_SESSION,	  /* under "portico run", with the drivers of this folder as well */
	BENCH_UNCONFINED_SESSION, /* the same, its driver hosts without a sandbox */
};

/* Where a contestant and all that it starts run. */
enum bench_placement {
	BENCH_FREE,
	BENCH_ONE_CORE,
	BENCH_TWO_CORES, /* all on the second, the caller (bench_move_away) on the first */
};

struct bench_contestant {
	const char *name;    /* in the table */
	const char *program; /* below <build>/tests/bench */
	const char *role;    /* its first argument */
	enum bench_session session;
	/* Its second argument, when it is not the race's. */
	uint64_t parameter;
	/* Debian package without which the program is not built; NULL: always built. */
	const char *package;
	/* Why there is no such contestant at all, or NULL. */
	const char *absent;
	bool slow; /* takes too long for the quick form */
};

enum bench_kind {
	BENCH_EACH,  /* the value divided by the number of operations */
	BENCH_RATE,  /* operations in a second, from a value in ns; more is better */
	BENCH_PLAIN, /* the value as it is */
};

/* A goal is missed when one of its bounds is. */
struct bench_goal {
	/* NULL: about the value itself, which must be at most or at least so much. */
	const struct bench_contestant *against;
	double at_most;	 /* Portico's cost / the other's */
	double at_least; /* the other's cost / Portico's */
};

struct bench_measure {
	const char *name, *unit;
	enum bench_kind kind;
	int value;	/* which of those that the contestants answer with */
	double divisor; /* into the unit; 0: 1 */
	struct bench_goal goals[BENCH_GOALS_MAX];
};

struct bench_race {
	const char *name; /* family/name, for --only */
	enum bench_placement placement;
	int hogs;			     /* processes that do nothing but run, meanwhile */
	uint64_t parameter, quick_parameter; /* every contestant's second argument */
	/* Operations in one turn; 0: as many as fill a turn of the plan's length, found for each. */
	uint64_t operations;
	int rounds, quick_rounds; /* 0: the plan's */
	const struct bench_contestant *ours;
	const struct bench_contestant *limits[8];
	const struct bench_contestant *also[8]; /* Portico in other circumstances */
	const struct bench_contestant *peers[12];
	struct bench_measure measures[BENCH_MEASURES_MAX];
};

/* One family in one file. */
struct bench_rows {
	const struct bench_race *races;
	size_t count;
};
extern const struct bench_rows bench_rows_call, bench_rows_completion, bench_rows_dispatch,
	bench_rows_protection, bench_rows_queue, bench_rows_registry, bench_rows_start;

/* --- processes: process.c -------------------------------------------------- */

struct bench_process {
	pid_t pid;
	int to, from;	   /* pipes */
	char absent[160];  /* it cannot be had here, and why */
	char problem[160]; /* it should have worked, and did not */
};

/* Start PROGRAM of the build's tests/bench as ROLE with PARAMETER; false with ->absent or ->problem. */
bool bench_process_start(struct bench_process *process, const char *program, const char *role,
			 uint64_t parameter, enum bench_session session,
			 enum bench_placement placement);
/* Tell it to do N operations. */
bool bench_process_tell(struct bench_process *process, uint64_t n);
/* Its answer: how many VALUES came, 0 when it has failed (->problem). */
size_t bench_process_hear(struct bench_process *process, double *values, size_t max);
/* Both. */
size_t bench_process_ask(struct bench_process *process, uint64_t n, double *values, size_t max);
void bench_process_stop(struct bench_process *process);
/* The build's folder, from this program's own place; NULL when it cannot be told. */
const char *bench_build_folder(void);

/* Number INDEX of the processors that may be used, or -1. */
int bench_find_cpu(int index);

/* --- what else runs on the machine: others.c --------------------------------- */

struct bench_others {
	uint64_t at_ns;
	double seconds; /* of processor time */
};

void bench_others_look(struct bench_others *others);
/* Did others take more than 2 % of a processor since then? */
bool bench_others_disturbed(const struct bench_others *since);

/* --- how near the processors are to each other: probe.c ------------------------- */

/* A line from the first to the second and back; 0: there is no second. */
double bench_probe_ns(void);

/* --- races: race.c ---------------------------------------------------------------- */

struct bench_plan {
	bool quick;
	int rounds;
	double turn_ms; /* how long one contestant's turn takes */
};

enum bench_part { BENCH_OURS, BENCH_LIMIT, BENCH_ALSO, BENCH_PEER };

struct bench_entrant {
	const struct bench_contestant *contestant;
	enum bench_part part;
	struct bench_process process;
	uint64_t operations;
	struct bench_series series[BENCH_MEASURES_MAX]; /* by round: 0 is no value */
};

struct bench_result {
	const struct bench_race *race;
	struct bench_entrant entrants[BENCH_CONTESTANTS_MAX];
	size_t n_entrants;
	int rounds, disturbed;
	struct {
		bool disturbed;
		double line_ns; /* bench_probe_ns */
	} round[BENCH_ROUNDS_MAX];
};

void bench_race_run(const struct bench_race *race, const struct bench_plan *plan,
		    struct bench_result *result);

/* --- what came of them: result.c -------------------------------------------------- */

bool bench_entrant_is_there(const struct bench_entrant *entrant);
/* The values that count: of the rounds that were not disturbed, or of all when those are less than three. */
struct bench_series bench_result_series(const struct bench_result *result, size_t entrant,
					size_t measure);
/* Median over these rounds of Portico's cost / the entrant's in the same round; 0: not known. */
double bench_result_ratio(const struct bench_result *result, size_t entrant, size_t measure);

enum bench_verdict { BENCH_UNKNOWN, BENCH_MET, BENCH_MISSED };
enum bench_verdict bench_result_judge(const struct bench_result *result, size_t measure,
				      const struct bench_goal *goal);

/* --- the table: table.c, json.c ----------------------------------------------------- */

void bench_table_head(void);
void bench_table_rows(const struct bench_result *result);
/* False after a message. */
bool bench_json_write(const struct bench_result *results, size_t n, const struct bench_plan *plan,
		      const char *path);
