/* SPDX-License-Identifier: MIT */
/* The class of CD drives. */
#ifndef _IOKIT_STORAGE_IOCDBLOCKSTORAGEDEVICE_H
#define _IOKIT_STORAGE_IOCDBLOCKSTORAGEDEVICE_H

#include <IOKit/storage/IOBlockStorageDevice.h>

/* the class to match */
#define kIOCDBlockStorageDeviceClass "IOCDBlockStorageDevice"

#endif
