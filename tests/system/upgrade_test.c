// SPDX-License-Identifier: MIT
/* Driver and registry are replaced while programs are connected. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "test.h"
#include "world.h"

enum { ADD };
enum { PROGRAMS = 10, CONNECTIONS = 10 };

static kern_return_t add(io_connect_t c)
{
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;
	kern_return_t result = IOConnectCallScalarMethod(c, ADD, in, 2, out, &n);

	if (!result)
		test_equal(out[0], 3);
	return result;
}

static bool is_in_death_set(kern_return_t result)
{
	uint32_t r = (uint32_t)result;

	return r == (uint32_t)kIOReturnOffline || r == (uint32_t)kIOReturnAborted ||
	       r == (uint32_t)kIOReturnNotReady || r == (uint32_t)kIOReturnIPCError ||
	       r == (uint32_t)MACH_SEND_INVALID_DEST;
}

/* --- a driver ------------------------------------------------------------------------ */

/* A copy of the Calculator whose services say VERSION; takes the place of an older one as installers do. */
static void install(const char *folder, int version)
{
	char command[2048];

	snprintf(command, sizeof(command),
		 "set -e; d=%s/Calculator.dext; mkdir -p $d; cp %s/Calculator.so $d/new.so; "
		 "sed 's|<key>IOClass</key>|<key>TestVersion</key><integer>%d</integer>&|; "
		 "s|<string>1.0</string>|<string>%d.0</string>|' %s/Info.plist >$d/new.plist; "
		 "mv $d/new.so $d/Calculator.so; mv $d/new.plist $d/Info.plist",
		 folder, test_built("drivers/Calculator.dext"), version, version,
		 test_built("drivers/Calculator.dext"));
	test_equal(system(command), 0);
}

static int version_of(io_service_t service)
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(service, CFSTR("TestVersion"), NULL, 0);
	int version = 0;

	if (value) {
		CFNumberGetValue(value, kCFNumberIntType, &version);
		CFRelease(value);
	}
	return version;
}

/* Connected to the old version, until that ends; then to the new one. */
static _Noreturn void be_program(int ready_fd)
{
	io_connect_t connects[CONNECTIONS];
	kern_return_t result;

	for (int i = 0; i < CONNECTIONS; i++)
		connects[i] = world_open("CalculatorDriver", 0);
	if (write(ready_fd, "x", 1) != 1)
		_exit(2);
	for (int i = 0; i < CONNECTIONS; i++) {
		do
			result = add(connects[i]);
		while (!result);
		if (!is_in_death_set(result))
			_exit(3);
		IOServiceClose(connects[i]);
	}
	io_connect_t c = world_open("CalculatorDriver", 0);
	io_service_t service = 0;
	if (add(c) || IOConnectGetService(c, &service))
		_exit(4);
	_exit(version_of(service) == 2 ? 0 : 5);
}

TEST(p_c7_a_new_version_of_a_driver_takes_over)
{
	char folder[512], path[600], byte;
	CFStringRef text = NULL;
	int ready[2], status;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	install(folder, 1);
	world_start_with(folder);
	io_service_t s = world_service("CalculatorDriver");
	test_equal(version_of(s), 1);
	test_equal(pipe(ready), 0);
	fflush(stdout);
	for (int i = 0; i < PROGRAMS; i++)
		if (fork() == 0)
			be_program(ready[1]);
	close(ready[1]);
	for (int i = 0; i < PROGRAMS; i++)
		test_equal(read(ready[0], &byte, 1), 1);
	pid_t old = world_host_pid("org.portico.driver.Calculator");
	snprintf(path, sizeof(path), "%s/Calculator.dext", folder);
	/* The same once more changes nothing. */
	test_equal_error(portico_session_load(world_socket(), path, &text), 0);
	CFRelease(text);
	test_equal(world_host_pid("org.portico.driver.Calculator"), old);
	install(folder, 2);
	test_equal_error(portico_session_load(world_socket(), path, &text), 0);
	CFRelease(text);
	for (int i = 0; i < PROGRAMS; i++) {
		test_true(wait(&status) > 0);
		test_true(WIFEXITED(status));
		test_equal(WEXITSTATUS(status), 0);
	}
	test_true(world_host_pid("org.portico.driver.Calculator") != old);
	close(ready[0]);
	IOObjectRelease(s);
	world_stop();
}

