// SPDX-License-Identifier: MIT
/*
 * Does this dictionary match this entry? Pure: no side effects, no state of
 * its own. And the search for all entries that match, through the cheapest
 * list that must contain them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"

struct registry_entry;
struct registry_tree;

/* All rules of spec 6.8. State is not looked at. */
bool registry_match(const struct registry_entry *service, CFDictionaryRef matching);
/* The same for a personality; its family may change SCORE. */
bool registry_match_personality(const struct registry_entry *service, CFDictionaryRef personality,
				int32_t *score);
/* Is ENTRY of class NAME, or does its IOClassNameOverride say so? */
bool registry_match_class(const struct registry_entry *entry, const char *name);
/* True when ENTRY answers to NAME as IONameMatch compares. */
bool registry_match_name(const struct registry_entry *entry, const char *name);

struct registry_found {
	struct registry_entry **items; /* borrowed */
	size_t count, capacity;
};

/* Every active service in one of the states STATES (bits) that MATCHING matches, in the order of
 * spec 6.7. -ENOMEM (RET_FOUND is empty). The caller frees RET_FOUND->items. */
err_t registry_match_find(struct registry_tree *tree, CFDictionaryRef matching, uint32_t states,
			  size_t max, struct registry_found *ret_found);
