// SPDX-License-Identifier: MIT
/* Who a program is, and what runs short. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "Hostile.h"
#include "Methods.h"
#include "arena.h"
#include "audit.h"
#include "raw_client.h"
#include "wire/frame.h"
#include "wire/open.h"

#define HOSTILE_SERVER "org.portico.test.Hostile"
enum { USER = 4242, SPINNERS_NICE = 10, SESSION_NICE = 15 };

/* --- P-P1, P-P2 ------------------------------------------------------------------------------------ */

HOSTILE(P_P1, clients_that_exit_right_after_connecting)
{
	arena_begin("Methods.dext", NULL);
	uint64_t service = arena_service_id("MethodsDriver"), rounds = test_rounds(100, 5000);

	for (uint64_t i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (!child) {
			struct wire_open_request request = { .service = service };
			int fd = raw_connect(world_socket());

			if (i % 3) {
				raw_greet(fd);
				wire_send(fd, &wire_open_request_layout, 7, &request, NULL, 0,
					  true);
			}
			_exit(0);
		}
		test_equal(arena_wait(child), 0);
	}
	arena_count(rounds);
	arena_end();
}

/* --- P-P4 ------------------------------------------------------------------------------------------ */

/* The same user, and nothing else. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
	syscall(SYS_capset, &header, none);
}

/* How many of the ways into PID are open, as bits. */
static int find_ways_in(pid_t pid)
{
	char path[64], byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };
	int ways = 0, fd, handle;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ways |= fd >= 0 ? 1 : 0;
	if (!ptrace(PTRACE_ATTACH, pid, NULL, NULL)) {
		ways |= 2;
		waitpid(pid, NULL, 0);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT)
		ways |= 4;
	handle = (int)syscall(SYS_pidfd_open, pid, 0);
	if (handle >= 0 && syscall(SYS_pidfd_getfd, handle, 0, 0) >= 0)
		ways |= 8;
	return ways;
}

static int try_ways_in(pid_t pid)
{
	pid_t child = fork();

	if (!child)
		_exit(find_ways_in(pid));
	return arena_wait(child);
}

HOSTILE(P_P4, memory_and_descriptors_of_the_registry)
{
	drop_capabilities(); /* they count for more than who one is */
	arena_begin("Hostile.dext", NULL);
	test_equal(try_ways_in(world_registry_pid()), 0);
	arena_end();
}

HOSTILE(P_P4, memory_and_descriptors_of_hosts)
{
	if (test_is_slow())
		test_skip("an instrumented host can be looked into: its leak check does so");
	drop_capabilities();
	arena_begin("Hostile.dext", NULL);
	test_equal(try_ways_in(world_host_pid(HOSTILE_SERVER)), 0);
	arena_end();
}

/* It has greeted: it is past its beginning. */
static pid_t start_bridge(int *ret_registry)
{
	int ends[2];
	char number[16], byte;

	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid_t bridge = fork();
	if (!bridge) {
		snprintf(number, sizeof(number), "%d", dup(ends[1]));
		execl(test_built("bin/portico-bridge"), "portico-bridge", "--registry-fd", number,
		      NULL);
		_exit(127);
	}
	close(ends[1]);
	test_equal(recv(ends[0], &byte, 1, 0), 1);
	*ret_registry = ends[0];
	return bridge;
}

HOSTILE(P_P4, memory_and_descriptors_of_the_bridge)
{
	int registry;

	if (test_is_slow())
		test_skip("an instrumented bridge can be looked into: its leak check does so");
	drop_capabilities();
	pid_t bridge = start_bridge(&registry);
	test_equal(try_ways_in(bridge), 0);
	close(registry);
	arena_wait(bridge);
}

/* --- P-E2, P-F2, P-F3 -------------------------------------------------------------------------------- */

