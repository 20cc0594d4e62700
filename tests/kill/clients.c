/* SPDX-License-Identifier: MIT */
/*
 * Clients are killed at random moments of everything that a program does: connecting, opening, calling,
 * mapping, waiting for completions and notifications, closing. They are made by killers, processes that
 * never use the library themselves, so that each client starts with nothing.
 */
#include "kill.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

enum { KILLERS = 3, HOSTS = 2 };

/* What all processes of the campaign share. */
static struct campaign {
	atomic_uint_fast64_t allowed; /* kills that may happen */
	atomic_bool ending;
	atomic_int failures;
} * campaign;

/* --- a client --------------------------------------------------------------------- */

static void on_nothing(void *refcon, IOReturn result)
{
}

static void on_matched(void *refcon, io_iterator_t iterator)
{
}

static kern_return_t use(io_connect_t connect, IONotificationPortRef port,
			 struct kill_random *random)
{
	io_async_ref64_t reference = { 0 };
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	uint32_t none = 0;
	kern_return_t result;

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)on_nothing;
	result = IOConnectCallAsyncScalarMethod(connect, KILL_KEEP,
						IONotificationPortGetMachPort(port), reference, 3,
						NULL, 0, NULL, &none);
	if (!result)
		result = IOConnectMapMemory64(connect, KILL_MEMORY, mach_task_self(), &address,
					      &size, kIOMapAnywhere);
	if (!result)
		*(volatile uint64_t *)(uintptr_t)address = size;
	for (uint64_t n = kill_random_below(random, 20); n && !result; n--)
		result = kill_call(connect, random);
	if (!result && kill_random_below(random, 2))
		result = IOConnectUnmapMemory64(connect, KILL_MEMORY, mach_task_self(), address);
	return result;
}

static kern_return_t live_once(struct kill_random *random)
{
	unsigned slot = (unsigned)kill_random_below(random, HOSTS);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	io_connect_t connect = 0;
	kern_return_t result = IOServiceAddMatchingNotification(port, kIOMatchedNotification,
								kill_session_matching(slot),
								on_matched, NULL, &iterator);
	io_service_t service = result ? 0 : IOIteratorNext(iterator);

	if (!service)
		return result ? result : kIOReturnNotFound;
	result = IOServiceOpen(service, mach_task_self(), 0, &connect);
	if (!result)
		result = use(connect, port, random);
	if (!result)
		result = IOServiceClose(connect);
	IOObjectRelease(service);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	return result;
}

/* Nothing may fail: it is the client that dies, not what it uses. */
static _Noreturn void be_client(uint64_t stream)
{
	struct kill_random random;
	kern_return_t result;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kill_random_init(&random, stream);
	do
		result = live_once(&random);
	while (!result);
	kill_violation("a client's call says 0x%x", (unsigned)result);
	_exit(1);
}

/* --- a killer ------------------------------------------------------------------------- */

static void kill_one(struct kill_figures *figures, struct kill_random *random)
{
	uint64_t stream = kill_random_below(random, 0), began;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		be_client(stream);
	if (pid < 0)
		kill_give_up("cannot fork");
	kill_sleep_ns(kill_random_between(random, 20000, 20000000));
	began = kill_now_ns();
	kill_send(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	kill_times_add(&figures->answers, kill_now_ns() - began, KILL_ANSWER_NS);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		atomic_fetch_add(&campaign->failures, 1);
	atomic_fetch_add(&figures->kills, 1);
}

static _Noreturn void be_killer(struct kill_figures *figures, uint64_t stream)
{
	struct kill_random random;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kill_random_init(&random, stream);
	while (!atomic_load(&campaign->ending)) {
		if (atomic_load(&figures->kills) >= atomic_load(&campaign->allowed))
			poll(NULL, 0, 2);
		else
			kill_one(figures, &random);
	}
	_exit(0);
}

/* --- all of it --------------------------------------------------------------------------- */

/* Every opening has been closed, once, and is gone. */
static void check_counts(const char *when)
{
	for (unsigned slot = 0; slot < HOSTS; slot++) {
		uint64_t until = kill_now_ns() + KILL_STUCK_NS, counts[KILL_N];

		do
			kill_session_counts(slot, counts);
		while ((counts[KILL_OPENS] != counts[KILL_CLOSES] ||
			counts[KILL_OPENS] != counts[KILL_FREES]) &&
		       kill_now_ns() < until);
		printf("  host %u %s: %llu opened, %llu closed, %llu freed, %llu closed twice, "
		       "%llu methods after close\n",
		       slot, when, (unsigned long long)counts[KILL_OPENS],
		       (unsigned long long)counts[KILL_CLOSES],
		       (unsigned long long)counts[KILL_FREES],
		       (unsigned long long)counts[KILL_DOUBLES],
		       (unsigned long long)counts[KILL_LATE]);
		if (counts[KILL_OPENS] != counts[KILL_CLOSES] ||
		    counts[KILL_OPENS] != counts[KILL_FREES] || counts[KILL_DOUBLES] ||
		    counts[KILL_LATE])
			kill_violation("clients: not every opening was closed exactly once");
	}
}

/* Let them kill until there are WANTED. */
static void run_until(struct kill_figures *figures, uint64_t wanted, uint64_t until_ns)
{
	atomic_store(&campaign->allowed, wanted);
	while (atomic_load(&figures->kills) < wanted && kill_now_ns() < until_ns &&
	       !kill_is_violated())
		kill_sleep_ns(2000000);
	atomic_store(&campaign->allowed, 0);
}

void kill_clients(struct kill_figures *figures, uint64_t until_ns)
{
	uint64_t first = atomic_load(&figures->kills);
	struct kill_session session;
	struct kill_audit before;
	pid_t killers[KILLERS];

	campaign = mmap(NULL, sizeof(*campaign), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (campaign == MAP_FAILED)
		kill_give_up("no memory");
	kill_session_make(&session, HOSTS);
	for (int i = 0; i < KILLERS; i++) {
		killers[i] = fork();
		if (killers[i] == 0)
			be_killer(figures, first * KILLERS + (uint64_t)i);
	}
	kill_session_start(&session, NULL);
	if (!kill_session_await(&session))
		kill_give_up("the hosts do not start");
	run_until(figures, first + 10 * KILLERS, UINT64_MAX);
	check_counts("after the warm-up");
	kill_audit_take(&before, &session, true);
	run_until(figures, figures->wanted, until_ns);
	atomic_store(&campaign->ending, true);
	for (int i = 0; i < KILLERS; i++)
		while (waitpid(killers[i], NULL, 0) < 0 && errno == EINTR)
			;
	if (atomic_load(&campaign->failures))
		kill_violation("%d clients ended by themselves", atomic_load(&campaign->failures));
	check_counts("at the end");
	kill_audit_compare(&before, &session, true, atomic_load(&figures->kills) - first,
			   "clients");
	kill_session_end(&session);
}
