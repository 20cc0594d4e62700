// SPDX-License-Identifier: MIT
#include "wire/bag.h"

#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>

#include "wire/packed.h"
#include "wire/value.h"

enum { KEY_MAX = 256 }; /* bytes of a key that needs no memory to be looked for */

/* No pairs, encoded. */
static const uint32_t nothing = (uint32_t)WIRE_VALUE_DICTIONARY << 24;

static bool is_a(CFTypeRef value, CFTypeID type)
{
	return value && CFGetTypeID(value) == type;
}

static CFMutableDictionaryRef dictionary_new(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

static void empty(struct wire_bag *bag)
{
	free(bag->packed);
	if (bag->loose)
		CFRelease(bag->loose);
	*bag = (struct wire_bag){ NULL, 0, NULL };
}

void wire_bag_fini(struct wire_bag *bag)
{
	empty(bag);
}

bool wire_bag_packed(const struct wire_bag *bag, struct wire_bytes *ret_packed)
{
	if (bag->loose)
		return false;
	*ret_packed = bag->packed ? (struct wire_bytes){ bag->packed, bag->size }
				  : (struct wire_bytes){ &nothing, sizeof(nothing) };
	return true;
}

/* --- writing --------------------------------------------------------------------- */

/* Takes DICTIONARY. */
static void set_loose(struct wire_bag *bag, CFMutableDictionaryRef dictionary)
{
	empty(bag);
	bag->loose = dictionary;
}

err_t wire_bag_set_packed(struct wire_bag *bag, struct wire_bytes packed)
{
	if (packed.size > WIRE_BAG_PACKED_MAX) {
		CFTypeRef all = wire_packed_copy(packed);

		if (!all)
			return -ENOMEM;
		set_loose(bag, (CFMutableDictionaryRef)all);
		return 0;
	}
	uint8_t *copy = packed.size ? malloc(packed.size) : NULL;
	if (packed.size && !copy)
		return -ENOMEM;
	empty(bag);
	if (!copy)
		return 0;
	memcpy(copy, packed.data, packed.size);
	bag->packed = copy;
	bag->size = (uint32_t)packed.size;
	return 0;
}

static void add_pair(const void *key, const void *value, void *dictionary)
{
	if (is_a(key, CFStringGetTypeID()))
		CFDictionarySetValue(dictionary, key, value);
}

/* Replace everything by DICTIONARY if that can be packed; else the reason why not. */
static err_t pack(struct wire_bag *bag, CFDictionaryRef dictionary)
{
	uint64_t stack[256];
	struct bytes small = { .data = (uint8_t *)stack,
			       .capacity = sizeof(stack),
			       .limit = sizeof(stack) };
	struct bytes large = { .limit = WIRE_BAG_PACKED_MAX };
	err_t err = wire_value_encode(dictionary, &small);

	if (!err)
		return wire_bag_set_packed(bag, (struct wire_bytes){ small.data, small.size });
	if (err == -EMSGSIZE)
		err = wire_value_encode(dictionary, &large);
	if (!err)
		err = wire_bag_set_packed(bag, (struct wire_bytes){ large.data, large.size });
	bytes_fini(&large);
	return err;
}

/* Takes DICTIONARY, whose keys are strings: in whichever form fits. */
static err_t set_dictionary(struct wire_bag *bag, CFMutableDictionaryRef dictionary)
{
	err_t err = pack(bag, dictionary);

	if (!err || err == -ENOMEM)
		CFRelease(dictionary);
	else
		set_loose(bag, dictionary); /* too large, or it holds what cannot be sent */
	return err == -ENOMEM ? err : 0;
}

err_t wire_bag_set_all(struct wire_bag *bag, CFDictionaryRef dictionary)
{
	if (dictionary && !pack(bag, dictionary))
		return 0;
	CFMutableDictionaryRef copy = dictionary_new();
	if (!copy)
		return -ENOMEM;
	if (dictionary)
		CFDictionaryApplyFunction(dictionary, add_pair, copy);
	return set_dictionary(bag, copy);
}

err_t wire_bag_update(struct wire_bag *bag, CFTypeRef set, CFTypeRef remove)
{
	CFMutableDictionaryRef all =
		bag->loose ? (CFMutableDictionaryRef)CFRetain(bag->loose) : wire_bag_copy_all(bag);

	if (!all)
		return -ENOMEM;
	if (is_a(set, CFDictionaryGetTypeID()))
		CFDictionaryApplyFunction(set, add_pair, all);
	CFIndex n = is_a(remove, CFArrayGetTypeID()) ? CFArrayGetCount(remove) : 0;
	for (CFIndex i = 0; i < n; i++)
		CFDictionaryRemoveValue(all, CFArrayGetValueAtIndex(remove, i));
	if (!bag->loose)
		return set_dictionary(bag, all);
	/* What has been large once is not encoded again at each change. */
	CFRelease(all);
	return 0;
}

err_t wire_bag_set(struct wire_bag *bag, CFStringRef key, CFTypeRef value)
{
	if (bag->loose && value)
		CFDictionarySetValue(bag->loose, key, value);
	else if (bag->loose)
		CFDictionaryRemoveValue(bag->loose, key);
	if (bag->loose)
		return 0;
	CFMutableDictionaryRef all = wire_bag_copy_all(bag);
	if (!all)
		return -ENOMEM;
	if (value)
		CFDictionarySetValue(all, key, value);
	else
		CFDictionaryRemoveValue(all, key);
	return set_dictionary(bag, all);
}

/* --- reading --------------------------------------------------------------------- */

static bool find_in(struct wire_bytes dictionary, CFStringRef key, struct wire_bytes *ret_value)
{
	const char *text = CFStringGetCStringPtr(key, kCFStringEncodingUTF8);
	CFIndex length = CFStringGetLength(key), n = 0;
	char buffer[KEY_MAX], *bytes = buffer;

	if (text && strlen(text) == (size_t)length)
		return wire_packed_find(dictionary, text, (size_t)length, ret_value);
	if (length * 3 > KEY_MAX && !(bytes = malloc((size_t)length * 3)))
		return false;
	CFStringGetBytes(key, CFRangeMake(0, length), kCFStringEncodingUTF8, '?', false,
			 (UInt8 *)bytes, length * 3, &n);
	bool found = wire_packed_find(dictionary, bytes, (size_t)n, ret_value);
	if (bytes != buffer)
		free(bytes);
	return found;
}

bool wire_bag_has(const struct wire_bag *bag, CFStringRef key)
{
	struct wire_bytes all, value;

	if (!wire_bag_packed(bag, &all))
		return CFDictionaryContainsKey(bag->loose, key);
	return find_in(all, key, &value);
}

CFTypeRef wire_bag_copy(const struct wire_bag *bag, CFStringRef key)
{
	struct wire_bytes all, value;

	if (!wire_bag_packed(bag, &all)) {
		CFTypeRef object = CFDictionaryGetValue(bag->loose, key);

		return object ? CFRetain(object) : NULL;
	}
	return find_in(all, key, &value) ? wire_packed_copy(value) : NULL;
}

CFTypeRef wire_bag_copy_inner(const struct wire_bag *bag, CFStringRef outer, CFStringRef key)
{
	struct wire_bytes all, inner, value;

	if (!wire_bag_packed(bag, &all)) {
		CFTypeRef own = CFDictionaryGetValue(bag->loose, outer);
		CFTypeRef object =
			is_a(own, CFDictionaryGetTypeID()) ? CFDictionaryGetValue(own, key) : NULL;

		return object ? CFRetain(object) : NULL;
	}
	if (!find_in(all, outer, &inner) || !find_in(inner, key, &value))
		return NULL;
	return wire_packed_copy(value);
}

CFMutableDictionaryRef wire_bag_copy_all(const struct wire_bag *bag)
{
	struct wire_bytes all;

	if (!wire_bag_packed(bag, &all))
		return CFDictionaryCreateMutableCopy(NULL, 0, bag->loose);
	/* The decoder makes mutable containers. */
	return (CFMutableDictionaryRef)wire_packed_copy(all);
}
