/* SPDX-License-Identifier: MIT */
/* Properties of the event system that can be set. */
#ifndef _IOKIT_HID_IOHIDPROPERTIES_H
#define _IOKIT_HID_IOHIDPROPERTIES_H

#define kIOHIDIdleTimeMicrosecondsKey "HIDIdleTimeMicroseconds"
#define kIOHIDKeyboardCapsLockDelayOverride "CapsLockDelayOverride"
#define kIOHIDMouseAccelerationType "HIDMouseAcceleration"
#define kIOHIDPointerButtonMode "HIDPointerButtonMode"
#define kIOHIDServiceCapsLockStateKey "HIDCapsLockState"
#define kIOHIDServiceEjectDelayKey "EjectDelay"
#define kIOHIDServiceInitialKeyRepeatDelayKey "HIDInitialKeyRepeat"
#define kIOHIDServiceKeyRepeatDelayKey "HIDKeyRepeat"
#define kIOHIDServiceLockKeyDelayKey "LockKeyDelay"
#define kIOHIDUserKeyUsageMapKey "UserKeyMapping"

#endif
