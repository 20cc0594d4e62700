// SPDX-License-Identifier: MIT
/* The system's errno.h with errno_t and macOS's name for a missing attribute. */
#ifndef PORTICO_DARWIN_ERRNO_H
#define PORTICO_DARWIN_ERRNO_H

#include_next <errno.h>

#ifndef PORTICO_ERRNO_T
#define PORTICO_ERRNO_T
typedef int errno_t;
#endif
#ifndef ENOATTR
#define ENOATTR ENODATA
#endif

#endif
