// SPDX-License-Identifier: MIT
/* Values that programs and drivers agree on: the tables of spec 10, written out by hand. */
#include <errno.h>
#include <string.h>

#include <IOKit/IOBSD.h>
#include <IOKit/IOKitKeys.h>
#include <IOKit/IOKitKeysPrivate.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <IOKit/IOMessage.h>
#include <IOKit/IOReturn.h>
#include <IOKit/serial/IOSerialKeys.h>
#include <IOKit/storage/IOBlockStorageDriver.h>
#include <IOKit/storage/IOMedia.h>
#include <mach/mach.h>
#include <mach/mach_error.h>
#include <mach/mig_errors.h>
#include <mach/notify.h>

#include "test.h"

struct number {
	const char *name;
	uint32_t is, expected;
};

struct text {
	const char *is, *expected;
};

#define R(name, value) \
	{ \
#name, (uint32_t)kIOReturn##name, value \
	}
#define M(name, value) \
	{ \
#name, (uint32_t)kIOMessage##name, value \
	}
#define N(name, value) \
	{ \
#name, (uint32_t)(name), (uint32_t)(value) \
	}
#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void check(const struct number *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].is != table[i].expected)
			test_fail(__FILE__, __LINE__, "%s is 0x%x, not 0x%x", table[i].name,
				  table[i].is, table[i].expected);
}

TEST(spec_10_2_status_codes)
{
	static const struct number table[] = {
		R(Success, 0),
		R(Error, 0xe00002bc),
		R(NoMemory, 0xe00002bd),
		R(NoResources, 0xe00002be),
		R(IPCError, 0xe00002bf),
		R(NoDevice, 0xe00002c0),
		R(NotPrivileged, 0xe00002c1),
		R(BadArgument, 0xe00002c2),
		R(LockedRead, 0xe00002c3),
		R(LockedWrite, 0xe00002c4),
		R(ExclusiveAccess, 0xe00002c5),
		R(BadMessageID, 0xe00002c6),
		R(Unsupported, 0xe00002c7),
		R(VMError, 0xe00002c8),
		R(InternalError, 0xe00002c9),
		R(IOError, 0xe00002ca),
		R(CannotLock, 0xe00002cc),
		R(NotOpen, 0xe00002cd),
		R(NotReadable, 0xe00002ce),
		R(NotWritable, 0xe00002cf),
		R(NotAligned, 0xe00002d0),
		R(BadMedia, 0xe00002d1),
		R(StillOpen, 0xe00002d2),
		R(RLDError, 0xe00002d3),
		R(DMAError, 0xe00002d4),
		R(Busy, 0xe00002d5),
		R(Timeout, 0xe00002d6),
		R(Offline, 0xe00002d7),
		R(NotReady, 0xe00002d8),
		R(NotAttached, 0xe00002d9),
		R(NoChannels, 0xe00002da),
		R(NoSpace, 0xe00002db),
		R(PortExists, 0xe00002dd),
		R(CannotWire, 0xe00002de),
		R(NoInterrupt, 0xe00002df),
		R(NoFrames, 0xe00002e0),
		R(MessageTooLarge, 0xe00002e1),
		R(NotPermitted, 0xe00002e2),
		R(NoPower, 0xe00002e3),
		R(NoMedia, 0xe00002e4),
		R(UnformattedMedia, 0xe00002e5),
		R(UnsupportedMode, 0xe00002e6),
		R(Underrun, 0xe00002e7),
		R(Overrun, 0xe00002e8),
		R(DeviceError, 0xe00002e9),
		R(NoCompletion, 0xe00002ea),
		R(Aborted, 0xe00002eb),
		R(NoBandwidth, 0xe00002ec),
		R(NotResponding, 0xe00002ed),
		R(IsoTooOld, 0xe00002ee),
		R(IsoTooNew, 0xe00002ef),
		R(NotFound, 0xe00002f0),
		R(Invalid, 0xe0000001),
	};

	check(table, COUNT(table));
	test_equal(COUNT(table), 53);
}

