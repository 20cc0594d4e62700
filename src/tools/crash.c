// SPDX-License-Identifier: MIT
/*
 * portico crash: kill the host of a driver the hard way, to see what a program
 * makes of it. The host is found by its command line, which names its server
 * and the session's socket.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <portico/session.h>

#include "tools/text.h"
#include "tools/tools.h"

/* The value that follows OPTION among the NUL-separated words of LINE. */
static const char *option_value(const char *line, size_t size, const char *option)
{
	for (const char *word = line; word < line + size; word += strlen(word) + 1) {
		const char *next = word + strlen(word) + 1;

		if (!strcmp(word, option) && next < line + size)
			return next;
	}
	return NULL;
}

/* NAME is the server's name or the end of it after a dot. */
static bool is_server(const char *server, const char *name)
{
	size_t n = strlen(server), m = strlen(name);

	if (!strcmp(server, name))
		return true;
	return n > m && server[n - m - 1] == '.' && !strcmp(server + n - m, name);
}

/* By whatever paths. */
static bool is_same_file(const char *a, const char *b)
{
	struct stat s, t;

	return !strcmp(a, b) ||
	       (!stat(a, &s) && !stat(b, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino);
}

static bool is_host(const char *pid, const char *name, const char *socket_path, char *ret_server,
		    size_t server_size)
{
	char path[300], line[8192];
	const char *server, *session, *program;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (size <= 0)
		return false;
	line[size] = 0;
	program = strrchr(line, '/') ? strrchr(line, '/') + 1 : line;
	server = option_value(line, (size_t)size, "--server");
	session = option_value(line, (size_t)size, "--socket");
	if (strcmp(program, "portico-host") || !server || !session ||
	    !is_same_file(session, socket_path))
		return false;
	snprintf(ret_server, server_size, "%s", server);
	return is_server(server, name);
}

static int kill_hosts(const char *name, const char *socket_path)
{
	DIR *folder = opendir("/proc");
	char server[256];
	int n = 0, result = 0;

	if (!folder) {
		tools_complain(&tools_crash, "/proc: %s", strerror(errno));
		return TOOLS_FAILED;
	}
	for (struct dirent *e; (e = readdir(folder));) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !is_host(e->d_name, name, socket_path, server, sizeof(server)))
			continue;
		n++;
		if (kill(atoi(e->d_name), SIGKILL) < 0 && errno != ESRCH) {
			tools_complain(&tools_crash, "process %s: %s", e->d_name, strerror(errno));
			result = TOOLS_FAILED;
		} else {
			printf("killed the host of ");
			tools_text_put_escaped(stdout, server, strlen(server));
			printf(", process %s\n", e->d_name);
		}
	}
	closedir(folder);
	if (!n) {
		tools_complain(&tools_crash,
			       "no host of %s runs in the session at %s; `portico list` shows "
			       "the servers",
			       name, socket_path);
		return TOOLS_FAILED;
	}
	return result;
}

static int crash(int argc, char **argv)
{
	char path[4096];

	if (argc != 2)
		return tools_misuse(&tools_crash, "give the server name of a driver");
	if (portico_session_get_path(path, sizeof(path)))
		return tools_complain_session(&tools_crash, NULL, kIOReturnNotAttached);
	return kill_hosts(argv[1], path);
}

const struct tools_command tools_crash = {
	.name = "crash",
	.usage = "SERVER",
	.summary = "kill the host of a driver, to test what programs make of it",
	.help = "SERVER is the driver's IOUserServerName or its last part, as Calculator for\n"
		"org.portico.driver.Calculator. The registry starts the host again, after a pause "
		"that grows\n"
		"with each crash.\n",
	.run = crash,
};
