// SPDX-License-Identifier: MIT
/*
 * Hash table from a 64-bit key to a pointer. Not thread-safe; owns nothing
 * that it points at. Values are never NULL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct map_slot {
	uint64_t key;
	void *value;
};

struct map {
	struct map_slot *slots;
	size_t capacity, count, used;
};

#define MAP_INIT \
	{ \
		NULL, 0, 0, 0 \
	}

void map_fini(struct map *m);

/* Insert or replace. -ENOMEM leaves the map as it was. */
err_t map_set(struct map *m, uint64_t key, void *value);
/* The value or NULL. */
void *map_find(const struct map *m, uint64_t key);
/* Remove and return the value, NULL when there was none. */
void *map_remove(struct map *m, uint64_t key);

/* Walk: start with *cursor = 0; NULL at the end. Removing the entry just returned is allowed. */
void *map_next(const struct map *m, size_t *cursor, uint64_t *ret_key);
