// SPDX-License-Identifier: MIT
#include "registry/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/text.h"

enum { DEPTH_MAX = 128 }; /* nested IOParentMatch and values; the wire allows less */

/* --- values --------------------------------------------------------------------- */

static bool equal_at(CFTypeRef a, CFTypeRef b, unsigned depth);

/* By 64-bit value whatever the width; a narrow negative number also equals its unsigned reading. */
static bool equal_numbers(CFNumberRef a, CFNumberRef b)
{
	int64_t x, y;

	if (CFNumberIsFloatType(a) || CFNumberIsFloatType(b)) {
		double p = 0, q = 0;

		CFNumberGetValue(a, kCFNumberDoubleType, &p);
		CFNumberGetValue(b, kCFNumberDoubleType, &q);
		return p == q;
	}
	CFNumberGetValue(a, kCFNumberSInt64Type, &x);
	CFNumberGetValue(b, kCFNumberSInt64Type, &y);
	if (x == y)
		return true;
	bool narrow_x = CFNumberGetByteSize(a) <= 4, narrow_y = CFNumberGetByteSize(b) <= 4;
	return (narrow_x && (int64_t)(uint32_t)x == y) || (narrow_y && x == (int64_t)(uint32_t)y);
}

static bool string_equals_data(CFStringRef string, CFDataRef data)
{
	CFIndex size = 0, have = CFDataGetLength(data);
	CFRange all = CFRangeMake(0, CFStringGetLength(string));
	UInt8 inline_bytes[256], *bytes = inline_bytes;

	CFStringGetBytes(string, all, kCFStringEncodingUTF8, 0, false, NULL, 0, &size);
	if (size != have && size + 1 != have)
		return false;
	if ((size_t)size > sizeof(inline_bytes) && !(bytes = malloc((size_t)size)))
		return false;
	CFStringGetBytes(string, all, kCFStringEncodingUTF8, 0, false, bytes, size, &size);
	bool equal = !memcmp(bytes, CFDataGetBytePtr(data), (size_t)size) &&
		     (size == have || CFDataGetBytePtr(data)[size] == 0);
	if (bytes != inline_bytes)
		free(bytes);
	return equal;
}

static bool equal_arrays(CFArrayRef a, CFArrayRef b, unsigned depth)
{
	CFIndex n = CFArrayGetCount(a);

	if (CFArrayGetCount(b) != n)
		return false;
	for (CFIndex i = 0; i < n; i++)
		if (!equal_at(CFArrayGetValueAtIndex(a, i), CFArrayGetValueAtIndex(b, i), depth))
			return false;
	return true;
}

struct pairs {
	CFDictionaryRef dictionary; /* NULL: ENTRY's properties */
	const struct registry_entry *entry;
	unsigned depth;
	bool equal;
};

static void check_pair(const void *key, const void *value, void *context)
{
	struct pairs *p = context;

	if (!p->equal)
		return;
	CFTypeRef have = p->dictionary ? CFDictionaryGetValue(p->dictionary, key)
				       : registry_entry_get(p->entry, key);
	p->equal = equal_at(value, have, p->depth);
}

static bool equal_dictionaries(CFDictionaryRef a, CFDictionaryRef b, unsigned depth)
{
	struct pairs p = { .dictionary = b, .depth = depth, .equal = true };

	if (CFDictionaryGetCount(a) != CFDictionaryGetCount(b))
		return false;
	CFDictionaryApplyFunction(a, check_pair, &p);
	return p.equal;
}

static bool equal_at(CFTypeRef a, CFTypeRef b, unsigned depth)
{
	if (!a || !b || depth == 0)
		return false;
	CFTypeID type = CFGetTypeID(a), other = CFGetTypeID(b);
	if (type == CFStringGetTypeID() && other == CFDataGetTypeID())
		return string_equals_data(a, b);
	if (type == CFDataGetTypeID() && other == CFStringGetTypeID())
		return string_equals_data(b, a);
	if (type != other)
		return false;
	if (type == CFNumberGetTypeID())
		return equal_numbers(a, b);
	if (type == CFArrayGetTypeID())
		return equal_arrays(a, b, depth - 1);
	if (type == CFDictionaryGetTypeID())
		return equal_dictionaries(a, b, depth - 1);
	return CFEqual(a, b);
}

bool registry_match_values(CFTypeRef wanted, CFTypeRef have)
{
	return equal_at(wanted, have, DEPTH_MAX);
}

/* --- single keys ------------------------------------------------------------------ */

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
	bool in_tree = registry_node_find(entry, entry->tree->planes.device_tree) != NULL;
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

typedef bool (*one_fn)(const struct registry_entry *entry, CFTypeRef value, unsigned depth);

/* ONE holds for VALUE itself, or for any member of an array or set. */
static bool any_of(const struct registry_entry *entry, CFTypeRef value, unsigned depth, one_fn one)
{
	if (!registry_is_array(value) && !registry_is_set(value))
		return one(entry, value, depth);
	scope_cf CFArrayRef members = registry_members_copy(value);
	CFIndex n = members ? CFArrayGetCount(members) : 0;
	for (CFIndex i = 0; i < n; i++)
		if (one(entry, CFArrayGetValueAtIndex(members, i), depth))
			return true;
	return false;
}

static bool has_name(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	char name[256];

	return registry_text_get(value, name, sizeof(name)) && registry_match_name(entry, name);
}

