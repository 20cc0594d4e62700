// SPDX-License-Identifier: MIT
#include "embed/paths.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Add an existing folder once; others are passed over. */
static err_t add(struct embed_paths *p, const char *path)
{
	char *absolute = realpath(path, NULL);
	struct stat s;

	if (!absolute || stat(absolute, &s) < 0 || !S_ISDIR(s.st_mode)) {
		free(absolute);
		return 0;
	}
	for (unsigned i = 0; i < p->n_drivers; i++)
		if (!strcmp(p->drivers[i], absolute)) {
			free(absolute);
			return 0;
		}
	if (p->n_drivers == EMBED_PATHS_MAX) {
		free(absolute);
		return -E2BIG;
	}
	p->drivers[p->n_drivers++] = absolute;
	return 0;
}

static err_t add_joined(struct embed_paths *p, const char *folder, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && n < (int)sizeof(path) ? add(p, path) : 0;
}

static err_t add_list(struct embed_paths *p, const char *list)
{
	err_t err = 0;

	while (list && *list && !err) {
		char path[PATH_MAX];
		size_t n = strcspn(list, ":");

		if (n && n < sizeof(path)) {
			memcpy(path, list, n);
			path[n] = 0;
			err = add(p, path);
		}
		list += n + (list[n] == ':');
	}
	return err;
}

static bool find_lib(char lib[PATH_MAX])
{
	Dl_info info;
	char *slash;

	if (!dladdr((void *)(uintptr_t)embed_paths_find, &info) || !info.dli_fname ||
	    !realpath(info.dli_fname, lib))
		return false;
	slash = strrchr(lib, '/');
	if (!slash || slash == lib)
		return false;
	*slash = 0;
	return true;
}

/* <lib>/../bin in the build tree and in a plain prefix; one further up in Debian's layout. */
static void find_host_program(struct embed_paths *p, const char *lib)
{
	static const char *const places[] = { "../bin", "../../bin" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int n = snprintf(p->host_program, sizeof(p->host_program), "%s/%s/portico-host",
				 lib, places[i]);

		if (n > 0 && n < PATH_MAX && access(p->host_program, X_OK) == 0)
			return;
	}
}

err_t embed_paths_find(struct embed_paths *ret_paths)
{
	const char *data = secure_getenv("XDG_DATA_HOME"), *home = secure_getenv("HOME");
	const char *alone = secure_getenv("PORTICO_NO_DEFAULT_DRIVERS");
	struct embed_paths p = { .n_drivers = 0 };
	char lib[PATH_MAX];
	err_t err;

	if (!find_lib(lib))
		return -ENOENT;
	find_host_program(&p, lib);
	err = add_list(&p, secure_getenv("PORTICO_DRIVERS"));
	if (!alone || !*alone || !strcmp(alone, "0")) {
		if (!err)
			err = add_joined(&p, lib, "../drivers");
		if (!err && data && *data == '/')
			err = add_joined(&p, data, "portico/drivers");
		else if (!err && home && *home == '/')
			err = add_joined(&p, home, ".local/share/portico/drivers");
		if (!err)
			err = add_joined(&p, lib, "portico/drivers");
		if (!err)
			err = add_joined(&p, lib, "../portico/drivers");
	}
	if (err) {
		embed_paths_fini(&p);
		return err;
	}
	*ret_paths = p;
	return 0;
}

void embed_paths_fini(struct embed_paths *paths)
{
	for (unsigned i = 0; i < paths->n_drivers; i++)
		free(paths->drivers[i]);
	paths->n_drivers = 0;
	paths->drivers[0] = NULL;
}
