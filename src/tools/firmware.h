// SPDX-License-Identifier: MIT
/* Properties of the firmware's device tree in words, for ioreg -f. */
#pragma once

#include <IOKit/IOKitLib.h>

#include "tools/line.h"

/* The value of ENTRY's property KEY and the end of its line, with lines of its own below BRANCH. False, and
 * nothing written: it is not one that has such a form. */
bool tools_firmware_put(struct tools_line *line, const struct tools_branch *branch,
			io_registry_entry_t entry, CFStringRef key, CFTypeRef value);
