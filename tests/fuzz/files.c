// SPDX-License-Identifier: MIT
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No process has descriptors of such numbers. */
enum { FIRST = 1 << 29, N_OPEN = 16 };

static struct {
	const struct fuzz_file *file;
	size_t at;
} opened[N_OPEN];
static const struct fuzz_file *all;
static size_t n_all;
static int n_open;
static unsigned long n_opened;

void fuzz_files_set(const struct fuzz_file *files, size_t n_files)
{
	all = files;
	n_all = n_files;
}

int fuzz_files_n_open(void)
{
	return n_open;
}

unsigned long fuzz_files_n_opened(void)
{
	return n_opened;
}

/* The name below FUZZ_FILES; NULL: the kernel's. */
static const char *ours(const char *path)
{
	size_t n = strlen(FUZZ_FILES "/");

	return strncmp(path, FUZZ_FILES "/", n) ? NULL : path + n;
}

static const struct fuzz_file *find(const char *name)
{
	size_t n = strlen(name);

	/* A folder's name may end with '/'. */
	if (n && name[n - 1] == '/')
		n--;
	for (size_t i = 0; i < n_all; i++)
		if (!strncmp(all[i].name, name, n) && !all[i].name[n] &&
		    (!name[n] || all[i].is_folder))
			return &all[i];
	errno = ENOENT;
	return NULL;
}

static void tell(const struct fuzz_file *file, struct stat *ret_stat)
{
	*ret_stat = (struct stat){
		.st_mode = file->is_folder ? S_IFDIR | 0700 : S_IFREG | 0600,
		.st_size = (off_t)file->size,
	};
}

static bool is_ours(int fd)
{
	return fd >= FIRST && fd < FIRST + N_OPEN && opened[fd - FIRST].file;
}

static ssize_t take(int fd, void *buffer, size_t size, size_t at)
{
	const struct fuzz_file *file = opened[fd - FIRST].file;
	size_t n = at < file->size ? file->size - at : 0;

	if (n > size)
		n = size;
	if (n)
		memcpy(buffer, file->data + at, n);
	return (ssize_t)n;
}

/* --- what the linker puts in the calls' place ------------------------------------------------ */

/* Libraries of sanitizers refer to them. */
#pragma GCC visibility push(default)
__typeof__(access) __real_access, __wrap_access;
__typeof__(close) __real_close, __wrap_close;
__typeof__(fstat) __real_fstat64, __wrap_fstat64;
__typeof__(open) __real_open64, __wrap_open64;
__typeof__(pread) __real_pread64, __wrap_pread64;
__typeof__(read) __real_read, __wrap_read;
__typeof__(realpath) __real_realpath, __wrap_realpath;
__typeof__(stat) __real_stat64, __wrap_stat64;

int __wrap_access(const char *path, int mode)
{
	const char *name = ours(path);

	return name ? find(name) ? 0 : -1 : __real_access(path, mode);
}

int __wrap_stat64(const char *path, struct stat *ret_stat)
{
	const char *name = ours(path);
	const struct fuzz_file *file;

	if (!name)
		return __real_stat64(path, ret_stat);
	file = find(name);
	if (!file)
		return -1;
	tell(file, ret_stat);
	return 0;
}

char *__wrap_realpath(const char *path, char *ret_path)
{
	const char *name = ours(path);

	if (!name)
		return __real_realpath(path, ret_path);
	if (!find(name))
		return NULL;
	return ret_path ? strcpy(ret_path, path) : strdup(path);
}

static int open_file(const char *name)
{
	const struct fuzz_file *file = find(name);
	int i = 0;

	if (!file)
		return -1;
	while (opened[i].file)
		fuzz_require(++i < N_OPEN);
	opened[i].file = file;
	opened[i].at = 0;
	n_open++;
	n_opened++;
	return FIRST + i;
}

int __wrap_open64(const char *path, int flags, ...)
{
	const char *name = ours(path);
	va_list arguments;

	if (name) {
		fuzz_require((flags & O_ACCMODE) == O_RDONLY);
		return open_file(name);
	}
	va_start(arguments, flags);
	int fd = __real_open64(path, flags, va_arg(arguments, int));
	va_end(arguments);
	return fd;
}

int __wrap_fstat64(int fd, struct stat *ret_stat)
{
	if (!is_ours(fd))
		return __real_fstat64(fd, ret_stat);
	tell(opened[fd - FIRST].file, ret_stat);
	return 0;
}

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	if (!is_ours(fd))
		return __real_read(fd, buffer, size);
	ssize_t n = take(fd, buffer, size, opened[fd - FIRST].at);
	opened[fd - FIRST].at += (size_t)n;
	return n;
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t size, off_t at)
{
	return is_ours(fd) ? take(fd, buffer, size, (size_t)at)
			   : __real_pread64(fd, buffer, size, at);
}

int __wrap_close(int fd)
{
	if (!is_ours(fd))
		return __real_close(fd);
	opened[fd - FIRST].file = NULL;
	n_open--;
	return 0;
}
#pragma GCC visibility pop
