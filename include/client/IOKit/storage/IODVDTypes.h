/* SPDX-License-Identifier: MIT */
/* DVDs: kinds and speeds. */
#ifndef _IOKIT_STORAGE_IODVDTYPES_H
#define _IOKIT_STORAGE_IODVDTYPES_H

#include <IOKit/IOTypes.h>

/* kilobytes a second */
#define kDVDSpeedMin 0x0546
#define kDVDSpeedMax 0xffff

typedef UInt32 DVDMediaType;

enum {
	kDVDMediaTypeUnknown = 0x0200,
	kDVDMediaTypeROM = 0x0202,
	kDVDMediaTypeRAM = 0x0203,
	kDVDMediaTypeR = 0x0204,
	kDVDMediaTypeRW = 0x0205,
	kDVDMediaTypePlusRW = 0x0206,
	kDVDMediaTypePlusR = 0x0207,
	kDVDMediaTypeMin = 0x0200,
	kDVDMediaTypeMax = 0x02ff
};

#endif
