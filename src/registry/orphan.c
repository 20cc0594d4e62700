// SPDX-License-Identifier: MIT
#include "registry/orphan.h"

#include <stdlib.h>

#include "registry/access.h"
#include "registry/lifecycle.h"

struct orphan {
	struct list link; /* of those that wait for the same entry */
	struct registry_peer *peer;
	uint64_t entry;
	bool is_open; /* by whom it waits for; else that is its parent */
};

static struct list *need_waiting(struct registry *r, uint64_t parent)
{
	struct list *waiting = map_find(&r->orphans, parent);

	if (waiting)
		return waiting;
	waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return NULL;
	list_init(waiting);
	if (!map_set(&r->orphans, parent, waiting))
		return waiting;
	free(waiting);
	return NULL;
}

static void free_orphan(struct orphan *orphan)
{
	account_refund(&orphan->peer->account, LIMITS_ENTRIES, 1);
	list_remove(&orphan->link);
	free(orphan);
}

bool registry_orphan_may_wait(struct registry *registry, uint64_t id)
{
	const struct registry_entry *e = id ? registry_entry_find(&registry->tree, id) : NULL;

	/* For one that has ended already it waits in vain, and ends as well. */
	return registry->is_returning && id && (!e || registry_entry_is_inactive(e));
}

static err_t add(struct registry_peer *peer, const struct registry_entry *entry, uint64_t other,
		 bool is_open)
{
	struct list *waiting = need_waiting(peer->registry, other);
	struct orphan *orphan = waiting ? calloc(1, sizeof(*orphan)) : NULL;

	if (!orphan)
		return -ENOMEM;
	if (!account_charge(&peer->account, LIMITS_ENTRIES, 1)) {
		free(orphan);
		return -ENOSPC;
	}
	orphan->peer = peer;
	orphan->entry = entry->id;
	orphan->is_open = is_open;
	list_add(waiting, &orphan->link);
	return 0;
}

err_t registry_orphan_add(struct registry_peer *peer, struct registry_entry *entry, uint64_t parent)
{
	return add(peer, entry, parent, false);
}

err_t registry_orphan_add_user(struct registry_peer *peer, struct registry_entry *entry,
			       uint64_t client)
{
	return add(peer, entry, client, true);
}

bool registry_orphan_wants_register(struct registry *registry, struct registry_entry *entry)
{
	if (!registry->is_returning || !registry_entry_is_service(entry) ||
	    registry_entry_is_inactive(entry) ||
	    registry_plane_is_rooted(entry, registry->tree.planes.service))
		return false;
	entry->wants_root = true;
	return true;
}

/* What stands on ENTRY may have waited as well. Of several parents the first one leads to the root. */
static void register_all(struct registry *r, struct registry_entry *entry, unsigned depth)
{
	const struct registry_plane *plane = r->tree.planes.service;
	const struct registry_node *node = registry_node_find(entry, plane);
	struct registry_edge *next = node ? registry_edge_first(node, false) : NULL;

	if (entry->wants_root) {
		entry->wants_root = false;
		registry_lifecycle_register(r, entry);
	}
	while (next && depth < REGISTRY_DEPTH_MAX) {
		struct registry_entry *child = next->child->entry;

		next = registry_edge_next(next, false);
		if (registry_plane_first_parent(child, plane) == entry)
			register_all(r, child, depth + 1);
	}
}

static struct registry_entry *find_orphan(const struct orphan *orphan)
{
	struct registry_entry *e =
		registry_entry_find(&orphan->peer->registry->tree, orphan->entry);

	return e && e->owner == orphan->peer && !registry_entry_is_inactive(e) ? e : NULL;
}

static void adopt(struct registry *r, const struct orphan *orphan, struct registry_entry *parent)
{
	struct registry_plane *plane = r->tree.planes.service;
	struct registry_entry *e = find_orphan(orphan);
	struct registry_entry *provider = e ? registry_entry_provider(e) : NULL;

	if (e && orphan->is_open)
		return registry_access_held(e, parent, parent->id);
	if (!e || registry_plane_attach(e, parent, plane))
		return;
	registry_busy_moved(e, provider);
	if (registry_plane_is_rooted(e, plane))
		register_all(r, e, 0);
}

void registry_orphan_adopt(struct registry *registry, struct registry_entry *entry)
{
	struct list *waiting = map_remove(&registry->orphans, entry->id);

	if (!waiting)
		return;
	while (!list_is_empty(waiting)) {
		struct orphan *orphan = list_first(waiting, struct orphan, link);

		adopt(registry, orphan, entry);
		free_orphan(orphan);
	}
	free(waiting);
}

/* Nothing has taken it in meanwhile. */
static void end_orphan(struct registry *r, const struct orphan *orphan, uint64_t other)
{
	struct registry_entry *e = find_orphan(orphan);

	if (e && orphan->is_open)
		return registry_access_held(e, NULL, other);
	if (!e || registry_entry_provider(e))
		return;
	registry_peer_warn(e->owner, "%s (0x%llx): its provider did not come back; it ends",
			   registry_entry_name(e, NULL), (unsigned long long)e->id);
	registry_entry_ref(e);
	registry_lifecycle_terminate(r, e, 0, NULL, false);
	registry_entry_unref(e);
}

void registry_orphan_end(struct registry *registry)
{
	struct list *waiting;
	size_t cursor = 0;
	uint64_t other;

	while ((waiting = map_next(&registry->orphans, &cursor, &other))) {
		while (!list_is_empty(waiting)) {
			struct orphan *orphan = list_first(waiting, struct orphan, link);

			if (!registry->is_ending)
				end_orphan(registry, orphan, other);
			free_orphan(orphan);
		}
		free(waiting);
	}
	map_fini(&registry->orphans);
}

void registry_orphan_forget_peer(struct registry_peer *peer)
{
	struct list *waiting;
	size_t cursor = 0;

	while ((waiting = map_next(&peer->registry->orphans, &cursor, NULL)))
		list_for_each_safe(node, waiting) {
			struct orphan *orphan = container_of(node, struct orphan, link);

			if (orphan->peer == peer)
				free_orphan(orphan);
		}
}
