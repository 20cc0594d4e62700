// SPDX-License-Identifier: MIT
#include "registry/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/compare.h"
#include "registry/text.h"
#include "wire/packed.h"

/* IDs of registry generation N start here: never those of an earlier registry of the session. */
#define GENERATION_SHIFT 40
/* IDs that come back may be ahead of ours, but never so far that the range could come to its end. */
#define AHEAD_SHIFT 36

static bool is_too_far(uint64_t id, uint64_t next)
{
	uint64_t within = id & ((1ull << GENERATION_SHIFT) - 1);

	return id >= next && (id - next > UINT32_MAX || within >> AHEAD_SHIFT);
}

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
	*tree = (struct registry_tree){ .by_id = REGISTRY_IDS_INIT };
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
	registry_ids_remove(&e->tree->by_id, e->id);
	registry_index_forget(e->tree, e);
	registry_entry_unlist(e);
	registry_class_uncount_instance(e->class);
	registry_nodes_fini(e);
	list_remove(&e->owner_link);
	wire_bag_fini(&e->properties);
	if (e->attention && e->attention->live)
		CFRelease(e->attention->live);
	if (e->attention)
		free(e->attention->opener);
	free(e->attention);
	free(e->names);
	free(e);
}

void registry_tree_fini(struct registry_tree *tree)
{
	struct registry_entry *e;
	size_t cursor = 0;

	/* Edges go first, with a reference that keeps everybody alive meanwhile. */
	while ((e = registry_tree_next(tree, &cursor)))
		registry_entry_ref(e);
	cursor = 0;
	while ((e = registry_tree_next(tree, &cursor)))
		registry_plane_detach_all(e);
	cursor = 0;
	while ((e = registry_tree_next(tree, &cursor)))
		free_entry(e);
	tree->root = tree->machine = tree->resources = NULL;
	registry_tree_end_loans(tree);
	registry_ids_fini(&tree->by_id);
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
	while (registry_ids_find(&tree->by_id, tree->next_id))
		tree->next_id++;
	return tree->next_id++;
}

/* Both behind each other, as they may stand in a path; NULL when both are "", and when memory is short
 * (*ERR). */
static char *names_new(const char *name, const char *location, err_t *err)
{
	size_t n = strlen(name) + 1, size = n + strlen(location) + 1;

	if (size == 2)
		return NULL;
	char *names = malloc(size);
	if (!names) {
		*err = -ENOMEM;
		return NULL;
	}
	memcpy(names, name, n);
	memcpy(names + n, location, size - n);
	for (char *p = names; p < names + size; p++)
		if (*p == '/')
			*p = ':';
	return names;
}

/* NULL: there is none. */
static const char *name_of(const char *names)
{
	return names && names[0] ? names : NULL;
}

static const char *location_of(const char *names)
{
	const char *location = names ? names + strlen(names) + 1 : "";

	return location[0] ? location : NULL;
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
	e->names = names_new(name, location, &err);
	return err;
}

