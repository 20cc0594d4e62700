// SPDX-License-Identifier: MIT
/* The public class hierarchy of macOS as far as programs and drivers name it: data. */
#pragma once

#include <stddef.h>

#define REGISTRY_KERNEL_BUNDLE "__kernel__"

struct registry_known_class {
	const char *name;
	const char *super; /* NULL: a root; it stands before its subclasses */
	const char *
		bundle; /* identifier of the kernel extension that supplies it; NULL: none is known */
	const char *passes_for; /* an older class that programs still look for; or NULL */
};

extern const struct registry_known_class registry_known_classes[];
extern const size_t registry_n_known_classes;
