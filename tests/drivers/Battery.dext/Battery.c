/* SPDX-License-Identifier: MIT */
/* A battery whose properties a test sets; it tells of every change. */
#include <IOKit/IODriver.h>
#include <IOKit/IOMessage.h>

/* kIOPMMessageBatteryStatusHasChanged */
#define STATUS_HAS_CHANGED iokit_family_msg(sub_iokit_pmu, 0x100)

static void setNumber(IOService *service, CFStringRef key, int32_t number)
{
	CFNumberRef value = CFNumberCreate(NULL, kCFNumberSInt32Type, &number);

	IOServiceSetProperty(service, key, value);
	CFRelease(value);
}

static void set(const void *key, const void *value, void *context)
{
	IOServiceSetProperty(context, key, value);
}

static IOReturn setProperties(IOService *service, CFTypeRef properties)
{
	if (!properties || CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	CFDictionaryApplyFunction(properties, set, service);
	return IOServiceMessageClients(service, STATUS_HAS_CHANGED, NULL, 0);
}

static bool start(IOService *service, IOService *provider)
{
	setNumber(service, CFSTR("CurrentCapacity"), 2500);
	setNumber(service, CFSTR("MaxCapacity"), 5000);
	setNumber(service, CFSTR("DesignCapacity"), 6000);
	setNumber(service, CFSTR("AvgTimeToEmpty"), 90);
	setNumber(service, CFSTR("AvgTimeToFull"), 65535);
	setNumber(service, CFSTR("Voltage"), 11500);
	setNumber(service, CFSTR("Amperage"), -1200);
	IOServiceSetProperty(service, CFSTR("ExternalConnected"), kCFBooleanFalse);
	IOServiceSetProperty(service, CFSTR("IsCharging"), kCFBooleanFalse);
	IOServiceSetProperty(service, CFSTR("BatterySerialNumber"), CFSTR("B-0042"));
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IODriverClass driverClass = {
	.name = "AppleSmartBattery",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &(const struct IOServiceOperations){ .start = start,
							.setProperties = setProperties },
};

static const struct IODriverClass *const classes[] = { &driverClass, NULL };

const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Battery",
	.classes = classes,
};
