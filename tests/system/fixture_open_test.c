// SPDX-License-Identifier: MIT
/* Opening in all its ways: refused, shared, exclusive; connections that know each other; nubs. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "test.h"
#include "world.h"

static void begin(void)
{
	world_start_with(test_built("tests/drivers"));
}

static void counts(io_connect_t c, uint64_t out[FIXTURE_COUNTS])
{
	uint32_t n = FIXTURE_COUNTS;

	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, out, &n), 0);
}

static uint64_t count(io_connect_t c, int which)
{
	uint64_t out[FIXTURE_COUNTS];

	counts(c, out);
	return out[which];
}

static void await_count(io_connect_t c, int which, uint64_t value)
{
	while (count(c, which) != value)
		;
}

static void call(io_connect_t c, uint32_t selector)
{
	uint32_t none = 0;

	test_equal_error(IOConnectCallScalarMethod(c, selector, NULL, 0, NULL, &none), 0);
}

TEST(spec_k19_get_service_follows_the_driver)
{
	io_service_t nub = 0;
	io_name_t name;

	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	test_equal_error(IOConnectGetService(c, &nub), 0);
	test_equal_error(IORegistryEntryGetName(nub, name), 0);
	test_equal_text(name, "fixture nub");
	test_equal_error(IORegistryEntryGetLocationInPlane(nub, kIOServicePlane, name), 0);
	test_equal_text(name, "1,2");
	test_true(IOObjectConformsTo(nub, "FixtureNub"));
	IOObjectRelease(nub);
	call(c, FIXTURE_END_NUB);
	test_equal_error(IOConnectGetService(c, &nub), kIOReturnUnsupported);
	IOServiceClose(c);
	world_stop();
}

static void note(void *context, io_iterator_t iterator)
{
	io_service_t service;

	while ((service = IOIteratorNext(iterator))) {
		++*(int *)context;
		IOObjectRelease(service);
	}
}

TEST(nubs_come_and_go)
{
	io_iterator_t came, went;
	int n_came = 0, n_went = 0;

	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification,
							  IOServiceMatching("FixtureNub"), note,
							  &n_came, &came),
			 0);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("FixtureNub"), note,
							  &n_went, &went),
			 0);
	note(&n_came, came);
	note(&n_went, went);
	test_equal(n_came, 1);
	test_equal(n_went, 0);
	call(c, FIXTURE_END_NUB);
	while (n_went < 1)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	call(c, FIXTURE_MAKE_NUB);
	while (n_came < 2)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(n_went, 1);
	IOObjectRelease(came);
	IOObjectRelease(went);
	IONotificationPortDestroy(port);
	IOServiceClose(c);
	world_stop();
}

struct heard {
	int count;
	uint32_t type;
	void *argument;
};

static void hear(void *context, io_service_t service, uint32_t type, void *argument)
{
	struct heard *heard = context;

	heard->count++;
	heard->type = type;
	heard->argument = argument;
}

TEST(messages_of_a_driver_reach_interested_programs)
{
	struct heard heard = { 0 };
	io_object_t interest;
	uint64_t in[2] = { 0xe0ff8005, 77 };
	uint32_t none = 0;

	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	io_service_t service = world_service("FixtureDriver");
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal_error(IOServiceAddInterestNotification(port, service, kIOGeneralInterest, hear,
							  &heard, &interest),
			 0);
	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_TELL, in, 2, NULL, &none), 0);
	while (!heard.count)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(heard.type, in[0]);
	test_equal((uintptr_t)heard.argument, 77);
	IOObjectRelease(interest);
	IONotificationPortDestroy(port);
	IOObjectRelease(service);
	IOServiceClose(c);
	world_stop();
}

/* A client that dies in a method which does not return holds up nobody but itself. */
TEST(a_dead_client_whose_method_goes_on_hurts_nobody)
{
	if (!world_is_daemon())
		return;
	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	uint64_t deaths = count(c, FIXTURE_DEATHS);
	uint32_t none = 0;
	int status;
	pid_t child = fork();
	if (child == 0) {
		io_connect_t own = world_open("FixtureDriver", FIXTURE_PLAIN);

		IOConnectCallScalarMethod(own, FIXTURE_HOLD, NULL, 0, NULL, &none);
		_exit(1);
	}
	await_count(c, FIXTURE_HELD, 1);
	kill(child, SIGKILL);
	test_equal(waitpid(child, &status, 0), child);
	for (int i = 0; i < 3; i++) {
		io_connect_t next = world_open("FixtureDriver", FIXTURE_PLAIN);

		test_equal(count(next, FIXTURE_DEATHS), deaths);
		IOServiceClose(next);
	}
	call(c, FIXTURE_RELEASE);
	await_count(c, FIXTURE_DEATHS, deaths + 1);
	test_equal(count(c, FIXTURE_OVERLAPS), 0);
	IOServiceClose(c);
	world_stop();
}

TEST_MAIN
