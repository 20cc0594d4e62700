// SPDX-License-Identifier: MIT
#include "registry/find.h"

#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/family.h"
#include "registry/match.h"
#include "registry/text.h"

/* Steps of a search: some hundredths of a second, and more where many services are. */
enum { STEPS_MAX = 2 * REGISTRY_MATCH_STEPS, STEPS_EACH = 16 };

struct search {
	struct registry_tree *tree;
	struct registry_matching matching;
	uint32_t states;
	size_t max;
	struct registry_found *found;
	err_t err;
	/* services that may still be looked at, SIZE_MAX: all */
	size_t budget;
	uint64_t steps; /* for what takes longer (match.h) */
	/* the services' class as the dictionary says it */
	char class_name[WIRE_NAME_MAX + 1];
	struct registry_class *class; /* NULL: none of that name */
	/* the shortest list so far */
	uint64_t n_candidates;
	registry_index_hash candidates; /* 0: the instances of the class */
	unsigned n_keys;		/* looked up in the index */
};

/* --- candidates ------------------------------------------------------------ */

static bool make_room(struct search *s)
{
	struct registry_found *f = s->found;
	size_t n = 2 * f->capacity;
	struct registry_entry **more =
		realloc(f->items == f->first ? NULL : f->items, n * sizeof(*more));

	if (!more) {
		s->err = -ENOMEM;
		return false;
	}
	if (f->items == f->first)
		memcpy(more, f->first, sizeof(f->first));
	f->items = more;
	f->capacity = n;
	return true;
}

static bool consider(void *context, struct registry_entry *e)
{
	struct search *s = context;
	struct registry_found *f = s->found;

	if (f->count >= s->max || !s->budget || !s->steps)
		return false;
	s->budget--;
	if (!registry_entry_is_listed(e) || !(e->state & s->states) ||
	    registry_entry_is_inactive(e) || !registry_matching_fits(&s->matching, e, &s->steps))
		return true;
	if (f->count == f->capacity && !make_room(s))
		return false;
	f->items[f->count++] = e;
	return true;
}

static bool consider_member(void *context, struct registry_member *member)
{
	return consider(context, container_of(member, struct registry_entry, member));
}

static int by_order(const void *a, const void *b)
{
	const struct registry_entry *x = *(struct registry_entry *const *)a;
	const struct registry_entry *y = *(struct registry_entry *const *)b;

	return registry_member_compare(x->class, &x->member, y->class, &y->member);
}

/* Services that only say that they are of the class. */
static bool consider_overridden(void *context, struct registry_entry *e)
{
	struct search *s = context;

	return registry_class_conforms(e->class, s->class_name) || consider(s, e);
}

/* The instances of the class: of it and its subclasses, of classes that stand for one of them, and what
 * passes for one. */
static void search_instances(struct search *s)
{
	struct registry_classes *classes = &s->tree->classes;

	if (s->class) {
		registry_class_walk(s->class, consider_member, s);
		for (struct registry_class *other = classes->aliased; other;
		     other = other->next_aliased)
			if (!registry_class_derives(other, s->class) &&
			    registry_class_derives(other->alias, s->class))
				registry_class_walk(other, consider_member, s);
	}
	registry_index_walk(s->tree, registry_index_class(s->class_name), consider_overridden, s);
}

/* Through the index; the result is sorted, because chains have an order of their own. */
static void search_candidates(struct search *s)
{
	size_t max = s->max;

	s->found->count = 0;
	s->max = s->budget = SIZE_MAX;
	registry_index_walk(s->tree, s->candidates, consider, s);
	s->max = max;
	if (s->found->count > 1)
		qsort(s->found->items, s->found->count, sizeof(*s->found->items), by_order);
	if (s->found->count > max)
		s->found->count = max;
}

/* --- the shortest list -------------------------------------------------------- */

enum { FEW = 4 }; /* candidates: no list is worth looking for a shorter one */

static bool is_short(const struct search *s)
{
	return s->n_candidates <= FEW || s->n_keys >= REGISTRY_INDEX_LATEST;
}

static void offer(struct search *s, registry_index_hash hash)
{
	size_t n;

	s->n_keys++;
	if (!hash || (n = registry_index_count(s->tree, hash)) >= s->n_candidates)
		return;
	s->candidates = hash;
	s->n_candidates = n;
}

static void offer_property(struct search *s, const char *key, size_t size, CFTypeRef value)
{
	offer(s, registry_index_property(s->tree, key, size, value, s->n_candidates));
}

static void offer_pair(const void *key, const void *value, void *context)
{
	struct search *s = context;
	char buffer[4 * (WIRE_NAME_MAX + 1)];
	size_t size;
	const char *text =
		is_short(s) ? NULL : registry_text_bytes(key, buffer, sizeof(buffer), &size);

	if (text)
		offer_property(s, text, size, value);
}

