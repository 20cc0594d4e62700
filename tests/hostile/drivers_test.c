// SPDX-License-Identifier: MIT
/* Drivers that end their host, and drivers that should not be opened. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "Hostile.h"
#include "arena.h"
#include "audit.h"
#include "bundles.h"

#define SERVER "org.portico.test.Hostile"

static kern_return_t crash(io_connect_t c, enum hostile_crash how, uint64_t number,
			   uint64_t *ret_out)
{
	uint64_t in[2] = { (uint64_t)how, number };
	uint32_t n = 1;

	return IOConnectCallScalarMethod(c, HOSTILE_CRASH, in, 2, ret_out, &n);
}

/* --- P-D1 ------------------------------------------------------------------------------------------ */

static void rest(void)
{
	mach_timespec_t most = { 100, 0 };

	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, &most), 0);
}

static void begin_with(const char *program, const char *stage)
{
	char body[256];

	snprintf(body, sizeof(body), "<key>HostileAt</key><string>%s</string>", stage);
	bundle_make(bundle_folder(), "Hostile", program, "HostileUserClient", body);
	arena_begin_with(bundle_folder());
	rest();
	arena_audit();
	arena_spare(SERVER);
}

/* However it ends: the tree comes to rest, there is no service without a host, and others are opened. */
static void end(void)
{
	io_service_t service;

	rest();
	service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("WitnessDriver"));
	test_true(service != 0);
	IOObjectRelease(service);
	arena_end();
}

/* Nothing can be opened: its driver does not get so far. */
static void never_there(const char *program, const char *stage)
{
	begin_with(program, stage);
	test_equal(
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("HostileDriver")),
		0);
	end();
}

HOSTILE(P_D1, crash_in_load)
{
	never_there("HostileLoad.so", "");
}

HOSTILE(P_D1, crash_in_probe)
{
	never_there("Hostile.so", "probe");
}

HOSTILE(P_D1, crash_in_start)
{
	never_there("Hostile.so", "start");
}

/* Its host would wait for somebody to write into it. */
HOSTILE(P_D1, a_pipe_instead_of_a_program)
{
	char path[300];

	bundle_make(bundle_folder(), "Hostile", "Hostile.so", "HostileUserClient", "");
	snprintf(path, sizeof(path), "%s/Hostile.dext/Hostile.so", bundle_folder());
	test_equal(unlink(path), 0);
	test_equal(mkfifo(path, 0600), 0);
	arena_begin_with(bundle_folder());
	arena_spare(SERVER);
	test_true(!arena_host_is(SERVER, "silent"));
	test_equal(
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("HostileDriver")),
		0);
	end();
}

HOSTILE(P_D1, crash_in_open)
{
	io_connect_t c = 0;

	begin_with("Hostile.so", "open");
	for (int i = 0; i < 2; i++) {
		io_service_t service = world_service("HostileDriver");

		test_true(IOServiceOpen(service, mach_task_self(), 0, &c) != 0);
		test_equal(c, 0);
		IOObjectRelease(service);
	}
	end();
}

HOSTILE(P_D1, crash_in_a_method)
{
	begin_with("Hostile.so", "method");
	for (int i = 0; i < 2; i++) {
		uint64_t in[2] = { 1, 2 }, out = 0;
		uint32_t n = 1;
		io_connect_t c = world_open("HostileDriver", 0);

		test_true(
			arena_is_death(IOConnectCallScalarMethod(c, HOSTILE_SUM, in, 2, &out, &n)));
		IOServiceClose(c);
	}
	end();
}

