// SPDX-License-Identifier: MIT
/* Starting a program that does nothing, linked statically and not. */
#include "limits/limits.h"

#include <stdio.h>

#include "bench.h"

static char path[4200];

static uint64_t run(uint64_t n)
{
	char *argv[] = { path, NULL };

	return bench_firsts(argv, n);
}

static int serve(const char *program)
{
	snprintf(path, sizeof(path), "%s/tests/bench/limits/%s", bench_build_folder(), program);
	return bench_serve(run);
}

int limit_start_static(uint64_t parameter)
{
	return serve("bench-bare-static");
}

int limit_start_dynamic(uint64_t parameter)
{
	return serve("bench-bare");
}
