// SPDX-License-Identifier: MIT
#include "registry/catalogue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/compare.h"
#include "registry/entry.h"
#include "registry/match.h"
#include "registry/text.h"

void registry_catalogue_init(struct registry_catalogue *catalogue)
{
	*catalogue = (struct registry_catalogue){ .generation = 1,
						  .max = SIZE_MAX,
						  .max_servers = SIZE_MAX };
	list_init(&catalogue->bundles);
	list_init(&catalogue->personalities);
	registry_audience_init(&catalogue->audience);
}

struct registry_personality *registry_personality_ref(struct registry_personality *personality)
{
	personality->refs++;
	return personality;
}

void registry_personality_unref(struct registry_personality *personality)
{
	if (--personality->refs)
		return;
	list_remove(&personality->link);
	if (personality->dictionary)
		CFRelease(personality->dictionary);
	free(personality->name);
	free(personality->class_name);
	free(personality->provider_class);
	free(personality->category);
	free(personality->server);
	free(personality->bundle_path);
	free(personality);
}

static void drop(struct registry_catalogue *catalogue, struct registry_personality *p)
{
	struct registry_personality *first = map_find(&catalogue->by_hash, p->hash);
	struct registry_personality **link = &first;

	while (*link != p)
		link = &(*link)->same;
	*link = p->same;
	if (first)
		map_set(&catalogue->by_hash, p->hash, first); /* in its place, which cannot fail */
	else
		map_remove(&catalogue->by_hash, p->hash);
	list_remove(&p->link);
	registry_audience_remove(&catalogue->audience, &p->seat);
	p->is_removed = true;
	p->bundle = NULL;
	catalogue->count--;
	registry_personality_unref(p);
}

void registry_catalogue_fini(struct registry_catalogue *catalogue)
{
	list_for_each_safe(l, &catalogue->personalities)
		drop(catalogue, container_of(l, struct registry_personality, link));
	list_for_each_safe(l, &catalogue->bundles)
		registry_bundle_free(container_of(l, struct registry_bundle, link));
	map_fini(&catalogue->by_hash);
	registry_audience_fini(&catalogue->audience);
}

/* --- adding ------------------------------------------------------------------------ */

static char *copy_or(CFDictionaryRef dictionary, CFStringRef key, const char *otherwise)
{
	char text[WIRE_NAME_MAX + 1];

	return strdup(registry_text_find(dictionary, key, text, sizeof(text)) && text[0]
			      ? text
			      : otherwise);
}

static CFDictionaryRef complete(CFDictionaryRef source, const struct registry_bundle *bundle)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutableCopy(NULL, 0, source);

	if (!bundle)
		return d;
	if (d && !CFDictionaryContainsKey(d, CFSTR("CFBundleIdentifier")))
		registry_set_text(d, CFSTR("CFBundleIdentifier"), bundle->identifier);
	if (d && !CFDictionaryContainsKey(d, CFSTR("IOPersonalityPublisher")))
		registry_set_text(d, CFSTR("IOPersonalityPublisher"), bundle->identifier);
	return d;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t hash_of(CFTypeRef value);

static void add_pair(const void *key, const void *value, void *sum)
{
	*(uint64_t *)sum += mix(CFHash(key), hash_of(value));
}

/* Equal values have equal ones, in whatever order their pairs come. */
static uint64_t hash_of(CFTypeRef value)
{
	uint64_t hash = 0;

	if (registry_is_dictionary(value)) {
		CFDictionaryApplyFunction(value, add_pair, &hash);
		return hash;
	}
	if (!registry_is_array(value))
		return CFHash(value);
	for (CFIndex i = 0; i < CFArrayGetCount(value); i++)
		hash = mix(hash, hash_of(CFArrayGetValueAtIndex(value, i)));
	return hash;
}

static bool is_duplicate(const struct registry_catalogue *catalogue, CFDictionaryRef dictionary,
			 uint64_t hash)
{
	const struct registry_personality *p = map_find(&catalogue->by_hash, hash);

	while (p && !CFEqual(p->dictionary, dictionary))
		p = p->same;
	return p != NULL;
}

/* Has BUNDLE room for the host NAME, whose personalities are the latest of all? */
static bool takes_server(const struct registry_catalogue *catalogue, struct registry_bundle *bundle,
			 const char *name)
{
	if (!bundle)
		return true;
	for (struct list *l = catalogue->personalities.prev; l != &catalogue->personalities;
	     l = l->prev) {
		const struct registry_personality *p =
			container_of(l, struct registry_personality, link);

		if (p->bundle != bundle)
			break;
		if (!strcmp(p->server, name))
			return true;
	}
	if (bundle->n_servers < catalogue->max_servers) {
		bundle->n_servers++;
		return true;
	}
	if (!bundle->has_too_many)
		log_warning("%s: it has personalities for more than %zu IOUserServerNames: %s and "
			    "further ones are left out (limit bundle-servers)",
			    bundle->path, catalogue->max_servers, name);
	bundle->has_too_many = true;
	return false;
}

