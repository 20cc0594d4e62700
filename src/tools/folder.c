// SPDX-License-Identifier: MIT
#include "tools/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/text.h"

bool tools_folder_make_private(char *ret_path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *places[] = { runtime && runtime[0] == '/' ? runtime : "/tmp", "/tmp" };

	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(ret_path, size, "%s/portico-XXXXXX", places[i]);

		if (n > 0 && (size_t)n < size && mkdtemp(ret_path))
			return true;
	}
	tools_text_complain("portico: no folder for the session can be made in %s: %s", places[0],
			    strerror(errno));
	tools_text_complain(
		"portico: set XDG_RUNTIME_DIR to a folder of yours that can be written to");
	ret_path[0] = 0;
	return false;
}

static bool refuse(const char *path, const char *reason)
{
	tools_text_complain("portico: %s %s", path, reason);
	return false;
}

bool tools_folder_make_user(const char *socket_path)
{
	char path[4096];
	struct stat s;
	char *slash;

	if (strlen(socket_path) >= sizeof(path))
		return false;
	strcpy(path, socket_path);
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = 0;
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		bool is_full = errno == ENOSPC || errno == EDQUOT;

		tools_text_complain("portico: cannot make the folder %s: %s", path,
				    strerror(errno));
		tools_text_complain(
			"portico: %s",
			is_full ? "free some space there first"
				: "XDG_RUNTIME_DIR must name an existing folder of yours; log in "
				  "anew "
				  "or set it");
		return false;
	}
	if (lstat(path, &s) < 0 || !S_ISDIR(s.st_mode))
		return refuse(path, "is no folder; remove it");
	if (s.st_uid != geteuid())
		return refuse(path,
			      "belongs to another user; set XDG_RUNTIME_DIR to a folder of yours");
	if ((s.st_mode & 077) && chmod(path, 0700) < 0)
		return refuse(path, "is open to other users; make it yours alone with chmod 700");
	return true;
}

/* Nor is a link in there followed. */
static void remove_at(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;

	if (folder) {
		for (struct dirent *e; (e = readdir(folder));)
			if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			    unlinkat(fd, e->d_name, 0) < 0 && depth > 0)
				remove_at(fd, e->d_name, depth - 1);
		closedir(folder);
	} else if (fd >= 0) {
		close(fd);
	}
	unlinkat(parent, name, AT_REMOVEDIR);
}

void tools_folder_remove(const char *path)
{
	remove_at(AT_FDCWD, path, 1);
}
