// SPDX-License-Identifier: MIT
/* Where the registry of this session is. */
#pragma once

#include "base/err.h"

/*
 * A connected socket to it: PORTICO_SESSION (a socket path or "embedded"), else the user's session,
 * else the system's, else a registry inside this process. The server belongs to this user or root.
 * -ENOTCONN when there is none; the log says why.
 */
err_t client_discover_connect(int *ret_socket);
