// SPDX-License-Identifier: MIT
/*
 * dispatch_time_t: 0 is now, all ones is never, ~1 is now on the wall clock. A
 * value with the top bit set is the negative of nanoseconds since 1970, any
 * other nanoseconds of CLOCK_MONOTONIC.
 */
#include "gcd/gcd_internal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint64_t gcd_clock_now(enum gcd_clock clock)
{
	struct timespec t;

	clock_gettime(clock == GCD_CLOCK_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* NS plus DELTA within [LEAST, INT64_MAX]; 0 on overflow. */
static uint64_t clock_add(uint64_t ns, int64_t delta, uint64_t least)
{
	int64_t sum;

	if (__builtin_add_overflow((int64_t)ns, delta, &sum))
		return delta > 0 ? 0 : least;
	return sum < (int64_t)least ? least : (uint64_t)sum;
}

dispatch_time_t dispatch_time(dispatch_time_t when, int64_t delta)
{
	uint64_t ns;

	if (when == DISPATCH_TIME_FOREVER)
		return when;
	if (when == DISPATCH_WALLTIME_NOW)
		when = -gcd_clock_now(GCD_CLOCK_WALL);
	if ((int64_t)when < 0) {
		/* 3: the small values are taken */
		ns = clock_add(-when, delta, 3);
		return ns ? -ns : DISPATCH_TIME_FOREVER;
	}
	ns = clock_add(when ? when : gcd_clock_now(GCD_CLOCK_UPTIME), delta, 1);
	return ns ? ns : DISPATCH_TIME_FOREVER;
}

dispatch_time_t dispatch_walltime(const struct timespec *when, int64_t delta)
{
	int64_t ns;

	if (!when)
		return dispatch_time(DISPATCH_WALLTIME_NOW, delta);
	if (__builtin_mul_overflow((int64_t)when->tv_sec, (int64_t)NSEC_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)when->tv_nsec, &ns))
		return DISPATCH_TIME_FOREVER;
	return dispatch_time(-(uint64_t)(ns < 3 ? 3 : ns), delta);
}

uint64_t gcd_clock_split(dispatch_time_t when, enum gcd_clock *ret_clock)
{
	*ret_clock = GCD_CLOCK_UPTIME;
	if (when == DISPATCH_TIME_FOREVER)
		return UINT64_MAX;
	if (when == DISPATCH_TIME_NOW)
		return gcd_clock_now(GCD_CLOCK_UPTIME);
	if ((int64_t)when >= 0)
		return when;
	*ret_clock = GCD_CLOCK_WALL;
	return when == DISPATCH_WALLTIME_NOW ? gcd_clock_now(GCD_CLOCK_WALL) : -when;
}

bool gcd_clock_wait(_Atomic uint32_t *word, uint32_t value, dispatch_time_t until)
{
	int operation = FUTEX_WAIT_BITSET_PRIVATE;
	struct timespec t, *timeout = NULL;
	enum gcd_clock clock;
	uint64_t at;

	if (until == DISPATCH_TIME_NOW)
		return false;
	at = gcd_clock_split(until, &clock);
	if (at != UINT64_MAX) {
		t = (struct timespec){ (time_t)(at / NSEC_PER_SEC), (long)(at % NSEC_PER_SEC) };
		timeout = &t;
		if (clock == GCD_CLOCK_WALL)
			operation |= FUTEX_CLOCK_REALTIME;
	}
	return syscall(SYS_futex, word, operation, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY) ==
		       0 ||
	       errno != ETIMEDOUT;
}

void gcd_clock_wake(_Atomic uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}