/* Keys of the family that the class belongs to; what only passes for the class need not have them. */
static void offer_family(const void *key, const void *value, void *context)
{
	struct search *s = context;
	char buffer[4 * (WIRE_NAME_MAX + 1)];
	size_t size;
	const char *text =
		is_short(s) ? NULL : registry_text_bytes(key, buffer, sizeof(buffer), &size);

	if (text &&
	    registry_family_wants_equal(s->class, text, size, s->matching.dictionary, value))
		offer_property(s, text, size, value);
}

static void offer_name(struct search *s, CFTypeRef value)
{
	char text[WIRE_NAME_MAX + 1];

	if (registry_text_get(value, text, sizeof(text)) && !strchr(text, '*'))
		offer(s, registry_index_name(s->tree, text, s->n_candidates));
}

static void choose_candidates(struct search *s)
{
	static const char bsd_name[] = "BSD Name";
	CFDictionaryRef all = s->matching.dictionary;
	CFTypeRef pairs = CFDictionaryGetValue(all, CFSTR("IOPropertyMatch"));
	CFTypeRef name = CFDictionaryGetValue(all, CFSTR("BSD Name"));

	if (name && !is_short(s))
		offer_property(s, bsd_name, sizeof(bsd_name) - 1, name);
	if (!is_short(s))
		offer_name(s, CFDictionaryGetValue(all, CFSTR("IONameMatch")));
	if (registry_is_dictionary(pairs))
		CFDictionaryApplyFunction(pairs, offer_pair, s);
	if (s->class && s->matching.n_left &&
	    !registry_index_count(s->tree, registry_index_class(s->class_name)))
		CFDictionaryApplyFunction(all, offer_family, s);
	if (s->candidates && !registry_index_is_valid(s->tree, s->candidates))
		s->candidates = 0;
}

/* --- the search ------------------------------------------------------------------ */

static uint64_t count_instances(const struct search *s)
{
	uint64_t n = registry_index_count(s->tree, registry_index_class(s->class_name));

	if (s->class)
		n += s->class->n_listed;
	for (struct registry_class *other = s->tree->classes.aliased; s->class && other;
	     other = other->next_aliased)
		if (registry_class_derives(other->alias, s->class))
			n += other->n_listed;
	return n;
}

/* True when one look-up finds all candidates there can be. */
static bool search_directly(struct search *s)
{
	CFTypeRef value = CFDictionaryGetValue(s->matching.dictionary, CFSTR("IORegistryEntryID"));
	struct registry_entry *e;
	char text[WIRE_PATH_MAX];
	int64_t id;

	if (registry_number_get(value, &id))
		e = registry_entry_find(s->tree, (uint64_t)id);
	else if (registry_text_find(s->matching.dictionary, CFSTR("IOPathMatch"), text,
				    sizeof(text)))
		e = registry_path_find_within(s->tree, text, &s->steps);
	else
		return false;
	if (e)
		consider(s, e);
	return true;
}

static void search(struct search *s)
{
	CFDictionaryRef all = s->matching.dictionary;
	CFTypeRef class_name = CFDictionaryGetValue(all, CFSTR("IOProviderClass"));
	/* Other properties and another class may fit then. */
	bool is_open = CFDictionaryContainsKey(all, CFSTR("IOCompatibilityMatch"));

	if (!is_open && search_directly(s))
		return;
	if (is_open || !registry_is_string(class_name))
		strcpy(s->class_name, "IOService");
	else if (!registry_text_get(class_name, s->class_name, sizeof(s->class_name)))
		return;
	if (!strcmp(s->class_name, "IOResources")) {
		consider(s, s->tree->resources);
		return;
	}
	s->class = registry_class_find(&s->tree->classes, s->class_name);
	s->n_candidates = count_instances(s);
	s->steps += s->n_candidates * STEPS_EACH;
	if (!is_open)
		choose_candidates(s);
	/* When few of many are wanted, the first instances may have them at once. */
	if (s->candidates && s->n_candidates > FEW && s->max < s->n_candidates)
		s->budget = s->n_candidates;
	if (!s->candidates || s->budget != SIZE_MAX)
		search_instances(s);
	if (s->candidates && s->found->count < s->max && !s->err)
		search_candidates(s);
}

err_t registry_find(struct registry_tree *tree, CFDictionaryRef matching, uint32_t states,
		    size_t max, struct registry_found *ret_found)
{
	struct search s = {
		.tree = tree,
		.states = states,
		.max = max,
		.found = ret_found,
		.budget = SIZE_MAX,
		.steps = STEPS_MAX,
	};

	registry_matching_init(&s.matching, matching);
	tree->last_search += tree->last_search == UINT32_MAX ? 2 : 1;
	s.matching.search = tree->last_search;
	ret_found->items = ret_found->first;
	ret_found->capacity = sizeof(ret_found->first) / sizeof(ret_found->first[0]);
	ret_found->count = 0;
	search(&s);
	if (!s.err && !s.steps)
		s.err = -E2BIG;
	if (s.err)
		registry_found_fini(ret_found);
	return s.err;
}

void registry_found_fini(struct registry_found *found)
{
	if (found->items != found->first)
		free(found->items);
	found->items = found->first;
	found->count = 0;
}
