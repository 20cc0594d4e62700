/* SPDX-License-Identifier: MIT */
/*
 * Driver hosts are killed while programs call, wait for completions, open and
 * close. Each slot of the pool has a controller, which kills, and workers: two
 * callers on a shared connection, one with a method that never returns, and
 * one that opens and closes on its own account.
 */
#include "kill.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

enum {
	CALLERS = 3,
	FOREVER = CALLERS - 1,
	EARLY = 8 /* one kill of so many is before it serves */
};

struct slot;

struct caller {
	struct slot *slot;
	unsigned index;
	pthread_t thread;
	struct kill_random random;
};

struct slot {
	const struct kill_session *session;
	struct kill_figures *figures;
	unsigned number;
	struct kill_random random;
	pthread_t controller, opener;
	struct caller callers[CALLERS];
	_Atomic uint64_t killed_ns;		 /* of this life; 0: it lives */
	_Atomic uint64_t last_kill_ns, stuck_ns; /* the opener's call must have ended by then */
	atomic_bool ending;
	pid_t last_pid; /* killed */
	/* guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	io_connect_t connect; /* 0: no life */
	uint64_t life;
	unsigned n_ended; /* callers that have seen the end of this life */
	int aborted;
};

static uint64_t until_ns;

/* --- answers ------------------------------------------------------------------------ */

/* A call that began at BEGAN has failed. */
static void note_death(struct slot *slot, kern_return_t result, uint64_t began)
{
	enum kill_status status = kill_status_of(result);
	uint64_t now = kill_now_ns(), killed = atomic_load(&slot->killed_ns);

	kill_figures_count(slot->figures, kill_status_is_death(status) ? status : KILL_OTHER);
	if (!kill_status_is_death(status))
		kill_violation("a call says 0x%x when its host is killed", (unsigned)result);
	if (!killed) {
		kill_violation("a call says 0x%x although its host lives", (unsigned)result);
		return;
	}
	kill_times_add(&slot->figures->answers, now - (began > killed ? began : killed),
		       KILL_ANSWER_NS);
}

static kern_return_t call_once(struct caller *caller, io_connect_t connect)
{
	uint64_t forever = UINT64_MAX / 4;
	uint32_t none = 0;

	if (caller->index == FOREVER && kill_random_below(&caller->random, 2))
		return IOConnectCallScalarMethod(connect, KILL_SLEEP, &forever, 1, NULL, &none);
	return kill_call(connect, &caller->random);
}

/* Until the host is killed. Then once more: a handle of the dead is dead. */
static void live(struct caller *caller, io_connect_t connect)
{
	struct slot *slot = caller->slot;

	for (int deaths = 0; deaths < 2;) {
		uint64_t began = kill_now_ns();
		kern_return_t result = call_once(caller, connect);

		if (!result) {
			kill_figures_count(slot->figures, KILL_SUCCESS);
			continue;
		}
		note_death(slot, result, began);
		deaths++;
	}
}

static void *run_caller(void *context)
{
	struct caller *caller = context;
	struct slot *slot = caller->slot;
	uint64_t seen = 0;

	pthread_mutex_lock(&slot->lock);
	for (;;) {
		while (!atomic_load(&slot->ending) && (!slot->connect || slot->life == seen))
			pthread_cond_wait(&slot->changed, &slot->lock);
		if (!slot->connect || slot->life == seen)
			break;
		io_connect_t connect = slot->connect;
		seen = slot->life;
		pthread_mutex_unlock(&slot->lock);
		live(caller, connect);
		pthread_mutex_lock(&slot->lock);
		slot->n_ended++;
		pthread_cond_broadcast(&slot->changed);
	}
	pthread_mutex_unlock(&slot->lock);
	return NULL;
}

/* --- opening and closing -------------------------------------------------------------- */

static void note_open(struct slot *slot, kern_return_t result, uint64_t began)
{
	enum kill_status status = kill_status_of(result);
	uint64_t killed = atomic_load(&slot->last_kill_ns), now = kill_now_ns();

	/* A service that is ending cannot be opened. */
	kill_figures_count(slot->figures, status);
	if (status == KILL_OTHER || status == KILL_SERVER_DIED)
		kill_violation("opening says 0x%x when a host is killed", (unsigned)result);
	if (result && killed)
		kill_times_add(&slot->figures->answers, now - (began > killed ? began : killed),
			       KILL_ANSWER_NS);
}

