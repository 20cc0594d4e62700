// SPDX-License-Identifier: MIT
/*
 * The entries by their IDs. IDs are given out in order, so they are kept in
 * pages of consecutive ones: little more than a pointer for each.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"

struct registry_entry;

struct registry_ids {
	struct map pages; /* ID / REGISTRY_IDS_PAGE -> struct registry_id_page */
	size_t count;
};

enum { REGISTRY_IDS_PAGE = 64 };

#define REGISTRY_IDS_INIT \
	{ \
		MAP_INIT, 0 \
	}

/* With whatever is in it. */
void registry_ids_fini(struct registry_ids *ids);
/* ID is not in it yet. -ENOMEM. */
err_t registry_ids_add(struct registry_ids *ids, uint64_t id, struct registry_entry *entry);
/* NULL when there is none. */
struct registry_entry *registry_ids_find(const struct registry_ids *ids, uint64_t id);
/* Harmless when there is none. */
void registry_ids_remove(struct registry_ids *ids, uint64_t id);
/* Walk: start with *CURSOR = 0; NULL at the end. Removing the one just returned is allowed. */
struct registry_entry *registry_ids_next(const struct registry_ids *ids, size_t *cursor);
