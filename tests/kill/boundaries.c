/* SPDX-License-Identifier: MIT */
/*
 * SIGKILL at the Nth system call, N rising until the path completes untouched: a client's open, call and
 * close; a host's start and service; a registry's, with hosts that come back to it and without. After each
 * death everything has to be as if nothing had been.
 */
#include "kill.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/mach.h>

#include "tracer.h"

enum { POOL = 2 };

static uint64_t end_ns;

static bool goes_on(void)
{
	return kill_now_ns() < end_ns && !kill_is_violated();
}

static void note(struct kill_figures *figures, uint64_t killed_ns)
{
	kill_times_add(&figures->answers, kill_now_ns() - killed_ns, KILL_STUCK_NS);
	atomic_fetch_add(&figures->kills, 1);
}

/* The path of a program; where somebody is killed under it something may fail. */
static kern_return_t walk(unsigned slot)
{
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, kill_session_matching(slot));
	uint64_t in[2] = { 20, 22 }, out = 0;
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	io_connect_t connect = 0;
	char structure[3000] = { 1 }, back[3000];
	size_t n_back = sizeof(back);
	uint32_t n = 1;
	kern_return_t result =
		service ? IOServiceOpen(service, mach_task_self(), 0, &connect) : kIOReturnNotFound;

	if (service)
		IOObjectRelease(service);
	if (result)
		return result;
	for (int i = 0; i < 20 && !result; i++)
		result = IOConnectCallScalarMethod(connect, KILL_ADD, in, 2, &out, &n);
	if (!result)
		result = IOConnectCallStructMethod(connect, KILL_ECHO, structure, sizeof(structure),
						   back, &n_back);
	if (!result)
		result = IOConnectMapMemory64(connect, KILL_MEMORY, mach_task_self(), &address,
					      &size, kIOMapAnywhere);
	kern_return_t closed = IOServiceClose(connect);
	return result ? result : closed;
}

/* Complete: opened, called, closed on each host. */
static bool use_all(const struct kill_session *session)
{
	for (unsigned slot = 0; slot < session->pool; slot++)
		if (walk(slot))
			return false;
	return true;
}

/* True when all of it works again. */
static bool await_all(const struct kill_session *session)
{
	uint64_t until = kill_now_ns() + KILL_STUCK_NS;

	while (!use_all(session))
		if (kill_now_ns() > until)
			return false;
		else
			kill_sleep_ns(200000);
	return kill_session_await(session);
}

/* --- a client --------------------------------------------------------------------------- */

static void be_client(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(126);
	raise(SIGSTOP);
	_exit(walk(0) ? 1 : 0);
}

/* Let PID run to its system call TARGET, and kill it there. True: it was killed. */
static bool trace_client(pid_t pid, uint64_t target)
{
	uint64_t n = 0;
	int status;

	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (!WIFSTOPPED(status))
		return false;
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
	for (pid_t tid = pid;;) {
		bool is_call = WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);

		/* Entries and exits alike: each is a boundary. */
		if (is_call && ++n == target)
			kill_send(pid, SIGKILL);
		if (WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
		else if (tid == pid)
			break;
		do
			tid = waitpid(-1, &status, __WALL);
		while (tid < 0 && errno == EINTR);
		if (tid < 0)
			break;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status))
		kill_violation("a traced client fails with %d", WEXITSTATUS(status));
	return n >= target;
}

/* Every opening is closed once and gone. */
static void await_closed(unsigned slot)
{
	uint64_t until = kill_now_ns() + KILL_STUCK_NS, counts[KILL_N];

	do
		kill_session_counts(slot, counts);
	while ((counts[KILL_OPENS] != counts[KILL_CLOSES] ||
		counts[KILL_OPENS] != counts[KILL_FREES]) &&
	       kill_now_ns() < until);
	if (counts[KILL_OPENS] != counts[KILL_CLOSES] || counts[KILL_OPENS] != counts[KILL_FREES] ||
	    counts[KILL_DOUBLES] || counts[KILL_LATE])
		kill_violation(
			"a client's death: %llu opened, %llu closed, %llu freed, %llu twice, "
			"%llu late",
			(unsigned long long)counts[KILL_OPENS],
			(unsigned long long)counts[KILL_CLOSES],
			(unsigned long long)counts[KILL_FREES],
			(unsigned long long)counts[KILL_DOUBLES],
			(unsigned long long)counts[KILL_LATE]);
}

/* The library must not be in use here when the client is forked: a killer's process, as it were. */
static bool walk_clients(struct kill_figures *figures)
{
	struct kill_session session;
	struct kill_audit before;
	uint64_t target = 1, killed;
	bool was_killed = true;

	kill_session_make(&session, POOL);
	kill_session_start(&session, NULL);
	if (!kill_session_await(&session))
		kill_give_up("the hosts do not start");
	await_closed(0);
	kill_audit_take(&before, &session, true);
	for (; was_killed && goes_on(); target += kill_options.step) {
		fflush(stdout);
		pid_t pid = fork();

		if (pid == 0)
			be_client();
		was_killed = trace_client(pid, target);
		killed = kill_now_ns();
		await_closed(0);
		if (was_killed)
			note(figures, killed);
	}
	kill_audit_compare(&before, &session, true, 0, "client boundaries");
	printf("  a client's path: %s at %llu boundaries\n",
	       was_killed ? "not complete" : "complete", (unsigned long long)target);
	kill_session_end(&session);
	return !was_killed;
}

/* --- a host ------------------------------------------------------------------------------- */

