// SPDX-License-Identifier: MIT
#include "plugin/trust.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool plugin_trust_status(const struct stat *status, uid_t uid)
{
	bool is_folder = S_ISDIR(status->st_mode);

	if (!is_folder && !S_ISREG(status->st_mode))
		return false;
	if (status->st_uid != 0 && status->st_uid != uid)
		return false;
	if (!(status->st_mode & (S_IWGRP | S_IWOTH)))
		return true;
	return is_folder && (status->st_mode & S_ISVTX);
}

bool plugin_trust_path(const char *path, char ret_resolved[PATH_MAX])
{
	char place[PATH_MAX];
	struct stat status;

	if (path[0] != '/' || !realpath(path, ret_resolved))
		return false;
	strcpy(place, ret_resolved);
	for (;;) {
		char *slash;

		if (lstat(place[0] ? place : "/", &status) < 0 ||
		    !plugin_trust_status(&status, geteuid()))
			return false;
		slash = strrchr(place, '/');
		if (!slash)
			return true;
		*slash = 0;
	}
}
