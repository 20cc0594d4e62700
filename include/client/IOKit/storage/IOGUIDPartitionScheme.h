/* SPDX-License-Identifier: MIT */
/* The class of GUID partition tables. */
#ifndef _IOKIT_STORAGE_IOGUIDPARTITIONSCHEME_H
#define _IOKIT_STORAGE_IOGUIDPARTITIONSCHEME_H

#include <IOKit/storage/IOPartitionScheme.h>

/* the class to match */
#define kIOGUIDPartitionSchemeClass "IOGUIDPartitionScheme"

/* the table's UUID; the attributes of a partition */
#define kIOGUIDPartitionSchemeUUIDKey "UUID"
#define kIOMediaGPTPartitionAttributesKey "GPT Attributes"

#endif
