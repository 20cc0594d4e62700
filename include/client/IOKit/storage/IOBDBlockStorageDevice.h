/* SPDX-License-Identifier: MIT */
/* The class of BD drives. */
#ifndef _IOKIT_STORAGE_IOBDBLOCKSTORAGEDEVICE_H
#define _IOKIT_STORAGE_IOBDBLOCKSTORAGEDEVICE_H

#include <IOKit/storage/IOBlockStorageDevice.h>

/* the class to match */
#define kIOBDBlockStorageDeviceClass "IOBDBlockStorageDevice"

#endif