static bool has_pairs(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	struct pairs p = { .entry = entry, .depth = DEPTH_MAX, .equal = true };

	if (!registry_is_dictionary(value))
		return false;
	CFDictionaryApplyFunction(value, check_pair, &p);
	return p.equal;
}

static bool has_property(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	return registry_is_string(value) &&
	       (registry_entry_get(entry, value) || registry_entry_is_live(entry, value));
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

static bool holds_class(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	char name[WIRE_NAME_MAX + 1];

	return registry_text_get(value, name, sizeof(name)) &&
	       registry_class_conforms(entry->class, name);
}

static bool holds_name(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	return any_of(entry, value, depth, has_name);
}

static bool holds_location(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	const char *location = registry_entry_location(entry, entry->tree->planes.service);

	return location[0] && registry_text_equals(value, location);
}

static bool holds_pairs(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	return any_of(entry, value, depth, has_pairs);
}

static bool holds_existence(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	return any_of(entry, value, depth, has_property);
}

static bool holds_path(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	char path[4096];

	return registry_text_get(value, path, sizeof(path)) &&
	       registry_path_find(entry->tree, path) == entry;
}

static bool holds_id(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	int64_t id;

	return registry_number_get(value, &id) && (uint64_t)id == entry->id;
}

static bool holds_service_count(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	struct registry_node *n = registry_node_find(entry, entry->tree->planes.service);
	int64_t wanted, count = 0;

	registry_number_get(value, &wanted);
	if (n)
		list_for_each(l, &n->children) {
			struct registry_entry *c =
				container_of(l, struct registry_edge, in_parent)->child->entry;

			count += !registry_entry_is_inactive(c) && registry_entry_is_service(c) &&
				 registry_entry_get(c, CFSTR("IOMatchCategory"));
		}
	return count == wanted;
}

static bool match_at(const struct registry_entry *service, CFDictionaryRef matching,
		     unsigned depth);

/* Some provider above the service, not the service itself, satisfies the nested dictionary. */
static bool holds_parent(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	const struct registry_entry *p = entry;

	for (unsigned i = 0; i < REGISTRY_DEPTH_MAX; i++) {
		p = registry_plane_first_parent(p, entry->tree->planes.service);
		if (!p || !registry_entry_is_service(p))
			return false;
		if (match_at(p, value, depth))
			return true;
	}
	return false;
}

static bool holds_nothing(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	return false;
}

static bool has_all_resources(const struct registry_entry *entry, CFTypeRef value)
{
	if (registry_is_string(value))
		return has_property(entry, value, 0);
	scope_cf CFArrayRef members = registry_members_copy(value);
	CFIndex n = members ? CFArrayGetCount(members) : 0;
	for (CFIndex i = 0; i < n; i++)
		if (!has_property(entry, CFArrayGetValueAtIndex(members, i), 0))
			return false;
	return members != NULL;
}

/* The family test of IOResources; on other services the key is unknown. */
static bool holds_resources(const struct registry_entry *entry, CFTypeRef value, unsigned depth)
{
	return entry != entry->tree->resources || has_all_resources(entry, value);
}

/* Keys in the order of evaluation. A value of the wrong type makes the key unknown, and unknown
 * keys are accepted. */
struct rule {
	const char *key;
	bool (*is_known)(CFTypeRef value);
	one_fn holds;
};

static bool holds_equal(const struct registry_entry *entry, const char *key, CFTypeRef value)
{
	scope_cf CFStringRef name = registry_text_new(key);

	return name && registry_match_values(value, registry_entry_get(entry, name));
}

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
	{ "IOResourceMatch", is_string_or_collection, holds_resources },
	{ "IOParentMatch", registry_is_dictionary, holds_parent },
	/* A dictionary here needs a provider that names the place: there is none. */
	{ "IOLocationMatch", registry_is_dictionary, holds_nothing },
};

static CFTypeRef find_value(CFDictionaryRef matching, const char *key)
{
	CFStringRef name = registry_text_new(key);
	CFTypeRef value = name ? CFDictionaryGetValue(matching, name) : NULL;

	if (name)
		CFRelease(name);
	return value;
}

static bool match_at(const struct registry_entry *service, CFDictionaryRef matching, unsigned depth)
{
	CFIndex left = CFDictionaryGetCount(matching);

	if (depth == 0)
		return false;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && left > 0; i++) {
		const struct rule *r = &rules[i];
		CFTypeRef value = find_value(matching, r->key);

		if (!value || !r->is_known(value))
			continue;
		left--;
		if (r->holds ? !r->holds(service, value, depth - 1)
			     : !holds_equal(service, r->key, value))
			return false;
	}
	return true;
}

bool registry_match(const struct registry_entry *service, CFDictionaryRef matching)
{
	return match_at(service, matching, DEPTH_MAX);
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
	char text[4096];
	int64_t id;

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

static void search_class(struct search *s, struct registry_tree *tree)
{
	const char *name = "IOService";
	char text[WIRE_NAME_MAX + 1];
	CFTypeRef value = CFDictionaryGetValue(s->matching, CFSTR("IOProviderClass"));

	if (registry_is_string(value)) {
		if (!registry_text_get(value, text, sizeof(text)))
			return;
		name = text;
	}
	if (!strcmp(name, "IOResources")) {
		consider(s, tree->resources);
		return;
	}
	struct registry_class *class = registry_class_find(&tree->classes, name);
	if (class)
		registry_class_walk(class, consider_member, s);
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
