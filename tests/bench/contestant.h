// SPDX-License-Identifier: MIT
/*
 * What every contestant of the benchmark is: a program that is started as
 * PROGRAM ROLE PARAMETER, prepares itself and says "ready" (or "absent" and why
 * it cannot be had here), then reads lines with a number N, does N operations
 * for each and answers with a line of numbers, the first the nanoseconds that
 * they took. It ends with its standard input. Between two turns it sleeps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_role {
	const char *name;
	int (*play)(uint64_t parameter); /* ends with bench_serve; the exit status */
};
/* What main does; ROLES ends with a name of NULL. */
int bench_play(int argc, char **argv, const struct bench_role *roles);

/* The nanoseconds that N operations took, or 0 after bench_complain. */
typedef uint64_t (*bench_run_fn)(uint64_t n);
/* Say "ready", then serve lines until standard input ends. The exit status. */
int bench_serve(bench_run_fn run);
/* The same with several values; how many, or 0 after bench_complain. */
typedef size_t (*bench_values_fn)(uint64_t n, double *values);
int bench_serve_values(bench_values_fn run);
/* Instead of serving. The exit status. */
int bench_absent(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* CALL once each millisecond, N times. */
enum { BENCH_COLD_NS, BENCH_COLD_P50, BENCH_COLD_P99, BENCH_COLD_VALUES };
size_t bench_cold(bool (*call)(uint64_t i), uint64_t n, double *values);

/* Start the program ARGV[0]: the nanoseconds until it says that it has been answered for the first
 * time. What it does afterwards is waited for, but not counted. 0 after bench_complain. */
uint64_t bench_first(char *const argv[]);
/* The same N times: the sum. */
uint64_t bench_firsts(char *const argv[], uint64_t n);
/* What that program says. */
void bench_first_done(void);

/* All that is not this thread's has been started: with two cores, go to the one that is ours alone. */
void bench_move_away(void);
/* Print a line to standard error. */
void bench_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t bench_now_ns(void);

#ifdef __cplusplus
}
#endif
