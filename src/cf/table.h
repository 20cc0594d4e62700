// SPDX-License-Identifier: MIT
/*
 * The hash table behind dictionaries, sets and bags: keys with optional values
 * in order of insertion, and above eight entries an index of one, two or four
 * bytes a slot. Tables of a few entries are the common case (registry
 * properties) and are searched linearly by hash.
 *
 * It holds references through the callbacks of its owner. Callbacks run only
 * while the table is consistent.
 */
#pragma once

#include <CoreFoundation/CFDictionary.h>

#include "cf/cf_internal.h"

struct cf_table {
	const CFDictionaryKeyCallBacks *key;
	const CFDictionaryValueCallBacks *value;
	const void **keys; /* start of the one block: keys, values, hashes, index */
	uint32_t count;	   /* live entries */
	uint32_t used;	   /* entries including removed ones */
	uint32_t capacity;
	uint8_t index_bits; /* 0: no index */
	bool has_values;    /* values are kept (in a bag: counts, without callbacks) */
	bool owns_key_callbacks, owns_value_callbacks;
};

/* The object of all three types. */
struct cf_collection {
	struct cf_object base;
	struct cf_table table;
};

enum { CF_COLLECTION_MUTABLE = 1 };

/* NULL callbacks: plain pointers. False without memory. */
bool cf_table_init(struct cf_table *t, const CFDictionaryKeyCallBacks *key,
		   const CFDictionaryValueCallBacks *value, bool has_values);
void cf_table_fini(struct cf_table *t, const void *owner);

/* The entry of a key, -1 when there is none. */
int64_t cf_table_find(const struct cf_table *t, const void *key);
/* Walk: start with *CURSOR = 0; the next entry or -1. */
int64_t cf_table_next(const struct cf_table *t, uint32_t *cursor);

static inline const void **cf_table_values(const struct cf_table *t)
{
	return t->keys + t->capacity;
}

/* A key that is not there yet. OWNER is passed to the callbacks as its allocator. */
bool cf_table_add(struct cf_table *t, const void *owner, const void *key, const void *value);
void cf_table_replace_key(struct cf_table *t, const void *owner, int64_t entry, const void *key);
void cf_table_replace_value(struct cf_table *t, const void *owner, int64_t entry,
			    const void *value);
void cf_table_remove(struct cf_table *t, const void *owner, int64_t entry);
void cf_table_clear(struct cf_table *t, const void *owner);
/* Fill an empty table with the entries of another. */
bool cf_table_copy(struct cf_table *t, const void *owner, const struct cf_table *from);

/* A new empty collection. */
struct cf_collection *cf_collection_new(CFAllocatorRef allocator, CFTypeID type, bool is_mutable,
					const CFDictionaryKeyCallBacks *key,
					const CFDictionaryValueCallBacks *value, bool has_values);
/* A copy, of the given mutability. */
struct cf_collection *cf_collection_copy(CFAllocatorRef allocator, const struct cf_collection *from,
					 bool is_mutable);
void cf_collection_fini(void *object);
/* Same keys, and values equal by the value callbacks (or by address when there are none). */
bool cf_collection_equal(const void *a, const void *b);
CFHashCode cf_collection_hash(const void *object);

static inline bool cf_collection_is_mutable(const void *object, CFTypeID type)
{
	return cf_is(object, type) && (cf_flags(object) & CF_COLLECTION_MUTABLE);
}
