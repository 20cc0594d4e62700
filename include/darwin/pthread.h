// SPDX-License-Identifier: MIT
/*
 * The system's pthread.h with macOS's pthread_setname_np(name), which names
 * the calling thread; the form with two arguments still works. Where
 * __APPLE__ is defined the barrier names are left to the program, since macOS
 * has none and programs bring their own.
 */
#ifndef PORTICO_DARWIN_PTHREAD_H
#define PORTICO_DARWIN_PTHREAD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <features.h>
#include <bits/pthreadtypes.h>

#ifdef __APPLE__
#define pthread_barrier_t portico_system_barrier_t
#define pthread_barrierattr_t portico_system_barrierattr_t
#define pthread_barrier_init portico_system_barrier_init
#define pthread_barrier_destroy portico_system_barrier_destroy
#define pthread_barrier_wait portico_system_barrier_wait
#define pthread_barrierattr_init portico_system_barrierattr_init
#define pthread_barrierattr_destroy portico_system_barrierattr_destroy
#define pthread_barrierattr_getpshared portico_system_barrierattr_getpshared
#define pthread_barrierattr_setpshared portico_system_barrierattr_setpshared
#endif
#include_next <pthread.h>
#ifdef __APPLE__
#undef pthread_barrier_t
#undef pthread_barrierattr_t
#undef pthread_barrier_init
#undef pthread_barrier_destroy
#undef pthread_barrier_wait
#undef pthread_barrierattr_init
#undef pthread_barrierattr_destroy
#undef pthread_barrierattr_getpshared
#undef pthread_barrierattr_setpshared
#undef PTHREAD_BARRIER_SERIAL_THREAD
#endif

#ifdef __cplusplus
extern "C" {
#endif
int portico_pthread_setname(pthread_t thread, const char *name) __asm__("pthread_setname_np");

/* At most 15 bytes are kept. 0 or an errno value. */
static __inline__ __attribute__((unused)) int portico_pthread_setname_self(const char *name)
{
	char kept[16] = "";

	for (int i = 0; i < 15 && name[i]; i++)
		kept[i] = name[i];
	return portico_pthread_setname(pthread_self(), kept);
}

#ifdef __cplusplus
}
#endif

#define PORTICO_SETNAME_PICK(first, second, name, ...) name
#define pthread_setname_np(...) \
	PORTICO_SETNAME_PICK(__VA_ARGS__, portico_pthread_setname, portico_pthread_setname_self, \
			     0) \
	(__VA_ARGS__)

#endif
