// SPDX-License-Identifier: MIT
#include "cf/values.h"

#include <CoreFoundation/CFBag.h>
#include <CoreFoundation/CFSet.h>

/* Callbacks of sets, bags and dictionary keys have one layout. */
_Static_assert(sizeof(CFSetCallBacks) == sizeof(CFDictionaryKeyCallBacks), "callbacks differ");
_Static_assert(sizeof(CFBagCallBacks) == sizeof(CFDictionaryKeyCallBacks), "callbacks differ");

const void *cf_values_copy_string(CFAllocatorRef allocator, const void *value)
{
	return CFStringCreateCopy(allocator, value);
}

static const struct cf_table *table_of(CFTypeID type, const void *object)
{
	return cf_is(object, type) ? &((const struct cf_collection *)object)->table : NULL;
}

/* How often the value of ENTRY is there. Counts stand where a dictionary has its values; without
 * value callbacks they are simply stored. */
static CFIndex entry_count(const struct cf_table *t, int64_t entry)
{
	return t->has_values ? (CFIndex)(uintptr_t)cf_table_values(t)[entry] : 1;
}

static void set_count(struct cf_table *t, int64_t entry, CFIndex count)
{
	cf_table_values(t)[entry] = (const void *)(uintptr_t)count;
}

static bool add_one(struct cf_collection *c, const void *value)
{
	int64_t i = cf_table_find(&c->table, value);

	if (i < 0)
		return cf_table_add(&c->table, c, value,
				    c->table.has_values ? (const void *)(uintptr_t)1 : NULL);
	if (c->table.has_values)
		set_count(&c->table, i, entry_count(&c->table, i) + 1);
	return true;
}

/* --- making --------------------------------------------------------------------------------- */

static struct cf_collection *collection_new(CFTypeID type, CFAllocatorRef allocator,
					    bool is_mutable, const void *callbacks)
{
	return cf_collection_new(allocator, type, is_mutable, callbacks, NULL, type == CF_TYPE_BAG);
}

void *cf_values_new_mutable(CFTypeID type, CFAllocatorRef allocator, CFIndex capacity,
			    const void *callbacks)
{
	return capacity < 0 ? NULL : collection_new(type, allocator, true, callbacks);
}

void *cf_values_new(CFTypeID type, CFAllocatorRef allocator, const void **values, CFIndex n,
		    const void *callbacks)
{
	struct cf_collection *c;

	if (n < 0 || (n && !values))
		return NULL;
	c = collection_new(type, allocator, false, callbacks);
	for (CFIndex i = 0; c && i < n; i++) {
		if (!add_one(c, values[i])) {
			CFRelease(c);
			c = NULL;
		}
	}
	return c;
}

void *cf_values_copy(CFTypeID type, CFAllocatorRef allocator, const void *object, bool is_mutable)
{
	if (!cf_is(object, type))
		return NULL;
	if (!is_mutable && !(cf_flags(object) & CF_COLLECTION_MUTABLE))
		return (void *)(uintptr_t)CFRetain(object);
	return cf_collection_copy(allocator, object, is_mutable);
}

CFStringRef cf_values_copy_description(const void *object)
{
	const struct cf_table *t = &((const struct cf_collection *)object)->table;
	struct cf_description d;
	uint32_t cursor = 0;
	int64_t i;

	cf_description_begin(&d, "{(");
	while (d.text && (i = cf_table_next(t, &cursor)) >= 0) {
		cf_description_line(&d);
		cf_description_value(&d, t->keys[i], t->key->copyDescription);
		if (t->has_values)
			CFStringAppendFormat(d.text, NULL, CFSTR(" (%ld)"), entry_count(t, i));
	}
	return cf_description_end(&d, ")}");
}

/* --- reading ----------------------------------------------------------------------------------- */

/* NULL is no value where values are objects. */
static int64_t find(const struct cf_table *t, const void *value)
{
	return !t || (!value && t->key->retain) ? -1 : cf_table_find(t, value);
}

CFIndex cf_values_count(CFTypeID type, const void *object)
{
	const struct cf_table *t = table_of(type, object);
	uint32_t cursor = 0;
	CFIndex n = 0;
	int64_t i;

	if (!t || !t->has_values)
		return t ? t->count : 0;
	while ((i = cf_table_next(t, &cursor)) >= 0)
		n += entry_count(t, i);
	return n;
}

CFIndex cf_values_count_of(CFTypeID type, const void *object, const void *value)
{
	const struct cf_table *t = table_of(type, object);
	int64_t i = find(t, value);

	return i < 0 ? 0 : entry_count(t, i);
}

bool cf_values_find(CFTypeID type, const void *object, const void *value, const void **ret_value)
{
	const struct cf_table *t = table_of(type, object);
	int64_t i = find(t, value);

	if (i < 0)
		return false;
	if (ret_value)
		*ret_value = t->keys[i];
	return true;
}

void cf_values_get_all(CFTypeID type, const void *object, const void **values)
{
	const struct cf_table *t = table_of(type, object);
	uint32_t cursor = 0;
	CFIndex n = 0;
	int64_t i;

	if (!t || !values)
		return;
	while ((i = cf_table_next(t, &cursor)) >= 0)
		for (CFIndex k = entry_count(t, i); k > 0; k--)
			values[n++] = t->keys[i];
}

void cf_values_apply(CFTypeID type, const void *object,
		     void (*applier)(const void *value, void *context), void *context)
{
	const struct cf_table *t = table_of(type, object);
	uint32_t cursor = 0;
	int64_t i;

	if (!t || !applier)
		return;
	while ((i = cf_table_next(t, &cursor)) >= 0) {
		const void *value = t->keys[i];

		for (CFIndex k = entry_count(t, i); k > 0; k--)
			applier(value, context);
	}
}

/* --- changing ------------------------------------------------------------------------------------- */

static bool can_store(CFTypeID type, const struct cf_collection *c, const void *value)
{
	return cf_collection_is_mutable(c, type) && (value || !c->table.key->retain);
}

void cf_values_add(CFTypeID type, void *object, const void *value)
{
	if (can_store(type, object, value))
		add_one(object, value);
}

void cf_values_replace(CFTypeID type, void *object, const void *value)
{
	struct cf_collection *c = object;
	int64_t i;

	if (!can_store(type, c, value))
		return;
	i = cf_table_find(&c->table, value);
	if (i >= 0)
		cf_table_replace_key(&c->table, c, i, value);
}

void cf_values_set(CFTypeID type, void *object, const void *value)
{
	if (cf_values_find(type, object, value, NULL))
		cf_values_replace(type, object, value);
	else
		cf_values_add(type, object, value);
}

void cf_values_remove(CFTypeID type, void *object, const void *value)
{
	struct cf_collection *c = object;
	int64_t i = find(table_of(type, object), value);

	if (i < 0 || !cf_collection_is_mutable(object, type))
		return;
	if (entry_count(&c->table, i) > 1)
		set_count(&c->table, i, entry_count(&c->table, i) - 1);
	else
		cf_table_remove(&c->table, c, i);
}

void cf_values_remove_all(CFTypeID type, void *object)
{
	if (cf_collection_is_mutable(object, type))
		cf_table_clear(&((struct cf_collection *)object)->table, object);
}
