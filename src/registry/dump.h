// SPDX-License-Identifier: MIT
/* The registry's own state as values. */
#pragma once

#include "registry/registry_internal.h"

/*
 * HOST_USERS: name of a server -> its Users. What WIRE_STATUS answers; NULL: no memory. Keys: Version, PID, Generation, Entries, Busy,
 * "Catalogue Generation", Socket (if any); Hosts: array of { IOUserServerName, State ("idle",
 * "starting", "up", "resting", "quarantined"), PID (0: none), Crashes, Users }; Bundles: array of { Path,
 * CFBundleIdentifier, CFBundleVersion, Personalities (a number), Problem (a text, only when it is
 * not used) }; Clients and Providers: arrays of { Name, PID, UID, Session, Grants, Entries, Use }; Limits,
 * Users, Session and Use: see usage.h; "Account Errors": charges that were wrong, which is 0.
 */
CFDictionaryRef registry_dump_copy_status(struct registry *registry, CFDictionaryRef host_users);
