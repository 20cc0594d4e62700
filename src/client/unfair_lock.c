// SPDX-License-Identifier: MIT
/* os_unfair_lock: the owner's thread ID, and a bit for "somebody sleeps". */
#include <os/lock.h>

#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAITERS 0x80000000u

static uint32_t self(void)
{
	static _Thread_local uint32_t tid;
	static _Thread_local pid_t pid;

	/* A forked child's thread has another ID. */
	if (!tid || pid != getpid()) {
		tid = (uint32_t)syscall(SYS_gettid);
		pid = getpid();
	}
	return tid;
}

static _Noreturn void trap(const char *what)
{
	fprintf(stderr, "BUG IN CLIENT OF LIBPLATFORM: %s\n", what);
	abort();
}

bool os_unfair_lock_trylock(os_unfair_lock_t lock)
{
	uint32_t before = 0;

	return __atomic_compare_exchange_n(&lock->_os_unfair_lock_opaque, &before, self(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void os_unfair_lock_lock(os_unfair_lock_t lock)
{
	uint32_t *word = &lock->_os_unfair_lock_opaque, value, mine = self();

	if (os_unfair_lock_trylock(lock))
		return;
	for (;;) {
		value = __atomic_load_n(word, __ATOMIC_RELAXED);
		if ((value & ~WAITERS) == mine)
			trap("os_unfair_lock is recursive");
		/* Who slept does not know whether others still do. */
		if (!value && __atomic_compare_exchange_n(word, &value, mine | WAITERS, false,
							  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		if (!value)
			continue;
		if (!(value & WAITERS) &&
		    !__atomic_compare_exchange_n(word, &value, value | WAITERS, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value | WAITERS, NULL, NULL, 0);
	}
}

void os_unfair_lock_unlock(os_unfair_lock_t lock)
{
	uint32_t *word = &lock->_os_unfair_lock_opaque;
	uint32_t value = __atomic_load_n(word, __ATOMIC_RELAXED);

	if ((value & ~WAITERS) != self())
		trap("unlock of an os_unfair_lock that this thread does not have");
	value = __atomic_exchange_n(word, 0, __ATOMIC_RELEASE);
	if (value & WAITERS)
		syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool is_mine(const os_unfair_lock *lock)
{
	return (__atomic_load_n(&lock->_os_unfair_lock_opaque, __ATOMIC_RELAXED) & ~WAITERS) ==
	       self();
}

void os_unfair_lock_assert_owner(const os_unfair_lock *lock)
{
	if (!is_mine(lock))
		trap("this thread does not have the os_unfair_lock");
}

void os_unfair_lock_assert_not_owner(const os_unfair_lock *lock)
{
	if (is_mine(lock))
		trap("this thread has the os_unfair_lock");
}
