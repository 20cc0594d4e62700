/* SPDX-License-Identifier: MIT */
/* The class of CDs and its properties. */
#ifndef _IOKIT_STORAGE_IOCDMEDIA_H
#define _IOKIT_STORAGE_IOCDMEDIA_H

#include <IOKit/storage/IOCDTypes.h>
#include <IOKit/storage/IOMedia.h>

/* the class to match */
#define kIOCDMediaClass "IOCDMedia"

/* data: the table of contents, a CDTOC */
#define kIOCDMediaTOCKey "TOC"

/* a string, and its values */
#define kIOCDMediaTypeKey "Type"
#define kIOCDMediaTypeR "CD-R"
#define kIOCDMediaTypeROM "CD-ROM"
#define kIOCDMediaTypeRW "CD-RW"

#endif
