// SPDX-License-Identifier: MIT
/*
 * Look-up of entries by text: their names, their BSD name, the class they pass for. Each entry has
 * a few terms; the chain of a term is as long as the number of entries that
 * share it.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"

struct registry_entry;

enum registry_term_kind {
	REGISTRY_TERM_NAME,
	REGISTRY_TERM_BSD_NAME,
	REGISTRY_TERM_CLASS, /* IOClassNameOverride */
};

struct registry_term {
	struct list in_chain, in_entry;
	struct registry_chain *chain;
	struct registry_entry *entry;
	enum registry_term_kind kind;
	char text[];
};

struct registry_index {
	struct map chains; /* hash -> struct registry_chain */
};

void registry_index_init(struct registry_index *index);
/* All terms are gone. */
void registry_index_fini(struct registry_index *index);

/* Drop the entry's terms and make them anew from its names and properties. -ENOMEM: the entry may
 * be missing from look-ups by text. */
err_t registry_index_refresh(struct registry_index *index, struct registry_entry *entry);
void registry_index_forget(struct registry_index *index, struct registry_entry *entry);

/* FN sees each entry with that term until it returns false. FN may not change terms. */
typedef bool (*registry_index_fn)(void *context, struct registry_entry *entry);
void registry_index_walk(const struct registry_index *index, enum registry_term_kind kind,
			 const char *text, registry_index_fn fn, void *context);
