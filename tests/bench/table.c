// SPDX-License-Identifier: MIT
#include "bench.h"

#include <stdio.h>
#include <string.h>

static const char *const placements[] = {
	[BENCH_FREE] = "free",
	[BENCH_ONE_CORE] = "one core",
	[BENCH_TWO_CORES] = "two cores",
};
static const char *const parts[] = {
	[BENCH_OURS] = "",
	[BENCH_LIMIT] = "limit: ",
	[BENCH_ALSO] = "also: ",
	[BENCH_PEER] = "peer: ",
};
static const char *const verdicts[] = {
	[BENCH_UNKNOWN] = "?",
	[BENCH_MET] = "yes",
	[BENCH_MISSED] = "no",
};

void bench_table_head(void)
{
	printf("%-38s %-9s  %-36s %10s %10s %10s  %-9s %-15s %-11s %-4s %s\n", "row", "placement",
	       "contestant", "median", "lowest", "highest", "unit", "Portico is", "goal", "met",
	       "disturbed");
}

/* "1.33x slower", "470x faster", or "" when it is not known. */
static void print_ratio(const struct bench_measure *m, double ratio, char *text, size_t size)
{
	bool bytes = strchr(m->unit, 'B') != NULL;
	const char *word = ratio >= 1 ? bytes ? "larger" : "slower" : bytes ? "smaller" : "faster";
	double factor = ratio >= 1 ? ratio : ratio > 0 ? 1 / ratio : 0;

	text[0] = '\0';
	if (factor)
		snprintf(text, size, factor < 100 ? "%.2fx %s" : "%.0fx %s", factor, word);
}

static void print_goal(const struct bench_goal *goal, char *text, size_t size)
{
	const char *times = goal->against ? "x" : "";

	if (goal->at_most)
		snprintf(text, size, "<= %.6g%s", goal->at_most, times);
	else
		snprintf(text, size, ">= %.6g%s%s", goal->at_least, times,
			 goal->against ? " faster" : "");
}

static const struct bench_goal *find_goal(const struct bench_measure *m,
					  const struct bench_contestant *against)
{
	for (size_t i = 0; i < BENCH_GOALS_MAX; i++)
		if ((m->goals[i].at_most || m->goals[i].at_least) && m->goals[i].against == against)
			return &m->goals[i];
	return NULL;
}

static void print_figure(double value)
{
	printf(value >= 1000 || value == 0 ? "%10.0f "
	       : value >= 100		   ? "%10.1f "
					   : "%10.3g ",
	       value);
}

/* How many were disturbed, and how far the processors were from each other. */
static void print_rounds(const struct bench_result *result)
{
	double nearest = 0, farthest = 0;

	printf(" %d/%d", result->disturbed, result->rounds);
	for (int i = 0; i < result->rounds; i++) {
		double line = result->round[i].line_ns;

		nearest = !nearest || line < nearest ? line : nearest;
		farthest = line > farthest ? line : farthest;
	}
	if (farthest > 0)
		printf(" line %.0f-%.0f ns", nearest, farthest);
}

static void print_figures(const struct bench_result *result, size_t entrant, size_t measure)
{
	const struct bench_entrant *e = &result->entrants[entrant];
	const struct bench_measure *m = &result->race->measures[measure];
	const struct bench_goal *goal = find_goal(m, e->part == BENCH_OURS ? NULL : e->contestant);
	struct bench_series series = bench_result_series(result, entrant, measure);
	char ratio[32], bound[32] = "";

	print_ratio(m, bench_result_ratio(result, entrant, measure), ratio, sizeof(ratio));
	if (goal)
		print_goal(goal, bound, sizeof(bound));
	print_figure(bench_series_median(&series));
	print_figure(bench_series_lowest(&series));
	print_figure(bench_series_highest(&series));
	printf(" %-9s %-15s %-11s %-4s", m->unit, ratio, bound,
	       goal ? verdicts[bench_result_judge(result, measure, goal)] : "");
	if (entrant == 0)
		print_rounds(result);
	putchar('\n');
}

static void print_row(const struct bench_result *result, size_t measure)
{
	for (size_t i = 0; i < result->n_entrants; i++) {
		const struct bench_entrant *e = &result->entrants[i];
		char name[64];

		snprintf(name, sizeof(name), "%s%s", parts[e->part], e->contestant->name);
		printf("%-38s %-9s  %-36s ", i ? "" : result->race->measures[measure].name,
		       i ? "" : placements[result->race->placement], name);
		if (e->process.absent[0])
			printf("not here: %s\n", e->process.absent);
		else if (e->process.problem[0])
			printf("FAILED: %s\n", e->process.problem);
		else
			print_figures(result, i, measure);
	}
}

void bench_table_rows(const struct bench_result *result)
{
	for (size_t i = 0; i < BENCH_MEASURES_MAX && result->race->measures[i].name; i++)
		print_row(result, i);
	fflush(stdout);
}
