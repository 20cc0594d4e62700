// SPDX-License-Identifier: MIT
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "rise.h"
#include "test.h"

static char tree[256], socket_path[300];
static unsigned generation;

static void copy_program(const char *from, const char *name)
{
	char to[512];
	struct stat s;

	snprintf(to, sizeof(to), "%s/bin/%s", tree, name);
	int in = open(test_built(from), O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	test_true(in >= 0 && out >= 0 && !fstat(in, &s));
	test_equal(sendfile(out, in, NULL, (size_t)s.st_size), s.st_size);
	close(in);
	close(out);
}

/*
 * A registry gives its hosts an environment of its own making, so the library has to get in by
 * another way: the registry runs from a tree where portico-host is a program that preloads it.
 */
const char *fault_session_tree(void)
{
	static const char *const links[] = { "lib", "drivers", "tests", "examples", "include" };
	static const char *const programs[] = { "porticod", "portico",	    "portico-bridge",
						"ioreg",    "ioclasscount", "ioalloccount" };
	char path[512], real[512];

	if (tree[0])
		return tree;
	snprintf(tree, sizeof(tree), "%s/tree", test_folder());
	snprintf(socket_path, sizeof(socket_path), "%s/registry.sock", test_folder());
	snprintf(path, sizeof(path), "%s/bin", tree);
	test_true(!mkdir(tree, 0700) && !mkdir(path, 0700));
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", tree, links[i]);
		snprintf(real, sizeof(real), "%s", test_built(links[i]));
		test_equal(symlink(real, path), 0);
	}
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		snprintf(real, sizeof(real), "bin/%s", programs[i]);
		copy_program(real, programs[i]);
	}
	copy_program("tests/fault/fault-host", "portico-host");
	snprintf(path, sizeof(path), "%s/bin/preload", tree);
	FILE *f = fopen(path, "we");
	test_true(f != NULL);
	fprintf(f, "%s\n%s\n", fault_library(), fault_control_path());
	fprintf(f, "%s\n", test_built("bin/portico-host"));
	fclose(f);
	return tree;
}

static const char *log_path(void)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/registry.log", test_folder());
	return path;
}

bool fault_session_complained(void)
{
	char line[1024];
	bool found = false;
	FILE *f = fopen(log_path(), "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "warning:") || strstr(line, "error:");
	if (f)
		fclose(f);
	return found;
}

static void run_registry(const char *folder, int ready)
{
	char program[300], number[16], ready_text[16];
	int log = open(log_path(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	snprintf(program, sizeof(program), "%s/bin/porticod", tree);
	snprintf(number, sizeof(number), "%u", generation);
	snprintf(ready_text, sizeof(ready_text), "%d", ready);
	dup2(log, 2);
	fcntl(ready, F_SETFD, 0);
	execl(program, "porticod", "--socket", socket_path, "--no-default-drivers", "--drivers",
	      folder, "--ready-fd", ready_text, "--generation", number, (char *)NULL);
	_exit(RISE_CANNOT_RUN);
}

pid_t fault_session_start(const char *drivers)
{
	char folder[512];
	int fds[2], status;
	char byte;

	snprintf(folder, sizeof(folder), "%s", drivers);
	fault_session_tree();
	setenv("PORTICO_SESSION", socket_path, 1);
	test_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		run_registry(folder, fds[1]);
	test_true(pid > 0);
	close(fds[1]);
	generation++;
	ssize_t n = read(fds[0], &byte, 1);
	close(fds[0]);
	if (n == 1)
		return pid;
	/* It could not say that it is ready, or it has given up. With calls that fail for good it may not hear
	 * that it has to end, either. */
	if (fault_is_armed())
		fault_relieve();
	kill(pid, SIGTERM);
	test_equal(waitpid(pid, &status, 0), pid);
	test_true(WIFEXITED(status) ? WEXITSTATUS(status) != RISE_CANNOT_RUN
				    : WTERMSIG(status) == SIGTERM);
	return -1;
}

int fault_session_stop(pid_t registry)
{
	int status = -1, other;

	kill(registry, SIGTERM);
	for (pid_t pid; (pid = waitpid(-1, &other, __WALL)) > 0 || errno == EINTR;)
		if (pid == registry)
			status = other;
	return status;
}

void fault_session_print_log(void)
{
	char line[1024];
	FILE *f = fopen(log_path(), "re");

	while (f && fgets(line, sizeof(line), f))
		printf("# log: %s", line);
	if (f)
		fclose(f);
}

static bool is_host_of(int pid, const char *server)
{
	char path[64], line[1024];
	bool ours = false, is_server = false;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	for (char *arg = line; n > 0 && arg < line + n; arg += strlen(arg) + 1) {
		ours |= !strcmp(arg, socket_path);
		is_server |= !strcmp(arg, server);
	}
	return ours && is_server;
}

pid_t fault_session_host(const char *server)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; d && !found && (e = readdir(d));)
		if (atoi(e->d_name) && is_host_of(atoi(e->d_name), server))
			found = atoi(e->d_name);
	if (d)
		closedir(d);
	return found;
}
