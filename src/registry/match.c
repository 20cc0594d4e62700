// SPDX-License-Identifier: MIT
#include "registry/match.h"

#include <stdlib.h>
#include <string.h>

#include "registry/compare.h"
#include "registry/entry.h"
#include "registry/family.h"
#include "registry/text.h"

/* Providers that one dictionary is tried on: nested IOParentMatch and IOLocationMatch in a deep tree
 * could be made to go through more of them than there is time for. */
enum { TRIES_MAX = 65536 };

/* --- single keys ------------------------------------------------------------------ */

/* What is matched. */
struct subject {
	const struct registry_entry *entry;
	/* IOCompatibilityProperties, which stand for the properties when IOCompatibilityMatch asks
	 * for it; or NULL */
	CFDictionaryRef compatible;
};

static CFTypeRef property_of(const struct subject *s, CFStringRef key)
{
	return s->compatible ? CFDictionaryGetValue(s->compatible, key)
			     : registry_entry_get(s->entry, key);
}

/* KEY equals NAME, or ends in '*' and is a prefix of it (device-tree entries only). */
static bool name_fits(const char *key, const char *name, size_t size, bool wildcard)
{
	size_t n = strlen(key);

	if (wildcard && n > 0 && key[n - 1] == '*')
		return size >= n - 1 && !memcmp(key, name, n - 1);
	return n == size && !memcmp(key, name, n);
}

static bool data_has_name(CFDataRef data, const char *name)
{
	const char *p = (const char *)CFDataGetBytePtr(data), *end = p + CFDataGetLength(data);

	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));

		if (name_fits(name, p, n, true))
			return true;
		p += n + 1;
	}
	return false;
}

bool registry_match_name(const struct registry_entry *entry, const char *name)
{
	CFStringRef keys[] = { CFSTR("name"), CFSTR("compatible"), CFSTR("device_type"),
			       CFSTR("model") };
	bool in_tree = registry_family_has_tree_names(entry);
	const char *own = registry_entry_name(entry, NULL);

	if (name_fits(name, own, strlen(own), in_tree))
		return true;
	for (size_t i = 0; in_tree && i < sizeof(keys) / sizeof(keys[0]); i++) {
		CFTypeRef value = registry_entry_get(entry, keys[i]);
		char text[256];

		if (registry_text_get(value, text, sizeof(text)) &&
		    name_fits(name, text, strlen(text), true))
			return true;
		if (value && CFGetTypeID(value) == CFDataGetTypeID() && data_has_name(value, name))
			return true;
	}
	return false;
}

bool registry_match_class(const struct registry_entry *entry, const char *name)
{
	return registry_class_conforms(entry->class, name) ||
	       registry_text_equals(registry_entry_get(entry, CFSTR("IOClassNameOverride")), name);
}

typedef bool (*one_fn)(const struct subject *s, CFTypeRef value);

/* ONE holds for VALUE itself, or for any member of an array or set. */
static bool any_of(const struct subject *s, CFTypeRef value, one_fn one)
{
	if (!registry_is_array(value) && !registry_is_set(value))
		return one(s, value);
	scope_cf CFArrayRef members = registry_members_copy(value);
	CFIndex n = members ? CFArrayGetCount(members) : 0;
	for (CFIndex i = 0; i < n; i++)
		if (one(s, CFArrayGetValueAtIndex(members, i)))
			return true;
	return false;
}

static bool has_name(const struct subject *s, CFTypeRef value)
{
	char name[256];

	return registry_text_get(value, name, sizeof(name)) && registry_match_name(s->entry, name);
}

struct pairs {
	const struct subject *subject;
	bool equal;
};

static void check_pair(const void *key, const void *value, void *context)
{
	struct pairs *p = context;

	p->equal = p->equal && registry_compare_values(value, property_of(p->subject, key));
}

static bool has_pairs(const struct subject *s, CFTypeRef value)
{
	struct pairs p = { s, true };

	if (!registry_is_dictionary(value))
		return false;
	CFDictionaryApplyFunction(value, check_pair, &p);
	return p.equal;
}

static bool has_property(const struct subject *s, CFTypeRef value)
{
	if (!registry_is_string(value))
		return false;
	if (s->compatible)
		return CFDictionaryContainsKey(s->compatible, value);
	return registry_entry_has(s->entry, value) || registry_entry_is_live(s->entry, value);
}

