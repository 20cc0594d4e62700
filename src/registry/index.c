// SPDX-License-Identifier: MIT
#include "registry/index.h"

#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/family.h"
#include "registry/text.h"

struct registry_chain {
	uint64_t hash;
	struct list terms;
};

void registry_index_init(struct registry_index *index)
{
	index->chains = (struct map)MAP_INIT;
}

void registry_index_fini(struct registry_index *index)
{
	map_fini(&index->chains);
}

static struct registry_chain *need_chain(struct registry_index *index, uint64_t hash)
{
	struct registry_chain *c = map_find(&index->chains, hash);

	if (c)
		return c;
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	c->hash = hash;
	list_init(&c->terms);
	if (map_set(&index->chains, hash, c)) {
		free(c);
		return NULL;
	}
	return c;
}

static uint64_t hash_term(enum registry_term_kind kind, const char *text)
{
	return registry_text_hash(text) ^ (uint64_t)kind;
}

static err_t add_term(struct registry_index *index, struct registry_entry *entry,
		      enum registry_term_kind kind, const char *text)
{
	list_for_each(l, &entry->terms) {
		struct registry_term *t = container_of(l, struct registry_term, in_entry);

		if (t->kind == kind && !strcmp(t->text, text))
			return 0;
	}
	struct registry_term *t = malloc(sizeof(*t) + strlen(text) + 1);
	struct registry_chain *c = t ? need_chain(index, hash_term(kind, text)) : NULL;
	if (!c) {
		free(t);
		return -ENOMEM;
	}
	strcpy(t->text, text);
	t->kind = kind;
	t->entry = entry;
	t->chain = c;
	list_add(&c->terms, &t->in_chain);
	list_add(&entry->terms, &t->in_entry);
	return 0;
}

void registry_index_forget(struct registry_index *index, struct registry_entry *entry)
{
	list_for_each_safe(l, &entry->terms) {
		struct registry_term *t = container_of(l, struct registry_term, in_entry);
		struct registry_chain *c = t->chain;

		list_remove(&t->in_entry);
		list_remove(&t->in_chain);
		free(t);
		if (list_is_empty(&c->terms)) {
			map_remove(&index->chains, c->hash);
			free(c);
		}
	}
}

/* The device-tree properties that IONameMatch compares hold one or more NUL-terminated texts. */
static err_t add_device_tree_names(struct registry_index *index, struct registry_entry *entry)
{
	CFStringRef keys[] = { CFSTR("name"), CFSTR("compatible"), CFSTR("device_type"),
			       CFSTR("model") };
	char text[WIRE_NAME_MAX + 1];
	err_t err = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++) {
		scope_cf CFTypeRef value = wire_bag_copy(&entry->properties, keys[i]);

		if (registry_text_get(value, text, sizeof(text)))
			err = add_term(index, entry, REGISTRY_TERM_NAME, text);
		if (!value || CFGetTypeID(value) != CFDataGetTypeID())
			continue;
		const char *p = (const char *)CFDataGetBytePtr(value);
		const char *end = p + CFDataGetLength(value);
		while (p < end && !err) {
			size_t n = strnlen(p, (size_t)(end - p));

			if (n > 0 && n < sizeof(text)) {
				memcpy(text, p, n);
				text[n] = 0;
				err = add_term(index, entry, REGISTRY_TERM_NAME, text);
			}
			p += n + 1;
		}
	}
	return err;
}

err_t registry_index_refresh(struct registry_index *index, struct registry_entry *entry)
{
	char text[WIRE_NAME_MAX + 1];

	registry_index_forget(index, entry);
	err_t err = add_term(index, entry, REGISTRY_TERM_NAME, registry_entry_name(entry, NULL));
	if (!err &&
	    registry_text_get(registry_entry_get(entry, CFSTR("BSD Name")), text, sizeof(text)))
		err = add_term(index, entry, REGISTRY_TERM_BSD_NAME, text);
	if (!err && registry_text_get(registry_entry_get(entry, CFSTR("IOClassNameOverride")), text,
				      sizeof(text)))
		err = add_term(index, entry, REGISTRY_TERM_CLASS, text);
	if (!err && registry_family_has_tree_names(entry))
		err = add_device_tree_names(index, entry);
	return err;
}

void registry_index_walk(const struct registry_index *index, enum registry_term_kind kind,
			 const char *text, registry_index_fn fn, void *context)
{
	struct registry_chain *c = map_find(&index->chains, hash_term(kind, text));

	if (!c)
		return;
	list_for_each(l, &c->terms) {
		struct registry_term *t = container_of(l, struct registry_term, in_chain);

		if (t->kind == kind && !strcmp(t->text, text) && !fn(context, t->entry))
			return;
	}
}
