// SPDX-License-Identifier: MIT
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "contestant.h"

static void put_text(FILE *f, const char *key, const char *text)
{
	fprintf(f, "\"%s\": \"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		if ((unsigned char)*text >= 0x20)
			fputc(*text, f);
	}
	fprintf(f, "\", ");
}

static void put_series(FILE *f, const struct bench_series *series, const struct bench_series *all)
{
	fprintf(f, "\"median\": %.6g, \"lowest\": %.6g, \"highest\": %.6g, \"values\": [",
		bench_series_median(series), bench_series_lowest(series),
		bench_series_highest(series));
	for (size_t i = 0; i < all->count; i++)
		fprintf(f, "%s%.6g", i ? ", " : "", all->values[i]);
	fprintf(f, "]");
}

static void put_entrant(FILE *f, const struct bench_result *result, size_t entrant, size_t measure)
{
	static const char *const parts[] = { "portico", "limit", "also", "peer" };
	const struct bench_entrant *e = &result->entrants[entrant];
	struct bench_series series = bench_result_series(result, entrant, measure);
	double ratio = bench_result_ratio(result, entrant, measure);

	fprintf(f, "   {");
	put_text(f, "part", parts[e->part]);
	if (e->process.absent[0])
		put_text(f, "absent", e->process.absent);
	if (e->process.problem[0])
		put_text(f, "problem", e->process.problem);
	put_text(f, "name", e->contestant->name);
	if (ratio)
		fprintf(f, "\"portico_over\": %.6g, ", ratio);
	put_series(f, &series, &e->series[measure]);
	fprintf(f, "}%s\n", entrant + 1 < result->n_entrants ? "," : "");
}

static void put_goals(FILE *f, const struct bench_result *result, size_t measure)
{
	static const char *const verdicts[] = { "null", "true", "false" };
	const char *comma = "";

	fprintf(f, "  \"goals\": [");
	for (size_t i = 0; i < BENCH_GOALS_MAX; i++) {
		const struct bench_goal *goal = &result->race->measures[measure].goals[i];

		if (!goal->at_most && !goal->at_least)
			continue;
		fprintf(f, "%s{", comma);
		if (goal->against)
			put_text(f, "against", goal->against->name);
		fprintf(f, "\"%s\": %.6g, \"met\": %s}", goal->at_most ? "at_most" : "at_least",
			goal->at_most ? goal->at_most : goal->at_least,
			verdicts[bench_result_judge(result, measure, goal)]);
		comma = ", ";
	}
	fprintf(f, "],\n");
}

static void put_rounds(FILE *f, const struct bench_result *result)
{
	fprintf(f, "\"rounds\": [");
	for (int i = 0; i < result->rounds; i++)
		fprintf(f, "%s{\"disturbed\": %s, \"line_ns\": %.4g}", i ? ", " : "",
			result->round[i].disturbed ? "true" : "false", result->round[i].line_ns);
	fprintf(f, "],\n");
}

static void put_row(FILE *f, const struct bench_result *result, size_t measure)
{
	static const char *const placements[] = { "free", "one core", "two cores" };

	fprintf(f, " {");
	put_text(f, "race", result->race->name);
	put_text(f, "row", result->race->measures[measure].name);
	put_text(f, "unit", result->race->measures[measure].unit);
	put_text(f, "placement", placements[result->race->placement]);
	put_rounds(f, result);
	put_goals(f, result, measure);
	fprintf(f, "  \"contestants\": [\n");
	for (size_t i = 0; i < result->n_entrants; i++)
		put_entrant(f, result, i, measure);
	fprintf(f, "  ]}");
}

bool bench_json_write(const struct bench_result *results, size_t n, const struct bench_plan *plan,
		      const char *path)
{
	FILE *f = fopen(path, "we");
	const char *comma = "";
	struct utsname system;

	if (!f || uname(&system)) {
		bench_complain("%s: %s", path, strerror(errno));
		return false;
	}
	fprintf(f, "{");
	put_text(f, "kernel", system.release);
	put_text(f, "machine", system.machine);
	fprintf(f, "\"processors\": %ld, \"quick\": %s, \"turn_ms\": %g, \"rows\": [\n",
		sysconf(_SC_NPROCESSORS_ONLN), plan->quick ? "true" : "false", plan->turn_ms);
	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < BENCH_MEASURES_MAX && results[i].race->measures[m].name;
		     m++) {
			fprintf(f, "%s", comma);
			put_row(f, &results[i], m);
			comma = ",\n";
		}
	fprintf(f, "\n]}\n");
	if (fclose(f)) {
		bench_complain("%s: %s", path, strerror(errno));
		return false;
	}
	return true;
}
