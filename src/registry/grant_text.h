// SPDX-License-Identifier: MIT
/*
 * The text of a grant file (docs/policy.md) becomes grants of a table. A pure
 * function of its bytes: names of users and groups are asked of the caller. A
 * section that cannot be understood wholly becomes one that denies what it
 * names, and is reported.
 */
#pragma once

#include "registry/grant.h"

enum {
	REGISTRY_GRANT_FILE_MAX = 64 * 1024, /* bytes */
	REGISTRY_GRANT_LINE_MAX = 4096,
	REGISTRY_GRANT_REPORTS_MAX = 64, /* of one file; the rest is left out */
};

struct registry_grant_source {
	const char *file; /* for messages; copied */
	unsigned force;
	/* 0, -ENOENT: there is nobody of that name, or another error. */
	err_t (*find_user)(void *context, const char *name, uid_t *ret_user);
	err_t (*find_group)(void *context, const char *name, gid_t *ret_group);
	/* What is wrong at LINE. IS_ERROR: its section grants nothing. */
	void (*report)(void *context, const char *file, unsigned line, bool is_error,
		       const char *message);
	void *context;
};

/* Add the SIZE bytes of a file to TABLE. Errors of the text are reported, not returned: -ENOMEM, or
 * -E2BIG when the table is full. What is beyond REGISTRY_GRANT_FILE_MAX is not read, and all sections
 * of such a file count as not understood. */
err_t registry_grant_text_read(struct registry_grant_table *table,
			       const struct registry_grant_source *source, const void *bytes,
			       size_t size);
/* Can a grant name a service, an entitlement or a value TEXT? */
bool registry_grant_text_may_name(const char *text);
