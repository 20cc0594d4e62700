// SPDX-License-Identifier: MIT
#include "cf/table.h"

#include <CoreFoundation/CFSet.h>

/* Callbacks of sets and of dictionary keys have one layout. */
_Static_assert(sizeof(CFSetCallBacks) == sizeof(CFDictionaryKeyCallBacks), "callbacks differ");

struct __CFSet {
	struct cf_collection c;
};

static const void *copy_string(CFAllocatorRef allocator, const void *value)
{
	return CFStringCreateCopy(allocator, value);
}

const CFSetCallBacks kCFTypeSetCallBacks = {
	0, cf_callback_retain, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};
const CFSetCallBacks kCFCopyStringSetCallBacks = {
	0, copy_string, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};

static CFStringRef set_copy_description(const void *object)
{
	const struct cf_table *t = &((CFSetRef)object)->c.table;
	struct cf_description d;
	uint32_t cursor = 0;
	int64_t i;

	cf_description_begin(&d, "{(");
	while (d.text && (i = cf_table_next(t, &cursor)) >= 0) {
		cf_description_line(&d);
		cf_description_value(&d, t->keys[i], t->key->copyDescription);
	}
	return cf_description_end(&d, ")}");
}

const struct cf_class cf_set_class = {
	.name = "CFSet",
	.fini = cf_collection_fini,
	.equal = cf_collection_equal,
	.hash = cf_collection_hash,
	.copy_description = set_copy_description,
};

CFTypeID CFSetGetTypeID(void)
{
	return CF_TYPE_SET;
}

/* --- making --------------------------------------------------------------------------------- */

CFMutableSetRef CFSetCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
				   const CFSetCallBacks *callBacks)
{
	if (capacity < 0)
		return NULL;
	return (CFMutableSetRef)cf_collection_new(allocator, CF_TYPE_SET, true,
						  (const CFDictionaryKeyCallBacks *)callBacks, NULL,
						  false);
}

CFSetRef CFSetCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
		     const CFSetCallBacks *callBacks)
{
	struct cf_collection *c;

	if (numValues < 0 || (numValues && !values))
		return NULL;
	c = cf_collection_new(allocator, CF_TYPE_SET, false,
			      (const CFDictionaryKeyCallBacks *)callBacks, NULL, false);
	for (CFIndex i = 0; c && i < numValues; i++) {
		if (cf_table_find(&c->table, values[i]) < 0 &&
		    !cf_table_add(&c->table, c, values[i], NULL)) {
			CFRelease(c);
			c = NULL;
		}
	}
	return (CFSetRef)c;
}

CFSetRef CFSetCreateCopy(CFAllocatorRef allocator, CFSetRef theSet)
{
	if (!cf_is(theSet, CF_TYPE_SET))
		return NULL;
	if (!(cf_flags(theSet) & CF_COLLECTION_MUTABLE))
		return CFRetain(theSet);
	return (CFSetRef)cf_collection_copy(allocator, &theSet->c, false);
}

CFMutableSetRef CFSetCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFSetRef theSet)
{
	return cf_is(theSet, CF_TYPE_SET)
		     ? (CFMutableSetRef)cf_collection_copy(allocator, &theSet->c, true)
		     : NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

static int64_t find(CFSetRef set, const void *value)
{
	if (!cf_is(set, CF_TYPE_SET) || (!value && set->c.table.key->retain))
		return -1;
	return cf_table_find(&set->c.table, value);
}

CFIndex CFSetGetCount(CFSetRef theSet)
{
	return cf_is(theSet, CF_TYPE_SET) ? theSet->c.table.count : 0;
}

CFIndex CFSetGetCountOfValue(CFSetRef theSet, const void *value)
{
	return find(theSet, value) >= 0;
}

Boolean CFSetContainsValue(CFSetRef theSet, const void *value)
{
	return find(theSet, value) >= 0;
}

const void *CFSetGetValue(CFSetRef theSet, const void *value)
{
	int64_t i = find(theSet, value);

	return i < 0 ? NULL : theSet->c.table.keys[i];
}

Boolean CFSetGetValueIfPresent(CFSetRef theSet, const void *candidate, const void **value)
{
	int64_t i = find(theSet, candidate);

	if (i < 0)
		return FALSE;
	if (value)
		*value = theSet->c.table.keys[i];
	return TRUE;
}

void CFSetGetValues(CFSetRef theSet, const void **values)
{
	uint32_t cursor = 0;
	CFIndex n = 0;
	int64_t i;

	if (!cf_is(theSet, CF_TYPE_SET) || !values)
		return;
	while ((i = cf_table_next(&theSet->c.table, &cursor)) >= 0)
		values[n++] = theSet->c.table.keys[i];
}

void CFSetApplyFunction(CFSetRef theSet, CFSetApplierFunction applier, void *context)
{
	uint32_t cursor = 0;
	int64_t i;

	if (!cf_is(theSet, CF_TYPE_SET) || !applier)
		return;
	while ((i = cf_table_next(&theSet->c.table, &cursor)) >= 0)
		applier(theSet->c.table.keys[i], context);
}

/* --- changing ----------------------------------------------------------------------------------- */

static bool can_store(CFSetRef set, const void *value)
{
	return cf_collection_is_mutable(set, CF_TYPE_SET) && (value || !set->c.table.key->retain);
}

void CFSetAddValue(CFMutableSetRef theSet, const void *value)
{
	if (can_store(theSet, value) && cf_table_find(&theSet->c.table, value) < 0)
		cf_table_add(&theSet->c.table, theSet, value, NULL);
}

void CFSetReplaceValue(CFMutableSetRef theSet, const void *value)
{
	int64_t i;

	if (!can_store(theSet, value))
		return;
	i = cf_table_find(&theSet->c.table, value);
	if (i >= 0)
		cf_table_replace_key(&theSet->c.table, theSet, i, value);
}

void CFSetSetValue(CFMutableSetRef theSet, const void *value)
{
	CFSetReplaceValue(theSet, value);
	CFSetAddValue(theSet, value);
}

void CFSetRemoveValue(CFMutableSetRef theSet, const void *value)
{
	int64_t i = find(theSet, value);

	if (i >= 0 && cf_collection_is_mutable(theSet, CF_TYPE_SET))
		cf_table_remove(&theSet->c.table, theSet, i);
}

void CFSetRemoveAllValues(CFMutableSetRef theSet)
{
	if (cf_collection_is_mutable(theSet, CF_TYPE_SET))
		cf_table_clear(&theSet->c.table, theSet);
}
