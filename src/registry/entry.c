// SPDX-License-Identifier: MIT
#include "registry/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/text.h"

/* IDs of registry generation N start here: never those of an earlier registry of the session. */
#define GENERATION_SHIFT 40

static err_t make_fixed(struct registry_tree *tree, const char *class_name, const char *name,
			struct registry_entry *parent, struct registry_entry **ret_entry)
{
	struct registry_class *class = registry_class_find(&tree->classes, class_name);
	struct registry_entry *e;
	err_t err = registry_entry_new(tree, 0, class, NULL, &e);

	if (err)
		return err;
	*ret_entry = e; /* the tree's reference */
	err = registry_entry_rename(e, NULL, name, "");
	if (!err && parent)
		err = registry_plane_attach(e, parent, tree->planes.service);
	return err;
}

err_t registry_tree_init(struct registry_tree *tree, unsigned generation, const char *name)
{
	*tree = (struct registry_tree){ .by_id = MAP_INIT };
	tree->generation = &tree->own_generation;
	tree->names = &tree->own_names;
	/* The three fixed entries have the same IDs in every generation: clients and hosts that
	 * outlived the last one still name them. */
	tree->next_id = WIRE_ROOT_ID;
	list_init(&tree->planes.all);
	registry_index_init(&tree->index);
	err_t err = registry_classes_init(&tree->classes);
	if (err)
		return err;
	err = registry_planes_init(&tree->planes);
	if (!err)
		err = make_fixed(tree, "IORegistryEntry", "Root", NULL, &tree->root);
	if (!err)
		err = make_fixed(tree, "IOPlatformExpertDevice", name, tree->root, &tree->machine);
	if (!err && tree->machine->id != WIRE_MACHINE_ID)
		err = -EINVAL;
	if (!err)
		err = registry_plane_attach(tree->machine, tree->root, tree->planes.device_tree);
	if (!err)
		err = make_fixed(tree, "IOResources", "IOResources", tree->machine,
				 &tree->resources);
	tree->next_id += (uint64_t)generation << GENERATION_SHIFT;
	if (err)
		registry_tree_fini(tree);
	return err;
}

/* Keep VALUE for whoever borrows it, in place of what was lent longest ago. */
static CFTypeRef lend(struct registry_tree *tree, CFTypeRef value)
{
	CFTypeRef *slot = &tree->recent[tree->next_recent];

	tree->next_recent = (tree->next_recent + 1) % REGISTRY_RECENT_MAX;
	if (*slot)
		CFRelease(*slot);
	*slot = value;
	tree->has_lent = true;
	return value;
}

void registry_tree_end_loans(struct registry_tree *tree)
{
	for (size_t i = 0; tree->has_lent && i < REGISTRY_RECENT_MAX; i++) {
		if (tree->recent[i])
			CFRelease(tree->recent[i]);
		tree->recent[i] = NULL;
	}
	tree->has_lent = false;
}

static void free_entry(struct registry_entry *e)
{
	map_remove(&e->tree->by_id, e->id);
	registry_index_forget(&e->tree->index, e);
	registry_entry_unlist(e);
	registry_class_uncount_instance(e->class);
	registry_nodes_fini(e);
	list_remove(&e->owner_link);
	wire_bag_fini(&e->properties);
	if (e->live)
		CFRelease(e->live);
	free(e->name);
	free(e->location);
	free(e);
}

void registry_tree_fini(struct registry_tree *tree)
{
	struct registry_entry *e;
	size_t cursor = 0;

	/* Edges go first, with a reference that keeps everybody alive meanwhile. */
	while ((e = map_next(&tree->by_id, &cursor, NULL)))
		registry_entry_ref(e);
	cursor = 0;
	while ((e = map_next(&tree->by_id, &cursor, NULL)))
		registry_plane_detach_all(e);
	cursor = 0;
	while ((e = map_next(&tree->by_id, &cursor, NULL)))
		free_entry(e);
	tree->root = tree->machine = tree->resources = NULL;
	registry_tree_end_loans(tree);
	map_fini(&tree->by_id);
	registry_index_fini(&tree->index);
	registry_planes_fini(&tree->planes);
	registry_classes_fini(&tree->classes);
}

void registry_tree_changed(struct registry_tree *tree)
{
	atomic_fetch_add_explicit(tree->generation, 1, memory_order_release);
}

uint64_t registry_entry_take_id(struct registry_tree *tree)
{
	while (map_find(&tree->by_id, tree->next_id))
		tree->next_id++;
	return tree->next_id++;
}

/* A copy that may stand in a path; NULL for "" and when memory is short (*ERR). */
static char *copy_name(const char *text, err_t *err)
{
	if (!text[0])
		return NULL;
	char *copy = strdup(text);
	if (!copy)
		*err = -ENOMEM;
	for (char *p = copy; p && *p; p++)
		if (*p == '/')
			*p = ':';
	return copy;
}

/* The text of property KEY; "" when it has none or a longer one. */
static void read_text(const struct registry_entry *e, CFStringRef key, char *buffer, size_t size)
{
	scope_cf CFTypeRef value = wire_bag_copy(&e->properties, key);

	registry_text_get(value, buffer, size);
}

