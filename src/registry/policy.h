// SPDX-License-Identifier: MIT
/* Who may do what. Decisions only, from what the kernel says of a peer and the session's policy
 * files. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>

#include "registry/registry_internal.h"

/* One question to the grants; its texts are in it. */
struct registry_policy_question {
	const struct registry_grant_table *table; /* NULL: everything is denied */
	struct registry_grant_question grant;
	char bundle[REGISTRY_GRANT_NAME_MAX + 1];
	err_t err; /* why there is no table: -ESRCH: who asks has gone */
};

/* SERVICE may be NULL. SUBJECT must stay. */
void registry_policy_ask(struct registry_policy_question *question, struct registry *registry,
			 const struct registry_subject *subject,
			 const struct registry_entry *service, uint32_t type);
/* ENTITLEMENT NULL: opening. RET_GRANT may be NULL. */
enum registry_verdict registry_policy_decide(const struct registry_policy_question *question,
					     const char *entitlement,
					     const struct registry_grant **ret_grant);
/* All that the subject holds (true, or an array of values) or is denied (false), a new dictionary;
 * NULL: no memory. There must be a table. */
CFDictionaryRef registry_policy_copy_entitlements(const struct registry_policy_question *question);
/* What CLIENT holds for SERVICE, a new dictionary; NULL: nothing, or no memory. */
CFDictionaryRef registry_policy_copy_held(const struct registry_peer *client,
					  const struct registry_entry *service);
/* DriverKit's rules for who may open SERVICE. */
bool registry_policy_has_driver_access(const struct registry *registry,
				       const struct registry_entry *service, CFDictionaryRef held);
/* A demand of USER_CLIENT was not met, says its host. */
void registry_policy_refused(struct registry *registry, const struct registry_entry *user_client,
			     IOReturn status, uint32_t selector, const char *missing,
			     const char *value);

/* May connect at all: the session's own uid, root, and everybody in the system session. */
bool registry_policy_may_connect(const struct registry *registry, const struct fd_peer *who);
/* May publish entries, load drivers and stop the session: the session's own uid and root. */
bool registry_policy_may_provide(const struct registry *registry, const struct fd_peer *who);
/* Holds the administrator privilege: uid 0 or a grant, unless it is withheld from all. */
bool registry_policy_is_administrator(const struct registry_peer *client);
/* What CLIENT may do at SERVICE with a user client of TYPE: all entitlements it holds for it (true, or
 * an array of values) or is denied (false), a new dictionary, and RET_FLAGS, WIRE_OPEN_* for the host.
 * NotPermitted: it may not open it at all; Unsupported: the service has no such type; NoResources. */
IOReturn registry_policy_open(const struct registry_peer *client,
			      const struct registry_entry *service, uint32_t type,
			      CFDictionaryRef *ret_entitlements, uint32_t *ret_flags);
/* IOServiceAuthorize: kIOReturnSuccess (and CLIENT is authorized for SERVICE from now on),
 * NotPermitted, NotPrivileged where nobody decides, NoResources. */
IOReturn registry_policy_authorize(struct registry_peer *client, struct registry_entry *service);
/* May change the catalogue of drivers: who may provide, unless privileges are withheld, and who holds
 * the entitlement for kernel extensions. */
bool registry_policy_may_manage_drivers(const struct registry_peer *client);
/* May set properties of IOResources: the administrator, and who holds the entitlement for it. */
bool registry_policy_may_set_resources(const struct registry_peer *client);
