// SPDX-License-Identifier: MIT
/*
 * Driver that publishes as many services as it is asked for, each with 20
 * properties such as a device has. Selectors: 0 raise the number of members to
 * the one scalar, 1 terminate them all, 2 publish one service of class
 * BenchBeacon, 3 terminate it, 4 end the host as a crash does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

struct crowd {
	IOService service;
	IOService **members;
	uint64_t count, capacity;
	IOService *beacon;
};

static const struct IODriverClass member_class = {
	.name = "BenchMember",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};
static const struct IODriverClass beacon_class = {
	.name = "BenchBeacon",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};
static const struct IODriverClass needle_class = {
	.name = "BenchNeedle",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};

/* --- properties ----------------------------------------------------------- */

static void put(CFMutableDictionaryRef to, CFStringRef key, CFTypeRef value)
{
	if (value) {
		CFDictionarySetValue(to, key, value);
		CFRelease(value);
	}
}

static CFNumberRef narrow(int32_t n)
{
	return CFNumberCreate(NULL, kCFNumberSInt32Type, &n);
}

static CFNumberRef wide(int64_t n)
{
	return CFNumberCreate(NULL, kCFNumberSInt64Type, &n);
}

static CFDataRef bytes(uint64_t seed, CFIndex size)
{
	UInt8 buffer[64];

	for (CFIndex i = 0; i < size; i++)
		buffer[i] = (UInt8)(seed * 31 + (uint64_t)i);
	return CFDataCreate(NULL, buffer, size);
}

static CFDictionaryRef speeds(uint64_t number)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	if (d) {
		put(d, CFSTR("Low"), narrow(1500000));
		put(d, CFSTR("High"), wide(480000000 + (int64_t)number));
		put(d, CFSTR("Unit"), CFSTR("bit/s"));
	}
	return d;
}

static CFDictionaryRef properties_new(uint64_t number)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	if (!d)
		return NULL;
	put(d, CFSTR("USB Serial Number"),
	    CFStringCreateWithFormat(NULL, NULL, CFSTR("PB%010llu"), (unsigned long long)number));
	put(d, CFSTR("kUSBProductString"), CFSTR("Bench Member"));
	put(d, CFSTR("kUSBVendorString"), CFSTR("The Portico Project"));
	put(d, CFSTR("IOCFPlugInTypes"), CFSTR("9dc7b780-9ec0-11d4-a54f-000a27052861"));
	put(d, CFSTR("IOUserClientClass"), CFSTR("BenchCrowdUserClient"));
	put(d, CFSTR("idVendor"), narrow(0x05ac));
	put(d, CFSTR("idProduct"), narrow((int32_t)(number % 0x10000)));
	put(d, CFSTR("bcdDevice"), narrow(0x0100));
	put(d, CFSTR("bDeviceClass"), narrow(0));
	put(d, CFSTR("bDeviceSubClass"), narrow(0));
	put(d, CFSTR("bDeviceProtocol"), narrow(0));
	put(d, CFSTR("bMaxPacketSize0"), narrow(64));
	put(d, CFSTR("locationID"), narrow((int32_t)(0x14000000 + number % 0x1000000)));
	put(d, CFSTR("sessionID"), wide((int64_t)(0x100000000 + number)));
	put(d, CFSTR("USB Address"), narrow((int32_t)(number % 128)));
	put(d, CFSTR("non-removable"), CFSTR("no"));
	put(d, CFSTR("Built-In"), CFRetain(kCFBooleanFalse));
	put(d, CFSTR("reg"), bytes(number, 16));
	put(d, CFSTR("DeviceDescriptor"), bytes(number, 18));
	put(d, CFSTR("Speeds"), speeds(number));
	return d;
}

/* --- members ---------------------------------------------------------------- */

