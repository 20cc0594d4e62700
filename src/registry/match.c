// SPDX-License-Identifier: MIT
#include "registry/match.h"

#include <stdlib.h>
#include <string.h>

#include "registry/compare.h"
#include "registry/entry.h"
#include "registry/family.h"
#include "registry/privacy.h"
#include "registry/text.h"

/* --- single keys ------------------------------------------------------------------ */

/* What is matched. */
struct subject {
	const struct registry_entry *entry;
	/* IOCompatibilityProperties, which stand for the properties when IOCompatibilityMatch asks
	 * for it; or NULL */
	CFDictionaryRef compatible;
	uint64_t *steps; /* that are left */
};

bool registry_match_spend(uint64_t *steps, uint64_t n)
{
	bool enough = n <= *steps;

	*steps = enough ? *steps - n : 0;
	return enough;
}

/* KEY equals NAME, or ends in '*' and is a prefix of it (device-tree entries only). */
static bool name_fits(const char *key, const char *name, size_t size, bool wildcard)
{
	size_t n = strlen(key);

	if (wildcard && n > 0 && key[n - 1] == '*')
		return size >= n - 1 && !memcmp(key, name, n - 1);
	return n == size && !memcmp(key, name, n);
}

/* Bytes of a list of names that are looked at, and those of any text or data that are a step. */
enum { NAMES_MAX = 16 * 1024, NAMES_STEP = 256 };

static bool data_has_name(CFDataRef data, const char *name, uint64_t *steps)
{
	CFIndex all = CFDataGetLength(data), size = all < NAMES_MAX ? all : NAMES_MAX;
	const char *p = (const char *)CFDataGetBytePtr(data), *end = p + size;

	if (!registry_match_spend(steps, (uint64_t)size / NAMES_STEP))
		return false;
	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));

		if (name_fits(name, p, n, true))
			return true;
		p += n + 1;
	}
	return false;
}

static bool match_name(const struct registry_entry *entry, const char *name, uint64_t *steps)
{
	CFStringRef keys[] = { CFSTR("name"), CFSTR("compatible"), CFSTR("device_type"),
			       CFSTR("model") };
	bool in_tree = registry_family_has_tree_names(entry);
	const char *own = registry_entry_name(entry, NULL);

	if (name_fits(name, own, strlen(own), in_tree))
		return true;
	for (size_t i = 0; in_tree && i < sizeof(keys) / sizeof(keys[0]); i++) {
		CFTypeRef value = registry_privacy_covers(entry, keys[i])
					? NULL
					: registry_entry_get(entry, keys[i]);
		char text[256];

		if (registry_text_get(value, text, sizeof(text)) &&
		    name_fits(name, text, strlen(text), true))
			return true;
		if (value && CFGetTypeID(value) == CFDataGetTypeID() &&
		    data_has_name(value, name, steps))
			return true;
	}
	return false;
}

bool registry_match_name(const struct registry_entry *entry, const char *name)
{
	uint64_t steps = REGISTRY_MATCH_STEPS;

	return match_name(entry, name, &steps);
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
	for (CFIndex i = 0; i < n && registry_match_spend(s->steps, 1); i++)
		if (one(s, CFArrayGetValueAtIndex(members, i)))
			return true;
	return false;
}

static bool has_name(const struct subject *s, CFTypeRef value)
{
	char name[256];

	return registry_text_get(value, name, sizeof(name)) && match_name(s->entry, name, s->steps);
}

enum { STEP_BYTES = 64 }; /* what one object costs (wire_bag_cost_of) */

bool registry_match_may_compare(CFTypeRef wanted, uint64_t *steps)
{
	uint64_t n = 0;

	if (registry_is_string(wanted))
		n = (uint64_t)CFStringGetLength(wanted) / NAMES_STEP;
	else if (registry_is_array(wanted) || registry_is_set(wanted) ||
		 registry_is_dictionary(wanted))
		n = wire_bag_cost_of(wanted) / STEP_BYTES;
	else if (CFGetTypeID(wanted) == CFDataGetTypeID())
		n = (uint64_t)CFDataGetLength(wanted) / NAMES_STEP;
	return !n || registry_match_spend(steps, n);
}

/* With one of the properties that stand for the service's own. */
static bool equals_compatible(const struct subject *s, CFTypeRef wanted, const void *key)
{
	return registry_match_may_compare(wanted, s->steps) &&
	       registry_compare_values(wanted, CFDictionaryGetValue(s->compatible, key));
}