TEST(spec_10_1_and_10_3_numbers_of_systems)
{
	static const struct {
		uint32_t is, number;
	} subsystems[] = {
		{ sub_iokit_common, 0 },
		{ sub_iokit_usb, 1 },
		{ sub_iokit_firewire, 2 },
		{ sub_iokit_block_storage, 4 },
		{ sub_iokit_graphics, 5 },
		{ sub_iokit_networking, 6 },
		{ sub_iokit_bluetooth, 8 },
		{ sub_iokit_pmu, 9 },
		{ sub_iokit_acpi, 10 },
		{ sub_iokit_smbus, 11 },
		{ sub_iokit_ahci, 12 },
		{ sub_iokit_powermanagement, 13 },
		{ sub_iokit_hidsystem, 14 },
		{ sub_iokit_scsi, 16 },
		{ sub_iokit_usbaudio, 17 },
		{ sub_iokit_wirelesscharging, 18 },
		{ sub_iokit_pccard, 21 },
		{ sub_iokit_nvme, 28 },
		{ sub_iokit_thunderbolt, 29 },
		{ sub_iokit_graphics_acceleration, 30 },
		{ sub_iokit_keystore, 31 },
		{ sub_iokit_smc, 32 },
		{ sub_iokit_apfs, 33 },
		{ sub_iokit_acpiec, 34 },
		{ sub_iokit_timesync_avb, 35 },
		{ sub_iokit_platform, 0x2a },
		{ sub_iokit_audio_video, 0x45 },
		{ sub_iokit_cec, 0x46 },
		{ sub_iokit_arc, 0x47 },
		{ sub_iokit_baseband, 0x80 },
		{ sub_iokit_HDA, 0xfe },
		{ sub_iokit_hsic, 0x147 },
		{ sub_iokit_sdio, 0x174 },
		{ sub_iokit_wlan, 0x208 },
		{ sub_iokit_appleembeddedsleepwakehandler, 0x209 },
		{ sub_iokit_appleppm, 0x20a },
		{ sub_iokit_vendor_specific, 0xffe },
		{ sub_iokit_reserved, 0xfff },
	};
	static const struct number systems[] = {
		N(err_kern, 0),
		N(err_us, 1u << 26),
		N(err_server, 2u << 26),
		N(err_ipc, 3u << 26),
		N(err_mach_ipc, 4u << 26),
		N(err_dipc, 7u << 26),
		N(err_vm, 8u << 26),
		N(err_local, 0x3eu << 26),
		N(err_ipc_compat, 0x3fu << 26),
		N(sys_iokit, 0xe0000000),
		N(system_emask, 0xfc000000),
		N(sub_emask, 0x03ffc000),
		N(code_emask, 0x3fff),
		N(unix_err(5), 0xc005),
		N(iokit_common_err(7), 0xe0000007),
		N(iokit_vendor_specific_err(1), 0xe3ff8001),
		N(iokit_family_err(sub_iokit_usb, 2), 0xe0004002),
		N(iokit_family_msg(sub_iokit_usb, 2), 0xe0004002),
		N(iokit_vendor_specific_msg(1), 0xe3ff8001),
	};

	for (size_t i = 0; i < COUNT(subsystems); i++)
		test_equal(subsystems[i].is, subsystems[i].number << 14);
	check(systems, COUNT(systems));
}

