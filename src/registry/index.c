// SPDX-License-Identifier: MIT
#include "registry/index.h"

#include <stdlib.h>
#include <string.h>

#include "registry/compare.h"
#include "registry/entry.h"
#include "registry/family.h"
#include "registry/text.h"
#include "wire/packed.h"
#include "wire/value.h"

enum { KEY_BITS = 4, KEY_MASK = (1 << KEY_BITS) - 1 }; /* of a hash: the number of its key */
_Static_assert(REGISTRY_INDEX_KEYS <= 1 << KEY_BITS, "the number of a key fits");

struct registry_chain {
	struct list terms;
	size_t count;
};

struct registry_term {
	struct list in_chain;
	struct registry_term *next; /* of the same entry */
	struct registry_entry *entry;
	uint64_t hash;
};

_Static_assert(sizeof(struct registry_term) == REGISTRY_INDEX_TERM_BYTES,
	       "as diagnostics count it");

/* Terms that refresh makes for one entry. */
struct indexing {
	struct registry_tree *tree;
	struct registry_entry *entry;
	unsigned key;
	err_t err;
};

void registry_index_init(struct registry_index *index)
{
	*index = (struct registry_index){ .chains = MAP_INIT };
	index->keys[REGISTRY_INDEX_CLASS].is_whole = true;
}

void registry_index_fini(struct registry_index *index)
{
	map_fini(&index->chains);
}

/* --- hashes ----------------------------------------------------------------- */

static uint64_t hash_of(unsigned key, uint64_t value_hash)
{
	uint64_t hash = value_hash << KEY_BITS | key;

	return hash ? hash : 1ull << KEY_BITS;
}

static uint64_t hash_text(unsigned key, const char *text)
{
	return hash_of(key, registry_text_hash(text));
}

static bool is_scalar(CFTypeRef value)
{
	CFTypeID type = value ? CFGetTypeID(value) : 0;

	return value && (type == CFStringGetTypeID() || type == CFNumberGetTypeID() ||
			 type == CFBooleanGetTypeID() || type == CFDataGetTypeID());
}

/* False: no scalar, or no memory (ERR). */
static bool hash_object(CFTypeRef value, uint64_t *ret_hash, err_t *err)
{
	uint64_t stack[64];
	struct bytes small = { .data = (uint8_t *)stack,
			       .capacity = sizeof(stack),
			       .limit = sizeof(stack) };
	struct bytes large = BYTES_INIT;
	bool ok = false;

	if (!is_scalar(value))
		return false;
	if (!wire_value_encode(value, &small))
		return registry_compare_hash((struct wire_bytes){ small.data, small.size },
					     ret_hash);
	*err = wire_value_encode(value, &large);
	if (!*err)
		ok = registry_compare_hash((struct wire_bytes){ large.data, large.size }, ret_hash);
	bytes_fini(&large);
	return ok;
}

/* --- terms ------------------------------------------------------------------ */

static struct registry_chain *need_chain(struct registry_index *index, uint64_t hash)
{
	struct registry_chain *c = map_find(&index->chains, hash);

	if (c)
		return c;
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	list_init(&c->terms);
	c->count = 0;
	if (map_set(&index->chains, hash, c)) {
		free(c);
		return NULL;
	}
	return c;
}

static void count_terms(struct registry_index *index, uint64_t hash, int change)
{
	unsigned key = hash & KEY_MASK;

	index->keys[key].n_terms += (size_t)change;
	if (key != REGISTRY_INDEX_CLASS)
		index->n_terms += (size_t)change;
}

/* Is there room for MORE terms of keys that are indexed on demand? */
static bool has_room(const struct registry_tree *tree, size_t more)
{
	return tree->index.n_terms + more <=
	       REGISTRY_INDEX_TERMS * tree->by_id.count + REGISTRY_INDEX_TERMS_MORE;
}

static void add_term(struct indexing *i, uint64_t hash)
{
	struct registry_index *index = &i->tree->index;

	for (struct registry_term *t = i->entry->terms; t; t = t->next)
		if (t->hash == hash)
			return;
	if (i->key != REGISTRY_INDEX_CLASS && !has_room(i->tree, 1))
		i->err = -ENOSPC;
	struct registry_term *t = i->err ? NULL : malloc(sizeof(*t));
	struct registry_chain *c = t ? need_chain(index, hash) : NULL;
	if (!c) {
		free(t);
		i->err = i->err ? i->err : -ENOMEM;
		return;
	}
	*t = (struct registry_term){ .next = i->entry->terms, .entry = i->entry, .hash = hash };
	i->entry->terms = t;
	list_add(&c->terms, &t->in_chain);
	c->count++;
	count_terms(index, hash, 1);
}

static void free_term(struct registry_index *index, struct registry_term *t)
{
	struct registry_chain *c = map_find(&index->chains, t->hash);

	list_remove(&t->in_chain);
	count_terms(index, t->hash, -1);
	if (--c->count == 0) {
		map_remove(&index->chains, t->hash);
		free(c);
	}
	free(t);
}

