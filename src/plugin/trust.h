// SPDX-License-Identifier: MIT
/*
 * May code from this place run in this process? The place was named by a driver.
 *
 * Everything on the way, from the root to the file itself, must belong to root
 * or to the effective user and must not be writable by others or a group;
 * folders may be with the sticky bit, where nobody replaces what is another's.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* PATH is absolute; RET_RESOLVED is where its links lead, and what to use from here on: nobody who is not
 * trusted can change it. False also when it does not exist. */
bool plugin_trust_path(const char *path, char ret_resolved[PATH_MAX]);
/* The rule for one file or folder, seen by the user UID. */
bool plugin_trust_status(const struct stat *status, uid_t uid);
