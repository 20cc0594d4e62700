// SPDX-License-Identifier: MIT
/* Preloaded: the wall clock is years away at every other look. The clocks that do not jump are left alone. */
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#define VISIBLE __attribute__((visibility("default")))

static time_t jump(time_t seconds)
{
	static unsigned looks;

	return __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED) % 2 ? seconds + 5l * 365 * 86400
								   : seconds - 5l * 365 * 86400;
}

VISIBLE int clock_gettime(clockid_t clock, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(clock, t);

	if (!result && clock == CLOCK_REALTIME)
		t->tv_sec = jump(t->tv_sec);
	return result;
}

VISIBLE int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;
	int result = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return result;
}

VISIBLE time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
