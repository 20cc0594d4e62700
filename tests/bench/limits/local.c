// SPDX-License-Identifier: MIT
/* What stays within the process: a function, and a system call that does nothing. */
#include "limits/limits.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "contestant.h"

static __attribute__((noinline)) uint64_t add(uint64_t a, uint64_t b)
{
	return a + b;
}

static uint64_t run_function(uint64_t n)
{
	/* Through memory, so that the compiler cannot know what is called. */
	uint64_t (*volatile function)(uint64_t, uint64_t) = add;
	uint64_t start = bench_now_ns(), wrong = 0;

	for (uint64_t i = 0; i < n; i++)
		wrong += function(i, 1) != i + 1;
	return wrong ? 0 : bench_now_ns() - start;
}

int limit_function(uint64_t parameter)
{
	return bench_serve(run_function);
}

static uint64_t run_getppid(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		syscall(SYS_getppid);
	return bench_now_ns() - start;
}

int limit_getppid(uint64_t parameter)
{
	return bench_serve(run_getppid);
}
