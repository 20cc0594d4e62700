// SPDX-License-Identifier: MIT
/*
 * The grant files of a session (docs/policy.md): where they are, which of them
 * count, and the table that they make. A change is seen by the next decision;
 * a table is replaced whole or not at all.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "registry/grant.h"

enum { REGISTRY_GRANT_FILES_MAX = 1024, REGISTRY_GRANT_PROBLEMS_MAX = 64 };

struct registry_grants;

struct registry_grants_config {
	/* Folders or files in ascending force, NULL-terminated; what is not there is no error. NULL:
	 * those of the environment (PORTICO_POLICY), else the usual ones. */
	const char *const *paths;
	bool system;	       /* leave the user's folders out */
	bool no_administrator; /* nobody holds the administrator privilege */
	/* Hears of each problem instead of the log (LINE 0: of the whole file). May be NULL. */
	void (*report)(void *context, const char *file, unsigned line, bool is_error,
		       const char *message);
	void *context;
};

err_t registry_grants_new(const struct registry_grants_config *config,
			  struct registry_grants **ret_grants);
struct registry_grants *registry_grants_free(struct registry_grants *grants);
/* What is in force now; valid until the next call. NULL: the files could not be read even once, and
 * everything is denied. */
const struct registry_grant_table *registry_grants_look(struct registry_grants *grants);
/* What was wrong with the files, "FILE:LINE: MESSAGE"; NULL behind the last. */
const char *registry_grants_problem(const struct registry_grants *grants, size_t index);
/* The folder or file number INDEX that is looked at, in ascending force; NULL behind the last. */
const char *registry_grants_path(const struct registry_grants *grants, size_t index);
/* Was there a folder or file PATH when they were read last? */
bool registry_grants_has(const struct registry_grants *grants, const char *path);
/* Names of this machine's users and groups, for registry_grant_source. */
err_t registry_grants_find_user(void *context, const char *name, uid_t *ret_user);
err_t registry_grants_find_group(void *context, const char *name, gid_t *ret_group);
