// SPDX-License-Identifier: MIT
/*
 * What driver bundles declare that their host needs (PorticoSandbox in
 * Info.plist): checked when a bundle is read, put together for a host when it
 * is started. The host confines itself (src/sandbox); nothing is granted here.
 */
#pragma once

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"
#include "sandbox/sandbox.h"

struct registry_catalogue;

enum { REGISTRY_SANDBOX_WHY_MAX = 512 };
/* Is a declaration (or none, NULL) in order? If not, WHY in words, cut to that size. */
bool registry_sandbox_check(CFTypeRef declaration, char why[REGISTRY_SANDBOX_WHY_MAX]);

/* All bundles of one host together. */
struct registry_needs {
	unsigned minimum; /* tier */
	bool is_stated; /* a bundle says so itself; else it is the default, which --sandbox=0 undoes */
	char **arguments; /* for portico-host, NULL-terminated */
	size_t n_arguments;
};
/* -ENOMEM; -E2BIG: more paths than a host takes. To be freed in any case. */
err_t registry_needs_collect(const struct registry_catalogue *catalogue, const char *server,
			     struct registry_needs *ret_needs);
err_t registry_needs_add(struct registry_needs *needs, const char *option, const char *value);
void registry_needs_fini(struct registry_needs *needs);
