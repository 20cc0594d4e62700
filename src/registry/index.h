// SPDX-License-Identifier: MIT
/*
 * Which entries may have this value? For each key that is indexed, an entry has
 * a term for its value (for its names: one for each), and the terms of equal
 * hash are one chain, which knows its length. A chain is a list of candidates:
 * that an entry is in it means nothing until it has been matched, but whoever
 * has the value is in it.
 *
 * Only the classes that entries pass for are always indexed. Any other key is
 * when looking without has cost as much as indexing it would have; few keys are
 * kept, the others make room, and an index that cannot be kept whole is none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/map.h"
#include "wire/protocol.h"

struct registry_entry;
struct registry_tree;
struct registry_term;

enum {
	REGISTRY_INDEX_CLASS,	 /* IOClassNameOverride */
	REGISTRY_INDEX_NAME,	 /* what IONameMatch compares */
	REGISTRY_INDEX_PROPERTY, /* and on: the properties that are searched for */
	REGISTRY_INDEX_KEYS = 16,
	REGISTRY_INDEX_LATEST = 8, /* keys that one search may look up: fewer than make room */
	/* Terms on demand are at most so many for each entry, and so many more. */
	REGISTRY_INDEX_TERMS = 4,
	REGISTRY_INDEX_TERMS_MORE = 4096,
	REGISTRY_INDEX_TERM_BYTES = 40, /* that one takes at least */
};

/* One key that is indexed, or has been searched for. */
struct registry_index_key {
	char text[WIRE_NAME_MAX + 1]; /* of a property; "": free */
	uint8_t size;		      /* of TEXT */
	bool is_whole;		      /* all entries have their terms */
	uint64_t debt;		      /* entries that were looked at for want of the index */
	uint64_t used;		      /* when: counts look-ups */
	size_t n_terms;
};

struct registry_index {
	struct map chains; /* hash -> struct registry_chain */
	struct registry_index_key keys[REGISTRY_INDEX_KEYS];
	size_t n_terms; /* but for classes */
	uint64_t n_used;
};

void registry_index_init(struct registry_index *index);
/* All terms are gone. */
void registry_index_fini(struct registry_index *index);

/* Make the entry's terms anew from its names and properties. */
void registry_index_refresh(struct registry_tree *tree, struct registry_entry *entry);
/* The same if a change of the property KEY (NULL: of several) can make a difference. */
void registry_index_changed(struct registry_tree *tree, struct registry_entry *entry,
			    CFStringRef key);
void registry_index_forget(struct registry_tree *tree, struct registry_entry *entry);

/* The candidates of one value; 0 is never one. */
typedef uint64_t registry_index_hash;
/* 0: there are too many to be told by the index, which is not whole. */
registry_index_hash registry_index_name(struct registry_tree *tree, const char *name,
					uint64_t n_without);
/* N_WITHOUT entries are looked at if the index cannot be used. */
registry_index_hash registry_index_property(struct registry_tree *tree, const char *key,
					    size_t key_size, CFTypeRef value, uint64_t n_without);
/* The same for a scalar's hash (registry_compare_hash), if the property is indexed; else 0. */
registry_index_hash registry_index_known(struct registry_tree *tree, const char *key,
					 size_t key_size, uint64_t value_hash);
registry_index_hash registry_index_class(const char *name);
/* False: the key has made room for another since; its chains say nothing. Holds for the hashes of the
 * last REGISTRY_INDEX_LATEST look-ups. */
bool registry_index_is_valid(const struct registry_tree *tree, registry_index_hash hash);
size_t registry_index_count(const struct registry_tree *tree, registry_index_hash hash);
/* FN sees each candidate until it returns false. FN may not change terms. */
typedef bool (*registry_index_fn)(void *context, struct registry_entry *entry);
void registry_index_walk(const struct registry_tree *tree, registry_index_hash hash,
			 registry_index_fn fn, void *context);
