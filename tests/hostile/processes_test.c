// SPDX-License-Identifier: MIT
/* Processes that are killed, stopped, forked and replaced. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "Hostile.h"
#include "arena.h"
#include "audit.h"
#include "bundles.h"
#include "raw_client.h"
#include "wire/frame.h"
#include "wire/hello.h"

#define FIXTURE "org.portico.test.Fixture"
#define HOSTILE_SERVER "org.portico.test.Hostile"

static kern_return_t echo(io_connect_t c, uint64_t number)
{
	uint64_t out = 0;
	uint32_t n = 1;
	kern_return_t status = IOConnectCallScalarMethod(c, FIXTURE_ECHO, &number, 1, &out, &n);

	if (!status)
		test_equal(out, number + 1);
	return status;
}

/* --- P-C3 ------------------------------------------------------------------------------------------ */

static atomic_bool ends;

static void look_around(void)
{
	io_iterator_t iterator = 0;
	io_object_t entry;

	if (IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane,
				     kIORegistryIterateRecursively, &iterator))
		return;
	while ((entry = IOIteratorNext(iterator))) {
		CFMutableDictionaryRef properties = NULL;
		io_registry_entry_t parent = 0;
		io_string_t path;
		uint32_t busy;

		if (!IORegistryEntryCreateCFProperties(entry, &properties, NULL, 0))
			CFRelease(properties);
		if (!IORegistryEntryGetPath(entry, kIOServicePlane, path))
			IOObjectRelease(IORegistryEntryFromPath(kIOMainPortDefault, path));
		if (!IORegistryEntryGetParentEntry(entry, kIOServicePlane, &parent))
			IOObjectRelease(parent);
		IOServiceGetBusyState(entry, &busy);
		IORegistryEntrySetCFProperty(entry, CFSTR("key"), kCFBooleanTrue);
		IOObjectRelease(entry);
	}
	IOObjectRelease(iterator);
}

static void open_all(void)
{
	io_iterator_t iterator = 0;
	io_object_t entry;

	if (IOServiceGetMatchingServices(kIOMainPortDefault, IOServiceMatching("IOService"),
					 &iterator))
		return;
	while ((entry = IOIteratorNext(iterator))) {
		io_connect_t c = 0;

		if (!IOServiceOpen(entry, mach_task_self(), 0, &c))
			IOServiceClose(c);
		IOObjectRelease(entry);
	}
	IOObjectRelease(iterator);
}

static void on_event(void *refcon, io_iterator_t iterator)
{
	io_object_t entry;

	while ((entry = IOIteratorNext(iterator)))
		IOObjectRelease(entry);
	(void)refcon;
}

static void on_interest(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)refcon;
	(void)service;
	(void)type;
	(void)argument;
}

static void arm_and_disarm(void)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("FixtureDriver"));
	io_iterator_t iterator = 0;
	io_object_t interest = 0;

	if (port && !IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
						      IOServiceMatching("IOService"), on_event,
						      NULL, &iterator)) {
		on_event(NULL, iterator);
		IOObjectRelease(iterator);
	}
	if (port && service &&
	    !IOServiceAddInterestNotification(port, service, kIOGeneralInterest, on_interest, NULL,
					      &interest))
		IOObjectRelease(interest);
	IOObjectRelease(service);
	if (port)
		IONotificationPortDestroy(port);
}

static void *ask_all_the_time(void *context)
{
	void (*ask)(void) = *(void (**)(void))context;

	while (!atomic_load(&ends))
		ask();
	return NULL;
}

/* Entries of the plane, each counted once by its ID. */
static unsigned count_entries(bool shows)
{
	static uint64_t ids[4096];
	io_iterator_t iterator = 0;
	io_object_t entry;
	unsigned n = 0;

	test_equal_error(IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane,
						  kIORegistryIterateRecursively, &iterator),
			 0);
	while ((entry = IOIteratorNext(iterator))) {
		uint64_t id = 0;

		test_equal_error(IORegistryEntryGetRegistryEntryID(entry, &id), 0);
		for (unsigned i = 0; i < n; i++)
			test_true(ids[i] != id); /* no entry twice */
		test_true(n < 4096);
		ids[n++] = id;
		if (shows) {
			io_name_t name = "", class_name = "";

			IORegistryEntryGetName(entry, name);
			IOObjectGetClass(entry, class_name);
			printf("# %#llx %s %s\n", (unsigned long long)id, class_name, name);
		}
		IOObjectRelease(entry);
	}
	IOObjectRelease(iterator);
	return n;
}

