// SPDX-License-Identifier: MIT
#include "cf/table.h"

#include <CoreFoundation/CFSet.h>
#include <stdlib.h>

/* What a removed entry's key is. */
static const char removed;

/* Above this many entries there is an index. */
#define LINEAR_MAX 8
#define ENTRIES_MAX (1u << 30)

static const CFDictionaryKeyCallBacks plain_key;
static const CFDictionaryValueCallBacks plain_value;

/* --- callbacks --------------------------------------------------------------------------- */

static const CFDictionaryKeyCallBacks *copy_key_callbacks(const CFDictionaryKeyCallBacks *key,
							  bool *ret_owned)
{
	static const CFDictionaryKeyCallBacks *const known[] = {
		&kCFTypeDictionaryKeyCallBacks, &kCFCopyStringDictionaryKeyCallBacks, &plain_key
	};
	CFDictionaryKeyCallBacks *copy;

	*ret_owned = false;
	if (!key)
		return &plain_key;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!memcmp(key, known[i], sizeof(*key)))
			return known[i];
	copy = malloc(sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *key;
	*ret_owned = true;
	return copy;
}

static const CFDictionaryValueCallBacks *
copy_value_callbacks(const CFDictionaryValueCallBacks *value, bool *ret_owned)
{
	CFDictionaryValueCallBacks *copy;

	*ret_owned = false;
	if (!value || !memcmp(value, &plain_value, sizeof(*value)))
		return &plain_value;
	if (!memcmp(value, &kCFTypeDictionaryValueCallBacks, sizeof(*value)))
		return &kCFTypeDictionaryValueCallBacks;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *value;
	*ret_owned = true;
	return copy;
}

static const void *keep_key(const struct cf_table *t, const void *owner, const void *key)
{
	return t->key->retain ? t->key->retain(CFGetAllocator(owner), key) : key;
}

static void drop_key(const struct cf_table *t, const void *owner, const void *key)
{
	if (t->key->release)
		t->key->release(CFGetAllocator(owner), key);
}

static const void *keep_value(const struct cf_table *t, const void *owner, const void *value)
{
	return t->value->retain ? t->value->retain(CFGetAllocator(owner), value) : value;
}

static void drop_value(const struct cf_table *t, const void *owner, const void *value)
{
	if (t->value->release)
		t->value->release(CFGetAllocator(owner), value);
}

/* --- storage ------------------------------------------------------------------------------- */

static uint32_t *hashes(const struct cf_table *t)
{
	return (uint32_t *)(t->keys + (size_t)t->capacity * (t->has_values ? 2 : 1));
}

static void *slots(const struct cf_table *t)
{
	return hashes(t) + t->capacity;
}

/* Bytes of one slot; all ones in it means that the entry was removed, 0 that it was never used. */
static unsigned slot_width(uint32_t capacity)
{
	return capacity < 0xfe ? 1 : capacity < 0xfffe ? 2 : 4;
}

static uint32_t slot_get(const struct cf_table *t, uint32_t i)
{
	switch (slot_width(t->capacity)) {
	case 1:
		return ((uint8_t *)slots(t))[i];
	case 2:
		return ((uint16_t *)slots(t))[i];
	default:
		return ((uint32_t *)slots(t))[i];
	}
}

static void slot_set(const struct cf_table *t, uint32_t i, uint32_t v)
{
	switch (slot_width(t->capacity)) {
	case 1:
		((uint8_t *)slots(t))[i] = (uint8_t)v;
		break;
	case 2:
		((uint16_t *)slots(t))[i] = (uint16_t)v;
		break;
	default:
		((uint32_t *)slots(t))[i] = v;
	}
}

static uint32_t hash_key(const struct cf_table *t, const void *key)
{
	uint64_t h = t->key->hash ? t->key->hash(key) : (uint64_t)(uintptr_t)key;

	return (uint32_t)(h * 0x9e3779b97f4a7c15ull >> 32);
}

static void index_entry(struct cf_table *t, uint32_t entry)
{
	uint32_t mask, i;

	if (!t->index_bits)
		return;
	mask = (1u << t->index_bits) - 1;
	/* There is always an empty slot: as many are used as entries, and there are more. */
	for (i = hashes(t)[entry] & mask; slot_get(t, i); i = (i + 1) & mask)
		;
	slot_set(t, i, entry + 1);
}

