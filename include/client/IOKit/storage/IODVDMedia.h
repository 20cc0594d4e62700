/* SPDX-License-Identifier: MIT */
/* The class of DVDs and its properties. */
#ifndef _IOKIT_STORAGE_IODVDMEDIA_H
#define _IOKIT_STORAGE_IODVDMEDIA_H

#include <IOKit/storage/IODVDTypes.h>
#include <IOKit/storage/IOMedia.h>

/* the class to match */
#define kIODVDMediaClass "IODVDMedia"

/* a string, and its values */
#define kIODVDMediaTypeHDR "HD DVD-R"
#define kIODVDMediaTypeHDRAM "HD DVD-RAM"
#define kIODVDMediaTypeHDROM "HD DVD-ROM"
#define kIODVDMediaTypeHDRW "HD DVD-RW"
#define kIODVDMediaTypeKey "Type"
#define kIODVDMediaTypePlusR "DVD+R"
#define kIODVDMediaTypePlusRW "DVD+RW"
#define kIODVDMediaTypeR "DVD-R"
#define kIODVDMediaTypeRAM "DVD-RAM"
#define kIODVDMediaTypeROM "DVD-ROM"
#define kIODVDMediaTypeRW "DVD-RW"

#endif
