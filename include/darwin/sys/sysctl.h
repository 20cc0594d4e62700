// SPDX-License-Identifier: MIT
/*
 * sysctlbyname for the names that programs ask. The published system is
 * macOS 12 (Darwin 21); processors, memory, host and times are this machine's.
 *
 * kern.ostype, kern.osrelease, kern.osversion, kern.osproductversion, kern.version, kern.hostname,
 * kern.uuid, kern.boottime, kern.maxproc, kern.argmax, kern.osrevision, hw.ncpu, hw.activecpu,
 * hw.logicalcpu, hw.logicalcpu_max, hw.physicalcpu, hw.physicalcpu_max, hw.memsize, hw.pagesize,
 * hw.byteorder, hw.model, hw.machine, hw.cpufrequency, hw.cpufrequency_max, hw.cachelinesize,
 * machdep.cpu.brand_string, machdep.cpu.vendor, machdep.cpu.core_count, machdep.cpu.thread_count.
 */
#ifndef PORTICO_SYS_SYSCTL_H
#define PORTICO_SYS_SYSCTL_H

#include <stddef.h>
#include <sys/time.h>
#include <sys/types.h>

#define CTL_KERN 1
#define CTL_HW 6

#define KERN_OSTYPE 1
#define KERN_OSRELEASE 2
#define KERN_OSREV 3
#define KERN_VERSION 4
#define KERN_ARGMAX 8
#define KERN_HOSTNAME 10
#define KERN_BOOTTIME 21
#define KERN_OSVERSION 65

#define HW_MACHINE 1
#define HW_MODEL 2
#define HW_NCPU 3
#define HW_BYTEORDER 4
#define HW_PAGESIZE 7
#define HW_MEMSIZE 24
#define HW_AVAILCPU 25

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * The value NAME into the *OLD_SIZE bytes at OLD; *OLD_SIZE becomes its size. OLD NULL asks for the
 * size alone. Texts have their NUL. 0, or -1 with errno: ENOENT no such name, ENOMEM it did not fit
 * (what fits was written), EPERM for every attempt to set. Any thread.
 */
int sysctlbyname(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size)
	__asm__("portico_sysctlbyname");
/* The same by the numbers above. */
int sysctl(int *name, unsigned int name_size, void *old, size_t *old_size, void *new_value,
	   size_t new_size) __asm__("portico_sysctl");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
