/* SPDX-License-Identifier: MIT */
/*
 * Names of registry planes, classes, properties, matching keys, notification
 * types and interest types. All are C string literals.
 */
#ifndef _IOKIT_IOKITKEYS_H
#define _IOKIT_IOKITKEYS_H

/* planes */
#define kIOServicePlane "IOService"
#define kIOPowerPlane "IOPower"
#define kIODeviceTreePlane "IODeviceTree"
#define kIOAudioPlane "IOAudio"
#define kIOFireWirePlane "IOFireWire"
#define kIOUSBPlane "IOUSB"

/* classes */
#define kIOServiceClass "IOService"
#define kIOResourcesClass "IOResources"

/* properties and matching keys */
#define kIOKitBuildVersionKey "IOKitBuildVersion"
#define kIOClassKey "IOClass"
#define kIOKitDiagnosticsKey "IOKitDiagnostics"
#define kIOProbeScoreKey "IOProbeScore"
#define kIORegistryPlanesKey "IORegistryPlanes"
#define kIOKitDebugKey "IOKitDebug"
#define kIOCatalogueKey "IOCatalogue"
#define kIOUserClassKey "IOUserClass"
#define kIOUserClassesKey "IOUserClasses"
#define kIOSupportedPropertiesKey "IOSupportedProperties"
#define kIOUserServicePropertiesKey "IOUserServiceProperties"
#define kIOProviderClassKey "IOProviderClass"
#define kIONameMatchKey "IONameMatch"
#define kIOPropertyMatchKey "IOPropertyMatch"
#define kIORegistryEntryIDKey "IORegistryEntryID"
#define kIOPropertyExistsMatchKey "IOPropertyExistsMatch"
#define kIORegistryEntryPropertyKeysKey "IORegistryEntryPropertyKeys"
#define kIOPathMatchKey "IOPathMatch"
#define kIORegistryEntryAllowableSetPropertiesKey "IORegistryEntryAllowableSetProperties"
#define kIOLocationMatchKey "IOLocationMatch"
#define kIORegistryEntryDefaultLockingSetPropertiesKey "IORegistryEntryDefaultLockingSetProperties"
#define kIOParentMatchKey "IOParentMatch"
#define kIOResourceMatchKey "IOResourceMatch"
#define kIOResourceMatchedKey "IOResourceMatched"
#define kIOBSDNameKey "BSD Name"
#define kIOMatchedServiceCountKey "IOMatchedServiceCountMatch"
#define kIOBSDNamesKey "BSD Names"
#define kIONameMatchedKey "IONameMatched"
#define kIOBSDMajorKey "BSD Major"
#define kIOMatchCategoryKey "IOMatchCategory"
#define kIOBSDMinorKey "BSD Minor"
#define kIODefaultMatchCategoryKey "IODefaultMatchCategory"
#define kIOBSDUnitKey "BSD Unit"
#define kIOMatchedPersonalityKey "IOMatchedPersonality"
#define kIOBSDKey "IOBSD"
#define kIORematchPersonalityKey "IORematchPersonality"
#define kIOMatchDeferKey "IOMatchDefer"
#define kIORematchCountKey "IORematchCount"
#define kIOPlatformSerialNumberKey "IOPlatformSerialNumber"
#define kIODEXTMatchCountKey "IODEXTMatchCount"
#define kIOPlatformUUIDKey "IOPlatformUUID"
#define kOSBuildVersionKey "OS Build Version"
#define kIOCFPlugInTypesKey "IOCFPlugInTypes"
#define kIOPathKey "IOPath"
#define kIOCompatibilityMatchKey "IOCompatibilityMatch"
#define kIOCompatibilityPropertiesKey "IOCompatibilityProperties"
#define kIOPlatformDeviceMessageKey "IOPlatformDeviceMessage"
#define kIOAllCPUInitializedKey "IOAllCPUInitialized"
#define kIOCommandPoolSizeKey "IOCommandPoolSize"
#define kIOMapperIDKey "IOMapperID"
#define kIOBundleResourceFileKey "IOBundleResourceFile"
#define kIOIconKey "IOIcon"
#define kIOBusBadgeKey "IOBusBadge"
#define kIODeviceIconKey "IODeviceIcon"
#define kIOBootDeviceKey "IOBootDevice"
#define kIOBootDevicePathKey "IOBootDevicePath"
#define kIONVRAMBootArgsKey "boot-args"
#define kIOBootDeviceSizeKey "IOBootDeviceSize"