/* Again and again: each time after a longer rest, and at last not at all, until an administrator says so. */
HOSTILE(P_D1, crashes_that_do_not_end)
{
	struct arena_times rest_times = { .what = "the longest rest", .promised_ns = 30000000000 };
	uint64_t in[2] = { 1, 2 }, out = 0, last_ns = arena_now_ns();

	if (!test_is_full())
		test_skip("takes half a minute: registry/server has it with a clock of its own");
	begin_with("Hostile.so", "method");
	while (!arena_host_is(SERVER, "quarantined")) {
		io_service_t service = IOServiceGetMatchingService(
			kIOMainPortDefault, IOServiceMatching("HostileDriver"));
		io_connect_t c = 0;
		uint32_t n = 1;

		if (service && !IOServiceOpen(service, mach_task_self(), 0, &c)) {
			arena_took(&rest_times, arena_now_ns() - last_ns);
			last_ns = arena_now_ns();
			test_true(arena_is_death(
				IOConnectCallScalarMethod(c, HOSTILE_SUM, in, 2, &out, &n)));
			IOServiceClose(c);
		}
		IOObjectRelease(service);
		usleep(1000);
	}
	test_equal(rest_times.n, 10);
	test_true(rest_times.worst_ns > 1000000000);
	arena_judge(&rest_times);
	arena_pardon(bundle_folder(), "Hostile.dext");
	IOServiceClose(world_open("HostileDriver", 0));
	end();
}

HOSTILE(P_D1, crash_in_close)
{
	begin_with("Hostile.so", "close");
	for (int i = 0; i < 2; i++)
		IOServiceClose(world_open("HostileDriver", 0));
	end();
}

HOSTILE(P_D1, crash_in_stop)
{
	char command[1024];

	begin_with("Hostile.so", "stop");
	IOServiceClose(world_open("HostileDriver", 0));
	snprintf(command, sizeof(command),
		 "exec >%s/said 2>&1; %s unload " SERVER "; %s load %s/Hostile.dext",
		 bundle_folder(), test_built("bin/portico"), test_built("bin/portico"),
		 bundle_folder());
	test_true(system(command) >= 0);
	IOServiceClose(world_open("HostileDriver", 0));
	end();
}

/* Nobody is there to end it: its program has been killed, which had the session in it. */
HOSTILE(P_D1, hang_in_its_destructor)
{
	if (!test_is_full())
		test_skip("takes some seconds");
	bundle_make(bundle_folder(), "Hostile", "HostileUnload.so", "HostileUserClient", "");
	setenv("PORTICO_SESSION", "embedded", 1);
	setenv("PORTICO_NO_BRIDGE", "1", 1);
	setenv("PORTICO_NO_DEFAULT_DRIVERS", "1", 1);
	setenv("PORTICO_DRIVERS", bundle_folder(), 1);
	if (!fork()) {
		IOServiceClose(world_open("HostileDriver", 0));
		raise(SIGKILL);
	}
	/* We inherit the host. */
	while (waitpid(-1, NULL, __WALL) > 0)
		;
}

/* --- P-D2 ------------------------------------------------------------------------------------------ */

/* The call ends as calls of dead hosts do, and the service comes back. */
static void end_by(enum hostile_crash how, uint64_t number)
{
	uint64_t out;

	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	pid_t host = world_host_pid(SERVER);
	io_connect_t c = world_open("HostileDriver", 0);

	test_true(arena_is_death(crash(c, how, number, &out)));
	test_true(arena_is_death(crash(c, how, number, &out)));
	IOServiceClose(c);
	c = world_open("HostileDriver", 0);
	arena_ask(c, HOSTILE_TOUCH, 1);
	test_true(world_host_pid(SERVER) != host);
	IOServiceClose(c);
	end();
}

HOSTILE(P_D2, exit_with_success)
{
	end_by(HOSTILE_EXIT, 0);
}

HOSTILE(P_D2, exit_with_failure)
{
	end_by(HOSTILE_EXIT, 77);
}

HOSTILE(P_D2, abort)
{
	end_by(HOSTILE_ABORT, 0);
}

/* The framework's, with its caller and its locks: the host ends. */
HOSTILE(P_D2, the_thread_of_a_call_ended)
{
	end_by(HOSTILE_END_THREAD, 0);
}

/* People are told how it has ended. */
HOSTILE(P_D2, the_end_is_named)
{
	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	for (int i = 0; i < 2; i++) {
		io_connect_t c = world_open("HostileDriver", 0);
		pid_t host = world_host_pid(SERVER);
		char text[128];
		uint64_t out;

		test_true(arena_is_death(
			crash(c, i ? HOSTILE_EXIT : HOSTILE_SIGNAL, i ? 77 : SIGSEGV, &out)));
		snprintf(text, sizeof(text), "process %d of host " SERVER " ended %s", (int)host,
			 i ? "with exit code 77" : "by signal 11 (SEGV)");
		world_await_log(text);
		IOServiceClose(c);
	}
	end();
}

