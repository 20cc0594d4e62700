// SPDX-License-Identifier: MIT
#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "sandbox/sandbox_internal.h"

enum { LANDLOCK_SCOPES = 6, LANDLOCK_TRUNCATE = 3 }; /* versions of its ABI */

void sandbox_note(struct sandbox_result *result, const char *what, err_t err)
{
	size_t n = strlen(result->missing);

	snprintf(result->missing + n, sizeof(result->missing) - n, "%s%s%s%s%s", n ? "; " : "",
		 what, err ? " (" : "", err ? strerror(-err) : "", err ? ")" : "");
}

static void enter_spaces(const struct sandbox_config *config, const struct sandbox_tree *tree,
			 struct sandbox_result *result)
{
	const char *step = "namespaces";
	err_t err;

	if (config->capabilities & sandbox_held_capabilities()) {
		/* They would mean nothing in a user namespace of its own. */
		result->is_declared = true;
		sandbox_note(result, "namespaces: the driver has capabilities that it declares", 0);
		return;
	}
	for (size_t i = 0; i < config->n_paths; i++)
		if (!strcmp(config->paths[i].path, "/dev/ptmx")) {
			/* The kernel looks for its terminals beside the node, where a mount has none. */
			result->is_declared = true;
			sandbox_note(result, "namespaces: the driver makes pseudo-terminals", 0);
			return;
		}
	err = sandbox_enter_spaces(config, tree, &step);
	result->is_short = err == -ENOMEM;
	if (err)
		sandbox_note(result, step, err);
	else
		result->tier = SANDBOX_SPACES;
	if (!err && config->families)
		sandbox_note(result, "network namespace: the driver declares sockets", 0);
}

static void confine_files(const struct sandbox_config *config, const struct sandbox_tree *tree,
			  struct sandbox_result *result)
{
	int abi = 0;
	err_t err = sandbox_confine_files(config, tree, &abi);

	if (err)
		sandbox_note(result, "Landlock", err);
	else if (abi < LANDLOCK_TRUNCATE)
		sandbox_note(result, "Landlock's rule for truncation", 0);
	else if (abi < LANDLOCK_SCOPES)
		sandbox_note(result, "Landlock's scopes for signals", 0);
}

/* The parts of tier 1, the one that forbids what the others are made of last. */
static err_t confine(const struct sandbox_config *config, const struct sandbox_tree *tree,
		     uint64_t capabilities, struct sandbox_result *result)
{
	err_t err;

	if (SANDBOX_INSTRUMENTED)
		sandbox_note(result, "an instrumented build: limits, parts of the filter", 0);
	/* Nobody of the same uid may look into it or take its descriptors. */
	else if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		sandbox_note(result, "being hidden from others of its user", err_from_errno());
	err = sandbox_limit(config, &result->threads);
	if (err)
		sandbox_note(result, "limits", err);
	err = sandbox_drop_capabilities(capabilities);
	if (err) {
		sandbox_note(result, "dropping capabilities", err);
		return err;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		sandbox_note(result, "no_new_privs", err_from_errno());
		return -ENOSYS;
	}
	confine_files(config, tree, result);
	err = sandbox_confine_calls(config);
	if (err)
		sandbox_note(result, "the filter of system calls", err);
	return err;
}

void sandbox_enter(const struct sandbox_config *config, struct sandbox_result *ret_result)
{
	struct sandbox_result result = { .tier = config->tier };
	struct sandbox_tree tree;
	uint64_t capabilities;

	*ret_result = result;
	if (config->tier == SANDBOX_OFF)
		return;
	/* Before a user namespace gives all of them. */
	capabilities = config->capabilities & sandbox_held_capabilities();
	sandbox_confine_messages();
	err_t err = sandbox_tree_init(&tree, config);
	if (err)
		sandbox_note(&result, "memory", err);
	if (!err && config->tier == SANDBOX_SPACES) {
		result.tier = SANDBOX_SELF;
		enter_spaces(config, &tree, &result);
	}
	if (!err)
		err = confine(config, &tree, capabilities, &result);
	if (err == -ENOMEM)
		result.is_short = true;
	if (err)
		result.tier = SANDBOX_OFF;
	sandbox_tree_fini(&tree);
	*ret_result = result;
}
