// SPDX-License-Identifier: MIT
/* One embedded session: its threads and sockets. */
#pragma once

#include "base/err.h"

struct embed_world;

/* Start the registry and what belongs to it. */
err_t embed_world_new(struct embed_world **ret_world);
/* A client's socket. Any thread. */
err_t embed_world_connect(struct embed_world *world, int *ret_socket);
/* End everything and wait for it. Not from one of its own threads. NULL is accepted; returns NULL. */
struct embed_world *embed_world_free(struct embed_world *world);
/* In a forked child: close the sockets that the session's registry has; its threads are not here. */
void embed_world_abandon(struct embed_world *world);
