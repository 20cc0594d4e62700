// SPDX-License-Identifier: MIT
#include "rise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "deaths.h"
#include "session.h"
#include "test.h"

enum { HANG_S = 30, RELIEF_MS = 700, ROUNDS_MAX = 400, FAILURES_MAX = 20 };

/* What is open once a scenario has run twice without a fault. */
struct tally {
	int64_t fds, names, objects;
};
static struct tally *clean;
bool (*rise_check)(void);

static struct tally take_tally(void)
{
	extern size_t port_count_names(void);
	extern long cf_private_count_objects(void);

	return (struct tally){ test_count_fds(), (int64_t)port_count_names(),
			       cf_private_count_objects() };
}

static bool is_within(struct tally t)
{
	return t.fds <= clean->fds && t.names <= clean->names && t.objects <= clean->objects;
}

/* Threads of the libraries may still be letting go of what has been closed. */
static void compare_tally(void)
{
	struct tally t = take_tally();

	for (int i = 0; i < 300 && !is_within(t); i++, t = take_tally())
		poll(NULL, 0, 10);
	if (!is_within(t))
		test_show_fds();
	if (!is_within(t))
		test_fail(__FILE__, __LINE__,
			  "kept: %lld descriptors, %lld names, %lld objects, without a fault %lld, "
			  "%lld, %lld",
			  (long long)t.fds, (long long)t.names, (long long)t.objects,
			  (long long)clean->fds, (long long)clean->names,
			  (long long)clean->objects);
}

/* Wait until all is as it stays. */
static void settle(void)
{
	struct tally last = take_tally();

	for (int i = 0, same = 0; i < 100 && same < 5; i++) {
		poll(NULL, 0, 10);
		struct tally now = take_tally();

		same = !memcmp(&now, &last, sizeof(now)) ? same + 1 : 0;
		last = now;
	}
	*clean = last;
}

/* In a process of its own: with the fault if STEP is there, and once more. */
static void run_scenario(const struct scenario *scenario, struct fault_step *step,
			 pid_t (*pid_of)(void))
{
	alarm(test_is_slow() ? 4 * HANG_S : HANG_S);
	scenario_host_may_end = pid_of != NULL;
	if (step) {
		test_true(!pid_of || pid_of() > 0);
		step->aim.pid = pid_of ? pid_of() : getpid();
		fault_arm(step);
	}
	scenario->run();
	fault_disarm();
	/* A host that has ended is started again. */
	if (pid_of)
		scenario_await_all();
	scenario->run();
	if (step)
		compare_tally();
	else
		settle();
	fflush(stdout);
	exit(0);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* What cannot be told as an error (a run loop without memory) is waited for. A shortage ends, then: soon, as
 * the longer it lasts, the longer drivers that could not be started rest. */
static void await_or_relieve(pid_t pid, const struct fault_step *step)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	test_true(p.fd >= 0);
	if ((step->mode == FAULT_FROM_SITE || step->mode == FAULT_FROM_NTH) &&
	    poll(&p, 1, test_is_slow() ? 4 * RELIEF_MS : RELIEF_MS) == 0 && fault_is_armed())
		fault_relieve();
	close(p.fd);
}

int rise_reap(pid_t pid)
{
	int status;

	for (pid_t ended = 0; ended != pid;) {
		ended = waitpid(-1, &status, __WALL);
		test_true(ended > 0 || errno == EINTR);
	}
	return status;
}

static void kill_children(void)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	int pid;

	test_true(f);
	while (fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(f);
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

bool rise_end_leftovers(int seconds)
{
	time_t until = now_s() + seconds;
	bool in_time = true;

	/* The children of who is killed come to us in turn. */
	for (pid_t pid; (pid = waitpid(-1, NULL, __WALL | WNOHANG)) >= 0 || errno == EINTR;)
		if (!pid) {
			if (now_s() >= until) {
				in_time = false;
				kill_children();
			}
			usleep(1000);
		}
	return in_time;
}

int run_in_child(void (*run)(void))
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		alarm(test_is_slow() ? 4 * HANG_S : HANG_S);
		run();
		fflush(stdout);
		exit(0);
	}
	return wait_for(pid);
}

void rise_complain(struct fault_step *step, const char *name, int status)
{
	char text[4096];

	fault_describe(step, text, sizeof(text));
	printf("# %s: %s %d: %s\n", name, WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), text);
	fflush(stdout);
	step->failures++;
}

/* Where it stands without a fault. */
static void measure_clean(const struct scenario *scenario)
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0)
		run_scenario(scenario, NULL, NULL);
	int status = wait_for(pid);
	if (status)
		fault_session_print_log();
	test_equal(status, 0);
}

int rise_rounds_max(void)
{
	const char *value = getenv("PORTICO_FAULT_ROUNDS");

	return value ? atoi(value) : ROUNDS_MAX;
}

/* PORTICO_FAULT_UNTIL, in seconds of the monotonic clock. */
static bool is_time_up(void)
{
	const char *value = getenv("PORTICO_FAULT_UNTIL");

	return value && now_s() >= atoll(value);
}

bool rise_has_time(const char *name)
{
	if (!is_time_up())
		return true;
	printf("# %s: time is up, there are more faults to meet\n", name);
	return false;
}

void rise_require_hits(int hits)
{
	if (!hits && !is_time_up() && !fault_only_reaches() && !getenv(FAULT_TABLE))
		test_fail(__FILE__, __LINE__, "no fault was met: nothing has been shown");
}

/* All of it with one scenario. */
static struct fault_step rise(const struct scenario *scenario, uint32_t kinds,
			      pid_t (*pid_of)(void))
{
	struct fault_step step = fault_first((struct fault_aim){ .kinds = kinds });
	bool hit;

	if (!clean)
		clean = mmap(NULL, sizeof(*clean), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_true(clean != MAP_FAILED);
	measure_clean(scenario);
	do {
		fflush(stdout);
		pid_t pid = fork();

		if (pid == 0)
			run_scenario(scenario, &step, pid_of);
		await_or_relieve(pid, &step);
		int status = wait_for(pid);

		hit = fault_disarm();
		bool is_well = !rise_check || !hit || rise_check();
		if (status || !is_well)
			rise_complain(&step, scenario->name, status);
		count_deaths(scenario->name);
	} while (fault_advance(&step, hit) && step.failures < FAILURES_MAX &&
		 rise_has_time(scenario->name));
	printf("# %s: %d runs, %d failures\n", scenario->name, step.runs, step.failures);
	return step;
}

int rise_all(const struct scenario *list, uint32_t kinds, pid_t (*pid_of)(void))
{
	const char *only = getenv("PORTICO_FAULT_SCENARIO");
	int failures = 0, hits = 0;

	alarm(0); /* each run has its own */
	for (const struct scenario *s = list; s->name; s++) {
		if (only && !strstr(s->name, only))
			continue;
		struct fault_step step = rise(s, kinds, pid_of);

		failures += step.failures;
		hits += step.hits;
	}
	rise_require_hits(hits);
	return failures;
}
