// SPDX-License-Identifier: MIT
#include "registry/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REGISTRY_FD = 3, ENVIRONMENT_MAX = 16 };

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
	char *argv[10];
	char *envp[ENVIRONMENT_MAX];
	char token[24], fd[12];
	int socket;
};

static void free_child(struct child *c)
{
	for (size_t i = 0; c->envp[i]; i++)
		free(c->envp[i]);
}

static err_t fill_environment(struct child *c)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = strchr(passed[i], '=') ? "" : getenv(passed[i]);

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

static void fill_arguments(struct child *c, const char *program, const char *server,
			   uint64_t token, const char *socket_path)
{
	size_t n = 0;

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
}

/* In the child of a program that may have many threads: system calls only. */
static _Noreturn void run_child(const struct child *c)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	int fd = c->socket;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Out of the way of the numbers that are about to be filled. */
	if (fd <= REGISTRY_FD)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, REGISTRY_FD + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || null < 0 || dup2(fd, REGISTRY_FD) < 0 || dup2(null, 0) < 0 ||
	    dup2(null, 1) < 0)
		_exit(126);
	if (fcntl(2, F_GETFD) < 0)
		dup2(null, 2);
	syscall(SYS_close_range, REGISTRY_FD + 1, ~0u, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setsid();
	execve(c->argv[0], c->argv, c->envp);
	_exit(127);
}

/* Our own fork: the child's end raises no SIGCHLD, an ordinary wait() of the program that embeds us
 * never sees it, and a descriptor names it. */
static long clone_child(int *ret_pidfd)
{
	struct clone_args arguments = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = 0,
	};

	return syscall(SYS_clone3, &arguments, sizeof(arguments));
}

err_t registry_spawn(const char *program, const char *server, uint64_t token, int socket,
		     const char *socket_path, pid_t *ret_pid, int *ret_pidfd)
{
	struct child c = { .socket = socket };
	sigset_t all, old;
	int pidfd = -1;
	err_t err = 0;

	if (access(program, X_OK) < 0)
		err = err_from_errno();
	if (!err)
		err = fill_environment(&c);
	if (!err) {
		fill_arguments(&c, program, server, token, socket_path);
		/* No handler of the program may run in the child. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		long pid = clone_child(&pidfd);
		if (pid == 0)
			run_child(&c);
		err = pid < 0 ? err_from_errno() : 0;
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		*ret_pid = (pid_t)pid;
		*ret_pidfd = pidfd;
	}
	free_child(&c);
	fd_close(socket);
	return err;
}
