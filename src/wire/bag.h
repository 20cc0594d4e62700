// SPDX-License-Identifier: MIT
/*
 * The properties of one entry, in the registry and with its provider. A bag of usual size is kept as it came over the
 * wire, without an object for each key and value, and values are made when
 * somebody asks. A large one is an ordinary dictionary, so that looking for a
 * key never means reading through many bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"
#include "wire/message.h"

enum { WIRE_BAG_PACKED_MAX = 8 * 1024 }; /* bytes; beyond it a bag is a dictionary */

/* Zeroed: empty. */
struct wire_bag {
	uint8_t *packed; /* an encoded dictionary; NULL: none */
	uint32_t size;	 /* of it; of a dictionary: about what it takes (wire_bag_cost) */
	CFMutableDictionaryRef loose; /* instead of it; else NULL */
};

void wire_bag_fini(struct wire_bag *bag);
/* Bytes that it takes, about: good for adding up and taking off again. */
uint32_t wire_bag_cost(const struct wire_bag *bag);
/* The same of any property value. */
uint64_t wire_bag_cost_of(CFTypeRef value);

/* Replace everything. PACKED is a checked dictionary, or empty. -ENOMEM. */
err_t wire_bag_set_packed(struct wire_bag *bag, struct wire_bytes packed);
/* DICTIONARY may be NULL; keys that are no strings are left out. -ENOMEM. */
err_t wire_bag_set_all(struct wire_bag *bag, CFDictionaryRef dictionary);
/* All pairs of SET (dictionary or NULL), then without the keys of REMOVE (array or NULL). -ENOMEM:
 * as it was. */
err_t wire_bag_update(struct wire_bag *bag, CFTypeRef set, CFTypeRef remove);
/* VALUE NULL removes. -ENOMEM: as it was. */
err_t wire_bag_set(struct wire_bag *bag, CFStringRef key, CFTypeRef value);

bool wire_bag_has(const struct wire_bag *bag, CFStringRef key);
/* The caller releases; NULL when there is none or no memory. */
CFTypeRef wire_bag_copy(const struct wire_bag *bag, CFStringRef key);
/* KEY of the dictionary that stands under OUTER likewise. */
CFTypeRef wire_bag_copy_inner(const struct wire_bag *bag, CFStringRef outer, CFStringRef key);
/* The encoded value of KEY (SIZE bytes of UTF-8), borrowed; false when there is none, and always when
 * the bag is a dictionary. */
bool wire_bag_find(const struct wire_bag *bag, const char *key, size_t size,
		   struct wire_bytes *ret_value);
/* A new dictionary with all pairs; NULL: no memory. */
CFMutableDictionaryRef wire_bag_copy_all(const struct wire_bag *bag);
/* Everything as it goes over the wire, borrowed; false when the bag is a dictionary. */
bool wire_bag_packed(const struct wire_bag *bag, struct wire_bytes *ret_packed);
