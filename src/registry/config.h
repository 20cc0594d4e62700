// SPDX-License-Identifier: MIT
/* Where the limits of a session are written down (docs/man/portico.conf.5). */
#pragma once

#include <stdbool.h>

#include "base/limits.h"

/*
 * The defaults, then what the files say: PATH alone if it is given, else the one that the environment
 * variable PORTICO_CONF names, else /etc/portico/portico.conf and, unless SYSTEM,
 * $XDG_CONFIG_HOME/portico/portico.conf (~/.config/portico/portico.conf); those need not be there. Last
 * PORTICO_LIMITS of the environment: NAME=N, separated by blanks or commas. On failure WHY
 * (LIMITS_WHY_MAX bytes) says where and why.
 */
err_t registry_config_read(const char *path, bool system, struct limits *ret_limits, char *why);
