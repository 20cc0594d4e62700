// SPDX-License-Identifier: MIT
/* Faults in the programs: each ends by itself, with success or with an exit status and a message,
 * and leaves nothing running. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rise.h"
#include "session.h"
#include "test.h"

struct command {
	const char *program; /* below bin */
	const char *arguments[10];
	bool starts_all; /* a session of its own: its hosts are not those of the tree */
};

static const struct command commands[] = {
	{ "ioreg", { "-l", "-w", "0" } },
	{ "ioreg", { "-a", "-c", "CalculatorDriver" } },
	{ "ioreg", { "-p", "IOService", "-n", "CalculatorDriver", "-r", "-t" } },
	{ "ioclasscount", { "CalculatorDriver" } },
	{ "ioclasscount", { NULL } },
	{ "ioalloccount", { NULL } },
	{ "portico", { "status" } },
	{ "portico", { "list" } },
	{ "portico", { "list", "--help" } },
	{ "portico", { "crash", "NoSuchDriver" } },
	{ "portico", { "load", "/nowhere/None.dext" } },
	{ "portico", { "unload", "org.portico.none" } },
	{ "portico", { "cc", "-framework", "IOKit", "--version" } },
	{ "portico",
	  { "run", "--in-process", "--no-bridge", "--limit", "grants=9", "--", "sh", "-c",
	    "[ $PORTICO_SESSION-$PORTICO_IN_PROCESS-$PORTICO_NO_BRIDGE-$PORTICO_LIMITS = "
	    "embedded-1-1-grants=9 ] || exit 99" } },
	{ "portico",
	  { "run", "--no-bridge", "--no-default-drivers", "--", "sh", "-c",
	    "[ $PORTICO_SESSION != $PORTICO_TEST_SESSION ] || exit 99" },
	  true },
};

/* Of a command that finds itself in another session than the one that was asked for. */
enum { WRONG_SESSION = 99 };

static void run_command(const struct command *command)
{
	char program[512];
	const char *argv[12] = { command->program };

	snprintf(program, sizeof(program), "%s", test_built("bin"));
	snprintf(program + strlen(program), sizeof(program) - strlen(program), "/%s",
		 command->program);
	for (int i = 0; i < 10; i++)
		argv[i + 1] = command->arguments[i];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, 1);
	dup2(null, 2);
	if (getenv("PORTICO_SESSION"))
		setenv("PORTICO_TEST_SESSION", getenv("PORTICO_SESSION"), 1);
	execv(program, (char **)argv);
	_exit(RISE_CANNOT_RUN);
}

/* One that waits for ever is killed. Signals are not for it: some have use for them. */
static int await_end(pid_t pid)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status;

	test_true(p.fd >= 0);
	if (poll(&p, 1, test_is_slow() ? 120000 : 30000) == 0)
		kill(pid, SIGKILL);
	close(p.fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static struct fault_step rise_command(const struct command *command, uint32_t kinds)
{
	struct fault_step step =
		fault_first((struct fault_aim){ .kinds = kinds, .program = command->program });
	char name[64];
	bool hit;

	snprintf(name, sizeof(name), "%s %s", command->program,
		 command->arguments[0] ? command->arguments[0] : "");
	do {
		fflush(stdout);
		fault_arm(&step);
		pid_t pid = fork();
		if (pid == 0)
			run_command(command);
		int status = await_end(pid);
		hit = fault_disarm();
		if (WIFSIGNALED(status) || WEXITSTATUS(status) == RISE_CANNOT_RUN ||
		    WEXITSTATUS(status) == WRONG_SESSION)
			rise_complain(&step, name, status);
		/* What it has started and left is ours: it has to end. */
		if (command->starts_all && !rise_end_leftovers(test_is_slow() ? 120 : 30))
			rise_complain(&step, "it left a process behind", status);
	} while (fault_advance(&step, hit) && step.failures < 20 && rise_has_time(name));
	printf("# %s: %d runs, %d failures\n", name, step.runs, step.failures);
	return step;
}

static void rise_commands(uint32_t kinds)
{
	const char *only = getenv("PORTICO_FAULT_SCENARIO");
	int failures = 0, hits = 0;

	fault_require();
	alarm(0);
	/* A session for each run takes its time. */
	for (int own = 0; own < (fault_is_long() ? 2 : 1); own++) {
		pid_t registry = own ? 0 : fault_session_start(test_built("drivers"));

		if (!own)
			test_equal(run_in_child(scenario_wait_quiet), 0);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			if (commands[i].starts_all != own ||
			    (only && !strstr(only, commands[i].program)))
				continue;
			struct fault_step step = rise_command(&commands[i], kinds);

			failures += step.failures;
			hits += step.hits;
		}
		if (!own)
			test_equal(fault_session_stop(registry), 0);
	}
	test_equal(failures, 0);
	rise_require_hits(hits);
}

TEST(programs_stand_every_failed_allocation)
{
	rise_commands(FAULT_ALLOCATIONS);
}

TEST(programs_stand_every_failed_system_call)
{
	rise_commands(FAULT_CALLS);
}

int main(int argc, char **argv)
{
	fault_preload(argv);
	return test_main(argc, argv);
}
