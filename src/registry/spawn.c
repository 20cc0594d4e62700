// SPDX-License-Identifier: MIT
#include "registry/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	REGISTRY_FD = 3,
	ARGUMENTS_MAX = 10,
	ENVIRONMENT_MAX = 16,
	DESCRIPTORS_MAX = 65536,
	FILE_MASK = 077
};

/* Variables that a host may see; everything else of our environment stays here. */
static const char *const passed[] = {
	"LANG=C.UTF-8",
	"PATH=/usr/bin:/bin",
	"PORTICO_LOG",
	"PORTICO_STRICT_ASYNC",
	/* instrumented builds */
	"ASAN_OPTIONS",
	"LSAN_OPTIONS",
	"TSAN_OPTIONS",
	"UBSAN_OPTIONS",
};

struct child {
	char **argv;
	char *envp[ENVIRONMENT_MAX];
	char token[24], fd[12];
	int socket;
};

static void free_child(struct child *c)
{
	free(c->argv);
	for (size_t i = 0; c->envp[i]; i++)
		free(c->envp[i]);
}

static err_t fill_environment(struct child *c)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = strchr(passed[i], '=') ? "" : secure_getenv(passed[i]);

		if (!value)
			continue;
		if (asprintf(&c->envp[n], value[0] ? "%s=%s" : "%s", passed[i], value) < 0) {
			c->envp[n] = NULL;
			return -ENOMEM;
		}
		n++;
	}
	return 0;
}

static err_t fill_arguments(struct child *c, const char *program, const char *server,
			    uint64_t token, const char *socket_path, char *const *more)
{
	size_t n = 0, n_more = 0;

	while (more && more[n_more])
		n_more++;
	c->argv = calloc(ARGUMENTS_MAX + n_more, sizeof(*c->argv));
	if (!c->argv)
		return -ENOMEM;
	snprintf(c->token, sizeof(c->token), "%llu", (unsigned long long)token);
	snprintf(c->fd, sizeof(c->fd), "%d", REGISTRY_FD);
	c->argv[n++] = (char *)program;
	if (server) {
		c->argv[n++] = (char *)"--server";
		c->argv[n++] = (char *)server;
	}
	c->argv[n++] = (char *)"--token";
	c->argv[n++] = c->token;
	c->argv[n++] = (char *)"--registry-fd";
	c->argv[n++] = c->fd;
	if (socket_path) {
		c->argv[n++] = (char *)"--socket";
		c->argv[n++] = (char *)socket_path;
	}
	for (size_t i = 0; i < n_more; i++)
		c->argv[n++] = more[i];
	return 0;
}

/*
 * In the child of a program that may have many threads: system calls only, and without the C
 * library's functions for them. Where those are a sanitizer's, they wait for locks of threads that
 * are not in this process, and take its descriptors for the parent's.
 */
static _Noreturn void leave(int code)
{
	for (;;)
		syscall(SYS_exit_group, code);
}

/* Out of the way of the numbers that are about to be filled. */
static long move_up(long fd)
{
	return fd < 0 || fd > REGISTRY_FD
		     ? fd
		     : syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, REGISTRY_FD + 1);
}

static _Noreturn void run_child(const struct child *c)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	long fd = move_up(c->socket);
	long null = move_up(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0));
	if (fd < 0 || null < 0 || syscall(SYS_dup3, fd, REGISTRY_FD, 0) < 0 ||
	    syscall(SYS_dup3, null, 0, 0) < 0 || syscall(SYS_dup3, null, 1, 0) < 0)
		leave(126);
	if (syscall(SYS_fcntl, 2, F_GETFD, 0) < 0)
		syscall(SYS_dup3, null, 2, 0);
	if (syscall(SYS_close_range, REGISTRY_FD + 1, ~0u, 0) < 0)
		for (int i = REGISTRY_FD + 1; i < DESCRIPTORS_MAX; i++)
			syscall(SYS_close, i);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_umask, FILE_MASK); /* what a sandbox is made of must be readable in it */
	setsid();
	execve(c->argv[0], c->argv, c->envp);
	leave(127);
}