static unsigned long virtual_bytes(pid_t pid)
{
	char path[64];
	unsigned long pages = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	test_true(f && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	return pages * (unsigned long)getpagesize();
}

static void limit(pid_t pid, int resource, unsigned long soft)
{
	struct rlimit old, new;

	test_equal(prlimit(pid, (enum __rlimit_resource)resource, NULL, &old), 0);
	new = (struct rlimit){ soft < old.rlim_max ? soft : old.rlim_max, old.rlim_max };
	test_equal(prlimit(pid, (enum __rlimit_resource)resource, &new, NULL), 0);
}

HOSTILE(P_E2, little_memory)
{
	static uint8_t bytes[1 << 20];
	const uint64_t rounds = test_rounds(30, 500);

	if (test_is_slow())
		test_skip("the sanitizer has all of the address space");
	arena_begin("Hostile.dext", NULL);
	arena_spare(HOSTILE_SERVER);
	limit(world_registry_pid(), RLIMIT_AS, virtual_bytes(world_registry_pid()) + (4 << 20));
	limit(world_host_pid(HOSTILE_SERVER), RLIMIT_AS,
	      virtual_bytes(world_host_pid(HOSTILE_SERVER)) + (4 << 20));
	CFDataRef data = CFDataCreate(NULL, bytes, sizeof(bytes));
	CFMutableDictionaryRef giant = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	CFDictionarySetValue(giant, CFSTR("giant"), data);
	CFRelease(data);
	for (uint64_t i = 0; i < rounds; i++) {
		io_connect_t c[16] = { 0 };
		io_service_t service = IOServiceGetMatchingService(
			kIOMainPortDefault, IOServiceMatching("HostileDriver"));

		/* Any answer, and an answer. */
		for (int k = 0; k < 16; k++)
			if (service && IOServiceOpen(service, mach_task_self(), 0, &c[k]))
				c[k] = 0;
		for (int k = 0; k < 16; k++) {
			uint64_t scalars[16];
			uint32_t n = 16;
			size_t size = sizeof(bytes);

			if (!c[k])
				continue;
			IOConnectCallMethod(c[k], HOSTILE_ANY, NULL, 0, bytes, sizeof(bytes),
					    scalars, &n, bytes, &size);
			IOServiceClose(c[k]);
		}
		if (service) {
			IORegistryEntrySetCFProperties(service, giant);
			IOObjectRelease(service);
		}
	}
	CFRelease(giant);
	limit(world_registry_pid(), RLIMIT_AS, RLIM_INFINITY);
	pid_t host = world_host_pid(HOSTILE_SERVER);
	if (host)
		limit(host, RLIMIT_AS, RLIM_INFINITY);
	IOServiceClose(world_open("HostileDriver", 0));
	arena_end();
}

HOSTILE(P_F3, the_registry_at_its_limit_of_descriptors)
{
	struct rlimit old;
	io_connect_t c = 0;

	arena_begin("Hostile.dext", NULL);
	pid_t registry = world_registry_pid();
	io_service_t service = world_service("HostileDriver");
	/* It answers once with what it keeps for the session. */
	IOServiceClose(world_open("HostileDriver", 0));

	test_equal(prlimit(registry, RLIMIT_NOFILE, NULL, &old), 0);
	limit(registry, RLIMIT_NOFILE, (unsigned long)audit_count(registry, "fd"));
	for (uint64_t i = test_rounds(20, 500); i--;) {
		kern_return_t status = IOServiceOpen(service, mach_task_self(), 0, &c);

		if (!status) /* a descriptor was free after all */
			IOServiceClose(c);
		else
			test_equal_error(status, kIOReturnNoResources);
	}
	/* Who gives it one keeps his session. */
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	kern_return_t status = IOServiceAddMatchingNotification(port, kIOFirstMatchNotification,
								IOServiceMatching("HostileDriver"),
								NULL, NULL, &iterator);
	if (status)
		test_equal_error(status, kIOReturnNoResources);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	/* Somebody knocks who cannot be let in: that is no reason to run in circles. */
	int knocker = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, world_socket());
	connect(knocker, (struct sockaddr *)&address, sizeof(address));
	uint64_t before = audit_processor_ns(registry);
	poll(NULL, 0, 500);
	uint64_t used = audit_processor_ns(registry) - before;
	printf("# the registry used %llu ms in 500\n", (unsigned long long)used / 1000000);
	test_true(used < 50000000);
	close(knocker);
	test_equal(prlimit(registry, RLIMIT_NOFILE, &old, NULL), 0);
	IOServiceClose(world_open("HostileDriver", 0));
	IOObjectRelease(service);
	arena_end();
}

static void sum_works(io_connect_t c)
{
	uint64_t in[2] = { 20, 22 }, out = 0;
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_SUM, in, 2, &out, &n), 0);
	test_equal(out, 42);
}