/* Move the live entries to a block for CAPACITY of them. */
static bool rebuild(struct cf_table *t, uint32_t capacity)
{
	struct cf_table old = *t;
	size_t size = (size_t)capacity * ((t->has_values ? 2 : 1) * sizeof(void *) + 4);
	uint8_t bits = 0;

	if (capacity > LINEAR_MAX) {
		for (bits = 4; (1u << bits) * 3 / 4 < capacity; bits++)
			;
		size += (size_t)slot_width(capacity) << bits;
	}
	t->keys = calloc(1, size);
	if (!t->keys) {
		t->keys = old.keys;
		return false;
	}
	t->capacity = capacity;
	t->index_bits = bits;
	t->used = 0;
	for (uint32_t i = 0; i < old.used; i++) {
		if (old.keys[i] == &removed)
			continue;
		t->keys[t->used] = old.keys[i];
		if (t->has_values)
			cf_table_values(t)[t->used] = cf_table_values(&old)[i];
		hashes(t)[t->used] = hashes(&old)[i];
		index_entry(t, t->used++);
	}
	free(old.keys);
	return true;
}

static bool reserve_one(struct cf_table *t)
{
	uint32_t capacity = t->capacity;

	if (t->used < capacity)
		return true;
	if (capacity >= ENTRIES_MAX)
		return false;
	/* Mostly removed entries: clean up in place of growing. */
	if (capacity < 4)
		capacity = 4;
	else if (t->count > capacity / 4 * 3)
		capacity += capacity <= LINEAR_MAX ? capacity : capacity / 2;
	return rebuild(t, capacity);
}

/* --- life -------------------------------------------------------------------------------------- */

bool cf_table_init(struct cf_table *t, const CFDictionaryKeyCallBacks *key,
		   const CFDictionaryValueCallBacks *value, bool has_values)
{
	memset(t, 0, sizeof(*t));
	t->has_values = has_values;
	t->key = copy_key_callbacks(key, &t->owns_key_callbacks);
	t->value = copy_value_callbacks(value, &t->owns_value_callbacks);
	return t->key && t->value;
}

void cf_table_fini(struct cf_table *t, const void *owner)
{
	cf_table_clear(t, owner);
	if (t->owns_key_callbacks)
		free((void *)t->key);
	if (t->owns_value_callbacks)
		free((void *)t->value);
}

void cf_table_clear(struct cf_table *t, const void *owner)
{
	struct cf_table old = *t;

	t->keys = NULL;
	t->count = t->used = t->capacity = 0;
	t->index_bits = 0;
	for (uint32_t i = 0; i < old.used; i++) {
		if (old.keys[i] == &removed)
			continue;
		if (old.has_values)
			drop_value(&old, owner, cf_table_values(&old)[i]);
		drop_key(&old, owner, old.keys[i]);
	}
	free(old.keys);
}

bool cf_table_copy(struct cf_table *t, const void *owner, const struct cf_table *from)
{
	uint32_t cursor = 0;
	int64_t i;

	if (from->count && !rebuild(t, from->count))
		return false;
	while ((i = cf_table_next(from, &cursor)) >= 0)
		if (!cf_table_add(t, owner, from->keys[i],
				  t->has_values ? cf_table_values(from)[i] : NULL))
			return false;
	return true;
}

/* --- access --------------------------------------------------------------------------------------- */

static bool is_entry(const struct cf_table *t, uint32_t i, uint32_t hash, const void *key)
{
	return hashes(t)[i] == hash && t->keys[i] != &removed &&
	       (t->keys[i] == key || (t->key->equal && t->key->equal(t->keys[i], key)));
}

int64_t cf_table_find(const struct cf_table *t, const void *key)
{
	uint32_t hash, mask, slot, deleted;

	if (!t->count)
		return -1;
	hash = hash_key(t, key);
	if (!t->index_bits) {
		for (uint32_t i = 0; i < t->used; i++)
			if (is_entry(t, i, hash, key))
				return i;
		return -1;
	}
	mask = (1u << t->index_bits) - 1;
	deleted =
		slot_width(t->capacity) == 4 ? UINT32_MAX : (1u << slot_width(t->capacity) * 8) - 1;
	for (uint32_t i = hash & mask; (slot = slot_get(t, i)); i = (i + 1) & mask)
		if (slot != deleted && is_entry(t, slot - 1, hash, key))
			return slot - 1;
	return -1;
}

