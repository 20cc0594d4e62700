// SPDX-License-Identifier: MIT
/* What waiting on memory needs of the processor. */
#pragma once

#include <sched.h>
#include <stdint.h>
#include <sys/rseq.h>

/* One look's pause: lets the other thread of the core and the memory system breathe. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory"); /* yield is a no-op on most cores */
#endif
}

/* Fetch the line at ADDRESS to be written soon. */
static inline void cpu_prefetch_write(const void *address)
{
#if defined(__x86_64__)
	/* __builtin_prefetch asks for reading only unless the compiler may assume more. */
	__asm__ __volatile__("prefetchw %0" ::"m"(*(const char *)address));
#else
	__builtin_prefetch(address, 1);
#endif
}

/* The number of the processor that runs this now; a hint, since it may change at once. The kernel keeps
 * it in the thread's memory where the C library has asked for that. */
static inline unsigned cpu_current(void)
{
	int number;

	if (__rseq_size) {
		const struct rseq *area =
			(const void *)((const char *)__builtin_thread_pointer() + __rseq_offset);

		number = (int)*(const volatile uint32_t *)&area->cpu_id;
	} else {
		number = sched_getcpu();
	}
	return number < 0 ? ~0u : (unsigned)number;
}
