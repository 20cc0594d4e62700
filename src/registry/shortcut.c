// SPDX-License-Identifier: MIT
#include "registry/shortcut.h"

#include <string.h>

#include "registry/compare.h"
#include "registry/entry.h"
#include "wire/packed.h"

struct question {
	struct registry_tree *tree;
	uint32_t states;
	struct registry_class *class;
	char class_name[WIRE_NAME_MAX + 1];
	struct wire_bytes pairs; /* of IOPropertyMatch; size 0: none is wanted */
	registry_index_hash candidates;
	/* the answer */
	struct registry_entry **items;
	size_t count;
	bool failed;
};

static bool is_key(const struct wire_packed_pair *pair, const char *key, size_t size)
{
	return pair->key.size == size && !memcmp(pair->key.data, key, size);
}

#define IS_KEY(pair, key) is_key(pair, key, sizeof(key) - 1)

static bool take_class(struct question *q, struct wire_bytes value)
{
	struct wire_bytes text = wire_packed_blob(value);

	if (wire_packed_kind(value) != WIRE_VALUE_STRING || text.size > WIRE_NAME_MAX ||
	    memchr(text.data, 0, text.size))
		return false;
	memcpy(q->class_name, text.data, text.size);
	q->class_name[text.size] = '\0';
	q->class = registry_class_find(&q->tree->classes, q->class_name);
	/* What only passes for the class stands in another list. */
	return q->class && strcmp(q->class_name, "IOResources") &&
	       !registry_index_count(q->tree, registry_index_class(q->class_name));
}

static bool understand(struct question *q, struct wire_bytes matching)
{
	if (!wire_packed_is_dictionary(matching))
		return false;
	for (struct wire_packed_pair p = wire_packed_begin(matching); wire_packed_next(&p);) {
		if (IS_KEY(&p, "IOProviderClass")   ? !take_class(q, p.value)
		    : IS_KEY(&p, "IOPropertyMatch") ? !wire_packed_is_dictionary(p.value)
						    : true)
			return false;
		if (IS_KEY(&p, "IOPropertyMatch"))
			q->pairs = p.value;
	}
	return q->class != NULL;
}

static bool is_wanted(const struct question *q, const struct registry_entry *e)
{
	return registry_entry_is_listed(e) && e->state & q->states &&
	       !registry_entry_is_inactive(e);
}

/* --- the first of a class -------------------------------------------------------- */

static bool take_member(void *context, struct registry_member *member)
{
	struct registry_entry *e = container_of(member, struct registry_entry, member);
	struct question *q = context;

	if (!is_wanted(q, e))
		return true;
	q->items[q->count++] = e;
	return false;
}

/* --- those with a value ------------------------------------------------------------- */

/* The shortest list of candidates that an index has; false: there is none that is short. */
static bool choose(struct question *q)
{
	size_t least = REGISTRY_SHORTCUT_MAX + 1, n_keys = 0;
	uint64_t value_hash;

	for (struct wire_packed_pair p = wire_packed_begin(q->pairs); wire_packed_next(&p);) {
		if (++n_keys > REGISTRY_INDEX_LATEST ||
		    !registry_compare_hash(p.value, &value_hash))
			return false;
		registry_index_hash hash =
			registry_index_known(q->tree, p.key.data, p.key.size, value_hash);
		size_t n = hash ? registry_index_count(q->tree, hash) : least;
		if (n >= least)
			continue;
		least = n;
		q->candidates = hash;
	}
	return q->candidates != 0;
}

static bool has_pairs(const struct question *q, const struct registry_entry *e)
{
	struct wire_bytes have;

	for (struct wire_packed_pair p = wire_packed_begin(q->pairs); wire_packed_next(&p);)
		if (!registry_entry_find_packed(e, p.key.data, p.key.size, &have) ||
		    !registry_compare_packed(p.value, have))
			return false;
	return true;
}

static bool take_candidate(void *context, struct registry_entry *e)
{
	struct question *q = context;

	if (!is_wanted(q, e) || !registry_class_conforms(e->class, q->class_name))
		return true;
	/* Its properties are objects, or not for everybody. */
	q->failed = !registry_entry_is_packed(e) || e->has_private;
	if (!q->failed && has_pairs(q, e))
		q->items[q->count++] = e;
	return !q->failed;
}

static void sort(struct question *q)
{
	for (size_t i = 1; i < q->count; i++)
		for (size_t j = i; j; j--) {
			struct registry_entry **x = &q->items[j - 1], **y = &q->items[j], *z = *x;

			if (registry_member_compare((*x)->class, &(*x)->member, (*y)->class,
						    &(*y)->member) < 0)
				break;
			*x = *y;
			*y = z;
		}
}

bool registry_shortcut(struct registry_tree *tree, struct wire_bytes matching, uint32_t states,
		       size_t max, struct registry_entry *ret_items[REGISTRY_SHORTCUT_MAX],
		       size_t *ret_count)
{
	struct question q = { .tree = tree, .states = states, .items = ret_items };

	if (!understand(&q, matching))
		return false;
	if (!q.pairs.size) {
		if (max != 1)
			return false;
		registry_class_walk(q.class, take_member, &q);
		*ret_count = q.count;
		/* Classes that stand for this one are elsewhere. */
		return q.count == 1;
	}
	if (!choose(&q))
		return false;
	registry_index_walk(tree, q.candidates, take_candidate, &q);
	sort(&q);
	*ret_count = q.count < max ? q.count : max;
	return !q.failed;
}
