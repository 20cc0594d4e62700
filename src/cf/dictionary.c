// SPDX-License-Identifier: MIT
#include "cf/table.h"

/* The public type. */
struct __CFDictionary {
	struct cf_collection c;
};

static const void *copy_string(CFAllocatorRef allocator, const void *value)
{
	return CFStringCreateCopy(allocator, value);
}

const CFDictionaryKeyCallBacks kCFTypeDictionaryKeyCallBacks = {
	0, cf_callback_retain, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};
const CFDictionaryValueCallBacks kCFTypeDictionaryValueCallBacks = { 0, cf_callback_retain,
								     cf_callback_release,
								     CFCopyDescription, CFEqual };
const CFDictionaryKeyCallBacks kCFCopyStringDictionaryKeyCallBacks = {
	0, copy_string, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};

static CFStringRef dictionary_copy_description(const void *object)
{
	const struct cf_table *t = &((CFDictionaryRef)object)->c.table;
	struct cf_description d;
	uint32_t cursor = 0;
	int64_t i;

	cf_description_begin(&d, "{");
	while (d.text && (i = cf_table_next(t, &cursor)) >= 0) {
		cf_description_line(&d);
		cf_description_value(&d, t->keys[i], t->key->copyDescription);
		CFStringAppend(d.text, CFSTR(" = "));
		cf_description_value(&d, cf_table_values(t)[i], t->value->copyDescription);
		CFStringAppend(d.text, CFSTR(";"));
	}
	return cf_description_end(&d, "}");
}

const struct cf_class cf_dictionary_class = {
	.name = "CFDictionary",
	.fini = cf_collection_fini,
	.equal = cf_collection_equal,
	.hash = cf_collection_hash,
	.copy_description = dictionary_copy_description,
};

CFTypeID CFDictionaryGetTypeID(void)
{
	return CF_TYPE_DICTIONARY;
}

/* --- making --------------------------------------------------------------------------------- */

CFMutableDictionaryRef CFDictionaryCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
						 const CFDictionaryKeyCallBacks *keyCallBacks,
						 const CFDictionaryValueCallBacks *valueCallBacks)
{
	if (capacity < 0)
		return NULL;
	return (CFMutableDictionaryRef)cf_collection_new(allocator, CF_TYPE_DICTIONARY, true,
							 keyCallBacks, valueCallBacks, true);
}

CFDictionaryRef CFDictionaryCreate(CFAllocatorRef allocator, const void **keys, const void **values,
				   CFIndex numValues, const CFDictionaryKeyCallBacks *keyCallBacks,
				   const CFDictionaryValueCallBacks *valueCallBacks)
{
	struct cf_collection *c;

	if (numValues < 0 || (numValues && (!keys || !values)))
		return NULL;
	c = cf_collection_new(allocator, CF_TYPE_DICTIONARY, false, keyCallBacks, valueCallBacks,
			      true);
	for (CFIndex i = 0; c && i < numValues; i++) {
		if (cf_table_find(&c->table, keys[i]) < 0 &&
		    !cf_table_add(&c->table, c, keys[i], values[i])) {
			CFRelease(c);
			c = NULL;
		}
	}
	return (CFDictionaryRef)c;
}

CFDictionaryRef CFDictionaryCreateCopy(CFAllocatorRef allocator, CFDictionaryRef theDict)
{
	if (!cf_is(theDict, CF_TYPE_DICTIONARY))
		return NULL;
	if (!(cf_flags(theDict) & CF_COLLECTION_MUTABLE))
		return CFRetain(theDict);
	return (CFDictionaryRef)cf_collection_copy(allocator, &theDict->c, false);
}

CFMutableDictionaryRef CFDictionaryCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
						     CFDictionaryRef theDict)
{
	if (!cf_is(theDict, CF_TYPE_DICTIONARY))
		return NULL;
	return (CFMutableDictionaryRef)cf_collection_copy(allocator, &theDict->c, true);
}

/* --- reading --------------------------------------------------------------------------------- */

static int64_t find(CFDictionaryRef dict, const void *key)
{
	const struct cf_table *t;

	if (!cf_is(dict, CF_TYPE_DICTIONARY))
		return -1;
	t = &dict->c.table;
	/* Keys that are objects cannot be NULL; asking for it is no reason to crash. */
	if (!key && t->key->retain)
		return -1;
	return cf_table_find(t, key);
}

CFIndex CFDictionaryGetCount(CFDictionaryRef theDict)
{
	return cf_is(theDict, CF_TYPE_DICTIONARY) ? theDict->c.table.count : 0;
}

CFIndex CFDictionaryGetCountOfKey(CFDictionaryRef theDict, const void *key)
{
	return find(theDict, key) >= 0;
}