/* Each signal that ends a process, in turn. */
HOSTILE(P_D2, every_fatal_signal)
{
	static const int all[] = { SIGSEGV, SIGKILL, SIGBUS,  SIGILL,	SIGFPE,	 SIGTRAP,
				   SIGSYS,  SIGQUIT, SIGXCPU, SIGXFSZ,	SIGHUP,	 SIGINT,
				   SIGUSR1, SIGUSR2, SIGALRM, SIGTERM,	SIGPIPE, SIGVTALRM,
				   SIGPROF, SIGIO,   SIGPWR,  SIGSTKFLT };
	const size_t n = test_is_full() ? sizeof(all) / sizeof(*all) : 4;

	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	for (size_t i = 0; i < n; i++) {
		io_connect_t c = world_open("HostileDriver", 0);
		pid_t host = world_host_pid(SERVER);
		uint64_t out;

		kern_return_t status = crash(c, HOSTILE_SIGNAL, (uint64_t)all[i], &out);
		if (!arena_is_death(status))
			test_fail(__FILE__, __LINE__, "signal %d: 0x%08x", all[i],
				  (unsigned)status);
		IOServiceClose(c);
		c = world_open("HostileDriver", 0);
		arena_ask(c, HOSTILE_TOUCH, 1);
		test_true(world_host_pid(SERVER) != host);
		IOServiceClose(c);
		arena_pardon(NULL, "Hostile.dext");
	}
	end();
}

HOSTILE(P_D2, stack_overflow)
{
	if (test_is_slow())
		test_skip("the sanitizer reports what the driver does on purpose");
	end_by(HOSTILE_OVERFLOW, 0);
}

/* All that it has from us is gone with its descriptors; whether it lives on is its own business. */
HOSTILE(P_D2, every_descriptor_closed)
{
	end_by(HOSTILE_CLOSE_ALL, 0);
}

/* Who breaks the protocol is named: its connection is one that the registry has made itself. */
HOSTILE(P_D2, a_host_that_talks_nonsense_is_named)
{
	uint64_t in[2] = { LIE_GARBAGE, 1 }, out;
	uint32_t n = 1;

	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	io_connect_t c = world_open("HostileDriver", 0);
	IOConnectCallScalarMethod(c, HOSTILE_LIE, in, 2, &out, &n);
	world_await_log("host of " SERVER ": ");
	IOServiceClose(c);
	end();
}

/* --- P-D3 ------------------------------------------------------------------------------------------ */

static uint64_t count_entered(io_connect_t c)
{
	uint64_t out = 0;
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_ENTERED, NULL, 0, &out, &n), 0);
	return out;
}

/* A method that spins: its caller can go, others go on, also in the same host. */
HOSTILE(P_D3, a_method_that_spins)
{
	const uint64_t calls = test_rounds(100, 20000);

	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	io_connect_t c = world_open("HostileDriver", 0);
	uint64_t before = count_entered(c);
	pid_t child = fork();

	if (!child) {
		uint64_t out;

		crash(world_open("HostileDriver", 0), HOSTILE_SPIN, 0, &out);
		_exit(0);
	}
	while (count_entered(c) == before)
		sched_yield();
	for (uint64_t i = 0; i < calls; i++)
		arena_ask(c, HOSTILE_TOUCH, 1);
	kill(child, SIGKILL);
	test_equal(arena_wait(child), 1000 + SIGKILL);
	for (uint64_t i = 0; i < calls; i++)
		arena_ask(c, HOSTILE_TOUCH, 1);
	IOServiceClose(c);
	kill(world_host_pid(SERVER), SIGKILL);
	IOServiceClose(world_open("HostileDriver", 0));
	end();
}

static bool is_limited(int resource)
{
	struct rlimit limit;

	return !prlimit(world_host_pid(SERVER), (enum __rlimit_resource)resource, NULL, &limit) &&
	       limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= 1ull << 37;
}

