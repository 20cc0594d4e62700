// SPDX-License-Identifier: MIT
/* Programs that are hard on themselves: threads cancelled, descriptors closed, little allowed. Nobody else notices. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "Hostile.h"
#include "Torrent.h"
#include "arena.h"
#include "raw_client.h"

static kern_return_t echo(io_connect_t c, uint64_t number)
{
	uint64_t out = 0;
	uint32_t n = 1;

	return IOConnectCallScalarMethod(c, FIXTURE_ECHO, &number, 1, &out, &n);
}

static kern_return_t call_with(io_connect_t c, size_t size)
{
	static const uint8_t bytes[1 << 20];
	uint64_t out;
	uint32_t n = 1;

	return IOConnectCallMethod(c, FIXTURE_STEADY, NULL, 0, bytes, size, &out, &n, NULL, NULL);
}

static kern_return_t hostile_sum(io_connect_t c)
{
	uint64_t in[2] = { 20, 22 }, out = 0;
	uint32_t n = 1;

	return IOConnectCallScalarMethod(c, HOSTILE_SUM, in, 2, &out, &n);
}

/* A program of its own, which exits with 0, in a session with the Fixture. */
static void run_program(void (*run)(uint64_t), uint64_t argument)
{
	fflush(stdout);
	pid_t child = fork();

	if (!child) {
		alarm(test_is_full() ? 600 : 60); /* so that a call that hangs is ended */
		run(argument);
		_exit(0);
	}
	test_equal(arena_wait(child), 0);
}

/* --- P-L7 ------------------------------------------------------------------------------------------ */

struct asker {
	io_connect_t connect;
	uint64_t what;
	pthread_t thread;
};

static void ask(uint64_t what, io_connect_t c)
{
	switch (what % 4) {
	case 0:
		echo(c, what);
		break;
	case 1:
		call_with(c, 100000);
		break;
	case 2:
		IOObjectRelease(IOServiceGetMatchingService(kIOMainPortDefault,
							    IOServiceMatching("FixtureDriver")));
		break;
	default:
		IOServiceClose(world_open("FixtureDriver", 0));
	}
}

static void *ask_until_cancelled(void *context)
{
	const struct asker *asker = context;

	for (;;) {
		pthread_testcancel();
		ask(asker->what, asker->connect);
	}
	return NULL;
}

static void cancel_threads(uint64_t rounds)
{
	enum { ASKERS = 4 };
	struct asker askers[ASKERS];
	uint64_t random = 1;
	io_connect_t c = world_open("FixtureDriver", 0);

	while (rounds--) {
		for (uint64_t i = 0; i < ASKERS; i++) {
			askers[i] = (struct asker){ .connect = c, .what = rounds + i / 2 };
			pthread_create(&askers[i].thread, NULL, ask_until_cancelled, &askers[i]);
		}
		usleep((useconds_t)(arena_random(&random) % 2000));
		for (int i = 0; i < ASKERS; i++)
			pthread_cancel(askers[i].thread);
		for (int i = 0; i < ASKERS; i++)
			pthread_join(askers[i].thread, NULL);
		for (uint64_t what = 0; what < 4; what++)
			ask(what, c);
		test_equal_error(echo(c, rounds), 0);
	}
	IOServiceClose(c);
}

/* As on macOS no function of ours is a cancellation point: a thread that is cancelled inside one leaves
 * no lock behind, nor a call on its stack, and whoever comes after it is served. */
HOSTILE(P_L7, threads_that_are_cancelled_inside)
{
	arena_begin("Fixture.dext", NULL);
	run_program(cancel_threads, test_rounds(40, 4000));
	arena_end();
}

/* --- P-F4, P-D5: descriptors ------------------------------------------------------------------------ */

enum { FILES = 64 };

/* Files of the program's own get the numbers that the library's descriptors had. */
static void open_files(int files[FILES])
{
	for (int i = 0; i < FILES; i++) {
		files[i] = memfd_create("file", MFD_CLOEXEC);
		test_true(files[i] >= 0);
	}
}

