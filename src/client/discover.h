// SPDX-License-Identifier: MIT
/* Where the registry of this session is. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The session of the whole machine: the user to whom root has given its folder may serve there. */
#define CLIENT_DISCOVER_MACHINE "/run/portico"
#define CLIENT_DISCOVER_SOCKET "/registry.sock"

/*
 * A connected socket to it: PORTICO_SESSION (a socket path or "embedded"), else the user's session,
 * else the system's, else a registry inside this process. One that it has found so it keeps to, also when that
 * is away. The server belongs to this user, to root or, at the machine's place, to the owner of its folder.
 * -ENOTCONN when there is none; the log says why. One thread at a time.
 */
err_t client_discover_connect(int *ret_socket);
/*
 * A connected socket to the registry at PATH. -EACCES: the server is neither this user's nor root's nor
 * the machine's. -ENOENT also where the folder of the user's own session is somebody else's: what lies in
 * there could keep us waiting.
 */
err_t client_discover_connect_at(const char *path, int *ret_socket);
/* The same, waiting at most MS (0: as long as it takes) where nobody accepts: -ETIMEDOUT. */
err_t client_discover_connect_within(const char *path, unsigned ms, int *ret_socket);
/* Something is at PATH, and no other user has made the folder. */
bool client_discover_is_there(const char *path);
