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
	planes->max = SIZE_MAX;
	list_init(&planes->all);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct registry_plane *p;

		if (add_plane(planes, names[i], &p)) {
			registry_planes_fini(planes);
			return -ENOMEM;
		}
		p->is_predefined = true;
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

/* Those that nobody is in any more. */
static void forget_empty(struct registry_planes *planes)
{
	list_for_each_safe(node, &planes->all) {
		struct registry_plane *p = container_of(node, struct registry_plane, link);

		if (p->is_predefined || p->n_nodes)
			continue;
		list_remove(&p->link);
		planes->count--;
		free(p);
	}
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
	if (planes->count >= planes->max)
		forget_empty(planes);
	if (planes->count >= planes->max)
		return -ENOSPC;
	return add_plane(planes, name, ret_plane);
}

struct registry_node *registry_node_first(const struct registry_entry *entry)
{
	/* The entry is const for its own sake; what it is in a plane changes without it. */
	return entry->node.plane ? (struct registry_node *)&entry->node : NULL;
}

struct registry_node *registry_node_find(const struct registry_entry *entry,
					 const struct registry_plane *plane)
{
	struct registry_node *n = registry_node_first(entry);

	while (n && n->plane != plane)
		n = n->next;
	return n;
}

/* The owner of ENTRY pays for what not every entry has. */
static bool may_link(struct registry_entry *entry)
{
	const struct registry_tree_ops *ops = entry->tree->ops;

	return !ops || ops->link(entry);
}

static void unlinked(struct registry_entry *entry)
{
	const struct registry_tree_ops *ops = entry->tree->ops;

	if (ops)
		ops->unlink(entry);
}

size_t registry_plane_count_links(const struct registry_entry *entry)
{
	size_t n = 0;

	for (const struct registry_node *node = &entry->node; node; node = node->next) {
		n += node != &entry->node;
		for (const struct registry_edge *e = node->parents; e; e = e->next)
			n += e != &node->first_edge;
	}
	return n;
}

err_t registry_node_need(struct registry_entry *entry, struct registry_plane *plane,
			 struct registry_node **ret_node)
{
	struct registry_node *n = registry_node_find(entry, plane), **link = &entry->node.next;

	if (n) {
		*ret_node = n;
		return 0;
	}
	n = &entry->node;
	if (n->plane) {
		if (!may_link(entry))
			return -ENOSPC;
		n = calloc(1, sizeof(*n));
		if (!n) {
			unlinked(entry);
			return -ENOMEM;
		}
		while (*link)
			link = &(*link)->next;
		*link = n;
	}
	n->entry = entry;
	n->plane = plane;
	plane->n_nodes++;
	list_init(&n->children);
	*ret_node = n;
	return 0;
}

void registry_nodes_fini(struct registry_entry *entry)
{
	struct registry_node *n = entry->node.next, *next;

	if (entry->node.plane)
		entry->node.plane->n_nodes--;
	free(entry->node.names);
	for (; n; n = next) {
		next = n->next;
		n->plane->n_nodes--;
		free(n->names);
		free(n);
	}
}

struct registry_edge *registry_edge_first(const struct registry_node *node, bool upwards)
{
	if (upwards)
		return node->parents;
	return list_is_empty(&node->children)
		     ? NULL
		     : list_first(&node->children, struct registry_edge, in_parent);
}

struct registry_edge *registry_edge_next(const struct registry_edge *edge, bool upwards)
{
	if (upwards)
		return edge->next;
	return edge->in_parent.next == &edge->parent->children
		     ? NULL
		     : container_of(edge->in_parent.next, struct registry_edge, in_parent);
}

static struct registry_edge *find_edge(const struct registry_node *child,
				       const struct registry_entry *parent)
{
	struct registry_edge *e = child->parents;

	while (e && e->parent->entry != parent)
		e = e->next;
	return e;
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
	for (struct registry_edge *e = n->parents; e; e = e->next)
		if (is_below(e->parent->entry, ancestor, plane, budget))
			return true;
	return false;
}

static err_t edge_new(struct registry_node *child, struct registry_node *parent)
{
	struct registry_edge *e = &child->first_edge, **link = &child->parents;
	unsigned n = 0;

	while (*link && ++n)
		link = &(*link)->next;
	if (n >= REGISTRY_PARENTS_MAX)
		return -ENOSPC;
	if (e->parent) {
		if (!may_link(child->entry))
			return -ENOSPC;
		e = malloc(sizeof(*e));
		if (!e) {
			unlinked(child->entry);
			return -ENOMEM;
		}
	}
	e->parent = parent;
	e->child = child;
	e->next = NULL;
	list_add(&parent->children, &e->in_parent);
	*link = e;
	return 0;
}

/* Take E out of its lists. */
static void edge_free(struct registry_edge *e)
{
	struct registry_edge **link = &e->child->parents;

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	list_remove(&e->in_parent);
	if (e == &e->child->first_edge) {
		e->parent = NULL;
	} else {
		unlinked(e->child->entry);
		free(e);
	}
}

err_t registry_plane_attach(struct registry_entry *entry, struct registry_entry *parent,
			    struct registry_plane *plane)
{
	struct registry_node *child_node, *parent_node;
	unsigned budget = REGISTRY_DEPTH_MAX;

	err_t err = registry_node_need(entry, plane, &child_node);
	if (!err)
		err = registry_node_need(parent, plane, &parent_node);
	if (err)
		return err;
	if (find_edge(child_node, parent))
		return -EEXIST;
	if (is_below(parent, entry, plane, &budget))
		return -ELOOP;
	err = edge_new(child_node, parent_node);
	if (err)
		return err;
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
	edge_free(e);
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
	for (struct registry_node *n = registry_node_first(entry); n; n = n->next) {
		while (!list_is_empty(&n->children))
			cut(list_first(&n->children, struct registry_edge, in_parent));
		while (n->parents)
			cut(n->parents);
	}
	registry_entry_unref(entry);
}

bool registry_plane_contains(const struct registry_entry *entry, const struct registry_plane *plane)
{
	for (struct registry_node *n = registry_node_first(entry); n; n = n->next) {
		if (plane && n->plane != plane)
			continue;
		if (n->parents || (entry == entry->tree->root && !list_is_empty(&n->children)))
			return true;
	}
	return false;
}

struct registry_entry *registry_plane_first_parent(const struct registry_entry *entry,
						   const struct registry_plane *plane)
{
	struct registry_node *n = registry_node_find(entry, plane);

	return n && n->parents ? n->parents->parent->entry : NULL;
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