HOSTILE(P_D3, memory_without_bound)
{
	uint64_t out = 0;

	if (test_is_slow())
		test_skip("the sanitizer has all of the address space");
	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	/* Not without a limit: the machine is not ours alone. */
	test_true(is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA));
	io_connect_t c = world_open("HostileDriver", 0);

	kern_return_t status = crash(c, HOSTILE_ALLOCATE, 1 << 20, &out);
	test_true(arena_is_death(status) || (!status && out < 1 << 20));
	IOServiceClose(c);
	end();
}

HOSTILE(P_D3, processes_without_bound)
{
	/* An instrumented host may fork: it is not tempted. */
	const uint64_t forks = test_is_slow() ? 1 : 10000;
	uint64_t out = 0;

	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	io_connect_t c = world_open("HostileDriver", 0);
	kern_return_t status = crash(c, HOSTILE_FORK, forks, &out);

	IOServiceClose(c);
	if (!status && out) { /* they are of the host's own group */
		kill(-world_host_pid(SERVER), SIGKILL);
		if (test_is_slow())
			test_skip("the leak check of an instrumented host forks");
		test_fail(__FILE__, __LINE__, "a host may fork");
	}
	test_true(!status || arena_is_death(status));
	end();
}

/* Where nothing confines it a driver can make processes, which have all that the host had: it is over for them, too. */
HOSTILE(P_D3, processes_that_outlive_their_host)
{
	uint64_t in[2] = { 1, 2 }, out;
	uint32_t n = 1;

	world_add_option("--sandbox", "0");
	arena_begin("Hostile.dext", NULL);
	arena_spare(SERVER);
	for (int i = 0; i < 2; i++) {
		io_connect_t c = world_open("HostileDriver", 0);
		pid_t host = world_host_pid(SERVER);

		test_equal_error(crash(c, HOSTILE_FORK, 3, &out), 0);
		test_equal(out, 3);
		kill(host, SIGKILL);
		test_true(
			arena_is_death(IOConnectCallScalarMethod(c, HOSTILE_SUM, in, 2, &out, &n)));
		/* We have inherited them. */
		for (int j = 0; j < 3; j++)
			test_true(waitpid(-host, NULL, 0) > 0);
		IOServiceClose(c);
	}
	end();
}

/* --- P-D4 ------------------------------------------------------------------------------------------ */

HOSTILE(P_D4, a_user_client_of_another_bundle)
{
	io_service_t service;
	io_connect_t c = 0;

	bundle_make(bundle_folder(), "Hostile", "Hostile.so", "WitnessUserClient", "");
	arena_begin_with(bundle_folder());
	service = world_service("HostileDriver");
	for (uint32_t type = 0; type < 4; type++) {
		test_true(IOServiceOpen(service, mach_task_self(), type, &c) != 0);
		test_equal(c, 0);
	}
	IOObjectRelease(service);
	arena_end();
}

/* --- P-D5, P-C6 ------------------------------------------------------------------------------------ */

HOSTILE(P_D5, an_environment_that_hosts_must_not_see)
{
	static const char *const names[] = {
		"LD_LIBRARY_PATH",   "LD_AUDIT",       "GCONV_PATH", "LOCPATH", "TZDIR",
		"MALLOC_PERTURB_",   "GLIBC_TUNABLES", "BASH_ENV",   "IFS",	"PORTICO_DRIVERS",
		"PORTICO_SESSION_X", "HOSTILE_WORD"
	};
	char text[16384] = "";
	size_t size = sizeof(text) - 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		setenv(names[i], "/tmp/hostile-word", 1);
	arena_begin("Hostile.dext", NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
	io_connect_t c = world_open("HostileDriver", 0);

	test_equal_error(IOConnectCallStructMethod(c, HOSTILE_ENVIRONMENT, NULL, 0, text, &size),
			 0);
	if (strstr(text, "hostile-word"))
		test_fail(__FILE__, __LINE__, "the host has:\n%s", text);
	IOServiceClose(c);
	arena_end();
}

HOSTILE(P_C6, a_driver_has_nothing_to_pass_on)
{
	uint64_t out[2] = { 99, 0 };
	uint32_t n = 2;

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);

	test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_FDS, NULL, 0, out, &n), 0);
	test_equal(out[0], 0);
	IOServiceClose(c);
	arena_end();
}

TEST_MAIN
