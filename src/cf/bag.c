// SPDX-License-Identifier: MIT
/* Bags: the values of the table are counts. */
#include "cf/table.h"

#include <CoreFoundation/CFBag.h>

/* Callbacks of bags and of dictionary keys have one layout. */
_Static_assert(sizeof(CFBagCallBacks) == sizeof(CFDictionaryKeyCallBacks), "callbacks differ");

struct __CFBag {
	struct cf_collection c;
};

static CFIndex entry_count(const struct cf_table *t, int64_t entry)
{
	return (CFIndex)(uintptr_t)cf_table_values(t)[entry];
}

/* There are no value callbacks, so counts are simply stored. */
static void set_count(struct cf_table *t, int64_t entry, CFIndex count)
{
	cf_table_values(t)[entry] = (const void *)(uintptr_t)count;
}

static bool add_one(struct cf_collection *c, const void *value)
{
	int64_t i = cf_table_find(&c->table, value);

	if (i < 0)
		return cf_table_add(&c->table, c, value, (const void *)(uintptr_t)1);
	set_count(&c->table, i, entry_count(&c->table, i) + 1);
	return true;
}

static CFIndex total(const struct cf_table *t)
{
	uint32_t cursor = 0;
	CFIndex n = 0;
	int64_t i;

	while ((i = cf_table_next(t, &cursor)) >= 0)
		n += entry_count(t, i);
	return n;
}

static const void *copy_string(CFAllocatorRef allocator, const void *value)
{
	return CFStringCreateCopy(allocator, value);
}

const CFBagCallBacks kCFTypeBagCallBacks = {
	0, cf_callback_retain, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};
const CFBagCallBacks kCFCopyStringBagCallBacks = {
	0, copy_string, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};

static CFStringRef bag_copy_description(const void *object)
{
	const struct cf_table *t = &((CFBagRef)object)->c.table;
	struct cf_description d;
	uint32_t cursor = 0;
	int64_t i;

	cf_description_begin(&d, "{(");
	while (d.text && (i = cf_table_next(t, &cursor)) >= 0) {
		cf_description_line(&d);
		cf_description_value(&d, t->keys[i], t->key->copyDescription);
		CFStringAppendFormat(d.text, NULL, CFSTR(" (%ld)"), entry_count(t, i));
	}
	return cf_description_end(&d, ")}");
}

const struct cf_class cf_bag_class = {
	.name = "CFBag",
	.fini = cf_collection_fini,
	.equal = cf_collection_equal,
	.hash = cf_collection_hash,
	.copy_description = bag_copy_description,
};

CFTypeID CFBagGetTypeID(void)
{
	return CF_TYPE_BAG;
}

/* --- making --------------------------------------------------------------------------------- */

CFMutableBagRef CFBagCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
				   const CFBagCallBacks *callBacks)
{
	if (capacity < 0)
		return NULL;
	return (CFMutableBagRef)cf_collection_new(allocator, CF_TYPE_BAG, true,
						  (const CFDictionaryKeyCallBacks *)callBacks, NULL,
						  true);
}

CFBagRef CFBagCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
		     const CFBagCallBacks *callBacks)
{
	struct cf_collection *c;

	if (numValues < 0 || (numValues && !values))
		return NULL;
	c = cf_collection_new(allocator, CF_TYPE_BAG, false,
			      (const CFDictionaryKeyCallBacks *)callBacks, NULL, true);
	for (CFIndex i = 0; c && i < numValues; i++) {
		if (!add_one(c, values[i])) {
			CFRelease(c);
			c = NULL;
		}
	}
	return (CFBagRef)c;
}

CFBagRef CFBagCreateCopy(CFAllocatorRef allocator, CFBagRef theBag)
{
	if (!cf_is(theBag, CF_TYPE_BAG))
		return NULL;
	if (!(cf_flags(theBag) & CF_COLLECTION_MUTABLE))
		return CFRetain(theBag);
	return (CFBagRef)cf_collection_copy(allocator, &theBag->c, false);
}