static bool is_collection(CFTypeRef value)
{
	return registry_is_array(value) || registry_is_set(value);
}

static bool is_string_or_collection(CFTypeRef value)
{
	return registry_is_string(value) || is_collection(value);
}

static bool is_dictionary_or_collection(CFTypeRef value)
{
	return registry_is_dictionary(value) || is_collection(value);
}

static bool is_number(CFTypeRef value)
{
	int64_t n;

	return registry_number_get(value, &n);
}

static bool is_anything(CFTypeRef value)
{
	return value != NULL;
}

/* Nothing here is hidden from programs; and where compatible properties come from is decided before. */
static bool holds_always(const struct subject *s, CFTypeRef value)
{
	return true;
}

static bool holds_class(const struct subject *s, CFTypeRef value)
{
	CFTypeRef other =
		s->compatible ? CFDictionaryGetValue(s->compatible, CFSTR("IOClass")) : NULL;
	char name[WIRE_NAME_MAX + 1];

	if (other)
		return registry_compare_values(value, other);
	return registry_text_get(value, name, sizeof(name)) && registry_match_class(s->entry, name);
}

static bool holds_name(const struct subject *s, CFTypeRef value)
{
	return any_of(s, value, has_name);
}

static bool holds_location(const struct subject *s, CFTypeRef value)
{
	const char *location = registry_entry_location(s->entry, NULL);

	return location[0] && registry_text_equals(value, location);
}

static bool holds_pairs(const struct subject *s, CFTypeRef value)
{
	return any_of(s, value, has_pairs);
}

static bool holds_existence(const struct subject *s, CFTypeRef value)
{
	return any_of(s, value, has_property);
}

static bool holds_path(const struct subject *s, CFTypeRef value)
{
	char path[WIRE_PATH_MAX];

	if (registry_text_get(value, path, sizeof(path)) &&
	    registry_path_find(s->entry->tree, path) == s->entry)
		return true;
	return s->compatible &&
	       registry_compare_values(value, CFDictionaryGetValue(s->compatible, CFSTR("IOPath")));
}

static bool holds_id(const struct subject *s, CFTypeRef value)
{
	int64_t id;

	return registry_number_get(value, &id) && (uint64_t)id == s->entry->id;
}

static bool holds_service_count(const struct subject *s, CFTypeRef value)
{
	struct registry_node *n = registry_node_find(s->entry, s->entry->tree->planes.service);
	int64_t wanted = 0;
	uint32_t count = 0;

	registry_number_get(value, &wanted);
	if (n)
		list_for_each(l, &n->children) {
			struct registry_entry *c =
				container_of(l, struct registry_edge, in_parent)->child->entry;

			count += !registry_entry_is_inactive(c) && registry_entry_is_service(c) &&
				 registry_entry_has(c, CFSTR("IOMatchCategory"));
		}
	return count == (uint32_t)wanted;
}

/* Keys in the order of evaluation. A value of the wrong type makes the key unknown. */
struct rule {
	const char *key;
	bool (*is_known)(CFTypeRef value);
	one_fn holds; /* NULL: the property of that name equals the value */
};

static const struct rule rules[] = {
	{ "IOProviderClass", registry_is_string, holds_class },
	{ "IONameMatch", is_string_or_collection, holds_name },
	{ "IOLocationMatch", registry_is_string, holds_location },
	{ "IOPropertyMatch", is_dictionary_or_collection, holds_pairs },
	{ "IOPropertyExistsMatch", is_string_or_collection, holds_existence },
	{ "IOPathMatch", registry_is_string, holds_path },
	{ "IORegistryEntryID", is_number, holds_id },
	{ "IOMatchedServiceCountMatch", is_number, holds_service_count },
	{ "BSD Name", is_anything, NULL },
	{ "BSD Major", is_anything, NULL },
	{ "BSD Minor", is_anything, NULL },
	{ "BSD Unit", is_anything, NULL },
	/* IOKit looks at these two first; they are rare, and all keys have to hold anyhow. */
	{ "IOServiceNotificationUser", is_anything, holds_always },
	{ "IOCompatibilityMatch", is_anything, holds_always },
};

static CFTypeRef find_value(CFDictionaryRef matching, const char *key)
{
	CFStringRef name = registry_text_new(key);
	CFTypeRef value = name ? CFDictionaryGetValue(matching, name) : NULL;

	if (name)
		CFRelease(name);
	return value;
}