/* One that lacks a class, or whose host is none, is used for no service. */
static err_t seat(struct registry_catalogue *catalogue, struct registry_personality *p)
{
	registry_matching_init(&p->prepared, p->dictionary);
	if (p->is_refused || !p->class_name[0] || !p->provider_class[0])
		return 0;
	return registry_audience_add(&catalogue->audience, &p->seat, p->dictionary,
				     ++catalogue->last_number);
}

static err_t add_personality(struct registry_catalogue *catalogue, struct registry_bundle *bundle,
			     const char *name, CFDictionaryRef source, size_t *added)
{
	scope_cf CFDictionaryRef dictionary = complete(source, bundle);
	int64_t score = 0;

	if (!dictionary)
		return -ENOMEM;
	uint64_t hash = hash_of(dictionary);
	if (is_duplicate(catalogue, dictionary, hash) || catalogue->count >= catalogue->max)
		return 0;
	struct registry_personality *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->refs = 1;
	p->hash = hash;
	p->bundle = bundle;
	p->is_boot = !catalogue->is_running;
	list_init(&p->link);
	registry_number_get(CFDictionaryGetValue(dictionary, CFSTR("IOProbeScore")), &score);
	p->score = (int32_t)score;
	p->dictionary = CFRetain(dictionary);
	p->name = strdup(name);
	p->class_name = copy_or(dictionary, CFSTR("IOClass"), "");
	p->provider_class = copy_or(dictionary, CFSTR("IOProviderClass"), "");
	p->category = copy_or(dictionary, CFSTR("IOMatchCategory"), "IODefaultMatchCategory");
	p->server =
		copy_or(dictionary, CFSTR("IOUserServerName"), bundle ? bundle->identifier : "");
	p->bundle_path = strdup(bundle ? bundle->path : "");
	p->same = map_find(&catalogue->by_hash, hash);
	if (!p->name || !p->class_name || !p->provider_class || !p->category || !p->server ||
	    !p->bundle_path) {
		registry_personality_unref(p);
		return -ENOMEM;
	}
	/* Its driver would take the bridge's place, and have its rights. */
	p->is_refused = !strcmp(p->server, REGISTRY_BRIDGE_NAME);
	bool is_taken = takes_server(catalogue, bundle, p->server);
	if (!is_taken || seat(catalogue, p) || map_set(&catalogue->by_hash, hash, p)) {
		registry_audience_remove(&catalogue->audience, &p->seat);
		registry_personality_unref(p);
		return is_taken ? -ENOMEM : 0;
	}
	if (p->is_refused || !p->class_name[0])
		log_warning("%s: personality %s %s and is never used",
			    bundle ? bundle->path : "a program", name,
			    p->is_refused
				    ? "has Portico's own IOUserServerName " REGISTRY_BRIDGE_NAME
				    : "names no IOClass");
	list_add(&catalogue->personalities, &p->link);
	catalogue->count++;
	++*added;
	return 0;
}

static CFComparisonResult compare_names(const void *a, const void *b, void *context)
{
	return CFStringCompare(a, b, 0);
}

/* In the order of their names: dictionaries have none. */
static CFArrayRef sorted_keys(CFDictionaryRef d)
{
	CFIndex n = CFDictionaryGetCount(d);
	scope_free const void **keys = calloc((size_t)n + 1, sizeof(*keys));
	scope_cf CFMutableArrayRef sorted = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFIndex n_strings = 0;

	if (!keys || !sorted)
		return NULL;
	CFDictionaryGetKeysAndValues(d, keys, NULL);
	for (CFIndex i = 0; i < n; i++)
		if (registry_is_string(keys[i])) {
			CFArrayAppendValue(sorted, keys[i]);
			n_strings++;
		}
	/* Appending does not say when there is no memory. */
	if (CFArrayGetCount(sorted) != n_strings)
		return NULL;
	CFArraySortValues(sorted, CFRangeMake(0, n_strings), compare_names, NULL);
	return take_ptr(sorted);
}

