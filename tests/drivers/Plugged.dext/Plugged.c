/* SPDX-License-Identifier: MIT */
/* A driver that shows whatever properties a test gives it (IOCFPlugInTypes above all). */
#include <IOKit/IODriver.h>

struct PluggedDriver {
	IOService service;
};

static void show(const void *key, const void *value, void *context)
{
	IOServiceSetProperty(context, key, value);
}

static IOReturn setProperties(IOService *service, CFTypeRef properties)
{
	if (!properties || CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	CFDictionaryApplyFunction(properties, show, service);
	return kIOReturnSuccess;
}

static bool start(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IOServiceOperations operations = { .start = start,
						       .setProperties = setProperties };

static const struct IODriverClass driverClass = {
	.name = "PluggedDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct PluggedDriver),
	.service = &operations,
};

static const struct IODriverClass *const classes[] = { &driverClass, NULL };

const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Plugged",
	.classes = classes,
};
