/* SPDX-License-Identifier: MIT */
/*
 * A plug-in for USB devices that answers what the registry says about them:
 * an IOCFPlugInInterface, and from it the oldest device interface. What needs
 * the device itself is refused.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <CoreFoundation/CFNumber.h>
#include <IOKit/IOCFPlugIn.h>
#include <IOKit/usb/IOUSBLib.h>

/* One object with two faces: a face points at its table and knows its object. */
struct face {
	const void *table;
	struct device *device;
};

struct device {
	struct face plugin, usb;
	atomic_uint references;
	io_service_t service;
};

static CFUUIDRef factoryID(void)
{
	return CFUUIDGetConstantUUIDWithBytes(NULL, 0xF1, 0x87, 0, 3, 0, 0, 0x40, 0, 0x90, 0, 0, 0,
					      0, 0, 0, 1);
}

static struct device *deviceOf(void *self)
{
	return ((struct face *)self)->device;
}

/* --- IUnknown --------------------------------------------------------------------- */

static HRESULT queryInterface(void *self, REFIID iid, LPVOID *result)
{
	struct device *d = deviceOf(self);
	CFUUIDRef wanted = CFUUIDCreateFromUUIDBytes(NULL, iid);

	*result = NULL;
	if (CFEqual(wanted, IUnknownUUID) || CFEqual(wanted, kIOCFPlugInInterfaceID))
		*result = &d->plugin;
	else if (CFEqual(wanted, kIOUSBDeviceInterfaceID))
		*result = &d->usb;
	CFRelease(wanted);
	if (!*result)
		return E_NOINTERFACE;
	d->references++;
	return S_OK;
}

static ULONG addRef(void *self)
{
	return ++deviceOf(self)->references;
}

static ULONG release(void *self)
{
	struct device *d = deviceOf(self);
	ULONG left = --d->references;

	if (left)
		return left;
	if (d->service)
		IOObjectRelease(d->service);
	free(d);
	CFPlugInRemoveInstanceForFactory(factoryID());
	return 0;
}

/* --- the plug-in --------------------------------------------------------------------- */

static IOReturn probe(void *self, CFDictionaryRef properties, io_service_t service, SInt32 *order)
{
	return IOObjectConformsTo(service, kIOUSBDeviceClassName) ? kIOReturnSuccess
								  : kIOReturnBadArgument;
}

static IOReturn start(void *self, CFDictionaryRef properties, io_service_t service)
{
	if (IOObjectRetain(service) != KERN_SUCCESS)
		return kIOReturnNoDevice;
	deviceOf(self)->service = service;
	return kIOReturnSuccess;
}

static IOReturn stop(void *self)
{
	return kIOReturnSuccess;
}

/* --- the device ------------------------------------------------------------------------ */

static IOReturn getNumber(void *self, CFStringRef key, SInt32 *value)
{
	CFTypeRef number =
		IORegistryEntryCreateCFProperty(deviceOf(self)->service, key, NULL, kNilOptions);
	IOReturn result = kIOReturnNotFound;

	if (number && CFGetTypeID(number) == CFNumberGetTypeID() &&
	    CFNumberGetValue(number, kCFNumberSInt32Type, value))
		result = kIOReturnSuccess;
	if (number)
		CFRelease(number);
	return result;
}

static IOReturn getShort(void *self, CFStringRef key, UInt16 *result)
{
	SInt32 value;
	IOReturn status = getNumber(self, key, &value);

	if (status == kIOReturnSuccess)
		*result = (UInt16)value;
	return status;
}

static IOReturn getVendor(void *self, UInt16 *vendor)
{
	return getShort(self, CFSTR(kUSBVendorID), vendor);
}

static IOReturn getProduct(void *self, UInt16 *product)
{
	return getShort(self, CFSTR(kUSBProductID), product);
}

static IOReturn getRelease(void *self, UInt16 *number)
{
	return getShort(self, CFSTR(kUSBDeviceReleaseNumber), number);
}

static IOReturn getAddress(void *self, USBDeviceAddress *address)
{
	return getShort(self, CFSTR(kUSBDevicePropertyAddress), address);
}

static IOReturn getLocation(void *self, UInt32 *location)
{
	SInt32 value;
	IOReturn status = getNumber(self, CFSTR(kUSBDevicePropertyLocationID), &value);

	if (status == kIOReturnSuccess)
		*location = (UInt32)value;
	return status;
}

static IOReturn refuse(void *self)
{
	return kIOReturnUnsupported;
}

static const IOCFPlugInInterface pluginTable = {
	NULL, queryInterface, addRef, release, 1, 0, probe, start, stop,
};

static const IOUSBDeviceInterface100 usbTable = {
	.QueryInterface = queryInterface,
	.AddRef = addRef,
	.Release = release,
	.USBDeviceOpen = refuse,
	.USBDeviceClose = refuse,
	.ResetDevice = refuse,
	.GetDeviceVendor = getVendor,
	.GetDeviceProduct = getProduct,
	.GetDeviceReleaseNumber = getRelease,
	.GetDeviceAddress = getAddress,
	.GetLocationID = getLocation,
};

#pragma GCC visibility push(default)
void *makeDevice(CFAllocatorRef allocator, CFUUIDRef type);
#pragma GCC visibility pop

void *makeDevice(CFAllocatorRef allocator, CFUUIDRef type)
{
	struct device *d;

	if (!CFEqual(type, kIOUSBDeviceUserClientTypeID))
		return NULL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->plugin = (struct face){ &pluginTable, d };
	d->usb = (struct face){ &usbTable, d };
	d->references = 1;
	CFPlugInAddInstanceForFactory(factoryID());
	return &d->plugin;
}
