/* SPDX-License-Identifier: MIT */
/* Names that Apple keeps out of its public headers but that tools use. */
#ifndef _IOKIT_IOKITKEYSPRIVATE_H
#define _IOKIT_IOKITKEYSPRIVATE_H

#include <IOKit/IOKitKeys.h>

#define kIOClassNameOverrideKey "IOClassNameOverride"
#define kIOServiceNotificationUserKey "IOServiceNotificationUser"
#define kIOConsoleUsersKey "IOConsoleUsers"
#define kIOConsoleLockedKey "IOConsoleLocked"
#define kIOConsoleUsersSeedKey "IOConsoleUsersSeed"
#define kIOMatchedAtBootKey "IOMatchedAtBoot"
#define kIOConsoleSecurityInterest "IOConsoleSecurityInterest"
#define kIOUserClientMessageAppSuspendedKey "IOUserClientMessageAppSuspended"
#define kIOWaitQuietPanicsEntitlement "com.apple.private.security.waitquiet-panics"

#endif