static bool holds_equal(const struct subject *s, const char *key, CFTypeRef value)
{
	scope_cf CFStringRef name = registry_text_new(key);

	return name && registry_compare_values(value, registry_entry_get(s->entry, name));
}

/* All keys but those that lead to other services. SCORE may be NULL. */
static bool match_one(const struct registry_entry *service, CFDictionaryRef matching,
		      int32_t *score)
{
	CFIndex left = CFDictionaryGetCount(matching);
	struct subject s = { .entry = service };
	scope_cf CFTypeRef own = NULL;

	if (CFDictionaryContainsKey(matching, CFSTR("IOCompatibilityMatch"))) {
		own = registry_entry_get(service, CFSTR("IOCompatibilityProperties"));
		own = own ? CFRetain(own) : NULL; /* it is only lent, and not for so long */
		s.compatible = registry_is_dictionary(own) ? own : NULL;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && left > 0; i++) {
		const struct rule *r = &rules[i];
		CFTypeRef value = find_value(matching, r->key);

		if (!value || !r->is_known(value))
			continue;
		left--;
		if (r->holds ? !r->holds(&s, value) : !holds_equal(&s, r->key, value))
			return false;
	}
	/* Only what is left concerns the family; nobody looks up unknown keys as properties. */
	return left == 0 || registry_family_match(service, matching, score);
}

static CFDictionaryRef nested(CFDictionaryRef matching, CFStringRef key)
{
	CFTypeRef value = CFDictionaryGetValue(matching, key);

	return registry_is_dictionary(value) ? value : NULL;
}

static bool match_above(const struct registry_entry *service, CFDictionaryRef matching,
			unsigned *tries);

/* The place that the providers name satisfies the dictionary, if there is one. */
static bool match_place(const struct registry_entry *service, CFDictionaryRef matching,
			unsigned *tries)
{
	CFDictionaryRef wanted = nested(matching, CFSTR("IOLocationMatch"));
	const struct registry_entry *place;

	if (!wanted)
		return true;
	place = registry_family_location(registry_entry_provider(service));
	if (!place || *tries == 0)
		return false;
	--*tries;
	return match_one(place, wanted, NULL) && match_above(place, wanted, tries);
}

/* Evaluated last: some provider above SERVICE satisfies the nested dictionary, and one above that the
 * one nested in it, and so on. The nearest one will do: whatever is above another is above it, too. */
static bool match_above(const struct registry_entry *service, CFDictionaryRef matching,
			unsigned *tries)
{
	CFDictionaryRef wanted;

	while ((wanted = nested(matching, CFSTR("IOParentMatch")))) {
		bool is_last = !nested(wanted, CFSTR("IOParentMatch"));

		do {
			service = registry_entry_provider(service);
			if (!service || *tries == 0)
				return false;
			--*tries;
		} while (!match_one(service, wanted, NULL) ||
			 (is_last && !match_place(service, wanted, tries)));
		if (is_last)
			return true;
		matching = wanted;
	}
	return match_place(service, matching, tries);
}

static bool match_all(const struct registry_entry *service, CFDictionaryRef matching,
		      int32_t *score)
{
	unsigned tries = TRIES_MAX;

	return match_one(service, matching, score) && match_above(service, matching, &tries);
}

bool registry_match(const struct registry_entry *service, CFDictionaryRef matching)
{
	return match_all(service, matching, NULL);
}

bool registry_match_personality(const struct registry_entry *service, CFDictionaryRef personality,
				int32_t *score)
{
	return match_all(service, personality, score);
}

/* --- search ------------------------------------------------------------------------ */

struct search {
	CFDictionaryRef matching;
	uint32_t states;
	size_t max;
	struct registry_found *found;
	err_t err;
};

