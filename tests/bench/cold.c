// SPDX-License-Identifier: MIT
#include "contestant.h"

#include <stdlib.h>
#include <time.h>

enum { PERIOD_NS = 1000000, SECOND_NS = 1000000000 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / SECOND_NS),
			      .tv_nsec = (long)(ns % SECOND_NS) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

size_t bench_cold(bool (*call)(uint64_t i), uint64_t n, double *values)
{
	double *times = calloc(n, sizeof(*times));
	uint64_t begin = bench_now_ns();
	bool ok = times != NULL;

	for (uint64_t i = 0; ok && i < n; i++) {
		sleep_until(begin + (i + 1) * PERIOD_NS);
		uint64_t start = bench_now_ns();
		ok = call(i);
		times[i] = (double)(bench_now_ns() - start);
	}
	if (ok) {
		qsort(times, n, sizeof(*times), compare);
		values[BENCH_COLD_NS] = (double)(bench_now_ns() - begin);
		values[BENCH_COLD_P50] = times[n / 2];
		values[BENCH_COLD_P99] = times[n * 99 / 100];
	}
	free(times);
	return ok ? BENCH_COLD_VALUES : 0;
}
