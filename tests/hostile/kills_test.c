// SPDX-License-Identifier: MIT
/*
 * Driver hosts and programs that are killed at the start, in the middle and at the end of each call of the
 * API. A thread waits for the call to begin and kills after none, half or all of the time that such a call
 * takes. Campaigns at any moment are `make kill`'s.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "Methods.h"
#include "arena.h"

#define SERVER "org.portico.test.Methods"
#define ANSWER_NS 100000000ull
#define STUCK_NS 5000000000ull
enum { PHASES = 3, LARGE = 200000, SAMPLES = 9 };

/* --- calls of the API ------------------------------------------------------------------------------ */

struct subject {
	io_service_t service;
	io_connect_t connect;
	mach_port_t port;
};

static void subject_open(struct subject *s)
{
	s->service = world_service("MethodsDriver");
	s->connect = world_open("MethodsDriver", METHODS_TABLE);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &s->port), 0);
}

static void subject_close(struct subject *s)
{
	IOServiceClose(s->connect);
	IOObjectRelease(s->service);
	mach_port_mod_refs(mach_task_self(), s->port, MACH_PORT_RIGHT_RECEIVE, -1);
}

static kern_return_t call_scalars(const struct subject *s)
{
	uint64_t in[2] = { 40, 2 }, out = 0;
	uint32_t n = 1;
	kern_return_t status = IOConnectCallScalarMethod(s->connect, METHODS_SUM, in, 2, &out, &n);

	test_true(status || (n == 1 && out == 42));
	return status;
}

static kern_return_t call_structure(const struct subject *s)
{
	uint8_t in[16] = "fifteen letters", out[16] = "";
	size_t size = sizeof(out);
	kern_return_t status =
		IOConnectCallStructMethod(s->connect, METHODS_COPY16, in, sizeof(in), out, &size);

	test_true(status || (size == 16 && !memcmp(in, out, 16)));
	return status;
}

static kern_return_t call_large(const struct subject *s)
{
	static uint8_t in[LARGE], out[LARGE];
	size_t size = sizeof(out);

	return IOConnectCallMethod(s->connect, METHODS_LOOK, NULL, 0, in, sizeof(in), NULL, NULL,
				   out, &size);
}

static kern_return_t call_async(const struct subject *s)
{
	uint64_t in[2] = { 1, 0 }, reference[8] = { 0 }, out = 0;
	uint32_t n = 1;

	return IOConnectCallAsyncScalarMethod(s->connect, METHODS_NOW, s->port, reference, 3, in, 2,
					      &out, &n);
}

static kern_return_t call_trap(const struct subject *s)
{
	IOConnectTrap2(s->connect, METHODS_TRAP_SUM, 40, 2); /* a sum is all it can say */
	return 0;
}

static kern_return_t map_memory(const struct subject *s)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	kern_return_t status = IOConnectMapMemory64(s->connect, METHODS_MEMORY, mach_task_self(),
						    &address, &size, kIOMapAnywhere);

	if (status)
		return status;
	*(volatile uint8_t *)(uintptr_t)address = 1; /* also when the driver has gone */
	return IOConnectUnmapMemory64(s->connect, METHODS_MEMORY, mach_task_self(), address);
}

static kern_return_t set_port(const struct subject *s)
{
	return IOConnectSetNotificationPort(s->connect, 0, s->port, 0);
}

static kern_return_t get_service(const struct subject *s)
{
	io_service_t service = 0;
	kern_return_t status = IOConnectGetService(s->connect, &service);

	if (!status)
		IOObjectRelease(service);
	return status;
}

static kern_return_t set_properties(const struct subject *s)
{
	return IOConnectSetCFProperty(s->connect, CFSTR("key"), kCFBooleanTrue);
}

static kern_return_t set_properties_of_service(const struct subject *s)
{
	return IORegistryEntrySetCFProperty(s->service, CFSTR("key"), kCFBooleanTrue);
}

static kern_return_t read_properties(const struct subject *s)
{
	CFMutableDictionaryRef properties = NULL;
	kern_return_t status = IORegistryEntryCreateCFProperties(s->service, &properties, NULL, 0);

	if (!status)
		CFRelease(properties);
	return status;
}

static kern_return_t request_probe(const struct subject *s)
{
	return IOServiceRequestProbe(s->service, 0);
}

static kern_return_t open_another(const struct subject *s)
{
	io_connect_t c = 0;
	kern_return_t status = IOServiceOpen(s->service, mach_task_self(), METHODS_TABLE, &c);

	return status ? status : IOServiceClose(c);
}

static kern_return_t close_it(const struct subject *s)
{
	return IOServiceClose(s->connect);
}

