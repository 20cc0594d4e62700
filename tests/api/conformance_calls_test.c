// SPDX-License-Identifier: MIT
/*
 * Connections, memory and busy state: spec 11.9 to 11.15 as far as the sample drivers
 * show it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { ADD, DIVIDE, STATISTICS, REVERSE, ADD_LATER, REPEAT, FAIL_LATER, SLEEP, OPENS };

/* --- busy state, probe, privilege ---------------------------------------------------- */

TEST(spec_n01_n03_n04_busy_state)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	mach_timespec_t no_time = { 0, 0 };
	uint32_t busy = 77;
	uint64_t state = 77, time = 77;

	test_equal_error(IOServiceGetBusyState(s, &busy), 0);
	test_equal(busy, 0);
	busy = 77;
	test_equal_error(IOServiceGetBusyState(root, &busy), kIOReturnBadArgument);
	test_equal(busy, 0);
	busy = 77;
	test_equal_error(IOServiceGetBusyState(0, &busy), MACH_SEND_INVALID_DEST);
	test_equal(busy, 0);
	test_equal_error(IOServiceGetBusyState(s, NULL), kIOReturnBadArgument);
	test_equal_error(IOServiceWaitQuiet(s, NULL), 0);
	test_equal_error(IOServiceWaitQuiet(s, &no_time), 0);
	test_equal_error(IOServiceWaitQuiet(root, NULL), kIOReturnBadArgument);
	test_equal_error(IOServiceWaitQuiet(0, NULL), MACH_SEND_INVALID_DEST);
	busy = 77;
	test_equal_error(IOKitGetBusyState(0, &busy), 0);
	test_equal(busy, 0);
	test_equal_error(IOKitGetBusyState(0, NULL), kIOReturnBadArgument);
	test_equal_error(IOServiceGetState(s, &state), 0);
	test_equal(state & (kIOServiceRegisteredState | kIOServiceMatchedState |
			    kIOServiceInactiveState),
		   kIOServiceRegisteredState | kIOServiceMatchedState);
	test_equal_error(IOServiceGetState(root, &state), kIOReturnBadArgument);
	test_equal(state, 0);
	busy = 77;
	test_equal_error(IOServiceGetBusyStateAndTime(0, &state, &busy, &time),
			 MACH_SEND_INVALID_DEST);
	test_equal(state + busy + time, 0);
	test_equal_error(IOServiceGetState(s, NULL), kIOReturnBadArgument);
	IOObjectRelease(root);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_n28_p15_probe_and_options)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t root = IORegistryGetRootEntry(0);

	test_equal_error(IOServiceRequestProbe(s, 0), kIOReturnUnsupported);
	test_equal_error(IOServiceRequestProbe(0, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceRequestProbe(root, 0), kIOReturnBadArgument);
	test_equal_error(IOKitWaitQuietWithOptions(0, NULL, kIOWaitQuietPanicOnFailure), 0);
	IOObjectRelease(root);
	IOObjectRelease(s);
	world_stop();
}

TEST(authorization_and_device_tree_paths)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	char path[600];
	io_name_t name = "kept";

	test_equal_error(IOServiceAuthorize(s, kIOServiceInteractionAllowed),
			 kIOReturnNotPrivileged);
	test_equal_error(IOServiceAuthorize(root, 0), kIOReturnBadArgument);
	test_equal_error(IOServiceAuthorize(0, 0), MACH_SEND_INVALID_DEST);
	test_equal(IOServiceOFPathToBSDName(0, "/no/such/path", name), KERN_FAILURE);
	test_equal_text(name, "kept");
	test_equal_error(IOServiceOFPathToBSDName(0, NULL, name), kIOReturnBadArgument);
	test_equal_error(IOServiceOFPathToBSDName(0, "/x", NULL), kIOReturnBadArgument);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = 0;
	test_equal_error(IOServiceOFPathToBSDName(0, path, name), kIOReturnBadArgument);
	IOObjectRelease(root);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_p08_resources_are_set_by_root)
{
	world_start();
	io_service_t resources = world_service("IOResources");
	CFTypeRef value;

	if (geteuid() != 0) {
		test_equal_error(
			IORegistryEntrySetCFProperty(resources, CFSTR("Set"), kCFBooleanTrue),
			kIOReturnNotPrivileged);
	} else {
		test_equal_error(
			IORegistryEntrySetCFProperty(resources, CFSTR("Set"), kCFBooleanTrue), 0);
		value = IORegistryEntryCreateCFProperty(resources, CFSTR("Set"), NULL, 0);
		test_equal(value, kCFBooleanTrue);
		CFRelease(value);
	}
	IOObjectRelease(resources);
	world_stop();
}

TEST_MAIN
