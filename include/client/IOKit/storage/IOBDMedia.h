/* SPDX-License-Identifier: MIT */
/* The class of Blu-ray discs and its properties. */
#ifndef _IOKIT_STORAGE_IOBDMEDIA_H
#define _IOKIT_STORAGE_IOBDMEDIA_H

#include <IOKit/storage/IOMedia.h>

/* the class to match */
#define kIOBDMediaClass "IOBDMedia"

/* a string, and its values */
#define kIOBDMediaTypeKey "Type"
#define kIOBDMediaTypeR "BD-R"
#define kIOBDMediaTypeRE "BD-RE"
#define kIOBDMediaTypeROM "BD-ROM"

#endif