/* Each needs descriptors of the host. */
static void ask_host(io_connect_t c, io_service_t service)
{
	static uint8_t large[200000];
	mach_vm_address_t address = 0;
	mach_vm_size_t mapped;
	size_t size = sizeof(large);
	uint64_t reference[kIOAsyncCalloutCount] = { 0 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_connect_t other = 0;
	kern_return_t status[] = {
		IOConnectCallAsyncScalarMethod(c, HOSTILE_KEEP, IONotificationPortGetMachPort(port),
					       reference, kIOAsyncCalloutCount, NULL, 0, NULL,
					       &(uint32_t){ 0 }),
		IOConnectCallStructMethod(c, HOSTILE_ANY, large, sizeof(large), large, &size),
		IOServiceOpen(service, mach_task_self(), 0, &other),
	};

	for (size_t i = 0; i < sizeof(status) / sizeof(*status); i++)
		if (status[i])
			test_equal_error(status[i], kIOReturnNoResources);
	if (!IOConnectMapMemory64(c, 0, mach_task_self(), &address, &mapped, kIOMapAnywhere))
		IOConnectUnmapMemory64(c, 0, mach_task_self(), address);
	IOServiceClose(other);
	IONotificationPortDestroy(port);
}

/* What there is no room for is refused; nobody's connection ends. */
HOSTILE(P_F3, a_host_at_its_limit_of_descriptors)
{
	struct rlimit old;

	arena_begin("Hostile.dext", NULL);
	pid_t host = world_host_pid(HOSTILE_SERVER);
	io_service_t service = world_service("HostileDriver");
	io_connect_t innocent = world_open("HostileDriver", 0);

	test_equal(prlimit(host, RLIMIT_NOFILE, NULL, &old), 0);
	for (unsigned room = 0; room < 5; room++) {
		io_connect_t c = world_open("HostileDriver", 0);

		sum_works(c);
		limit(host, RLIMIT_NOFILE, (unsigned long)audit_count(host, "fd") + room);
		ask_host(c, service);
		for (int i = 0; i < 8; i++)
			sum_works(c);
		sum_works(innocent);
		test_equal(prlimit(host, RLIMIT_NOFILE, &old, NULL), 0);
		IOServiceClose(c);
	}
	IOServiceClose(innocent);
	IOObjectRelease(service);
	arena_end();
}

/* As many as the kernel lets one user have under way, on sockets that nobody reads. */
HOSTILE(P_F2, descriptors_parked_unread)
{
	enum { PAIRS = 64, EACH = 250 };
	int pairs[PAIRS][2], fds[EACH];
	uint64_t parked = 0;

	arena_begin("Hostile.dext", NULL);
	pid_t child = fork();
	if (!child) {
		for (int i = 0; i < EACH; i++)
			fds[i] = 0;
		for (int i = 0; i < PAIRS; i++) {
			if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i]))
				break;
			fcntl(pairs[i][0], F_SETFL, O_NONBLOCK);
			while (parked < 16000 && raw_post(pairs[i][0], "x", 1, fds, EACH))
				parked += EACH;
		}
		/* And at the registry and the host, which close what they get. */
		for (int i = 0; i < 200; i++) {
			int fd = raw_connect(world_socket());

			raw_post(fd, "x", 1, fds, EACH);
			close(fd);
		}
		for (int i = 0; i < 20; i++)
			IOServiceClose(world_open("HostileDriver", 0));
		_exit(0);
	}
	test_equal(arena_wait(child), 0);
	IOServiceClose(world_open("HostileDriver", 0));
	arena_end();
}

/* Parks as many as the kernel lets this user have under way, says so, and keeps them there. */
static _Noreturn void park_all(int told)
{
	enum { PAIRS = 64, EACH = 100 };
	int pairs[PAIRS][2], fds[EACH] = { 0 };

	for (int i = 0; i < PAIRS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pairs[i]))
			break;
		while (raw_post(pairs[i][0], "x", 1, fds, EACH))
			;
		if (errno != ETOOMANYREFS)
			continue;
		while (raw_post(pairs[i][0], "x", 1, fds, 1))
			;
		break;
	}
	if (write(told, &errno, sizeof(errno)) != sizeof(errno))
		_exit(1);
	for (;;)
		pause();
}

/* The limit of descriptors under way is one of the user: with all of them parked, nobody can be sent one. Who opens
 * gets an error and no wait, what is open works, and nobody runs in circles. */