static void expect_untouched(const int files[FILES])
{
	struct stat st;

	for (int i = 0; i < FILES; i++) {
		test_equal(fstat(files[i], &st), 0);
		test_true(S_ISREG(st.st_mode));
		test_equal(st.st_size, 0);
	}
}

static void close_all_descriptors(uint64_t n_calls)
{
	io_connect_t c = world_open("FixtureDriver", 0);
	int files[FILES];

	for (uint64_t i = 0; i < n_calls; i++)
		test_equal_error(echo(c, i), 0);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	if (n_calls % 8)
		open_files(files);
	kern_return_t status;
	do /* one that the driver still sees may be answered */
		status = echo(c, 1);
	while (!status);
	if (!arena_is_death(status))
		test_fail(__FILE__, __LINE__, "call: 0x%08x", (unsigned)status);
	IOServiceClose(c);
	if (n_calls % 8)
		expect_untouched(files);
}

/* The library's sockets, too: calls on what was open end. */
HOSTILE(P_F4, a_program_that_closes_all_descriptors)
{
	arena_begin("Fixture.dext", NULL);
	for (uint64_t round = test_rounds(8, 200); round--;)
		run_program(close_all_descriptors, round * 4); /* with call slots or without */
	arena_end();
}

static char own_drivers[300];

/* Before the arena, which wants to find everything as it was. */
static void prepare_own_session(void)
{
	snprintf(own_drivers, sizeof(own_drivers), "%s/own", test_folder());
	test_equal(mkdir(own_drivers, 0700), 0);
	arena_link_bundle(own_drivers, "Fixture.dext");
	arena_link_bundle(own_drivers, "Torrent.dext");
}

/* The program's own, with the Fixture. */
static void use_own_session(bool in_process)
{
	setenv("PORTICO_SESSION", "embedded", 1);
	setenv("PORTICO_DRIVERS", own_drivers, 1);
	setenv("PORTICO_NO_DEFAULT_DRIVERS", "1", 1);
	setenv("PORTICO_NO_BRIDGE", "1", 1);
	if (in_process)
		setenv("PORTICO_IN_PROCESS", "1", 1);
}

static void close_descriptors_of_session(uint64_t in_process)
{
	use_own_session(in_process);
	close_all_descriptors(20);
	/* Whatever this answers. */
	IOObjectRelease(IOServiceGetMatchingService(kIOMainPortDefault,
						    IOServiceMatching("FixtureDriver")));
	if (!test_is_slow()) /* a leak check would look at what was left as it was */
		exit(0);
}

/* With those of a registry in the same process: nothing can be had any more, and nobody waits for it. */
HOSTILE(P_F4, a_program_that_closes_the_descriptors_of_its_session)
{
	prepare_own_session();
	arena_begin("Fixture.dext", NULL);
	for (uint64_t round = test_rounds(3, 100); round--;)
		for (uint64_t in_process = 0; in_process < 2; in_process++)
			run_program(close_descriptors_of_session, in_process);
	arena_end();
}

/* --- P-L7: the end of a program -------------------------------------------------------------------- */

static void leave(void *refcon, IOReturn result, void **arguments, uint32_t count)
{
	exit(0);
}

/* The driver has a thread of its own that goes on sending. */
static void exit_amid_completions(uint64_t in_process)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	uint64_t reference[kIOAsyncCalloutCount] = { 0 }, in[2] = { 2000, 1 };
	dispatch_queue_t queue = dispatch_queue_create("leaving", NULL);

	use_own_session(in_process);
	IONotificationPortSetDispatchQueue(port, queue);
	reference[kIOAsyncCalloutFuncIndex] = (uint64_t)(uintptr_t)leave;
	test_equal_error(IOConnectCallAsyncScalarMethod(world_open("Torrent", 0), TORRENT_STREAM,
							IONotificationPortGetMachPort(port),
							reference, kIOAsyncCalloutCount, in, 2,
							NULL, &(uint32_t){ 0 }),
			 0);
	for (;;)
		pause();
}

HOSTILE(P_L7, a_program_that_exits_amid_completions)
{
	if (test_is_slow())
		test_skip("a leak check at the end would look at what is under way");
	prepare_own_session();
	arena_begin("Fixture.dext", NULL);
	for (uint64_t round = test_rounds(60, 3000); round--;)
		run_program(exit_amid_completions, round % 4 != 0);
	arena_end();
}

