// SPDX-License-Identifier: MIT
/*
 * The search for all services that a dictionary matches, through the shortest
 * list that must contain them: the instances of the class, or the candidates
 * of an index. What is found is what matching every service would find.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"

struct registry_entry;
struct registry_tree;

struct registry_found {
	struct registry_entry **items; /* borrowed */
	size_t count, capacity;
	struct registry_entry *first[2]; /* where the items are while they are few */
};

/* Every active service in one of the states STATES (bits) that MATCHING matches, in the order of
 * spec 6.7, at most MAX. -ENOMEM, -E2BIG: it would take too long (RET_FOUND is empty). */
err_t registry_find(struct registry_tree *tree, CFDictionaryRef matching, uint32_t states,
		    size_t max, struct registry_found *ret_found);
void registry_found_fini(struct registry_found *found);
