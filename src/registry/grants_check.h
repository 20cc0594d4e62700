// SPDX-License-Identifier: MIT
/* Grant files looked at for people, without a session: `porticod --check-policy`. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Write "FILE:LINE: error: ..." and "... warning: ..." lines for the file, or the files of the folder, at
 * PATH. False: something of it would not count. */
bool registry_grants_check(const char *path, FILE *out);
