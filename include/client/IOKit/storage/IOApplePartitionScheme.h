/* SPDX-License-Identifier: MIT */
/* The class of Apple partition maps. */
#ifndef _IOKIT_STORAGE_IOAPPLEPARTITIONSCHEME_H
#define _IOKIT_STORAGE_IOAPPLEPARTITIONSCHEME_H

#include <IOKit/storage/IOPartitionScheme.h>

/* the class to match */
#define kIOApplePartitionSchemeClass "IOApplePartitionScheme"

#endif
