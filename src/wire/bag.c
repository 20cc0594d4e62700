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

/* --- what it takes --------------------------------------------------------------- */

enum { OBJECT_COST = 64, DEPTH_MAX = WIRE_VALUE_DEPTH_MAX };

struct adding {
	uint64_t cost;
	unsigned depth;
};

static uint64_t cost_at(CFTypeRef value, unsigned depth);

static void add_element(const void *value, void *context)
{
	struct adding *adding = context;

	adding->cost += cost_at(value, adding->depth);
}

static void add_pair_cost(const void *key, const void *value, void *context)
{
	add_element(key, context);
	add_element(value, context);
}

static uint64_t cost_at(CFTypeRef value, unsigned depth)
{
	struct adding adding = { OBJECT_COST, depth + 1 };

	if (!value || depth > DEPTH_MAX)
		return OBJECT_COST;
	if (is_a(value, CFStringGetTypeID()))
		return OBJECT_COST + (uint64_t)CFStringGetLength(value);
	if (is_a(value, CFDataGetTypeID()))
		return OBJECT_COST + (uint64_t)CFDataGetLength(value);
	if (is_a(value, CFArrayGetTypeID()))
		CFArrayApplyFunction(value, CFRangeMake(0, CFArrayGetCount(value)), add_element,
				     &adding);
	else if (is_a(value, CFSetGetTypeID()))
		CFSetApplyFunction(value, add_element, &adding);
	else if (is_a(value, CFDictionaryGetTypeID()))
		CFDictionaryApplyFunction(value, add_pair_cost, &adding);
	return adding.cost;
}

uint64_t wire_bag_cost_of(CFTypeRef value)
{
	return cost_at(value, 0);
}

uint32_t wire_bag_cost(const struct wire_bag *bag)
{
	return bag->size;
}

static void set_cost(struct wire_bag *bag, uint64_t cost)
{
	bag->size = cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX;
}

/* Of one pair that is there or is to be. */
static uint64_t pair_cost(CFTypeRef key, CFTypeRef value)
{
	return value ? cost_at(key, 0) + cost_at(value, 0) : 0;
}

/* Stands for the value of a key that is new. */
#define ROOM CFSTR("room of wire/bag")

/* Only a key that is new takes memory: with room for it, setting its value cannot fail. */
static bool make_room(struct wire_bag *bag, CFTypeRef key)
{
	if (!CFDictionaryContainsKey(bag->loose, key))
		CFDictionarySetValue(bag->loose, key, ROOM);
	return CFDictionaryContainsKey(bag->loose, key);
}

/* Set, or (VALUE NULL) remove a pair. */
static void set_pair(struct wire_bag *bag, CFTypeRef key, CFTypeRef value)
{
	CFTypeRef old = CFDictionaryGetValue(bag->loose, key);
	uint64_t before = pair_cost(key, old == ROOM ? NULL : old);
	uint64_t after = pair_cost(key, value), all = bag->size;

	if (value)
		CFDictionarySetValue(bag->loose, key, value);
	else
		CFDictionaryRemoveValue(bag->loose, key);
	all += after;
	set_cost(bag, all > before ? all - before : 0);
}

/* --- writing --------------------------------------------------------------------- */

