// SPDX-License-Identifier: MIT
/* The registry is killed and started again: connections live on, handles and notifications return. */
#include <signal.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { ADD };

static kern_return_t add(io_connect_t c)
{
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;
	kern_return_t result = IOConnectCallScalarMethod(c, ADD, in, 2, out, &n);

	if (!result)
		test_equal(out[0], 3);
	return result;
}

TEST(open_connections_live_on)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);

	world_kill_registry();
	for (int i = 0; i < 1000; i++)
		test_equal_error(add(c), 0);
	world_restart_registry();
	for (int i = 0; i < 1000; i++)
		test_equal_error(add(c), 0);
	IOServiceClose(c);
	world_stop();
}

TEST(services_keep_their_ids_and_handles)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	uint64_t before = 0, after = 0;
	pid_t host = world_host_pid("org.portico.driver.Calculator");

	test_equal_error(IORegistryEntryGetRegistryEntryID(s, &before), 0);
	world_kill_registry();
	world_restart_registry();
	io_service_t again = world_service("CalculatorDriver");
	test_equal_error(IORegistryEntryGetRegistryEntryID(again, &after), 0);
	test_equal(after, before);
	test_equal(again, s);
	test_equal(world_host_pid("org.portico.driver.Calculator"), host);
	io_connect_t c = 0;
	test_equal_error(IOServiceOpen(s, mach_task_self(), 0, &c), 0);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	IOObjectRelease(s);
	IOObjectRelease(again);
	world_stop();
}

TEST(look_ups_fail_clearly_while_it_is_away)
{
	world_start();
	io_iterator_t iterator = 0;

	world_kill_registry();
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver")), 0);
	test_true(IOServiceGetMatchingServices(0, IOServiceMatching("CalculatorDriver"),
					       &iterator) != 0);
	world_restart_registry();
	io_service_t s = world_service("CalculatorDriver");
	IOObjectRelease(s);
	world_stop();
}

static int terminated;

static void on_terminated(void *refcon, io_iterator_t iterator)
{
	io_service_t s;

	(void)refcon;
	while ((s = IOIteratorNext(iterator))) {
		terminated++;
		IOObjectRelease(s);
	}
}

TEST(notifications_are_armed_again)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("CalculatorDriver"),
							  on_terminated, NULL, &iterator),
			 0);
	on_terminated(NULL, iterator);
	world_kill_registry();
	world_restart_registry();
	/* What happens before the library has armed them is not told: look-ups may be quicker. */
	do {
		IOObjectRelease(world_service("CalculatorDriver"));
		kill(world_host_pid("org.portico.driver.Calculator"), SIGKILL);
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	} while (!terminated);
	test_equal(terminated, 1);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST_MAIN