static IOReturn publish_some(struct crowd *crowd, uint32_t n)
{
	IONubDescription *all = calloc(n, sizeof(*all));
	char(*names)[32] = calloc(n, sizeof(*names));
	IOReturn status = all && names ? kIOReturnSuccess : kIOReturnNoMemory;

	for (uint32_t i = 0; !status && i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "member-%07llu",
			 (unsigned long long)(crowd->count + i));
		all[i] = (IONubDescription){ .nubClass = &member_class,
					     .name = names[i],
					     .location = names[i] + 7,
					     .properties = properties_new(crowd->count + i),
					     .options = kIONubRegister };
		if (!all[i].properties)
			status = kIOReturnNoMemory;
	}
	if (!status)
		status = IOServicePublishNubs(&crowd->service, all, n,
					      crowd->members + crowd->count);
	if (!status)
		crowd->count += n;
	for (uint32_t i = 0; all && i < n; i++)
		if (all[i].properties)
			CFRelease(all[i].properties);
	free(all);
	free(names);
	return status;
}

static IOReturn raise_number(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	struct crowd *crowd = target;
	uint64_t wanted = a->scalarInput[0];
	IOReturn status = kIOReturnSuccess;

	if (wanted > crowd->capacity) {
		IOService **more = wanted > 4000000 ? NULL
						    : realloc(crowd->members,
							      wanted * sizeof(*crowd->members));

		if (!more)
			return kIOReturnNoMemory;
		crowd->members = more;
		crowd->capacity = wanted;
	}
	while (!status && crowd->count < wanted) {
		uint64_t n = wanted - crowd->count;

		status = publish_some(crowd, n < kIONubsMax ? (uint32_t)n : kIONubsMax);
	}
	return status;
}

static IOReturn terminate_all(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	struct crowd *crowd = target;

	while (crowd->count) {
		IOService *member = crowd->members[--crowd->count];

		IOServiceTerminate(member, 0);
		IOServiceRelease(member);
	}
	return kIOReturnSuccess;
}

static IOReturn raise_beacon(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	struct crowd *crowd = target;
	IONubDescription beacon = { .nubClass = &beacon_class, .options = kIONubRegister };

	return crowd->beacon ? kIOReturnBusy
			     : IOServicePublishNubs(&crowd->service, &beacon, 1, &crowd->beacon);
}

static IOReturn lower_beacon(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	struct crowd *crowd = target;

	if (!crowd->beacon)
		return kIOReturnNotReady;
	IOServiceTerminate(crowd->beacon, 0);
	IOServiceRelease(crowd->beacon);
	crowd->beacon = NULL;
	return kIOReturnSuccess;
}

static IOReturn crash(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	_exit(1);
}

/* --- the driver and its client -------------------------------------------------- */

static const IOExternalMethodDispatch2022 methods[] = {
	{ .function = raise_number, .checkScalarInputCount = 1 },
	{ .function = terminate_all },
	{ .function = raise_beacon },
	{ .function = lower_beacon },
	{ .function = crash },
};

static IOReturn external_method(IOUserClient *client, uint32_t selector,
				IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  sizeof(methods) / sizeof(methods[0]),
						  IOServiceGetProvider(&client->service), NULL);
}

static IOReturn close_client(IOUserClient *client)
{
	IOServiceTerminate((IOService *)client, 0);
	return kIOReturnSuccess;
}

static const struct IOUserClientOperations client_operations = {
	.clientClose = close_client,
	.externalMethod = external_method,
};
static const struct IODriverClass client_class = {
	.name = "BenchCrowdUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient = &client_operations,
};

static bool start(IOService *service, IOService *provider)
{
	IONubDescription needle = { .nubClass = &needle_class, .options = kIONubRegister };
	IOService *nub;

	if (IOServicePublishNubs(service, &needle, 1, &nub))
		return false;
	IOServiceRelease(nub);
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static void free_crowd(IOService *service)
{
	struct crowd *crowd = (struct crowd *)service;

	while (crowd->count)
		IOServiceRelease(crowd->members[--crowd->count]);
	free(crowd->members);
	IOServiceRelease(crowd->beacon);
}

static const struct IOServiceOperations crowd_service = { .start = start, .free = free_crowd };
static const struct IODriverClass crowd_class = {
	.name = "BenchCrowd",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct crowd),
	.service = &crowd_service,
};

static const struct IODriverClass *const classes[] = { &crowd_class,  &client_class, &member_class,
						       &beacon_class, &needle_class, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.bench.crowd",
	.classes = classes,
};