struct pairs {
	const struct subject *subject;
	bool equal;
};

static void check_pair(const void *key, const void *value, void *context)
{
	struct pairs *p = context;

	if (p->equal && p->subject->compatible)
		p->equal = equals_compatible(p->subject, value, key);
	else if (p->equal)
		p->equal = !registry_privacy_covers(p->subject->entry, key) &&
			   registry_match_may_compare(value, p->subject->steps) &&
			   registry_entry_equals(p->subject->entry, key, value);
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
	if (registry_privacy_covers(s->entry, value))
		return false;
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
		return equals_compatible(s, value, CFSTR("IOClass"));
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
	    registry_path_find_within(s->entry->tree, path, s->steps) == s->entry)
		return true;
	return s->compatible && equals_compatible(s, value, CFSTR("IOPath"));
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

			if (!registry_match_spend(s->steps, 1))
				return false;
			count += !registry_entry_is_inactive(c) && registry_entry_is_service(c) &&
				 registry_entry_has(c, CFSTR("IOMatchCategory"));
		}
	return count == (uint32_t)wanted;
}

/* Keys in the order of evaluation. A value of the wrong type makes the key unknown. */
struct rule {
	const char *key;
	size_t size; /* of KEY */
	bool (*is_known)(CFTypeRef value);
	one_fn holds; /* NULL: the property of that name equals the value */
};

#define RULE(key, is_known, holds) \
	{ \
		key, sizeof(key) - 1, is_known, holds \
	}

static const struct rule rules[REGISTRY_MATCH_RULES] = {
	RULE("IOProviderClass", registry_is_string, holds_class),
	RULE("IONameMatch", is_string_or_collection, holds_name),
	RULE("IOLocationMatch", registry_is_string, holds_location),
	RULE("IOPropertyMatch", is_dictionary_or_collection, holds_pairs),
	RULE("IOPropertyExistsMatch", is_string_or_collection, holds_existence),
	RULE("IOPathMatch", registry_is_string, holds_path),
	RULE("IORegistryEntryID", is_number, holds_id),
	RULE("IOMatchedServiceCountMatch", is_number, holds_service_count),
	RULE("BSD Name", is_anything, NULL),
	RULE("BSD Major", is_anything, NULL),
	RULE("BSD Minor", is_anything, NULL),
	RULE("BSD Unit", is_anything, NULL),
	/* IOKit looks at these two first; they are rare, and all keys have to hold anyhow. */
	RULE("IOServiceNotificationUser", is_anything, holds_always),
	RULE("IOCompatibilityMatch", is_anything, holds_always),
};
enum { COMPATIBLE = REGISTRY_MATCH_RULES - 1 };

static void note_pair(const void *key, const void *value, void *context)
{
	struct registry_matching *m = context;
	char buffer[64];
	size_t size;
	const char *text = registry_text_bytes(key, buffer, sizeof(buffer), &size);

	for (size_t i = 0; text && i < REGISTRY_MATCH_RULES; i++) {
		const struct rule *r = &rules[i];

		if (r->size == size && !memcmp(r->key, text, size) && r->is_known(value)) {
			m->values[i] = value;
			return;
		}
	}
	m->n_left++;
}

void registry_matching_init(struct registry_matching *matching, CFDictionaryRef dictionary)
{
	*matching = (struct registry_matching){ .dictionary = dictionary };
	CFDictionaryApplyFunction(dictionary, note_pair, matching);
}

static bool equals(const struct registry_entry *service, const struct rule *r, CFTypeRef value,
		   uint64_t *steps)
{
	scope_cf CFStringRef key = service->has_private ? registry_text_new(r->key) : NULL;

	return !(key && registry_privacy_covers(service, key)) &&
	       registry_match_may_compare(value, steps) &&
	       registry_entry_equals_at(service, r->key, r->size, value);
}

enum { KEYS_STEP = 8 }; /* keys for the family that are a step */