TEST(spec_10_4_messages)
{
	static const struct number table[] = {
		M(ServiceIsTerminated, 0xe0000010),	M(ServiceIsSuspended, 0xe0000020),
		M(ServiceIsResumed, 0xe0000030),	M(ServiceIsRequestingClose, 0xe0000100),
		M(ServiceIsAttemptingOpen, 0xe0000101), M(ServiceWasClosed, 0xe0000110),
		M(ServiceBusyStateChange, 0xe0000120),	M(ConsoleSecurityChange, 0xe0000128),
		M(ServicePropertyChange, 0xe0000130),	M(CanDevicePowerOff, 0xe0000200),
		M(DeviceWillPowerOff, 0xe0000210),	M(DeviceWillPowerOn, 0xe0000215),
		M(DeviceWillNotPowerOff, 0xe0000220),	M(DeviceHasPoweredOff, 0xe0000225),
		M(DeviceHasPoweredOn, 0xe0000230),	M(CanSystemPowerOff, 0xe0000240),
		M(SystemWillPowerOff, 0xe0000250),	M(SystemPagingOff, 0xe0000255),
		M(SystemWillNotPowerOff, 0xe0000260),	M(CanSystemSleep, 0xe0000270),
		M(SystemWillSleep, 0xe0000280),		M(SystemWillNotSleep, 0xe0000290),
		M(SystemHasPoweredOn, 0xe0000300),	M(SystemWillRestart, 0xe0000310),
		M(SystemWillPowerOn, 0xe0000320),	M(CopyClientID, 0xe0000330),
		M(SystemCapabilityChange, 0xe0000340),	M(DeviceSignaledWakeup, 0xe0000350),
		M(TaskAppSuspendedChange, 0xe0000800),
	};

	check(table, COUNT(table));
	test_equal(COUNT(table), 29);
}

