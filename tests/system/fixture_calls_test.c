// SPDX-License-Identifier: MIT
/* Calls that the sample drivers do not have: any size out, traps, locking, properties. */
#include <pthread.h>
#include <string.h>
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

struct caller {
	io_connect_t connect;
	uint32_t selector;
	int times;
	uint64_t most;
	kern_return_t result;
};

TEST(live_properties_are_computed_at_each_read)
{
	int before = 0, after = 0;
	CFMutableDictionaryRef all;

	begin();
	io_service_t service = world_service("FixtureDriver");
	CFTypeRef value = IORegistryEntryCreateCFProperty(service, CFSTR("Ticks"), NULL, 0);
	test_true(value != NULL);
	CFNumberGetValue(value, kCFNumberIntType, &before);
	CFRelease(value);
	test_reset_baseline(); /* the registry keeps the last value */
	test_equal_error(IORegistryEntryCreateCFProperties(service, &all, NULL, 0), 0);
	value = CFDictionaryGetValue(all, CFSTR("Ticks"));
	test_true(value != NULL);
	CFNumberGetValue(value, kCFNumberIntType, &after);
	test_equal(after, before + 1);
	CFRelease(all);
	IOObjectRelease(service);
	world_stop();
}

TEST(spec_e34_the_driver_decides_about_properties)
{
	begin();
	io_service_t service = world_service("FixtureDriver");
	const void *key = CFSTR("Echo"), *text = CFSTR("hello");
	CFDictionaryRef good =
		CFDictionaryCreate(NULL, &key, &text, 1, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);

	test_equal_error(IORegistryEntrySetCFProperties(service, good), 0);
	test_reset_baseline(); /* the session keeps the value */
	test_equal_error(IORegistryEntrySetCFProperties(service, good), 0);
	CFTypeRef value = IORegistryEntryCreateCFProperty(service, CFSTR("Echo"), NULL, 0);
	test_true(value && CFEqual(value, text));
	CFRelease(value);
	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("Other"), text),
			 kIOReturnNotPermitted);
	test_equal_error(IORegistryEntrySetCFProperties(service, CFSTR("text")),
			 kIOReturnBadArgument);
	CFRelease(good);
	IOObjectRelease(service);
	world_stop();
}

TEST_MAIN
