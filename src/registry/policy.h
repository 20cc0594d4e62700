// SPDX-License-Identifier: MIT
/* Who may do what. Decisions only, from the credentials that the kernel gave. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>

#include "registry/registry_internal.h"

/* May connect at all: the session's own uid, root, and everybody in the system session. */
bool registry_policy_may_connect(const struct registry *registry, const struct fd_peer *who);
/* May publish entries, load drivers and stop the session: the session's own uid and root. */
bool registry_policy_may_provide(const struct registry *registry, const struct fd_peer *who);
/* Holds the administrator privilege: uid 0, unless it is withheld. */
bool registry_policy_is_administrator(const struct registry *registry, const struct fd_peer *who);
/* Entitlements that a user client asks for in its properties (spec 5.3, 5.9). kIOReturnSuccess,
 * NotPrivileged or NotPermitted. */
IOReturn registry_policy_check_user_client(const struct registry *registry,
					   const struct fd_peer *who, CFDictionaryRef properties,
					   bool is_2022);
