// SPDX-License-Identifier: MIT
/*
 * sysctlbyname for the names that programs ask. The published system is
 * macOS 12 (Darwin 21); processors, memory, host and times are this machine's.
 *
 * kern.ostype, kern.osrelease, kern.osversion, kern.osproductversion, kern.version, kern.hostname,
 * kern.uuid, kern.boottime, kern.maxproc, kern.maxfiles, kern.argmax, kern.ngroups, kern.osrevision, kern.clockrate,
 * kern.safeboot, kern.netboot, vm.loadavg, vm.swapusage, sysctl.proc_translated, hw.ncpu, hw.activecpu,
 * hw.logicalcpu, hw.logicalcpu_max, hw.physicalcpu, hw.physicalcpu_max, hw.memsize, hw.pagesize,
 * hw.byteorder, hw.model, hw.machine, hw.cpufrequency, hw.cpufrequency_max, hw.cachelinesize, hw.l1icachesize,
 * hw.l1dcachesize, hw.l2cachesize, hw.l3cachesize, hw.packages, hw.nperflevels, hw.perflevel0.physicalcpu,
 * hw.perflevel0.logicalcpu (and _max), hw.cputype, hw.cpusubtype, hw.cpu64bit_capable, hw.tbfrequency,
 * machdep.cpu.family, machdep.cpu.model, machdep.cpu.stepping, machdep.cpu.brand_string, machdep.cpu.vendor, machdep.cpu.core_count, machdep.cpu.thread_count.
 */
#ifndef PORTICO_SYS_SYSCTL_H
#define PORTICO_SYS_SYSCTL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#define CTL_KERN 1
#define CTL_VM 2
#define CTL_HW 6
#define CTL_MAXNAME 12

#define KERN_OSTYPE 1
#define KERN_OSRELEASE 2
#define KERN_OSREV 3
#define KERN_VERSION 4
#define KERN_ARGMAX 8
#define KERN_MAXPROC 6
#define KERN_MAXFILES 7
#define KERN_HOSTNAME 10
#define KERN_CLOCKRATE 12
#define KERN_NGROUPS 18
#define KERN_BOOTTIME 21
#define KERN_OSVERSION 65

#define HW_MACHINE 1
#define HW_MODEL 2
#define HW_NCPU 3
#define HW_BYTEORDER 4
#define HW_PAGESIZE 7
#define HW_CPU_FREQ 15
#define HW_CACHELINE 16
#define HW_L1ICACHESIZE 17
#define HW_L1DCACHESIZE 18
#define HW_L2CACHESIZE 20
#define HW_L3CACHESIZE 22
#define HW_TB_FREQ 23
#define HW_MEMSIZE 24
#define HW_AVAILCPU 25

#define VM_LOADAVG 2
#define VM_SWAPUSAGE 5

/* vm.loadavg: in 1/fscale */
typedef uint32_t fixpt_t;
struct loadavg {
	fixpt_t ldavg[3];
	long fscale;
};

/* vm.swapusage: bytes */
struct xsw_usage {
	uint64_t xsu_total;
	uint64_t xsu_avail;
	uint64_t xsu_used;
	uint32_t xsu_pagesize;
	int xsu_encrypted;
};

/* kern.clockrate */
struct clockinfo {
	int hz;
	int tick; /* us */
	int tickadj;
	int stathz;
	int profhz;
};

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * The value NAME into the *OLD_SIZE bytes at OLD; *OLD_SIZE becomes its size. OLD NULL asks for the
 * size alone. Texts have their NUL. 0, or -1 with errno: ENOENT no such name, ENOMEM it did not fit
 * (what fits was written), EPERM for every attempt to set. Any thread.
 */
int sysctlbyname(const char *name, void *old, size_t *old_size, void *new_value,
		 size_t new_size) __asm__("portico_sysctlbyname");
/* The same by the numbers above. */
int sysctl(int *name, unsigned int name_size, void *old, size_t *old_size, void *new_value,
	   size_t new_size) __asm__("portico_sysctl");
/* The numbers that stand for NAME into the *COUNT ints at NUMBERS; *COUNT becomes how many. 0, or -1 with errno: ENOENT it
 * has none, ENOMEM. */
int sysctlnametomib(const char *name, int *numbers,
		    size_t *count) __asm__("portico_sysctlnametomib");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
