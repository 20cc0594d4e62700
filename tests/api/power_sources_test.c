// SPDX-License-Identifier: MIT
/* IOPowerSources against a battery that is set by the test. */
#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/ps/IOPSKeys.h>
#include <IOKit/ps/IOPowerSources.h>

#include "../harness/world.h"
#include "test.h"

/* One property of the battery; VALUE is released. */
static void set(io_service_t battery, CFStringRef key, CFTypeRef value)
{
	test_equal_error(IORegistryEntrySetCFProperty(battery, key, value), 0);
	CFRelease(value);
}

static CFNumberRef number(int value)
{
	return CFNumberCreate(NULL, kCFNumberIntType, &value);
}

static io_service_t begin(void)
{
	world_start_with_bundle("Battery.dext");
	return world_service("AppleSmartBattery");
}

static void end(io_service_t battery)
{
	IOObjectRelease(battery);
	world_stop();
}

static int get(CFDictionaryRef source, CFStringRef key)
{
	CFNumberRef value = CFDictionaryGetValue(source, key);
	int result = -12345;

	test_true(value && CFGetTypeID(value) == CFNumberGetTypeID());
	CFNumberGetValue(value, kCFNumberIntType, &result);
	return result;
}

static void expect_text(CFDictionaryRef source, CFStringRef key, CFStringRef text)
{
	CFTypeRef value = CFDictionaryGetValue(source, key);

	test_true(value && CFEqual(value, text));
}

TEST(a_battery_in_use)
{
	io_service_t battery = begin();
	CFTypeRef blob = IOPSCopyPowerSourcesInfo();
	CFArrayRef list = IOPSCopyPowerSourcesList(blob);
	CFDictionaryRef source;

	test_equal(CFArrayGetCount(list), 1);
	source = IOPSGetPowerSourceDescription(blob, CFArrayGetValueAtIndex(list, 0));
	test_true(source != NULL);
	expect_text(source, CFSTR(kIOPSNameKey), CFSTR("InternalBattery-0"));
	expect_text(source, CFSTR(kIOPSTypeKey), CFSTR(kIOPSInternalBatteryType));
	expect_text(source, CFSTR(kIOPSPowerSourceStateKey), CFSTR(kIOPSBatteryPowerValue));
	expect_text(source, CFSTR(kIOPSHardwareSerialNumberKey), CFSTR("B-0042"));
	test_equal(get(source, CFSTR(kIOPSCurrentCapacityKey)), 50);
	test_equal(get(source, CFSTR(kIOPSMaxCapacityKey)), 100);
	test_equal(get(source, CFSTR(kIOPSDesignCapacityKey)), 6000);
	test_equal(get(source, CFSTR(kIOPSTimeToEmptyKey)), 90);
	test_equal(get(source, CFSTR(kIOPSTimeToFullChargeKey)), 0);
	test_equal(get(source, CFSTR(kIOPSVoltageKey)), 11500);
	test_equal(get(source, CFSTR(kIOPSCurrentKey)), -1200);
	test_true(CFDictionaryGetValue(source, CFSTR(kIOPSIsPresentKey)) == kCFBooleanTrue);
	test_true(CFDictionaryGetValue(source, CFSTR(kIOPSIsChargingKey)) == kCFBooleanFalse);
	test_true(CFEqual(IOPSGetProvidingPowerSourceType(blob), CFSTR(kIOPMBatteryPowerKey)));
	test_equal(IOPSGetTimeRemainingEstimate(), 90 * 60);
	test_equal(IOPSGetBatteryWarningLevel(), kIOPSLowBatteryWarningNone);
	test_true(IOPSCopyExternalPowerAdapterDetails() == NULL);
	/* Not a handle of this snapshot, not a snapshot. */
	test_true(IOPSGetPowerSourceDescription(blob, CFSTR("other")) == NULL);
	test_true(IOPSGetPowerSourceDescription(CFSTR("other"), source) == NULL);
	test_true(IOPSCopyPowerSourcesList(NULL) == NULL);
	CFRelease(list);
	CFRelease(blob);
	end(battery);
}

