// SPDX-License-Identifier: MIT
/* Names and paths of processes for macOS programs, from /proc. */
#include <libproc.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mach-o/dyld.h>

#include "base/scope.h"

int proc_pidpath(int pid, void *buffer, uint32_t size)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	if (!buffer || !size) {
		errno = EINVAL;
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0) {
		errno = errno == EACCES ? EPERM : ESRCH;
		return 0;
	}
	path[n] = 0;
	/* It runs although its file was replaced. */
	if (n > 10 && !strcmp(path + n - 10, " (deleted)"))
		path[n -= 10] = 0;
	if ((size_t)n >= size) {
		errno = ENOMEM;
		return 0;
	}
	memcpy(buffer, path, (size_t)n + 1);
	return (int)n;
}

int proc_name(int pid, void *buffer, uint32_t size)
{
	char path[64], name[64];
	ssize_t n;

	if (!buffer || !size) {
		errno = EINVAL;
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	if (n <= 0) {
		errno = ESRCH;
		return 0;
	}
	name[n] = 0;
	name[strcspn(name, "\n")] = 0;
	snprintf(buffer, size, "%s", name);
	return (int)strlen(buffer);
}

static int is_listed(const struct dirent *entry, uint32_t type, uint32_t uid)
{
	char path[300];
	struct stat s;

	if (!isdigit((unsigned char)entry->d_name[0]))
		return 0;
	if (type == PROC_ALL_PIDS)
		return 1;
	snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
	return stat(path, &s) == 0 && s.st_uid == uid;
}

int proc_listpids(uint32_t type, uint32_t type_info, void *buffer, int size)
{
	int *pids = buffer;
	int n = 0, room = size / (int)sizeof(int);
	DIR *folder;

	if ((type != PROC_ALL_PIDS && type != PROC_UID_ONLY) || (buffer && size <= 0)) {
		errno = EINVAL;
		return 0;
	}
	folder = opendir("/proc");
	if (!folder)
		return 0;
	for (struct dirent *e; (e = readdir(folder)) && (!buffer || n < room);) {
		if (!is_listed(e, type, type_info))
			continue;
		if (buffer)
			pids[n] = atoi(e->d_name);
		n++;
	}
	closedir(folder);
	/* Room for those that start between two calls. */
	if (!buffer)
		n += 20;
	return n * (int)sizeof(int);
}

int proc_listallpids(void *buffer, int size)
{
	return proc_listpids(PROC_ALL_PIDS, 0, buffer, size) / (int)sizeof(int);
}

int _NSGetExecutablePath(char *path, uint32_t *size)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (n < 0 || !size)
		return -1;
	if (!path || *size < (size_t)n + 1) {
		*size = (uint32_t)n + 1;
		return -1;
	}
	memcpy(path, own, (size_t)n);
	path[n] = 0;
	return 0;
}
