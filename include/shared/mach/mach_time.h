// SPDX-License-Identifier: MIT
/* Absolute time: CLOCK_MONOTONIC in ns, so the timebase is 1/1. */
#pragma once

#include <stdint.h>

#include <mach/mach_types.h>

struct mach_timebase_info {
	uint32_t numer;
	uint32_t denom;
};
typedef struct mach_timebase_info *mach_timebase_info_t;
typedef struct mach_timebase_info mach_timebase_info_data_t;

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

uint64_t mach_absolute_time(void);
uint64_t mach_approximate_time(void);
/* Goes on while the machine sleeps (CLOCK_BOOTTIME). */
uint64_t mach_continuous_time(void);
uint64_t mach_continuous_approximate_time(void);
/* KERN_INVALID_ARGUMENT for NULL. */
kern_return_t mach_timebase_info(mach_timebase_info_t info);
/* Sleep until that absolute time; KERN_ABORTED when a signal handler ran. */
kern_return_t mach_wait_until(uint64_t deadline);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
