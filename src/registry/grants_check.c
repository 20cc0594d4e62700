// SPDX-License-Identifier: MIT
#include "registry/grants_check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
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
	char text[PATH_MAX + 1024];

	if (line)
		snprintf(text, sizeof(text), "%s:%u: %s: %s", file, line,
			 is_error ? "error" : "warning", message);
	else
		snprintf(text, sizeof(text), "%s: error: %s", file, message);
	check->has_errors |= is_error;
	/* Whoever may write there has chosen names and words. */
	log_escape(text, strlen(text));
	fprintf(check->out, "%s\n", text);
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
