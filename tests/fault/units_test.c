// SPDX-License-Identifier: MIT
/*
 * Unit tests as scenarios: run with faults, many of their expectations cannot hold, so whether they
 * pass is nobody's business here. But no process may die in Portico's code. What a test's own code
 * does with a failed call, or hands to a function that may not be given nothing, is no finding:
 * the place of death and its caller tell.
 */
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deaths.h"
#include "rise.h"
#include "test.h"

enum { HANG_S = 200 };

/* Of the code that has to be reached in every branch. */
static const char *const always[] = { "wire/wire_value_test", "wire/wire_bag_test",
				      "port/port_name_table_test", NULL };

static void run_program(const char *path)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setenv(FAULT_PROGRAM, "1", 1);
	if (!fault_only_reaches())
		setenv("PORTICO_TEST_WATCHDOG", test_is_slow() ? "60" : "4", 1);
	dup2(null, 1);
	dup2(null, 2);
	alarm(HANG_S);
	execl(path, path, (char *)NULL);
	_exit(RISE_CANNOT_RUN);
}

static int n_hits;

static int rise_in_mode(const char *path, uint32_t kinds, enum fault_mode mode)
{
	const char *name = strrchr(path, '/') + 1;
	struct fault_step step = { .mode = mode, .aim = { .kinds = kinds, .program = name } };
	bool hit = true;

	fault_set_program(path);
	while (hit && step.runs < rise_rounds_max() && rise_has_time(name)) {
		int status;

		fflush(stdout);
		fault_arm(&step);
		pid_t pid = fork();
		if (pid == 0)
			run_program(path);
		status = rise_reap(pid);
		rise_end_leftovers(0); /* of a program that its watchdog has ended */
		hit = fault_disarm();
		step.runs++;
		n_hits += hit;
		if (count_deaths(name) > 0 ||
		    (WIFSIGNALED(status) ? WTERMSIG(status) == SIGALRM
					 : WEXITSTATUS(status) == RISE_CANNOT_RUN))
			rise_complain(&step, name, status);
	}
	printf("# %s: %d runs, %d failures\n", name, step.runs, step.failures);
	fflush(stdout);
	return step.failures;
}

static int rise_program(const char *path, uint32_t kinds)
{
	int failures = rise_in_mode(path, kinds, FAULT_EACH_PROCESS);

	if (!fault_only_reaches())
		failures += rise_in_mode(path, kinds, FAULT_EACH_PROCESS_FROM);
	return failures;
}

static int rise_list(const char *const *list, uint32_t kinds)
{
	char path[512];
	int failures = 0;

	for (; *list; list++) {
		snprintf(path, sizeof(path), "%s", test_built("tests/unit"));
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", *list);
		failures += rise_program(path, kinds);
	}
	return failures;
}

/* All unit tests, or those that PORTICO_FAULT_SCENARIO is part of the path of. */
static int rise_folders(uint32_t kinds)
{
	const char *only = getenv("PORTICO_FAULT_SCENARIO");
	char pattern[512];
	int failures = 0;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*/*_test", test_built("tests/unit"));
	test_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!only || strstr(found.gl_pathv[i], only))
			failures += rise_program(found.gl_pathv[i], kinds);
	globfree(&found);
	return failures;
}

static void rise_programs(uint32_t kinds)
{
	fault_require();
	/* Their harness, which is in the programs, waits for long where its own calls fail. */
	if ((kinds == FAULT_CALLS || test_is_slow()) && !fault_is_long())
		test_skip("minutes: make faults");
	alarm(0);
	int failures = fault_is_long() ? rise_folders(kinds) : rise_list(always, kinds);
	test_equal(failures, 0);
	rise_require_hits(n_hits);
}

TEST(units_stand_every_failed_allocation)
{
	rise_programs(FAULT_ALLOCATIONS);
}

TEST(units_stand_every_failed_system_call)
{
	rise_programs(FAULT_CALLS);
}

int main(int argc, char **argv)
{
	fault_preload(argv);
	return test_main(argc, argv);
}
