// SPDX-License-Identifier: MIT
/* Matching and interest notifications with real drivers. */
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

static int calls;

static void count_call(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
	calls++;
}

TEST(existing_services_are_in_the_initial_set_without_a_call)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	io_service_t s;
	int n = 0;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOFirstMatchNotification,
							  IOServiceMatching("CalculatorDriver"),
							  count_call, NULL, &iterator),
			 0);
	while ((s = IOIteratorNext(iterator))) {
		IOObjectRelease(s);
		n++;
	}
	test_equal(n, 1);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.05, false), kCFRunLoopRunTimedOut);
	test_equal(calls, 0);
	test_true(IOIteratorIsValid(iterator));
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST(unknown_types_are_unsupported_and_consume_the_dictionary)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	CFMutableDictionaryRef matching = IOServiceMatching("IOResources");
	io_iterator_t iterator = 99;

	CFRetain(matching);
	test_equal_error(IOServiceAddMatchingNotification(port, "IOServiceNope", matching,
							  count_call, NULL, &iterator),
			 kIOReturnUnsupported);
	test_equal(iterator, 99);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification, NULL,
							  count_call, NULL, &iterator),
			 kIOReturnBadArgument);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST(terminated_starts_empty)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;

	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("CalculatorDriver"),
							  count_call, NULL, &iterator),
			 0);
	test_equal(IOIteratorNext(iterator), 0);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	world_stop();
}

static void interest(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)refcon;
	(void)service;
	(void)type;
	(void)argument;
	calls++;
}

TEST(interest_types_and_targets)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	io_object_t notifier = 0;

	test_equal_error(IOServiceAddInterestNotification(port, s, kIOGeneralInterest, interest,
							  NULL, &notifier),
			 0);
	test_equal(IOIteratorNext(notifier), 0);
	IOObjectRelease(notifier);
	test_equal_error(
		IOServiceAddInterestNotification(port, s, "IONope", interest, NULL, &notifier),
		kIOReturnUnsupported);
	test_equal_error(IOServiceAddInterestNotification(port, root, kIOGeneralInterest, interest,
							  NULL, &notifier),
			 kIOReturnBadArgument);
	IOObjectRelease(root);
	IOObjectRelease(s);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST(the_same_service_has_the_same_name)
{
	world_start();
	io_service_t a = IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));
	io_service_t b = IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));

	test_true(a && a == b);
	test_equal(IOObjectGetUserRetainCount(a), 2);
	test_equal_error(IOObjectRelease(a), 0);
	test_equal_error(IOObjectRelease(a), 0);
	test_equal_error(IOObjectRelease(a), KERN_INVALID_NAME);
	world_stop();
}

TEST(spec_c06_no_match_is_success_with_iterator_0)
{
	world_start();
	io_iterator_t iterator = 5;

	test_equal_error(
		IOServiceGetMatchingServices(0, IOServiceMatching("NoSuchClass"), &iterator), 0);
	test_equal(iterator, 0);
	test_equal_error(IOServiceGetMatchingServices(0, NULL, &iterator), kIOReturnBadArgument);
	world_stop();
}

TEST(spec_e12_paths_there_and_back)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_string_t path = "";

	test_equal_error(IORegistryEntryGetPath(s, kIOServicePlane, path), 0);
	test_equal(strncmp(path, "IOService:/", 11), 0);
	io_registry_entry_t again = IORegistryEntryFromPath(kIOMainPortDefault, path);
	test_equal(again, s);
	IOObjectRelease(again);
	strcat(path, "/");
	test_equal(IORegistryEntryFromPath(kIOMainPortDefault, path), 0);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e40_the_root_has_its_diagnostics)
{
	world_start();
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	CFMutableDictionaryRef properties = NULL;
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(root, &id), 0);
	test_equal(id, 0x100000100);
	test_equal_error(IORegistryEntryCreateCFProperties(root, &properties, NULL, 0), 0);
	test_true(CFDictionaryContainsKey(properties, CFSTR("IOKitBuildVersion")));
	test_true(CFDictionaryContainsKey(properties, CFSTR("IORegistryPlanes")));
	CFDictionaryRef diagnostics = CFDictionaryGetValue(properties, CFSTR("IOKitDiagnostics"));
	test_true(diagnostics != NULL);
	CFDictionaryRef classes = CFDictionaryGetValue(diagnostics, CFSTR("Classes"));
	test_true(classes && CFGetTypeID(classes) == CFDictionaryGetTypeID());
	test_true(CFDictionaryContainsKey(classes, CFSTR("CalculatorDriver")));
	CFRelease(properties);
	IOObjectRelease(root);
	world_stop();
}

TEST_MAIN
