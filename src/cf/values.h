// SPDX-License-Identifier: MIT
/*
 * What sets and bags have in common: a table of values without order. In a bag
 * the table keeps how often each value is there; in a set it keeps nothing, and
 * adding what is there does nothing. CFSet and CFBag differ in type id only.
 */
#pragma once

#include "cf/table.h"

/* NULL for negative counts, missing values and without memory. CALLBACKS have the layout of
 * CFDictionaryKeyCallBacks. */
void *cf_values_new(CFTypeID type, CFAllocatorRef allocator, const void **values, CFIndex n,
		    const void *callbacks);
void *cf_values_new_mutable(CFTypeID type, CFAllocatorRef allocator, CFIndex capacity,
			    const void *callbacks);
/* Immutable of immutable: the same object, retained. NULL when OBJECT is of another type, as all
 * below then answer 0, false, NULL or do nothing. */
void *cf_values_copy(CFTypeID type, CFAllocatorRef allocator, const void *object, bool is_mutable);
CFStringRef cf_values_copy_description(const void *object);

CFIndex cf_values_count(CFTypeID type, const void *object);
CFIndex cf_values_count_of(CFTypeID type, const void *object, const void *value);
/* *RET_VALUE (may be NULL) is written when it is there. */
bool cf_values_find(CFTypeID type, const void *object, const void *value, const void **ret_value);
void cf_values_get_all(CFTypeID type, const void *object, const void **values);
void cf_values_apply(CFTypeID type, const void *object,
		     void (*applier)(const void *value, void *context), void *context);

void cf_values_add(CFTypeID type, void *object, const void *value);
/* Only what is there. */
void cf_values_replace(CFTypeID type, void *object, const void *value);
/* Replace or add. */
void cf_values_set(CFTypeID type, void *object, const void *value);
void cf_values_remove(CFTypeID type, void *object, const void *value);
void cf_values_remove_all(CFTypeID type, void *object);

/* The value callback of tables of strings that are copied. */
const void *cf_values_copy_string(CFAllocatorRef allocator, const void *value);
