// SPDX-License-Identifier: MIT
/* Starting, restarting and ending a daemon, with a shell script in its place. */
#include "tools/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* A program that writes its arguments to FOLDER/log and then runs BODY, "$ready" being its fd. */
static char *make_program(const char *body)
{
	static char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/daemon", test_folder());
	f = fopen(path, "we");
	fprintf(f, "#!/bin/sh\necho \"$@\" >>%s/log\nready=$4\n%s\n", test_folder(), body);
	fclose(f);
	chmod(path, 0700);
	return path;
}

static struct tools_daemon make_daemon(const char *body)
{
	return (struct tools_daemon){ .program = make_program(body), .socket_path = "/the/socket" };
}

static const char *log_text(void)
{
	static char text[4096];
	char path[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/log", test_folder());
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

TEST(descriptors_are_forgotten_by_the_newer_call_and_without_it)
{
	for (int i = 0; i < 2; i++) {
		int fd = open("/dev/null", O_RDONLY);

		test_true(fd > STDERR_FILENO);
		tools_daemon_forget_descriptors(true);
		test_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		tools_daemon_forget_descriptors(false);
		test_equal(fcntl(fd, F_GETFD), -1);
		test_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
		if (!i)
			test_refuse_call(SYS_close_range, ENOSYS);
	}
	test_reset_baseline(); /* and the harness's */
}

TEST(a_daemon_is_ready_when_it_says_so_and_ends_when_told)
{
	struct tools_daemon d = make_daemon("eval \"printf . >&$ready\"\nexec sleep 1000");
	pid_t pid;

	test_true(tools_daemon_start(&d));
	pid = d.pid;
	test_true(pid > 0);
	test_true(strstr(log_text(), "--socket /the/socket --ready-fd ") != NULL);
	test_true(strstr(log_text(), "--generation 0") != NULL);
	tools_daemon_stop(&d);
	test_equal(d.pid, 0);
	test_equal(kill(pid, 0), -1);
}

TEST(a_daemon_that_ends_early_has_not_started)
{
	struct tools_daemon d = make_daemon("exit 3");

	test_true(!tools_daemon_start(&d));
	test_equal(d.pid, 0);
	d.program = "/no/such/program";
	test_true(!tools_daemon_start(&d));
}

TEST(a_dead_daemon_is_replaced_by_the_next_generation_but_not_for_ever)
{
	struct tools_daemon d = make_daemon("eval \"printf . >&$ready\"\nexec sleep 1000");
	int n = 0, status;

	test_true(tools_daemon_start(&d));
	do {
		kill(d.pid, SIGKILL);
		waitpid(d.pid, &status, 0);
		n++;
	} while (tools_daemon_go_on(&d, status) && n < 100);
	test_equal(n, TOOLS_DAEMON_RESTARTS_MAX + 1);
	test_true(strstr(log_text(), "--generation 5") != NULL);
	test_true(strstr(log_text(), "--generation 6") == NULL);
	test_equal(d.pid, 0);
}

TEST(a_daemon_that_makes_way_is_always_replaced)
{
	struct tools_daemon d = make_daemon("eval \"printf . >&$ready\"\nexit 75");
	int status;

	test_true(tools_daemon_start(&d));
	for (int i = 0; i < 3 * TOOLS_DAEMON_RESTARTS_MAX; i++) {
		test_equal(waitpid(d.pid, &status, 0), d.pid);
		test_true(tools_daemon_go_on(&d, status));
	}
	test_equal(waitpid(d.pid, &status, 0), d.pid);
}

TEST(stop_ends_what_does_not_listen)
{
	struct tools_daemon d =
		make_daemon("trap '' TERM\neval \"printf . >&$ready\"\nwhile :; do sleep 1; done");

	test_true(tools_daemon_start(&d));
	tools_daemon_stop(&d);
	test_equal(waitpid(-1, NULL, WNOHANG), -1);
}

TEST_MAIN