CFMutableBagRef CFBagCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFBagRef theBag)
{
	return cf_is(theBag, CF_TYPE_BAG)
		     ? (CFMutableBagRef)cf_collection_copy(allocator, &theBag->c, true)
		     : NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

static int64_t find(CFBagRef bag, const void *value)
{
	if (!cf_is(bag, CF_TYPE_BAG) || (!value && bag->c.table.key->retain))
		return -1;
	return cf_table_find(&bag->c.table, value);
}

CFIndex CFBagGetCount(CFBagRef theBag)
{
	return cf_is(theBag, CF_TYPE_BAG) ? total(&theBag->c.table) : 0;
}

CFIndex CFBagGetCountOfValue(CFBagRef theBag, const void *value)
{
	int64_t i = find(theBag, value);

	return i < 0 ? 0 : entry_count(&theBag->c.table, i);
}

Boolean CFBagContainsValue(CFBagRef theBag, const void *value)
{
	return find(theBag, value) >= 0;
}

const void *CFBagGetValue(CFBagRef theBag, const void *value)
{
	int64_t i = find(theBag, value);

	return i < 0 ? NULL : theBag->c.table.keys[i];
}

Boolean CFBagGetValueIfPresent(CFBagRef theBag, const void *candidate, const void **value)
{
	int64_t i = find(theBag, candidate);

	if (i < 0)
		return FALSE;
	if (value)
		*value = theBag->c.table.keys[i];
	return TRUE;
}

void CFBagGetValues(CFBagRef theBag, const void **values)
{
	uint32_t cursor = 0;
	CFIndex n = 0;
	int64_t i;

	if (!cf_is(theBag, CF_TYPE_BAG) || !values)
		return;
	while ((i = cf_table_next(&theBag->c.table, &cursor)) >= 0)
		for (CFIndex k = entry_count(&theBag->c.table, i); k > 0; k--)
			values[n++] = theBag->c.table.keys[i];
}

void CFBagApplyFunction(CFBagRef theBag, CFBagApplierFunction applier, void *context)
{
	uint32_t cursor = 0;
	int64_t i;

	if (!cf_is(theBag, CF_TYPE_BAG) || !applier)
		return;
	while ((i = cf_table_next(&theBag->c.table, &cursor)) >= 0) {
		const void *value = theBag->c.table.keys[i];

		for (CFIndex k = entry_count(&theBag->c.table, i); k > 0; k--)
			applier(value, context);
	}
}

/* --- changing ----------------------------------------------------------------------------------- */

static bool can_store(CFBagRef bag, const void *value)
{
	return cf_collection_is_mutable(bag, CF_TYPE_BAG) && (value || !bag->c.table.key->retain);
}

void CFBagAddValue(CFMutableBagRef theBag, const void *value)
{
	if (can_store(theBag, value))
		add_one(&theBag->c, value);
}

void CFBagReplaceValue(CFMutableBagRef theBag, const void *value)
{
	int64_t i;

	if (!can_store(theBag, value))
		return;
	i = cf_table_find(&theBag->c.table, value);
	if (i >= 0)
		cf_table_replace_key(&theBag->c.table, theBag, i, value);
}

void CFBagSetValue(CFMutableBagRef theBag, const void *value)
{
	if (find(theBag, value) >= 0)
		CFBagReplaceValue(theBag, value);
	else
		CFBagAddValue(theBag, value);
}

void CFBagRemoveValue(CFMutableBagRef theBag, const void *value)
{
	int64_t i = find(theBag, value);

	if (i < 0 || !cf_collection_is_mutable(theBag, CF_TYPE_BAG))
		return;
	if (entry_count(&theBag->c.table, i) > 1)
		set_count(&theBag->c.table, i, entry_count(&theBag->c.table, i) - 1);
	else
		cf_table_remove(&theBag->c.table, theBag, i);
}

void CFBagRemoveAllValues(CFMutableBagRef theBag)
{
	if (cf_collection_is_mutable(theBag, CF_TYPE_BAG))
		cf_table_clear(&theBag->c.table, theBag);
}
