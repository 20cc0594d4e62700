// SPDX-License-Identifier: MIT
#include "registry/plane.h"

#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"

static err_t add_plane(struct registry_planes *planes, const char *name,
		       struct registry_plane **ret_plane)
{
	struct registry_plane *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	strcpy(p->name, name); /* the caller has checked its length */
	list_add(&planes->all, &p->link);
	planes->count++;
	*ret_plane = p;
	return 0;
}

err_t registry_planes_init(struct registry_planes *planes)
{
	static const char *const names[] = { "IOService", "IODeviceTree", "IOUSB",
					     "IOPower",	  "IOAudio",	  "IOFireWire" };

	planes->count = 0;
	list_init(&planes->all);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct registry_plane *p;

		if (add_plane(planes, names[i], &p)) {
			registry_planes_fini(planes);
			return -ENOMEM;
		}
	}
	planes->service = registry_plane_find(planes, "IOService");
	planes->device_tree = registry_plane_find(planes, "IODeviceTree");
	return 0;
}

void registry_planes_fini(struct registry_planes *planes)
{
	list_for_each_safe(node, &planes->all)
		free(container_of(node, struct registry_plane, link));
	list_init(&planes->all);
	planes->count = 0;
}

struct registry_plane *registry_plane_find(const struct registry_planes *planes, const char *name)
{
	list_for_each(node, &planes->all) {
		struct registry_plane *p = container_of(node, struct registry_plane, link);

		if (!strcmp(p->name, name))
			return p;
	}
	return NULL;
}

err_t registry_plane_need(struct registry_planes *planes, const char *name,
			  struct registry_plane **ret_plane)
{
	struct registry_plane *p = registry_plane_find(planes, name);

	if (p) {
		*ret_plane = p;
		return 0;
	}
	if (!name[0] || strlen(name) > REGISTRY_PLANE_NAME_MAX || strpbrk(name, "/:"))
		return -EINVAL;
	if (planes->count >= REGISTRY_PLANES_MAX)
		return -ENOSPC;
	return add_plane(planes, name, ret_plane);
}

struct registry_node *registry_node_find(const struct registry_entry *entry,
					 const struct registry_plane *plane)
{
	list_for_each(l, &entry->nodes) {
		struct registry_node *n = container_of(l, struct registry_node, link);

		if (n->plane == plane)
			return n;
	}
	return NULL;
}

err_t registry_node_need(struct registry_entry *entry, struct registry_plane *plane,
			 struct registry_node **ret_node)
{
	struct registry_node *n = registry_node_find(entry, plane);

	if (!n) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->entry = entry;
		n->plane = plane;
		list_init(&n->parents);
		list_init(&n->children);
		list_add(&entry->nodes, &n->link);
	}
	*ret_node = n;
	return 0;
}

void registry_nodes_fini(struct registry_entry *entry)
{
	list_for_each_safe(l, &entry->nodes) {
		struct registry_node *n = container_of(l, struct registry_node, link);

		list_remove(&n->link);
		free(n->name);
		free(n->location);
		free(n);
	}
}

static struct registry_edge *find_edge(const struct registry_node *child,
				       const struct registry_entry *parent)
{
	list_for_each(l, &child->parents) {
		struct registry_edge *e = container_of(l, struct registry_edge, in_child);

		if (e->parent->entry == parent)
			return e;
	}
	return NULL;
}

/* True when ENTRY is ANCESTOR or has it among its ancestors, over all parents. BUDGET bounds the
 * walk: a plane with more links than that refuses the attachment. */
static bool is_below(const struct registry_entry *entry, const struct registry_entry *ancestor,
		     const struct registry_plane *plane, unsigned *budget)
{
	if (entry == ancestor || *budget == 0)
		return true;
	--*budget;
	struct registry_node *n = registry_node_find(entry, plane);
	if (!n)
		return false;
	list_for_each(l, &n->parents) {
		struct registry_edge *e = container_of(l, struct registry_edge, in_child);

		if (is_below(e->parent->entry, ancestor, plane, budget))
			return true;
	}
	return false;
}

err_t registry_plane_attach(struct registry_entry *entry, struct registry_entry *parent,
			    struct registry_plane *plane)
{
	struct registry_node *child_node, *parent_node;
	unsigned budget = REGISTRY_DEPTH_MAX;

	if (registry_node_need(entry, plane, &child_node) ||
	    registry_node_need(parent, plane, &parent_node))
		return -ENOMEM;
	if (find_edge(child_node, parent))
		return -EEXIST;
	if (is_below(parent, entry, plane, &budget))
		return -ELOOP;
	struct registry_edge *e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->parent = parent_node;
	e->child = child_node;
	list_add(&parent_node->children, &e->in_parent);
	list_add(&child_node->parents, &e->in_child);
	parent_node->children_generation++;
	child_node->parents_generation++;
	registry_entry_ref(entry);
	registry_tree_changed(entry->tree);
	return 0;
}

static void cut(struct registry_edge *e)
{
	struct registry_entry *child = e->child->entry;

	e->parent->children_generation++;
	e->child->parents_generation++;
	list_remove(&e->in_parent);
	list_remove(&e->in_child);
	free(e);
	registry_tree_changed(child->tree);
	registry_entry_unref(child);
}

bool registry_plane_detach(struct registry_entry *entry, struct registry_entry *parent,
			   struct registry_plane *plane)
{
	struct registry_node *n = registry_node_find(entry, plane);
	struct registry_edge *e = n ? find_edge(n, parent) : NULL;

	if (e)
		cut(e);
	return e != NULL;
}

void registry_plane_detach_all(struct registry_entry *entry)
{
	registry_entry_ref(entry);
	list_for_each(l, &entry->nodes) {
		struct registry_node *n = container_of(l, struct registry_node, link);

		while (!list_is_empty(&n->children))
			cut(list_first(&n->children, struct registry_edge, in_parent));
		while (!list_is_empty(&n->parents))
			cut(list_first(&n->parents, struct registry_edge, in_child));
	}
	registry_entry_unref(entry);
}

bool registry_plane_contains(const struct registry_entry *entry, const struct registry_plane *plane)
{
	list_for_each(l, &entry->nodes) {
		struct registry_node *n = container_of(l, struct registry_node, link);

		if (plane && n->plane != plane)
			continue;
		if (!list_is_empty(&n->parents) ||
		    (entry == entry->tree->root && !list_is_empty(&n->children)))
			return true;
	}
	return false;
}

struct registry_entry *registry_plane_first_parent(const struct registry_entry *entry,
						   const struct registry_plane *plane)
{
	struct registry_node *n = registry_node_find(entry, plane);

	if (!n || list_is_empty(&n->parents))
		return NULL;
	return list_first(&n->parents, struct registry_edge, in_child)->parent->entry;
}

struct registry_entry *registry_plane_first_child(const struct registry_entry *entry,
						  const struct registry_plane *plane)
{
	struct registry_node *n = registry_node_find(entry, plane);

	if (!n || list_is_empty(&n->children))
		return NULL;
	return list_first(&n->children, struct registry_edge, in_parent)->child->entry;
}

bool registry_plane_is_rooted(const struct registry_entry *entry,
			      const struct registry_plane *plane)
{
	const struct registry_entry *e = entry;

	for (unsigned i = 0; e && i < REGISTRY_DEPTH_MAX; i++) {
		if (e == entry->tree->root)
			return true;
		e = registry_plane_first_parent(e, plane);
	}
	return false;
}
