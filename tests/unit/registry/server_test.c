// SPDX-License-Identifier: MIT
#include "registry/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "failing.h"
#include "test.h"

static err_t refusal = -ECHILD;

static err_t refuse(void *context, const char *server_name, uint64_t token, int socket)
{
	fd_close(socket);
	return refusal;
}

/* The rests between the starts are left out. */
static void crash(struct registry_server *s)
{
	s->state = REGISTRY_SERVER_IDLE;
	registry_server_start(s);
}

static struct registry *registry;
static struct loop *loop;

static struct registry_server *begin(void)
{
	struct registry_config config = { .start_provider = refuse,
					  .heartbeat_ms = REGISTRY_NO_HEARTBEAT };

	test_equal_error(loop_new(&loop), 0);
	test_equal_error(registry_new(loop, &config, &registry), 0);
	struct registry_server *s = registry_server_need(registry, "s");
	test_true(s != NULL);
	return s;
}

static void end(void)
{
	registry_free(registry);
	loop_free(loop);
}

TEST(ten_crashes_within_a_minute_are_enough_and_loading_forgets_them)
{
	struct registry_server *s = begin();

	for (int i = 1; i < REGISTRY_CRASHES_MAX; i++) {
		crash(s);
		test_equal(s->state, REGISTRY_SERVER_RESTING);
	}
	crash(s);
	test_equal_text(registry_server_state_name(s), "quarantined");
	registry_server_start(s);
	test_equal(s->state, REGISTRY_SERVER_QUARANTINED);
	registry_server_pardon(s);
	test_equal(s->state, REGISTRY_SERVER_IDLE);
	crash(s);
	test_equal_text(registry_server_state_name(s), "resting");
	test_equal(s->total_crashes, REGISTRY_CRASHES_MAX + 1);
	end();
}

TEST(a_shortage_is_no_crash)
{
	struct registry_server *s = begin();

	refusal = -EAGAIN;
	for (int i = 0; i < 100; i++) {
		crash(s);
		test_equal_text(registry_server_state_name(s), "resting");
	}
	test_equal(s->total_crashes, 0);
	refusal = -ECHILD;
	crash(s);
	test_equal(s->total_crashes, 1);
	end();
}

/* Ten of them would not come together within a minute. */
TEST(three_hangs_are_enough)
{
	struct registry_server *s = begin();

	for (int i = 1; i <= REGISTRY_HANGS_MAX; i++) {
		registry_server_end_hung(s);
		crash(s);
		test_equal_text(registry_server_state_name(s),
				i < REGISTRY_HANGS_MAX ? "resting" : "quarantined");
	}
	registry_server_pardon(s);
	test_equal(s->state, REGISTRY_SERVER_IDLE);
	crash(s);
	test_equal_text(registry_server_state_name(s), "resting");
	/* Some long after the others. */
	for (int i = 0; i < 2 * REGISTRY_HANGS_MAX; i++) {
		s->last_hang_ns -= REGISTRY_HANG_WINDOW_NS;
		registry_server_end_hung(s);
		crash(s);
		test_equal_text(registry_server_state_name(s), "resting");
	}
	end();
}

/* --- a host that does not check in ------------------------------------------------------------- */

enum { CHECK_IN_MS = 100, PAUSE_MS = 5 * CHECK_IN_MS };

static struct loop_timer look_timer;

static void look_later(unsigned ms)
{
	loop_timer_start(loop, &look_timer, loop_now_ns() + ms * 1000000ull);
}

static void await_end(void *context)
{
	struct registry_server *s = context;

	if (s->state == REGISTRY_SERVER_STARTING)
		look_later(10);
	else
		loop_stop(loop);
}

static void go_on(void *context)
{
	struct registry_server *s = context;

	test_equal(s->state, REGISTRY_SERVER_STARTING);
	test_equal_text(registry_server_state_name(s), "stopped");
	test_equal(kill(s->pid, SIGCONT), 0);
	loop_timer_init(&look_timer, await_end, s);
	look_later(10);
}

TEST(a_host_that_does_not_check_in_is_ended_unless_it_is_stopped)
{
	static char program[512];
	struct limits limits;
	struct registry_config config = { .host_program = program,
					  .limits = &limits,
					  .hosts_are_children = true,
					  .heartbeat_ms = REGISTRY_NO_HEARTBEAT };

	snprintf(program, sizeof(program), "%s/host", test_folder());
	FILE *f = fopen(program, "we");
	test_true(f != NULL);
	fprintf(f, "#!/bin/sh\nexec sleep 1000\n");
	fclose(f);
	test_equal(chmod(program, 0700), 0);
	limits_init(&limits);
	limits.of[LIMITS_CHECK_IN_TIME][LIMITS_CONNECTION] = CHECK_IN_MS;
	test_equal_error(loop_new(&loop), 0);
	test_equal_error(registry_new(loop, &config, &registry), 0);
	struct registry_server *s = registry_server_need(registry, "s");
	registry_server_start(s);
	test_equal_text(registry_server_state_name(s), "starting");
	kill(s->pid, SIGSTOP);
	loop_timer_init(&look_timer, go_on, s);
	look_later(PAUSE_MS);
	test_equal_error(loop_run(loop), 0);
	test_equal(s->total_crashes, 1);
	end();
}

static void begin_with_process(void)
{
	struct registry_server *s = begin();

	s->pid = fork();
	if (!s->pid)
		for (;;)
			pause();
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	test_true(s->pidfd >= 0);
	test_refuse_call(SYS_pidfd_send_signal, EPERM);
}

TEST(a_host_is_ended_where_descriptors_take_no_signals)
{
	begin_with_process();
	end();
	test_equal(waitpid(-1, NULL, 0), -1);
}

TEST(a_host_that_could_not_be_ended_is_ended_later)
{
	begin_with_process();
	test_fail_call("poll", 0, ENOMEM);
	test_fail_call("poll", 0, ENOMEM);
	end();
	test_true(test_calls_failed());
	test_equal(waitpid(-1, NULL, 0), -1);
}

TEST_MAIN
