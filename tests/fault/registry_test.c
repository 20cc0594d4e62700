// SPDX-License-Identifier: MIT
/* Faults in porticod and in driver hosts, while they serve and while they start: no crash, no hang,
 * an error for the one client concerned at most, and afterwards all is as before. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rise.h"
#include "session.h"
#include "test.h"

static pid_t registry, host;
static const char *host_server;

static int count_fds_of(pid_t pid)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void show_fds_of(pid_t pid)
{
	char path[300], to[256];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, e->d_name);
		ssize_t n = readlink(path, to, sizeof(to));
		if (n > 0)
			printf("#   descriptor %s -> %.*s\n", e->d_name, (int)n, to);
	}
	if (d)
		closedir(d);
}

static pid_t get_registry(void)
{
	return registry;
}

static pid_t get_host(void)
{
	return host;
}

/* The process that gets the faults keeps no descriptor; what has been closed may take a moment. */
static pid_t (*target)(void);
static int n_fds;

static bool has_no_more_fds(void)
{
	for (int i = 0; i < 300 && count_fds_of(target()) > n_fds; i++)
		usleep(10000);
	int n = count_fds_of(target());
	if (n <= n_fds)
		return true;
	printf("# %d descriptors, there were %d\n", n, n_fds);
	show_fds_of(target());
	n_fds = n;
	return false;
}

static bool is_host_well(void);

/* Each of many faults may end the hosts: none of them shall rest for what another one has done. */
static void pardon_drivers(void)
{
	char program[512];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(program, sizeof(program), "%s", test_built("bin/portico"));
	dup2(null, 1);
	dup2(null, 2);
	execl(program, "portico", "load", test_built("drivers"), (char *)NULL);
	_exit(RISE_CANNOT_RUN);
}

static bool is_registry_well(void)
{
	return run_in_child(pardon_drivers) == 0 && run_in_child(scenario_await_all) == 0 &&
	       has_no_more_fds();
}

static int rise_in(pid_t (*process)(void), uint32_t kinds)
{
	target = process;
	n_fds = count_fds_of(target());
	rise_check = process == get_host ? is_host_well : is_registry_well;
	int failures = rise_all(scenarios_of_session, kinds, process);
	if (failures)
		fault_session_print_log();
	return failures;
}

static void start_session(void)
{
	fault_require();
	registry = fault_session_start(test_built("drivers"));
	test_true(registry > 0);
	test_equal(run_in_child(scenario_wait_quiet), 0);
}

static void run_all_once(void)
{
	for (const struct scenario *s = scenarios_of_session; s->name; s++)
		s->run();
}

/* The registry alive, the same, with as many descriptors; then an orderly end (and no leak, where a
 * sanitizer looks). */
static void serve_with(uint32_t kinds)
{
	start_session();
	test_equal(run_in_child(run_all_once), 0);
	test_equal(rise_in(get_registry, kinds), 0);
	test_equal(fault_session_stop(registry), 0);
}

TEST(a_registry_serves_through_every_failed_allocation)
{
	serve_with(FAULT_ALLOCATIONS);
}

TEST(a_registry_serves_through_every_failed_system_call)
{
	serve_with(FAULT_CALLS);
}

static const char *const servers[] = { "org.portico.driver.Calculator", "org.portico.driver.Mirror",
				       "org.portico.driver.ProcessMonitor" };

/* A host that cannot talk to its registry any more ends. A session of its own for what follows, as a
 * driver that does so again and again is let be. */
static bool is_host_well(void)
{
	if (count_fds_of(host))
		return has_no_more_fds();
	int status = fault_session_stop(registry);

	start_session();
	test_equal(run_in_child(scenario_await_all), 0);
	test_equal(run_in_child(run_all_once), 0);
	host = fault_session_host(host_server);
	test_true(host > 0);
	n_fds = count_fds_of(host);
	return status == 0;
}

static void host_serves_with(uint32_t kinds)
{
	start_session();
	test_equal(run_in_child(run_all_once), 0);
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		host_server = servers[i];
		host = fault_session_host(host_server);
		test_true(host > 0);
		test_equal(rise_in(get_host, kinds), 0);
	}
	test_equal(fault_session_stop(registry), 0);
}

TEST(a_host_serves_through_every_failed_allocation)
{
	host_serves_with(FAULT_ALLOCATIONS);
}

TEST(a_host_serves_through_every_failed_system_call)
{
	host_serves_with(FAULT_CALLS);
}

/* One driver only: what starts is the same for each. */
static const char *one_driver(void)
{
	static char folder[300];
	char bundle[512], link[400];

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	snprintf(bundle, sizeof(bundle), "%s", test_built("drivers/Calculator.dext"));
	snprintf(link, sizeof(link), "%s/Calculator.dext", folder);
	if (!mkdir(folder, 0700))
		test_equal(symlink(bundle, link), 0);
	return folder;
}

static void await_calculator(void)
{
	scenario_await("CalculatorDriver", NULL);
	scenarios_of_session[0].run();
}

/* A driver that stays away has to be told about. */
static void await_calculator_or_word(void)
{
	if (scenario_await("CalculatorDriver", fault_session_complained))
		scenarios_of_session[0].run();
}

/* A registry may give up, in order; one that is ready brings the driver up sooner or later. */
static void start_with(uint32_t kinds, const char *program, void (*await)(void))
{
	struct fault_step step =
		fault_first((struct fault_aim){ .kinds = kinds, .program = program });
	bool hit;

	fault_require();
	if (!fault_is_long())
		test_skip("hundreds of sessions: make faults");
	alarm(0);
	do {
		fault_arm(&step);
		registry = fault_session_start(one_driver());
		/* A fault that stays for good ends here. */
		if (step.mode == FAULT_FROM_NTH || step.mode == FAULT_FROM_SITE)
			fault_disarm();
		if (registry > 0) {
			int status = run_in_child(await);

			hit = fault_disarm();
			if (!status)
				status = fault_session_stop(registry);
			else
				fault_session_stop(registry);
			if (status) {
				rise_complain(&step, program, status);
				fault_session_print_log();
			}
		} else {
			hit = fault_disarm();
			test_true(hit);
		}
	} while (fault_advance(&step, hit) && rise_has_time(program));
	printf("# start of %s: %d runs, %d failures\n", program, step.runs, step.failures);
	test_equal(step.failures, 0);
	rise_require_hits(step.hits);
}

TEST(a_registry_starts_or_gives_up_when_an_allocation_fails)
{
	start_with(FAULT_ALLOCATIONS, "porticod", await_calculator_or_word);
}

TEST(a_registry_starts_or_gives_up_when_a_system_call_fails)
{
	start_with(FAULT_CALLS, "porticod", await_calculator_or_word);
}

TEST(a_host_that_fails_to_start_is_started_again_allocations)
{
	start_with(FAULT_ALLOCATIONS, "portico-host", await_calculator);
}

TEST(a_host_that_fails_to_start_is_started_again_system_calls)
{
	/* One that is kept from reading its driver, or from its sandbox, is not started again, which is said. */
	start_with(FAULT_CALLS, "portico-host", await_calculator_or_word);
}

int main(int argc, char **argv)
{
	fault_preload(argv);
	return test_main(argc, argv);
}