/* Terms of the keys in MASK. */
static void forget(struct registry_index *index, struct registry_entry *entry, unsigned mask)
{
	struct registry_term **link = &entry->terms, *t;

	while ((t = *link)) {
		if (mask >> (t->hash & KEY_MASK) & 1) {
			*link = t->next;
			free_term(index, t);
		} else {
			link = &t->next;
		}
	}
}

void registry_index_forget(struct registry_tree *tree, struct registry_entry *entry)
{
	forget(&tree->index, entry, ~0u);
}

/* --- what an entry has --------------------------------------------------------- */

static void add_class(struct indexing *i)
{
	static const char key[] = "IOClassNameOverride";
	struct wire_bytes value;
	char text[WIRE_NAME_MAX + 1];

	/* Nearly none has one: no object is made to see that. */
	if (registry_entry_is_packed(i->entry) &&
	    !registry_entry_find_packed(i->entry, key, sizeof(key) - 1, &value))
		return;
	if (registry_text_spell(registry_entry_get(i->entry, CFSTR("IOClassNameOverride")), text,
				sizeof(text)))
		add_term(i, hash_text(i->key, text));
}

/* The device-tree properties that IONameMatch compares hold one or more NUL-terminated texts. */
static void add_tree_names(struct indexing *i, CFStringRef key)
{
	scope_cf CFTypeRef value = registry_entry_get(i->entry, key);
	char text[WIRE_NAME_MAX + 1];

	if (value)
		CFRetain(value);
	if (registry_text_get(value, text, sizeof(text)))
		add_term(i, hash_text(i->key, text));
	if (!value || CFGetTypeID(value) != CFDataGetTypeID())
		return;
	const char *p = (const char *)CFDataGetBytePtr(value);
	const char *end = p + CFDataGetLength(value);
	while (p < end && !i->err) {
		size_t n = strnlen(p, (size_t)(end - p));

		if (n > 0 && n < sizeof(text)) {
			memcpy(text, p, n);
			text[n] = 0;
			add_term(i, hash_text(i->key, text));
		}
		p += n + 1;
	}
}

static void add_names(struct indexing *i)
{
	add_term(i, hash_text(i->key, registry_entry_name(i->entry, NULL)));
	if (!registry_family_has_tree_names(i->entry))
		return;
	add_tree_names(i, CFSTR("name"));
	add_tree_names(i, CFSTR("compatible"));
	add_tree_names(i, CFSTR("device_type"));
	add_tree_names(i, CFSTR("model"));
}

static void add_property(struct indexing *i)
{
	const char *key = i->tree->index.keys[i->key].text;
	struct wire_bytes value;
	uint64_t hash;
	bool ok;

	if (registry_entry_is_packed(i->entry)) {
		ok = registry_entry_find_packed(i->entry, key, i->tree->index.keys[i->key].size,
						&value) &&
		     registry_compare_hash(value, &hash);
	} else {
		scope_cf CFStringRef name = registry_text_new(key);

		ok = name && hash_object(registry_entry_get(i->entry, name), &hash, &i->err);
	}
	if (ok)
		add_term(i, hash_of(i->key, hash));
}

static void add_key(struct indexing *i)
{
	if (i->key == REGISTRY_INDEX_CLASS)
		add_class(i);
	else if (i->key == REGISTRY_INDEX_NAME)
		add_names(i);
	else
		add_property(i);
}

/* --- keys --------------------------------------------------------------------- */

/* The key is not indexed any more. */
static void drop_key(struct registry_tree *tree, unsigned key)
{
	struct registry_index_key *k = &tree->index.keys[key];
	struct registry_entry *e;
	size_t cursor = 0;

	k->is_whole = false;
	k->debt = 0;
	while (k->n_terms && (e = registry_tree_next(tree, &cursor)))
		forget(&tree->index, e, 1u << key);
}

/* Of the keys that can go: the one that was used longest ago; 0: there is none. */
static unsigned oldest_key(const struct registry_index *index, unsigned but)
{
	unsigned oldest = 0;

	for (unsigned k = REGISTRY_INDEX_NAME; k < REGISTRY_INDEX_KEYS; k++)
		if (k != but && index->keys[k].is_whole &&
		    (!oldest || index->keys[k].used < index->keys[oldest].used))
			oldest = k;
	return oldest;
}

static void build(struct registry_tree *tree, unsigned key)
{
	struct registry_index_key *k = &tree->index.keys[key];
	struct indexing i = { .tree = tree, .key = key };
	unsigned other;
	size_t cursor = 0;

	while (!has_room(tree, tree->by_id.count) && (other = oldest_key(&tree->index, key)))
		drop_key(tree, other);
	while (!i.err && (i.entry = registry_tree_next(tree, &cursor)))
		add_key(&i);
	k->is_whole = !i.err;
	k->debt = 0;
	if (i.err)
		drop_key(tree, key);
}

