/* SPDX-License-Identifier: MIT */
/* The class of disk devices below their drivers. */
#ifndef _IOKIT_STORAGE_IOBLOCKSTORAGEDEVICE_H
#define _IOKIT_STORAGE_IOBLOCKSTORAGEDEVICE_H

/* the class to match */
#define kIOBlockStorageDeviceClass "IOBlockStorageDevice"

/* a boolean that can be set: does the device cache writes? */
#define kIOBlockStorageDeviceWriteCacheStateKey "WriteCacheState"

#endif
