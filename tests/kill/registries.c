/* SPDX-License-Identifier: MIT */
/*
 * Registries are killed and started again, as a supervisor would, while programs call over open
 * connections and open new ones. No call on an open connection may fail; all services have to be there
 * again, each once and under its old ID, with their old hosts.
 */
#include "kill.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mach/mach.h>

enum { CALLERS = 3, HOSTS_MAX = 128 };

static struct {
	struct kill_session session;
	struct kill_figures *figures;
	uint64_t ids[HOSTS_MAX];
	pid_t hosts[HOSTS_MAX];
	pthread_t callers[CALLERS], opener;
	atomic_bool ending;
	atomic_uint_fast64_t opens, refused;
} run;

/* --- load ------------------------------------------------------------------------------ */

static void *run_caller(void *context)
{
	unsigned number = (unsigned)(uintptr_t)context;
	io_connect_t connect = kill_session_open(number % run.session.pool);
	struct kill_random random;
	kern_return_t result = 0;

	kill_random_init(&random, number);
	while (!atomic_load(&run.ending) && !result) {
		result = kill_call(connect, &random);
		kill_figures_count(run.figures, kill_status_of(result));
	}
	if (result)
		kill_violation("a call on an open connection says 0x%x when the registry is killed",
			       (unsigned)result);
	IOServiceClose(connect);
	return NULL;
}

/* What may be said of an opening while there is no registry, or while it does not know all yet. */
static bool is_refusal(kern_return_t result)
{
	enum kill_status status = kill_status_of(result);

	return kill_status_is_death(status) || status == KILL_SERVER_DIED;
}

static void open_once(struct kill_random *random)
{
	unsigned slot = (unsigned)kill_random_below(random, run.session.pool);
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, kill_session_matching(slot));
	io_connect_t connect = 0;
	kern_return_t result;

	if (!service) {
		kill_sleep_ns(500000);
		return;
	}
	result = IOServiceOpen(service, mach_task_self(), 0, &connect);
	IOObjectRelease(service);
	atomic_fetch_add(result ? &run.refused : &run.opens, 1);
	if (result && !is_refusal(result))
		kill_violation("opening says 0x%x when the registry is killed", (unsigned)result);
	if (result)
		return;
	result = kill_call(connect, random);
	if (result)
		kill_violation("a call after opening says 0x%x", (unsigned)result);
	result = IOServiceClose(connect);
	if (result)
		kill_violation("closing says 0x%x when the registry is killed", (unsigned)result);
}

static void *run_opener(void *context)
{
	struct kill_random random;

	(void)context;
	kill_random_init(&random, 77);
	while (!atomic_load(&run.ending))
		open_once(&random);
	return NULL;
}

/* --- what has to come back ------------------------------------------------------------------ */

/* All services, each once, under the IDs that they had; REMEMBER: whatever those are. */
static bool is_complete(bool remember)
{
	io_iterator_t iterator = 0;
	unsigned n = 0, known = 0;
	io_service_t service;

	if (IOServiceGetMatchingServices(kIOMainPortDefault, IOServiceMatching("KillDriver"),
					 &iterator))
		return false;
	while ((service = IOIteratorNext(iterator))) {
		uint64_t id = 0;

		IORegistryEntryGetRegistryEntryID(service, &id);
		IOObjectRelease(service);
		if (remember && n < HOSTS_MAX)
			run.ids[n] = id;
		for (unsigned i = 0; i < run.session.pool; i++)
			known += run.ids[i] == id;
		n++;
	}
	IOObjectRelease(iterator);
	if (n > run.session.pool)
		kill_violation("%u services where there are %u", n, run.session.pool);
	return n == run.session.pool && known == n;
}

static void await_complete(uint64_t killed_ns)
{
	while (!is_complete(false)) {
		if (kill_now_ns() > killed_ns + KILL_STUCK_NS)
			kill_give_up("the registry does not know all services again");
		kill_sleep_ns(500000);
	}
}

static void check_hosts(bool remember)
{
	for (unsigned slot = 0; slot < run.session.pool; slot++) {
		pid_t pid = kill_session_host(&run.session, slot);

		if (remember)
			run.hosts[slot] = pid;
		else if (pid != run.hosts[slot])
			kill_violation("host %u was process %d and is %d", slot,
				       (int)run.hosts[slot], (int)pid);
	}
}

/* --- killing ------------------------------------------------------------------------------------ */

static void kill_one(struct kill_random *random)
{
	uint64_t killed = kill_now_ns();
	io_connect_t connect;

	kill_session_kill_registry(&run.session);
	kill_session_start(&run.session, NULL);
	atomic_fetch_add(&run.figures->kills, 1);
	/* Now and then the new one does not live long enough to know everybody. */
	if (!kill_random_below(random, 4)) {
		kill_sleep_ns(kill_random_between(random, 1000, 100000000));
		killed = kill_now_ns();
		kill_session_kill_registry(&run.session);
		kill_session_start(&run.session, NULL);
		atomic_fetch_add(&run.figures->kills, 1);
	}
	await_complete(killed);
	kill_times_add(&run.figures->answers, kill_now_ns() - killed, KILL_COMPLETE_NS);
	connect = kill_session_open((unsigned)kill_random_below(random, run.session.pool));
	kill_times_add(&run.figures->returns, kill_now_ns() - killed, KILL_REOPEN_NS);
	IOServiceClose(connect);
	kill_sleep_ns(kill_random_between(random, 1000, 50000000));
}

static void run_until(uint64_t wanted, uint64_t until_ns)
{
	struct kill_random random;

	kill_random_init(&random, 7);
	atomic_store(&run.ending, false);
	for (uintptr_t i = 0; i < CALLERS; i++)
		pthread_create(&run.callers[i], NULL, run_caller, (void *)i);
	pthread_create(&run.opener, NULL, run_opener, NULL);
	while (atomic_load(&run.figures->kills) < wanted && kill_now_ns() < until_ns &&
	       !kill_is_violated())
		kill_one(&random);
	atomic_store(&run.ending, true);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(run.callers[i], NULL);
	pthread_join(run.opener, NULL);
}

void kill_registries(struct kill_figures *figures, uint64_t until_ns)
{
	uint64_t first = atomic_load(&figures->kills);
	static struct kill_figures warm_up;
	struct kill_audit before;

	kill_session_make(&run.session, kill_options.pool);
	kill_session_start(&run.session, NULL);
	if (!kill_session_await(&run.session) || !is_complete(true))
		kill_give_up("the hosts do not start");
	check_hosts(true);
	run.figures = &warm_up;
	run_until(3, UINT64_MAX);
	kill_audit_take(&before, &run.session, true);
	atomic_store(&run.opens, 0);
	atomic_store(&run.refused, 0);
	run.figures = figures;
	run_until(figures->wanted, until_ns);
	check_hosts(false);
	printf("  openings meanwhile: %llu, refused %llu\n",
	       (unsigned long long)atomic_load(&run.opens),
	       (unsigned long long)atomic_load(&run.refused));
	/* Another process each time. */
	before.processes[0].pid = run.session.registry;
	kill_audit_compare(&before, &run.session, true, atomic_load(&figures->kills) - first,
			   "registries");
	kill_session_end(&run.session);
}
