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
#include "registry/class.h"
#include "registry/ids.h"
#include "registry/index.h"
#include "registry/plane.h"
#include "wire/bag.h"
#include "wire/protocol.h"

struct registry_peer;
struct registry_match_job;

enum { REGISTRY_RECENT_MAX = 256 }; /* values that registry_entry_get has lent */

/* Who pays for an entry; NULL: nobody asks. */
struct registry_tree_ops {
	/* One more link (registry_plane_count_links). False: over the limit. */
	bool (*link)(struct registry_entry *entry);
	void (*unlink)(struct registry_entry *entry);
	/* Its properties took BEFORE (registry_entry_cost). */
	void (*resized)(struct registry_entry *entry, uint64_t before);
};

struct registry_tree {
	const struct registry_tree_ops *ops; /* may be NULL */
	struct registry_ids by_id;
	uint64_t next_id;
	uint32_t last_search; /* never 0 again */
	struct registry_classes classes;
	struct registry_planes planes;
	struct registry_index index;
	/* the three entries that are always there */
	struct registry_entry *root, *machine, *resources;
	/* in the status page: of the tree, and of what its entries are called */
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
	/* Name and location of no plane, one behind the other; NULL: the class name and none. */
	char *names;
	unsigned refs;
	uint32_t state; /* enum wire_entry_state */
	/* content */
	struct wire_bag properties;
	/* links */
	struct registry_node node;     /* the first of one for each plane it is known in */
	struct registry_member member; /* among the registered services of its class */
	struct registry_term *terms;   /* in the index; NULL: none */
	/* state */
	uint64_t holds;	  /* grants of clients */
	uint64_t busy_ns; /* less the time when it became busy, while it is */
	uint32_t busy;
	uint32_t asked;	 /* the search whose IOParentMatch has looked at it and what is above ... */
	bool has_fitted; /* ... and with which result (match.c) */
	bool is_dead;	 /* while clients are told so (notify.c) */
	bool is_claimed; /* a Terminated notification keeps clients' names alive */
	bool is_starting; /* start() is running: registration waits for its end */
	bool wants_register;
	bool wants_root;  /* to be registered when it is attached to the root (orphan.c) */
	bool has_private; /* some properties are not for everybody (privacy.c) */
	bool is_unmatched, is_unannounced; /* for want of memory: bind.c does it later */
	bool is_chosen;			   /* while victims are collected (victims.c) */
	bool is_owed;	   /* an end with all rites, for which there was no memory (terminate.c) */
	bool is_end_known; /* its owner has asked for that itself */
	uint32_t owed_options;
	/* relations: who provides it, what goes on with it */
	struct registry_peer *owner;
	struct list owner_link;
	struct registry_match_job *job;
	struct registry_attention *attention; /* NULL: nobody has asked for any */
};

/* Who opened a user client. */
struct registry_opener {
	uint64_t service;
	pid_t pid;
	uid_t uid;
	char process[]; /* what the program calls itself */
};

/* What few entries have. */
struct registry_attention {
	CFMutableSetRef live;		/* keys that the owner computes at each read; NULL: none */
	struct list interests;		/* subscriptions to its messages */
	struct list waiters;		/* clients waiting until it is quiet */
	struct list uses, users;	/* what it has open, and who has it open (access.c) */
	struct registry_opener *opener; /* of a user client; NULL: unknown */
};

/* Makes Root, the machine node NAME and IOResources. IDs start at the generation's base. */
err_t registry_tree_init(struct registry_tree *tree, unsigned generation, const char *name);
/* The next N (2^34 at most) are never given out. */
void registry_tree_skip_ids(struct registry_tree *tree, uint64_t n);
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
/* Every entry once: start with *CURSOR = 0; NULL at the end. */
struct registry_entry *registry_tree_next(const struct registry_tree *tree, size_t *cursor);
uint64_t registry_entry_take_id(struct registry_tree *tree);
/* Only before the entry has been shown to anybody. */
void registry_entry_set_class(struct registry_entry *entry, struct registry_class *class);
bool registry_entry_is_service(const struct registry_entry *entry);
bool registry_entry_is_inactive(const struct registry_entry *entry);
/* Kept from now on as long as the entry is; NULL: no memory. */
struct registry_attention *registry_entry_need_attention(struct registry_entry *entry);
/* Enter the lists of registered services, or leave them. */
void registry_entry_list(struct registry_entry *entry);
void registry_entry_unlist(struct registry_entry *entry);
/* It, and nothing that stands on it. */
void registry_entry_set_inactive(struct registry_entry *entry);
bool registry_entry_is_listed(const struct registry_entry *entry);

/* Bytes that ENTRY takes beyond what every one does, about. Fixed once it is inactive. */
uint64_t registry_entry_cost(const struct registry_entry *entry);
/* Set or, with VALUE NULL, remove a property. Inactive entries stay as they are. */
void registry_entry_set(struct registry_entry *entry, CFStringRef key, CFTypeRef value);
/* All pairs of SET (dictionary or NULL), without the keys of REMOVE (array or NULL). The same for
 * inactive ones. */
void registry_entry_update(struct registry_entry *entry, CFTypeRef set, CFTypeRef remove);
/* Mark the keys of KEYS (array) as computed by the owner. -ENOMEM. */
err_t registry_entry_set_live(struct registry_entry *entry, CFTypeRef keys);
/* Those that there are; NULL: none. */
CFSetRef registry_entry_live_keys(const struct registry_entry *entry);
bool registry_entry_is_live(const struct registry_entry *entry, CFStringRef key);
/* Looks into IOUserServiceProperties as well; NULL when there is none. Borrowed: good while this
 * message is handled, until the property changes or REGISTRY_RECENT_MAX further values have been
 * asked for. */
CFTypeRef registry_entry_get(const struct registry_entry *entry, CFStringRef key);
/* The same, asking only whether there is one. */
bool registry_entry_has(const struct registry_entry *entry, CFStringRef key);
/* Is that value equal to WANTED (registry/compare.h)? */
bool registry_entry_equals(const struct registry_entry *entry, CFStringRef key, CFTypeRef wanted);
bool registry_entry_equals_at(const struct registry_entry *entry, const char *key, size_t size,
			      CFTypeRef wanted);
/* The value of KEY (SIZE bytes of UTF-8) encoded, borrowed; false also when it is kept as an object
 * (registry_entry_is_packed). */
bool registry_entry_find_packed(const struct registry_entry *entry, const char *key, size_t size,
				struct wire_bytes *ret_value);
bool registry_entry_is_packed(const struct registry_entry *entry);
/* All properties as a new dictionary; NULL: no memory. */
CFMutableDictionaryRef registry_entry_copy_properties(const struct registry_entry *entry);

/* PLANE NULL: the name of no plane. -ENAMETOOLONG, -ENOMEM. "/" becomes ":". LOCATION "": none. */
err_t registry_entry_rename(struct registry_entry *entry, struct registry_plane *plane,
			    const char *name, const char *location);
/* The own name in PLANE (may be NULL), else the global one, else the class name. */
const char *registry_entry_name(const struct registry_entry *entry,
				const struct registry_plane *plane);
/* Has it a name of its own in this plane? */
bool registry_node_has_name(const struct registry_node *node);
/* "" when there is none. */
const char *registry_entry_location(const struct registry_entry *entry,
				    const struct registry_plane *plane);
/* The real class; IOClassNameOverride is the client library's business. */
const char *registry_entry_class_name(const struct registry_entry *entry);
/* First parent in the IOService plane; NULL when there is none or it is no service. */
struct registry_entry *registry_entry_provider(const struct registry_entry *entry);
