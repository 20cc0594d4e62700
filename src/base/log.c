// SPDX-License-Identifier: MIT
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = { "none", "error", "warning", "info", "debug" };
static _Atomic(const char *) log_name = "portico";
static atomic_int log_level = -1;

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

static void escape(char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
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
	int n = snprintf(line, sizeof(line), "%s[%d]: %s: ", atomic_load(&log_name), (int)getpid(),
			 level_names[level]);
	errno = saved;
	va_start(arguments, format);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, arguments);
	va_end(arguments);
	size_t size = (size_t)n + (m > 0 ? (size_t)m : 0);
	if (size > sizeof(line) - 2)
		size = sizeof(line) - 2;
	escape(line, size);
	line[size++] = '\n';
	/* One write for one line, so that lines of several processes do not mix. */
	ssize_t ignored = write(STDERR_FILENO, line, size);
	(void)ignored;
	errno = saved;
}