CFIndex CFDictionaryGetCountOfValue(CFDictionaryRef theDict, const void *value)
{
	uint32_t cursor = 0;
	CFIndex count = 0;
	int64_t i;

	if (!cf_is(theDict, CF_TYPE_DICTIONARY))
		return 0;
	while ((i = cf_table_next(&theDict->c.table, &cursor)) >= 0) {
		const struct cf_table *t = &theDict->c.table;
		const void *other = cf_table_values(t)[i];

		count += other == value ||
			 (t->value->equal && value && t->value->equal(other, value));
	}
	return count;
}

Boolean CFDictionaryContainsKey(CFDictionaryRef theDict, const void *key)
{
	return find(theDict, key) >= 0;
}

Boolean CFDictionaryContainsValue(CFDictionaryRef theDict, const void *value)
{
	return CFDictionaryGetCountOfValue(theDict, value) > 0;
}

const void *CFDictionaryGetValue(CFDictionaryRef theDict, const void *key)
{
	int64_t i = find(theDict, key);

	return i < 0 ? NULL : cf_table_values(&theDict->c.table)[i];
}

Boolean CFDictionaryGetValueIfPresent(CFDictionaryRef theDict, const void *key, const void **value)
{
	int64_t i = find(theDict, key);

	if (i < 0)
		return FALSE;
	if (value)
		*value = cf_table_values(&theDict->c.table)[i];
	return TRUE;
}

Boolean CFDictionaryGetKeyIfPresent(CFDictionaryRef theDict, const void *key,
				    const void **actualkey)
{
	int64_t i = find(theDict, key);

	if (i < 0)
		return FALSE;
	if (actualkey)
		*actualkey = theDict->c.table.keys[i];
	return TRUE;
}

void CFDictionaryGetKeysAndValues(CFDictionaryRef theDict, const void **keys, const void **values)
{
	uint32_t cursor = 0;
	CFIndex n = 0;
	int64_t i;

	if (!cf_is(theDict, CF_TYPE_DICTIONARY))
		return;
	for (; (i = cf_table_next(&theDict->c.table, &cursor)) >= 0; n++) {
		if (keys)
			keys[n] = theDict->c.table.keys[i];
		if (values)
			values[n] = cf_table_values(&theDict->c.table)[i];
	}
}

void CFDictionaryApplyFunction(CFDictionaryRef theDict, CFDictionaryApplierFunction applier,
			       void *context)
{
	uint32_t cursor = 0;
	int64_t i;

	if (!cf_is(theDict, CF_TYPE_DICTIONARY) || !applier)
		return;
	/* Looks at the table anew each time: the function may change it. */
	while ((i = cf_table_next(&theDict->c.table, &cursor)) >= 0)
		applier(theDict->c.table.keys[i], cf_table_values(&theDict->c.table)[i], context);
}

/* --- changing ----------------------------------------------------------------------------------- */

/* May KEY and VALUE be stored? NULL is none of the objects that callbacks expect. */
static bool can_store(CFDictionaryRef dict, const void *key, const void *value)
{
	return cf_collection_is_mutable(dict, CF_TYPE_DICTIONARY) &&
	       (key || !dict->c.table.key->retain) && (value || !dict->c.table.value->retain);
}

void CFDictionaryAddValue(CFMutableDictionaryRef theDict, const void *key, const void *value)
{
	if (can_store(theDict, key, value) && cf_table_find(&theDict->c.table, key) < 0)
		cf_table_add(&theDict->c.table, theDict, key, value);
}

void CFDictionarySetValue(CFMutableDictionaryRef theDict, const void *key, const void *value)
{
	int64_t i;

	if (!can_store(theDict, key, value))
		return;
	i = cf_table_find(&theDict->c.table, key);
	if (i >= 0)
		cf_table_replace_value(&theDict->c.table, theDict, i, value);
	else
		cf_table_add(&theDict->c.table, theDict, key, value);
}

void CFDictionaryReplaceValue(CFMutableDictionaryRef theDict, const void *key, const void *value)
{
	int64_t i;

	if (!can_store(theDict, key, value))
		return;
	i = cf_table_find(&theDict->c.table, key);
	if (i >= 0)
		cf_table_replace_value(&theDict->c.table, theDict, i, value);
}

void CFDictionaryRemoveValue(CFMutableDictionaryRef theDict, const void *key)
{
	int64_t i = find(theDict, key);

	if (i >= 0 && cf_collection_is_mutable(theDict, CF_TYPE_DICTIONARY))
		cf_table_remove(&theDict->c.table, theDict, i);
}

void CFDictionaryRemoveAllValues(CFMutableDictionaryRef theDict)
{
	if (cf_collection_is_mutable(theDict, CF_TYPE_DICTIONARY))
		cf_table_clear(&theDict->c.table, theDict);
}
