// SPDX-License-Identifier: MIT
/*
 * Whole test programs as scenarios, with a fault in each process that they start: clients, registries,
 * driver hosts and tools, in all kinds of session. As with unit tests, whether they pass is nobody's
 * business; but none of Portico's processes may die of it, and all have to end when they are told to.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deaths.h"
#include "rise.h"
#include "session.h"
#include "test.h"

enum { HANG_S = 900, FAILURES_MAX = 30 };

struct story {
	const char *program; /* below tests */
	const char *mode;
};

static const struct story stories[] = {
	{ "system/open_call_close_test", "in-process" },
	{ "system/open_call_close_test", "embedded" },
	{ "system/open_call_close_test", "daemon" },
	{ "system/async_test", "in-process" },
	{ "system/async_test", "daemon" },
	{ "system/memory_test", "in-process" },
	{ "system/memory_test", "daemon" },
	{ "system/data_queue_test", "in-process" },
	{ "system/data_queue_test", "daemon" },
	{ "system/notifications_test", "in-process" },
	{ "system/notifications_test", "daemon" },
	{ "system/fixture_calls_test", "daemon" },
	{ "system/fixture_open_test", "in-process" },
	{ "system/fixture_open_test", "daemon" },
	{ "system/fixture_restart_test", "daemon" },
	{ "system/host_crash_test", "daemon" },
	{ "system/registry_restart_test", "daemon" },
	{ "system/upgrade_test", "daemon" },
	{ "system/bad_bundle_test", "daemon" },
	{ "system/policy_test", "daemon" },
	{ "system/tiers_test", "daemon" },
	{ "system/units_test", "daemon" },
	{ "system/call_slots_test", "daemon" },
	{ "system/tools_test", "daemon" },
	{ "system/completions_test", "daemon" },
	{ "system/stopped_test", "daemon" },
	{ "system/limits_test", "daemon" },
	{ "system/client_crash_test", "daemon" },
	{ "system/stuck_method_test", "daemon" },
	{ "conformance/async_test", "daemon" },
	{ "conformance/circular_queues_test", "daemon" },
	{ "conformance/data_queues_test", "daemon" },
	{ "conformance/delivery_test", "daemon" },
	{ "conformance/dispatch_sources_test", "daemon" },
	{ "conformance/driverkit_test", "daemon" },
	{ "conformance/foundation_test", "daemon" },
	{ "conformance/handles_test", "daemon" },
	{ "conformance/interest_test", "daemon" },
	{ "conformance/iterators_test", "daemon" },
	{ "conformance/life_test", "daemon" },
	{ "conformance/lifecycle_test", "daemon" },
	{ "conformance/mach_test", "daemon" },
	{ "conformance/mapping_test", "daemon" },
	{ "conformance/matching_drivers_test", "daemon" },
	{ "conformance/matching_keys_test", "daemon" },
	{ "conformance/matching_test", "daemon" },
	{ "conformance/methods_test", "daemon" },
	{ "conformance/notifications_test", "daemon" },
	{ "conformance/plugins_test", "daemon" },
	{ "conformance/properties_test", "daemon" },
	{ "conformance/registry_test", "daemon" },
	{ "conformance/resources_test", "daemon" },
	{ "conformance/run_loop_test", "daemon" },
	{ "conformance/security_test", "daemon" },
	{ "conformance/terminated_notifications_test", "daemon" },
	{ "api/power_sources_test", "daemon" },
	{ "api/conformance_calls_test", "daemon" },
	{ "api/session_test", "daemon" },
	{ NULL, NULL },
};

static const char *output_path(void)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/output", test_folder());
	return path;
}

static void run_story(const struct story *story)
{
	char path[512];
	int out = open(output_path(), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	snprintf(path, sizeof(path), "%s/%s", test_built("tests"), story->program);
	setenv("PORTICO_BUILD", fault_session_tree(), 1);
	setenv("PORTICO_TEST_MODE", story->mode, 1);
	if (!fault_only_reaches())
		setenv("PORTICO_TEST_WATCHDOG", test_is_slow() ? "30" : "6", 1);
	dup2(out, 1);
	dup2(out, 2);
	alarm(HANG_S);
	execl(path, path, (char *)NULL);
	_exit(RISE_CANNOT_RUN);
}

/* Processes that have not ended when they were told to. */
static int count_survivors(const char *name)
{
	char line[1024];
	FILE *f = fopen(output_path(), "re");
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "outlived it") || strstr(line, "an account was wrong")) {
			printf("# %s: %s", name, line);
			n++;
		}
		if (getenv("PORTICO_FAULT_OUTPUT"))
			printf("#   %s", line);
	}
	if (f)
		fclose(f);
	return n;
}

static int n_hits;

static int rise_story(const struct story *story, enum fault_mode mode)
{
	struct fault_step step = { .mode = mode,
				   .aim = { .kinds = FAULT_ALLOCATIONS | FAULT_CALLS } };
	char name[64];
	bool hit = true;

	snprintf(name, sizeof(name), "%s/%s", story->program, story->mode);
	while (hit && step.runs < rise_rounds_max() && step.failures < FAILURES_MAX &&
	       rise_has_time(name)) {
		int status;

		fflush(stdout);
		fault_arm(&step);
		pid_t pid = fork();
		if (pid == 0)
			run_story(story);
		status = rise_reap(pid);
		rise_end_leftovers(0);
		hit = fault_disarm();
		step.runs++;
		n_hits += hit;
		if (count_deaths(name) + count_survivors(name) > 0 || WIFSIGNALED(status) ||
		    WEXITSTATUS(status) == RISE_CANNOT_RUN)
			rise_complain(&step, name, status);
	}
	printf("# %s: %d runs, %d failures\n", name, step.runs, step.failures);
	fflush(stdout);
	return step.failures;
}

static void rise_stories(enum fault_mode mode)
{
	const char *only = getenv("PORTICO_FAULT_SCENARIO");
	int failures = 0;

	fault_require();
	if (!fault_is_long())
		test_skip("hundreds of sessions: make faults");
	alarm(0);
	fault_session_tree();
	for (const struct story *s = stories; s->program; s++)
		if (!only || strstr(s->program, only))
			failures += rise_story(s, mode);
	test_equal(failures, 0);
	rise_require_hits(n_hits);
}

TEST(stories_stand_every_call_that_fails_once)
{
	rise_stories(FAULT_EACH_PROCESS);
}

TEST(stories_stand_calls_that_fail_for_good)
{
	rise_stories(FAULT_EACH_PROCESS_FROM);
}

int main(int argc, char **argv)
{
	fault_preload(argv);
	return test_main(argc, argv);
}
