/* SPDX-License-Identifier: MIT */
/* The class of what stands between media. */
#ifndef _IOKIT_STORAGE_IOFILTERSCHEME_H
#define _IOKIT_STORAGE_IOFILTERSCHEME_H

#include <IOKit/storage/IOStorage.h>

/* the class to match */
#define kIOFilterSchemeClass "IOFilterScheme"

#endif