static err_t add_personalities(struct registry_catalogue *catalogue, struct registry_bundle *bundle,
			       size_t *added)
{
	scope_cf CFArrayRef keys = sorted_keys(bundle->personalities);

	if (!keys)
		return -ENOMEM;
	if (CFArrayGetCount(keys) > REGISTRY_PERSONALITIES_MAX)
		log_warning("%s: of its %ld personalities the first %d are used", bundle->path,
			    (long)CFArrayGetCount(keys), REGISTRY_PERSONALITIES_MAX);
	for (CFIndex i = 0; i < CFArrayGetCount(keys) && i < REGISTRY_PERSONALITIES_MAX; i++) {
		CFStringRef key = CFArrayGetValueAtIndex(keys, i);
		CFTypeRef value = CFDictionaryGetValue(bundle->personalities, key);
		char name[WIRE_NAME_MAX + 1];

		registry_text_get(key, name, sizeof(name));
		if (!registry_is_dictionary(value)) {
			log_warning("%s: personality %s is no dictionary and is never used",
				    bundle->path, name);
			continue;
		}
		err_t err = add_personality(catalogue, bundle, name, value, added);
		if (err)
			return err;
	}
	return 0;
}

struct registry_bundle *registry_catalogue_find(const struct registry_catalogue *catalogue,
						const char *identifier)
{
	struct registry_bundle *broken = NULL;

	list_for_each(l, &catalogue->bundles) {
		struct registry_bundle *b = container_of(l, struct registry_bundle, link);

		if (strcmp(b->identifier, identifier))
			continue;
		if (!b->problem)
			return b;
		if (!broken)
			broken = b;
	}
	return broken;
}

/* Personalities that were there before their bundle may be used now. */
static void settle_waiting(struct registry_catalogue *catalogue, struct registry_bundle *bundle)
{
	list_for_each(l, &catalogue->personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);
		char identifier[WIRE_NAME_MAX + 1];

		if (p->bundle ||
		    !registry_text_find(p->dictionary, CFSTR("CFBundleIdentifier"), identifier,
					sizeof(identifier)) ||
		    strcmp(identifier, bundle->identifier))
			continue;
		char *path = strdup(bundle->path);
		char *server = p->server[0] ? NULL : strdup(bundle->identifier);
		if (!path || (!p->server[0] && !server)) {
			free(path);
			continue;
		}
		free(p->bundle_path);
		p->bundle_path = path;
		if (server) {
			free(p->server);
			p->server = server;
		}
		p->bundle = bundle;
	}
}

struct registry_bundle *registry_catalogue_find_path(const struct registry_catalogue *catalogue,
						     const char *path)
{
	list_for_each(l, &catalogue->bundles) {
		struct registry_bundle *b = container_of(l, struct registry_bundle, link);

		if (!strcmp(b->path, path))
			return b;
	}
	return NULL;
}

err_t registry_catalogue_add(struct registry_catalogue *catalogue, const char *path,
			     size_t *ret_added, struct registry_bundle **ret_bundle)
{
	/* A folder may be named by several paths; whoever loads a newer version may name another one. */
	scope_free char *real = realpath(path, NULL);
	struct registry_bundle *b, *old;
	size_t added = 0;

	if (ret_added)
		*ret_added = 0;
	/* Hosts are let read it under its own name only. What is not there is a broken bundle. */
	if (!real && errno != ENOENT) {
		err_t failure = err_from_errno();
		log_warning("%s: %s; the bundle is not used", path, strerror(-failure));
		return failure;
	}
	if (real)
		path = real;
	old = registry_catalogue_find_path(catalogue, path);
	/* A broken bundle may have been repaired meanwhile. */
	if (old && old->problem)
		registry_catalogue_remove(catalogue, old);
	else if (old) {
		if (ret_bundle)
			*ret_bundle = old;
		return 0;
	}
	err_t err = registry_bundle_read(path, &b);
	if (err)
		return err;
	old = b->problem ? NULL : registry_catalogue_find(catalogue, b->identifier);
	if (old && !old->problem) {
		/* The first one on the search path wins. */
		log_info("%s: %s is loaded from %s already", path, b->identifier, old->path);
		registry_bundle_free(b);
		if (ret_bundle)
			*ret_bundle = old;
		return 0;
	}
	list_add(&catalogue->bundles, &b->link);
	if (b->problem)
		log_warning("%s: %s; the bundle is not used", path, b->problem);
	else
		err = add_personalities(catalogue, b, &added);
	if (!b->problem)
		settle_waiting(catalogue, b);
	catalogue->generation += added > 0;
	if (ret_added)
		*ret_added = added;
	if (ret_bundle)
		*ret_bundle = b;
	return err;
}

struct adding {
	struct registry_catalogue *catalogue;
	size_t added;
	err_t err;
};

static void add_scanned(void *context, const char *path)
{
	struct adding *a = context;
	size_t added;
	err_t err = registry_catalogue_add(a->catalogue, path, &added, NULL);

	a->added += added;
	if (err)
		a->err = err;
}

