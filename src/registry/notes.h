// SPDX-License-Identifier: MIT
/*
 * What a registry leaves to the next one of its session, in the folder where the hosts
 * wait (home.h): its generation, which bundles were loaded and unloaded while it ran, and
 * which hosts are quarantined; and the key of the proofs (proof.h). A session that ends in order
 * leaves nothing.
 */
#pragma once

#include "registry/registry_internal.h"

/* What the names of all notes begin with. */
#define REGISTRY_NOTES_MARK ".@"

/* For a registry that nobody counts: one more than the last at SOCKET_PATH has left there; 0: none has. */
unsigned registry_notes_next_generation(const char *socket_path);
/* After a restart: do as the last registry had been told to. Otherwise forget that. */
void registry_notes_recall(struct registry *registry);
/* A bundle with IDENTIFIER was loaded from PATH, or (NULL) unloaded. */
void registry_notes_bundle(const struct registry *registry, const char *identifier,
			   const char *path);
void registry_notes_quarantine(const struct registry *registry, const char *server,
			       bool is_quarantined);
void registry_notes_forget(struct registry *registry);