/* "IOName" and "IOLocation" of the first properties stand for names that were not given. */
static err_t set_names(struct registry_entry *e, const char *name, const char *location)
{
	char own_name[WIRE_NAME_MAX + 1], own_location[WIRE_NAME_MAX + 1];
	err_t err = 0;

	if (!name[0] && !location[0]) {
		read_text(e, CFSTR("IOName"), own_name, sizeof(own_name));
		read_text(e, CFSTR("IOLocation"), own_location, sizeof(own_location));
		name = own_name;
		location = own_location;
	}
	if (strlen(name) > WIRE_NAME_MAX || strlen(location) > WIRE_NAME_MAX)
		return -ENAMETOOLONG;
	e->name = copy_name(name, &err);
	e->location = copy_name(location, &err);
	return err;
}

static void count_class(struct registry_entry *e, struct registry_class *class)
{
	registry_class_count_instance(class);
	e->class = class;
	e->state &= ~(uint32_t)(WIRE_STATE_SERVICE | WIRE_STATE_USER_CLIENT);
	if (registry_class_conforms(class, "IOService"))
		e->state |= WIRE_STATE_SERVICE;
	if (registry_class_conforms(class, "IOUserClient"))
		e->state |= WIRE_STATE_USER_CLIENT;
}

/* Without properties, names and terms. */
static err_t new_entry(struct registry_tree *tree, uint64_t id, struct registry_class *class,
		       struct registry_entry **ret_entry)
{
	bool is_ours = id >> GENERATION_SHIFT == tree->next_id >> GENERATION_SHIFT;

	if (id && (id <= WIRE_ROOT_ID || id >> 63))
		return -EINVAL;
	if (id && map_find(&tree->by_id, id))
		return -EEXIST;
	if (is_ours && id >= tree->next_id && id - tree->next_id > UINT32_MAX)
		return -EINVAL;
	struct registry_entry *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->tree = tree;
	e->id = id ? id : registry_entry_take_id(tree);
	/* A re-published ID of this very generation must never be given out again. */
	if (is_ours && id >= tree->next_id)
		tree->next_id = id + 1;
	e->refs = 1;
	list_init(&e->nodes);
	list_init(&e->terms);
	list_init(&e->owner_link);
	list_init(&e->interests);
	list_init(&e->waiters);
	registry_member_init(&e->member);
	count_class(e, class);
	err_t err = map_set(&tree->by_id, e->id, e);
	if (err)
		free_entry(e);
	else
		*ret_entry = e;
	return err;
}

static err_t complete(struct registry_entry *e, err_t err, const char *name, const char *location,
		      struct registry_entry **ret_entry)
{
	if (!err)
		err = set_names(e, name, location);
	if (!err)
		err = registry_index_refresh(&e->tree->index, e);
	if (err)
		free_entry(e);
	else
		*ret_entry = e;
	return err;
}

err_t registry_entry_new(struct registry_tree *tree, uint64_t id, struct registry_class *class,
			 CFDictionaryRef properties, struct registry_entry **ret_entry)
{
	struct registry_entry *e;
	err_t err = new_entry(tree, id, class, &e);

	return err ? err
		   : complete(e, wire_bag_set_all(&e->properties, properties), "", "", ret_entry);
}

err_t registry_entry_new_packed(struct registry_tree *tree, uint64_t id,
				struct registry_class *class, struct wire_bytes properties,
				const char *name, const char *location,
				struct registry_entry **ret_entry)
{
	struct registry_entry *e;
	err_t err = new_entry(tree, id, class, &e);

	return err ? err
		   : complete(e, wire_bag_set_packed(&e->properties, properties), name, location,
			      ret_entry);
}

struct registry_entry *registry_entry_ref(struct registry_entry *entry)
{
	entry->refs++;
	return entry;
}

struct registry_entry *registry_entry_unref(struct registry_entry *entry)
{
	if (!entry)
		return NULL;
	if (entry->refs == 1) {
		/* Children that are still below keep nothing alive: they become parentless. */
		registry_plane_detach_all(registry_entry_ref(entry));
		entry->refs--;
	}
	if (--entry->refs == 0)
		free_entry(entry);
	return NULL;
}

struct registry_entry *registry_entry_find(struct registry_tree *tree, uint64_t id)
{
	return map_find(&tree->by_id, id);
}

void registry_entry_set_class(struct registry_entry *entry, struct registry_class *class)
{
	registry_class_uncount_instance(entry->class);
	count_class(entry, class);
	registry_index_refresh(&entry->tree->index, entry);
}

bool registry_entry_is_service(const struct registry_entry *entry)
{
	return entry->state & WIRE_STATE_SERVICE;
}

bool registry_entry_is_inactive(const struct registry_entry *entry)
{
	return entry->state & WIRE_STATE_INACTIVE;
}

void registry_entry_list(struct registry_entry *entry)
{
	if (list_is_empty(&entry->member.link))
		registry_class_add_member(entry->class, &entry->member);
}

