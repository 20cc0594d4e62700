// SPDX-License-Identifier: MIT
/* Paths of entries, as texts and back (spec 6.4). */
#include "registry/plane.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/text.h"

enum { ALIASES_MAX = 1024 }; /* that are looked through for an entry's own */

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

/* STEPS: children that may still be looked at. */
static struct registry_entry *find_child(const struct registry_entry *parent,
					 const struct registry_plane *plane, const char **path,
					 uint64_t *steps)
{
	struct registry_node *n = registry_node_find(parent, plane);

	if (!n)
		return NULL;
	list_for_each(l, &n->children) {
		struct registry_edge *e = container_of(l, struct registry_edge, in_parent);

		if (!*steps)
			return NULL;
		--*steps;
		if (take_component(e->child->entry, plane, path))
			return e->child->entry;
	}
	return NULL;
}

/* "/aliases" of the device tree; NULL: there is none. */
static struct registry_entry *find_aliases(struct registry_tree *tree)
{
	const char *where = "aliases";
	uint64_t steps = UINT64_MAX;
	struct registry_entry *top =
		registry_plane_first_child(tree->root, tree->planes.device_tree);

	return top ? find_child(top, tree->planes.device_tree, &where, &steps) : NULL;
}

/* The path in VALUE, a string or data property of "/aliases". */
static bool get_target(CFTypeRef value, char *buffer, size_t size)
{
	if (!value || CFGetTypeID(value) != CFDataGetTypeID())
		return registry_text_get(value, buffer, size) && buffer[0];
	size_t n = (size_t)CFDataGetLength(value);
	if (!n || n >= size)
		return false;
	memcpy(buffer, CFDataGetBytePtr(value), n);
	buffer[n] = 0;
	return buffer[0] != 0;
}

/* The path that ALIAS (SIZE bytes) stands for. */
static bool find_alias(struct registry_tree *tree, const char *alias, size_t size, char *buffer,
		       size_t buffer_size)
{
	struct registry_entry *aliases = size ? find_aliases(tree) : NULL;
	scope_cf CFStringRef key =
		aliases ? CFStringCreateWithBytes(NULL, (const UInt8 *)alias, (CFIndex)size,
						  kCFStringEncodingUTF8, false)
			: NULL;

	return key && get_target(registry_entry_get(aliases, key), buffer, buffer_size);
}

/* Walk the components at *PATH down from WHERE. */
static struct registry_entry *walk_down(struct registry_entry *where,
					const struct registry_plane *plane, const char *path,
					uint64_t *steps)
{
	if (!strcmp(path, "/"))
		return where;
	while (where && *path) {
		if (*path++ != '/' || !*path)
			return NULL; /* left-over text or a trailing slash */
		where = find_child(where, plane, &path, steps);
	}
	return where;
}

struct registry_entry *registry_path_find_within(struct registry_tree *tree, const char *path,
						 uint64_t *steps)
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
		top = walk_down(top, plane, target, steps);
		rest += size;
	} else if (*rest != '/') {
		return NULL;
	}
	return top ? walk_down(top, plane, rest, steps) : NULL;
}

struct registry_entry *registry_path_find(struct registry_tree *tree, const char *path)
{
	uint64_t steps = UINT64_MAX;

	return registry_path_find_within(tree, path, &steps);
}

/* --- writing --------------------------------------------------------------- */

struct alias {
	const struct registry_entry *entry;
	char name[WIRE_NAME_MAX + 1];
};

struct aliases {
	struct registry_tree *tree;
	struct registry_entry *top;
	struct alias *items; /* room for ALIASES_MAX */
	size_t count;
};

static void add_alias(const void *key, const void *value, void *context)
{
	struct aliases *a = context;
	struct alias *item = &a->items[a->count];
	uint64_t steps = UINT64_MAX;
	char target[512];

	if (a->count == ALIASES_MAX || !registry_text_get(key, item->name, sizeof(item->name)) ||
	    !item->name[0] || strpbrk(item->name, "/:") ||
	    !get_target(value, target, sizeof(target)))
		return;
	item->entry = walk_down(a->top, a->tree->planes.device_tree, target, &steps);
	a->count += item->entry != NULL;
}

/* The first by alphabet of ENTRY's aliases; NULL: it has none. */
static const char *find_name(const struct aliases *a, const struct registry_entry *entry)
{
	const char *name = NULL;

	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].entry == entry && (!name || strcmp(a->items[i].name, name) < 0))
			name = a->items[i].name;
	return name;
}

/* The nearest of the CHAIN of N entries that has an alias, below the top; N: none has. */
static size_t find_named(const struct registry_entry *const *chain, size_t n, char *name,
			 size_t size)
{
	struct registry_tree *tree = chain[0]->tree;
	struct registry_entry *entry = find_aliases(tree);
	scope_cf CFDictionaryRef properties = entry ? registry_entry_copy_properties(entry) : NULL;
	struct aliases a = { .tree = tree,
			     .top = registry_plane_first_child(tree->root,
							       tree->planes.device_tree) };
	const char *found = NULL;
	size_t i = n;

	if (properties)
		a.items = malloc(ALIASES_MAX * sizeof(*a.items));
	if (a.items) {
		CFDictionaryApplyFunction(properties, add_alias, &a);
		for (i = 0; i + 1 < n && !(found = find_name(&a, chain[i]));)
			i++;
		if (found)
			snprintf(name, size, "%s", found);
	}
	free(a.items);
	return found ? i : n;
}

static void put_text(struct bytes *out, const char *text)
{
	bytes_put(out, text, strlen(text));
}

static void put_component(struct bytes *out, const struct registry_entry *entry,
			  const struct registry_plane *plane)
{
	const char *location = registry_entry_location(entry, plane);

	put_text(out, registry_entry_name(entry, plane));
	if (location[0]) {
		put_text(out, "@");
		put_text(out, location);
	}
}

err_t registry_path_write(const struct registry_entry *entry, const struct registry_plane *plane,
			  struct bytes *out)
{
	const struct registry_entry **chain;
	char alias[WIRE_NAME_MAX + 1];
	size_t n, start = out->size, above;

	if (entry == entry->tree->root)
		return -ENOENT;
	err_t err = collect_chain(entry, plane, &chain, &n);
	if (err)
		return err;
	put_text(out, plane->name);
	put_text(out, ":");
	above = n;
	if (plane == entry->tree->planes.device_tree)
		above = find_named(chain, n, alias, sizeof(alias));
	if (above < n) {
		put_text(out, alias);
	} else {
		/* The last of the chain is the plane's root component, which is not written. */
		above = n - 1;
		put_text(out, above ? "" : "/");
	}
	for (size_t i = above; i-- > 0;) {
		put_text(out, "/");
		put_component(out, chain[i], plane);
	}
	free(chain);
	bytes_put(out, "", 1);
	if (out->err)
		return out->err;
	return out->size - start > WIRE_PATH_MAX - 1 ? -ENAMETOOLONG : 0;
}
