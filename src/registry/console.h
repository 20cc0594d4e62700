// SPDX-License-Identifier: MIT
/*
 * Who sits at the machine: the sessions that the root shows as IOConsoleUsers.
 * They come from root (IOConsoleUsers of IOResources), from a file, or from
 * logind where it runs.
 */
#pragma once

#include "registry/registry_internal.h"

/* Read FILE, a property list with the array, if there is one; else logind is asked. */
void registry_console_init(struct registry *registry, const char *file);
void registry_console_fini(struct registry *registry);
/* Root says who is there. Not an array: nothing happens. */
void registry_console_set(struct registry *registry, CFTypeRef users);
/* Array of session dictionaries (spec 6.12); NULL: no memory. */
CFArrayRef registry_console_copy_users(const struct registry *registry);
/* Nobody has logged in at the console, or its screen is locked. */
bool registry_console_is_locked(CFArrayRef users);
/* The same as it was up to a second ago, for decisions about opens. Borrowed, until the next call. */
CFArrayRef registry_console_get_recent_users(struct registry *registry);
