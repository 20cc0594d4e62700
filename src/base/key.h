// SPDX-License-Identifier: MIT
/*
 * A value of each thread with something to do at the thread's end. Making the
 * key may fail, and is tried again with the next value: a key that was never
 * made has the number of somebody else's.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct key {
	pthread_mutex_t lock;
	atomic_bool is_made;
	pthread_key_t key;
	void (*end)(void *value);
};

#define KEY_INIT(end) \
	{ \
		PTHREAD_MUTEX_INITIALIZER, false, 0, end \
	}

/* False: not kept, nobody would see its end. */
static inline bool key_set(struct key *key, void *value)
{
	pthread_mutex_lock(&key->lock);
	if (!key->is_made)
		key->is_made = !pthread_key_create(&key->key, key->end);
	pthread_mutex_unlock(&key->lock);
	return key->is_made && !pthread_setspecific(key->key, value);
}

static inline void *key_get(struct key *key)
{
	return key->is_made ? pthread_getspecific(key->key) : NULL;
}
