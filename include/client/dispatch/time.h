// SPDX-License-Identifier: MIT
/*
 * Points in time: opaque numbers on one of two clocks. dispatch_time makes
 * them on the clock that stands still while the machine sleeps, dispatch_walltime
 * on the wall clock.
 */
#ifndef DISPATCH_TIME_H
#define DISPATCH_TIME_H

#include <time.h>

#include <dispatch/base.h>

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

struct timespec;
typedef uint64_t dispatch_time_t;

#ifndef NSEC_PER_SEC
#define NSEC_PER_SEC 1000000000ull
#endif
#ifndef NSEC_PER_MSEC
#define NSEC_PER_MSEC 1000000ull
#endif
#ifndef NSEC_PER_USEC
#define NSEC_PER_USEC 1000ull
#endif
#ifndef USEC_PER_SEC
#define USEC_PER_SEC 1000000ull
#endif

#define DISPATCH_TIME_NOW (0ull)
#define DISPATCH_TIME_FOREVER (~0ull)
#define DISPATCH_WALLTIME_NOW (~1ull)

/* WHEN plus DELTA nanoseconds on WHEN's clock. Saturates: DISPATCH_TIME_FOREVER on overflow, the
 * earliest time on underflow. */
dispatch_time_t dispatch_time(dispatch_time_t when, int64_t delta);
/* *WHEN (NULL: now) plus DELTA nanoseconds on the wall clock. */
dispatch_time_t dispatch_walltime(const struct timespec *when, int64_t delta);

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
