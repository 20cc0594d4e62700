// SPDX-License-Identifier: MIT
#include "registry/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static err_t read_needed(struct limits *limits, const char *path, char *why)
{
	err_t err = limits_read(limits, path, why);

	if (err == -ENOENT)
		snprintf(why, LIMITS_WHY_MAX, "%s: there is no such file", path);
	return err;
}

static err_t read_if_there(struct limits *limits, const char *path, char *why)
{
	err_t err = limits_read(limits, path, why);

	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

static err_t read_usual(struct limits *limits, bool system, char *why)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
	char path[PATH_MAX];

	err_t err = read_if_there(limits, "/etc/portico/portico.conf", why);
	if (err || system)
		return err;
	if (config && *config == '/')
		snprintf(path, sizeof(path), "%s/portico/portico.conf", config);
	else if (home && *home == '/')
		snprintf(path, sizeof(path), "%s/.config/portico/portico.conf", home);
	else
		return 0;
	return read_if_there(limits, path, why);
}

static err_t read_environment(struct limits *limits, char *why)
{
	const char *list = secure_getenv("PORTICO_LIMITS");
	char reason[LIMITS_WHY_MAX];
	err_t err = list ? limits_read_list(limits, list, reason) : 0;

	if (err)
		snprintf(why, LIMITS_WHY_MAX, "PORTICO_LIMITS: %.400s", reason);
	return err;
}

err_t registry_config_read(const char *path, bool system, struct limits *ret_limits, char *why)
{
	const char *own = secure_getenv("PORTICO_CONF");
	struct limits limits;
	err_t err;

	limits_init(&limits);
	why[0] = 0;
	if (!path && own && *own)
		path = own;
	err = path ? read_needed(&limits, path, why) : read_usual(&limits, system, why);
	if (!err)
		err = read_environment(&limits, why);
	if (!err)
		*ret_limits = limits;
	return err;
}
