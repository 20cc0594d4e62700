// SPDX-License-Identifier: MIT
/*
 * portico start: the session of this user. A process of this program stays
 * behind and starts porticod again when it dies; it ends with the session.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>
#include <portico/session.h>

#include "tools/daemon.h"
#include "tools/folder.h"
#include "tools/options.h"
#include "tools/paths.h"
#include "tools/tools.h"

enum { QUIET_TIMEOUT_MS = 5000, ALREADY = -1 };

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

/* What a registry that was killed has left, unless another session has taken its place. */
static void remove_socket(const char *path)
{
	CFDictionaryRef status;

	if (portico_session_copy_status(path, &status) == kIOReturnNotAttached)
		unlink(path);
}

/* Runs in the process that stays. A registry that ends by itself was asked to, and has left nothing: at its
 * place there may be another session already. */
static void supervise(struct tools_daemon *daemon)
{
	int status;

	while (!told_to_end) {
		pid_t pid = waitpid(daemon->pid, &status, 0);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return;
		if (pid < 0)
			break;
		if (!tools_daemon_go_on(daemon, status))
			break;
	}
	tools_daemon_stop(daemon);
	remove_socket(daemon->socket_path);
}

/* What it has to say from now on is for the log. */
static void detach(const struct tools_daemon *daemon)
{
	struct sigaction action = { .sa_handler = on_signal };
	int null = tools_daemon_open_null(), log = tools_daemon_open_log(daemon);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (log >= 0)
		dup2(log, STDERR_FILENO);
	tools_daemon_forget_descriptors(false);
	/* Without SA_RESTART: it interrupts the wait. */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (chdir("/") < 0)
		return;
}

/* 0: there is a session already, which has been said. */
static kern_return_t find_session(const char *socket_path)
{
	CFDictionaryRef status;
	kern_return_t answer = portico_session_copy_status(socket_path, &status);

	if (answer)
		return answer;
	CFRelease(status);
	printf("a session is running already at %s\n", socket_path);
	return 0;
}

/* The parent waits for one byte: the session is there. ALREADY: somebody else's is. */
static int start_supervisor(struct tools_daemon *daemon)
{
	int ready[2];
	char byte = 0;
	pid_t pid;
	ssize_t n;

	if (pipe2(ready, O_CLOEXEC) < 0 || (fflush(NULL), pid = fork()) < 0) {
		tools_complain(&tools_start, "%s", strerror(errno));
		return TOOLS_FAILED;
	}
	if (pid == 0) {
		close(ready[0]);
		setsid();
		if (!tools_daemon_start(daemon))
			_exit(TOOLS_FAILED);
		if (write(ready[1], &byte, 1) != 1)
			_exit(TOOLS_FAILED);
		close(ready[1]);
		detach(daemon);
		supervise(daemon);
		_exit(0);
	}
	close(ready[1]);
	do
		n = read(ready[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	close(ready[0]);
	if (n == 1)
		return 0;
	waitpid(pid, NULL, 0);
	/* Of two that start at once one is told so by the other's registry. */
	if (!find_session(daemon->socket_path))
		return ALREADY;
	/* On a full disk there is no such file, on one that cannot be written an old one; the daemon has
	 * said why. */
	if (access(daemon->log_path, W_OK) < 0)
		tools_complain(&tools_start, "the session did not start");
	else
		tools_complain(&tools_start, "the session did not start; its messages are in %s",
			       daemon->log_path);
	return TOOLS_FAILED;
}

static int start_with(struct tools_options *options, bool has_options)
{
	static struct tools_paths paths;
	static char socket_path[PATH_MAX], program[PATH_MAX], log_path[PATH_MAX];
	struct tools_daemon daemon = { .program = program,
				       .socket_path = socket_path,
				       .log_path = log_path };

	if (options->command)
		return tools_misuse(&tools_start, "unexpected argument %s", options->command[0]);
	if (!tools_paths_find(&paths))
		return TOOLS_FAILED;
	if (portico_session_get_user_path(socket_path, sizeof(socket_path)) ||
	    strlen(socket_path) > 107) {
		tools_complain(&tools_start,
			       "XDG_RUNTIME_DIR is too long for a socket; set a shorter one");
		return TOOLS_FAILED;
	}
	const char *folder = getenv("XDG_RUNTIME_DIR");
	if (!folder || *folder != '/')
		tools_complain(&tools_start, "XDG_RUNTIME_DIR is %s, using %s",
			       folder && *folder ? "no absolute path" : "not set", socket_path);
	kern_return_t answer = find_session(socket_path);
	/* Whoever wanted other drivers or limits would look for them in vain. */
	if (!answer && has_options)
		tools_complain(&tools_start,
			       "the options change nothing in it: `portico load` loads more "
			       "drivers, `portico stop` ends it");
	if (answer == kIOReturnTimeout || answer == kIOReturnNoResources)
		return tools_complain_session(&tools_start, socket_path, answer);
	if (!answer)
		return 0;
	if (!tools_folder_make_user(socket_path))
		return TOOLS_FAILED;
	snprintf(program, sizeof(program), "%.*s/porticod", PATH_MAX - 16, paths.bin);
	snprintf(log_path, sizeof(log_path), "%.*s/porticod.log",
		 (int)(strrchr(socket_path, '/') - socket_path), socket_path);
	daemon.options = options->daemon_arguments;
	int result = start_supervisor(&daemon);
	if (!result)
		portico_session_wait_quiet(socket_path, QUIET_TIMEOUT_MS);
	if (!result)
		printf("session started at %s\n", socket_path);
	return result == ALREADY ? 0 : result;
}

static int start(int argc, char **argv)
{
	struct tools_options options;
	int result = tools_options_parse(&options, &tools_start, argc, argv);

	if (result)
		return result;
	result = start_with(&options, argc > 1);
	tools_options_fini(&options);
	return result;
}

const struct tools_command tools_start = {
	.name = "start",
	.usage = "[--drivers DIR]... [--no-default-drivers] [--no-bridge] [--sandbox TIER] "
		 "[--limit NAME=N]... [--verbose]",
	.summary = "start a session for this user",
	.help = "Programs of this user find the session by themselves. Its folder is\n"
		"$XDG_RUNTIME_DIR/portico; messages go to porticod.log there.\n"
		"\n"
		"  --drivers DIR          load the driver bundles in DIR, too; may be repeated\n"
		"  --no-default-drivers   only those of --drivers and PORTICO_DRIVERS\n"
		"  --no-bridge            do not show the devices of this machine\n"
		"  --sandbox TIER         confine drivers as far as that: 1 or 2, or 0: not at "
		"all\n"
		"  --limit NAME=N         change a limit (portico status shows them); may be "
		"repeated\n"
		"  --verbose              more messages in the log\n",
	.run = start,
};
