// SPDX-License-Identifier: MIT
#include "timing.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "contestant.h"
#include "limits/cpu.h"

enum { PAUSES = 1000 }; /* longer than a hand-over between two processors that are awake */

bool bench_is_parallel(void)
{
	static int parallel = -1;
	cpu_set_t mine;

	if (parallel < 0)
		parallel = getenv("PORTICO_BENCH_AWAY") ||
			   (!sched_getaffinity(0, sizeof(mine), &mine) && CPU_COUNT(&mine) > 1);
	return parallel;
}

void bench_relax(unsigned *steps)
{
	if (!bench_is_parallel() || ++*steps > PAUSES) {
		sched_yield();
		return;
	}
	cpu_relax();
}

void bench_sleep_until(uint64_t at_ns)
{
	struct timespec t = { (time_t)(at_ns / 1000000000u), (long)(at_ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

size_t bench_percentiles(uint64_t *samples, size_t n, uint64_t began_ns, double *values)
{
	if (!n)
		return 0;
	qsort(samples, n, sizeof(*samples), compare);
	values[BENCH_COLD_NS] = (double)(bench_now_ns() - began_ns);
	values[BENCH_COLD_P50] = (double)samples[(n - 1) / 2];
	values[BENCH_COLD_P99] = (double)samples[(n - 1) * 99 / 100];
	return BENCH_COLD_VALUES;
}

bool bench_lateness_begin(struct bench_lateness *late, size_t n, uint64_t interval_ns)
{
	*late = (struct bench_lateness){ .interval_ns = interval_ns,
					 .began_ns = bench_now_ns(),
					 .wanted = n,
					 .samples = calloc(n ? n : 1, sizeof(uint64_t)) };
	return late->samples;
}

uint64_t bench_lateness_next(struct bench_lateness *late)
{
	return late->due_ns = bench_now_ns() + late->interval_ns;
}

bool bench_lateness_note(struct bench_lateness *late)
{
	uint64_t now = bench_now_ns();

	if (late->n < late->wanted)
		late->samples[late->n++] =
			now > late->due_ns ? now - late->due_ns : late->due_ns - now;
	return late->n >= late->wanted;
}

size_t bench_lateness_end(struct bench_lateness *late, double *values)
{
	size_t n = bench_percentiles(late->samples, late->n, late->began_ns, values);

	free(late->samples);
	late->samples = NULL;
	return n;
}