HOSTILE(P_C3, the_registry_is_killed_under_everything)
{
	static void (*const questions[])(void) = { look_around, open_all, arm_and_disarm };
	enum { THREADS = sizeof(questions) / sizeof(*questions) };
	pthread_t threads[THREADS];
	unsigned entries;

	arena_begin("Fixture.dext", NULL);
	io_connect_t c = world_open("FixtureDriver", 0);
	pid_t host = world_host_pid(FIXTURE);

	/* With those of the connections that are there all the time. */
	entries = count_entries(false);
	for (uint64_t round = test_rounds(3, 60); round--;) {
		atomic_store(&ends, false);
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, ask_all_the_time,
				       (void *)(uintptr_t)&questions[i]);
		for (uint64_t i = 0; i < 50 + round * 3; i++)
			test_equal_error(echo(c, i), 0);
		world_kill_registry();
		for (uint64_t i = 0; i < 50; i++)
			test_equal_error(echo(c, i), 0);
		world_restart_registry();
		for (uint64_t i = 0; i < 50; i++)
			test_equal_error(echo(c, i), 0);
		atomic_store(&ends, true);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		/* Everybody comes back, nobody twice. */
		IOServiceClose(world_open("FixtureDriver", 0));
		for (int i = 0; i < 2000 && count_entries(false) != entries; i++)
			usleep(5000);
		test_equal(count_entries(count_entries(false) != entries), entries);
	}
	test_equal(world_host_pid(FIXTURE), host);
	IOServiceClose(c);
	arena_end_restarted();
}

/* --- P-C4 ------------------------------------------------------------------------------------------ */

enum { STANDS_MS = 300, STANDS_FULL_MS = 10000, BEAT_MS = 60 };

static void await_stopped(pid_t pid)
{
	char path[64], line[512];

	for (;;) {
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		FILE *f = fopen(path, "re");
		test_true(f && fgets(line, sizeof(line), f));
		fclose(f);
		if (strstr(line, ") T") || strstr(line, ") t"))
			return;
		sched_yield();
	}
}

static uint64_t stand_ns(void)
{
	return (test_is_full() ? STANDS_FULL_MS : STANDS_MS) * 1000000ull;
}

struct caller {
	io_connect_t connect;
	uint32_t selector;
	kern_return_t status;
	atomic_bool done;
	pthread_t thread;
};

static void *call_once(void *context)
{
	struct caller *caller = context;
	uint64_t number = 7, out;
	uint32_t n = 1;

	caller->status = caller->selector == FIXTURE_HOLD
			       ? IOConnectCallScalarMethod(caller->connect, FIXTURE_HOLD, NULL, 0,
							   NULL, NULL)
			       : IOConnectCallScalarMethod(caller->connect, FIXTURE_ECHO, &number,
							   1, &out, &n);
	atomic_store(&caller->done, true);
	return NULL;
}

static void start_caller(struct caller *caller, io_connect_t c, uint32_t selector)
{
	*caller = (struct caller){ .connect = c, .selector = selector };
	test_equal(pthread_create(&caller->thread, NULL, call_once, caller), 0);
}

static void await_held(io_connect_t c)
{
	uint64_t counts[FIXTURE_COUNTS];
	uint32_t n = FIXTURE_COUNTS;

	do
		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, counts, &n),
				 0);
	while (!counts[FIXTURE_HELD]);
}

/* Others work as ever for as long as PID stands still. */
static void work_beside(io_connect_t other)
{
	struct arena_times opens = { .what = "opens beside a process that stands still",
				     .promised_ns = 250000000 };
	uint64_t until = arena_now_ns() + stand_ns();

	do {
		uint64_t began = arena_now_ns();

		IOServiceClose(world_open("HostileDriver", 0));
		arena_took(&opens, arena_now_ns() - began);
		for (int i = 0; i < 100; i++)
			test_equal(arena_ask(other, HOSTILE_TOUCH, 1), HOSTILE_PAGE);
		usleep(1000);
	} while (arena_now_ns() < until);
	arena_judge(&opens);
}

