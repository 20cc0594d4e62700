/* SPDX-License-Identifier: MIT */
/* Properties of HID devices. Strings and numbers, unless something else is said. */
#ifndef _IOKIT_HID_IOHIDDEVICEKEYS_H
#define _IOKIT_HID_IOHIDDEVICEKEYS_H

/* arrays of dictionaries */
#define kIOHIDDeviceUsagePairsKey "DeviceUsagePairs"

/* data */
#define kIOHIDReportDescriptorKey "ReportDescriptor"

/* sizes in bytes, intervals in microseconds */
#define kIOHIDBatchIntervalKey "BatchInterval"
#define kIOHIDMaxFeatureReportSizeKey "MaxFeatureReportSize"
#define kIOHIDMaxInputReportSizeKey "MaxInputReportSize"
#define kIOHIDMaxOutputReportSizeKey "MaxOutputReportSize"
#define kIOHIDReportIntervalKey "ReportInterval"
#define kIOHIDRequestTimeoutKey "RequestTimeout"

/* booleans */
#define kIOHIDBuiltInKey "Built-In"

/* who it is and what it does */
#define kIOHIDCountryCodeKey "CountryCode"
#define kIOHIDDeviceAccessEntitlementKey "HIDDeviceAccessEntitlement"
#define kIOHIDDeviceUsageKey "DeviceUsage"
#define kIOHIDDeviceUsagePageKey "DeviceUsagePage"
#define kIOHIDLocationIDKey "LocationID"
#define kIOHIDManufacturerKey "Manufacturer"
#define kIOHIDPhysicalDeviceUniqueIDKey "PhysicalDeviceUniqueID"
#define kIOHIDPrimaryUsageKey "PrimaryUsage"
#define kIOHIDPrimaryUsagePageKey "PrimaryUsagePage"
#define kIOHIDProductIDKey "ProductID"
#define kIOHIDProductKey "Product"
#define kIOHIDSerialNumberKey "SerialNumber"
#define kIOHIDTransportKey "Transport"
#define kIOHIDVendorIDKey "VendorID"
#define kIOHIDVersionNumberKey "VersionNumber"

#endif