static void note_privacy(struct registry_entry *e)
{
	static const char key[] = "PorticoPrivateProperties";
	struct wire_bytes value;

	e->has_private = registry_entry_is_packed(e)
			       ? registry_entry_find_packed(e, key, sizeof(key) - 1, &value)
			       : registry_entry_has(e, CFSTR("PorticoPrivateProperties"));
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

void registry_tree_skip_ids(struct registry_tree *tree, uint64_t n)
{
	tree->next_id += n;
}

/* Without properties, names and terms. */
static err_t new_entry(struct registry_tree *tree, uint64_t id, struct registry_class *class,
		       struct registry_entry **ret_entry)
{
	bool is_ours = id >> GENERATION_SHIFT == tree->next_id >> GENERATION_SHIFT;

	if (id && (id <= WIRE_ROOT_ID || id >> 63))
		return -EINVAL;
	if (id && registry_ids_find(&tree->by_id, id))
		return -EEXIST;
	if (is_ours && is_too_far(id, tree->next_id))
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
	list_init(&e->owner_link);
	registry_member_init(&e->member);
	count_class(e, class);
	err_t err = registry_ids_add(&tree->by_id, e->id, e);
	if (err)
		free_entry(e);
	else
		*ret_entry = e;
	return err;
}

static bool passes_for_another(const struct registry_entry *e)
{
	static const char key[] = "IOClassNameOverride";
	struct wire_bytes value;

	if (registry_entry_is_packed(e) && !registry_entry_live_keys(e))
		return registry_entry_find_packed(e, key, sizeof(key) - 1, &value);
	return registry_entry_has(e, CFSTR("IOClassNameOverride")) ||
	       registry_entry_is_live(e, CFSTR("IOClassNameOverride"));
}

/* False: nothing has changed. */
static bool note_class(struct registry_entry *e)
{
	uint32_t before = e->state;

	if (passes_for_another(e))
		e->state &= ~(uint32_t)WIRE_STATE_OWN_CLASS;
	else
		e->state |= WIRE_STATE_OWN_CLASS;
	return e->state != before;
}

static void names_changed(struct registry_tree *tree)
{
	atomic_fetch_add_explicit(tree->names, 1, memory_order_release);
}

/* The property KEY has changed, or several (NULL). */
static void note_change(struct registry_entry *e, CFStringRef key)
{
	note_privacy(e);
	if (note_class(e))
		names_changed(e->tree);
	registry_index_changed(e->tree, e, key);
}

static err_t complete(struct registry_entry *e, err_t err, const char *name, const char *location,
		      struct registry_entry **ret_entry)
{
	if (!err)
		err = set_names(e, name, location);
	if (err) {
		free_entry(e);
		return err;
	}
	note_class(e);
	note_privacy(e);
	registry_index_refresh(e->tree, e);
	*ret_entry = e;
	return 0;
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
	return registry_ids_find(&tree->by_id, id);
}

struct registry_entry *registry_tree_next(const struct registry_tree *tree, size_t *cursor)
{
	return registry_ids_next(&tree->by_id, cursor);
}

void registry_entry_set_class(struct registry_entry *entry, struct registry_class *class)
{
	registry_class_uncount_instance(entry->class);
	count_class(entry, class);
	registry_index_refresh(entry->tree, entry);
}

bool registry_entry_is_service(const struct registry_entry *entry)
{
	return entry->state & WIRE_STATE_SERVICE;
}

bool registry_entry_is_inactive(const struct registry_entry *entry)
{
	return entry->state & WIRE_STATE_INACTIVE;
}

struct registry_attention *registry_entry_need_attention(struct registry_entry *entry)
{
	struct registry_attention *a = entry->attention;

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (a) {
		list_init(&a->interests);
		list_init(&a->waiters);
		list_init(&a->uses);
		list_init(&a->users);
	}
	entry->attention = a;
	return a;
}

void registry_entry_list(struct registry_entry *entry)
{
	registry_class_add_member(entry->class, &entry->member);
}

bool registry_entry_is_listed(const struct registry_entry *entry)
{
	return registry_member_is_listed(&entry->member);
}

void registry_entry_unlist(struct registry_entry *entry)
{
	registry_class_remove_member(entry->class, &entry->member);
}

void registry_entry_set_inactive(struct registry_entry *entry)
{
	entry->state &= WIRE_STATE_SERVICE | WIRE_STATE_USER_CLIENT;
	entry->state |= WIRE_STATE_INACTIVE;
	registry_entry_unlist(entry);
	registry_tree_changed(entry->tree);
}

/* --- properties --------------------------------------------------------------- */

uint64_t registry_entry_cost(const struct registry_entry *entry)
{
	CFSetRef live = registry_entry_live_keys(entry);

	return wire_bag_cost(&entry->properties) + (live ? wire_bag_cost_of(live) : 0);
}

static void resized(struct registry_entry *entry, uint64_t before)
{
	if (entry->tree->ops)
		entry->tree->ops->resized(entry, before);
}

void registry_entry_set(struct registry_entry *entry, CFStringRef key, CFTypeRef value)
{
	uint64_t before = registry_entry_cost(entry);

	if (registry_entry_is_inactive(entry))
		return;
	if (wire_bag_set(&entry->properties, key, value))
		log_warning("no memory for a property of %s", registry_entry_name(entry, NULL));
	resized(entry, before);
	note_change(entry, key);
}

void registry_entry_update(struct registry_entry *entry, CFTypeRef set, CFTypeRef remove)
{
	uint64_t before = registry_entry_cost(entry);

	if ((!set && !remove) || registry_entry_is_inactive(entry))
		return;
	if (wire_bag_update(&entry->properties, set, remove))
		log_warning("no memory for properties of %s", registry_entry_name(entry, NULL));
	CFMutableSetRef live = entry->attention ? entry->attention->live : NULL;
	CFIndex n = live && registry_is_array(remove) ? CFArrayGetCount(remove) : 0;
	for (CFIndex i = 0; i < n; i++)
		CFSetRemoveValue(live, CFArrayGetValueAtIndex(remove, i));
	resized(entry, before);
	note_change(entry, NULL);
}

err_t registry_entry_set_live(struct registry_entry *entry, CFTypeRef keys)
{
	CFIndex n = registry_is_array(keys) ? CFArrayGetCount(keys) : 0;
	struct registry_attention *a = n ? registry_entry_need_attention(entry) : NULL;
	uint64_t before = registry_entry_cost(entry);

	if (registry_entry_is_inactive(entry))
		return 0;
	if (a && !a->live)
		a->live = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	if (n && (!a || !a->live))
		return -ENOMEM;
	for (CFIndex i = 0; i < n; i++) {
		CFTypeRef key = CFArrayGetValueAtIndex(keys, i);

		if (registry_is_string(key))
			CFSetSetValue(a->live, key);
	}
	resized(entry, before);
	if (n && note_class(entry))
		names_changed(entry->tree);
	return 0;
}

CFSetRef registry_entry_live_keys(const struct registry_entry *entry)
{
	CFSetRef live = entry->attention ? entry->attention->live : NULL;

	return live && CFSetGetCount(live) ? live : NULL;
}

bool registry_entry_is_live(const struct registry_entry *entry, CFStringRef key)
{
	CFSetRef live = registry_entry_live_keys(entry);

	return live && CFSetContainsValue(live, key);
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

bool registry_entry_is_packed(const struct registry_entry *entry)
{
	return !entry->properties.loose;
}

bool registry_entry_find_packed(const struct registry_entry *entry, const char *key, size_t size,
				struct wire_bytes *ret_value)
{
	static const char outer[] = "IOUserServiceProperties";
	struct wire_bytes inner;

	return wire_bag_find(&entry->properties, key, size, ret_value) ||
	       (wire_bag_find(&entry->properties, outer, sizeof(outer) - 1, &inner) &&
		wire_packed_find(inner, key, size, ret_value));
}

bool registry_entry_equals_at(const struct registry_entry *entry, const char *key, size_t size,
			      CFTypeRef wanted)
{
	struct wire_bytes have;

	if (registry_entry_is_packed(entry))
		return registry_entry_find_packed(entry, key, size, &have) &&
		       registry_compare_encoded(wanted, have);
	scope_cf CFStringRef name = CFStringCreateWithBytes(NULL, (const UInt8 *)key, (CFIndex)size,
							    kCFStringEncodingUTF8, false);
	return name && registry_compare_values(wanted, registry_entry_get(entry, name));
}

bool registry_entry_equals(const struct registry_entry *entry, CFStringRef key, CFTypeRef wanted)
{
	char buffer[4 * (WIRE_NAME_MAX + 1)];
	size_t size;
	const char *text = registry_text_bytes(key, buffer, sizeof(buffer), &size);

	return text ? registry_entry_equals_at(entry, text, size, wanted)
		    : registry_compare_values(wanted, registry_entry_get(entry, key));
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
	char *names = names_new(name, location, &err);
	if (err)
		return err;
	char **slot = node ? &node->names : &entry->names;
	free(*slot);
	*slot = names;
	names_changed(entry->tree);
	registry_index_changed(entry->tree, entry, NULL);
	return 0;
}

bool registry_node_has_name(const struct registry_node *node)
{
	return name_of(node->names) != NULL;
}

const char *registry_entry_name(const struct registry_entry *entry,
				const struct registry_plane *plane)
{
	struct registry_node *n = plane ? registry_node_find(entry, plane) : NULL;
	const char *name = n ? name_of(n->names) : NULL;

	if (!name)
		name = name_of(entry->names);
	return name ? name : entry->class->name;
}

const char *registry_entry_location(const struct registry_entry *entry,
				    const struct registry_plane *plane)
{
	struct registry_node *n = plane ? registry_node_find(entry, plane) : NULL;
	const char *location = n ? location_of(n->names) : NULL;

	if (!location)
		location = location_of(entry->names);
	return location ? location : "";
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