/* transfer limits of storage */
#define kIOMaximumPriorityCountKey "IOMaximumPriorityCount"
#define kIOMaximumBlockCountReadKey "IOMaximumBlockCountRead"
#define kIOMaximumBlockCountWriteKey "IOMaximumBlockCountWrite"
#define kIOMaximumByteCountReadKey "IOMaximumByteCountRead"
#define kIOMaximumByteCountWriteKey "IOMaximumByteCountWrite"
#define kIOMaximumSegmentCountReadKey "IOMaximumSegmentCountRead"
#define kIOMaximumSegmentCountWriteKey "IOMaximumSegmentCountWrite"
#define kIOMaximumSegmentByteCountReadKey "IOMaximumSegmentByteCountRead"
#define kIOMaximumSegmentByteCountWriteKey "IOMaximumSegmentByteCountWrite"
#define kIOMinimumSegmentAlignmentByteCountKey "IOMinimumSegmentAlignmentByteCount"
#define kIOMaximumSegmentAddressableBitCountKey "IOMaximumSegmentAddressableBitCount"
#define kIOMinimumSaturationByteCountKey "IOMinimumSaturationByteCount"
#define kIOMaximumSwapWriteKey "IOMaximumSwapWrite"

/* user clients */
#define kIOUserClientClassKey "IOUserClientClass"
#define kIOUserClientSharedInstanceKey "IOUserClientSharedInstance"
#define kIOUserClientDefaultLockingKey "IOUserClientDefaultLocking"
#define kIOUserClientDefaultLockingSetPropertiesKey "IOUserClientDefaultLockingSetProperties"
#define kIOUserClientDefaultLockingSingleThreadExternalMethodKey \
	"IOUserClientDefaultLockingSingleThreadExternalMethod"
#define kIOUserClientEntitlementsKey "IOUserClientEntitlements"
#define kIOServiceDEXTEntitlementsKey "IOServiceDEXTEntitlements"
#define kIOUserClientCreatorKey "IOUserClientCreator"
#define kIOUserClientCrossEndianKey "IOUserClientCrossEndian"
#define kIOUserClientCrossEndianCompatibleKey "IOUserClientCrossEndianCompatible"
#define kIOUserUserClientKey "IOUserUserClient"
#define kIOUserServerCDHashKey "IOUserServerCDHash"
#define kIOUserServerOneProcessKey "IOUserServerOneProcess"
#define kIOUserServerPreserveUserspaceRebootKey "IOUserServerPreserveUserspaceReboot"
#define kIODriverKitEntitlementKey "com.apple.developer.driverkit"
#define kIODriverKitUserClientEntitlementsKey "com.apple.developer.driverkit.userclient-access"
#define kIODriverKitUserClientEntitlementAllowAnyKey \
	"com.apple.developer.driverkit.allow-any-userclient-access"
#define kIODriverKitUserClientEntitlementAdministratorKey \
	"com.apple.developer.driverkit.administrator"
#define kIODriverKitUserClientEntitlementCommunicatesWithDriversKey \
	"com.apple.developer.driverkit.communicates-with-drivers"
#define kIODriverKitUserClientEntitlementAllowThirdPartyUserClientsKey \
	"com.apple.developer.driverkit.allow-third-party-userclients"
#define kIODriverKitRequiredEntitlementsKey "com.apple.private.driverkit.driver-access"
#define kIOResourcesSetPropertyKey "com.apple.private.iokit.ioresources.setproperty"

/* matching notifications: IOServiceAddMatchingNotification */
#define kIOPublishNotification "IOServicePublish"
#define kIOFirstPublishNotification "IOServiceFirstPublish"
#define kIOMatchedNotification "IOServiceMatched"
#define kIOFirstMatchNotification "IOServiceFirstMatch"
#define kIOTerminatedNotification "IOServiceTerminate"
#define kIOWillTerminateNotification "IOServiceWillTerminate"

/* interest notifications: IOServiceAddInterestNotification */
#define kIOGeneralInterest "IOGeneralInterest"
#define kIOBusyInterest "IOBusyInterest"
#define kIOAppPowerStateInterest "IOAppPowerStateInterest"
#define kIOPriorityPowerStateInterest "IOPriorityPowerStateInterest"

#endif