int64_t cf_table_next(const struct cf_table *t, uint32_t *cursor)
{
	while (*cursor < t->used) {
		uint32_t i = (*cursor)++;

		if (t->keys[i] != &removed)
			return i;
	}
	return -1;
}

bool cf_table_add(struct cf_table *t, const void *owner, const void *key, const void *value)
{
	uint32_t i;

	if (!reserve_one(t))
		return false;
	key = keep_key(t, owner, key);
	if (t->has_values)
		value = keep_value(t, owner, value);
	i = t->used;
	t->keys[i] = key;
	if (t->has_values)
		cf_table_values(t)[i] = value;
	hashes(t)[i] = hash_key(t, key);
	t->used++;
	t->count++;
	index_entry(t, i);
	return true;
}

void cf_table_replace_key(struct cf_table *t, const void *owner, int64_t entry, const void *key)
{
	const void *old = t->keys[entry];

	t->keys[entry] = keep_key(t, owner, key);
	drop_key(t, owner, old);
}

void cf_table_replace_value(struct cf_table *t, const void *owner, int64_t entry, const void *value)
{
	const void *old = cf_table_values(t)[entry];

	cf_table_values(t)[entry] = keep_value(t, owner, value);
	drop_value(t, owner, old);
}

void cf_table_remove(struct cf_table *t, const void *owner, int64_t entry)
{
	const void *key = t->keys[entry];
	const void *value = t->has_values ? cf_table_values(t)[entry] : NULL;

	if (t->index_bits) {
		uint32_t mask = (1u << t->index_bits) - 1, i = hashes(t)[entry] & mask;

		while (slot_get(t, i) != entry + 1)
			i = (i + 1) & mask;
		slot_set(t, i, UINT32_MAX);
	}
	t->keys[entry] = &removed;
	t->count--;
	if (t->has_values)
		drop_value(t, owner, value);
	drop_key(t, owner, key);
}

/* --- collections -------------------------------------------------------------------------------------- */

struct cf_collection *cf_collection_new(CFAllocatorRef allocator, CFTypeID type, bool is_mutable,
					const CFDictionaryKeyCallBacks *key,
					const CFDictionaryValueCallBacks *value, bool has_values)
{
	struct cf_collection *c = cf_object_new_in(allocator, type, sizeof(*c));

	if (!c)
		return NULL;
	cf_set_flags(c, is_mutable ? CF_COLLECTION_MUTABLE : 0);
	if (!cf_table_init(&c->table, key, value, has_values)) {
		CFRelease(c);
		return NULL;
	}
	return c;
}

struct cf_collection *cf_collection_copy(CFAllocatorRef allocator, const struct cf_collection *from,
					 bool is_mutable)
{
	struct cf_collection *c =
		cf_collection_new(allocator, cf_type_of(from), is_mutable, from->table.key,
				  from->table.value, from->table.has_values);

	if (c && !cf_table_copy(&c->table, c, &from->table)) {
		CFRelease(c);
		return NULL;
	}
	return c;
}

void cf_collection_fini(void *object)
{
	struct cf_collection *c = object;

	cf_table_fini(&c->table, c);
}

bool cf_collection_equal(const void *a, const void *b)
{
	const struct cf_table *x = &((const struct cf_collection *)a)->table;
	const struct cf_table *y = &((const struct cf_collection *)b)->table;
	uint32_t cursor = 0;
	int64_t i, j;

	if (x->count != y->count || x->key->equal != y->key->equal ||
	    x->key->hash != y->key->hash || x->value->equal != y->value->equal)
		return false;
	while ((i = cf_table_next(x, &cursor)) >= 0) {
		const void *v, *w;

		j = cf_table_find(y, x->keys[i]);
		if (j < 0)
			return false;
		if (!x->has_values)
			continue;
		v = cf_table_values(x)[i];
		w = cf_table_values(y)[j];
		if (v != w && !(x->value->equal && x->value->equal(v, w)))
			return false;
	}
	return true;
}

CFHashCode cf_collection_hash(const void *object)
{
	return ((const struct cf_collection *)object)->table.count;
}
