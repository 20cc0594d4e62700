// SPDX-License-Identifier: MIT
/* Error numbers as text. */
#pragma once

#include <mach/error.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A text for any number, "(system/subsystem) what it means"; static storage, never NULL. */
char *mach_error_string(mach_error_t error_value);
/* "TEXT description (0x...)" on standard error. */
void mach_error(const char *text, mach_error_t error_value);
/* The system and subsystem in words; static storage. */
char *mach_error_type(mach_error_t error_value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
