// SPDX-License-Identifier: MIT
/*
 * portico run: a private session for the life of one command. The session's
 * folder, registry and drivers come and go with it; the exit status is the
 * command's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <portico/session.h>

#include "tools/daemon.h"
#include "tools/folder.h"
#include "tools/options.h"
#include "tools/paths.h"
#include "tools/tools.h"

enum { QUIET_TIMEOUT_MS = 5000 };

struct running {
	struct tools_paths paths;
	struct tools_options options;
	struct tools_daemon daemon;
	char folder[PATH_MAX], socket_path[PATH_MAX], program[PATH_MAX];
	sigset_t old_signals;
	pid_t command;
};

/* So that programs linked without a path to our libraries find them. */
static bool append_to_path(const char *name, const char *old, const char *folder)
{
	char *text;

	if (asprintf(&text, "%s:%s", old, folder) < 0)
		return false;
	bool is_set = setenv(name, text, 1) == 0;
	free(text);
	return is_set;
}

static bool set_library_path(const struct tools_paths *paths)
{
	const char *old = getenv("LD_LIBRARY_PATH");

	if (paths->lib_is_standard || (old && strstr(old, paths->lib)))
		return true;
	if (!old || !*old)
		return setenv("LD_LIBRARY_PATH", paths->lib, 1) == 0;
	return append_to_path("LD_LIBRARY_PATH", old, paths->lib);
}

/* So that ioreg and portico themselves are found, after all that the user has under these names. */
static bool set_program_path(const struct tools_paths *paths)
{
	const char *old = getenv("PATH");

	return append_to_path("PATH", old && *old ? old : "/usr/local/bin:/usr/bin:/bin",
			      paths->bin);
}

/* Without all of it the command would talk to another session. */
static bool set_environment(const struct running *r)
{
	const char *session = r->options.is_in_process ? "embedded" : r->socket_path;
	bool is_set = setenv("PORTICO_SESSION", session, 1) == 0 && set_library_path(&r->paths) &&
		      set_program_path(&r->paths);

	if (is_set && r->options.is_in_process)
		is_set = setenv("PORTICO_IN_PROCESS", "1", 1) == 0 &&
			 tools_options_to_environment(&r->options);
	else
		unsetenv("PORTICO_IN_PROCESS");
	if (!is_set)
		tools_complain(&tools_run, "%s", strerror(ENOMEM));
	return is_set;
}

static void exec_command(char **command)
{
	execvp(command[0], command);
	int error = errno;
	tools_complain(&tools_run, "%s: %s", command[0],
		       error == ENOENT ? "there is no such program" : strerror(error));
	_exit(error == ENOENT ? TOOLS_NOT_FOUND : TOOLS_NOT_EXECUTABLE);
}

/* Everything happens inside the command: it starts the registry and the drivers on threads. */
static int run_in_process(struct running *r)
{
	if (!set_environment(r))
		return TOOLS_NO_SESSION;
	fflush(NULL);
	exec_command(r->options.command);
	return TOOLS_NO_SESSION;
}

static bool start_command(struct running *r)
{
	fflush(NULL);
	r->command = fork();
	if (r->command < 0) {
		tools_complain(&tools_run, "cannot start a process: %s", strerror(errno));
		return false;
	}
	if (r->command == 0) {
		sigprocmask(SIG_SETMASK, &r->old_signals, NULL);
		if (!set_environment(r))
			_exit(TOOLS_NO_SESSION);
		exec_command(r->options.command);
	}
	return true;
}

/* Take note of every child that ended. True when it was the command. */
static bool reap(struct running *r, int *ret_status)
{
	int status;
	pid_t pid;

	/* The signal that told of them has been read: whoever is missed now is missed for good. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid < 0)
			continue;
		if (pid == r->command) {
			*ret_status = status;
			return true;
		}
		/* Somebody has stopped the session. */
		if (pid == r->daemon.pid && WIFEXITED(status) && !WEXITSTATUS(status)) {
			r->daemon.pid = 0;
		} else if (pid == r->daemon.pid) {
			if (r->options.is_verbose)
				fprintf(stderr, "portico run: porticod ended, starting it again\n");
			tools_daemon_go_on(&r->daemon, status);
		}
	}
	return false;
}

/* The command has our standard error as it was given; we, and registries to come, do not wait for its reader: the session
 * could not go on meanwhile. What is lost is lost. */
