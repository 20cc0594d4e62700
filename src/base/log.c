// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *const level_names[] = { "none", "error", "warning", "info", "debug" };
static _Atomic(const char *) log_name = "portico";
static atomic_int log_level = -1;
static atomic_uint n_lost; /* lines that nobody read */

static enum log_level level_from_environment(enum log_level otherwise)
{
	const char *text = getenv("PORTICO_LOG");

	for (unsigned i = 0; text && i < sizeof(level_names) / sizeof(*level_names); i++)
		if (!strcmp(text, level_names[i]))
			return (enum log_level)i;
	return otherwise;
}

void log_init(const char *name, enum log_level level)
{
	atomic_store(&log_name, name);
	atomic_store(&log_level, (int)level_from_environment(level));
}

/* Standard error is a file, and what begins at AT or its end is not beyond the program's limit of file sizes:
 * that, too, would end it. */
static bool may_grow(off_t at)
{
	struct rlimit most;
	struct stat st;

	if (getrlimit(RLIMIT_FSIZE, &most) || fstat(STDERR_FILENO, &st))
		return true;
	return (rlim_t)(st.st_size > at ? st.st_size : at) < most.rlim_cur;
}

/*
 * Who reads our lines may not read: then they are lost, and counted. One write for one line, so that lines
 * of several processes do not mix; where the kernel can, one that never waits, whoever else has filled the
 * pipe since it was looked at.
 */
static bool put(const char *line, size_t size)
{
	const short gone = POLLERR | POLLHUP;
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct iovec bytes = { (void *)line, size };
	ssize_t n;

	/* What is written for nobody ends a program, which may not even be ours. */
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT) || room.revents & gone)
		return false;
	/* A file takes it or fails. */
	off_t at = lseek(STDERR_FILENO, 0, SEEK_CUR);
	bool is_file = at >= 0;
	if (is_file && !may_grow(at))
		return false;
	n = is_file ? -1 : pwritev2(STDERR_FILENO, &bytes, 1, -1, RWF_NOWAIT);
	if (n < 0 && (is_file || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS))
		n = write(STDERR_FILENO, line, size);
	return n == (ssize_t)size;
}

void log_escape(char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	/* U+0080 to U+009F, of which some begin what a terminal obeys */
	for (size_t i = 1; i < n; i++)
		if ((unsigned char)line[i - 1] == 0xc2 && (unsigned char)line[i] < 0xa0)
			line[i - 1] = line[i] = '?';
}

void log_write(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int saved = errno;

	if (atomic_load(&log_level) < 0)
		atomic_store(&log_level, (int)level_from_environment(LOG_LEVEL_NONE));
	if ((int)level > atomic_load(&log_level))
		return;
	unsigned lost = atomic_exchange(&n_lost, 0);
	int n = snprintf(line, sizeof(line), "%s[%d]: %s: ", atomic_load(&log_name), (int)getpid(),
			 level_names[level]);
	if (lost)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "(%u lines lost before) ", lost);
	errno = saved;
	va_start(arguments, format);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, arguments);
	va_end(arguments);
	size_t size = (size_t)n + (m > 0 ? (size_t)m : 0);
	if (size > sizeof(line) - 2)
		size = sizeof(line) - 2;
	log_escape(line, size);
	line[size++] = '\n';
	if (!put(line, size))
		atomic_fetch_add(&n_lost, lost + 1);
	errno = saved;
}
