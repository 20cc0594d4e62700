/* SPDX-License-Identifier: MIT */
/* The class of partition tables, and properties of the partitions below. */
#ifndef _IOKIT_STORAGE_IOPARTITIONSCHEME_H
#define _IOKIT_STORAGE_IOPARTITIONSCHEME_H

#include <IOKit/storage/IOStorage.h>

/* the class to match */
#define kIOPartitionSchemeClass "IOPartitionScheme"

/* of a partition: its number, its offset in bytes, does it follow changes? */
#define kIOMediaBaseKey "Base"
#define kIOMediaLiveKey "Live"
#define kIOMediaPartitionIDKey "Partition ID"

#endif
