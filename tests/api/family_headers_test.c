// SPDX-License-Identifier: MIT
/* Names and numbers of the device families' headers. */
#include <IOKit/graphics/IOGraphicsTypes.h>
#include <IOKit/hid/IOHIDKeys.h>
#include <IOKit/hid/IOHIDUsageTables.h>
#include <IOKit/network/IOEthernetController.h>
#include <IOKit/network/IOEthernetInterface.h>
#include <IOKit/network/IONetworkMedium.h>
#include <IOKit/ps/IOPSKeys.h>
#include <IOKit/pwr_mgt/IOPM.h>
#include <IOKit/storage/IOBDMedia.h>
#include <IOKit/storage/IOCDMedia.h>
#include <IOKit/storage/IODVDMedia.h>
#include <IOKit/storage/IOPartitionScheme.h>
#include <IOKit/storage/IOStorageDeviceCharacteristics.h>
#include <IOKit/storage/IOStorageProtocolCharacteristics.h>

#include <stddef.h>
#include <string.h>

#include "test.h"

TEST(names_are_apples)
{
	static const char *const pairs[][2] = {
		{ kIOPropertyDeviceCharacteristicsKey, "Device Characteristics" },
		{ kIOPropertyProductNameKey, "Product Name" },
		{ kIOPropertyMediumTypeSolidStateKey, "Solid State" },
		{ kIOPropertyProtocolCharacteristicsKey, "Protocol Characteristics" },
		{ kIOPropertyPhysicalInterconnectTypeKey, "Physical Interconnect" },
		{ kIOPropertyPhysicalInterconnectTypePCIExpress, "PCI-Express" },
		{ kIOMediaPartitionIDKey, "Partition ID" },
		{ kIOCDMediaTOCKey, "TOC" },
		{ kIODVDMediaTypePlusRW, "DVD+RW" },
		{ kIOBDMediaClass, "IOBDMedia" },
		{ kIOHIDVendorIDKey, "VendorID" },
		{ kIOHIDDeviceUsagePairsKey, "DeviceUsagePairs" },
		{ kIOHIDElementCookieKey, "ElementCookie" },
		{ kIOMACAddress, "IOMACAddress" },
		{ kIOPrimaryInterface, "IOPrimaryInterface" },
		{ kIOLinkStatus, "IOLinkStatus" },
		{ kIOPSCurrentCapacityKey, "Current Capacity" },
		{ kIOPSInternalBatteryType, "InternalBattery" },
		{ kIOPMPSCycleCountKey, "CycleCount" },
		{ kIOBatteryInfoKey, "IOBatteryInfo" },
		{ kDisplayVendorID, "DisplayVendorID" },
		{ kIODisplayLocationKey, "IODisplayLocation" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		test_equal_text(pairs[i][0], pairs[i][1]);
}

TEST(numbers_are_apples)
{
	test_equal(kHIDPage_GenericDesktop, 1);
	test_equal(kHIDUsage_GD_GamePad, 5);
	test_equal(kHIDUsage_KeyboardA, 4);
	test_equal(kHIDUsage_Csmr_Mute, 0xe2);
	test_equal(kIOHIDElementTypeCollection, 513);
	test_equal(kIOHIDOptionsTypeSeizeDevice, 1);
	test_equal(kIONetworkLinkActive, 2);
	test_equal(kIOEthernetAddressSize, 6);
	test_equal_error(kIOPMMessageClamshellStateChange, 0xe0034100);
	test_equal(kIOBatteryInstalled, 4);
}

TEST(tables_of_contents_are_read)
{
	/* Session 1, two tracks. */
	unsigned char bytes[4 + 2 * 11] = { 0, 2 + 22, 1, 1 };
	CDTOC *toc = (CDTOC *)bytes;
	CDMSF start;

	test_equal(sizeof(CDTOCDescriptor), 11);
	test_equal(offsetof(CDTOC, descriptors), 4);
	bytes[4 + 1] = 0x10; /* address format 1 */
	bytes[4 + 3] = 1;
	bytes[4 + 9] = 2; /* 00:02:00 */
	bytes[15 + 1] = 0x10;
	bytes[15 + 3] = 2;
	bytes[15 + 8] = 3;
	bytes[15 + 9] = 4;
	bytes[15 + 10] = 5;
	test_equal(CDTOCGetDescriptorCount(toc), 2);
	test_equal(CDConvertMSFToLBA(CDConvertTrackNumberToMSF(1, toc)), 0);
	start = CDConvertTrackNumberToMSF(2, toc);
	test_equal(CDConvertMSFToLBA(start), (3 * 60 + 4) * 75 + 5 - 150);
	start = CDConvertLBAToMSF(CDConvertMSFToLBA(start));
	test_true(start.minute == 3 && start.second == 4 && start.frame == 5);
	test_equal(CDConvertTrackNumberToMSF(9, toc).minute, 0xff);
	bytes[1] = 0;
	test_equal(CDTOCGetDescriptorCount(toc), 0);
	test_equal(CDConvertMSFToClippedLBA((CDMSF){ 0, 1, 74 }), 0);
}

TEST_MAIN
