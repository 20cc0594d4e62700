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

TEST(spec_i06_i17_async_limits)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	mach_port_t port = 0;
	uint64_t reference[9] = { 0 }, in[3] = { 0 };
	char bytes[64];
	size_t n = (size_t)-3;

	test_equal(IOCreateReceivePort(kOSAsyncCompleteMessageID, &port), 0);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(c, ADD_LATER, port, reference, 9, in, 3, NULL, NULL),
		(uint32_t)-307);
	test_equal_error(IOConnectCallAsyncMethod(c, REVERSE, port, reference, 3, NULL, 0, bytes, 8,
						  NULL, NULL, bytes, &n),
			 kIOReturnIPCError);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(c, ADD_LATER, port, reference, 0, in, 3, NULL, NULL),
		kIOReturnBadArgument);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j15_synchronous_methods_refuse_a_wake_port)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	mach_port_t port = 0;
	uint64_t reference[3] = { 0 }, in[2] = { 2, 3 }, out = 0;
	uint32_t n = 1;

	test_equal(IOCreateReceivePort(kOSAsyncCompleteMessageID, &port), 0);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(c, ADD, port, reference, 3, in, 2, &out, &n),
		kIOReturnBadArgument);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, ADD, 0, reference, 3, in, 2, &out, &n),
			 0);
	test_equal(out, 5);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j06_j11_j12_counts)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[17] = { 0 }, out[4] = { 7, 7, 7, 7 };
	uint32_t n = 1;
	char bytes[8] = "abc";

	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 17, out, &n), (uint32_t)-307);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, UINT32_MAX, out, &n),
			 (uint32_t)-307);
	test_equal(out[0], 7);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, NULL), kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, NULL, 2, out, &n), kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, NULL, &n), kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, REVERSE, NULL, 0, bytes, NULL), 0);
	/* The driver has no room for its output. */
	test_equal_error(IOConnectCallStructMethod(c, REVERSE, bytes, 3, bytes, NULL),
			 kIOReturnBadArgument);
	test_equal_text(bytes, "abc");
	test_equal_error(IOConnectCallStructMethod(c, REVERSE, NULL, 3, bytes, NULL),
			 kIOReturnBadArgument);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j10_the_driver_says_how_much_it_wrote)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	char bytes[64] = "abc";
	size_t n = sizeof(bytes);

	test_equal_error(IOConnectCallStructMethod(c, REVERSE, "xyz", 3, bytes, &n), 0);
	test_equal(n, 3);
	test_equal(memcmp(bytes, "zyx", 4), 0); /* and nothing behind it */
	n = 2;
	test_equal_error(IOConnectCallStructMethod(c, REVERSE, "xyz", 3, bytes, &n),
			 kIOReturnBadArgument);
	test_equal(n, 2);
	n = 31;
	test_equal_error(IOConnectCallStructMethod(c, STATISTICS, bytes, 8, bytes, &n),
			 kIOReturnBadArgument);
	test_equal(n, 31);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j09_j26_outputs_and_wide_scalars)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 0x123456789abcdef0u, 1 }, out[2] = { 7, 7 };
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), 0);
	test_equal(out[0], 0x123456789abcdef1u);
	test_equal(out[1], 7);
	test_equal(n, 1);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j23_bad_connections)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	uint64_t out[4];
	uint32_t n = 4;
	io_service_t back = 77;

	test_equal_error(IOConnectCallMethod(0, OPENS, NULL, 0, NULL, 0, out, &n, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectCallScalarMethod(s, OPENS, NULL, 0, out, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectGetService(s, &back), kIOReturnBadArgument);
	test_equal_error(IOConnectGetService(0, &back), MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectSetCFProperties(s, kCFBooleanTrue), kIOReturnBadArgument);
	test_equal_error(IOConnectAddClient(s, s), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap0(0, 0), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap6(s, 0, 1, 2, 3, 4, 5, 6), kIOReturnBadArgument);
	test_equal_error(IOConnectSetNotificationPort(0, 0, 0, 0), MACH_SEND_INVALID_DEST);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_k06_k07_who_can_be_opened)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver"),
		     resources = world_service("IOResources");
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	io_connect_t c = 77;
	io_iterator_t it = 0;

	test_equal_error(IOServiceOpen(s, 0, 0, &c), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(s, 0x777, 0, &c), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(s, mach_task_self(), 0, NULL), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(root, mach_task_self(), 0, &c), kIOReturnBadArgument);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("IOService"), &it), 0);
	test_equal_error(IOServiceOpen(it, mach_task_self(), 0, &c), kIOReturnBadArgument);
	c = 77;
	test_equal_error(IOServiceOpen(0, mach_task_self(), 0, &c), MACH_SEND_INVALID_DEST);
	test_equal(c, 77);
	test_equal_error(IOServiceOpen(resources, mach_task_self(), 0, &c), kIOReturnUnsupported);
	test_equal(c, 0);
	c = 77;
	test_equal_error(IOServiceOpen(s, mach_task_self(), 2, &c), kIOReturnUnsupported);
	test_equal(c, 0);
	IOObjectRelease(it);
	IOObjectRelease(root);
	IOObjectRelease(resources);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_k19_k21_k23_what_a_plain_client_does_not_do)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0), d = world_open("CalculatorDriver", 0);
	io_connect_t m = world_open("MirrorDriver", 0);
	io_service_t s = world_service("CalculatorDriver"), back = 0;
	mach_port_t port = IODataQueueAllocateNotificationPort();

	test_equal_error(IOConnectGetService(c, &back), 0);
	test_equal(back, s);
	test_equal(IOObjectRelease(back), 0);
	test_equal_error(IOConnectGetService(c, NULL), kIOReturnBadArgument);
	test_equal_error(IOConnectSetNotificationPort(c, 0, port, 0), kIOReturnUnsupported);
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("a"), kCFBooleanTrue),
			 kIOReturnUnsupported);
	test_equal_error(IOConnectSetCFProperties(c, NULL), kIOReturnUnsupported);
	test_equal_error(IOConnectAddClient(c, d), kIOReturnUnsupported);
	test_equal_error(IOConnectAddClient(c, m), kIOReturnBadArgument); /* in another host */
	test_equal_error(IOConnectAddClient(c, s), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap0(c, 0), 0); /* no such trap is success: spec 4.9 */
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	IOObjectRelease(s);
	IOServiceClose(c);
	IOServiceClose(d);
	IOServiceClose(m);
	world_stop();
}

