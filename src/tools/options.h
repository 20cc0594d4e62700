// SPDX-License-Identifier: MIT
/* The options that describe a session, common to `portico run` and `portico start`. */
#pragma once

#include <stdbool.h>

#include "tools/tools.h"

enum { TOOLS_OPTIONS_MAX = 128 };

struct tools_options {
	bool is_in_process, is_verbose, no_default_drivers, no_bridge;
	const char *daemon_arguments[TOOLS_OPTIONS_MAX + 1]; /* for porticod; paths absolute */
	unsigned n_daemon_arguments;
	char *drivers[TOOLS_OPTIONS_MAX / 2]; /* absolute; owned */
	unsigned n_drivers;
	const char *limits[TOOLS_OPTIONS_MAX / 4]; /* NAME=N; borrowed from argv */
	unsigned n_limits;
	char **command; /* borrowed from argv; NULL: none given */
};

/* 0, or the exit status after a complaint in the name of COMMAND. */
int tools_options_parse(struct tools_options *ret_options, const struct tools_command *command,
			int argc, char **argv);
void tools_options_fini(struct tools_options *options);
/* The same wishes for an embedded session: PORTICO_DRIVERS, PORTICO_NO_DEFAULT_DRIVERS,
 * PORTICO_NO_BRIDGE, PORTICO_LIMITS, PORTICO_LOG. False: there is no memory for one of them. */
bool tools_options_to_environment(const struct tools_options *options);