/* A host that stands still holds up its own callers alone, and is reported; then it goes on where it was:
 * with a method that had begun, and with a call that came meanwhile. */
HOSTILE(P_C4, a_host_that_is_stopped)
{
	struct caller inside, outside;

	world_set_heartbeat(BEAT_MS);
	arena_begin("Fixture.dext", "Hostile.dext", NULL);
	io_connect_t c = world_open("FixtureDriver", 0), second = world_open("FixtureDriver", 0);
	io_connect_t other = world_open("HostileDriver", 0);
	pid_t host = world_host_pid(FIXTURE);

	test_equal_error(echo(second, 1), 0);
	start_caller(&inside, c, FIXTURE_HOLD);
	await_held(second);
	kill(host, SIGSTOP);
	await_stopped(host);
	start_caller(&outside, second, FIXTURE_ECHO);
	while (!arena_host_is(FIXTURE, "stopped"))
		usleep(1000);
	work_beside(other);
	test_true(arena_host_is(FIXTURE, "stopped"));
	test_true(!atomic_load(&inside.done) && !atomic_load(&outside.done));
	kill(host, SIGCONT);
	pthread_join(outside.thread, NULL);
	test_equal_error(outside.status, 0);
	test_equal_error(IOConnectCallScalarMethod(second, FIXTURE_RELEASE, NULL, 0, NULL, NULL),
			 0);
	pthread_join(inside.thread, NULL);
	test_equal_error(inside.status, 0);
	while (!arena_host_is(FIXTURE, "up"))
		usleep(1000);
	IOServiceClose(other);
	IOServiceClose(second);
	IOServiceClose(c);
	arena_end();
}

/* As many bytes as its socket takes, and more. */
static void *call_with_much(void *context)
{
	static const uint8_t bytes[30000];

	IOConnectCallStructMethod((io_connect_t)(uintptr_t)context, HOSTILE_ANY, bytes,
				  sizeof(bytes), NULL, NULL);
	return NULL;
}