TEST(spec_k26_user_clients_are_attached_but_never_matched)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t child = 0;
	io_iterator_t it = 77;

	test_equal(IORegistryEntryGetChildEntry(s, kIOServicePlane, &child), 0);
	test_true(IOObjectConformsTo(child, "IOUserClient"));
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("IOUserClient"), &it), 0);
	test_equal(it, 0);
	IOObjectRelease(child);
	IOObjectRelease(s);
	IOServiceClose(c);
	test_reset_baseline();
	world_stop();
}

TEST(spec_k13_references_of_connections)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t out[4];
	uint32_t n = 4;

	test_equal(IOConnectAddRef(c), 0);
	test_equal(IOObjectGetUserRetainCount(c), 2);
	test_equal(IOConnectRelease(c), 0);
	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, out, &n), 0);
	test_equal(IOConnectRelease(c), 0);
	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, out, &n),
			 MACH_SEND_INVALID_DEST);
	test_equal(IOConnectRelease(c), KERN_INVALID_NAME);
	world_stop();
}

static bool is_mapped(mach_vm_address_t address)
{
	unsigned char page;

	return mincore((void *)(uintptr_t)address, 1, &page) == 0;
}

TEST(spec_l06_l07_l09_l10_mappings_end)
{
	world_start();
	io_connect_t c = world_open("MirrorDriver", 0);
	mach_vm_address_t a = 0, b = 0;
	mach_vm_size_t size = 0;

	test_equal_error(IOConnectUnmapMemory64(c, 0, mach_task_self(), 0), kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(c, 0, 0, &a, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(c, 0, mach_task_self(), NULL, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(c, 0, mach_task_self(), &a, &size, kIOMapAnywhere),
			 0);
	test_equal(size, 1024 * 1024);
	test_true(is_mapped(a));
	test_equal_error(IOConnectUnmapMemory64(c, 0, mach_task_self(), a), 0);
	test_true(!is_mapped(a));
	test_equal_error(IOConnectUnmapMemory64(c, 0, mach_task_self(), a), kIOReturnBadArgument);
	test_equal_error(IOConnectUnmapMemory64(c, 9, mach_task_self(), a), kIOReturnUnsupported);
	test_equal_error(IOConnectMapMemory64(c, 1, mach_task_self(), &b, &size, kIOMapAnywhere),
			 0);
	test_true(is_mapped(b));
	IOServiceClose(c);
	test_true(!is_mapped(b));
	world_stop();
}

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