/* A program of its own: the first descriptors that it opens are the library's. */
static int print_without_output(void)
{
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("FixtureDriver"));
	uint64_t n_failed = 0;
	io_connect_t c = 0;

	if (IOServiceOpen(service, mach_task_self(), 0, &c))
		return 4;
	for (uint64_t i = 0; i < 50; i++) {
		for (int fd = 0; fd < 3; fd++)
			if (write(fd, "a line for nobody\n", 18) > 0)
				return 2;
		n_failed += echo(c, i) != 0;
	}
	IOServiceClose(c);
	IOObjectRelease(service);
	return n_failed ? 3 : 0;
}

static void run_without_descriptors(uint64_t argument)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	execl("/proc/self/exe", "programs_test", "--printing", (char *)NULL);
	_exit(127);
}

/* What it prints goes nowhere, and above all not into its connections. */
HOSTILE(P_D5, a_program_without_standard_descriptors)
{
	arena_begin("Fixture.dext", NULL);
	run_program(run_without_descriptors, 0);
	arena_end();
}

/* --- P-C5 ------------------------------------------------------------------------------------------ */

static void *find_fixture(void *context)
{
	IOObjectRelease(IOServiceGetMatchingService(kIOMainPortDefault,
						    IOServiceMatching("FixtureDriver")));
	return NULL;
}

/* Its first thread to ask waits for the registry's greeting. */
static void fork_while_connecting(uint64_t registry)
{
	int before = test_count_fds();
	pthread_t thread;

	test_equal(kill((pid_t)registry, SIGSTOP), 0);
	pthread_create(&thread, NULL, find_fixture, NULL);
	while (test_count_fds() == before)
		sched_yield();
	pid_t child = fork();
	if (!child) /* it has none of its parent's sockets */
		_exit(test_count_fds() != before);
	int status = arena_wait(child);
	test_equal(kill((pid_t)registry, SIGCONT), 0);
	test_equal(status, 0);
	pthread_join(thread, NULL);
	IOServiceClose(world_open("FixtureDriver", 0));
}

HOSTILE(P_C5, a_program_that_forks_while_the_registry_stands_still)
{
	arena_begin("Fixture.dext", NULL);
	for (uint64_t round = test_rounds(5, 500); round--;)
		run_program(fork_while_connecting, (uint64_t)world_registry_pid());
	arena_end();
}

/* Connections that other threads just receive are known to nobody: one stands for them that the library
 * has not heard of. */
static void fork_while_receiving(uint64_t unused)
{
	io_connect_t c = world_open("FixtureDriver", 0);
	int received = raw_connect(world_socket()), own[2];

	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, own), 0);
	pid_t child = fork();
	if (!child)
		_exit(fcntl(received, F_GETFD) >= 0 || fcntl(own[0], F_GETFD) < 0 ||
		      fcntl(own[1], F_GETFD) < 0);
	test_equal(arena_wait(child), 0);
	test_true(fcntl(received, F_GETFD) >= 0);
	test_equal_error(echo(c, 1), 0);
	IOServiceClose(c);
	close(received);
}

HOSTILE(P_C5, a_program_that_forks_while_it_receives_connections)
{
	arena_begin("Fixture.dext", NULL);
	run_program(fork_while_receiving, 0);
	arena_end();
}

/* Processes whose arguments name the program's own drivers. */
static int count_own_hosts(void)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	test_true(folder != NULL);
	while ((entry = readdir(folder))) {
		char path[300], arguments[4096];
		size_t size = 0;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		FILE *f = fopen(path, "re");
		if (f) {
			size = fread(arguments, 1, sizeof(arguments), f);
			fclose(f);
		}
		n += size && memmem(arguments, size, own_drivers, strlen(own_drivers)) != NULL;
	}
	closedir(folder);
	return n;
}

/* With a session of its own, and a child that says so to WRITER and lives on. */
static bool handlers_call;

