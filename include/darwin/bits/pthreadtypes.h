// SPDX-License-Identifier: MIT
/* The C library's types of threads; its barrier types give way where macOS programs bring theirs. */
#ifndef PORTICO_DARWIN_BITS_PTHREADTYPES_H
#define PORTICO_DARWIN_BITS_PTHREADTYPES_H

#ifdef __APPLE__
#define pthread_barrier_t portico_system_barrier_t
#define pthread_barrierattr_t portico_system_barrierattr_t
#endif
#include_next <bits/pthreadtypes.h>
#ifdef __APPLE__
#undef pthread_barrier_t
#undef pthread_barrierattr_t
#endif

#endif
