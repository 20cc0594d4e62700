// SPDX-License-Identifier: MIT
/* Reading the kernel's small text files, with limits. */
#pragma once

#include <stddef.h>

#include "base/err.h"

enum { BRIDGE_SYSFS_MAX = 4096 };

/* At most SIZE - 1 bytes of the file FOLDER/NAME and a NUL; *RET_SIZE (may be NULL) is their number.
 * Trailing newlines and blanks are cut off, NULs inside are kept. */
err_t bridge_sysfs_read(const char *folder, const char *name, char *ret_text, size_t size,
			size_t *ret_size);