/* Our own fork, without the program's handlers for it. RET_PIDFD may be NULL. */
static long clone_child(int *ret_pidfd)
{
	struct clone_args arguments = {
		.flags = ret_pidfd ? CLONE_PIDFD : 0,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = 0,
	};

	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	/* Container sandboxes refuse clone3, whose arguments they cannot see. */
	if (pid < 0 && errno == ENOSYS)
		pid = syscall(SYS_clone, arguments.flags, NULL, ret_pidfd, NULL, NULL);
	return pid;
}

/* Between us and a host that is to be nobody's child: it never runs another program, so its end
 * raises no SIGCHLD (exec would set that signal again). It stays until the host has been pinned. */
static _Noreturn void run_intermediate(const struct child *c, int link)
{
	ssize_t n;

	long pid = clone_child(NULL);
	int32_t answer = pid < 0 ? -errno : (int32_t)pid;
	char byte;

	if (pid == 0)
		run_child(c);
	while ((n = write(link, &answer, sizeof(answer))) < 0 && errno == EINTR)
		;
	if (n == sizeof(answer))
		while (read(link, &byte, 1) < 0 && errno == EINTR)
			;
	leave(0);
}

static err_t read_answer(int link, int32_t *ret_answer)
{
	ssize_t n;

	while ((n = read(link, ret_answer, sizeof(*ret_answer))) < 0 && errno == EINTR)
		;
	return n == sizeof(*ret_answer) ? 0 : -EIO;
}

/* Start it below an intermediate that goes at once: init, or the nearest reaper, inherits it. */
static err_t start_detached(const struct child *c, pid_t *ret_pid, int *ret_pidfd)
{
	int link[2], between = -1;
	int32_t answer = -EIO;
	siginfo_t info;

	err_t err = fd_socketpair(link);
	if (err)
		return err;
	long pid = clone_child(&between);
	if (pid == 0) {
		syscall(SYS_close, link[0]); /* the parent's end tells us of its end */
		run_intermediate(c, link[1]);
	}
	link[1] = fd_close(link[1]); /* so that its end tells us, if it cannot answer */
	err = pid < 0 ? err_from_errno() : read_answer(link[0], &answer);
	if (!err && answer < 0)
		err = answer;
	if (!err) {
		*ret_pid = answer;
		*ret_pidfd = (int)syscall(SYS_pidfd_open, answer, 0);
		err = *ret_pidfd < 0 ? err_from_errno() : 0;
	}
	/* Let it go: a byte, or the end of the connection (which another child of ours may have open). */
	(void)!send(link[0], "", 1, MSG_NOSIGNAL);
	fd_close(link[0]);
	if (pid > 0) {
		while (waitid(P_PIDFD, (id_t)between, &info, WEXITED | __WALL) < 0 &&
		       errno == EINTR)
			;
		fd_close(between);
	}
	return err;
}

static err_t start_child(const struct child *c, pid_t *ret_pid, int *ret_pidfd)
{
	long pid = clone_child(ret_pidfd);

	if (pid == 0)
		run_child(c);
	*ret_pid = (pid_t)pid;
	return pid < 0 ? err_from_errno() : 0;
}

err_t registry_spawn(const char *program, const char *server, uint64_t token, int socket,
		     const char *socket_path, char *const *more, bool detached, pid_t *ret_pid,
		     int *ret_pidfd)
{
	struct child c = { .socket = socket };
	sigset_t all, old;
	err_t err = 0;

	if (access(program, X_OK) < 0)
		err = err_from_errno();
	if (!err)
		err = fill_environment(&c);
	if (!err)
		err = fill_arguments(&c, program, server, token, socket_path, more);
	if (!err) {
		/* No handler of the program may run in the child. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		err = detached ? start_detached(&c, ret_pid, ret_pidfd)
			       : start_child(&c, ret_pid, ret_pidfd);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	free_child(&c);
	fd_close(socket);
	return err;
}
