// SPDX-License-Identifier: MIT
/*
 * One node of the registry, and the tree that owns them all: IDs, class, name,
 * properties, state. No messages, no peers, no decisions.
 *
 * Lifetime: an entry lives while somebody holds a reference: its attachment to
 * a parent, its owner, each grant of a client, a pending notification, a job.
 * A terminated entry is inert: same ID, nobody's child, still readable.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "registry/class.h"
#include "registry/index.h"
#include "registry/plane.h"
#include "wire/bag.h"
#include "wire/protocol.h"

struct registry_peer;
struct registry_match_job;

enum { REGISTRY_RECENT_MAX = 256 }; /* values that registry_entry_get has lent */

struct registry_tree {
	struct map by_id;
	uint64_t next_id;
	struct registry_classes classes;
	struct registry_planes planes;
	struct registry_index index;
	/* the three entries that are always there */
	struct registry_entry *root, *machine, *resources;
	/* in the status page: of the tree, and of the names of its entries */
	_Atomic uint64_t *generation, *names;
	_Atomic uint64_t own_generation, own_names; /* used until a page is given */
	CFTypeRef recent[REGISTRY_RECENT_MAX];
	size_t next_recent;
	bool has_lent;
};

struct registry_entry {
	/* identity */
	struct registry_tree *tree;
	uint64_t id;
	struct registry_class *class;
	char *name, *location; /* of no plane; name NULL: the class name, location NULL: none */
	unsigned refs;
	/* content */
	struct wire_bag properties;
	CFMutableSetRef live; /* keys that the owner computes at each read; NULL: none */
	/* links */
	struct list nodes;	       /* struct registry_node: one for each plane it is known in */
	struct registry_member member; /* among the registered services of its class */
	struct list terms;	       /* in the index */
	/* state */
	uint32_t state; /* enum wire_entry_state */
	uint64_t holds; /* grants of clients */
	uint32_t busy;
	uint64_t busy_since_ns, busy_ns;
	bool is_claimed;  /* a Terminated notification keeps clients' names alive */
	bool is_starting; /* start() is running: registration waits for its end */
	bool wants_register;
	/* relations: who provides it, what goes on with it */
	struct registry_peer *owner;
	struct list owner_link;
	struct registry_match_job *job;
	struct list interests; /* subscriptions to its messages */
	struct list waiters;   /* clients waiting until it is quiet */
};

/* Makes Root, the machine node NAME and IOResources. IDs start at the generation's base. */
err_t registry_tree_init(struct registry_tree *tree, unsigned generation, const char *name);
/* Frees every entry, whatever references are left. */
void registry_tree_fini(struct registry_tree *tree);
/* Nobody borrows a value any more: between two messages. */
void registry_tree_end_loans(struct registry_tree *tree);
/* Grows with every attach, detach and termination. */
void registry_tree_changed(struct registry_tree *tree);

/* A new entry in no plane, with one reference for the caller. ID 0 takes the next one. PROPERTIES
 * may be NULL; "IOName" and "IOLocation" seed the names. -EEXIST: the ID is in use; -EINVAL: it
 * never was one of ours; -ENOMEM. */
err_t registry_entry_new(struct registry_tree *tree, uint64_t id, struct registry_class *class,
			 CFDictionaryRef properties, struct registry_entry **ret_entry);
/* The same with properties as they came (checked, or empty) and a NAME and LOCATION ("": what the
 * properties say) of its own. -ENAMETOOLONG too. */
err_t registry_entry_new_packed(struct registry_tree *tree, uint64_t id,
				struct registry_class *class, struct wire_bytes properties,
				const char *name, const char *location,
				struct registry_entry **ret_entry);
struct registry_entry *registry_entry_ref(struct registry_entry *entry);
/* NULL is accepted; returns NULL. */
struct registry_entry *registry_entry_unref(struct registry_entry *entry);

/* NULL when unknown. */
struct registry_entry *registry_entry_find(struct registry_tree *tree, uint64_t id);
uint64_t registry_entry_take_id(struct registry_tree *tree);
/* Only before the entry has been shown to anybody. */
void registry_entry_set_class(struct registry_entry *entry, struct registry_class *class);
bool registry_entry_is_service(const struct registry_entry *entry);
bool registry_entry_is_inactive(const struct registry_entry *entry);
/* Enter the lists of registered services, or leave them. */
void registry_entry_list(struct registry_entry *entry);
void registry_entry_unlist(struct registry_entry *entry);

/* Set or, with VALUE NULL, remove a property. */
void registry_entry_set(struct registry_entry *entry, CFStringRef key, CFTypeRef value);
/* All pairs of SET (dictionary or NULL), without the keys of REMOVE (array or NULL). */
void registry_entry_update(struct registry_entry *entry, CFTypeRef set, CFTypeRef remove);
/* Mark the keys of KEYS (array) as computed by the owner. -ENOMEM. */
err_t registry_entry_set_live(struct registry_entry *entry, CFTypeRef keys);
bool registry_entry_is_live(const struct registry_entry *entry, CFStringRef key);
/* Looks into IOUserServiceProperties as well; NULL when there is none. Borrowed: good while this
 * message is handled, until the property changes or REGISTRY_RECENT_MAX further values have been
 * asked for. */
CFTypeRef registry_entry_get(const struct registry_entry *entry, CFStringRef key);
/* The same, asking only whether there is one. */
bool registry_entry_has(const struct registry_entry *entry, CFStringRef key);
/* All properties as a new dictionary; NULL: no memory. */
CFMutableDictionaryRef registry_entry_copy_properties(const struct registry_entry *entry);

/* PLANE NULL: the name of no plane. -ENAMETOOLONG, -ENOMEM. "/" becomes ":". LOCATION "": none. */
err_t registry_entry_rename(struct registry_entry *entry, struct registry_plane *plane,
			    const char *name, const char *location);
/* The own name in PLANE (may be NULL), else the global one, else the class name. */
const char *registry_entry_name(const struct registry_entry *entry,
				const struct registry_plane *plane);
/* "" when there is none. */
const char *registry_entry_location(const struct registry_entry *entry,
				    const struct registry_plane *plane);
/* The real class; IOClassNameOverride is the client library's business. */
const char *registry_entry_class_name(const struct registry_entry *entry);
/* First parent in the IOService plane; NULL when there is none or it is no service. */
struct registry_entry *registry_entry_provider(const struct registry_entry *entry);
