// SPDX-License-Identifier: MIT
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

/* A slot is free (value NULL, key 0), live, or a tombstone (value = &tombstone). */
static char tombstone;

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

void map_fini(struct map *m)
{
	free(m->slots);
	*m = (struct map)MAP_INIT;
}

/* Others choose keys, and could choose some that are all looked for in one place; where that is depends on where
 * the table lies, too, which they do not know. */
static size_t first_slot(const struct map *m, uint64_t key)
{
	return mix(key ^ (uintptr_t)m->slots) & (m->capacity - 1);
}

static struct map_slot *find_slot(const struct map *m, uint64_t key)
{
	if (!m->capacity)
		return NULL;
	for (size_t i = first_slot(m, key);; i = (i + 1) & (m->capacity - 1)) {
		struct map_slot *s = &m->slots[i];

		if (!s->value)
			return NULL;
		if (s->key == key && s->value != &tombstone)
			return s;
	}
}

static void insert_new(struct map *m, uint64_t key, void *value)
{
	size_t i = first_slot(m, key);

	while (m->slots[i].value && m->slots[i].value != &tombstone)
		i = (i + 1) & (m->capacity - 1);
	if (!m->slots[i].value)
		m->used++;
	m->slots[i] = (struct map_slot){ key, value };
	m->count++;
}

static err_t rehash(struct map *m)
{
	size_t capacity = 8;
	struct map old = *m;

	while (capacity < (m->count + 1) * 2)
		capacity *= 2;
	struct map_slot *slots = calloc(capacity, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	*m = (struct map){ slots, capacity, 0, 0 };
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].value && old.slots[i].value != &tombstone)
			insert_new(m, old.slots[i].key, old.slots[i].value);
	free(old.slots);
	return 0;
}

err_t map_set(struct map *m, uint64_t key, void *value)
{
	struct map_slot *s = find_slot(m, key);

	assert(value);
	if (s) {
		s->value = value;
		return 0;
	}
	/* Probing for what is not there grows with the square of how full the table is. */
	if ((m->used + 1) * 8 > m->capacity * 5) {
		err_t err = rehash(m);

		if (err)
			return err;
	}
	insert_new(m, key, value);
	return 0;
}

void *map_find(const struct map *m, uint64_t key)
{
	struct map_slot *s = find_slot(m, key);

	return s ? s->value : NULL;
}

void *map_remove(struct map *m, uint64_t key)
{
	struct map_slot *s = find_slot(m, key);

	if (!s)
		return NULL;
	void *value = s->value;
	s->value = &tombstone;
	m->count--;
	/* Before a free slot nobody needs a tombstone: tables that much comes and goes in stay quick. */
	size_t i = (size_t)(s - m->slots), mask = m->capacity - 1;
	while (!m->slots[(i + 1) & mask].value && m->slots[i].value == &tombstone) {
		m->slots[i] = (struct map_slot){ 0, NULL };
		m->used--;
		i = (i - 1) & mask;
	}
	return value;
}

void *map_next(const struct map *m, size_t *cursor, uint64_t *ret_key)
{
	while (*cursor < m->capacity) {
		struct map_slot *s = &m->slots[(*cursor)++];

		if (s->value && s->value != &tombstone) {
			if (ret_key)
				*ret_key = s->key;
			return s->value;
		}
	}
	return NULL;
}
