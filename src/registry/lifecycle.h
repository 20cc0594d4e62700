// SPDX-License-Identifier: MIT
/*
 * How services become known, busy, quiet and dead. Termination has two phases
 * as on Darwin: all at once the service and what depends on it turn inactive
 * (clients learn of it); then the drivers are stopped one by one from the
 * leaves up, and each leaves the tree when it has stopped.
 */
#pragma once

#include "registry/registry_internal.h"

/* registerService: first or again. Not attached to the root or inactive: ignored with a log line. */
void registry_lifecycle_register(struct registry *registry, struct registry_entry *entry);
/* Answer REQUEST when the registration of ENTRY, with OPTIONS, is far enough: at once, or with
 * kIOServiceSynchronous when its matching has finished. */
err_t registry_lifecycle_await_match(struct registry_peer *peer, const struct wire_header *request,
				     struct registry_entry *entry, uint32_t options);
/* Matching of ENTRY has finished. */
void registry_lifecycle_matched(struct registry *registry, struct registry_entry *entry);

/* Whose matching is over, or cut short by a termination. */
void registry_lifecycle_answer_registrations(struct registry *registry);

/* BY is the provider that asked, or whose connection has ended (NULL: the registry itself): it is
 * not told to stop ENTRY. With BY_IS_GONE nothing of it is told to stop. Harmless on an inactive
 * entry. May free ENTRY unless the caller holds a reference. */
void registry_lifecycle_terminate(struct registry *registry, struct registry_entry *entry,
				  uint32_t options, struct registry_peer *by, bool by_is_gone);
/* Answer REQUEST when the termination of ENTRY, with OPTIONS, is far enough: at once, or with
 * kIOServiceSynchronous when it is over (kIOReturnTimeout after 15 s). */
err_t registry_lifecycle_await_end(struct registry_peer *peer, const struct wire_header *request,
				   struct registry_entry *entry, uint32_t options);
/* CLIENT, which is PEER's, does not use PROVIDER any more. */
void registry_lifecycle_let_go(struct registry *registry, struct registry_peer *peer,
			       uint64_t client, uint64_t provider);
/* An entry that has never been shown: out of the tree, without a word to anybody. */
void registry_lifecycle_drop(struct registry_entry *entry);
/* The owner of stopped entries has gone: nothing more is awaited from it. */
void registry_lifecycle_forget_peer(struct registry *registry, struct registry_peer *peer);

/* The count never falls below 0; 0 and not 0 are passed on to the provider. */
void registry_busy_adjust(struct registry_entry *entry, int delta);
/* What programs see of it: 10 bits, as on Darwin. */
uint32_t registry_busy_shown(const struct registry_entry *entry);
/* ENTRY has been attached or detached; PROVIDER was its provider before (NULL: none). */
void registry_busy_moved(struct registry_entry *entry, struct registry_entry *provider);
uint64_t registry_busy_time_ns(const struct registry_entry *entry);
/* Answer REQUEST when ENTRY is quiet. */
err_t registry_busy_wait(struct registry_peer *peer, const struct wire_header *request,
			 struct registry_entry *entry, uint64_t timeout_ns);
/* What is left when the registry ends. */
void registry_busy_fini(struct registry *registry);
void registry_lifecycle_init(struct registry *registry);
void registry_lifecycle_fini(struct registry *registry);
