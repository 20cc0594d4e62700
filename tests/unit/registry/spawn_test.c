// SPDX-License-Identifier: MIT
#include "registry/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char program[512], output[16384];
static volatile int n_signals;

/* A program that reports its arguments, environment and descriptors through the socket. */
static void write_program(void)
{
	snprintf(program, sizeof(program), "%s/host", test_folder());
	FILE *f = fopen(program, "we");
	test_true(f != NULL);
	fprintf(f, "#!/bin/sh\n{ echo \"args $*\"; cat /proc/$$/environ | tr '\\0' '\\n'; echo;"
		   "for f in /proc/$$/fd/*; do echo \"fd ${f##*/}\"; done;"
		   "grep -E 'NoNewPrivs|Umask' /proc/$$/status; } >&3\n");
	fclose(f);
	test_equal(chmod(program, 0700), 0);
}

static void run(const char *server, const char *socket_path, bool detached)
{
	struct pollfd p = { .events = POLLIN };
	siginfo_t info = { 0 };
	size_t n = 0;
	int fds[2];
	ssize_t got;
	pid_t pid;

	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	test_equal_error(registry_spawn(program, server, 42, fds[1], socket_path, NULL, detached,
					&pid, &p.fd),
			 0);
	while ((got = read(fds[0], output + n, sizeof(output) - 1 - n)) > 0)
		n += (size_t)got;
	output[n] = 0;
	close(fds[0]);
	test_equal(poll(&p, 1, 10000), 1);
	/* a detached one is left to the nearest reaper, which the test is not any more */
	int err = waitid(P_PIDFD, (id_t)p.fd, &info, WEXITED | __WALL);
	test_equal(err, detached ? -1 : 0);
	test_equal(info.si_pid, detached ? 0 : pid);
	close(p.fd);
}

TEST(a_host_gets_what_it_needs_and_no_more)
{
	char expected[64];

	write_program();
	setenv("SECRET", "yes", 1);
	setenv("LD_LIBRARY_PATH", "/nowhere", 1);
	setenv("PORTICO_LOG", "error", 1);
	/* neither leftover descriptors nor their numbers disturb it */
	int leftover = open("/dev/null", O_RDONLY); /* not close-on-exec */
	test_equal(dup2(leftover, 77), 77);
	umask(0777);
	run("my.server", "/s", false);
	umask(022);
	close(77);
	close(leftover);
	test_true(
		strstr(output, "args --server my.server --token 42 --registry-fd 3 --socket /s\n"));
	test_true(strstr(output, "PORTICO_LOG=error\n"));
	test_true(!strstr(output, "SECRET"));
	test_true(!strstr(output, "LD_LIBRARY_PATH"));
	test_true(strstr(output, "NoNewPrivs:\t1"));
	test_true(strstr(output, "Umask:\t0077"));
	test_true(!strstr(output, "fd 77\n"));
	for (int fd = 0; fd <= 3; fd++) {
		snprintf(expected, sizeof(expected), "fd %d\n", fd);
		test_true(strstr(output, expected));
	}
	run(NULL, NULL, false);
	test_true(strstr(output, "args --token 42 --registry-fd 3\n"));
}

/* A registry that was started without standard descriptors: its end of the socket is one of those numbers. */
TEST(a_socket_may_have_any_number)
{
	int saved[4], fds[2];

	write_program();
	for (int fd = 0; fd < 4; fd++)
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	for (int last = 0; last < 4; last++) {
		struct pollfd p = { .events = POLLIN };
		pid_t pid;

		test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		int reader = fcntl(fds[0], F_DUPFD_CLOEXEC, 100);
		int end = fcntl(fds[1], F_DUPFD_CLOEXEC, 100);
		close(fds[0]);
		close(fds[1]);
		dup3(end, last, O_CLOEXEC);
		close(end);
		err_t err = registry_spawn(program, "my.server", 42, last, NULL, NULL, false, &pid,
					   &p.fd);
		if (saved[last] >= 0)
			dup2(saved[last], last);
		test_equal_error(err, 0);
		ssize_t got = read(reader, output, sizeof(output) - 1);
		output[got > 0 ? got : 0] = 0;
		test_true(!strncmp(output, "args --server my.server --token 42 --registry-fd 3\n",
				   51));
		close(reader);
		test_equal(poll(&p, 1, 10000), 1);
		waitid(P_PIDFD, (id_t)p.fd, &(siginfo_t){ 0 }, WEXITED | __WALL);
		close(p.fd);
	}
	for (int fd = 0; fd < 4; fd++)
		if (saved[fd] >= 0)
			close(saved[fd]);
}

static void count_signal(int number)
{
	n_signals++;
}

TEST(a_detached_host_is_nobodys_child)
{
	struct sigaction action = { .sa_handler = count_signal };

	write_program();
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigaction(SIGCHLD, &action, NULL);
	run("my.server", NULL, true);
	test_true(strstr(output, "args --server my.server --token 42 --registry-fd 3\n"));
	test_equal(n_signals, 0);
	test_equal(waitpid(-1, NULL, WNOHANG), -1);
	test_equal_error(-errno, -ECHILD);
}

TEST(a_container_without_the_newer_calls_will_do)
{
	write_program();
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	test_refuse_call(SYS_clone3, ENOSYS);
	test_refuse_call(SYS_close_range, ENOSYS);
	int leftover = open("/dev/null", O_RDONLY);
	test_equal(dup2(leftover, 77), 77);
	run("my.server", NULL, false);
	test_true(strstr(output, "args --server my.server --token 42 --registry-fd 3\n"));
	test_true(!strstr(output, "fd 77\n"));
	run("my.server", NULL, true);
	test_true(strstr(output, "args --server my.server --token 42 --registry-fd 3\n"));
	close(77);
	close(leftover);
}

TEST(a_missing_program_is_reported)
{
	pid_t pid;
	int fds[2], pidfd;

	test_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	test_equal_error(
		registry_spawn("/nowhere/host", "s", 1, fds[1], NULL, NULL, false, &pid, &pidfd),
		-ENOENT);
	/* the socket was taken all the same */
	char byte;
	test_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

TEST_MAIN