static void call_from_handler(void)
{
	if (!handlers_call)
		return;
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_connect_t c = world_open("FixtureDriver", 0);

	test_equal_error(echo(c, 1), 0);
	test_equal_error(IOServiceClose(c), 0);
	IONotificationPortDestroy(port);
}

/* Before the first call of the library. */
__attribute__((constructor)) static void register_handlers(void)
{
	pthread_atfork(call_from_handler, call_from_handler, call_from_handler);
}

static void fork_with_handlers(uint64_t unused)
{
	handlers_call = true;
	call_from_handler();
	pid_t child = fork();

	if (!child)
		_exit(0);
	test_equal(arena_wait(child), 0);
}

HOSTILE(P_C5, handlers_of_forks_that_call)
{
	arena_begin("Fixture.dext", NULL);
	run_program(fork_with_handlers, 0);
	arena_end();
}

static void *call_and_end(void *context)
{
	io_connect_t c = (io_connect_t)(uintptr_t)context;

	for (uint64_t i = 0; i < 10; i++)
		test_equal_error(echo(c, i), 0);
	test_equal_error(call_with(c, 100000), 0);
	return NULL;
}

HOSTILE(P_D5, a_program_that_has_taken_all_keys)
{
	pthread_key_t key;
	pthread_t thread;

	/* Before the libraries take any. */
	while (!pthread_key_create(&key, NULL))
		;
	arena_begin("Fixture.dext", NULL);
	void *c = (void *)(uintptr_t)world_open("FixtureDriver", 0);

	call_and_end(c);
	for (int i = 0; i < 100; i++) {
		test_equal(pthread_create(&thread, NULL, call_and_end, c), 0);
		pthread_join(thread, NULL);
	}
	IOServiceClose((io_connect_t)(uintptr_t)c);
	arena_end();
}

static void die_while_a_child_lives(int writer)
{
	use_own_session(false);
	test_equal_error(echo(world_open("FixtureDriver", 0), 1), 0);
	pid_t child = fork();
	if (!child) {
		alarm(60); /* should nobody end it */
		for (;;)
			pause();
	}
	test_equal(write(writer, &child, sizeof(child)), sizeof(child));
	raise(SIGKILL);
}

HOSTILE(P_C2, a_program_that_is_killed_while_its_child_lives)
{
	pid_t child;
	int ends[2];

	prepare_own_session();
	arena_begin("Fixture.dext", NULL);
	test_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t program = fork();
	if (!program)
		die_while_a_child_lives(ends[1]);
	test_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	test_equal(arena_wait(program), 1000 + SIGKILL);
	/* Until the hosts, too, have ended; the watchdog's patience has a limit. */
	while (count_own_hosts())
		sched_yield();
	kill(child, SIGKILL);
	close(ends[0]);
	close(ends[1]);
	arena_end();
}

/* As a language's run time may do that knows system calls. */
static void fork_past_handlers(uint64_t own)
{
	if (own)
		use_own_session(own > 1);
	io_connect_t c = world_open("FixtureDriver", 0);
	io_service_t service = world_service("FixtureDriver");

	test_equal_error(echo(c, 1), 0);
	fflush(stdout);
	uint64_t start = arena_now_ns();
	pid_t child = _Fork();
	if (!child) {
		IOServiceClose(c);
		IOObjectRelease(service);
		if (test_is_slow()) /* a leak check would miss the parent's threads */
			_exit(0);
		exit(0);
	}
	test_equal(arena_wait(child), 0);
	/* It does not wait for threads that it does not have. */
	test_true(test_is_slow() || arena_now_ns() - start < 800000000);
	test_equal_error(echo(c, 2), 0);
	test_true(IOObjectConformsTo(service, "FixtureDriver"));
	IOObjectRelease(service);
	IOServiceClose(c);
}

HOSTILE(P_C5, a_program_whose_children_no_handler_heard_of)
{
	prepare_own_session();
	arena_begin("Fixture.dext", NULL);
	for (uint64_t own = 0; own < 3; own++)
		run_program(fork_past_handlers, own);
	arena_end();
}

/* --- P-L2 ------------------------------------------------------------------------------------------ */

