// SPDX-License-Identifier: MIT
/* The steps of sandbox_enter, one file each. */
#pragma once

#include "sandbox/sandbox.h"

/* Instrumented builds write reports, look at their own threads and map at fixed places. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANDBOX_INSTRUMENTED 1
#endif
#endif
#ifndef SANDBOX_INSTRUMENTED
#define SANDBOX_INSTRUMENTED 0
#endif

/* Add a reason to what is missing. ERR 0: none to name. */
void sandbox_note(struct sandbox_result *result, const char *what, err_t err);

/* paths.c: what every host may see, and what this one has declared, as far as it is there. */
struct sandbox_branch {
	char *path;   /* as it is named */
	char *source; /* without links */
	enum sandbox_access access;
};
struct sandbox_tree {
	struct sandbox_branch *branches;
	size_t n;
};
/* -ENOMEM. To be freed on failure, too. */
err_t sandbox_tree_init(struct sandbox_tree *tree, const struct sandbox_config *config);
void sandbox_tree_fini(struct sandbox_tree *tree);

/* messages.c: standard error is for writing, never waits, and its flags are not those of whoever else has
 * it: a terminal would tell what is typed there, and a pipe that nobody reads hold its drivers up. */
void sandbox_confine_messages(void);
/* spaces.c: new namespaces, and a root with nothing in it but the tree. On an error nothing that the
 * process can see has changed. */
err_t sandbox_enter_spaces(const struct sandbox_config *config, const struct sandbox_tree *tree,
			   const char **ret_step);
/* limits.c */
/* RET_THREADS: how many there may be; 0: not limited. On an error some limits are not in force. */
err_t sandbox_limit(const struct sandbox_config *config, unsigned *ret_threads);
err_t sandbox_drop_capabilities(uint64_t kept);
uint64_t sandbox_held_capabilities(void);
/* files.c: Landlock. -ENOSYS, -EOPNOTSUPP: the kernel has none. RET_ABI: its version. */
err_t sandbox_confine_files(const struct sandbox_config *config, const struct sandbox_tree *tree,
			    int *ret_abi);
/* calls.c: the filter of system calls. */
err_t sandbox_confine_calls(const struct sandbox_config *config);
