// SPDX-License-Identifier: MIT
/* Hosts, registries and programs that stand still: shown, ended where nobody stopped them, and no harm to others. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "Fixture.h"
#include "life.h"
#include "test.h"
#include "world.h"

enum { ADD };
static const char calculator[] = "org.portico.driver.Calculator";
static const char life[] = "org.portico.test.Life";

static kern_return_t add(io_connect_t c)
{
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;

	return IOConnectCallScalarMethod(c, ADD, in, 2, out, &n);
}

/* Is SERVER in STATE, by the array of hosts VALUE? */
static bool is_in_state(CFTypeRef value, const char *server, const char *state)
{
	bool found = false;

	for (CFIndex i = 0; value && i < CFArrayGetCount(value); i++) {
		CFDictionaryRef one = CFArrayGetValueAtIndex(value, i);
		char name[128], own[32];

		found |= CFStringGetCString(CFDictionaryGetValue(one, CFSTR("IOUserServerName")),
					    name, sizeof(name), kCFStringEncodingUTF8) &&
			 CFStringGetCString(CFDictionaryGetValue(one, CFSTR("State")), own,
					    sizeof(own), kCFStringEncodingUTF8) &&
			 !strcmp(name, server) && !strcmp(own, state);
	}
	return found;
}

/* Do `portico status` and the registry's root say so? */
static bool is_shown(const char *server, const char *state)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	CFTypeRef hosts = IORegistryEntryCreateCFProperty(root, CFSTR("PorticoHosts"), NULL, 0);
	CFDictionaryRef status = NULL;

	test_equal_error(portico_session_copy_status(world_socket(), &status), 0);
	bool is = is_in_state(hosts, server, state) &&
		  is_in_state(CFDictionaryGetValue(status, CFSTR("Hosts")), server, state);
	CFRelease(status);
	if (hosts)
		CFRelease(hosts);
	IOObjectRelease(root);
	return is;
}

static void await_state(const char *server, const char *state)
{
	test_await(is_shown(server, state));
}

TEST(p_c4_a_stopped_host_is_shown_and_left_alone)
{
	world_set_heartbeat(60);
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0), other = world_open("MirrorDriver", 0);
	uint64_t in[2] = { 0, 16 }, out[1];
	pid_t pid = world_host_pid(calculator);
	uint32_t n = 1;

	await_state(calculator, "up");
	kill(pid, SIGSTOP);
	await_state(calculator, "stopped");
	await_state("org.portico.driver.Mirror", "up");
	/* Far longer than a silent one may take; the others do not notice. */
	for (int i = 0; i < 25; i++) {
		await_state(calculator, "stopped");
		test_equal_error(IOConnectCallScalarMethod(other, 0, in, 2, out, &n), 0);
		usleep(60000);
	}
	kill(pid, SIGCONT);
	await_state(calculator, "up");
	test_equal_error(add(c), 0);
	test_equal(world_host_pid(calculator), pid);
	IOServiceClose(c);
	IOServiceClose(other);
	world_stop();
}

static unsigned start_time_ms(void)
{
	return test_is_slow() ? 3000 : 300;
}

/* In its start function, for which it has no longer than that. */
static struct life begin_held_start(void)
{
	static char limit[32];

	snprintf(limit, sizeof(limit), "start-time=%u", start_time_ms());
	world_set_heartbeat(60);
	world_add_option("--limit", limit);
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeHold");
	return l;
}

TEST(a_driver_that_does_not_start_in_time_is_ended)
{
	struct life l = begin_held_start();

	world_await_log("does not answer; its host is ended");
	life_end(&l);
}

TEST(p_c4_a_host_that_is_stopped_while_its_driver_starts_is_left_alone)
{
	struct life l = begin_held_start();
	pid_t pid = world_host_pid(life);

	kill(pid, SIGSTOP);
	for (unsigned ms = 0; ms < 5 * start_time_ms(); ms += 60) {
		await_state(life, "stopped");
		usleep(60000);
	}
	kill(pid, SIGCONT);
	life_do(&l, "release d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	IOObjectRelease(world_service("LifeDriver"));
	test_equal(world_host_pid(life), pid);
	life_end(&l);
}

TEST(a_host_whose_link_is_stuck_is_replaced)
{
	/* It has to be seen silent before it is ended. */
	world_set_heartbeat(200);
	world_start_with_bundle("Fixture.dext");
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	pid_t pid = world_host_pid("org.portico.test.Fixture");
	uint32_t none = 0;
	kern_return_t result;

	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_STICK, NULL, 0, NULL, &none), 0);
	await_state("org.portico.test.Fixture", "silent");
	world_await_log("is stuck; it is ended");
	do {
		uint64_t in = 1, out;
		uint32_t n = 1;

		result = IOConnectCallScalarMethod(c, FIXTURE_ECHO, &in, 1, &out, &n);
	} while (!result);
	test_true((uint32_t)result == (uint32_t)kIOReturnOffline ||
		  (uint32_t)result == (uint32_t)MACH_SEND_INVALID_DEST);
	IOServiceClose(c);
	c = world_open("FixtureDriver", FIXTURE_PLAIN);
	test_true(world_host_pid("org.portico.test.Fixture") != pid);
	IOServiceClose(c);
	world_stop();
}

