// SPDX-License-Identifier: MIT
/* Limits of the system, under the header name of macOS. */
#ifndef PORTICO_SYS_SYSLIMITS_H
#define PORTICO_SYS_SYSLIMITS_H

#include <limits.h>

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif
#ifndef NAME_MAX
#define NAME_MAX 255
#endif

#endif
