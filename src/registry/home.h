// SPDX-License-Identifier: MIT
/*
 * The folder where driver hosts wait for the next registry of their session
 * (docs/protocol.md, Connections): a host may not connect by itself. It also
 * has what was loaded and unloaded while the session ran.
 */
#pragma once

#include "registry/registry_internal.h"

/* Make the folder beside the session's socket, for our uid alone. A failure is logged: hosts will not
 * outlive this registry. */
void registry_home_init(struct registry *registry);
/* The host with number PID is SERVER, to this registry and the next. */
void registry_home_note(const struct registry *registry, pid_t pid, const char *server);
/* A bundle with IDENTIFIER was loaded from PATH, or (NULL) unloaded: the next registry does so, too. */
void registry_home_note_bundle(const struct registry *registry, const char *identifier,
			       const char *path);
/* After a restart: load and unload what the last registry had been told to. Otherwise forget it. */
void registry_home_recall_bundles(struct registry *registry);
/* Connect to every host that waits there; what nobody listens at is removed. */
void registry_home_gather(struct registry *registry);
/* The place of a host that has ended. */
void registry_home_forget(const struct registry *registry, pid_t pid);
/* Remove the folder. */
void registry_home_fini(struct registry *registry);
