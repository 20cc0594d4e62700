// SPDX-License-Identifier: MIT
/* Starting up: from the start of a program to its first answered call, and a private session for "true". */
#include "ours/ours.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static char portico[4200], program[4200], run_word[] = "run", dashes[] = "--";
static char *argv[5];

static uint64_t run_firsts(uint64_t n)
{
	return bench_firsts(argv, n);
}

static int serve(const char *name, bool in_private_session)
{
	size_t n = 0;

	snprintf(portico, sizeof(portico), "%s/bin/portico", bench_build_folder());
	snprintf(program, sizeof(program), "%s/tests/bench/ours/%s", bench_build_folder(), name);
	if (in_private_session) {
		argv[n++] = portico;
		argv[n++] = run_word;
		argv[n++] = dashes;
	}
	argv[n] = program;
	return bench_serve(run_firsts);
}

int ours_start_private(uint64_t parameter)
{
	return serve("bench-first-call", true);
}

/* This contestant runs in a session: its registry and its hosts are there. */
int ours_start_user(uint64_t parameter)
{
	return serve("bench-first-call", false);
}

int ours_start_embedded(uint64_t parameter)
{
	setenv("PORTICO_SESSION", "embedded", 1);
	return serve("bench-first-call", false);
}

int ours_start_lookup(uint64_t parameter)
{
	setenv("PORTICO_SESSION", "embedded", 1);
	return serve("bench-first-lookup", false);
}

static uint64_t run_true(uint64_t n)
{
	uint64_t start = bench_now_ns();

	snprintf(portico, sizeof(portico), "%s/bin/portico", bench_build_folder());
	for (uint64_t i = 0; i < n; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			execl(portico, portico, "run", "--", "true", (char *)NULL);
			_exit(127);
		}
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (status) {
			bench_complain("portico run -- true: status 0x%x", (unsigned)status);
			return 0;
		}
	}
	return bench_now_ns() - start;
}

int ours_start_true(uint64_t parameter)
{
	return bench_serve(run_true);
}
