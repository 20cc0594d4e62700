// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/sandbox_internal.h"

/* What the C library and our own read while a driver runs. Nothing here tells of the user, of other
 * processes or of the session. */
static const struct sandbox_path ours[] = {
	{ "/usr/lib", SANDBOX_READ },
	{ "/usr/lib32", SANDBOX_READ },
	{ "/usr/lib64", SANDBOX_READ },
	{ "/usr/local/lib", SANDBOX_READ },
	{ "/lib", SANDBOX_READ },
	{ "/lib64", SANDBOX_READ },
	{ "/etc/ld.so.cache", SANDBOX_READ },
	{ "/usr/share/zoneinfo", SANDBOX_READ },
	{ "/etc/localtime", SANDBOX_READ },
	{ "/proc/self", SANDBOX_READ },
	{ "/proc/cpuinfo", SANDBOX_READ },
	{ "/proc/meminfo", SANDBOX_READ },
	{ "/proc/sys/vm/overcommit_memory", SANDBOX_READ },
	{ "/sys/devices/system/cpu", SANDBOX_READ },
	{ "/dev/null", SANDBOX_DEVICE },
	{ "/dev/zero", SANDBOX_DEVICE },
	{ "/dev/random", SANDBOX_READ },
	{ "/dev/urandom", SANDBOX_READ },
};

static err_t add(struct sandbox_tree *tree, const char *path, enum sandbox_access access)
{
	char *source = realpath(path, NULL);

	if (!source)
		return errno == ENOMEM ? -ENOMEM : 0; /* not to be seen by us */
	/* Everything, under a name that does not say so. */
	if (!source[1]) {
		free(source);
		return 0;
	}
	struct sandbox_branch *items =
		realloc(tree->branches, (tree->n + 1) * sizeof(*tree->branches));
	char *copy = items ? strdup(path) : NULL;
	if (items)
		tree->branches = items;
	if (!copy) {
		free(source);
		return -ENOMEM;
	}
	tree->branches[tree->n++] = (struct sandbox_branch){ copy, source, access };
	return 0;
}

/* The folder of the library that drivers link, where the others are beside it. */
static err_t add_libraries(struct sandbox_tree *tree)
{
	void *library = dlopen("libCoreFoundation.so.1", RTLD_NOW | RTLD_NOLOAD);
	void *symbol = library ? dlsym(library, "CFRelease") : NULL;
	char path[PATH_MAX];
	Dl_info info;
	char *slash;

	if (library)
		dlclose(library);
	if (!symbol || !dladdr(symbol, &info) || !info.dli_fname || !realpath(info.dli_fname, path))
		return 0;
	slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	*slash = 0;
	return add(tree, path, SANDBOX_READ);
}

/* The file that an instrumented build's OPTIONS (may be NULL) name after KEY, or its folder. */
static err_t add_named(struct sandbox_tree *tree, const char *options, const char *key,
		       enum sandbox_access access)
{
	const char *at = options ? strstr(options, key) : NULL;
	char path[PATH_MAX];
	char *slash;

	if (!at || snprintf(path, sizeof(path), "%s", at + strlen(key)) >= (int)sizeof(path))
		return 0;
	path[strcspn(path, ":")] = 0;
	slash = strrchr(path, '/');
	if (path[0] != '/' || slash == path)
		return 0;
	/* Reports are files that are not there yet. */
	if (access == SANDBOX_WRITE)
		*slash = 0;
	return add(tree, path, access);
}

/* Where an instrumented build leaves its reports, and what it reads for them. */
static err_t add_reports(struct sandbox_tree *tree)
{
	static const char *const variables[] = { "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
						 "TSAN_OPTIONS" };
	err_t err = 0;

	for (size_t i = 0; !err && i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *options = secure_getenv(variables[i]);

		err = add_named(tree, options, "log_path=", SANDBOX_WRITE);
		if (!err)
			err = add_named(tree, options, "suppressions=", SANDBOX_READ);
	}
	return err;
}

/* The leak check looks at us from a process of its own, for which "self" is another. */
static err_t add_own_number(struct sandbox_tree *tree)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)getpid());
	return add(tree, path, SANDBOX_READ);
}

/* --- links that the driver could have made --------------------------------------------------- */

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

/* Folders that the driver may write, without links. */
struct folders {
	char *paths[SANDBOX_PATHS_MAX];
	size_t n;
};

