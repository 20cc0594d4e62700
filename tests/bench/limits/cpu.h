// SPDX-License-Identifier: MIT
/* What the processor offers to those who wait for another one. */
#pragma once

#include <stdint.h>
#include <sys/rseq.h>

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

/* Bring the line here to be written. */
static inline void cpu_prefetch_to_write(const void *line)
{
#if defined(__x86_64__)
	/* __builtin_prefetch would take prefetcht0, which brings it here to be read. */
	__asm__ volatile("prefetchw %0" ::"m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1);
#endif
}

/* The processor that this thread runs on, from the kernel's restartable sequences: a plain load. */
static inline uint32_t cpu_number(void)
{
	const volatile struct rseq *area =
		(const volatile struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);

	return area->cpu_id;
}
