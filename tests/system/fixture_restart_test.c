// SPDX-License-Identifier: MIT
/* What a driver has published survives the registry: nubs, live properties, user clients. */
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "test.h"
#include "world.h"

static uint64_t id_of(io_service_t service)
{
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(service, &id), 0);
	return id;
}

static int count_children(io_service_t service, const char *class_name)
{
	io_iterator_t children;
	io_object_t child;
	int n = 0;

	test_equal_error(IORegistryEntryGetChildIterator(service, kIOServicePlane, &children), 0);
	while ((child = IOIteratorNext(children))) {
		n += IOObjectConformsTo(child, class_name);
		IOObjectRelease(child);
	}
	IOObjectRelease(children);
	return n;
}

TEST(what_hangs_below_a_driver_comes_back_once)
{
	world_start_with(test_built("tests/drivers"));
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	io_service_t driver = world_service("FixtureDriver"), nub = world_service("FixtureNub");
	uint64_t driver_id = id_of(driver), nub_id = id_of(nub);
	pid_t host = world_host_pid("org.portico.test.Fixture");

	test_equal(count_children(driver, "FixtureNub"), 1);
	test_equal(count_children(driver, "FixtureUserClient"), 1);
	test_reset_baseline(); /* the library keeps the ancestry of classes */
	IOObjectRelease(driver);
	IOObjectRelease(nub);
	world_kill_registry();
	world_restart_registry();
	driver = world_service("FixtureDriver");
	nub = world_service("FixtureNub");
	test_equal(id_of(driver), driver_id);
	test_equal(id_of(nub), nub_id);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(world_host_pid("org.portico.test.Fixture"), host);
	test_equal(count_children(driver, "FixtureNub"), 1);
	test_equal(count_children(driver, "FixtureUserClient"), 1);
	CFTypeRef first = IORegistryEntryCreateCFProperty(driver, CFSTR("Ticks"), NULL, 0);
	CFTypeRef second = IORegistryEntryCreateCFProperty(driver, CFSTR("Ticks"), NULL, 0);
	test_true(first && second && !CFEqual(first, second));
	CFRelease(first);
	CFRelease(second);
	/* a new nub finds the host as it was, and matching goes on */
	uint32_t none = 0;
	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_MAKE_NUB, NULL, 0, NULL, &none), 0);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(world_host_pid("org.portico.test.Fixture"), host);
	IOObjectRelease(driver);
	IOObjectRelease(nub);
	IOServiceClose(c);
	world_stop();
}

TEST_MAIN