/* Whoever waits for quiet after loading waits for the new version. */
TEST(a_new_version_is_there_when_it_is_quiet)
{
	char folder[512], path[600];
	CFStringRef text = NULL;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	snprintf(path, sizeof(path), "%s/Calculator.dext", folder);
	install(folder, 1);
	world_start_with(folder);
	for (int version = 2; version < 12; version++) {
		install(folder, version);
		test_equal_error(portico_session_load(world_socket(), path, &text), 0);
		CFRelease(text);
		test_equal_error(portico_session_wait_quiet(world_socket(), 10000), 0);
		io_service_t s =
			IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));
		test_true(s != 0);
		test_equal(version_of(s), version);
		IOObjectRelease(s);
	}
	world_stop();
}

/* As those of an installation are: found at bin/../lib/portico/drivers. */
TEST(a_new_version_is_loaded_by_any_path)
{
	char folder[512], roundabout[600], path[700];
	io_service_t service = 0;
	CFStringRef text = NULL;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	install(folder, 1);
	snprintf(roundabout, sizeof(roundabout), "%s/../drivers", folder);
	world_start_with(roundabout);
	io_connect_t old = world_open("CalculatorDriver", 0);
	install(folder, 2);
	snprintf(path, sizeof(path), "%s/Calculator.dext", folder);
	test_equal_error(portico_session_load(world_socket(), path, &text), 0);
	CFRelease(text);
	while (!add(old))
		;
	io_connect_t fresh = world_open("CalculatorDriver", 0);
	test_equal_error(IOConnectGetService(fresh, &service), 0);
	test_equal(version_of(service), 2);
	IOObjectRelease(service);
	IOServiceClose(fresh);
	IOServiceClose(old);
	world_stop();
}

TEST(a_broken_new_version_leaves_the_old_one)
{
	char folder[512], path[600], command[700];
	CFStringRef text = NULL;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	install(folder, 1);
	world_start_with(folder);
	io_connect_t c = world_open("CalculatorDriver", 0);
	snprintf(path, sizeof(path), "%s/Calculator.dext", folder);
	snprintf(command, sizeof(command), "echo nonsense >%s/Info.plist", path);
	test_equal(system(command), 0);
	test_equal_error(portico_session_load(world_socket(), path, &text), kIOReturnError);
	CFRelease(text);
	test_equal_error(add(c), 0);
	/* and for those who come now */
	io_connect_t fresh = world_open("CalculatorDriver", 0);
	io_service_t service = 0;
	test_equal_error(IOConnectGetService(fresh, &service), 0);
	test_equal(version_of(service), 1);
	test_equal_error(add(fresh), 0);
	IOObjectRelease(service);
	IOServiceClose(fresh);
	IOServiceClose(c);
	world_stop();
}

/* --- the registry ------------------------------------------------------------------------ */

TEST(another_registry_takes_over)
{
	int status;

	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	io_service_t s = world_service("CalculatorDriver");
	pid_t host = world_host_pid("org.portico.driver.Calculator");
	fflush(stdout);
	pid_t asking = fork();
	if (asking == 0)
		_exit(portico_session_restart(world_socket()) != 0);
	/* As its supervisor sees it. */
	test_equal(world_await_registry(), 75);
	test_equal_error(add(c), 0);
	world_restart_registry();
	test_equal(waitpid(asking, &status, 0), asking);
	test_equal(status, 0);
	io_service_t again = world_service("CalculatorDriver");
	test_equal(again, s);
	test_equal(world_host_pid("org.portico.driver.Calculator"), host);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	c = world_open("CalculatorDriver", 0);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	IOObjectRelease(s);
	IOObjectRelease(again);
	world_stop();
}

TEST_MAIN
