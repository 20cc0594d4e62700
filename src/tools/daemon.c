// SPDX-License-Identifier: MIT
#include "tools/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_RESTART = 75 }; /* of porticod: another one is wanted */
enum {
	READY_TIMEOUT_MS = 10000,
	STOP_TIMEOUT_MS = 3000,
	MAX_OPTIONS = 128,
	DESCRIPTORS_MAX = 65536
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void tools_daemon_forget_descriptors(bool at_exec)
{
	if (!syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, at_exec ? CLOSE_RANGE_CLOEXEC : 0))
		return;
	/* A container's sandbox, or an older system, does not know the call. */
	for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
		if (at_exec)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
}

int tools_daemon_open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd >= 0 ? fd : open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int tools_daemon_open_log(const struct tools_daemon *daemon)
{
	const int flags = O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	return daemon->log_path ? open(daemon->log_path, O_WRONLY | flags, 0600) : -1;
}

/* In the child. The signals that portico handles itself are usual again here. */
static void become_daemon(const struct tools_daemon *daemon, int ready, pid_t starter)
{
	char number[16], generation[16];
	const char *argv[MAX_OPTIONS + 8];
	int n = 0;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	/* Its own group: a terminal's interrupt is for the command, not for the session. */
	setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) {
		fprintf(stderr, "portico: porticod would outlive it: %s\n", strerror(errno));
		_exit(127);
	}
	if (getppid() != starter)
		_exit(127);
	int log = tools_daemon_open_log(daemon), null = tools_daemon_open_null();
	if (null >= 0) {
		dup2(null, 0);
		if (daemon->log_path)
			dup2(null, 1);
	}
	if (log >= 0) {
		dup2(log, 1);
		dup2(log, 2);
	}
	tools_daemon_forget_descriptors(true);
	fcntl(ready, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", ready);
	snprintf(generation, sizeof(generation), "%u", daemon->generation);
	argv[n++] = daemon->program;
	argv[n++] = "--socket";
	argv[n++] = daemon->socket_path;
	argv[n++] = "--ready-fd";
	argv[n++] = number;
	argv[n++] = "--generation";
	argv[n++] = generation;
	for (const char *const *o = daemon->options; o && *o && n < MAX_OPTIONS + 7; o++)
		argv[n++] = *o;
	argv[n] = NULL;
	execv(daemon->program, (char **)argv);
	fprintf(stderr, "portico: cannot run %s: %s\n", daemon->program, strerror(errno));
	_exit(127);
}

/* One byte comes when it accepts connections, the end of the pipe when it gave up. */
static bool wait_until_ready(int ready)
{
	struct pollfd p = { .fd = ready, .events = POLLIN };
	uint64_t until = now_ns() + READY_TIMEOUT_MS * 1000000ull;
	char byte;

	for (;;) {
		uint64_t now = now_ns();
		int n = now < until ? poll(&p, 1, (int)((until - now) / 1000000) + 1) : 0;

		if (n == 0) {
			fprintf(stderr, "portico: porticod was not ready within %d s\n",
				READY_TIMEOUT_MS / 1000);
			return false;
		}
		if (n > 0)
			return read(ready, &byte, 1) == 1;
		if (errno != EINTR)
			return false;
	}
}

bool tools_daemon_start(struct tools_daemon *daemon)
{
	pid_t starter = getpid();
	int ready[2];
	bool is_ready;

	if (pipe2(ready, O_CLOEXEC) < 0) {
		fprintf(stderr, "portico: %s\n", strerror(errno));
		return false;
	}
	daemon->pid = fork();
	if (daemon->pid < 0) {
		fprintf(stderr, "portico: cannot start a process: %s\n", strerror(errno));
		daemon->pid = 0;
		close(ready[0]);
		close(ready[1]);
		return false;
	}
	if (daemon->pid == 0)
		become_daemon(daemon, ready[1], starter);
	setpgid(daemon->pid, daemon->pid);
	close(ready[1]);
	daemon->generation++;
	is_ready = wait_until_ready(ready[0]);
	close(ready[0]);
	if (!is_ready)
		tools_daemon_stop(daemon);
	return is_ready;
}

bool tools_daemon_go_on(struct tools_daemon *daemon, int status)
{
	uint64_t now = now_ns();

	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_RESTART) {
		daemon->pid = 0;
		return tools_daemon_start(daemon);
	}
	uint64_t *oldest = &daemon->deaths_ns[daemon->n_deaths++ % TOOLS_DAEMON_RESTARTS_MAX];

	daemon->pid = 0;
	if (*oldest && now - *oldest < TOOLS_DAEMON_RESTARTS_SECONDS * 1000000000ull) {
		fprintf(stderr,
			"portico: porticod died %d times within %d s; it is not started again\n",
			TOOLS_DAEMON_RESTARTS_MAX + 1, TOOLS_DAEMON_RESTARTS_SECONDS);
		return false;
	}
	*oldest = now;
	return tools_daemon_start(daemon);
}

void tools_daemon_end_hosts(const struct tools_daemon *daemon)
{
	char path[PATH_MAX];
	siginfo_t info;
	DIR *places;

	/* The name of a host's place there is its number. */
	if (snprintf(path, sizeof(path), "%s.hosts", daemon->socket_path) >= (int)sizeof(path))
		return;
	places = opendir(path);
	for (struct dirent *e; places && (e = readdir(places));) {
		int pid = atoi(e->d_name);

		if (pid <= 0 ||
		    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
			continue;
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	if (places)
		closedir(places);
}

/* Wait for any process of the group; true when none is left. */
static bool wait_for_group(pid_t group, int timeout_ms)
{
	uint64_t until = now_ns() + (uint64_t)timeout_ms * 1000000;

	for (;;) {
		pid_t pid = waitpid(-group, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid > 0)
			continue;
		if (now_ns() >= until)
			return false;
		/* A child's end has no descriptor here; SIGCHLD is blocked and would be awaited
		 * by sigtimedwait, which also ends when it was already taken by somebody else. */
		sigset_t set;
		struct timespec short_time = { 0, 5000000 };

		sigemptyset(&set);
		sigaddset(&set, SIGCHLD);
		sigtimedwait(&set, NULL, &short_time);
	}
}

void tools_daemon_stop(struct tools_daemon *daemon)
{
	pid_t group = daemon->pid;

	if (!group)
		return;
	kill(group, SIGTERM);
	if (!wait_for_group(group, STOP_TIMEOUT_MS)) {
		kill(-group, SIGKILL);
		wait_for_group(group, STOP_TIMEOUT_MS);
	}
	daemon->pid = 0;
}
