// SPDX-License-Identifier: MIT
/*
 * Leveled log to standard error. What is above the level is left out: that of
 * log_init in programs, LOG_LEVEL_NONE in libraries, unless the environment
 * variable PORTICO_LOG (none, error, warning, info, debug) decides otherwise.
 * Control bytes in arguments are escaped. A log line never blocks
 * for long and its failure is ignored.
 */
#pragma once

#include <stddef.h>

enum log_level {
	LOG_LEVEL_NONE,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* NAME is printed before each line; it must stay valid. PORTICO_LOG wins over LEVEL. */
void log_init(const char *name, enum log_level level);
/* Make "?" of what a terminal could obey among the N bytes of LINE. */
void log_escape(char *line, size_t n);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
