// SPDX-License-Identifier: MIT
/* CFSet: values.c under its public names. */
#include <CoreFoundation/CFSet.h>

#include "cf/values.h"

const CFSetCallBacks kCFTypeSetCallBacks = {
	0, cf_callback_retain, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};
const CFSetCallBacks kCFCopyStringSetCallBacks = {
	0, cf_values_copy_string, cf_callback_release, CFCopyDescription, CFEqual, CFHash
};

const struct cf_class cf_set_class = {
	.name = "CFSet",
	.fini = cf_collection_fini,
	.equal = cf_collection_equal,
	.hash = cf_collection_hash,
	.copy_description = cf_values_copy_description,
};

CFTypeID CFSetGetTypeID(void)
{
	return CF_TYPE_SET;
}

CFSetRef CFSetCreate(CFAllocatorRef allocator, const void **values, CFIndex numValues,
		     const CFSetCallBacks *callBacks)
{
	return cf_values_new(CF_TYPE_SET, allocator, values, numValues, callBacks);
}

CFMutableSetRef CFSetCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
				   const CFSetCallBacks *callBacks)
{
	return cf_values_new_mutable(CF_TYPE_SET, allocator, capacity, callBacks);
}

CFSetRef CFSetCreateCopy(CFAllocatorRef allocator, CFSetRef theSet)
{
	return cf_values_copy(CF_TYPE_SET, allocator, theSet, false);
}

CFMutableSetRef CFSetCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity, CFSetRef theSet)
{
	return cf_values_copy(CF_TYPE_SET, allocator, theSet, true);
}

CFIndex CFSetGetCount(CFSetRef theSet)
{
	return cf_values_count(CF_TYPE_SET, theSet);
}

CFIndex CFSetGetCountOfValue(CFSetRef theSet, const void *value)
{
	return cf_values_count_of(CF_TYPE_SET, theSet, value);
}

Boolean CFSetContainsValue(CFSetRef theSet, const void *value)
{
	return cf_values_find(CF_TYPE_SET, theSet, value, NULL);
}

const void *CFSetGetValue(CFSetRef theSet, const void *value)
{
	const void *found = NULL;

	cf_values_find(CF_TYPE_SET, theSet, value, &found);
	return found;
}

Boolean CFSetGetValueIfPresent(CFSetRef theSet, const void *candidate, const void **value)
{
	return cf_values_find(CF_TYPE_SET, theSet, candidate, value);
}

void CFSetGetValues(CFSetRef theSet, const void **values)
{
	cf_values_get_all(CF_TYPE_SET, theSet, values);
}

void CFSetApplyFunction(CFSetRef theSet, CFSetApplierFunction applier, void *context)
{
	cf_values_apply(CF_TYPE_SET, theSet, applier, context);
}

void CFSetAddValue(CFMutableSetRef theSet, const void *value)
{
	cf_values_add(CF_TYPE_SET, theSet, value);
}

void CFSetReplaceValue(CFMutableSetRef theSet, const void *value)
{
	cf_values_replace(CF_TYPE_SET, theSet, value);
}

void CFSetSetValue(CFMutableSetRef theSet, const void *value)
{
	cf_values_set(CF_TYPE_SET, theSet, value);
}

void CFSetRemoveValue(CFMutableSetRef theSet, const void *value)
{
	cf_values_remove(CF_TYPE_SET, theSet, value);
}

void CFSetRemoveAllValues(CFMutableSetRef theSet)
{
	cf_values_remove_all(CF_TYPE_SET, theSet);
}
