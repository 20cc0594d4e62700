/* SPDX-License-Identifier: MIT */
/* Kinds of reports and of elements. */
#ifndef _IOKIT_HID_IOHIDDEVICETYPES_H
#define _IOKIT_HID_IOHIDDEVICETYPES_H

#include <stdint.h>

typedef enum IOHIDReportType {
	kIOHIDReportTypeInput,
	kIOHIDReportTypeOutput,
	kIOHIDReportTypeFeature,
	kIOHIDReportTypeCount
} IOHIDReportType;

typedef enum IOHIDElementType {
	kIOHIDElementTypeInput_Misc = 1,
	kIOHIDElementTypeInput_Button = 2,
	kIOHIDElementTypeInput_Axis = 3,
	kIOHIDElementTypeInput_ScanCodes = 4,
	kIOHIDElementTypeInput_NULL = 5,
	kIOHIDElementTypeOutput = 129,
	kIOHIDElementTypeFeature = 257,
	kIOHIDElementTypeCollection = 513
} IOHIDElementType;

typedef enum IOHIDElementCollectionType {
	kIOHIDElementCollectionTypePhysical,
	kIOHIDElementCollectionTypeApplication,
	kIOHIDElementCollectionTypeLogical,
	kIOHIDElementCollectionTypeReport,
	kIOHIDElementCollectionTypeNamedArray,
	kIOHIDElementCollectionTypeUsageSwitch,
	kIOHIDElementCollectionTypeUsageModifier
} IOHIDElementCollectionType;

/* bits */
typedef uint32_t IOHIDElementFlags;
enum {
	kIOHIDElementFlagsConstantMask = 0x0001,
	kIOHIDElementFlagsVariableMask = 0x0002,
	kIOHIDElementFlagsRelativeMask = 0x0004,
	kIOHIDElementFlagsWrapMask = 0x0008,
	kIOHIDElementFlagsNonLinearMask = 0x0010,
	kIOHIDElementFlagsNoPreferredMask = 0x0020,
	kIOHIDElementFlagsNullStateMask = 0x0040,
	kIOHIDElementFlagsVolativeMask = 0x0080,
	kIOHIDElementFlagsBufferedByteMask = 0x0100
};

/* names an element within its device */
typedef uint32_t IOHIDElementCookie;

#endif
