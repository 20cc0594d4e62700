// SPDX-License-Identifier: MIT
/* The system's sys/cdefs.h and the attribute macros of macOS. __unused, a name of members in structures
 * of Linux, is there only for programs that see __APPLE__. */
#ifndef PORTICO_DARWIN_SYS_CDEFS_H
#define PORTICO_DARWIN_SYS_CDEFS_H

#include_next <sys/cdefs.h>

#ifndef __printflike
#define __printflike(format, first) __attribute__((__format__(__printf__, format, first)))
#endif
#ifndef __scanflike
#define __scanflike(format, first) __attribute__((__format__(__scanf__, format, first)))
#endif
#ifndef __dead2
#define __dead2 __attribute__((__noreturn__))
#endif
#ifndef __pure2
#define __pure2 __attribute__((__const__))
#endif
#ifndef __offsetof
#define __offsetof(type, field) __builtin_offsetof(type, field)
#endif
#ifndef __used
#define __used __attribute__((__used__))
#endif
#if defined(__APPLE__) && !defined(__unused)
#define __unused __attribute__((__unused__))
#endif

#endif
