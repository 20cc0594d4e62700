// SPDX-License-Identifier: MIT
/*
 * After a restart hosts come back in any order: what stands on an entry of
 * another host may be there before that one is. Until then it has no parent; it
 * is taken in as soon as that has been published, and before it is registered,
 * so that no second driver is started where one stands already. What is left
 * when no host is waited for any more is terminated. Likewise a service that is
 * open by an object of another host (access.c) waits for that one.
 */
#pragma once

#include "registry/registry_internal.h"

/* May something wait for the entry ID: is it not there, or not any more, and are hosts still to come back? */
bool registry_orphan_may_wait(struct registry *registry, uint64_t id);
/* ENTRY, which is PEER's, is to be attached to the entry PARENT in the plane IOService. -ENOSPC: over a
 * limit; -ENOMEM. */
err_t registry_orphan_add(struct registry_peer *peer, struct registry_entry *entry,
			  uint64_t parent);
/* ENTRY, which is PEER's, is open by CLIENT. */
err_t registry_orphan_add_user(struct registry_peer *peer, struct registry_entry *entry,
			       uint64_t client);
/* ENTRY would be registered, were it attached to the root: true, then it will be. */
bool registry_orphan_wants_register(struct registry *registry, struct registry_entry *entry);
/* ENTRY is there again. */
void registry_orphan_adopt(struct registry *registry, struct registry_entry *entry);
/* Whoever is still missing will not come. */
void registry_orphan_end(struct registry *registry);
void registry_orphan_forget_peer(struct registry_peer *peer);