TEST(a_method_that_takes_long_is_no_hang)
{
	world_set_heartbeat(60);
	world_start_with_bundle("Fixture.dext");
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	io_connect_t other = world_open("FixtureDriver", FIXTURE_PLAIN);
	uint32_t none = 0;
	pid_t child = fork();

	if (child == 0) {
		io_connect_t own = world_open("FixtureDriver", FIXTURE_PLAIN);

		_exit(IOConnectCallScalarMethod(own, FIXTURE_HOLD, NULL, 0, NULL, &none) != 0);
	}
	uint64_t out[FIXTURE_COUNTS];
	uint32_t n = FIXTURE_COUNTS;
	do
		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, out, &n), 0);
	while (!out[FIXTURE_HELD]);
	/* More questions than a stuck one may leave unanswered. */
	for (int i = 0; i < 20; i++) {
		await_state("org.portico.test.Fixture", "up");
		usleep(60000);
	}
	test_equal_error(IOConnectCallScalarMethod(other, FIXTURE_RELEASE, NULL, 0, NULL, &none),
			 0);
	int status;
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	IOServiceClose(c);
	IOServiceClose(other);
	world_stop();
}

TEST(p_c4_a_stopped_registry_holds_no_connection_up)
{
	world_set_heartbeat(60);
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	pid_t pid = world_host_pid(calculator);

	kill(world_registry_pid(), SIGSTOP);
	for (int i = 0; i < 1000; i++)
		test_equal_error(add(c), 0);
	kill(world_registry_pid(), SIGCONT);
	/* Nobody has been taken for dead meanwhile. */
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	c = world_open("CalculatorDriver", 0);
	test_equal_error(add(c), 0);
	test_equal(world_host_pid(calculator), pid);
	IOServiceClose(c);
	world_stop();
}

TEST(p_c4_a_stopped_program_holds_nobody_up)
{
	char byte;
	int ready[2];

	world_start();
	test_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		io_connect_t own = world_open("CalculatorDriver", 0);

		for (int i = 0; add(own) == 0; i++)
			if (i == 10 && write(ready[1], "x", 1) != 1)
				_exit(1);
		_exit(2);
	}
	test_equal(read(ready[0], &byte, 1), 1);
	kill(child, SIGSTOP);
	test_equal(waitpid(child, NULL, WUNTRACED), child);
	for (int i = 0; i < 10; i++) {
		io_connect_t c = world_open("CalculatorDriver", 0);

		test_equal_error(add(c), 0);
		IOServiceClose(c);
	}
	kill(child, SIGKILL);
	test_equal(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
	world_stop();
}

TEST(a_session_with_a_stopped_host_ends)
{
	world_start();
	kill(world_host_pid(calculator), SIGSTOP);
	/* Waits for all of its processes; the watchdog of the test is the bound. */
	test_equal_error(portico_session_stop(world_socket()), 0);
	world_stop();
}

/* Neither there nor about to be taken by whoever inherits it. */
static bool is_gone(pid_t pid)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	bool is_there = f && fgets(line, sizeof(line), f) && strrchr(line, ')')[2] != 'Z';
	if (f)
		fclose(f);
	return !is_there;
}

/* The next registry does not wait for it, and starts another. */
TEST(a_stopped_host_that_is_replaced_is_ended)
{
	static const char fixture[] = "org.portico.test.Fixture";

	world_start_with_bundle("Fixture.dext");
	pid_t host = world_host_pid(fixture);
	kill(host, SIGSTOP);
	world_kill_registry();
	world_restart_registry();
	IOServiceClose(world_open("FixtureDriver", FIXTURE_PLAIN));
	test_await(is_gone(host));
	world_stop();
}

TEST_MAIN
