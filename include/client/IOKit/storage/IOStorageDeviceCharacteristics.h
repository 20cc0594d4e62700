/* SPDX-License-Identifier: MIT */
/* What a storage device says about itself: entries of one dictionary. */
#ifndef _IOKIT_STORAGE_IOSTORAGEDEVICECHARACTERISTICS_H
#define _IOKIT_STORAGE_IOSTORAGEDEVICECHARACTERISTICS_H

/* the dictionary */
#define kIOPropertyDeviceCharacteristicsKey "Device Characteristics"

/* strings */
#define kIOPropertyProductNameKey "Product Name"
#define kIOPropertyProductRevisionLevelKey "Product Revision Level"
#define kIOPropertyProductSerialNumberKey "Serial Number"
#define kIOPropertyVendorNameKey "Vendor Name"

/* what an optical drive can do: bit masks */
#define kIOPropertySupportedBDFeaturesKey "BD Features"
#define kIOPropertySupportedCDFeaturesKey "CD Features"
#define kIOPropertySupportedDVDFeaturesKey "DVD Features"

/* the medium and its values */
#define kIOPropertyMediumRotationRateKey "Rotation Rate"
#define kIOPropertyMediumTypeKey "Medium Type"
#define kIOPropertyMediumTypeRotationalKey "Rotational"
#define kIOPropertyMediumTypeSolidStateKey "Solid State"

/* geometry and sizes */
#define kIOPropertyBytesPerPhysicalSectorKey "Bytes per Physical Sector"
#define kIOPropertyCylinderCountKey "Cylinder Count"
#define kIOPropertyHeadCountKey "Head Count"
#define kIOPropertyLogicalBlockSizeKey "Logical Block Size"
#define kIOPropertyPhysicalBlockSizeKey "Physical Block Size"
#define kIOPropertyRigidDiskGeometryKey "Rigid Disk Geometry"
#define kIOPropertySectorCountPerTrackKey "Sector Count per Track"

/* booleans */
#define kIOPropertyInvalidStartupDiskKey "Invalid Startup Disk"
#define kIOPropertyTargetDiskModeKey "Target Disk Mode"

#endif