/* All threads but this one. */
static bool are_all_asleep(void)
{
	DIR *d = opendir("/proc/self/task");
	bool all = true;

	for (struct dirent *e; (e = readdir(d));) {
		char path[300], line[512] = "";
		FILE *f;

		if (e->d_name[0] == '.' || atoi(e->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", e->d_name);
		f = fopen(path, "re");
		all &= f && fgets(line, sizeof(line), f) && strstr(line, ") S");
		if (f)
			fclose(f);
	}
	closedir(d);
	return all;
}

static _Noreturn void destroy_port(pid_t host)
{
	enum { CALLERS = 24 };
	io_connect_t c = world_open("HostileDriver", 0);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	uint64_t reference[1] = { 0 };
	pthread_t thread;

	alarm(20); /* so that a call that hangs is ended */
	test_equal_error(IOConnectCallAsyncScalarMethod(c, HOSTILE_KEEP,
							IONotificationPortGetMachPort(port),
							reference, 1, NULL, 0, NULL, NULL),
			 0);
	kill(host, SIGSTOP);
	await_stopped(host);
	for (int i = 0; i < CALLERS; i++)
		pthread_create(&thread, NULL, call_with_much, (void *)(uintptr_t)c);
	while (!are_all_asleep())
		usleep(1000);
	IONotificationPortDestroy(port);
	IOServiceClose(c);
	_exit(0);
}

/* Who ends a port has nothing to wait for, and least of all for a host that does not read. */
HOSTILE(P_C4, a_port_that_ends_while_its_host_is_stopped)
{
	arena_begin("Fixture.dext", "Hostile.dext", NULL);
	pid_t host = world_host_pid(HOSTILE_SERVER);

	fflush(stdout);
	pid_t child = fork();
	if (!child)
		destroy_port(host);
	int status = arena_wait(child);
	kill(host, SIGCONT);
	test_equal(status, 0);
	IOServiceClose(world_open("HostileDriver", 0));
	arena_end();
}

/* While the registry stands still, connections work; afterwards everything does, and nobody was taken for
 * dead. */
HOSTILE(P_C4, a_registry_that_is_stopped)
{
	world_set_heartbeat(BEAT_MS);
	arena_begin("Fixture.dext", NULL);
	io_connect_t c = world_open("FixtureDriver", 0);
	uint64_t until;

	kill(world_registry_pid(), SIGSTOP);
	await_stopped(world_registry_pid());
	until = arena_now_ns() + stand_ns();
	for (uint64_t i = 0; arena_now_ns() < until; i++) {
		test_equal_error(echo(c, i), 0);
		if (i % 100 == 99)
			usleep(1000);
	}
	kill(world_registry_pid(), SIGCONT);
	IOServiceClose(world_open("FixtureDriver", 0));
	IOServiceClose(c);
	arena_end();
}

/* A program that has armed, mapped and called, and then takes nothing any more. */
static _Noreturn void be_stopped(int ready)
{
	io_connect_t c = world_open("FixtureDriver", 0);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	io_object_t interest = 0;
	io_service_t service = world_service("FixtureDriver");

	IOServiceAddMatchingNotification(port, kIOMatchedNotification,
					 IOServiceMatching("IOService"), on_event, NULL, &iterator);
	IOServiceAddInterestNotification(port, service, kIOGeneralInterest, on_interest, NULL,
					 &interest);
	for (uint64_t i = 0;; i++)
		if (echo(c, i) || (i == 20 && write(ready, "", 1) != 1))
			_exit(1);
}

HOSTILE(P_C4, a_program_that_is_stopped)
{
	int ready[2];
	char byte;

	world_set_heartbeat(BEAT_MS);
	arena_begin("Fixture.dext", "Hostile.dext", NULL);
	io_connect_t c = world_open("FixtureDriver", 0), other = world_open("HostileDriver", 0);

	test_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (!child)
		be_stopped(ready[1]);
	test_equal(read(ready[0], &byte, 1), 1);
	kill(child, SIGSTOP);
	await_stopped(child);
	for (int i = 0; i < 2000; i++) {
		uint64_t in[2] = { 0xe0000001, 1 };

		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_TELL, in, 2, NULL, NULL), 0);
	}
	work_beside(other);
	kill(child, SIGCONT);
	kill(child, SIGKILL);
	test_equal(arena_wait(child), 1000 + SIGKILL);
	close(ready[0]);
	close(ready[1]);
	IOServiceClose(other);
	IOServiceClose(c);
	arena_end();
}

/* --- P-C7 ------------------------------------------------------------------------------------------ */

static void run_tool(const char *words)
{
	char command[700];

	snprintf(command, sizeof(command), "%s %s >%s/drivers/said 2>&1", test_built("bin/portico"),
		 words, test_folder());
	if (system(command)) {
		snprintf(command, sizeof(command), "sed 's/^/# /' %s/drivers/said", test_folder());
		int status = system(command);

		test_fail(__FILE__, __LINE__, "portico %s has failed (%d)", words, status);
	}
}

static int64_t version_of_service(void)
{
	io_service_t service = world_service("HostileDriver");
	CFNumberRef number =
		IORegistryEntryCreateCFProperty(service, CFSTR("HostileVersion"), NULL, 0);
	int64_t version = 0;

	if (number) {
		CFNumberGetValue(number, kCFNumberSInt64Type, &version);
		CFRelease(number);
	}
	IOObjectRelease(service);
	return version;
}

static void make_version(int version)
{
	char body[128];

	snprintf(body, sizeof(body), "<key>HostileVersion</key><integer>%d</integer>", version);
	bundle_make(bundle_folder(), "Hostile", "Hostile.so", "HostileUserClient", body);
}

