// SPDX-License-Identifier: MIT
#include "bench.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HOGS_MAX = 8, OPERATIONS_MAX = 1 << 30 };

/* The processors are not where they were when a line takes so many times as long as before. */
static const double moved = 1.6;

/* --- who takes part --------------------------------------------------------- */

static uint64_t parameter_of(const struct bench_race *race, const struct bench_plan *plan,
			     const struct bench_contestant *contestant)
{
	if (contestant->parameter)
		return contestant->parameter;
	return plan->quick && race->quick_parameter ? race->quick_parameter : race->parameter;
}

static bool is_built(const char *program)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tests/bench/%s", bench_build_folder(), program);
	return access(path, X_OK) == 0;
}

static void enter(struct bench_result *result, const struct bench_plan *plan,
		  const struct bench_contestant *contestant, enum bench_part part)
{
	struct bench_entrant *e;

	if (!contestant || result->n_entrants == BENCH_CONTESTANTS_MAX)
		return;
	e = &result->entrants[result->n_entrants++];
	*e = (struct bench_entrant){ .contestant = contestant, .part = part };
	e->process = (struct bench_process){ .pid = -1, .to = -1, .from = -1 };
	if (contestant->absent)
		snprintf(e->process.absent, sizeof(e->process.absent), "%s", contestant->absent);
	else if (contestant->slow && plan->quick)
		snprintf(e->process.absent, sizeof(e->process.absent), "not in the quick form");
	else if (contestant->package && !is_built(contestant->program))
		snprintf(e->process.absent, sizeof(e->process.absent),
			 "built without %s (make bench installs it)", contestant->package);
	else
		bench_process_start(&e->process, contestant->program, contestant->role,
				    parameter_of(result->race, plan, contestant),
				    contestant->session, result->race->placement);
}

static void enter_all(struct bench_result *result, const struct bench_plan *plan)
{
	const struct bench_race *race = result->race;

	enter(result, plan, race->ours, BENCH_OURS);
	if (race->ours && race->ours->slow && plan->quick)
		return;
	for (size_t i = 0; i < sizeof(race->limits) / sizeof(*race->limits); i++)
		enter(result, plan, race->limits[i], BENCH_LIMIT);
	for (size_t i = 0; i < sizeof(race->also) / sizeof(*race->also); i++)
		enter(result, plan, race->also[i], BENCH_ALSO);
	for (size_t i = 0; i < sizeof(race->peers) / sizeof(*race->peers); i++)
		enter(result, plan, race->peers[i], BENCH_PEER);
}

/* --- hogs ------------------------------------------------------------------------ */

static void start_hogs(pid_t *hogs, int n)
{
	for (int i = 0; i < n; i++) {
		hogs[i] = fork();
		if (hogs[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (volatile uint64_t turns = 0;; turns = turns + 1)
				;
		}
	}
}

static void stop_hogs(const pid_t *hogs, int n)
{
	for (int i = 0; i < n; i++)
		if (hogs[i] > 0) {
			kill(hogs[i], SIGKILL);
			waitpid(hogs[i], NULL, 0);
		}
}

/* --- turns -------------------------------------------------------------------------- */

/* Find how many operations fill a turn. It also warms the entrant up. */
static void calibrate(struct bench_entrant *e, const struct bench_race *race,
		      const struct bench_plan *plan)
{
	double values[BENCH_VALUES_MAX], turn_ns = plan->turn_ms * 1e6;
	uint64_t n = 1;

	e->operations = race->operations;
	while (bench_entrant_is_there(e) && !e->operations) {
		if (!bench_process_ask(&e->process, n, values, BENCH_VALUES_MAX))
			return;
		double fit = (double)n * turn_ns / values[0];
		if (values[0] > turn_ns / 4 || n == OPERATIONS_MAX)
			e->operations = fit < 1		     ? 1
				      : fit > OPERATIONS_MAX ? OPERATIONS_MAX
							     : (uint64_t)fit;
		/* What was short may have been warming up: go on step by step. */
		fit = fit > (double)n * 16 ? (double)n * 16 : fit;
		n = fit < OPERATIONS_MAX ? (uint64_t)fit + 1 : OPERATIONS_MAX;
	}
}

static double in_unit(const struct bench_measure *m, uint64_t n, double value)
{
	double divisor = m->divisor ? m->divisor : 1;

	switch (m->kind) {
	case BENCH_EACH:
		return value / (double)n / divisor;
	case BENCH_RATE:
		return (double)n * 1e9 / value / divisor;
	case BENCH_PLAIN:
		break;
	}
	return value / divisor;
}

static void take_turn(struct bench_entrant *e, const struct bench_race *race)
{
	double values[BENCH_VALUES_MAX] = { 0 };
	size_t count = bench_process_ask(&e->process, e->operations, values, BENCH_VALUES_MAX);

	for (size_t i = 0; i < BENCH_MEASURES_MAX && race->measures[i].name; i++) {
		const struct bench_measure *m = &race->measures[i];
		bool there = (size_t)m->value < count;

		bench_series_add(&e->series[i],
				 there ? in_unit(m, e->operations, values[m->value]) : 0);
	}
}

static int rounds_of(const struct bench_race *race, const struct bench_plan *plan)
{
	int own = plan->quick ? race->quick_rounds : race->rounds;

	return own && own < plan->rounds ? own : plan->rounds;
}

/* One round; false when it cannot be compared with others. */
static bool run_round(struct bench_result *result)
{
	bool crosses = result->race->placement != BENCH_ONE_CORE;
	double nearest = 0, farthest = 0;
	struct bench_others before;

	bench_others_look(&before);
	for (size_t i = 0; i < result->n_entrants; i++) {
		if (!bench_entrant_is_there(&result->entrants[i]))
			continue;
		double line = crosses ? bench_probe_ns() : 0;
		nearest = !nearest || line < nearest ? line : nearest;
		farthest = line > farthest ? line : farthest;
		take_turn(&result->entrants[i], result->race);
	}
	result->round[result->rounds].line_ns = nearest;
	return !bench_others_disturbed(&before) && farthest <= nearest * moved;
}

void bench_race_run(const struct bench_race *race, const struct bench_plan *plan,
		    struct bench_result *result)
{
	pid_t hogs[HOGS_MAX];

	*result = (struct bench_result){ .race = race };
	enter_all(result, plan);
	start_hogs(hogs, race->hogs);
	for (size_t i = 0; i < result->n_entrants; i++)
		calibrate(&result->entrants[i], race, plan);
	for (; result->rounds < rounds_of(race, plan); result->rounds++)
		if (!run_round(result)) {
			result->round[result->rounds].disturbed = true;
			result->disturbed++;
		}
	stop_hogs(hogs, race->hogs);
	for (size_t i = 0; i < result->n_entrants; i++)
		bench_process_stop(&result->entrants[i].process);
}
