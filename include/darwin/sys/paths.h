// SPDX-License-Identifier: MIT
/* Paths of the system. */
#ifndef PORTICO_SYS_PATHS_H
#define PORTICO_SYS_PATHS_H

#include <paths.h>

#endif
