// SPDX-License-Identifier: MIT
/* What the parts of ioreg share: the options and the test whether an entry fits them. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "tools/line.h"

struct ioreg_options {
	bool archive, bold, smart, hex, inheritance, list, root, tree, no_user_classes;
	const char *class_name, *key, *name, *plane;
	unsigned depth; /* 0: unlimited */
	unsigned width; /* 0: unlimited */
};

/* Does ENTRY fit -c, -k and -n? False when none of them is given. */
bool ioreg_entry_fits(io_registry_entry_t entry, const struct ioreg_options *options);
/* Root class first, down to the entry's own, without OSObject. New array. */
CFArrayRef ioreg_copy_ancestry(io_registry_entry_t entry);

/* The tree, or with -r the subtrees whose root fits, as text. False: memory or registry failed. */
bool ioreg_tree_print(io_registry_entry_t root, const struct ioreg_options *options,
		      struct tools_line *line);
/* The same as a property list on standard output. */
bool ioreg_archive_print(io_registry_entry_t root, const struct ioreg_options *options, FILE *out);
