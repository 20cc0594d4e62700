// SPDX-License-Identifier: MIT
/* CFBag: values.c under its public names. */
#include <CoreFoundation/CFBag.h>

#include "cf/values.h"

const CFBagCallBacks kCFTypeBagCallBacks = {
	0, cf_callback_retain, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};
const CFBagCallBacks kCFCopyStringBagCallBacks = {
	0, cf_values_copy_string, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};

const struct cf_class cf_bag_class = {
	.name = "CFBag",
	.fini = cf_collection_fini,
	.equal = cf_collection_equal,
	.hash = cf_collection_hash,
	.copy_description = cf_values_copy_description,
};

CFTypeID CFBagGetTypeID(void)
{
	return CF_TYPE_BAG;
}

CFBagRef CFBagCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
		     const CFBagCallBacks *callBacks)
{
	return cf_values_new(CF_TYPE_BAG, allocator, values, numValues, callBacks);
}

CFMutableBagRef CFBagCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
				   const CFBagCallBacks *callBacks)
{
	return cf_values_new_mutable(CF_TYPE_BAG, allocator, capacity, callBacks);
}

CFBagRef CFBagCreateCopy(CFAllocatorRef allocator, CFBagRef theBag)
{
	return cf_values_copy(CF_TYPE_BAG, allocator, theBag, false);
}

CFMutableBagRef CFBagCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFBagRef theBag)
{
	return cf_values_copy(CF_TYPE_BAG, allocator, theBag, true);
}

CFIndex CFBagGetCount(CFBagRef theBag)
{
	return cf_values_count(CF_TYPE_BAG, theBag);
}

CFIndex CFBagGetCountOfValue(CFBagRef theBag, const void *value)
{
	return cf_values_count_of(CF_TYPE_BAG, theBag, value);
}

Boolean CFBagContainsValue(CFBagRef theBag, const void *value)
{
	return cf_values_find(CF_TYPE_BAG, theBag, value, NULL);
}

const void *CFBagGetValue(CFBagRef theBag, const void *value)
{
	const void *found = NULL;

	cf_values_find(CF_TYPE_BAG, theBag, value, &found);
	return found;
}

Boolean CFBagGetValueIfPresent(CFBagRef theBag, const void *candidate, const void **value)
{
	return cf_values_find(CF_TYPE_BAG, theBag, candidate, value);
}

void CFBagGetValues(CFBagRef theBag, const void **values)
{
	cf_values_get_all(CF_TYPE_BAG, theBag, values);
}

void CFBagApplyFunction(CFBagRef theBag, CFBagApplierFunction applier, void *context)
{
	cf_values_apply(CF_TYPE_BAG, theBag, applier, context);
}

void CFBagAddValue(CFMutableBagRef theBag, const void *value)
{
	cf_values_add(CF_TYPE_BAG, theBag, value);
}

void CFBagReplaceValue(CFMutableBagRef theBag, const void *value)
{
	cf_values_replace(CF_TYPE_BAG, theBag, value);
}

void CFBagSetValue(CFMutableBagRef theBag, const void *value)
{
	cf_values_set(CF_TYPE_BAG, theBag, value);
}

void CFBagRemoveValue(CFMutableBagRef theBag, const void *value)
{
	cf_values_remove(CF_TYPE_BAG, theBag, value);
}

void CFBagRemoveAllValues(CFMutableBagRef theBag)
{
	cf_values_remove_all(CF_TYPE_BAG, theBag);
}
