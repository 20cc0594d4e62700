// SPDX-License-Identifier: MIT
#include "bench.h"

enum { SOUND_MIN = 3 };

bool bench_entrant_is_there(const struct bench_entrant *e)
{
	return !e->process.absent[0] && !e->process.problem[0];
}

static bool counts(const struct bench_result *result, size_t round)
{
	return result->rounds - result->disturbed < SOUND_MIN || !result->round[round].disturbed;
}

struct bench_series bench_result_series(const struct bench_result *result, size_t entrant,
					size_t measure)
{
	const struct bench_series *all = &result->entrants[entrant].series[measure];
	struct bench_series series = { .count = 0 };

	for (size_t i = 0; i < all->count; i++)
		if (counts(result, i))
			bench_series_add(&series, all->values[i]);
	return series;
}

/* In what one wants little of. */
static double cost(const struct bench_measure *m, double value)
{
	return m->kind == BENCH_RATE && value > 0 ? 1 / value : value;
}

double bench_result_ratio(const struct bench_result *result, size_t entrant, size_t measure)
{
	const struct bench_measure *m = &result->race->measures[measure];
	const struct bench_entrant *first = &result->entrants[0],
				   *other = &result->entrants[entrant];
	struct bench_series quotients = { .count = 0 };

	if (entrant == 0 || first->part != BENCH_OURS || !bench_entrant_is_there(first) ||
	    !bench_entrant_is_there(other))
		return 0;
	struct bench_series ours = bench_result_series(result, 0, measure);
	struct bench_series theirs = bench_result_series(result, entrant, measure);
	for (size_t i = 0; i < ours.count && i < theirs.count; i++)
		if (ours.values[i] > 0 && theirs.values[i] > 0)
			bench_series_add(&quotients,
					 cost(m, ours.values[i]) / cost(m, theirs.values[i]));
	return bench_series_median(&quotients);
}

static enum bench_verdict verdict(bool met)
{
	return met ? BENCH_MET : BENCH_MISSED;
}

enum bench_verdict bench_result_judge(const struct bench_result *result, size_t measure,
				      const struct bench_goal *goal)
{
	struct bench_series ours = bench_result_series(result, 0, measure);
	double value = bench_series_median(&ours), ratio = 0;

	if (!bench_entrant_is_there(&result->entrants[0]) || !ours.count)
		return BENCH_UNKNOWN;
	if (!goal->against)
		return verdict((!goal->at_most || value <= goal->at_most) &&
			       (!goal->at_least || value >= goal->at_least));
	for (size_t i = 1; i < result->n_entrants; i++)
		if (result->entrants[i].contestant == goal->against)
			ratio = bench_result_ratio(result, i, measure);
	if (!ratio)
		return BENCH_UNKNOWN;
	return verdict((!goal->at_most || ratio <= goal->at_most) &&
		       (!goal->at_least || 1 / ratio >= goal->at_least));
}
