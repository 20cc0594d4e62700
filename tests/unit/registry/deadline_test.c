// SPDX-License-Identifier: MIT
#include "registry/deadline.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/spawn.h"
#include "test.h"

#define MILLISECOND_NS 1000000ull
enum { LIMIT_MS = 100, PAUSE_MS = 5 * LIMIT_MS };

static struct registry r;
static struct registry_server server;
static struct registry_deadline deadline;
static struct loop_timer pause_timer;
static uint64_t began_ns;
static bool is_over;

static void end(void *context)
{
	is_over = true;
	loop_stop(r.loop);
}

static void begin(void)
{
	test_equal_error(loop_new(&r.loop), 0);
	limits_init(&r.accounts.limits);
	r.accounts.limits.of[LIMITS_START_TIME][LIMITS_CONNECTION] = LIMIT_MS;
	registry_deadline_init(&deadline, end, NULL);
	began_ns = loop_now_ns();
}

static void run(pid_t pid, loop_fn at_pause)
{
	server.pid = pid;
	registry_deadline_start(&deadline, &r, &server, LIMITS_START_TIME);
	loop_timer_init(&pause_timer, at_pause, NULL);
	if (at_pause)
		loop_timer_start(r.loop, &pause_timer, began_ns + PAUSE_MS * MILLISECOND_NS);
	test_equal_error(loop_run(r.loop), 0);
	test_true(is_over);
	loop_free(r.loop);
}

TEST(a_process_that_runs_has_its_time)
{
	begin();
	run(getpid(), NULL);
	test_true(loop_now_ns() - began_ns >= LIMIT_MS * MILLISECOND_NS);
}

/* A thread of this very process, or nobody. */
TEST(what_is_no_process_has_its_time)
{
	begin();
	run(0, NULL);
}

static void go_on(void *context)
{
	test_true(!is_over);
	test_equal(kill(server.pid, SIGCONT), 0);
}

static void await_stop(pid_t child)
{
	int status;

	test_equal(waitpid(child, &status, WUNTRACED), child);
	test_true(WIFSTOPPED(status));
}

static void reap(pid_t child)
{
	kill(child, SIGKILL);
	test_equal(waitpid(child, NULL, 0), child);
}

TEST(a_stopped_process_has_all_its_time_when_it_goes_on)
{
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	await_stop(child);
	begin();
	run(child, go_on);
	/* The look that saw it last may have been a tenth of the limit before. */
	test_true(loop_now_ns() - began_ns >= (PAUSE_MS + LIMIT_MS * 8 / 10) * MILLISECOND_NS);
	reap(child);
}

static void let_go(void *context)
{
	test_true(!is_over);
	test_equal(ptrace(PTRACE_DETACH, server.pid, 0, 0), 0);
}

TEST(so_has_one_that_a_debugger_holds)
{
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	await_stop(child);
	begin();
	run(child, let_go);
	reap(child);
}

/* A registry that was stopped itself looks once, however long that was. */
TEST(time_in_which_nobody_looks_does_not_count)
{
	begin();
	registry_deadline_start(&deadline, &r, &server, LIMITS_START_TIME);
	usleep(PAUSE_MS * 1000);
	uint64_t looked_ns = loop_now_ns();
	test_equal_error(loop_run(r.loop), 0);
	test_true(loop_now_ns() - looked_ns >= LIMIT_MS * 8 / 10 * MILLISECOND_NS);
	loop_free(r.loop);
}

TEST_MAIN
