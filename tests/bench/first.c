// SPDX-License-Identifier: MIT
#include "contestant.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Start it with a pipe as its standard output. */
static pid_t start(char *const argv[], int output)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	int error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		bench_complain("%s: %s", argv[0], strerror(error));
	return error ? -1 : pid;
}

uint64_t bench_first(char *const argv[])
{
	int ends[2], status = -1;
	uint64_t ns = 0;
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return 0;
	uint64_t begin = bench_now_ns();
	pid_t pid = start(argv, ends[1]);
	close(ends[1]);
	if (pid > 0 && read(ends[0], &byte, 1) == 1)
		ns = bench_now_ns() - begin;
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		bench_complain("%s: status 0x%x", argv[0], (unsigned)status);
	return status ? 0 : ns;
}

uint64_t bench_firsts(char *const argv[], uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t ns = bench_first(argv);

		if (!ns)
			return 0;
		sum += ns;
	}
	return sum;
}

void bench_first_done(void)
{
	if (write(STDOUT_FILENO, "", 1) != 1)
		_exit(1);
}
