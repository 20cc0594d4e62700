// SPDX-License-Identifier: MIT
#include "registry/plane.h"

#include <ctype.h>
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

/* --- paths ------------------------------------------------------------------ */

/* ENTRY and its ancestors, nearest first, without the registry root. */
static err_t collect_chain(const struct registry_entry *entry, const struct registry_plane *plane,
			   const struct registry_entry ***ret_chain, size_t *ret_count)
{
	const struct registry_entry **chain = NULL;
	size_t n = 0;

	for (const struct registry_entry *e = entry; e != entry->tree->root;
	     e = registry_plane_first_parent(e, plane)) {
		const struct registry_entry **more = NULL;

		if (e && n < REGISTRY_DEPTH_MAX)
			more = realloc(chain, (n + 1) * sizeof(*chain));
		if (!more) {
			free(chain);
			return e && n < REGISTRY_DEPTH_MAX ? -ENOMEM : -ENOENT;
		}
		chain = more;
		chain[n++] = e;
	}
	*ret_chain = chain;
	*ret_count = n;
	return 0;
}

static void put_text(struct bytes *out, const char *text)
{
	bytes_put(out, text, strlen(text));
}

err_t registry_path_write(const struct registry_entry *entry, const struct registry_plane *plane,
			  struct bytes *out)
{
	const struct registry_entry **chain;
	size_t n, start = out->size;

	if (entry == entry->tree->root)
		return -ENOENT;
	err_t err = collect_chain(entry, plane, &chain, &n);
	if (err)
		return err;
	put_text(out, plane->name);
	put_text(out, ":/");
	/* The last of the chain is the plane's root component, which is not written. */
	for (size_t i = n - 1; i-- > 0;) {
		const char *location = registry_entry_location(chain[i], plane);

		put_text(out, registry_entry_name(chain[i], plane));
		if (location[0]) {
			put_text(out, "@");
			put_text(out, location);
		}
		if (i > 0)
			put_text(out, "/");
	}
	free(chain);
	bytes_put(out, "", 1);
	if (out->err)
		return out->err;
	return out->size - start > WIRE_PATH_MAX - 1 ? -ENAMETOOLONG : 0;
}

static uint64_t next_number(const char **text, const char *end)
{
	uint64_t value = 0;

	while (*text < end && isxdigit((unsigned char)**text)) {
		int c = tolower((unsigned char)*(*text)++);

		value = value * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return value;
}

bool registry_location_equal(const char *a, size_t a_size, const char *b, size_t b_size)
{
	const char *a_end = a + a_size, *b_end = b + b_size;

	do {
		if (next_number(&a, a_end) != next_number(&b, b_end))
			return false;
		/* Anything but a separator or the end is no number at all. */
		if ((a < a_end && *a != ',' && *a != ':') || (b < b_end && *b != ',' && *b != ':'))
			return false;
		a += a < a_end;
		b += b < b_end;
	} while (a < a_end || b < b_end);
	return true;
}

/* Does the start of PATH name ENTRY? Moves PATH behind the component if so. */
static bool take_component(const struct registry_entry *entry, const struct registry_plane *plane,
			   const char **path)
{
	const char *name = registry_entry_name(entry, plane), *p = *path;
	const char *location = registry_entry_location(entry, plane);
	size_t length = strlen(name);

	if (*p != '@') {
		if (strncmp(p, name, length))
			return false;
		p += length;
		if (*p == 0 || *p == '/' || *p == ':') {
			*path = p;
			return true;
		}
		if (*p != '@')
			return false;
	}
	size_t size = strcspn(++p, "/");
	if (!location[0] || !registry_location_equal(p, size, location, strlen(location)))
		return false;
	*path = p + size;
	return true;
}

static struct registry_entry *find_child(const struct registry_entry *parent,
					 const struct registry_plane *plane, const char **path)
{
	struct registry_node *n = registry_node_find(parent, plane);

	if (!n)
		return NULL;
	list_for_each(l, &n->children) {
		struct registry_edge *e = container_of(l, struct registry_edge, in_parent);

		if (take_component(e->child->entry, plane, path))
			return e->child->entry;
	}
	return NULL;
}

/* The path that ALIAS (SIZE bytes) stands for: a string or data property of "/aliases". */
static bool find_alias(struct registry_tree *tree, const char *alias, size_t size, char *buffer,
		       size_t buffer_size)
{
	const char *where = "aliases";
	struct registry_entry *top =
		registry_plane_first_child(tree->root, tree->planes.device_tree);
	struct registry_entry *aliases =
		top ? find_child(top, tree->planes.device_tree, &where) : NULL;
	CFStringRef key = aliases && size
				? CFStringCreateWithBytes(NULL, (const UInt8 *)alias, (CFIndex)size,
							  kCFStringEncodingUTF8, false)
				: NULL;
	if (!key)
		return false;
	CFTypeRef value = registry_entry_get(aliases, key);
	bool found = false;
	if (value && CFGetTypeID(value) == CFStringGetTypeID())
		found = CFStringGetCString(value, buffer, (CFIndex)buffer_size,
					   kCFStringEncodingUTF8);
	if (value && CFGetTypeID(value) == CFDataGetTypeID()) {
		size_t n = (size_t)CFDataGetLength(value);

		found = n > 0 && n < buffer_size;
		if (found) {
			memcpy(buffer, CFDataGetBytePtr(value), n);
			buffer[n] = 0;
		}
	}
	CFRelease(key);
	return found;
}

/* Walk the components at *PATH down from WHERE. */
static struct registry_entry *walk_down(struct registry_entry *where,
					const struct registry_plane *plane, const char *path)
{
	if (!strcmp(path, "/"))
		return where;
	while (where && *path) {
		if (*path++ != '/' || !*path)
			return NULL; /* left-over text or a trailing slash */
		where = find_child(where, plane, &path);
	}
	return where;
}

struct registry_entry *registry_path_find(struct registry_tree *tree, const char *path)
{
	const char *colon = strchr(path, ':');
	char name[REGISTRY_PLANE_NAME_MAX + 1], target[512];

	if (!colon || (size_t)(colon - path) >= sizeof(name))
		return NULL;
	memcpy(name, path, (size_t)(colon - path));
	name[colon - path] = 0;
	struct registry_plane *plane = registry_plane_find(&tree->planes, name);
	struct registry_entry *top = plane ? registry_plane_first_child(tree->root, plane) : NULL;
	const char *rest = colon + 1;
	if (top && *rest != '/' && plane == tree->planes.device_tree) {
		size_t size = strcspn(rest, "/:");

		if (!find_alias(tree, rest, size, target, sizeof(target)))
			return NULL;
		top = walk_down(top, plane, target);
		rest += size;
	} else if (*rest != '/') {
		return NULL;
	}
	return top ? walk_down(top, plane, rest) : NULL;
}
