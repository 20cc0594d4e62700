// SPDX-License-Identifier: MIT
/*
 * os_log: messages go to syslog, or to standard error when PORTICO_OS_LOG is "stderr" or "debug" (or Apple's
 * OS_ACTIVITY_DT_MODE is set). Messages of type INFO and DEBUG are dropped unless PORTICO_OS_LOG is "debug".
 * Formats are CFString's: %@ works, %m is errno's text; {public} and {private} are accepted, and nothing is
 * hidden. Any thread.
 */
#ifndef PORTICO_OS_LOG_H
#define PORTICO_OS_LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct os_log_s *os_log_t;
typedef uint8_t os_log_type_t;

#define OS_LOG_TYPE_DEFAULT ((os_log_type_t)0x00)
#define OS_LOG_TYPE_INFO ((os_log_type_t)0x01)
#define OS_LOG_TYPE_DEBUG ((os_log_type_t)0x02)
#define OS_LOG_TYPE_ERROR ((os_log_type_t)0x10)
#define OS_LOG_TYPE_FAULT ((os_log_type_t)0x11)

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* One for each pair of names, which lives as long as the program. */
os_log_t os_log_create(const char *subsystem,
		       const char *category) __asm__("portico_os_log_create");
/* Would a message of that type be written? Never for OS_LOG_DISABLED. */
bool os_log_type_enabled(os_log_t log, os_log_type_t type) __asm__("portico_os_log_type_enabled");
/* What the macros below call. */
void portico_os_log(os_log_t log, os_log_type_t type, const char *format, ...);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#define OS_LOG_DEFAULT ((os_log_t)0)
#define OS_LOG_DISABLED ((os_log_t)-1)

#define os_log_with_type(log, type, ...) portico_os_log(log, type, __VA_ARGS__)
#define os_log(log, ...) portico_os_log(log, OS_LOG_TYPE_DEFAULT, __VA_ARGS__)
#define os_log_info(log, ...) portico_os_log(log, OS_LOG_TYPE_INFO, __VA_ARGS__)
#define os_log_debug(log, ...) portico_os_log(log, OS_LOG_TYPE_DEBUG, __VA_ARGS__)
#define os_log_error(log, ...) portico_os_log(log, OS_LOG_TYPE_ERROR, __VA_ARGS__)
#define os_log_fault(log, ...) portico_os_log(log, OS_LOG_TYPE_FAULT, __VA_ARGS__)
#define os_log_info_enabled(log) os_log_type_enabled(log, OS_LOG_TYPE_INFO)
#define os_log_debug_enabled(log) os_log_type_enabled(log, OS_LOG_TYPE_DEBUG)

#endif
