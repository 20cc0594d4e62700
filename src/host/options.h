// SPDX-License-Identifier: MIT
/* The command line of portico-host, as the registry writes it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/sandbox.h"

struct host_options {
	const char *server, *socket_path; /* of the arguments */
	uint64_t token;
	int registry_socket; /* -1: none */
	int listener;	     /* where the registry will connect, of systemd; 0: none */
	const char *bundles[SANDBOX_PATHS_MAX];
	size_t n_bundles;
	struct sandbox_config sandbox;
};

/* False: not as they must be. */
bool host_options_parse(struct host_options *ret_options, int argc, char **argv);
