// SPDX-License-Identifier: MIT
/* One embedded session: its threads and sockets. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct embed_world;

/* Start the registry and what belongs to it. Its entries are numbered as in every such session, unless
 * the process knows another one's (HAD_PARENTS). */
err_t embed_world_new(bool had_parents, struct embed_world **ret_world);
/* A client's socket. Any thread. */
err_t embed_world_connect(struct embed_world *world, int *ret_socket);
/* End everything and wait for it. Not from one of its own threads. NULL is accepted; returns NULL. */
struct embed_world *embed_world_free(struct embed_world *world);
/* In a forked child: close the sockets that the session's registry has; its threads are not here. */
void embed_world_abandon(struct embed_world *world);