static void unload(uint64_t own)
{
	char library[300];

	if (own)
		use_own_session(own > 1);
	snprintf(library, sizeof(library), "%s", test_built("lib/libIOKit.so.1"));
	execl(test_built("tests/hostile/unloader"), "unloader", library, (char *)NULL);
	_exit(127);
}

/* Its threads, and handlers of the process, are in the library: it stays. */
HOSTILE(P_L2, a_library_that_is_unloaded_while_it_is_used)
{
	if (test_is_slow())
		test_skip("a program without the sanitizer cannot load libraries with it");
	prepare_own_session();
	arena_begin("Fixture.dext", NULL);
	for (uint64_t own = 0; own < 3; own++)
		run_program(unload, own);
	arena_end();
}

/* --- P-E2, P-E3: file sizes --------------------------------------------------------------------------- */

static void write_small_files_only(uint64_t most)
{
	test_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ most, most }), 0);
	io_connect_t c = world_open("FixtureDriver", 0);

	for (uint64_t i = 0; i < 20; i++)
		test_equal_error(echo(c, i), 0);
	/* What does not fit is an error. */
	for (size_t size = 1000; size <= 1 << 20; size *= 4)
		call_with(c, size);
	test_equal_error(call_with(c, 100), 0);
	IOServiceClose(c);
}

/* The limit counts for memory files as well, and its signal ends who does not expect it. */
HOSTILE(P_E2, a_program_that_may_only_write_small_files)
{
	static const uint64_t limits[] = { 0, 4096, 65536, 1 << 20 };

	arena_begin("Fixture.dext", NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		run_program(write_small_files_only, limits[i]);
	arena_end();
}

/* --- P-E2: stacks ------------------------------------------------------------------------------------ */

enum { LITTLE_STACK = 14 * 1024 }; /* as much as the smallest of other programs leaves */

static void read_everything(io_service_t service)
{
	CFMutableDictionaryRef properties = NULL;
	CFStringRef path = IORegistryEntryCopyPath(service, kIOServicePlane);

	test_true(path != NULL);
	IOObjectRelease(IORegistryEntryCopyFromPath(kIOMainPortDefault, path));
	CFRelease(path);
	test_equal_error(
		IORegistryEntryCreateCFProperties(service, &properties, kCFAllocatorDefault, 0), 0);
	CFDataRef xml =
		CFPropertyListCreateData(NULL, properties, kCFPropertyListXMLFormat_v1_0, 0, NULL);
	CFPropertyListRef same = CFPropertyListCreateWithData(NULL, xml, 0, NULL, NULL);
	test_true(CFEqual(properties, same));
	CFRelease(same);
	CFRelease(xml);
	CFRelease(properties);
}

static void *use_little_stack(void *context)
{
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("FixtureDriver"));
	io_connect_t c = 0;

	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &c), 0);
	for (uint64_t i = 0; i < 10; i++)
		test_equal_error(echo(c, i), 0);
	test_equal_error(call_with(c, 100000), 0);
	read_everything(service);
	IOServiceClose(c);
	/* So often that what is given back fills every buffer. */
	for (int i = 0; i < 5000; i++) {
		IOObjectRelease(service);
		service = IOServiceGetMatchingService(kIOMainPortDefault,
						      IOServiceMatching("FixtureDriver"));
	}
	IOObjectRelease(service);
	return NULL;
}

static void *do_nothing(void *context)
{
	return NULL;
}

/* What remains of SIZE when the C library has put there what this program keeps for each thread, which is
 * not said: nearly nothing of the smallest that it accepts. */
static size_t stack_of(size_t size)
{
	size_t smallest = PTHREAD_STACK_MIN;
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	do
		pthread_attr_setstacksize(&attributes, smallest += 4096);
	while (pthread_create(&thread, &attributes, do_nothing, NULL));
	pthread_join(thread, NULL);
	return smallest + size;
}

static void ask_with_little_stack(uint64_t own)
{
	pthread_attr_t little;
	pthread_t thread;

	if (own)
		use_own_session(own > 1);
	pthread_attr_init(&little);
	test_equal(pthread_attr_setstacksize(&little, stack_of(LITTLE_STACK)), 0);
	test_equal(pthread_create(&thread, &little, use_little_stack, NULL), 0);
	pthread_join(thread, NULL);
}

