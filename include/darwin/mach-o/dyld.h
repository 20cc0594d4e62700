// SPDX-License-Identifier: MIT
/* The path of the running program. */
#ifndef PORTICO_MACH_O_DYLD_H
#define PORTICO_MACH_O_DYLD_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The program's path with its NUL into the *SIZE bytes at PATH. 0; -1 when it does not fit: then
 * *SIZE is what it takes. */
int _NSGetExecutablePath(char *path, uint32_t *size) __asm__("portico_get_executable_path");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
