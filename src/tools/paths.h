// SPDX-License-Identifier: MIT
/*
 * Where the parts of this Portico are, found from where the running program
 * and its libraries are: the build tree and an installation both work in place.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

struct tools_paths {
	char bin[PATH_MAX];	/* folder of this program, of porticod too */
	char lib[PATH_MAX];	/* folder of libIOKit.so */
	char include[PATH_MAX]; /* folder of shared/, client/, darwin/, driver/ */
	bool lib_is_standard;	/* the dynamic linker looks there anyway */
};

/* False, with a message on standard error, when the installation is incomplete. */
bool tools_paths_find(struct tools_paths *ret_paths);
/* True when the dynamic linker searches FOLDER by itself: /lib, /usr/lib, their subfolders of the
 * processor's name. */
bool tools_paths_is_standard(const char *folder);