void registry_entry_unlist(struct registry_entry *entry)
{
	registry_class_remove_member(entry->class, &entry->member);
}

/* --- properties --------------------------------------------------------------- */

/* Keys whose change alters the index. */
static bool is_indexed(CFStringRef key)
{
	return CFEqual(key, CFSTR("BSD Name")) || CFEqual(key, CFSTR("name")) ||
	       CFEqual(key, CFSTR("compatible")) || CFEqual(key, CFSTR("device_type")) ||
	       CFEqual(key, CFSTR("model")) || CFEqual(key, CFSTR("IOClassNameOverride")) ||
	       CFEqual(key, CFSTR("IOUserServiceProperties"));
}

void registry_entry_set(struct registry_entry *entry, CFStringRef key, CFTypeRef value)
{
	if (wire_bag_set(&entry->properties, key, value))
		log_warning("no memory for a property of %s", registry_entry_name(entry, NULL));
	if (is_indexed(key))
		registry_index_refresh(&entry->tree->index, entry);
}

void registry_entry_update(struct registry_entry *entry, CFTypeRef set, CFTypeRef remove)
{
	if (!set && !remove)
		return;
	if (wire_bag_update(&entry->properties, set, remove))
		log_warning("no memory for properties of %s", registry_entry_name(entry, NULL));
	CFIndex n = entry->live && registry_is_array(remove) ? CFArrayGetCount(remove) : 0;
	for (CFIndex i = 0; i < n; i++)
		CFSetRemoveValue(entry->live, CFArrayGetValueAtIndex(remove, i));
	registry_index_refresh(&entry->tree->index, entry);
}

err_t registry_entry_set_live(struct registry_entry *entry, CFTypeRef keys)
{
	CFIndex n = registry_is_array(keys) ? CFArrayGetCount(keys) : 0;

	if (n && !entry->live)
		entry->live = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	if (n && !entry->live)
		return -ENOMEM;
	for (CFIndex i = 0; i < n; i++) {
		CFTypeRef key = CFArrayGetValueAtIndex(keys, i);

		if (registry_is_string(key))
			CFSetSetValue(entry->live, key);
	}
	return 0;
}

bool registry_entry_is_live(const struct registry_entry *entry, CFStringRef key)
{
	return entry->live && CFSetContainsValue(entry->live, key);
}

CFTypeRef registry_entry_get(const struct registry_entry *entry, CFStringRef key)
{
	CFTypeRef value = wire_bag_copy(&entry->properties, key);

	if (!value)
		value = wire_bag_copy_inner(&entry->properties, CFSTR("IOUserServiceProperties"),
					    key);
	return value ? lend(entry->tree, value) : NULL;
}

bool registry_entry_has(const struct registry_entry *entry, CFStringRef key)
{
	if (wire_bag_has(&entry->properties, key))
		return true;
	scope_cf CFTypeRef value =
		wire_bag_copy_inner(&entry->properties, CFSTR("IOUserServiceProperties"), key);
	return value != NULL;
}

CFMutableDictionaryRef registry_entry_copy_properties(const struct registry_entry *entry)
{
	return wire_bag_copy_all(&entry->properties);
}

/* --- names -------------------------------------------------------------------- */

err_t registry_entry_rename(struct registry_entry *entry, struct registry_plane *plane,
			    const char *name, const char *location)
{
	struct registry_node *node = NULL;
	err_t err = 0;

	if (strlen(name) > WIRE_NAME_MAX || strlen(location) > WIRE_NAME_MAX)
		return -ENAMETOOLONG;
	if (plane && registry_node_need(entry, plane, &node))
		return -ENOMEM;
	char *new_name = copy_name(name, &err), *new_location = copy_name(location, &err);
	if (err) {
		free(new_name);
		free(new_location);
		return err;
	}
	char **name_slot = node ? &node->name : &entry->name;
	char **location_slot = node ? &node->location : &entry->location;
	free(*name_slot);
	free(*location_slot);
	*name_slot = new_name;
	*location_slot = new_location;
	atomic_fetch_add_explicit(entry->tree->names, 1, memory_order_release);
	return registry_index_refresh(&entry->tree->index, entry);
}

const char *registry_entry_name(const struct registry_entry *entry,
				const struct registry_plane *plane)
{
	struct registry_node *n = plane ? registry_node_find(entry, plane) : NULL;

	if (n && n->name)
		return n->name;
	return entry->name ? entry->name : entry->class->name;
}

const char *registry_entry_location(const struct registry_entry *entry,
				    const struct registry_plane *plane)
{
	struct registry_node *n = plane ? registry_node_find(entry, plane) : NULL;

	if (n && n->location)
		return n->location;
	return entry->location ? entry->location : "";
}

const char *registry_entry_class_name(const struct registry_entry *entry)
{
	return entry->class->name;
}

struct registry_entry *registry_entry_provider(const struct registry_entry *entry)
{
	struct registry_entry *p = registry_plane_first_parent(entry, entry->tree->planes.service);

	return p && registry_entry_is_service(p) ? p : NULL;
}
