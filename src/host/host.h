// SPDX-License-Identifier: MIT
/*
 * A driver host: runs the drivers of one IOUserServerName for one session.
 * Used by the program portico-host and, on a thread, by in-process sessions.
 * Several hosts may run in one process; they share nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct wire_confined;

#pragma GCC visibility push(default)

struct host_config {
	const char *server_name;
	uint64_t token;	     /* as the registry gave it */
	int registry_socket; /* taken */
	int listener; /* where the next registry connects (borrowed); 0: the session ends with this one */
	const struct wire_confined *confined; /* what to say of our sandbox (borrowed), or NULL */
	unsigned n_threads;		      /* that there may be; 0: not limited */
	bool in_process; /* wait for slow drivers at the end, however long it takes */
};

/* Blocks until the session ends; then all drivers are stopped and all threads joined.
 * -ETIMEDOUT: a driver did not stop in time (only when !in_process): the process should exit.
 * -EPIPE: the registry has gone. Other errors: the host could not start. */
err_t host_run(const struct host_config *config);

#pragma GCC visibility pop
