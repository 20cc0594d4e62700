// SPDX-License-Identifier: MIT
/* Absolute time. */
#include <errno.h>
#include <time.h>

#include <mach/mach_time.h>

#include "port/port_internal.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t mach_absolute_time(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t mach_approximate_time(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t mach_continuous_time(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t mach_continuous_approximate_time(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

kern_return_t mach_timebase_info(mach_timebase_info_t info)
{
	if (!info)
		return KERN_INVALID_ARGUMENT;
	info->numer = info->denom = 1;
	return KERN_SUCCESS;
}

kern_return_t mach_wait_until(uint64_t deadline)
{
	struct timespec until = { (time_t)(deadline / 1000000000u),
				  (long)(deadline % 1000000000u) };

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR
		     ? KERN_ABORTED
		     : KERN_SUCCESS;
}

uint64_t port_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t port_deadline_ns(mach_msg_timeout_t timeout_ms)
{
	return port_now_ns() + (uint64_t)timeout_ms * 1000000u;
}
