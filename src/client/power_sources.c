// SPDX-License-Identifier: MIT
/* Power sources as programs see them, from the properties of their services. */
#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/ps/IOPSKeys.h>
#include <IOKit/ps/IOPowerSources.h>

/* What a battery says when it does not know a time. */
enum { MINUTES_UNKNOWN = 65535 };

/* --- reading a service's properties ---------------------------------------------------- */

static bool get_number(CFDictionaryRef properties, CFStringRef key, int64_t *ret_number)
{
	CFTypeRef value = CFDictionaryGetValue(properties, key);

	return value && CFGetTypeID(value) == CFNumberGetTypeID() &&
	       CFNumberGetValue(value, kCFNumberSInt64Type, ret_number);
}

static bool get_boolean(CFDictionaryRef properties, CFStringRef key, bool otherwise)
{
	CFTypeRef value = CFDictionaryGetValue(properties, key);

	return value && CFGetTypeID(value) == CFBooleanGetTypeID() ? CFBooleanGetValue(value)
								   : otherwise;
}

static void set_number(CFMutableDictionaryRef d, CFStringRef key, int64_t number)
{
	int32_t narrow = (int32_t)number;
	CFNumberRef value = CFNumberCreate(NULL, kCFNumberSInt32Type, &narrow);

	if (value) {
		CFDictionarySetValue(d, key, value);
		CFRelease(value);
	}
}

static void set_boolean(CFMutableDictionaryRef d, CFStringRef key, bool value)
{
	CFDictionarySetValue(d, key, value ? kCFBooleanTrue : kCFBooleanFalse);
}

/* NAME of the service as KEY, if it is there. */
static void copy_number(CFMutableDictionaryRef d, CFStringRef key, CFDictionaryRef properties,
			CFStringRef name)
{
	int64_t number;

	if (get_number(properties, name, &number))
		set_number(d, key, number);
}

/* Minutes; -1: unknown. */
static int64_t minutes(CFDictionaryRef properties, CFStringRef key)
{
	int64_t value = MINUTES_UNKNOWN;

	if (!get_number(properties, key, &value))
		get_number(properties, CFSTR("TimeRemaining"), &value);
	return value < 0 || value >= MINUTES_UNKNOWN ? -1 : value;
}

static int64_t percent(CFDictionaryRef properties)
{
	int64_t now = 0, full = 0;

	get_number(properties, CFSTR("CurrentCapacity"), &now);
	get_number(properties, CFSTR("MaxCapacity"), &full);
	if (full <= 0 || now <= 0)
		return 0;
	return now >= full ? 100 : (int64_t)((double)now * 100 / (double)full + 0.5);
}

static void describe_times(CFMutableDictionaryRef d, CFDictionaryRef properties, bool external,
			   bool charging)
{
	set_number(d, CFSTR(kIOPSTimeToEmptyKey),
		   external ? 0 : minutes(properties, CFSTR("AvgTimeToEmpty")));
	set_number(d, CFSTR(kIOPSTimeToFullChargeKey),
		   charging ? minutes(properties, CFSTR("AvgTimeToFull")) : 0);
}

/* A description; NULL without memory. INDEX counts the sources. */
static CFDictionaryRef describe(CFDictionaryRef properties, uint64_t id, int index)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFStringRef name = CFStringCreateWithFormat(NULL, NULL, CFSTR("InternalBattery-%d"), index);
	bool external = get_boolean(properties, CFSTR("ExternalConnected"), false);
	bool charging = get_boolean(properties, CFSTR("IsCharging"), false);
	CFTypeRef serial = CFDictionaryGetValue(properties, CFSTR("BatterySerialNumber")), adapter;

	if (d && name) {
		CFDictionarySetValue(d, CFSTR(kIOPSNameKey), name);
		CFDictionarySetValue(d, CFSTR(kIOPSTypeKey), CFSTR(kIOPSInternalBatteryType));
		CFDictionarySetValue(d, CFSTR(kIOPSTransportTypeKey), CFSTR(kIOPSInternalType));
		CFDictionarySetValue(d, CFSTR(kIOPSPowerSourceStateKey),
				     external ? CFSTR(kIOPSACPowerValue)
					      : CFSTR(kIOPSBatteryPowerValue));
		set_number(d, CFSTR(kIOPSPowerSourceIDKey), (int64_t)(id & 0x7fffffff));
		set_boolean(d, CFSTR(kIOPSIsPresentKey),
			    get_boolean(properties, CFSTR("BatteryInstalled"), true));
		set_number(d, CFSTR(kIOPSCurrentCapacityKey), percent(properties));
		set_number(d, CFSTR(kIOPSMaxCapacityKey), 100);
		set_boolean(d, CFSTR(kIOPSIsChargingKey), charging);
		if (get_boolean(properties, CFSTR("FullyCharged"), false))
			set_boolean(d, CFSTR(kIOPSIsChargedKey), true);
		describe_times(d, properties, external, charging);
		copy_number(d, CFSTR(kIOPSVoltageKey), properties, CFSTR("Voltage"));
		copy_number(d, CFSTR(kIOPSCurrentKey), properties, CFSTR("Amperage"));
		copy_number(d, CFSTR(kIOPSDesignCapacityKey), properties, CFSTR("DesignCapacity"));
		if (!serial)
			serial = CFDictionaryGetValue(properties, CFSTR("Serial"));
		if (serial && CFGetTypeID(serial) == CFStringGetTypeID())
			CFDictionarySetValue(d, CFSTR(kIOPSHardwareSerialNumberKey), serial);
		adapter = CFDictionaryGetValue(properties, CFSTR("AdapterDetails"));
		if (external && adapter && CFGetTypeID(adapter) == CFDictionaryGetTypeID())
			CFDictionarySetValue(d, CFSTR("AdapterDetails"), adapter);
	}
	if (name)
		CFRelease(name);
	return d;
}

