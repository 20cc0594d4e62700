/* SPDX-License-Identifier: MIT */
/* Properties of HID devices and of their elements, and values of some. See IOHIDDeviceKeys.h for the rest. */
#ifndef _IOKIT_HID_IOHIDKEYS_H
#define _IOKIT_HID_IOHIDKEYS_H

#include <stdint.h>
#include <IOKit/hid/IOHIDDeviceKeys.h>
#include <IOKit/hid/IOHIDDeviceTypes.h>
#include <IOKit/hid/IOHIDProperties.h>

/* the class to match */
#define kIOHIDDeviceKey "IOHIDDevice"

/* values of kIOHIDTransportKey */
#define kIOHIDTransportAIDBValue "AID"
#define kIOHIDTransportAirPlayValue "AirPlay"
#define kIOHIDTransportBTAACPValue "BT-AACP"
#define kIOHIDTransportBluetoothLowEnergyValue "BluetoothLowEnergy"
#define kIOHIDTransportBluetoothValue "Bluetooth"
#define kIOHIDTransportFIFOValue "FIFO"
#define kIOHIDTransportI2CValue "I2C"
#define kIOHIDTransportIAPValue "iAP"
#define kIOHIDTransportInductiveInBandValue "Inductive In-Band"
#define kIOHIDTransportSPIValue "SPI"
#define kIOHIDTransportSPUValue "SPU"
#define kIOHIDTransportSerialValue "Serial"
#define kIOHIDTransportUSBValue "USB"
#define kIOHIDTransportVirtualValue "Virtual"

/* values of kIOHIDCategoryKey */
#define kIOHIDCategoryAutomotiveValue "Automotive"

/* entries of the dictionaries in kIOHIDElementKey */
#define kIOHIDElementCalibrationDeadZoneMaxKey "CalibrationDeadZoneMax"
#define kIOHIDElementCalibrationDeadZoneMinKey "CalibrationDeadZoneMin"
#define kIOHIDElementCalibrationGranularityKey "CalibrationGranularity"
#define kIOHIDElementCalibrationMaxKey "CalibrationMax"
#define kIOHIDElementCalibrationMinKey "CalibrationMin"
#define kIOHIDElementCalibrationSaturationMaxKey "CalibrationSaturationMax"
#define kIOHIDElementCalibrationSaturationMinKey "CalibrationSaturationMin"
#define kIOHIDElementCollectionTypeKey "CollectionType"
#define kIOHIDElementCookieKey "ElementCookie"
#define kIOHIDElementCookieMaxKey "ElementCookieMax"
#define kIOHIDElementCookieMinKey "ElementCookieMin"
#define kIOHIDElementDuplicateIndexKey "DuplicateIndex"
#define kIOHIDElementFlagsKey "Flags"
#define kIOHIDElementHasNullStateKey "HasNullState"
#define kIOHIDElementHasPreferredStateKey "HasPreferredState"
#define kIOHIDElementIsArrayKey "IsArray"
#define kIOHIDElementIsNonLinearKey "IsNonLinear"
#define kIOHIDElementIsRelativeKey "IsRelative"
#define kIOHIDElementIsWrappingKey "IsWrapping"
#define kIOHIDElementKey "Elements"
#define kIOHIDElementMaxKey "Max"
#define kIOHIDElementMinKey "Min"
#define kIOHIDElementNameKey "Name"
#define kIOHIDElementParentCollectionKey "ParentCollection"
#define kIOHIDElementReportCountKey "ReportCount"
#define kIOHIDElementReportIDKey "ReportID"
#define kIOHIDElementReportSizeKey "ReportSize"
#define kIOHIDElementScaledMaxKey "ScaledMax"
#define kIOHIDElementScaledMinKey "ScaledMin"
#define kIOHIDElementSizeKey "Size"
#define kIOHIDElementTypeKey "Type"
#define kIOHIDElementUnitExponentKey "UnitExponent"
#define kIOHIDElementUnitKey "Unit"
#define kIOHIDElementUsageKey "Usage"
#define kIOHIDElementUsageMaxKey "UsageMax"
#define kIOHIDElementUsageMinKey "UsageMin"
#define kIOHIDElementUsagePageKey "UsagePage"
#define kIOHIDElementValueLocationKey "ValueLocation"
#define kIOHIDElementVariableSizeKey "VariableSize"
#define kIOHIDElementVendorSpecificKey "VendorSpecific"