/* Takes DICTIONARY. */
static void set_loose(struct wire_bag *bag, CFMutableDictionaryRef dictionary)
{
	empty(bag);
	bag->loose = dictionary;
	set_cost(bag, cost_at(dictionary, 0));
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

/* Without memory a dictionary stays as it is. */
static err_t set_checked(CFMutableDictionaryRef dictionary, CFTypeRef key, CFTypeRef value)
{
	CFDictionarySetValue(dictionary, key, value);
	return CFDictionaryGetValue(dictionary, key) == value ? 0 : -ENOMEM;
}

struct copying {
	CFMutableDictionaryRef to;
	err_t err;
};

static void copy_pair(const void *key, const void *value, void *context)
{
	struct copying *copying = context;

	if (!copying->err && is_a(key, CFStringGetTypeID()))
		copying->err = set_checked(copying->to, key, value);
}

/* The pairs of FROM, which may be no dictionary, whose keys are strings. */
static err_t copy_pairs(CFMutableDictionaryRef to, CFTypeRef from)
{
	struct copying copying = { to, 0 };

	if (is_a(from, CFDictionaryGetTypeID()))
		CFDictionaryApplyFunction(from, copy_pair, &copying);
	return copying.err;
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

/* Takes DICTIONARY, whose keys are strings, unless making it met ERR: in whichever form fits. */
static err_t set_dictionary(struct wire_bag *bag, CFMutableDictionaryRef dictionary, err_t err)
{
	if (!err)
		err = pack(bag, dictionary);
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
	return set_dictionary(bag, copy, copy_pairs(copy, dictionary));
}

struct updating {
	struct wire_bag *bag;
	bool has_failed;
};

static void make_room_for_pair(const void *key, const void *value, void *context)
{
	struct updating *updating = context;

	if (!updating->has_failed && is_a(key, CFStringGetTypeID()))
		updating->has_failed = !make_room(updating->bag, key);
}

static void set_loose_pair(const void *key, const void *value, void *bag)
{
	if (is_a(key, CFStringGetTypeID()))
		set_pair(bag, key, value);
}

static void take_room_back(const void *key, const void *value, void *context)
{
	struct wire_bag *bag = context;

	if (CFDictionaryGetValue(bag->loose, key) == ROOM)
		CFDictionaryRemoveValue(bag->loose, key);
}

static void remove_keys(CFTypeRef keys, void (*remove)(void *, CFTypeRef), void *from)
{
	CFIndex n = is_a(keys, CFArrayGetTypeID()) ? CFArrayGetCount(keys) : 0;

	for (CFIndex i = 0; i < n; i++)
		remove(from, CFArrayGetValueAtIndex(keys, i));
}

static void remove_from_loose(void *bag, CFTypeRef key)
{
	set_pair(bag, key, NULL);
}

static void remove_from_dictionary(void *dictionary, CFTypeRef key)
{
	CFDictionaryRemoveValue(dictionary, key);
}

/* What has been large once is not encoded again at each change. */
static err_t update_loose(struct wire_bag *bag, CFTypeRef set, CFTypeRef remove)
{
	struct updating updating = { bag, false };

	if (is_a(set, CFDictionaryGetTypeID())) {
		CFDictionaryApplyFunction(set, make_room_for_pair, &updating);
		CFDictionaryApplyFunction(
			set, updating.has_failed ? take_room_back : set_loose_pair, bag);
	}
	if (updating.has_failed)
		return -ENOMEM;
	remove_keys(remove, remove_from_loose, bag);
	return 0;
}

err_t wire_bag_update(struct wire_bag *bag, CFTypeRef set, CFTypeRef remove)
{
	if (bag->loose)
		return update_loose(bag, set, remove);
	CFMutableDictionaryRef all = wire_bag_copy_all(bag);
	if (!all)
		return -ENOMEM;
	err_t err = copy_pairs(all, set);
	remove_keys(remove, remove_from_dictionary, all);
	return set_dictionary(bag, all, err);
}

err_t wire_bag_set(struct wire_bag *bag, CFStringRef key, CFTypeRef value)
{
	if (bag->loose) {
		if (value && !make_room(bag, key))
			return -ENOMEM;
		set_pair(bag, key, value);
		return 0;
	}
	CFMutableDictionaryRef all = wire_bag_copy_all(bag);
	if (!all)
		return -ENOMEM;
	err_t err = 0;
	if (value)
		err = set_checked(all, key, value);
	else
		CFDictionaryRemoveValue(all, key);
	return set_dictionary(bag, all, err);
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

bool wire_bag_find(const struct wire_bag *bag, const char *key, size_t size,
		   struct wire_bytes *ret_value)
{
	struct wire_bytes all;

	return wire_bag_packed(bag, &all) && wire_packed_find(all, key, size, ret_value);
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