static err_t find_folders(struct folders *folders, const struct sandbox_config *config)
{
	folders->n = 0;
	for (size_t i = 0; i < config->n_paths; i++) {
		if (config->paths[i].access != SANDBOX_WRITE)
			continue;
		char *path = realpath(config->paths[i].path, NULL);
		if (!path && errno == ENOMEM)
			return -ENOMEM;
		if (path)
			folders->paths[folders->n++] = path;
	}
	return 0;
}

static const char *find_left(const struct folders *folders, const char *on_the_way,
			     const char *target)
{
	for (size_t i = 0; i < folders->n; i++)
		if (is_below(on_the_way, folders->paths[i]) && !is_below(target, folders->paths[i]))
			return folders->paths[i];
	return NULL;
}

/* The folder that the names of PATH lead through and TARGET does not lie in. NULL: none. */
static const char *find_left_by(const struct folders *folders, const char *path, const char *target)
{
	char above[PATH_MAX], real[PATH_MAX];

	snprintf(above, sizeof(above), "%s", path);
	for (char *end; (end = strrchr(above, '/')) && end != above;) {
		*end = 0;
		const char *left = realpath(above, real) ? find_left(folders, real, target) : NULL;
		if (left)
			return left;
	}
	return NULL;
}

enum { LINKS_MAX = 40 }; /* of the kernel */

/* PATH becomes another one that leads to the same, without its first link. -ENOENT: it has none. */
static err_t follow_link(char path[PATH_MAX])
{
	char link[PATH_MAX], rest[PATH_MAX];

	for (char *end = path; *end;) {
		end += 1 + strcspn(end + 1, "/");
		snprintf(rest, sizeof(rest), "%s", end);
		*end = 0;
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		if (n > 0) {
			char *at = link[0] == '/' ? path : strrchr(path, '/') + 1;
			size_t room = (size_t)(path + PATH_MAX - at);

			link[n] = 0;
			return snprintf(at, room, "%s%s", link, rest) < (int)room ? 0
										  : -ENAMETOOLONG;
		}
		strcpy(end, rest);
	}
	return -ENOENT;
}

/* What lies in a folder that the driver may write it may have replaced, before it was started again: it
 * would be shown whatever its link names. Another link may lead there. */
static bool leads_out(const struct folders *folders, const char *path)
{
	char target[PATH_MAX], way[PATH_MAX];
	const char *left = NULL;
	err_t err = 0;

	if (!realpath(path, target) || strlen(path) >= sizeof(way))
		return false;
	strcpy(way, path);
	for (int links = 0; !left && !err && links <= LINKS_MAX; links++) {
		left = find_left_by(folders, way, target);
		err = follow_link(way);
	}
	if (left)
		log_warning("%s is not shown to the driver: it leads out of %s, where the "
			    "driver may write",
			    path, left);
	else if (err != -ENOENT)
		log_warning("%s is not shown to the driver: its links are too long", path);
	return left || err != -ENOENT;
}

static err_t add_declared(struct sandbox_tree *tree, const struct sandbox_config *config)
{
	struct folders folders;
	err_t err = find_folders(&folders, config);

	for (size_t i = 0; !err && i < config->n_paths; i++)
		if (!leads_out(&folders, config->paths[i].path))
			err = add(tree, config->paths[i].path, config->paths[i].access);
	for (size_t i = 0; i < folders.n; i++)
		free(folders.paths[i]);
	return err;
}

err_t sandbox_tree_init(struct sandbox_tree *tree, const struct sandbox_config *config)
{
	err_t err = 0;

	*tree = (struct sandbox_tree){ .n = 0 };
	for (size_t i = 0; !err && i < sizeof(ours) / sizeof(ours[0]); i++)
		err = add(tree, ours[i].path, ours[i].access);
	if (!err)
		err = add_libraries(tree);
	if (!err && SANDBOX_INSTRUMENTED)
		err = add_reports(tree);
	if (!err && SANDBOX_INSTRUMENTED)
		err = add_own_number(tree);
	if (!err && config->processes)
		err = add(tree, "/proc", SANDBOX_READ);
	if (!err)
		err = add_declared(tree, config);
	return err;
}

void sandbox_tree_fini(struct sandbox_tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		free(tree->branches[i].path);
		free(tree->branches[i].source);
	}
	free(tree->branches);
}
