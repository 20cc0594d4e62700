// SPDX-License-Identifier: MIT
/* The tables of USB interfaces: how many functions follow IUnknown in each version, and sizes. */
#include <stddef.h>

#include <IOKit/usb/IOUSBLib.h>

#include "test.h"

#define FUNCTIONS(type) ((sizeof(type) - sizeof(IUnknownVTbl)) / sizeof(void *))

TEST(device_tables)
{
	test_equal(FUNCTIONS(IOUSBDeviceInterface100), 25);
	test_equal(FUNCTIONS(IOUSBDeviceInterface182), 33);
	test_equal(FUNCTIONS(IOUSBDeviceInterface187), 34);
	test_equal(FUNCTIONS(IOUSBDeviceInterface197), 36);
	test_equal(FUNCTIONS(IOUSBDeviceInterface245), 36);
	test_equal(FUNCTIONS(IOUSBDeviceInterface300), 37);
	test_equal(FUNCTIONS(IOUSBDeviceInterface320), 41);
	test_equal(FUNCTIONS(IOUSBDeviceInterface500), 42);
	test_equal(FUNCTIONS(IOUSBDeviceInterface650), 46);
	test_equal(FUNCTIONS(IOUSBDeviceInterface942), 47);
	test_equal(sizeof(IOUSBDeviceInterface), sizeof(IOUSBDeviceInterface942));
	test_equal(offsetof(IOUSBDeviceInterface, GetLocationID), 20 * sizeof(void *));
	test_equal(offsetof(IOUSBDeviceInterface, USBDeviceReEnumerate), 37 * sizeof(void *));
}

TEST(interface_tables)
{
	test_equal(FUNCTIONS(IOUSBInterfaceInterface100), 33);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface182), 40);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface183), 41);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface190), 45);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface192), 49);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface197), 52);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface220), 54);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface245), 54);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface300), 55);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface500), 56);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface550), 66);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface650), 69);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface700), 70);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface800), 72);
	test_equal(FUNCTIONS(IOUSBInterfaceInterface942), 73);
	test_equal(offsetof(IOUSBInterfaceInterface, ReadPipe), 31 * sizeof(void *));
	test_equal(offsetof(IOUSBInterfaceInterface, ClearPipeStallBothEnds), 45 * sizeof(void *));
}

TEST(structures_and_codes)
{
	test_equal(sizeof(IOUSBDeviceDescriptor), 18);
	test_equal(sizeof(IOUSBDevRequest), 24);
	test_equal(sizeof(IOUSBDevRequestTO), 32);
	test_equal(sizeof(IOUSBFindInterfaceRequest), 8);
	test_equal(sizeof(IOUSBIsocFrame), 8);
	test_equal(sizeof(IOUSBSuperSpeedEndpointCompanionDescriptor), 6);
	test_equal_error(kIOUSBPipeStalled, 0xe000404f);
	test_equal_error(kIOUSBTransactionTimeout, 0xe0004051);
	test_equal(USBmakebmRequestType(kUSBIn, kUSBVendor, kUSBInterface), 0xc1);
	test_equal_text(kIOUSBDeviceClassName, "IOUSBHostDevice");
}

TEST_MAIN
