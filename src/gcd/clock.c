// SPDX-License-Identifier: MIT
/*
 * dispatch_time_t: 0 is now, all ones is never, ~1 is now on the wall clock. A
 * value with the top bit set is the negative of nanoseconds since 1970, any
 * other nanoseconds of CLOCK_MONOTONIC.
 */
#include "gcd/gcd_internal.h"

#include "base/cpu.h"

#include <linux/futex.h>
#include <sched.h>
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

/*
 * To look costs the processor, to be woken costs more: 2 microseconds on the
 * same core, up to 80 on another. So a thread looks for a few microseconds and
 * lets others have the core in between, since they may be who changes the word.
 * When they keep it, looking does harm: then a number of waits sleep at once,
 * which grows while that is so.
 */
#define LOOK_NS 10000
#define LOOK_GAP_NS 20000 /* between two looks: others have kept the core */
#define LOOKS 24	  /* between two offers of the core: a microsecond or two */
#define LOOK_PENALTY_MAX 255

/* Hints: what threads lose of each other's changes does not matter. */
static atomic_uint look_penance; /* waits that are not to look */
static atomic_uint look_penalty; /* what the next gap costs */

static unsigned get(const atomic_uint *hint)
{
	return atomic_load_explicit(hint, memory_order_relaxed);
}

static void set(atomic_uint *hint, unsigned value)
{
	atomic_store_explicit(hint, value, memory_order_relaxed);
}

static void look_punish(void)
{
	unsigned penalty = get(&look_penalty) * 2 + 1;

	penalty = penalty < LOOK_PENALTY_MAX ? penalty : LOOK_PENALTY_MAX;
	set(&look_penalty, penalty);
	set(&look_penance, penalty);
}

static void look_reward(void)
{
	if (get(&look_penalty))
		set(&look_penalty, get(&look_penalty) / 2);
}

/* A few looks. */
static bool look_briefly(_Atomic uint32_t *word, uint32_t value)
{
	for (int i = 0; i < LOOKS; i++) {
		if (atomic_load_explicit(word, memory_order_acquire) != value) {
			look_reward();
			return true;
		}
		cpu_relax();
	}
	return false;
}

bool gcd_clock_look(_Atomic uint32_t *word, uint32_t value)
{
	bool parallel = gcd_worker_cores() > 1;
	uint64_t start, before, now;

	if (get(&look_penance)) {
		set(&look_penance, get(&look_penance) - 1);
		return false;
	}
	if (parallel && look_briefly(word, value))
		return true;
	now = start = gcd_clock_now(GCD_CLOCK_UPTIME);
	do {
		before = now;
		sched_yield();
		if (look_briefly(word, value))
			return true;
		now = gcd_clock_now(GCD_CLOCK_UPTIME);
		if (now - before > LOOK_GAP_NS) {
			look_punish();
			break;
		}
	} while (parallel && now - start < LOOK_NS);
	return false;
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
