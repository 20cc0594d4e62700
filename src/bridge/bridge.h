// SPDX-License-Identifier: MIT
/*
 * The bridge: the Linux machine as a provider. In this stage it describes the
 * machine node "IOService:/"; devices of the buses come below it.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct bridge_config {
	int registry_socket;	 /* taken; -1: connect to socket_path */
	const char *socket_path; /* to connect to; NULL: none */
	int listener;		 /* where the next registry connects (borrowed); 0: none */
	uint64_t token;		 /* as the registry gave it; 0 when it did not start us */
};

/* Runs until the session ends. 0 when it ended in order. Any number may run in one process. */
err_t bridge_run(const struct bridge_config *config);
