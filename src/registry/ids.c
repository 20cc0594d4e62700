// SPDX-License-Identifier: MIT
#include "registry/ids.h"

#include <stdlib.h>

struct registry_id_page {
	struct registry_entry *entries[REGISTRY_IDS_PAGE];
	unsigned count;
};

void registry_ids_fini(struct registry_ids *ids)
{
	struct registry_id_page *page;
	size_t cursor = 0;

	while ((page = map_next(&ids->pages, &cursor, NULL)))
		free(page);
	map_fini(&ids->pages);
	ids->count = 0;
}

static struct registry_id_page *find_page(const struct registry_ids *ids, uint64_t id)
{
	return map_find(&ids->pages, id / REGISTRY_IDS_PAGE);
}

err_t registry_ids_add(struct registry_ids *ids, uint64_t id, struct registry_entry *entry)
{
	struct registry_id_page *page = find_page(ids, id);

	if (!page) {
		page = calloc(1, sizeof(*page));
		if (!page || map_set(&ids->pages, id / REGISTRY_IDS_PAGE, page)) {
			free(page);
			return -ENOMEM;
		}
	}
	page->entries[id % REGISTRY_IDS_PAGE] = entry;
	page->count++;
	ids->count++;
	return 0;
}

struct registry_entry *registry_ids_find(const struct registry_ids *ids, uint64_t id)
{
	struct registry_id_page *page = find_page(ids, id);

	return page ? page->entries[id % REGISTRY_IDS_PAGE] : NULL;
}

void registry_ids_remove(struct registry_ids *ids, uint64_t id)
{
	struct registry_id_page *page = find_page(ids, id);

	if (!page || !page->entries[id % REGISTRY_IDS_PAGE])
		return;
	page->entries[id % REGISTRY_IDS_PAGE] = NULL;
	ids->count--;
	if (--page->count == 0) {
		map_remove(&ids->pages, id / REGISTRY_IDS_PAGE);
		free(page);
	}
}

struct registry_entry *registry_ids_next(const struct registry_ids *ids, size_t *cursor)
{
	/* The place of the page in the map, and the place in it. */
	size_t slot = *cursor / REGISTRY_IDS_PAGE, at = *cursor % REGISTRY_IDS_PAGE;

	for (;;) {
		size_t after = slot;
		struct registry_id_page *page = map_next(&ids->pages, &after, NULL);

		if (!page)
			return NULL;
		if (after - 1 != slot)
			at = 0;
		for (slot = after - 1; at < REGISTRY_IDS_PAGE; at++) {
			if (!page->entries[at])
				continue;
			*cursor = slot * REGISTRY_IDS_PAGE + at + 1;
			return page->entries[at];
		}
		slot++;
		at = 0;
	}
}
