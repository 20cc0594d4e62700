// SPDX-License-Identifier: MIT
/*
 * What contestants need that wait for each other or for a time: one step of a
 * busy wait, percentiles of latencies, and how far from their times timers fire.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* May another thread run while this one does? */
bool bench_is_parallel(void);
/* One step of a loop that waits for another thread: a few pauses, then the processor is offered to
 * others; with one processor at once. *STEPS begins with 0. */
void bench_relax(unsigned *steps);
/* Sleep until AT (bench_now_ns). */
void bench_sleep_until(uint64_t at_ns);

/* Median and 99th percentile of N numbers, which are sorted for it, as values of the kind that
 * bench_cold has; how many values. */
size_t bench_percentiles(uint64_t *samples, size_t n, uint64_t began_ns, double *values);

/* How far from their times N one-shot timers fire, one set after the other. */
struct bench_lateness {
	uint64_t interval_ns, began_ns, due_ns;
	size_t n, wanted;
	uint64_t *samples;
};
bool bench_lateness_begin(struct bench_lateness *late, size_t n, uint64_t interval_ns);
/* When the next is due: an interval from now. */
uint64_t bench_lateness_next(struct bench_lateness *late);
/* It has fired; true when it was the last. */
bool bench_lateness_note(struct bench_lateness *late);
/* By how many nanoseconds, too early or too late: values of bench_percentiles. */
size_t bench_lateness_end(struct bench_lateness *late, double *values);

#ifdef __cplusplus
}
#endif
