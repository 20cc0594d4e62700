// SPDX-License-Identifier: MIT
/* Names and paths of processes, from /proc. Results and errno as on macOS. */
#ifndef PORTICO_LIBPROC_H
#define PORTICO_LIBPROC_H

#include <stdint.h>
#include <sys/cdefs.h>
#include <sys/param.h>
#include <sys/types.h>

#define PROC_PIDPATHINFO_MAXSIZE (4 * 1024)

/* Kinds of proc_listpids that are here. */
#define PROC_ALL_PIDS 1
#define PROC_UID_ONLY 4

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The process's name with its NUL into SIZE bytes, cut if need be. Its length, or 0 with errno. */
int proc_name(int pid, void *buffer, uint32_t size) __asm__("portico_proc_name");
/* The path of its program: at most SIZE bytes, the NUL included. Its length; 0 with errno: ENOMEM it
 * does not fit, ESRCH, EPERM. */
int proc_pidpath(int pid, void *buffer, uint32_t size) __asm__("portico_proc_pidpath");
/* The IDs of all processes, or of those of user TYPE_INFO, into SIZE bytes. The bytes written, or,
 * with buffer NULL, the bytes it would take; 0 with errno. */
int proc_listpids(uint32_t type, uint32_t type_info, void *buffer,
		  int size) __asm__("portico_proc_listpids");
/* All of them; the result is a number of processes. */
int proc_listallpids(void *buffer, int size) __asm__("portico_proc_listallpids");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
