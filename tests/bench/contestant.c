// SPDX-License-Identifier: MIT
#include "contestant.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUES_MAX = 16 };

uint64_t bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void bench_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "portico-bench: ");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

int bench_absent(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("absent ");
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
	return 0;
}

void bench_move_away(void)
{
	const char *cpu = getenv("PORTICO_BENCH_AWAY"); /* process.c */
	cpu_set_t one;

	if (!cpu)
		return;
	CPU_ZERO(&one);
	CPU_SET(atoi(cpu), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

int bench_serve_values(bench_values_fn run)
{
	double values[VALUES_MAX];
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		size_t count = run(strtoull(line, NULL, 10), values);

		if (!count)
			return 1;
		for (size_t i = 0; i < count; i++)
			printf("%.17g ", values[i]);
		putchar('\n');
	}
	return 0;
}

static bench_run_fn only;

static size_t run_only(uint64_t n, double *values)
{
	*values = (double)only(n);
	return *values > 0;
}

int bench_serve(bench_run_fn run)
{
	only = run;
	return bench_serve_values(run_only);
}

int bench_play(int argc, char **argv, const struct bench_role *roles)
{
	for (; argc == 3 && roles->name; roles++)
		if (!strcmp(argv[1], roles->name))
			return roles->play(strtoull(argv[2], NULL, 10));
	bench_complain("usage: %s ROLE PARAMETER", argv[0]);
	return 2;
}