HOSTILE(P_C7, a_driver_is_replaced_under_its_clients)
{
	enum { CLIENTS = 100 };
	io_connect_t clients[CLIENTS];
	char words[600];

	make_version(1);
	arena_begin_with(bundle_folder());
	arena_spare(HOSTILE_SERVER);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = world_open("HostileDriver", 0);
	test_equal(version_of_service(), 1);
	make_version(2);
	run_tool("unload " HOSTILE_SERVER);
	for (int i = 0; i < CLIENTS; i++) {
		uint64_t in = 1, out;
		uint32_t n = 1;
		kern_return_t status;

		do { /* one that is under way may still be answered */
			n = 1;
			status = IOConnectCallScalarMethod(clients[i], HOSTILE_TOUCH, &in, 1, &out,
							   &n);
		} while (!status);
		/* Or that of a user client which was closed before its host ended, as on macOS. */
		if (!arena_is_death(status) && status != (kern_return_t)kIOReturnBadArgument)
			test_fail(__FILE__, __LINE__, "call: 0x%08x", (unsigned)status);
		IOServiceClose(clients[i]);
	}
	snprintf(words, sizeof(words), "load %s/Hostile.dext", bundle_folder());
	run_tool(words);
	test_equal(version_of_service(), 2);
	io_connect_t c = world_open("HostileDriver", 0);

	test_equal(arena_ask(c, HOSTILE_TOUCH, 1), HOSTILE_PAGE);
	IOServiceClose(c);
	arena_end();
}

/* --- P-C8 ------------------------------------------------------------------------------------------ */

HOSTILE(P_C8, greetings_of_other_versions)
{
	static const uint32_t versions[] = { 0, WIRE_VERSION - 1, WIRE_VERSION + 1, UINT32_MAX };

	arena_begin("Fixture.dext", NULL);
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct wire_hello hello = { .magic = WIRE_MAGIC,
					    .version = versions[i],
					    .role = WIRE_ROLE_CLIENT,
					    .name = "another" };
		struct wire_frame frame = WIRE_FRAME_INIT;
		int fd = raw_connect(world_socket());

		test_equal_error(wire_send(fd, &wire_hello_layout, 1, &hello, NULL, 0, true), 0);
		test_equal_error(wire_frame_receive(fd, &frame, WIRE_CONTROL_MAX, true), 0);
		test_equal_error(frame.header.status, kIOReturnUnsupported);
		test_equal(frame.n_fds, 0);
		test_equal_error(wire_frame_receive(fd, &frame, WIRE_CONTROL_MAX, true), -EPIPE);
		wire_frame_fini(&frame);
		close(fd);
	}
	arena_end();
}

/* --- P-F4 ------------------------------------------------------------------------------------------ */

static uint64_t count_deaths(io_connect_t c)
{
	uint64_t counts[FIXTURE_COUNTS];
	uint32_t n = FIXTURE_COUNTS;

	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, counts, &n), 0);
	return counts[FIXTURE_DEATHS];
}

/* Its child keeps everything open, and it is gone all the same. */
static pid_t start_client_with_heir(int fd)
{
	pid_t child = fork();

	if (!child) {
		io_connect_t c = world_open("FixtureDriver", 0);
		IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
		pid_t heir;

		IOConnectSetNotificationPort(c, 0, IONotificationPortGetMachPort(port), 0);
		echo(c, 1);
		heir = fork();
		if (!heir)
			for (;;)
				pause();
		_exit(write(fd, &heir, sizeof(heir)) != sizeof(heir));
	}
	return child;
}

HOSTILE(P_F4, descriptors_that_an_heir_keeps)
{
	int fds[2];
	pid_t heir;

	arena_begin("Fixture.dext", NULL);
	io_connect_t c = world_open("FixtureDriver", 0);

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	for (uint64_t i = 0; i < test_rounds(4, 200); i++) {
		uint64_t deaths = count_deaths(c);
		uint64_t in[2] = { 0xe0000001, 1 };

		test_equal(arena_wait(start_client_with_heir(fds[1])), 0);
		test_equal(read(fds[0], &heir, sizeof(heir)), sizeof(heir));
		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_TELL, in, 2, NULL, NULL), 0);
		while (count_deaths(c) == deaths)
			sched_yield();
		kill(heir, SIGKILL);
		while (waitpid(heir, NULL, 0) != heir)
			sched_yield();
	}
	close(fds[0]);
	close(fds[1]);
	IOServiceClose(c);
	arena_end();
}

TEST_MAIN