static void stop_waiting_for_readers(void)
{
	struct stat st;
	int fd;

	/* Others have the same place in a file. */
	if (fstat(STDERR_FILENO, &st) || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* Until the command ends; signals for us are for it. A signal from the terminal reached it already. */
static int supervise(struct running *r, int signals)
{
	struct signalfd_siginfo info;
	int status = 0;

	stop_waiting_for_readers();
	for (;;) {
		ssize_t n = read(signals, &info, sizeof(info));

		if (n < 0 && errno != EINTR)
			break;
		if (n != sizeof(info))
			continue;
		if (info.ssi_signo == SIGCHLD) {
			if (reap(r, &status))
				break;
		} else if (info.ssi_code != SI_KERNEL) {
			kill(r->command, (int)info.ssi_signo);
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool start_session(struct running *r)
{
	if (!tools_folder_make_private(r->folder, sizeof(r->folder)))
		return false;
	if (snprintf(r->socket_path, sizeof(r->socket_path), "%s/registry.sock", r->folder) > 107 ||
	    snprintf(r->program, sizeof(r->program), "%s/porticod", r->paths.bin) >= PATH_MAX) {
		tools_complain(&tools_run,
			       "the path %s is too long for a socket: set XDG_RUNTIME_DIR to a "
			       "shorter one",
			       r->folder);
		return false;
	}
	r->daemon.program = r->program;
	r->daemon.socket_path = r->socket_path;
	r->daemon.options = r->options.daemon_arguments;
	if (!tools_daemon_start(&r->daemon))
		return false;
	/* Programs look their driver up as the first thing they do; on a Mac it is there already. */
	if (portico_session_wait_quiet(r->socket_path, QUIET_TIMEOUT_MS) && r->options.is_verbose)
		tools_complain(&tools_run, "drivers are still being started");
	return true;
}

static int run_private(struct running *r)
{
	sigset_t signals;
	int fd, status = TOOLS_NO_SESSION;

	sigemptyset(&signals);
	for (const int *s = (const int[]){ SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1,
					   SIGUSR2, SIGALRM, SIGCONT, SIGWINCH, 0 };
	     *s; s++)
		sigaddset(&signals, *s);
	sigprocmask(SIG_BLOCK, &signals, &r->old_signals);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	/* Hosts whose porticod was killed become our children, so that none is left behind. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fd >= 0 && start_session(r) && start_command(r))
		status = supervise(r, fd);
	tools_daemon_stop(&r->daemon);
	if (r->socket_path[0])
		tools_daemon_end_hosts(&r->daemon);
	if (r->folder[0])
		tools_folder_remove(r->folder);
	if (fd >= 0)
		close(fd);
	return status;
}

static int run(int argc, char **argv)
{
	static struct running r;
	int status = tools_options_parse(&r.options, &tools_run, argc, argv);

	if (status)
		return status;
	if (!r.options.command)
		return tools_misuse(&tools_run, "which command? It follows after `--`");
	if (!tools_paths_find(&r.paths))
		return TOOLS_NO_SESSION;
	status = r.options.is_in_process ? run_in_process(&r) : run_private(&r);
	tools_options_fini(&r.options);
	return status;
}

const struct tools_command tools_run = {
	.name = "run",
	.usage = "[--in-process] [--drivers DIR]... [--no-default-drivers] [--no-bridge] "
		 "[--sandbox TIER] "
		 "[--limit NAME=N]... [--verbose] "
		 "-- COMMAND [ARGUMENT]...",
	.summary = "make a private session for the life of one command",
	.help = "  --in-process           registry, bridge and drivers on threads inside COMMAND, "
		"so that\n"
		"                         one debugger or sanitizer sees everything\n"
		"  --drivers DIR          load the driver bundles in DIR, too; may be repeated\n"
		"  --no-default-drivers   only those of --drivers and PORTICO_DRIVERS\n"
		"  --no-bridge            do not show the devices of this machine\n"
		"  --sandbox TIER         confine drivers as far as that: 1 or 2, or 0: not at "
		"all\n"
		"  --limit NAME=N         change a limit (portico status shows them); may be "
		"repeated\n"
		"  --verbose              say what the session does on standard error\n"
		"\n"
		"The exit status is COMMAND's (128 + N when signal N ended it); 125 when the "
		"session\n"
		"could not be made, 126 and 127 when COMMAND could not be run or does not exist.\n"
		"\n"
		"Example: portico run -- ioreg -l\n",
	.run = run,
};
