/* SPDX-License-Identifier: MIT */
/* The class of DVD drives. */
#ifndef _IOKIT_STORAGE_IODVDBLOCKSTORAGEDEVICE_H
#define _IOKIT_STORAGE_IODVDBLOCKSTORAGEDEVICE_H

#include <IOKit/storage/IOBlockStorageDevice.h>

/* the class to match */
#define kIODVDBlockStorageDeviceClass "IODVDBlockStorageDevice"

#endif
