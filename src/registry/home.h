// SPDX-License-Identifier: MIT
/*
 * The folder where driver hosts wait for the next registry of their session
 * (docs/protocol.md, Connections): a host may not connect by itself. What else the
 * next registry is to know lies there, too (notes.h).
 */
#pragma once

#include "registry/registry_internal.h"

/* The folder of the session at SOCKET_PATH (NULL: it has none), if it is ours alone. */
err_t registry_home_open(const char *socket_path, int *ret_fd);
/* A link NAME to TARGET in there, in one step: whoever kills this registry may do so at any moment. */
err_t registry_home_link(int folder, const char *name, const char *target);
typedef void (*registry_home_fn)(struct registry *registry, int folder, const char *name);
void registry_home_each(struct registry *registry, registry_home_fn fn);
/* Make the folder beside the session's socket, for our uid alone. A failure is logged: hosts will not
 * outlive this registry. */
void registry_home_init(struct registry *registry);
/* Of several registries of one place one at a time looks who listens there and takes it, or leaves it. RET_FD
 * is closed when that is done. -EADDRINUSE: somebody has been at it for a second; else there is no folder. */
err_t registry_home_lock(const char *socket_path, int *ret_fd);
/* Remove the folder if nothing is in it. */
void registry_home_unmake(const char *socket_path);
/* The host with number PID is SERVER, to this registry and the next. */
void registry_home_note(const struct registry *registry, pid_t pid, const char *server);
/* Connect to every host that waits there; what nobody listens at is removed. */
void registry_home_gather(struct registry *registry);
/* End the hosts, that of SERVER (NULL: all), that we have connected to and that have not come back: stopped
 * ones would outlive their session. */
void registry_home_end_absent(struct registry *registry, const char *server);
/* The place of a host that has ended. */
void registry_home_forget(const struct registry *registry, pid_t pid);
/* Remove the folder, with the notes. */
void registry_home_fini(struct registry *registry);