/* keyboards */
#define kFnFunctionUsageMapKey "FnFunctionUsageMap"
#define kFnKeyboardUsageMapKey "FnKeyboardUsageMap"
#define kIOHIDKeyboardCapsLockDelay "CapsLockDelay"
#define kIOHIDKeyboardEjectDelay "EjectDelay"
#define kIOHIDKeyboardFunctionKeyCountKey "HIDKeyboardFunctionKeyCount"
#define kIOHIDKeyboardLanguageKey "KeyboardLanguage"
#define kIOHIDKeyboardLayoutValueKey "HIDKeyboardLayoutValue"
#define kIOHIDKeyboardSupportsDoNotDisturbKey "HIDKeyboardSupportsDoNotDisturbKey"
#define kIOHIDKeyboardSupportsEscKey "HIDKeyboardSupportsEscKey"
#define kKeyboardUsageMapKey "KeyboardUsageMap"
#define kNumLockKeyboardUsageMapKey "NumLockKeyboardUsageMap"

/* pointers, digitizers, sensors */
#define kIOHIDDigitizerGestureCharacterStateKey "DigitizerCharacterGestureState"
#define kIOHIDDigitizerSurfaceSwitchKey "DigitizerSurfaceSwitch"
#define kIOHIDPointerAccelerationAlgorithmKey "HIDPointerAccelerationAlgorithm"
#define kIOHIDPointerAccelerationMinimumKey "HIDPointerAccelerationMinimum"
#define kIOHIDPrimaryTrackpadCanBeDisabledKey "PrimaryTrackpadCanBeDisabled"
#define kIOHIDScrollAccelerationAlgorithmKey "HIDScrollAccelerationAlgorithm"
#define kIOHIDSensorPropertyMaxFIFOEventsKey "MaxFIFOEvents"

/* devices */
#define kIOHIDAltHandlerIdKey "alt_handler_id"
#define kIOHIDCategoryKey "Category"
#define kIOHIDDeviceOpenedByEventSystemKey "DeviceOpenedByEventSystem"
#define kIOHIDDeviceSuspendKey "IOHIDDeviceSuspend"
#define kIOHIDDisplayIntegratedKey "DisplayIntegrated"
#define kIOHIDMaxReportBufferCountKey "MaxReportBufferCount"
#define kIOHIDMaxResponseLatencyKey "MaxResponseLatency"
#define kIOHIDModelNumberKey "ModelNumber"
#define kIOHIDPowerOnDelayNSKey "HIDPowerOnDelayNS"
#define kIOHIDProductIDArrayKey "ProductIDArray"
#define kIOHIDProductIDMaskKey "ProductIDMask"
#define kIOHIDReportBufferEntrySizeKey "ReportBufferEntrySize"
#define kIOHIDResetKey "Reset"
#define kIOHIDSampleIntervalKey "SampleInterval"
#define kIOHIDStandardTypeKey "StandardType"
#define kIOHIDUniqueIDKey "UniqueID"
#define kIOHIDVendorIDSourceKey "VendorIDSource"

/* kIOHIDStandardTypeKey */
enum { kIOHIDStandardTypeANSI = 0, kIOHIDStandardTypeISO = 1, kIOHIDStandardTypeJIS = 2 };

/* options of opening */
typedef uint32_t IOHIDOptionsType;
enum { kIOHIDOptionsTypeNone = 0x00, kIOHIDOptionsTypeSeizeDevice = 0x01 };

/* options of queues */
typedef uint32_t IOHIDQueueOptionsType;
enum { kIOHIDQueueOptionsTypeNone = 0x00, kIOHIDQueueOptionsTypeEnqueueAll = 0x01 };

#endif