/* Even the session that starts in a program needs no more of the thread which asks first. */
HOSTILE(P_E2, a_program_whose_threads_have_little_stack)
{
	if (test_is_slow())
		test_skip("a sanitizer's frames are larger");
	prepare_own_session();
	arena_begin("Fixture.dext", NULL);
	for (uint64_t own = 0; own < 3; own++)
		run_program(ask_with_little_stack, own);
	arena_end();
}

/* --- P-F3 ------------------------------------------------------------------------------------------ */

enum { DESCRIPTORS = 256, DESCRIPTORS_FREE = 12 };

/* Of DESCRIPTORS all are used but N. */
static int use_all_descriptors_but(int n, int used[DESCRIPTORS])
{
	int n_used = 0, fd;

	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		used[n_used++] = fd;
	while (n--)
		close(used[--n_used]);
	return n_used;
}

/* Whatever needs one more than there are says so. */
static void ask_for_descriptors(io_service_t service)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	mach_vm_address_t address = 0;
	mach_vm_size_t size;
	io_iterator_t iterator;
	io_connect_t c = 0;
	kern_return_t status = IOServiceOpen(service, mach_task_self(), 0, &c);

	if (status)
		test_equal_error(status, kIOReturnNoResources);
	else if (!IOConnectMapMemory64(c, 0, mach_task_self(), &address, &size, kIOMapAnywhere))
		IOConnectUnmapMemory64(c, 0, mach_task_self(), address);
	if (c)
		test_equal_error(hostile_sum(c), 0);
	if (port)
		status = IOServiceAddMatchingNotification(port, kIOFirstMatchNotification,
							  IOServiceMatching("HostileDriver"), NULL,
							  NULL, &iterator);
	if (port && status)
		test_equal_error(status, kIOReturnNoResources);
	else if (port)
		IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	IOServiceClose(c);
}

static void run_out_of_descriptors(uint64_t n_calls)
{
	int used[DESCRIPTORS], n_used;
	io_connect_t c = world_open("HostileDriver", 0);
	io_service_t service = world_service("HostileDriver");

	test_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ DESCRIPTORS, DESCRIPTORS }), 0);
	for (uint64_t i = 0; i < n_calls; i++)
		test_equal_error(hostile_sum(c), 0);
	for (int n = 0; n < DESCRIPTORS_FREE; n++) {
		n_used = use_all_descriptors_but(n, used);
		ask_for_descriptors(service);
		test_equal_error(hostile_sum(c), 0);
		while (n_used)
			close(used[--n_used]);
		/* A name that was given by the session that there was. */
		test_true(IOObjectConformsTo(service, "HostileDriver"));
	}
	IOObjectRelease(service);
	IOServiceClose(c);
}

/* It keeps its session and its connections. */
HOSTILE(P_F3, a_program_at_its_limit_of_descriptors)
{
	arena_begin("Hostile.dext", NULL);
	for (uint64_t n_calls = 0; n_calls <= 8; n_calls += 8) /* without call slots, with them */
		run_program(run_out_of_descriptors, n_calls);
	arena_end();
}

static void send_nonsense(void)
{
	int fd = raw_connect(world_socket());

	raw_post(fd, "nonsense", 8, NULL, 0);
	raw_await_end(fd);
	close(fd);
}

/* Its log, too, has that limit: lines are lost, and nothing else. */
HOSTILE(P_E3, a_registry_that_may_only_write_small_files)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/log", test_folder());
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	world_log_to(log);
	arena_begin("Fixture.dext", NULL);
	test_equal(ftruncate(log, 1 << 20), 0);
	test_equal(
		prlimit(world_registry_pid(), RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 }, NULL),
		0);
	for (int i = 0; i < 20; i++)
		send_nonsense(); /* a line each */
	IOServiceClose(world_open("FixtureDriver", 0));
	close(log);
	arena_end();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--printing"))
		return print_without_output();
	return test_main(argc, argv);
}
