/* SPDX-License-Identifier: MIT */
/* The class of disks and partitions and its properties. All are C string literals. */
#ifndef _IOKIT_STORAGE_IOMEDIA_H
#define _IOKIT_STORAGE_IOMEDIA_H

/* the class to match */
#define kIOMediaClass "IOMedia"

/* numbers, in bytes */
#define kIOMediaPreferredBlockSizeKey "Preferred Block Size"
#define kIOMediaSizeKey "Size"

/* strings; the mask is a matching key */
#define kIOMediaContentHintKey "Content Hint"
#define kIOMediaContentKey "Content"
#define kIOMediaContentMaskKey "Content Mask"
#define kIOMediaUUIDKey "UUID"

/* a dictionary */
#define kIOMediaIconKey "IOMediaIcon"

/* booleans */
#define kIOMediaEjectableKey "Ejectable"
#define kIOMediaInvalidStartupDiskKey "Invalid Startup Disk"
#define kIOMediaLeafKey "Leaf"
#define kIOMediaOpenKey "Open"
#define kIOMediaRemovableKey "Removable"
#define kIOMediaWholeKey "Whole"
#define kIOMediaWritableKey "Writable"

#endif