static const struct operation {
	const char *name;
	kern_return_t (*run)(const struct subject *s);
	bool opens; /* what ends just now cannot be opened: kIOReturnUnsupported, as on macOS */
} operations[] = {
	{ "scalars", call_scalars, false },
	{ "structure", call_structure, false },
	{ "large structure", call_large, false },
	{ "asynchronous call", call_async, false },
	{ "trap", call_trap, false },
	{ "map and unmap", map_memory, false },
	{ "set port", set_port, false },
	{ "get service", get_service, false },
	{ "set properties", set_properties, false },
	{ "set properties of the service", set_properties_of_service, false },
	{ "read properties", read_properties, false },
	{ "probe", request_probe, false },
	{ "open and close", open_another, true },
	{ "close", close_it, false },
};
enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

/* What each says, and how long it takes, when nobody is killed. */
static struct usual {
	kern_return_t status;
	uint64_t ns;
} usual[OPERATIONS];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void learn_usual(void)
{
	for (int i = 0; i < OPERATIONS; i++) {
		uint64_t times[SAMPLES];

		for (int k = 0; k < SAMPLES; k++) {
			struct subject s;

			subject_open(&s);
			call_scalars(&s);
			times[k] = arena_now_ns();
			usual[i].status = operations[i].run(&s);
			times[k] = arena_now_ns() - times[k];
			subject_close(&s);
		}
		qsort(times, SAMPLES, sizeof(*times), compare);
		usual[i].ns = times[SAMPLES / 2];
	}
}

static void check_status(const struct operation *o, kern_return_t status)
{
	if (status == usual[o - operations].status || arena_is_death(status) ||
	    (o->opens && (uint32_t)status == (uint32_t)kIOReturnUnsupported))
		return;
	test_fail(__FILE__, __LINE__, "%s: 0x%08x", o->name, (unsigned)status);
}

/* --- who kills ------------------------------------------------------------------------------------------ */

/* Between the one who calls, maybe in another process, and the one who kills. */
struct aim {
	atomic_bool ready;		/* it looks at .began */
	_Atomic uint64_t began, killed; /* ns */
};

static void await_and_kill(struct aim *aim, pid_t pid, uint64_t delay_ns)
{
	uint64_t began;

	atomic_store(&aim->ready, true);
	while (!(began = atomic_load(&aim->began)))
		sched_yield();
	while (arena_now_ns() < began + delay_ns)
		;
	atomic_store(&aim->killed, arena_now_ns());
	test_equal(kill(pid, SIGKILL), 0);
}

static struct {
	struct aim aim;
	pid_t pid;
	uint64_t delay_ns;
	sem_t go, done;
	pthread_t thread;
} killer;

static void *kill_when_told(void *context)
{
	for (;;) {
		while (sem_wait(&killer.go))
			;
		if (!killer.pid)
			return context;
		await_and_kill(&killer.aim, killer.pid, killer.delay_ns);
		sem_post(&killer.done);
	}
}

static void aim_at(pid_t pid, uint64_t delay_ns)
{
	atomic_store(&killer.aim.ready, false);
	atomic_store(&killer.aim.began, 0);
	atomic_store(&killer.aim.killed, 0);
	killer.pid = pid;
	killer.delay_ns = delay_ns;
	sem_post(&killer.go);
	while (pid && !atomic_load(&killer.aim.ready))
		sched_yield();
}

/* --- P-C1 ------------------------------------------------------------------------------------------ */

/* From the kill, or the beginning of the call if that was later, to its answer. */
static void note_answer(struct arena_times *times, uint64_t began)
{
	uint64_t now = arena_now_ns(), killed = atomic_load(&killer.aim.killed);

	if (killed && killed < now)
		arena_took(times, now - (began > killed ? began : killed));
}

static void kill_host_in(const struct operation *o, unsigned phase, struct arena_times *times)
{
	struct subject s;
	kern_return_t status;
	uint64_t began;
	io_connect_t other;

	arena_pardon(NULL, "Methods.dext");
	subject_open(&s);
	other = world_open("MethodsDriver", METHODS_TABLE);
	test_equal_error(call_scalars(&s), 0);
	aim_at(world_host_pid(SERVER), usual[o - operations].ns * phase / (PHASES - 1));
	began = arena_now_ns();
	atomic_store(&killer.aim.began, began);
	check_status(o, o->run(&s));
	note_answer(times, began);
	while (sem_wait(&killer.done))
		;
	do { /* one that is under way may still be answered */
		began = arena_now_ns();
		status = call_scalars(&(struct subject){ .connect = other });
		test_true(began < atomic_load(&killer.aim.killed) + STUCK_NS);
	} while (!status);
	test_true(arena_is_death(status));
	note_answer(times, began);
	IOServiceClose(other);
	subject_close(&s);
}