TEST(times_and_warnings)
{
	io_service_t battery = begin();

	set(battery, CFSTR("AvgTimeToEmpty"), number(15));
	test_equal(IOPSGetBatteryWarningLevel(), kIOPSLowBatteryWarningEarly);
	set(battery, CFSTR("AvgTimeToEmpty"), number(10));
	test_equal(IOPSGetBatteryWarningLevel(), kIOPSLowBatteryWarningFinal);
	set(battery, CFSTR("AvgTimeToEmpty"), number(65535));
	test_true(IOPSGetTimeRemainingEstimate() == kIOPSTimeRemainingUnknown);
	test_equal(IOPSGetBatteryWarningLevel(), kIOPSLowBatteryWarningNone);
	end(battery);
}

TEST(external_power)
{
	io_service_t battery = begin();
	const void *key = CFSTR(kIOPSPowerAdapterWattsKey), *watts = number(61);
	CFDictionaryRef adapter =
		CFDictionaryCreate(NULL, &key, &watts, 1, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	CFDictionaryRef details, source;
	CFTypeRef blob;

	CFRelease(watts);
	set(battery, CFSTR("AdapterDetails"), adapter);
	test_true(IOPSCopyExternalPowerAdapterDetails() == NULL);
	set(battery, CFSTR("ExternalConnected"), CFRetain(kCFBooleanTrue));
	set(battery, CFSTR("IsCharging"), CFRetain(kCFBooleanTrue));
	set(battery, CFSTR("AvgTimeToFull"), number(33));
	blob = IOPSCopyPowerSourcesInfo();
	source = IOPSGetPowerSourceDescription(blob, CFArrayGetValueAtIndex(blob, 0));
	expect_text(source, CFSTR(kIOPSPowerSourceStateKey), CFSTR(kIOPSACPowerValue));
	test_equal(get(source, CFSTR(kIOPSTimeToFullChargeKey)), 33);
	test_true(CFEqual(IOPSGetProvidingPowerSourceType(NULL), CFSTR(kIOPMACPowerKey)));
	test_true(IOPSGetTimeRemainingEstimate() == kIOPSTimeRemainingUnlimited);
	details = IOPSCopyExternalPowerAdapterDetails();
	test_true(details &&
		  CFEqual(details, CFDictionaryGetValue(source, CFSTR("AdapterDetails"))));
	CFRelease(details);
	CFRelease(blob);
	end(battery);
}

static int calls[2];

static void changed(void *context)
{
	++*(int *)context;
	CFRunLoopStop(CFRunLoopGetCurrent());
}

/* Until *COUNT is that many; false after ten seconds without. */
static bool await(const int *count, int wanted)
{
	while (*count < wanted)
		if (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, false) != kCFRunLoopRunStopped)
			return false;
	return true;
}

TEST(sources_of_changes)
{
	io_service_t battery = begin();
	CFRunLoopSourceRef all = IOPSNotificationCreateRunLoopSource(changed, &calls[0]);
	CFRunLoopSourceRef limited = IOPSCreateLimitedPowerNotification(changed, &calls[1]);

	test_true(all && limited);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), all, kCFRunLoopDefaultMode);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), limited, kCFRunLoopDefaultMode);
	set(battery, CFSTR("CurrentCapacity"), number(2400));
	test_true(await(&calls[0], 1));
	test_equal(calls[1], 0);
	set(battery, CFSTR("ExternalConnected"), CFRetain(kCFBooleanTrue));
	test_true(await(&calls[1], 1));
	CFRunLoopSourceInvalidate(all);
	CFRelease(all);
	CFRunLoopRemoveSource(CFRunLoopGetCurrent(), limited, kCFRunLoopDefaultMode);
	CFRelease(limited);
	test_true(IOPSNotificationCreateRunLoopSource(NULL, NULL) == NULL);
	end(battery);
}

TEST_MAIN