HOSTILE(P_F2, the_limit_of_a_user)
{
	int told[2], why = 0;

	if (getuid())
		test_skip("root starts it as another user");
	test_equal(chown(test_folder(), USER, USER), 0);
	test_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1024, 1024 }), 0);
	test_true(!setgroups(0, NULL) && !setgid(USER) && !setuid(USER));
	prctl(PR_SET_DUMPABLE, 1); /* our own descriptors are counted at the end */
	setenv("HOME", test_folder(), 1);
	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0), other = 0;
	io_service_t service = world_service("HostileDriver");
	uint64_t before = audit_processor_ns(world_registry_pid());
	pid_t host = world_host_pid(HOSTILE_SERVER);

	test_equal(pipe2(told, O_CLOEXEC), 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		park_all(told[1]);
	test_equal(read(told[0], &why, sizeof(why)), sizeof(why));
	test_equal(why, ETOOMANYREFS);
	for (int i = 0; i < 100; i++) {
		kern_return_t status = IOServiceOpen(service, mach_task_self(), 0, &other);

		if (!status)
			IOServiceClose(other);
		else
			test_equal_error(status, kIOReturnNoResources);
		test_equal(arena_ask(c, HOSTILE_TOUCH, 1), HOSTILE_PAGE);
	}
	test_true(audit_processor_ns(world_registry_pid()) - before < 1000000000);
	kill(child, SIGKILL);
	test_equal(arena_wait(child), 1000 + SIGKILL);
	close(told[0]);
	close(told[1]);
	IOServiceClose(world_open("HostileDriver", 0));
	IOObjectRelease(service);
	IOServiceClose(c);
	test_equal(world_host_pid(HOSTILE_SERVER), host);
	/* Not even their own user can look at registry and hosts: there is no audit. */
	arena_end_restarted();
}

/* --- P-E1, P-E3, P-E4 -------------------------------------------------------------------------------- */

/* Twice, and each time there is another. */
static void lose_host(void)
{
	for (int i = 0; i < 2; i++) {
		io_connect_t c = world_open("HostileDriver", 0);
		uint64_t in[2] = { HOSTILE_ABORT, 0 }, out;
		uint32_t n = 1;

		test_true(arena_is_death(
			IOConnectCallScalarMethod(c, HOSTILE_CRASH, in, 2, &out, &n)));
		IOServiceClose(c);
	}
	IOServiceClose(world_open("HostileDriver", 0));
}

/* The log is a pipe that nobody reads: whoever would wait for it would stand still for ever. */
HOSTILE(P_E3, a_full_log_that_nobody_reads)
{
	int log[2];

	test_equal(pipe2(log, O_CLOEXEC), 0);
	fcntl(log[1], F_SETFL, O_NONBLOCK);
	while (write(log[1], "a line that nobody reads\n", 25) > 0)
		;
	fcntl(log[1], F_SETFL, 0);
	world_log_to(log[1]);
	arena_begin("Hostile.dext", NULL);
	arena_spare(HOSTILE_SERVER);
	for (int i = 0; i < 200; i++) {
		int fd = raw_connect(world_socket());

		raw_post(fd, "nonsense", 8, NULL, 0); /* a line each, up to the limit of lines */
		raw_await_end(fd);
		close(fd);
	}
	lose_host();
	close(log[0]);
	close(log[1]);
	arena_end();
}

