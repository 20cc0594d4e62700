/* SPDX-License-Identifier: MIT */
/*
 * The power sources of the machine: the services of class IOPMPowerSource
 * (AppleSmartBattery) in the registry, described with the keys of IOPSKeys.h.
 *
 * A description has Name, Type, Transport Type, Power Source ID, Power Source
 * State, Is Present, Current Capacity and Max Capacity (percent), Is Charging,
 * Time to Empty and Time to Full Charge (minutes; -1 unknown), and where the
 * service says so Is Charged, Voltage (mV), Current (mA), DesignCapacity,
 * Hardware Serial Number. Any thread.
 */
#ifndef _IOKIT_IOPOWERSOURCES_H
#define _IOKIT_IOPOWERSOURCES_H

#include <sys/cdefs.h>

#include <CoreFoundation/CoreFoundation.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum {
	kIOPSLowBatteryWarningNone = 1,
	kIOPSLowBatteryWarningEarly = 2,
	kIOPSLowBatteryWarningFinal = 3
} IOPSLowBatteryWarningLevel;

#define kIOPSTimeRemainingUnknown ((CFTimeInterval)-1.0)
#define kIOPSTimeRemainingUnlimited ((CFTimeInterval)-2.0)

/* What IOPSGetProvidingPowerSourceType answers. */
#define kIOPMUPSPowerKey "UPS Power"
#define kIOPMBatteryPowerKey "Battery Power"
#define kIOPMACPowerKey "AC Power"

/* What notify(3) calls the events of the run-loop sources below. */
#define kIOPSNotifyLowBattery "com.apple.system.powersources.lowbattery"
#define kIOPSNotifyTimeRemaining "com.apple.system.powersources.timeremaining"
#define kIOPSTimeRemainingNotificationKey kIOPSNotifyTimeRemaining
#define kIOPSNotifyPowerSource "com.apple.system.powersources.source"
#define kIOPSNotifyAttach "com.apple.system.powersources.attach"
#define kIOPSNotifyAnyPowerSource "com.apple.system.powersources"

typedef void (*IOPowerSourceCallbackType)(void *context);

/* A snapshot of all sources, for the functions that take one; caller releases. NULL without memory or
 * registry; a machine without batteries has an empty one. */
CFTypeRef IOPSCopyPowerSourcesInfo(void);
/* The sources of a snapshot as handles; caller releases. */
CFArrayRef IOPSCopyPowerSourcesList(CFTypeRef blob);
/* The description of one, borrowed from the snapshot; NULL for a handle of none. */
CFDictionaryRef IOPSGetPowerSourceDescription(CFTypeRef blob, CFTypeRef ps);
/* Where the machine's power comes from, of a snapshot or (NULL) now. A constant. */
CFStringRef IOPSGetProvidingPowerSourceType(CFTypeRef snapshot);
/* Seconds until the batteries are empty, or one of the two values above. */
CFTimeInterval IOPSGetTimeRemainingEstimate(void);
/* Early from 20 minutes, final from 10, when no external power is there. */
IOPSLowBatteryWarningLevel IOPSGetBatteryWarningLevel(void);
/* The AdapterDetails of a source that is charged from outside; caller releases. NULL: none. */
CFDictionaryRef IOPSCopyExternalPowerAdapterDetails(void);

/* A source that calls CALLBACK on the run loop it is added to: when a power source comes, goes, or sends
 * a message; the limited one only when what provides the power may have changed. Caller releases; it ends
 * with its last reference or CFRunLoopSourceInvalidate. NULL on failure. */
CFRunLoopSourceRef IOPSNotificationCreateRunLoopSource(IOPowerSourceCallbackType callback,
						       void *context);
CFRunLoopSourceRef IOPSCreateLimitedPowerNotification(IOPowerSourceCallbackType callback,
						      void *context);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
