// SPDX-License-Identifier: MIT
/*
 * Sleep on a word of memory and wake who sleeps there. The word may be in
 * memory that a peer writes: then its value is a hint, and whoever waits looks
 * again, after each wake-up and after a while.
 */
#pragma once

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Until somebody wakes, the word is not VALUE, or TIMEOUT (relative, NULL: none) is over. Also for
 * nothing. */
static inline void futex_wait(_Atomic uint32_t *word, uint32_t value,
			      const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout, NULL, 0);
}

static inline void futex_wake(_Atomic uint32_t *word, int n)
{
	syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0);
}