static void open_once(struct slot *slot, struct kill_random *random)
{
	io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault,
							   kill_session_matching(slot->number));
	uint64_t began = kill_now_ns();
	io_connect_t connect = 0;

	if (!service) {
		kill_sleep_ns(300000);
		return;
	}
	kern_return_t result = IOServiceOpen(service, mach_task_self(), 0, &connect);
	IOObjectRelease(service);
	note_open(slot, result, began);
	if (result)
		return;
	for (int i = 0; i < 3 && !result; i++) {
		began = kill_now_ns();
		result = kill_call(connect, random);
		note_open(slot, result, began);
	}
	began = kill_now_ns();
	note_open(slot, IOServiceClose(connect), began);
}

static void *run_opener(void *context)
{
	struct slot *slot = context;
	struct kill_random random;

	kill_random_init(&random, 1000 + slot->number);
	while (!atomic_load(&slot->ending)) {
		atomic_store(&slot->stuck_ns, kill_now_ns() + KILL_STUCK_NS);
		open_once(slot, &random);
		kill_sleep_ns(kill_random_below(&random, 400000));
	}
	return NULL;
}

/* --- the controller --------------------------------------------------------------------- */

static void on_aborted(void *refcon, IOReturn result)
{
	struct slot *slot = refcon;

	slot->aborted++;
	if ((uint32_t)result != (uint32_t)kIOReturnAborted)
		kill_violation("a completion says 0x%x when its host is killed", (unsigned)result);
	kill_times_add(&slot->figures->answers, kill_now_ns() - atomic_load(&slot->killed_ns),
		       KILL_ANSWER_NS);
}

static bool keep(struct slot *slot, io_connect_t connect, IONotificationPortRef port)
{
	io_async_ref64_t reference = { 0 };
	uint32_t none = 0;

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)on_aborted;
	reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)slot;
	return !IOConnectCallAsyncScalarMethod(connect, KILL_KEEP,
					       IONotificationPortGetMachPort(port), reference, 3,
					       NULL, 0, NULL, &none);
}

/* False: it is not there. */
static bool kill_host(struct slot *slot, pid_t pid)
{
	uint64_t now = kill_now_ns();

	atomic_store(&slot->killed_ns, now);
	atomic_store(&slot->last_kill_ns, now);
	slot->last_pid = pid;
	if (kill_send(pid, SIGKILL))
		return false;
	atomic_fetch_add(&slot->figures->kills, 1);
	return true;
}

/* One life with everything: the connection is shared with the callers, then the host dies. */
static void live_and_die(struct slot *slot, IONotificationPortRef port)
{
	uint64_t last = atomic_load(&slot->last_kill_ns);
	io_connect_t connect = kill_session_open(slot->number);
	pid_t pid = kill_session_host(slot->session, slot->number);

	if (last)
		kill_times_add(&slot->figures->returns, kill_now_ns() - last, KILL_STUCK_NS);
	slot->aborted = 0;
	atomic_store(&slot->killed_ns, 0);
	if (pid <= 0 || !keep(slot, connect, port))
		kill_give_up("slot %u does not serve", slot->number);
	pthread_mutex_lock(&slot->lock);
	slot->connect = connect;
	slot->life++;
	slot->n_ended = 0;
	pthread_cond_broadcast(&slot->changed);
	pthread_mutex_unlock(&slot->lock);
	kill_sleep_ns(kill_random_between(&slot->random, 1000, 4000000));
	if (!kill_host(slot, pid))
		kill_violation("the host of slot %u, %d, is not there", slot->number, (int)pid);
	uint64_t stuck = kill_now_ns() + KILL_STUCK_NS;
	while (slot->aborted != 1 && kill_now_ns() < stuck)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.1, true);
	if (slot->aborted != 1)
		kill_give_up("%d completions instead of one", slot->aborted);
	pthread_mutex_lock(&slot->lock);
	while (slot->n_ended < CALLERS) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec++;
		pthread_cond_timedwait(&slot->changed, &slot->lock, &t);
		if (kill_now_ns() > stuck)
			kill_give_up("a call on slot %u has not returned %llu s after the kill",
				     slot->number, KILL_STUCK_NS / 1000000000);
	}
	slot->connect = 0;
	pthread_mutex_unlock(&slot->lock);
	IOServiceClose(connect);
}

