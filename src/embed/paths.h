// SPDX-License-Identifier: MIT
/* Where drivers and programs are, seen from where this library is. */
#pragma once

#include <limits.h>

#include "base/err.h"

enum { EMBED_PATHS_MAX = 64 };

struct embed_paths {
	char *drivers[EMBED_PATHS_MAX + 1]; /* existing folders, NULL-terminated; owned */
	unsigned n_drivers;
	char host_program[PATH_MAX];
};

/* The search order: PORTICO_DRIVERS (a list with colons), the build tree, the user's data folder,
 * the installation. PORTICO_NO_DEFAULT_DRIVERS=1 leaves the first alone. */
err_t embed_paths_find(struct embed_paths *ret_paths);
void embed_paths_fini(struct embed_paths *paths);