HOSTILE(P_C1, the_host_is_killed_in_each_call)
{
	const uint64_t kills = test_rounds(OPERATIONS * PHASES, 10000);
	struct arena_times times = { .what = "calls of killed hosts", .promised_ns = ANSWER_NS };

	arena_begin("Methods.dext", NULL);
	arena_spare(SERVER);
	learn_usual();
	sem_init(&killer.go, 0, 0);
	sem_init(&killer.done, 0, 0);
	test_equal(pthread_create(&killer.thread, NULL, kill_when_told, NULL), 0);
	for (uint64_t i = 0; i < kills; i++)
		kill_host_in(&operations[i % OPERATIONS], i / OPERATIONS % PHASES, &times);
	aim_at(0, 0);
	pthread_join(killer.thread, NULL);
	arena_judge(&times);
	IOServiceClose(world_open("MethodsDriver", METHODS_TABLE));
	arena_count(kills * 10);
	arena_end();
}

static void *hold(void *context)
{
	*(kern_return_t *)context = IOConnectCallScalarMethod(*(io_connect_t *)context,
							      METHODS_HOLD, NULL, 0, NULL, NULL);
	return NULL;
}

static void read_counts(io_connect_t c, uint64_t counts[METHODS_N])
{
	uint32_t n = METHODS_N;

	test_equal_error(IOConnectCallScalarMethod(c, METHODS_COUNTS, NULL, 0, counts, &n), 0);
}

/* In the middle for certain: the method runs. */
HOSTILE(P_C1, the_host_is_killed_while_methods_run)
{
	enum { CALLERS = 4 };
	struct arena_times times = { .what = "calls of killed hosts", .promised_ns = ANSWER_NS };

	arena_begin("Methods.dext", NULL);
	arena_spare(SERVER);
	for (uint64_t round = test_rounds(5, 500); round--;) {
		union {
			io_connect_t connect;
			kern_return_t status;
		} calls[CALLERS];
		uint64_t counts[METHODS_N], killed;
		pthread_t threads[CALLERS];

		arena_pardon(NULL, "Methods.dext");
		io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);
		io_connect_t held = world_open("MethodsDriver", METHODS_TABLE);

		for (int i = 0; i < CALLERS; i++) {
			calls[i].connect = held;
			pthread_create(&threads[i], NULL, hold, &calls[i]);
		}
		do
			read_counts(c, counts);
		while (counts[METHODS_N_HELD] < CALLERS);
		killed = arena_now_ns();
		kill(world_host_pid(SERVER), SIGKILL);
		for (int i = 0; i < CALLERS; i++) {
			pthread_join(threads[i], NULL);
			arena_took(&times, arena_now_ns() - killed);
			test_true(arena_is_death(calls[i].status));
		}
		IOServiceClose(held);
		IOServiceClose(c);
	}
	arena_judge(&times);
	IOServiceClose(world_open("MethodsDriver", METHODS_TABLE));
	arena_end();
}

/* --- P-C2 ------------------------------------------------------------------------------------------ */

/* A program that does it once when its killer looks, and again until it is killed. */
static _Noreturn void be_killed(const struct operation *o, struct aim *aim)
{
	struct subject s;

	subject_open(&s);
	call_scalars(&s);
	while (!atomic_load(&aim->ready))
		sched_yield();
	atomic_store(&aim->began, arena_now_ns());
	do
		o->run(&s);
	while (o->run != close_it);
	for (;;)
		pause();
}

HOSTILE(P_C2, a_program_is_killed_in_each_call)
{
	const uint64_t kills = test_rounds(OPERATIONS * PHASES, 10000);
	uint64_t before[METHODS_N], after[METHODS_N];
	struct aim *aim =
		mmap(NULL, sizeof(*aim), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	arena_begin("Methods.dext", NULL);
	learn_usual();
	io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);

	read_counts(c, before);
	for (uint64_t i = 0; i < kills; i++) {
		const struct operation *o = &operations[i % OPERATIONS];

		atomic_store(&aim->ready, false);
		atomic_store(&aim->began, 0);
		pid_t child = fork();

		if (!child)
			be_killed(o, aim);
		await_and_kill(aim, child,
			       usual[o - operations].ns * (i / OPERATIONS % PHASES) / (PHASES - 1));
		test_equal(arena_wait(child), 1000 + SIGKILL);
	}
	do
		read_counts(c, after);
	while (after[METHODS_N_STOPS] - before[METHODS_N_STOPS] <
		       after[METHODS_N_STARTS] - before[METHODS_N_STARTS] ||
	       after[METHODS_N_STOPS] - before[METHODS_N_STOPS] < kills);
	/* Each that was opened was closed, once, and nothing ran after it. */
	test_equal(after[METHODS_N_CLOSES] - before[METHODS_N_CLOSES],
		   after[METHODS_N_STARTS] - before[METHODS_N_STARTS]);
	test_equal(after[METHODS_N_OVERLAPS], before[METHODS_N_OVERLAPS]);
	test_equal(after[METHODS_N_DISORDER], before[METHODS_N_DISORDER]);
	IOServiceClose(c);
	munmap(aim, sizeof(*aim));
	arena_count(kills * 10);
	arena_end();
}

TEST_MAIN
