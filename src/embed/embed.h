// SPDX-License-Identifier: MIT
/*
 * A whole session inside the client's process: the registry on a thread, the
 * bridge on another, driver hosts as processes or, with PORTICO_IN_PROCESS=1,
 * on threads, too. libIOKit loads this library only when there is no other
 * session.
 */
#pragma once

/* A new socket to the embedded registry, for a client. The first call of a process (and of each
 * forked child) starts the session; it ends with the process. 0 or a negative errno. Any thread. */
__attribute__((visibility("default"))) int portico_embedded_connect(int *ret_socket);