/* All keys but those that lead to other services. SCORE may be NULL. */
static bool match_one(const struct registry_entry *service, const struct registry_matching *m,
		      int32_t *score, uint64_t *steps)
{
	struct subject s = { .entry = service, .steps = steps };
	scope_cf CFTypeRef own = NULL;

	if (m->values[COMPATIBLE]) {
		own = registry_entry_get(service, CFSTR("IOCompatibilityProperties"));
		own = own ? CFRetain(own) : NULL; /* it is only lent, and not for so long */
		s.compatible = registry_is_dictionary(own) ? own : NULL;
	}
	for (size_t i = 0; i < REGISTRY_MATCH_RULES; i++) {
		const struct rule *r = &rules[i];
		CFTypeRef value = m->values[i];

		if (value && !(r->holds ? r->holds(&s, value) : equals(service, r, value, steps)))
			return false;
	}
	/* Only what is left concerns the family; nobody looks up unknown keys as properties. */
	return !m->n_left || (registry_match_spend(steps, m->n_left / KEYS_STEP) &&
			      registry_family_match(service, m->dictionary, score, steps));
}

static CFDictionaryRef nested(CFDictionaryRef matching, CFStringRef key)
{
	CFTypeRef value = CFDictionaryGetValue(matching, key);

	return registry_is_dictionary(value) ? value : NULL;
}

static bool match_above(const struct registry_entry *service, CFDictionaryRef matching,
			uint32_t search, uint64_t *steps);

static bool match_nested(const struct registry_entry *service, CFDictionaryRef wanted,
			 uint64_t *steps)
{
	struct registry_matching m;

	/* All its keys are looked at each time. */
	if (!registry_match_spend(steps, 1 + (uint64_t)CFDictionaryGetCount(wanted)))
		return false;
	registry_matching_init(&m, wanted);
	return match_one(service, &m, NULL, steps);
}

/* The place that the providers name satisfies the dictionary, if there is one. */
static bool match_place(const struct registry_entry *service, CFDictionaryRef matching,
			uint64_t *steps)
{
	CFDictionaryRef wanted = nested(matching, CFSTR("IOLocationMatch"));
	const struct registry_entry *place;

	if (!wanted)
		return true;
	place = registry_family_location(registry_entry_provider(service), steps);
	return place && match_nested(place, wanted, steps) && match_above(place, wanted, 0, steps);
}

static bool is_last(CFDictionaryRef wanted)
{
	return !nested(wanted, CFSTR("IOParentMatch"));
}

/* The same answer for all providers from FIRST to LAST (NULL: all the way up). */
static void remember(struct registry_entry *first, const struct registry_entry *last,
		     uint32_t search, bool fits)
{
	for (struct registry_entry *p = first; p && p->asked != search;
	     p = p == last ? NULL : registry_entry_provider(p)) {
		p->asked = search;
		p->has_fitted = fits;
	}
}

/* Evaluated last: some provider above SERVICE satisfies the nested dictionary, and one above that the
 * one nested in it, and so on. The nearest one will do: whatever is above another is above it, too. In a
 * SEARCH each provider is asked once, however many services stand on it. */
static bool match_above(const struct registry_entry *service, CFDictionaryRef matching,
			uint32_t search, uint64_t *steps)
{
	CFDictionaryRef wanted = nested(matching, CFSTR("IOParentMatch"));
	struct registry_entry *first = registry_entry_provider(service), *p;
	bool fits = false;

	if (!wanted)
		return match_place(service, matching, steps);
	for (p = first; p && *steps && !fits; p = registry_entry_provider(p)) {
		if (search && p->asked == search) {
			fits = p->has_fitted;
			break;
		}
		if (!match_nested(p, wanted, steps) ||
		    (is_last(wanted) && !match_place(p, wanted, steps)))
			continue;
		fits = is_last(wanted) || match_above(p, wanted, 0, steps);
		break;
	}
	if (search && *steps)
		remember(first, p, search, fits);
	return fits && *steps;
}

static bool match_all(const struct registry_entry *service, const struct registry_matching *m,
		      int32_t *score, uint64_t *steps)
{
	/* Those that lead to others are left by the rules, or no string. */
	return match_one(service, m, score, steps) &&
	       (!m->n_left || match_above(service, m->dictionary, m->search, steps));
}

bool registry_matching_fits(const struct registry_matching *matching,
			    const struct registry_entry *service, uint64_t *steps)
{
	return match_all(service, matching, NULL, steps);
}

bool registry_match(const struct registry_entry *service, CFDictionaryRef matching)
{
	struct registry_matching m;

	registry_matching_init(&m, matching);
	return registry_match_personality(service, &m, NULL);
}

bool registry_match_personality(const struct registry_entry *service,
				const struct registry_matching *personality, int32_t *score)
{
	uint64_t steps = REGISTRY_MATCH_STEPS;

	return match_all(service, personality, score, &steps);
}