err_t registry_catalogue_add_folder(struct registry_catalogue *catalogue, const char *folder,
				    size_t *ret_added)
{
	struct adding a = { .catalogue = catalogue };
	err_t err = registry_bundle_scan(folder, add_scanned, &a);

	if (ret_added)
		*ret_added = a.added;
	return err ? err : a.err;
}

void registry_catalogue_remove(struct registry_catalogue *catalogue, struct registry_bundle *bundle)
{
	size_t before = catalogue->count;

	list_for_each_safe(l, &catalogue->personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);

		if (p->bundle == bundle)
			drop(catalogue, p);
	}
	catalogue->generation += catalogue->count != before;
	registry_bundle_free(bundle);
}

/* --- what programs add and remove ---------------------------------------------------- */

static err_t add_loose(struct registry_catalogue *catalogue, CFDictionaryRef dictionary,
		       size_t *added)
{
	char identifier[WIRE_NAME_MAX + 1], name[WIRE_NAME_MAX + 1];
	struct registry_bundle *bundle = NULL;

	if (registry_text_find(dictionary, CFSTR("CFBundleIdentifier"), identifier,
			       sizeof(identifier)))
		bundle = registry_catalogue_find(catalogue, identifier);
	if (bundle && bundle->problem)
		bundle = NULL;
	registry_text_find(dictionary, CFSTR("IOClass"), name, sizeof(name));
	return add_personality(catalogue, bundle, name, dictionary, added);
}

static err_t add_array(struct registry_catalogue *catalogue, CFArrayRef array, size_t *added)
{
	err_t err = 0;

	for (CFIndex i = 0; i < CFArrayGetCount(array) && i < REGISTRY_PERSONALITIES_MAX && !err;
	     i++) {
		CFTypeRef one = CFArrayGetValueAtIndex(array, i);

		if (registry_is_dictionary(one))
			err = add_loose(catalogue, one, added);
	}
	return err;
}

err_t registry_catalogue_add_array(struct registry_catalogue *catalogue, CFArrayRef array,
				   size_t *ret_added)
{
	err_t err;

	*ret_added = 0;
	err = add_array(catalogue, array, ret_added);
	catalogue->generation += *ret_added > 0;
	return err;
}

struct comparing {
	CFDictionaryRef dictionary;
	bool equal;
};

static void compare_pair(const void *key, const void *value, void *context)
{
	struct comparing *c = context;

	c->equal = c->equal &&
		   registry_compare_values(value, CFDictionaryGetValue(c->dictionary, key));
}

void registry_catalogue_remove_matching(struct registry_catalogue *catalogue,
					CFDictionaryRef matching)
{
	size_t before = catalogue->count;

	list_for_each_safe(l, &catalogue->personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);
		struct comparing c = { p->dictionary, true };

		CFDictionaryApplyFunction(matching, compare_pair, &c);
		if (c.equal)
			drop(catalogue, p);
	}
	catalogue->generation += catalogue->count != before;
}

err_t registry_catalogue_reset(struct registry_catalogue *catalogue, CFArrayRef array)
{
	size_t added = 0;
	err_t err = 0;

	list_for_each_safe(l, &catalogue->personalities)
		drop(catalogue, container_of(l, struct registry_personality, link));
	catalogue->generation++;
	if (array)
		return add_array(catalogue, array, &added);
	list_for_each(l, &catalogue->bundles) {
		struct registry_bundle *b = container_of(l, struct registry_bundle, link);

		if (!b->problem && !err)
			err = add_personalities(catalogue, b, &added);
	}
	return err;
}

/* --- matching ---------------------------------------------------------------------- */

struct ranked {
	struct registry_personality *personality;
	int32_t score;
	size_t order;
};

static int by_score(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

err_t registry_catalogue_match(struct registry_catalogue *catalogue,
			       const struct registry_entry *service,
			       struct registry_matched **ret_items, size_t *ret_count)
{
	size_t n_seats, n = 0;
	struct registry_seat *const *seats =
		registry_audience_of(&catalogue->audience, service, &n_seats);
	scope_free struct ranked *ranked = calloc(n_seats + 1, sizeof(*ranked));

	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < n_seats; i++) {
		struct registry_personality *p =
			container_of(seats[i], struct registry_personality, seat);
		int32_t score = p->score;

		if (p->bundle && registry_match_class(service, p->provider_class) &&
		    registry_match_personality(service, &p->prepared, &score)) {
			ranked[n] = (struct ranked){ p, score, n };
			n++;
		}
	}
	qsort(ranked, n, sizeof(*ranked), by_score);
	struct registry_matched *items = calloc(n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		items[i] =
			(struct registry_matched){ registry_personality_ref(ranked[i].personality),
						   ranked[i].score };
	*ret_items = items;
	*ret_count = n;
	return 0;
}
