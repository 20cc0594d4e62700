// SPDX-License-Identifier: MIT
#include "bench.h"

#include <stdlib.h>
#include <string.h>

void bench_series_add(struct bench_series *series, double value)
{
	if (series->count < BENCH_ROUNDS_MAX)
		series->values[series->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double at(const struct bench_series *series, size_t numerator, size_t denominator)
{
	double sorted[BENCH_ROUNDS_MAX];

	if (!series->count)
		return 0;
	memcpy(sorted, series->values, series->count * sizeof(*sorted));
	qsort(sorted, series->count, sizeof(*sorted), compare);
	return sorted[(series->count - 1) * numerator / denominator];
}

double bench_series_median(const struct bench_series *series)
{
	return at(series, 1, 2);
}

double bench_series_lowest(const struct bench_series *series)
{
	return at(series, 0, 1);
}

double bench_series_highest(const struct bench_series *series)
{
	return at(series, 1, 1);
}