static bool consider(void *context, struct registry_entry *e)
{
	struct search *s = context;
	struct registry_found *f = s->found;

	if (f->count >= s->max)
		return false;
	if (list_is_empty(&e->member.link) || !(e->state & s->states) ||
	    registry_entry_is_inactive(e) || !registry_match(e, s->matching))
		return true;
	if (f->count == f->capacity) {
		size_t n = f->capacity ? 2 * f->capacity : 16;
		struct registry_entry **more = realloc(f->items, n * sizeof(*more));

		if (!more) {
			s->err = -ENOMEM;
			return false;
		}
		f->items = more;
		f->capacity = n;
	}
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

/* Through the index of texts; the result is sorted, because chains have an order of their own. */
static void search_term(struct search *s, struct registry_tree *tree, enum registry_term_kind kind,
			const char *text)
{
	size_t max = s->max;

	s->max = SIZE_MAX;
	registry_index_walk(&tree->index, kind, text, consider, s);
	s->max = max;
	if (s->found->count > 1)
		qsort(s->found->items, s->found->count, sizeof(*s->found->items), by_order);
	if (s->found->count > max)
		s->found->count = max;
}

/* True when one look-up finds all candidates there can be. */
static bool search_shortcut(struct search *s, struct registry_tree *tree)
{
	CFTypeRef value = CFDictionaryGetValue(s->matching, CFSTR("IORegistryEntryID"));
	struct registry_entry *e;
	char text[WIRE_PATH_MAX];
	int64_t id;

	/* Other properties may fit then. */
	if (CFDictionaryContainsKey(s->matching, CFSTR("IOCompatibilityMatch")))
		return false;
	if (registry_number_get(value, &id)) {
		e = registry_entry_find(tree, (uint64_t)id);
		if (e)
			consider(s, e);
		return true;
	}
	if (registry_text_find(s->matching, CFSTR("IOPathMatch"), text, sizeof(text))) {
		e = registry_path_find(tree, text);
		if (e)
			consider(s, e);
		return true;
	}
	if (registry_text_find(s->matching, CFSTR("BSD Name"), text, sizeof(text))) {
		/* Names that are longer than a term are not in the index. */
		if (strlen(text) > WIRE_NAME_MAX)
			return false;
		search_term(s, tree, REGISTRY_TERM_BSD_NAME, text);
		return true;
	}
	if (registry_text_find(s->matching, CFSTR("IONameMatch"), text, sizeof(text)) &&
	    strlen(text) <= WIRE_NAME_MAX && !strchr(text, '*')) {
		search_term(s, tree, REGISTRY_TERM_NAME, text);
		return true;
	}
	return false;
}

/* Services that only say that they are of class NAME. */
struct overridden {
	struct search *search;
	const char *name;
};

static bool consider_overridden(void *context, struct registry_entry *e)
{
	struct overridden *o = context;

	return registry_class_conforms(e->class, o->name) || consider(o->search, e);
}

/* The instances of NAME: of the class and its subclasses, of classes that stand for one of them, and
 * what passes for one. */
static void search_instances(struct search *s, struct registry_tree *tree, const char *name)
{
	struct registry_class *class = registry_class_find(&tree->classes, name);
	struct overridden o = { s, name };

	if (class) {
		registry_class_walk(class, consider_member, s);
		for (struct registry_class *other = tree->classes.aliased; other;
		     other = other->next_aliased)
			if (!registry_class_derives(other, class) &&
			    registry_class_derives(other->alias, class))
				registry_class_walk(other, consider_member, s);
	}
	registry_index_walk(&tree->index, REGISTRY_TERM_CLASS, name, consider_overridden, &o);
}

static void search_class(struct search *s, struct registry_tree *tree)
{
	CFTypeRef value = CFDictionaryGetValue(s->matching, CFSTR("IOProviderClass"));
	char text[WIRE_NAME_MAX + 1];

	if (!registry_is_string(value) ||
	    CFDictionaryContainsKey(s->matching, CFSTR("IOCompatibilityMatch")))
		search_instances(s, tree, "IOService");
	else if (!registry_text_get(value, text, sizeof(text)))
		return;
	else if (!strcmp(text, "IOResources"))
		consider(s, tree->resources);
	else
		search_instances(s, tree, text);
}

err_t registry_match_find(struct registry_tree *tree, CFDictionaryRef matching, uint32_t states,
			  size_t max, struct registry_found *ret_found)
{
	struct search s = {
		.matching = matching, .states = states, .max = max, .found = ret_found
	};

	*ret_found = (struct registry_found){ NULL, 0, 0 };
	if (!search_shortcut(&s, tree))
		search_class(&s, tree);
	if (s.err) {
		free(ret_found->items);
		*ret_found = (struct registry_found){ NULL, 0, 0 };
	}
	return s.err;
}
