// SPDX-License-Identifier: MIT
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool join(char *out, size_t size, const char *folder, const char *rest)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", folder, rest) >= (int)sizeof(path))
		return false;
	return snprintf(out, size, "%s", path) < (int)size;
}

bool bench_paths_find(struct bench_paths *paths)
{
	char folder[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", paths->self, sizeof(paths->self) - 1);

	if (n <= 0)
		return false;
	paths->self[n] = '\0';
	snprintf(folder, sizeof(folder), "%s", paths->self);
	*strrchr(folder, '/') = '\0';
	/* <build>/tests/bench/portico-bench */
	return join(paths->drivers, sizeof(paths->drivers), folder, ".") &&
	       join(paths->portico, sizeof(paths->portico), folder, "../../bin/portico");
}

#define AWAY "PORTICO_BENCH_AWAY" /* the processor for bench_peer_move_away */

/* Number INDEX of the processors that may be used, or -1. */
static int find_cpu(int index)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && index-- == 0)
			return cpu;
	return -1;
}

static void stay_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void place(enum bench_placement placement)
{
	int first = find_cpu(0), second = find_cpu(1);
	char text[16];

	unsetenv(AWAY);
	if (placement == BENCH_ONE_CPU && first >= 0)
		stay_on(first);
	if (placement == BENCH_TWO_CPUS) {
		if (second < 0) {
			bench_complain("there is one processor only");
			_exit(1);
		}
		snprintf(text, sizeof(text), "%d", first);
		setenv(AWAY, text, 1);
		stay_on(second);
	}
}

void bench_peer_move_away(void)
{
	const char *cpu = getenv(AWAY);

	if (cpu)
		stay_on(atoi(cpu));
}

static void exec_peer(const struct bench_paths *paths, const char *role, enum bench_session session)
{
	if (session == BENCH_NO_SESSION)
		execl(paths->self, paths->self, "--peer", role, (char *)NULL);
	else
		execl(paths->portico, paths->portico, "run", "--drivers", paths->drivers, "--",
		      paths->self, "--peer", role, (char *)NULL);
	bench_complain("cannot execute %s: %s",
		       session == BENCH_NO_SESSION ? paths->self : paths->portico, strerror(errno));
	_exit(127);
}

/* A line without its end; false at the end of the file. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t n = 0;
	char c;

	for (;;) {
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (c == '\n')
			break;
		if (n + 1 < size)
			line[n++] = c;
	}
	line[n] = '\0';
	return true;
}

bool bench_process_start(struct bench_process *process, const struct bench_paths *paths,
			 const char *role, enum bench_session session,
			 enum bench_placement placement)
{
	int to[2], from[2];
	char line[64];

	*process = (struct bench_process){ .pid = -1, .to = -1, .from = -1 };
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0) {
		snprintf(process->problem, sizeof(process->problem), "no pipe: %s",
			 strerror(errno));
		return false;
	}
	process->pid = fork();
	if (process->pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		place(placement);
		exec_peer(paths, role, session);
	}
	close(to[0]);
	close(from[1]);
	process->to = to[1];
	process->from = from[0];
	if (process->pid < 0 || !read_line(process->from, line, sizeof(line)) ||
	    strcmp(line, "ready")) {
		snprintf(process->problem, sizeof(process->problem),
			 "the %s peer did not start (its message is above)", role);
		bench_process_stop(process);
		return false;
	}
	return true;
}

bool bench_process_tell(struct bench_process *process, uint64_t n)
{
	return !process->problem[0] && dprintf(process->to, "%llu\n", (unsigned long long)n) > 0;
}

uint64_t bench_process_hear(struct bench_process *process)
{
	char line[64];
	uint64_t ns = 0;

	if (!process->problem[0] && read_line(process->from, line, sizeof(line)))
		ns = strtoull(line, NULL, 10);
	if (!ns && !process->problem[0])
		snprintf(process->problem, sizeof(process->problem),
			 "the peer failed in the middle (its message is above)");
	return ns;
}

uint64_t bench_process_run(struct bench_process *process, uint64_t n)
{
	return bench_process_tell(process, n) ? bench_process_hear(process) : 0;
}

size_t bench_process_ask(struct bench_process *process, uint64_t n, double *values, size_t max)
{
	char line[512], *at = line, *end;
	size_t count = 0;

	if (!bench_process_tell(process, n))
		return 0;
	if (read_line(process->from, line, sizeof(line)))
		for (double v = strtod(at, &end); end != at && count < max; v = strtod(at, &end)) {
			values[count++] = v;
			at = end;
		}
	if (!count)
		snprintf(process->problem, sizeof(process->problem),
			 "the peer failed in the middle (its message is above)");
	return count;
}

void bench_process_stop(struct bench_process *process)
{
	if (process->to >= 0)
		close(process->to);
	if (process->from >= 0)
		close(process->from);
	process->to = process->from = -1;
	if (process->pid > 0)
		while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
			;
	process->pid = -1;
}
