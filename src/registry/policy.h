// SPDX-License-Identifier: MIT
/* Who may do what. Decisions only, from what the kernel says of a peer and the session's policy
 * files. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>

#include "registry/registry_internal.h"

/* May connect at all: the session's own uid, root, and everybody in the system session. */
bool registry_policy_may_connect(const struct registry *registry, const struct fd_peer *who);
/* May publish entries, load drivers and stop the session: the session's own uid and root. */
bool registry_policy_may_provide(const struct registry *registry, const struct fd_peer *who);
/* Holds the administrator privilege: uid 0 or a grant, unless it is withheld from all. */
bool registry_policy_is_administrator(const struct registry_peer *client);
/* All entitlements CLIENT holds, DriverKit's for administrators among them. NULL: no memory. */
CFDictionaryRef registry_policy_copy_entitlements(const struct registry_peer *client);
/* What the host of SERVICE is told of CLIENT: WIRE_OPEN_*. */
uint32_t registry_policy_open_flags(const struct registry_peer *client,
				    const struct registry_entry *service,
				    CFDictionaryRef entitlements);
/* IOServiceAuthorize: kIOReturnSuccess (and CLIENT is authorized for SERVICE from now on),
 * NotPermitted, NotPrivileged where nobody decides, NoResources. */
IOReturn registry_policy_authorize(struct registry_peer *client, struct registry_entry *service);
/* May change the catalogue of drivers: who may provide, unless privileges are withheld, and who holds
 * the entitlement for kernel extensions. */
bool registry_policy_may_manage_drivers(const struct registry_peer *client);
/* May set properties of IOResources: the administrator, and who holds the entitlement for it. */
bool registry_policy_may_set_resources(const struct registry_peer *client);