/* A file system of its own, full to the last block, once the session runs in it. */
HOSTILE(P_E3, a_full_disk)
{
	char path[300], filler[320];
	static uint8_t block[65536];

	if (getuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", test_folder(), "tmpfs", 0, "size=4m"))
		test_skip("cannot mount a small file system");
	arena_begin("Hostile.dext", NULL);
	arena_spare(HOSTILE_SERVER);
	snprintf(path, sizeof(path), "%s/drivers", test_folder());
	snprintf(filler, sizeof(filler), "%s/filler", path);
	int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	while (write(fd, block, 1) > 0)
		;
	close(fd);
	lose_host();
	arena_end();
	umount2(test_folder(), MNT_DETACH);
}

/* Nobody may write any more where the socket and the log are. */
HOSTILE(P_E3, a_folder_that_becomes_read_only)
{
	if (getuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		test_skip("cannot mount");
	arena_begin("Hostile.dext", NULL);
	arena_spare(HOSTILE_SERVER);
	test_equal(mount(test_folder(), test_folder(), NULL, MS_BIND, NULL), 0);
	test_equal(mount(NULL, test_folder(), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	test_true(open(test_folder(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600) < 0);
	test_equal(errno, EROFS);
	lose_host();
	umount2(test_folder(), MNT_DETACH);
	arena_end();
}

/* Wall clocks that jump by years at every look: registry, and a client that waits with time limits. */
HOSTILE(P_E1, wall_clocks_that_jump)
{
	arena_preload("libjumpingclock.so");
	arena_begin("Hostile.dext", NULL);
	pid_t child = fork();
	if (!child) {
		execl("/proc/self/exe", "environment_test", "--jumping", (char *)NULL);
		_exit(127);
	}
	unsetenv("LD_PRELOAD");
	for (uint64_t i = test_rounds(20, 500); i--;) {
		mach_timespec_t most = { 30, 0 };

		test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, &most), 0);
		IOServiceClose(world_open("HostileDriver", 0));
	}
	test_equal(arena_wait(child), 0);
	arena_end();
}

/* What the child of it does, with the jumping clock in its own process. */
static int wait_with_limits(void)
{
	mach_port_t port = 0;

	alarm(30);
	for (int i = 0; i < 20; i++) {
		mach_timespec_t most = { 20, 0 };
		struct {
			mach_msg_header_t header;
			uint8_t rest[256];
		} message;
		io_service_t service;

		if (IOKitWaitQuiet(kIOMainPortDefault, &most))
			return 2;
		service = IOServiceGetMatchingService(kIOMainPortDefault,
						      IOServiceMatching("HostileDriver"));
		if (!service)
			return 3;
		IOObjectRelease(service);
		mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
		if (mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message),
			     port, 20, 0) != MACH_RCV_TIMED_OUT)
			return 4;
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
		if (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.01, false) ==
		    kCFRunLoopRunHandledSource)
			return 5;
	}
	return 0;
}

static pid_t start_spinner(void)
{
	pid_t child = fork();

	if (!child) {
		setpriority(PRIO_PROCESS, 0, SPINNERS_NICE);
		alarm(120);
		for (;;)
			__asm__ volatile("" ::: "memory");
	}
	return child;
}

/* Everything of the session comes after those who spin, and is asked for signs of life so often that there is
 * time for as many false verdicts as in ten minutes. */
HOSTILE(P_E4, load)
{
	enum { MOST = 50, FULL_MS = 30000, MS = 1000 };
	const uint64_t ns = (test_is_full() ? FULL_MS : MS) * (uint64_t)1000000;
	int n = test_is_full() ? MOST : 6;
	pid_t spinners[MOST];

	test_equal(setpriority(PRIO_PROCESS, 0, SESSION_NICE), 0);
	world_set_heartbeat(100);
	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);
	for (int i = 0; i < n; i++)
		spinners[i] = start_spinner();
	for (uint64_t until = arena_now_ns() + ns; arena_now_ns() < until;) {
		for (int i = 0; i < 20; i++)
			test_equal(arena_ask(c, HOSTILE_TOUCH, 1), HOSTILE_PAGE);
		IOServiceClose(world_open("HostileDriver", 0));
		test_true(arena_host_is(HOSTILE_SERVER, "up") ||
			  arena_host_is(HOSTILE_SERVER, "silent"));
	}
	for (int i = 0; i < n; i++) {
		kill(spinners[i], SIGKILL);
		test_equal(arena_wait(spinners[i]), 1000 + SIGKILL);
	}
	/* Nobody was taken for dead: the hosts are who they were. */
	IOServiceClose(c);
	arena_end();
}

/* Who asks a tool for something that cannot be written down is told so. */
HOSTILE(P_E3, a_tool_whose_output_is_lost)
{
	static const char *const commands[] = { "portico list", "portico status",
						"portico help", "portico --version",
						"ioreg",	"ioclasscount" };
	char command[600];

	arena_begin("Fixture.dext", NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		snprintf(command, sizeof(command), "%s/%s >/dev/full 2>/dev/null",
			 test_built("bin"), commands[i]);
		int status = system(command);

		if (!WIFEXITED(status) || !WEXITSTATUS(status))
			test_fail(__FILE__, __LINE__, "%s: %#x", commands[i], (unsigned)status);
	}
	arena_end();
}

/* A number of its own descriptors would be closed under it; a socket without a name is anybody's. */
HOSTILE(P_D5, a_registry_with_arguments_that_are_none)
{
	static const char *const arguments[] = { "--socket '' --no-bridge",
						 "--socket s --no-bridge --ready-fd 5 5>&-" };
	char command[600];

	for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++) {
		snprintf(command, sizeof(command), "cd %s && exec %s %s 2>said", test_folder(),
			 test_built("bin/porticod"), arguments[i]);
		int status = system(command);

		test_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--jumping"))
		return wait_with_limits();
	return test_main(argc, argv);
}
