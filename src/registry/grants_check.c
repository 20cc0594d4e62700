// SPDX-License-Identifier: MIT
#include "registry/grants_check.h"

#include <string.h>

#include "registry/grants.h"
#include "registry/grant_text.h"

struct check {
	FILE *out;
	bool has_errors;
};

static void report(void *context, const char *file, unsigned line, bool is_error,
		   const char *message)
{
	struct check *check = context;

	check->has_errors |= is_error;
	if (line)
		fprintf(check->out, "%s:%u: %s: %s\n", file, line, is_error ? "error" : "warning",
			message);
	else
		fprintf(check->out, "%s: error: %s\n", file, message);
}

bool registry_grants_check(const char *path, FILE *out)
{
	struct check check = { .out = out };
	const char *paths[] = { path, NULL };
	struct registry_grants_config config = { .paths = paths,
						 .report = report,
						 .context = &check };
	struct registry_grants *grants;
	err_t err = registry_grants_new(&config, &grants);

	if (err) {
		report(&check, path, 0, true, strerror(-err));
		return false;
	}
	if (!registry_grants_has(grants, path))
		report(&check, path, 0, true, "it is not there");
	registry_grants_free(grants);
	return !check.has_errors;
}
