// SPDX-License-Identifier: MIT
#include "failing.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- memory ----------------------------------------------------------- */

static _Thread_local struct {
	bool is_armed, is_lasting, has_failed;
	int left;
} memory;

bool test_shortage_next(struct test_shortage *shortage)
{
	if (!shortage->has_begun) {
		shortage->has_begun = true;
		return true;
	}
	if (shortage->has_failed) {
		shortage->has_failed = false;
		shortage->at++;
		return true;
	}
	shortage->at = 0;
	shortage->lasting = !shortage->lasting;
	return shortage->lasting;
}

void test_shortage_begin(const struct test_shortage *shortage)
{
	memory.is_lasting = shortage->lasting;
	memory.left = shortage->at;
	memory.has_failed = false;
	memory.is_armed = true;
}

bool test_shortage_end(struct test_shortage *shortage)
{
	memory.is_armed = false;
	shortage->has_failed = memory.has_failed;
	return memory.has_failed;
}

static bool is_short(void)
{
	if (!memory.is_armed || memory.left-- > 0)
		return false;
	memory.is_armed = memory.is_lasting;
	memory.left = 0;
	memory.has_failed = true;
	errno = ENOMEM;
	return true;
}

/* The linker takes the references of sanitized libraries for such, too. A section of their own, with frame
 * pointers, as in src/base/uncancelled.c: tests/fault goes on to who calls them. */
#define VISIBLE __attribute__((visibility("default"), section("calls_on")))

#define ALLOCATION(type, name, parameters, arguments) \
	type __real_##name parameters; \
	VISIBLE type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		return is_short() ? NULL : __real_##name arguments; \
	}

ALLOCATION(void *, malloc, (size_t size), (size))
ALLOCATION(void *, calloc, (size_t n, size_t size), (n, size))
ALLOCATION(void *, realloc, (void *old, size_t size), (old, size))
ALLOCATION(void *, reallocarray, (void *old, size_t n, size_t size), (old, n, size))
ALLOCATION(char *, strdup, (const char *text), (text))
ALLOCATION(char *, strndup, (const char *text, size_t n), (text, n))

int __real_vasprintf(char **text, const char *format, va_list arguments);
VISIBLE int __wrap_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
	return is_short() ? -1 : __real_vasprintf(text, format, arguments);
}

/* --- the system ------------------------------------------------------- */

enum { CALLS_MAX = 16 };

static _Thread_local struct {
	const char *name; /* NULL: has failed */
	int left, error;
} calls[CALLS_MAX];
static _Thread_local int n_calls;

void test_fail_call(const char *name, int after, int error)
{
	if (n_calls == CALLS_MAX)
		abort();
	calls[n_calls].name = name;
	calls[n_calls].left = after;
	calls[n_calls].error = error;
	n_calls++;
}

bool test_calls_failed(void)
{
	bool all = true;

	while (n_calls > 0)
		all &= !calls[--n_calls].name;
	return all;
}

static int error_of(const char *name)
{
	for (int i = 0; i < n_calls; i++)
		if (calls[i].name && !strcmp(calls[i].name, name)) {
			if (calls[i].left-- > 0)
				return 0;
			calls[i].name = NULL;
			return calls[i].error;
		}
	return 0;
}

#define CALL(type, name, result, parameters, arguments) \
	type __real_##name parameters; \
	VISIBLE type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		int error = error_of(#name); \
\
		if (!error) \
			return __real_##name arguments; \
		errno = error; \
		return result; \
	}

CALL(DIR *, fdopendir, NULL, (int fd), (fd))
CALL(int, fstat64, -1, (int fd, struct stat *ret), (fd, ret))
CALL(int, getgrnam_r, error,
     (const char *name, struct group *entry, char *room, size_t size, struct group **ret),
     (name, entry, room, size, ret))
CALL(int, getpwnam_r, error,
     (const char *name, struct passwd *entry, char *room, size_t size, struct passwd **ret),
     (name, entry, room, size, ret))
CALL(int, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
CALL(void *, mmap64, MAP_FAILED,
     (void *at, size_t size, int protection, int flags, int fd, off_t offset),
     (at, size, protection, flags, fd, offset))
CALL(int, poll, -1, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
CALL(ssize_t, pread64, -1, (int fd, void *room, size_t size, off_t at), (fd, room, size, at))
CALL(ssize_t, pwrite64, -1, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
CALL(ssize_t, read, -1, (int fd, void *room, size_t size), (fd, room, size))
CALL(struct dirent *, readdir64, NULL, (DIR * folder), (folder))
CALL(ssize_t, recvmsg, -1, (int fd, struct msghdr *message, int flags), (fd, message, flags))
CALL(ssize_t, send, -1, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
CALL(ssize_t, sendmsg, -1, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
