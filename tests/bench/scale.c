// SPDX-License-Identifier: MIT
/* Rows and curve of a registry with many services. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

enum { FEW = 100 };

/* One session from its start to its end with N services; false with a message in PROBLEM. */
static bool measure(const struct bench_paths *paths, uint64_t n, double *values, char *problem,
		    size_t size)
{
	struct bench_process process;
	bool ok = bench_process_start(&process, paths, "scale", BENCH_PRIVATE_SESSION,
				      BENCH_ANYWHERE) &&
		  bench_process_ask(&process, n, values, BENCH_SCALES) == BENCH_SCALES;

	if (!ok)
		snprintf(problem, size, "%s", process.problem);
	bench_process_stop(&process);
	return ok;
}

/* A row's value from what was measured, in the row's unit. */
static double in_unit(enum bench_scale_row row, uint64_t n, const double *many, const double *few)
{
	switch (row) {
	case BENCH_SCALE_ROW_PUBLISH:
		return many[BENCH_SCALE_PUBLISH] / 1e3 / (double)n;
	case BENCH_SCALE_ROW_BYTES:
		return many[BENCH_SCALE_BYTES];
	case BENCH_SCALE_ROW_FIND_FEW:
		return few[BENCH_SCALE_FIND] / 1e3;
	case BENCH_SCALE_ROW_FIND_MANY:
		return many[BENCH_SCALE_FIND] / 1e3;
	case BENCH_SCALE_ROW_ITERATE:
		return many[BENCH_SCALE_ITERATE] / 1e3 / (double)n;
	case BENCH_SCALE_ROW_STALL:
		return many[BENCH_SCALE_STALL] / 1e6;
	case BENCH_SCALE_ROW_NOTIFY:
		return many[BENCH_SCALE_NOTIFY] / 1e6;
	case BENCH_SCALE_ROW_SPREAD:
		return many[BENCH_SCALE_SPREAD] / 1e6;
	case BENCH_SCALE_ROW_TERMINATE:
		return many[BENCH_SCALE_TERMINATE] / 1e3 / (double)n;
	case BENCH_SCALE_ROWS:
		break;
	}
	return 0;
}

void bench_scale_measure(const struct bench_paths *paths, int rounds, uint64_t n,
			 struct bench_row *rows)
{
	double many[BENCH_SCALES], few[BENCH_SCALES];
	char *problem = rows[0].problem;

	for (int round = 0; round < rounds && !problem[0]; round++) {
		if (!measure(paths, FEW, few, problem, sizeof(rows[0].problem)) ||
		    !measure(paths, n, many, problem, sizeof(rows[0].problem)))
			break;
		for (int i = 0; i < BENCH_SCALE_ROWS; i++)
			bench_series_add(&rows[i].series, in_unit(i, n, many, few));
	}
	for (int i = 1; i < BENCH_SCALE_ROWS; i++)
		memcpy(rows[i].problem, problem, sizeof(rows[i].problem));
}

size_t bench_scale_curve(const struct bench_paths *paths, uint64_t most,
			 struct bench_curve_point *points)
{
	size_t n_points = 0;

	printf("\n%9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "services", "publish", "memory", "find",
	       "iterate", "stall", "notify", "spread", "terminate");
	printf("%9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "us each", "B each", "us", "us each",
	       "ms", "ms", "ms", "us each");
	for (uint64_t n = FEW; n <= most && n_points < BENCH_CURVE_MAX; n *= 10) {
		struct bench_curve_point *p = &points[n_points];
		char problem[256] = "";

		p->n = n;
		if (!measure(paths, n, p->values, problem, sizeof(problem))) {
			printf("%9llu not measured: %s\n", (unsigned long long)n, problem);
			break;
		}
		printf("%9llu", (unsigned long long)n);
		for (int i = 0; i < BENCH_SCALE_ROWS; i++)
			if (i != BENCH_SCALE_ROW_FIND_FEW)
				printf(" %9.2f", in_unit(i, n, p->values, p->values));
		printf("\n");
		fflush(stdout);
		n_points++;
	}
	return n_points;
}

void bench_scale_write_point(FILE *f, const struct bench_curve_point *p)
{
	static const char *const names[BENCH_SCALE_ROWS] = {
		[BENCH_SCALE_ROW_PUBLISH] = "publish_us_each",
		[BENCH_SCALE_ROW_BYTES] = "bytes_each",
		[BENCH_SCALE_ROW_FIND_MANY] = "find_us",
		[BENCH_SCALE_ROW_ITERATE] = "iterate_us_each",
		[BENCH_SCALE_ROW_STALL] = "stall_ms",
		[BENCH_SCALE_ROW_NOTIFY] = "notify_ms",
		[BENCH_SCALE_ROW_SPREAD] = "spread_ms",
		[BENCH_SCALE_ROW_TERMINATE] = "terminate_us_each",
	};

	fprintf(f, "  {\"name\": \"curve\", \"services\": %llu", (unsigned long long)p->n);
	for (int i = 0; i < BENCH_SCALE_ROWS; i++)
		if (names[i])
			fprintf(f, ", \"%s\": %.3f", names[i],
				in_unit(i, p->n, p->values, p->values));
	fprintf(f, "}");
}
