/* SPDX-License-Identifier: MIT */
/* Properties of services that have a device node: kIOBSDNameKey, kIOBSDMajorKey, kIOBSDMinorKey and
 * kIOBSDUnitKey. A BSD name is the name of the node below /dev. */
#ifndef _IOKIT_IOBSD_H
#define _IOKIT_IOBSD_H

#include <IOKit/IOKitKeys.h>

#endif
