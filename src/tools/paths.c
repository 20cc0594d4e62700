// SPDX-License-Identifier: MIT
#include "tools/paths.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>

/* Cut the last component off. */
static bool parent_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = 0;
	return true;
}

static bool join(char *out, const char *folder, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	return n > 0 && n < PATH_MAX;
}

bool tools_paths_is_standard(const char *folder)
{
	static const char *const roots[] = { "/lib", "/usr/lib", "/usr/local/lib" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		size_t n = strlen(roots[i]);
		const char *rest = folder + n;

		if (strncmp(folder, roots[i], n))
			continue;
		if (!*rest)
			return true;
		/* one level: the processor's name, as Debian does it */
		if (*rest == '/' && !strchr(rest + 1, '/') && strstr(rest, "-linux-gnu"))
			return true;
	}
	return false;
}

static bool find_lib(struct tools_paths *p)
{
	Dl_info info;

	if (!dladdr((void *)(uintptr_t)IOMainPort, &info) || !info.dli_fname)
		return false;
	if (!realpath(info.dli_fname, p->lib) || !parent_of(p->lib))
		return false;
	p->lib_is_standard = tools_paths_is_standard(p->lib);
	return true;
}

/* The build tree says in a file where its sources are; an installation has PREFIX/include/portico. */
static void find_include(struct tools_paths *p)
{
	char path[PATH_MAX];
	FILE *f;

	p->include[0] = 0;
	if (join(path, p->bin, "portico.include") && (f = fopen(path, "re"))) {
		if (fgets(p->include, sizeof(p->include), f))
			p->include[strcspn(p->include, "\n")] = 0;
		fclose(f);
		return;
	}
	strcpy(path, p->bin);
	if (parent_of(path) && !join(p->include, path, "include/portico"))
		p->include[0] = 0;
}

bool tools_paths_find(struct tools_paths *ret_paths)
{
	ssize_t n = readlink("/proc/self/exe", ret_paths->bin, sizeof(ret_paths->bin) - 1);

	if (n <= 0) {
		fprintf(stderr,
			"portico: cannot tell where it is installed: /proc is not mounted\n");
		return false;
	}
	ret_paths->bin[n] = 0;
	if (!parent_of(ret_paths->bin) || !find_lib(ret_paths)) {
		fprintf(stderr, "portico: its own libraries cannot be found; install it again\n");
		return false;
	}
	find_include(ret_paths);
	return true;
}