/* --- snapshots ----------------------------------------------------------------------------- */

/* A snapshot is an array of descriptions, each its own handle. */
static void add_source(CFMutableArrayRef sources, io_service_t service)
{
	CFMutableDictionaryRef properties = NULL;
	CFDictionaryRef description = NULL;
	uint64_t id = 0;

	IORegistryEntryGetRegistryEntryID(service, &id);
	if (IORegistryEntryCreateCFProperties(service, &properties, NULL, kNilOptions) ==
		    kIOReturnSuccess &&
	    properties)
		description = describe(properties, id, (int)CFArrayGetCount(sources));
	if (description) {
		CFArrayAppendValue(sources, description);
		CFRelease(description);
	}
	if (properties)
		CFRelease(properties);
}

CFTypeRef IOPSCopyPowerSourcesInfo(void)
{
	io_iterator_t iterator = IO_OBJECT_NULL;
	CFMutableArrayRef sources;
	io_service_t service;

	if (IOServiceGetMatchingServices(kIOMainPortDefault, IOServiceMatching("IOPMPowerSource"),
					 &iterator) != kIOReturnSuccess)
		return NULL;
	sources = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	while ((service = IOIteratorNext(iterator))) {
		if (sources)
			add_source(sources, service);
		IOObjectRelease(service);
	}
	IOObjectRelease(iterator);
	return sources;
}

static bool is_snapshot(CFTypeRef blob)
{
	return blob && CFGetTypeID(blob) == CFArrayGetTypeID();
}

CFArrayRef IOPSCopyPowerSourcesList(CFTypeRef blob)
{
	return is_snapshot(blob) ? CFArrayCreateCopy(NULL, blob) : NULL;
}

CFDictionaryRef IOPSGetPowerSourceDescription(CFTypeRef blob, CFTypeRef ps)
{
	CFIndex n = is_snapshot(blob) && ps ? CFArrayGetCount(blob) : 0;
	CFIndex i = n ? CFArrayGetFirstIndexOfValue(blob, CFRangeMake(0, n), ps) : -1;

	return i >= 0 ? CFArrayGetValueAtIndex(blob, i) : NULL;
}

/* --- all of them together ---------------------------------------------------------------------- */

static bool is_on_battery(CFDictionaryRef source)
{
	CFTypeRef state = CFDictionaryGetValue(source, CFSTR(kIOPSPowerSourceStateKey));

	return get_boolean(source, CFSTR(kIOPSIsPresentKey), false) && state &&
	       CFEqual(state, CFSTR(kIOPSBatteryPowerValue));
}

/* The first source that is being used up; NULL when external power is there. */
static CFDictionaryRef find_drained(CFArrayRef sources)
{
	for (CFIndex i = 0; i < CFArrayGetCount(sources); i++)
		if (is_on_battery(CFArrayGetValueAtIndex(sources, i)))
			return CFArrayGetValueAtIndex(sources, i);
	return NULL;
}

CFStringRef IOPSGetProvidingPowerSourceType(CFTypeRef snapshot)
{
	CFTypeRef blob = snapshot ? CFRetain(snapshot) : IOPSCopyPowerSourcesInfo();
	bool is_battery = is_snapshot(blob) && find_drained(blob);

	if (blob)
		CFRelease(blob);
	return is_battery ? CFSTR(kIOPMBatteryPowerKey) : CFSTR(kIOPMACPowerKey);
}

CFTimeInterval IOPSGetTimeRemainingEstimate(void)
{
	CFTypeRef blob = IOPSCopyPowerSourcesInfo();
	CFDictionaryRef source = blob ? find_drained(blob) : NULL;
	CFTimeInterval result = blob ? kIOPSTimeRemainingUnlimited : kIOPSTimeRemainingUnknown;
	int64_t left = -1;

	if (source && get_number(source, CFSTR(kIOPSTimeToEmptyKey), &left))
		result = left < 0 ? kIOPSTimeRemainingUnknown : (CFTimeInterval)left * 60;
	if (blob)
		CFRelease(blob);
	return result;
}

IOPSLowBatteryWarningLevel IOPSGetBatteryWarningLevel(void)
{
	CFTimeInterval left = IOPSGetTimeRemainingEstimate();

	if (left < 0 || left > 20 * 60)
		return kIOPSLowBatteryWarningNone;
	return left > 10 * 60 ? kIOPSLowBatteryWarningEarly : kIOPSLowBatteryWarningFinal;
}

CFDictionaryRef IOPSCopyExternalPowerAdapterDetails(void)
{
	CFTypeRef blob = IOPSCopyPowerSourcesInfo();
	CFDictionaryRef found = NULL;

	for (CFIndex i = 0; blob && !found && i < CFArrayGetCount(blob); i++)
		found = CFDictionaryGetValue(CFArrayGetValueAtIndex(blob, i),
					     CFSTR("AdapterDetails"));
	if (found)
		CFRetain(found);
	if (blob)
		CFRelease(blob);
	return found;
}
