// SPDX-License-Identifier: MIT
/*
 * Scope-exit ownership. A local marked scope_* is released when it goes out of
 * scope; take_ptr/take_fd hand it over and disarm it.
 */
#pragma once

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define scope_cleanup(fn) __attribute__((cleanup(fn)))

static inline void scope_free_fn(void *pointer)
{
	free(*(void **)pointer);
}

static inline void scope_fd_fn(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void scope_lock_fn(pthread_mutex_t **lock)
{
	if (*lock)
		pthread_mutex_unlock(*lock);
}

static inline pthread_mutex_t *scope_lock_enter(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
	return lock;
}

#define scope_free scope_cleanup(scope_free_fn)
#define scope_fd scope_cleanup(scope_fd_fn)
/* scope_lock(&mutex): held until the end of the block. */
#define scope_lock_name2(a, b) a##b
#define scope_lock_name(a, b) scope_lock_name2(a, b)
#define scope_lock(mutex) \
	scope_cleanup(scope_lock_fn) pthread_mutex_t *scope_lock_name(scope_lock_, __LINE__) \
		__attribute__((unused)) = scope_lock_enter(mutex)

#define take_ptr(pointer) \
	({ \
		__typeof__(pointer) take_value_ = (pointer); \
		(pointer) = NULL; \
		take_value_; \
	})

static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}
