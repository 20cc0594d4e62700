// SPDX-License-Identifier: MIT
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contestant.h"

enum { ANSWER_MS = 300000, END_MS = 10000 };

/* Say why it has failed; false. */
__attribute__((format(printf, 2, 3))) static bool fail(struct bench_process *process,
						       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(process->problem, sizeof(process->problem), format, arguments);
	va_end(arguments);
	return false;
}

const char *bench_build_folder(void)
{
	static char folder[PATH_MAX];
	ssize_t n = folder[0] ? 0 : readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	char *tests;

	if (n > 0) {
		folder[n] = '\0';
		tests = strstr(folder, "/tests/bench/");
		if (!tests)
			folder[0] = '\0';
		else
			*tests = '\0';
	}
	return folder[0] ? folder : NULL;
}

/* --- placement ------------------------------------------------------------- */

int bench_find_cpu(int index)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && index-- == 0)
			return cpu;
	return -1;
}

static void place(enum bench_placement placement)
{
	int first = bench_find_cpu(0), second = bench_find_cpu(1);
	cpu_set_t one;
	char text[16];

	unsetenv("PORTICO_BENCH_AWAY");
	if (placement == BENCH_FREE)
		return;
	CPU_ZERO(&one);
	CPU_SET(placement == BENCH_ONE_CORE ? first : second, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (placement == BENCH_TWO_CORES) {
		snprintf(text, sizeof(text), "%d", first);
		setenv("PORTICO_BENCH_AWAY", text, 1);
	}
}

/* --- talking ------------------------------------------------------------------ */

/* A line without its end; false at the end of the file, or when none comes for minutes. */
static bool read_line(int fd, char *line, size_t size)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	char c;

	for (;;) {
		int ready = poll(&waiting, 1, ANSWER_MS);
		ssize_t got = ready > 0 ? read(fd, &c, 1) : ready;

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

bool bench_process_tell(struct bench_process *process, uint64_t n)
{
	if (process->problem[0] || process->to < 0)
		return false;
	return dprintf(process->to, "%llu\n", (unsigned long long)n) > 0 ||
	       fail(process, "it has ended");
}

size_t bench_process_hear(struct bench_process *process, double *values, size_t max)
{
	char line[1024], *at = line, *end;
	size_t count = 0;

	if (process->problem[0] || process->from < 0)
		return 0;
	if (read_line(process->from, line, sizeof(line)))
		for (double v = strtod(at, &end); end != at && count < max; v = strtod(at, &end)) {
			values[count++] = v;
			at = end;
		}
	if (!count)
		fail(process, "it failed in the middle (its message is above)");
	return count;
}

size_t bench_process_ask(struct bench_process *process, uint64_t n, double *values, size_t max)
{
	return bench_process_tell(process, n) ? bench_process_hear(process, values, max) : 0;
}

/* --- beginning and end ----------------------------------------------------------- */

static void exec_contestant(const char *program, const char *role, uint64_t parameter,
			    enum bench_session session)
{
	const char *build = bench_build_folder();
	char path[PATH_MAX + 256], portico[PATH_MAX + 256], drivers[PATH_MAX + 256], number[32];

	snprintf(path, sizeof(path), "%s/tests/bench/%s", build, program);
	snprintf(portico, sizeof(portico), "%s/bin/portico", build);
	snprintf(drivers, sizeof(drivers), "%s/tests/bench/drivers", build);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)parameter);
	if (session == BENCH_UNCONFINED_SESSION) {
		setenv("PORTICO_SANDBOX", "0", 1);
		/* Each host would warn of it, between the rows of the table. */
		setenv("PORTICO_LOG", "error", 0);
	}
	if (session == BENCH_NO_SESSION)
		execl(path, path, role, number, (char *)NULL);
	else
		execl(portico, portico, "run", "--drivers", drivers, "--", path, role, number,
		      (char *)NULL);
	bench_complain("cannot execute %s: %s", session == BENCH_NO_SESSION ? path : portico,
		       strerror(errno));
	_exit(127);
}

static bool fork_contestant(struct bench_process *process, const char *program, const char *role,
			    uint64_t parameter, enum bench_session session,
			    enum bench_placement placement)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) < 0)
		return fail(process, "no pipe: %s", strerror(errno));
	process->to = to[1];
	if (pipe2(from, O_CLOEXEC) < 0) {
		close(to[0]);
		return fail(process, "no pipe: %s", strerror(errno));
	}
	process->from = from[0];
	process->pid = fork();
	if (process->pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		setpgid(0, 0);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		place(placement);
		exec_contestant(program, role, parameter, session);
	}
	close(to[0]);
	close(from[1]);
	return process->pid > 0 || fail(process, "no process: %s", strerror(errno));
}

bool bench_process_start(struct bench_process *process, const char *program, const char *role,
			 uint64_t parameter, enum bench_session session,
			 enum bench_placement placement)
{
	char line[sizeof(process->absent)] = "";

	*process = (struct bench_process){ .pid = -1, .to = -1, .from = -1 };
	if (placement == BENCH_TWO_CORES && bench_find_cpu(1) < 0)
		snprintf(process->absent, sizeof(process->absent), "there is one core only");
	else if (!bench_build_folder())
		fail(process, "the build's folder is not known");
	else if (fork_contestant(process, program, role, parameter, session, placement) &&
		 !read_line(process->from, line, sizeof(line)))
		fail(process, "it did not start (its message is above)");
	if (!strncmp(line, "absent ", 7))
		snprintf(process->absent, sizeof(process->absent), "%.*s",
			 (int)sizeof(process->absent) - 1, line + 7);
	if (!strcmp(line, "ready"))
		return true;
	bench_process_stop(process);
	return false;
}

/* A contestant ends with its standard input; one that does not is killed with its group. */
static void wait_for_end(pid_t pid)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	if (end.fd >= 0 && poll(&end, 1, END_MS) == 0)
		kill(-pid, SIGKILL);
	if (end.fd >= 0)
		close(end.fd);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void bench_process_stop(struct bench_process *process)
{
	if (process->to >= 0)
		close(process->to);
	if (process->from >= 0)
		close(process->from);
	process->to = process->from = -1;
	if (process->pid > 0)
		wait_for_end(process->pid);
	process->pid = -1;
	/* What it has left behind is ours (others.c). */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}