TEST(spec_10_7_keys_that_differ_from_their_macros)
{
	static const struct text table[] = {
		{ kIOServicePlane, "IOService" },
		{ kIOPowerPlane, "IOPower" },
		{ kIODeviceTreePlane, "IODeviceTree" },
		{ kIOAudioPlane, "IOAudio" },
		{ kIOFireWirePlane, "IOFireWire" },
		{ kIOUSBPlane, "IOUSB" },
		{ kIOServiceClass, "IOService" },
		{ kIOResourcesClass, "IOResources" },
		{ kIOBSDNameKey, "BSD Name" },
		{ kIOBSDNamesKey, "BSD Names" },
		{ kIOBSDMajorKey, "BSD Major" },
		{ kIOBSDMinorKey, "BSD Minor" },
		{ kIOBSDUnitKey, "BSD Unit" },
		{ kIOBSDKey, "IOBSD" },
		{ kIOMatchedServiceCountKey, "IOMatchedServiceCountMatch" },
		{ kOSBuildVersionKey, "OS Build Version" },
		{ kIONVRAMBootArgsKey, "boot-args" },
		{ kIODriverKitEntitlementKey, "com.apple.developer.driverkit" },
		{ kIODriverKitUserClientEntitlementsKey,
		  "com.apple.developer.driverkit.userclient-access" },
		{ kIODriverKitUserClientEntitlementAllowAnyKey,
		  "com.apple.developer.driverkit.allow-any-userclient-access" },
		{ kIODriverKitUserClientEntitlementAdministratorKey,
		  "com.apple.developer.driverkit.administrator" },
		{ kIODriverKitUserClientEntitlementCommunicatesWithDriversKey,
		  "com.apple.developer.driverkit.communicates-with-drivers" },
		{ kIODriverKitUserClientEntitlementAllowThirdPartyUserClientsKey,
		  "com.apple.developer.driverkit.allow-third-party-userclients" },
		{ kIODriverKitRequiredEntitlementsKey,
		  "com.apple.private.driverkit.driver-access" },
		{ kIOResourcesSetPropertyKey, "com.apple.private.iokit.ioresources.setproperty" },
		{ kIOWaitQuietPanicsEntitlement, "com.apple.private.security.waitquiet-panics" },
		{ kIOPublishNotification, "IOServicePublish" },
		{ kIOFirstPublishNotification, "IOServiceFirstPublish" },
		{ kIOMatchedNotification, "IOServiceMatched" },
		{ kIOFirstMatchNotification, "IOServiceFirstMatch" },
		{ kIOTerminatedNotification, "IOServiceTerminate" },
		{ kIOWillTerminateNotification, "IOServiceWillTerminate" },
		{ kIOGeneralInterest, "IOGeneralInterest" },
		{ kIOBusyInterest, "IOBusyInterest" },
		{ kIOAppPowerStateInterest, "IOAppPowerStateInterest" },
		{ kIOPriorityPowerStateInterest, "IOPriorityPowerStateInterest" },
		{ kIOConsoleSecurityInterest, "IOConsoleSecurityInterest" },
		{ kIOSerialBSDServiceValue, "IOSerialBSDClient" },
		{ kIOSerialBSDTypeKey, "IOSerialBSDClientType" },
		{ kIOSerialBSDAllTypes, "IOSerialStream" },
		{ kIOCalloutDeviceKey, "IOCalloutDevice" },
		{ kIODialinDeviceKey, "IODialinDevice" },
		{ kIOMediaClass, "IOMedia" },
		{ kIOMediaWholeKey, "Whole" },
		{ kIOMediaSizeKey, "Size" },
		{ kIOMediaPreferredBlockSizeKey, "Preferred Block Size" },
		{ kIOBlockStorageDriverClass, "IOBlockStorageDriver" },
		{ kIOBlockStorageDriverStatisticsBytesReadKey, "Bytes (Read)" },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		test_equal_text(table[i].is, table[i].expected);
}

/* kIOxKey is "IOx" for all of these. */
#define K(name) \
	{ \
#name, k##name##Key \
	}

TEST(spec_10_7_keys_named_like_their_macros)
{
	static const struct text table[] = {
		K(IOKitBuildVersion),
		K(IOClass),
		K(IOKitDiagnostics),
		K(IOProbeScore),
		K(IORegistryPlanes),
		K(IOKitDebug),
		K(IOCatalogue),
		K(IOUserClass),
		K(IOUserClasses),
		K(IOSupportedProperties),
		K(IOUserServiceProperties),
		K(IOProviderClass),
		K(IONameMatch),
		K(IOPropertyMatch),
		K(IORegistryEntryID),
		K(IOPropertyExistsMatch),
		K(IORegistryEntryPropertyKeys),
		K(IOPathMatch),
		K(IORegistryEntryAllowableSetProperties),
		K(IOLocationMatch),
		K(IORegistryEntryDefaultLockingSetProperties),
		K(IOParentMatch),
		K(IOResourceMatch),
		K(IOResourceMatched),
		K(IONameMatched),
		K(IOMatchCategory),
		K(IODefaultMatchCategory),
		K(IOMatchedPersonality),
		K(IORematchPersonality),
		K(IOMatchDefer),
		K(IORematchCount),
		K(IOPlatformSerialNumber),
		K(IODEXTMatchCount),
		K(IOPlatformUUID),
		K(IOCFPlugInTypes),
		K(IOPath),
		K(IOCompatibilityMatch),
		K(IOCompatibilityProperties),
		K(IOPlatformDeviceMessage),
		K(IOAllCPUInitialized),
		K(IOCommandPoolSize),
		K(IOMapperID),
		K(IOBundleResourceFile),
		K(IOIcon),
		K(IOBusBadge),
		K(IODeviceIcon),
		K(IOBootDevice),
		K(IOBootDevicePath),
		K(IOBootDeviceSize),
		K(IOClassNameOverride),
		K(IOServiceNotificationUser),
		K(IOConsoleUsers),
		K(IOConsoleLocked),
		K(IOConsoleUsersSeed),
		K(IOMatchedAtBoot),
		K(IOMaximumPriorityCount),
		K(IOMaximumBlockCountRead),
		K(IOMaximumBlockCountWrite),
		K(IOMaximumByteCountRead),
		K(IOMaximumByteCountWrite),
		K(IOMaximumSegmentCountRead),
		K(IOMaximumSegmentCountWrite),
		K(IOMaximumSegmentByteCountRead),
		K(IOMaximumSegmentByteCountWrite),
		K(IOMinimumSegmentAlignmentByteCount),
		K(IOMaximumSegmentAddressableBitCount),
		K(IOMinimumSaturationByteCount),
		K(IOMaximumSwapWrite),
		K(IOUserClientClass),
		K(IOUserClientSharedInstance),
		K(IOUserClientDefaultLocking),
		K(IOUserClientDefaultLockingSetProperties),
		K(IOUserClientDefaultLockingSingleThreadExternalMethod),
		K(IOUserClientEntitlements),
		K(IOServiceDEXTEntitlements),
		K(IOUserClientCreator),
		K(IOUserClientMessageAppSuspended),
		K(IOUserClientCrossEndian),
		K(IOUserClientCrossEndianCompatible),
		K(IOUserUserClient),
		K(IOUserServerCDHash),
		K(IOUserServerOneProcess),
		K(IOUserServerPreserveUserspaceReboot),
	};

	for (size_t i = 0; i < COUNT(table); i++)
		test_equal_text(table[i].is, table[i].expected);
}

TEST(spec_10_8_other_constants)
{
	static const struct number table[] = {
		N(kNilOptions, 0),
		N(kIORegistryIterateRecursively, 1),
		N(kIORegistryIterateParents, 2),
		N(kIOServiceInteractionAllowed, 1),
		N(kIOServiceInactiveState, 1),
		N(kIOServiceRegisteredState, 2),
		N(kIOServiceMatchedState, 4),
		N(kIOServiceFirstPublishState, 8),
		N(kIOServiceFirstMatchState, 16),
		N(kOSAsyncRefCount, 8),
		N(kOSAsyncRefSize, 32),
		N(kOSAsyncRef64Count, 8),
		N(kOSAsyncRef64Size, 64),
		N(kMaxAsyncArgs, 16),
		N(kIODefaultCache, 0),
		N(kIOInhibitCache, 1),
		N(kIOWriteThruCache, 2),
		N(kIOCopybackCache, 3),
		N(kIOWriteCombineCache, 4),
		N(kIOCopybackInnerCache, 5),
		N(kIOPostedWrite, 6),
		N(kIORealTimeCache, 7),
		N(kIOPostedReordered, 8),
		N(kIOPostedCombinedReordered, 9),
		N(IO_OBJECT_NULL, 0),
		N(MACH_PORT_NULL, 0),
		N(kIOMapAnywhere, 1),
		N(kIOMapReadOnly, 0x1000),
		N(kIOMapUserOptionsMask, 0xfff),
		N(kNanosecondScale, 1),
		N(kMicrosecondScale, 1000),
		N(kMillisecondScale, 1000000),
		N(kTickScale, 10000000),
		N(kSecondScale, 1000000000),
		N(kIOWaitQuietPanicOnFailure, 1),
		N(kIOClassNameOverrideNone, 1),
		N(kFirstIOKitNotificationType, 100),
		N(kIOServicePublishNotificationType, 100),
		N(kIOServiceMatchedNotificationType, 101),
		N(kIOServiceTerminatedNotificationType, 102),
		N(kIOAsyncCompletionNotificationType, 150),
		N(kIOServiceMessageNotificationType, 160),
		N(kLastIOKitNotificationType, 199),
	};

	check(table, COUNT(table));
}

TEST(spec_8_6_mach_codes)
{
	static const struct number table[] = {
		N(KERN_SUCCESS, 0),
		N(KERN_INVALID_ADDRESS, 1),
		N(KERN_NO_SPACE, 3),
		N(KERN_INVALID_ARGUMENT, 4),
		N(KERN_FAILURE, 5),
		N(KERN_NOT_IN_SET, 12),
		N(KERN_NAME_EXISTS, 13),
		N(KERN_INVALID_NAME, 15),
		N(KERN_INVALID_TASK, 16),
		N(KERN_INVALID_RIGHT, 17),
		N(KERN_INVALID_VALUE, 18),
		N(KERN_UREFS_OVERFLOW, 19),
		N(KERN_INVALID_CAPABILITY, 20),
		N(KERN_NOT_SUPPORTED, 46),
		N(KERN_OPERATION_TIMED_OUT, 49),
		N(MACH_SEND_INVALID_DATA, 0x10000002),
		N(MACH_SEND_INVALID_DEST, 0x10000003),
		N(MACH_SEND_TIMED_OUT, 0x10000004),
		N(MACH_SEND_INTERRUPTED, 0x10000007),
		N(MACH_SEND_MSG_TOO_SMALL, 0x10000008),
		N(MACH_SEND_INVALID_REPLY, 0x10000009),
		N(MACH_SEND_INVALID_RIGHT, 0x1000000a),
		N(MACH_SEND_INVALID_MEMORY, 0x1000000c),
		N(MACH_SEND_INVALID_TYPE, 0x1000000f),
		N(MACH_SEND_INVALID_HEADER, 0x10000010),
		N(MACH_RCV_INVALID_NAME, 0x10004002),
		N(MACH_RCV_TIMED_OUT, 0x10004003),
		N(MACH_RCV_TOO_LARGE, 0x10004004),
		N(MACH_RCV_INTERRUPTED, 0x10004005),
		N(MACH_RCV_PORT_CHANGED, 0x10004006),
		N(MACH_RCV_PORT_DIED, 0x10004009),
		N(MACH_RCV_IN_SET, 0x1000400a),
		N(MIG_ARRAY_TOO_LARGE, -307),
		N(MIG_SERVER_DIED, -308),
		N(MIG_TYPE_ERROR, -300),
		N(MIG_BAD_ID, -303),
		N(MIG_BAD_ARGUMENTS, -304),
		N(MIG_NO_REPLY, -305),
		N(MACH_PORT_TYPE_SEND, 0x10000),
		N(MACH_PORT_TYPE_RECEIVE, 0x20000),
		N(MACH_PORT_TYPE_SEND_ONCE, 0x40000),
		N(MACH_PORT_TYPE_PORT_SET, 0x80000),
		N(MACH_PORT_TYPE_DEAD_NAME, 0x100000),
		N(MACH_PORT_QLIMIT_DEFAULT, 5),
		N(MACH_PORT_QLIMIT_MAX, 1024),
		N(MACH_PORT_DEAD, 0xffffffff),
		N(MACH_MSGH_BITS_COMPLEX, 0x80000000),
		N(MACH_MSG_TYPE_MOVE_RECEIVE, 16),
		N(MACH_MSG_TYPE_MOVE_SEND, 17),
		N(MACH_MSG_TYPE_MOVE_SEND_ONCE, 18),
		N(MACH_MSG_TYPE_COPY_SEND, 19),
		N(MACH_MSG_TYPE_MAKE_SEND, 20),
		N(MACH_MSG_TYPE_MAKE_SEND_ONCE, 21),
		N(MACH_SEND_MSG, 1),
		N(MACH_RCV_MSG, 2),
		N(MACH_RCV_LARGE, 4),
		N(MACH_SEND_TIMEOUT, 0x10),
		N(MACH_RCV_TIMEOUT, 0x100),
	};

	check(table, COUNT(table));
}

TEST(spec_10_5_error_texts)
{
	static const mach_error_t codes[] = {
		0,	 KERN_FAILURE, 0x10000003, kIOReturnBadArgument,    -308,
		1 << 25, 0x7fffffff,   -1,	   (mach_error_t)0x80000000
	};

	for (size_t i = 0; i < COUNT(codes); i++) {
		test_true(mach_error_string(codes[i]) != NULL);
		test_true(mach_error_string(codes[i])[0] != 0);
	}
	test_true(strncmp(mach_error_string(kIOReturnBadArgument), "(iokit/common)", 14) == 0);
}

TEST_MAIN