/* The next host dies somewhere between its start and its first service; or has ended: loading its bundle replaces one
 * that is up and has no service yet. */
static void die_early(struct slot *slot)
{
	uint64_t stuck = kill_now_ns() + KILL_STUCK_NS;
	pid_t pid;

	while ((pid = kill_session_host(slot->session, slot->number)) <= 0 || pid == slot->last_pid)
		if (kill_now_ns() > stuck)
			kill_give_up("slot %u is not started again", slot->number);
	kill_sleep_ns(kill_random_between(&slot->random, 1000, 16000000));
	kill_host(slot, pid);
	kill_session_pardon(slot->session, slot->number);
}

static void *run_controller(void *context)
{
	struct slot *slot = context;
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	while (atomic_load(&slot->figures->kills) < slot->figures->wanted &&
	       kill_now_ns() < until_ns && !kill_is_violated()) {
		live_and_die(slot, port);
		uint64_t stuck = atomic_load(&slot->stuck_ns);
		if (kill_now_ns() > stuck)
			kill_give_up("opening and closing slot %u takes more than %llu s",
				     slot->number, KILL_STUCK_NS / 1000000000);
		kill_session_pardon(slot->session, slot->number);
		if (!kill_random_below(&slot->random, EARLY))
			die_early(slot);
	}
	pthread_mutex_lock(&slot->lock);
	atomic_store(&slot->ending, true);
	pthread_cond_broadcast(&slot->changed);
	pthread_mutex_unlock(&slot->lock);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(slot->callers[i].thread, NULL);
	pthread_join(slot->opener, NULL);
	IONotificationPortDestroy(port);
	return NULL;
}

/* --- all of it ------------------------------------------------------------------------------- */

static void begin(struct slot *slot, const struct kill_session *session,
		  struct kill_figures *figures, unsigned number)
{
	*slot = (struct slot){ .session = session, .figures = figures, .number = number };
	pthread_mutex_init(&slot->lock, NULL);
	pthread_cond_init(&slot->changed, NULL);
	kill_random_init(&slot->random, number);
	slot->stuck_ns = UINT64_MAX;
	for (unsigned i = 0; i < CALLERS; i++) {
		slot->callers[i] = (struct caller){ .slot = slot, .index = i };
		kill_random_init(&slot->callers[i].random, 100 + number * CALLERS + i);
		pthread_create(&slot->callers[i].thread, NULL, run_caller, &slot->callers[i]);
	}
	pthread_create(&slot->opener, NULL, run_opener, slot);
	pthread_create(&slot->controller, NULL, run_controller, slot);
}

static void run_until(struct kill_session *session, struct kill_figures *figures, uint64_t end_ns)
{
	struct slot *slots = calloc(session->pool, sizeof(*slots));

	until_ns = end_ns;
	for (unsigned i = 0; i < session->pool; i++)
		begin(&slots[i], session, figures, i);
	for (unsigned i = 0; i < session->pool; i++)
		pthread_join(slots[i].controller, NULL);
	free(slots);
	if (!kill_session_await(session))
		kill_give_up("not all hosts have come back");
}

void kill_hosts(struct kill_figures *figures, uint64_t end_ns)
{
	struct kill_session session;
	struct kill_audit before;
	struct kill_figures *warm_up = calloc(1, sizeof(*warm_up));
	uint64_t first = atomic_load(&figures->kills);

	kill_session_make(&session, kill_options.pool);
	kill_session_start(&session, NULL);
	if (!kill_session_await(&session))
		kill_give_up("the hosts do not start");
	/* What the libraries make once and keep is there after some deaths. */
	warm_up->wanted = 5 * session.pool;
	run_until(&session, warm_up, UINT64_MAX);
	kill_audit_take(&before, &session, false);
	run_until(&session, figures, end_ns);
	kill_audit_compare(&before, &session, false, atomic_load(&figures->kills) - first, "hosts");
	kill_session_end(&session);
	free(warm_up);
}