static void await_victim(const struct kill_tracer *tracer)
{
	uint64_t until = kill_now_ns() + KILL_STUCK_NS;

	/* It starts, and dies or serves. */
	while (atomic_load(&tracer->victim) && walk(0) && kill_now_ns() < until)
		kill_sleep_ns(200000);
}

static bool walk_hosts(struct kill_figures *figures, struct kill_tracer *tracer)
{
	struct kill_session *session = tracer->session;
	uint64_t target = 1, killed, most = 0;
	struct kill_audit before;
	bool was_killed = true;

	kill_audit_take(&before, session, false);
	for (; was_killed && goes_on(); target += kill_options.step) {
		pid_t pid = kill_session_host(session, 0);

		kill_tracer_aim(tracer, KILL_HOST, target);
		kill_send(pid, SIGKILL);
		await_victim(tracer);
		was_killed = atomic_load(&tracer->victim) == KILL_NOBODY;
		most = atomic_load(&tracer->seen);
		killed = kill_now_ns();
		kill_tracer_aim(tracer, KILL_NOBODY, 0);
		kill_session_pardon(session, 0);
		if (!await_all(session))
			kill_give_up("a host that dies at system call %llu is not replaced",
				     (unsigned long long)target);
		if (was_killed)
			note(figures, killed);
	}
	kill_audit_compare(&before, session, false, 0, "host boundaries");
	printf("  a host's path: %s at %llu system calls\n",
	       was_killed ? "not complete" : "complete", (unsigned long long)most);
	return !was_killed;
}

/* --- a registry --------------------------------------------------------------------------------- */

static void kill_all_hosts(const struct kill_session *session)
{
	for (unsigned slot = 0; slot < session->pool; slot++) {
		pid_t pid = kill_session_host(session, slot);

		if (pid > 0)
			kill_send(pid, SIGKILL);
	}
}

static bool die_at(struct kill_tracer *tracer, uint64_t target, bool fresh, uint64_t *most)
{
	struct kill_session *session = tracer->session;
	uint64_t until = kill_now_ns() + KILL_STUCK_NS;
	pid_t hosts[POOL];

	for (unsigned slot = 0; slot < POOL; slot++)
		hosts[slot] = fresh ? 0 : kill_session_host(session, slot);
	pid_t old = session->registry;
	/* The hosts first: they would be started again. */
	kill_send(old, SIGSTOP);
	if (fresh)
		kill_all_hosts(session);
	kill_send(old, SIGKILL);
	while (!kill_send(old, 0) && kill_now_ns() < until)
		kill_sleep_ns(100000);
	/* A first registry does not wait for hosts of an earlier one. */
	if (fresh)
		session->generation = 0;
	kill_tracer_aim(tracer, KILL_REGISTRY, target);
	kill_tracer_start_registry(tracer);
	/* Each question makes it do more: not too many. */
	do
		kill_sleep_ns(20000000);
	while (atomic_load(&tracer->victim) && !use_all(session) && kill_now_ns() < until);
	bool was_killed = atomic_load(&tracer->victim) == KILL_NOBODY;
	*most = atomic_load(&tracer->seen);
	kill_tracer_aim(tracer, KILL_NOBODY, 0);
	if (was_killed)
		kill_tracer_start_registry(tracer);
	if (!await_all(session))
		kill_give_up("a registry that dies at system call %llu is not replaced",
			     (unsigned long long)target);
	for (unsigned slot = 0; slot < POOL && !fresh; slot++)
		if (kill_session_host(session, slot) != hosts[slot])
			kill_violation("host %u is not the same after its registry's death", slot);
	return was_killed;
}

static bool walk_registries(struct kill_figures *figures, struct kill_tracer *tracer, bool fresh)
{
	uint64_t target = 1, killed, most = 0;
	bool was_killed = true;

	for (; was_killed && goes_on(); target += kill_options.step) {
		killed = kill_now_ns();
		was_killed = die_at(tracer, target, fresh, &most);
		if (was_killed)
			note(figures, killed);
	}
	printf("  a registry's path, hosts %s: %s at %llu system calls\n",
	       fresh ? "to be started" : "coming back", was_killed ? "not complete" : "complete",
	       (unsigned long long)most);
	return !was_killed;
}

/* --- all of it ----------------------------------------------------------------------------------- */

/* A session below a tracer; NULL: nothing may be traced here. */
static struct kill_tracer *begin_tracing(void)
{
	struct kill_tracer *tracer = kill_tracer_new(POOL);

	kill_tracer_start_registry(tracer);
	if (atomic_load(&tracer->refused)) {
		printf("  skipped: nothing may be traced here\n");
		kill_tracer_end(tracer);
		return NULL;
	}
	if (!kill_session_await(tracer->session))
		kill_give_up("the hosts do not start under the tracer");
	return tracer;
}

void kill_boundaries(struct kill_figures *figures, uint64_t until_ns)
{
	struct kill_tracer *tracer;
	bool done;

	end_ns = until_ns;
	atomic_store(&figures->kills, 0);
	figures->wanted = 0;
	tracer = begin_tracing();
	if (!tracer)
		return;
	figures->wanted = UINT64_MAX;
	done = walk_hosts(figures, tracer);
	done = walk_registries(figures, tracer, false) && done;
	kill_tracer_end(tracer);
	done = walk_clients(figures) && done;
	/* The longest at the end: each step waits for hosts that do not come back. */
	tracer = begin_tracing();
	done = tracer && walk_registries(figures, tracer, true) && done;
	if (tracer)
		kill_tracer_end(tracer);
	if (done)
		figures->wanted = atomic_load(&figures->kills);
}