/* The number of the property TEXT, which has a place from now on. */
static unsigned need_key(struct registry_tree *tree, const char *text, size_t size)
{
	struct registry_index_key *keys = tree->index.keys;
	unsigned place = REGISTRY_INDEX_PROPERTY;

	for (unsigned k = REGISTRY_INDEX_PROPERTY; k < REGISTRY_INDEX_KEYS; k++) {
		if (keys[k].size == size && !memcmp(keys[k].text, text, size))
			return k;
		/* Those without an index make room first. */
		if (keys[k].is_whole < keys[place].is_whole ||
		    (keys[k].is_whole == keys[place].is_whole && keys[k].used < keys[place].used))
			place = k;
	}
	drop_key(tree, place);
	memcpy(keys[place].text, text, size);
	keys[place].text[size] = '\0';
	keys[place].size = (uint8_t)size;
	return place;
}

/* Can KEY be used? If not, N_WITHOUT entries are looked at instead. */
static bool use_key(struct registry_tree *tree, unsigned key, uint64_t n_without)
{
	struct registry_index_key *k = &tree->index.keys[key];

	k->used = ++tree->index.n_used;
	if (k->is_whole)
		return true;
	k->debt += n_without;
	if (k->debt >= tree->by_id.count / 2)
		build(tree, key);
	return k->is_whole;
}

/* --- changes -------------------------------------------------------------------- */

void registry_index_refresh(struct registry_tree *tree, struct registry_entry *entry)
{
	struct indexing i = { .tree = tree, .entry = entry };

	registry_index_forget(tree, entry);
	for (i.key = 0; i.key < REGISTRY_INDEX_KEYS; i.key++) {
		if (!tree->index.keys[i.key].is_whole)
			continue;
		i.err = 0;
		add_key(&i);
		if (i.err && i.key != REGISTRY_INDEX_CLASS)
			drop_key(tree, i.key);
	}
}

static bool is_text(CFStringRef key, const char *text)
{
	char buffer[4 * (WIRE_NAME_MAX + 1)];
	size_t size;
	const char *bytes = registry_text_bytes(key, buffer, sizeof(buffer), &size);

	return bytes && strlen(text) == size && !memcmp(bytes, text, size);
}

/* Does a change of the property KEY alter terms? */
static bool concerns(const struct registry_index *index, CFStringRef key)
{
	static const char *const names[] = { "name", "compatible", "device_type", "model" };

	if (is_text(key, "IOClassNameOverride") || is_text(key, "IOUserServiceProperties"))
		return true;
	for (size_t i = 0; index->keys[REGISTRY_INDEX_NAME].is_whole && i < 4; i++)
		if (is_text(key, names[i]))
			return true;
	for (unsigned k = REGISTRY_INDEX_PROPERTY; k < REGISTRY_INDEX_KEYS; k++)
		if (index->keys[k].is_whole && is_text(key, index->keys[k].text))
			return true;
	return false;
}

void registry_index_changed(struct registry_tree *tree, struct registry_entry *entry,
			    CFStringRef key)
{
	if (!key || concerns(&tree->index, key))
		registry_index_refresh(tree, entry);
}

/* --- look-up -------------------------------------------------------------------- */

registry_index_hash registry_index_class(const char *name)
{
	return hash_text(REGISTRY_INDEX_CLASS, name);
}

registry_index_hash registry_index_name(struct registry_tree *tree, const char *name,
					uint64_t n_without)
{
	/* Longer ones are not in the index. */
	if (strlen(name) > WIRE_NAME_MAX || !use_key(tree, REGISTRY_INDEX_NAME, n_without))
		return 0;
	return hash_text(REGISTRY_INDEX_NAME, name);
}

registry_index_hash registry_index_property(struct registry_tree *tree, const char *key,
					    size_t key_size, CFTypeRef value, uint64_t n_without)
{
	uint64_t hash;
	err_t err = 0;

	if (!key_size || key_size > WIRE_NAME_MAX || memchr(key, 0, key_size) ||
	    !hash_object(value, &hash, &err))
		return 0;
	unsigned number = need_key(tree, key, key_size);
	return use_key(tree, number, n_without) ? hash_of(number, hash) : 0;
}

registry_index_hash registry_index_known(struct registry_tree *tree, const char *key,
					 size_t key_size, uint64_t value_hash)
{
	struct registry_index_key *keys = tree->index.keys;

	for (unsigned k = REGISTRY_INDEX_PROPERTY; k < REGISTRY_INDEX_KEYS; k++) {
		if (!keys[k].is_whole || keys[k].size != key_size ||
		    memcmp(keys[k].text, key, key_size))
			continue;
		keys[k].used = ++tree->index.n_used;
		return hash_of(k, value_hash);
	}
	return 0;
}

bool registry_index_is_valid(const struct registry_tree *tree, registry_index_hash hash)
{
	return hash && tree->index.keys[hash & KEY_MASK].is_whole;
}

size_t registry_index_count(const struct registry_tree *tree, registry_index_hash hash)
{
	const struct registry_chain *c = map_find(&tree->index.chains, hash);

	return c ? c->count : 0;
}

void registry_index_walk(const struct registry_tree *tree, registry_index_hash hash,
			 registry_index_fn fn, void *context)
{
	const struct registry_chain *c = map_find(&tree->index.chains, hash);

	if (!c)
		return;
	list_for_each(l, &c->terms)
		if (!fn(context, container_of(l, struct registry_term, in_chain)->entry))
			return;
}
