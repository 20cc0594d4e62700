// SPDX-License-Identifier: MIT
#include "registry/class.h"

#include <stdlib.h>
#include <string.h>

#include "registry/class_table.h"
#include "registry/text.h"
#include "wire/protocol.h"

static err_t add(struct registry_classes *classes, const char *name, struct registry_class *super,
		 const char *bundle, struct registry_class **ret_class)
{
	struct registry_class *c = calloc(1, sizeof(*c));
	uint64_t hash = registry_text_hash(name);

	if (!c)
		return -ENOMEM;
	c->name = strdup(name);
	c->bundle = strdup(bundle);
	c->super = super;
	c->maker = classes->maker;
	c->next = map_find(&classes->by_hash, hash);
	list_init(&c->members);
	registry_member_init(&c->as_member);
	c->as_member.is_class = true;
	if (!c->name || !c->bundle || map_set(&classes->by_hash, hash, c)) {
		free(c->name);
		free(c->bundle);
		free(c);
		return -ENOMEM;
	}
	list_add(&classes->all, &c->link);
	classes->count++;
	if (super)
		super->n_subclasses++;
	if (ret_class)
		*ret_class = c;
	return 0;
}

static void set_alias(struct registry_classes *classes, const char *name, const char *passes_for)
{
	struct registry_class *class = registry_class_find(classes, name);

	class->alias = registry_class_find(classes, passes_for);
	class->next_aliased = classes->aliased;
	classes->aliased = class;
}

err_t registry_classes_init(struct registry_classes *classes)
{
	*classes = (struct registry_classes){ .by_hash = MAP_INIT, .max = SIZE_MAX };
	list_init(&classes->all);
	for (size_t i = 0; i < registry_n_known_classes; i++) {
		const struct registry_known_class *k = &registry_known_classes[i];
		struct registry_class *super = NULL;

		if (k->super)
			super = registry_class_find(classes, k->super);
		if (add(classes, k->name, super, k->bundle ? k->bundle : "", NULL)) {
			registry_classes_fini(classes);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < registry_n_known_classes; i++)
		if (registry_known_classes[i].passes_for)
			set_alias(classes, registry_known_classes[i].name,
				  registry_known_classes[i].passes_for);
	return 0;
}

void registry_classes_fini(struct registry_classes *classes)
{
	list_for_each_safe(node, &classes->all) {
		struct registry_class *c = container_of(node, struct registry_class, link);

		free(c->name);
		free(c->bundle);
		free(c);
	}
	list_init(&classes->all);
	map_fini(&classes->by_hash);
	classes->count = 0;
}

struct registry_class *registry_class_find(const struct registry_classes *classes, const char *name)
{
	struct registry_class *c = map_find(&classes->by_hash, registry_text_hash(name));

	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

/* --- what has been left ------------------------------------------------------------------------- */

static void forget(struct registry_classes *classes, struct registry_class *c)
{
	uint64_t hash = registry_text_hash(c->name);
	struct registry_class *first = map_find(&classes->by_hash, hash), **link = &first;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	if (first)
		map_set(&classes->by_hash, hash, first); /* in its place, which cannot fail */
	else
		map_remove(&classes->by_hash, hash);
	list_remove(&c->link);
	classes->count--;
	c->super->n_subclasses--;
	free(c->name);
	free(c->bundle);
	free(c);
}

/* The youngest first: a superclass is older, mostly. */
static void forget_left(struct registry_classes *classes)
{
	for (struct list *l = classes->all.prev, *before; l != &classes->all; l = before) {
		struct registry_class *c = container_of(l, struct registry_class, link);

		before = l->prev;
		if (c->is_left && !c->n_instances && !c->n_subclasses && list_is_empty(&c->members))
			forget(classes, c);
	}
}

void registry_classes_leave(struct registry_classes *classes, uint64_t maker)
{
	list_for_each(node, &classes->all) {
		struct registry_class *c = container_of(node, struct registry_class, link);

		c->is_left |= maker && c->maker == maker;
	}
}

static bool is_left(const struct registry_class *c)
{
	return c && c->is_left;
}

/* It is somebody's again, of BUNDLE if that is known (NULL: no). */
static void take_over(struct registry_classes *classes, struct registry_class *c,
		      const char *bundle)
{
	char *copy;

	if (!c->is_left)
		return;
	copy = bundle ? strdup(bundle) : NULL;
	if (copy) {
		free(c->bundle);
		c->bundle = copy;
	}
	c->is_left = c->is_hooked = false;
	c->maker = classes->maker;
}

size_t registry_classes_count_of(const struct registry_classes *classes, uint64_t maker)
{
	size_t n = 0;

	list_for_each(node, &classes->all) {
		struct registry_class *c = container_of(node, struct registry_class, link);

		n += c->maker == maker && !c->is_left;
	}
	return n;
}

struct counting {
	const struct registry_classes *classes;
	size_t n;
};

static void count_one(const void *key, const void *value, void *context)
{
	struct counting *counting = context;
	char name[WIRE_NAME_MAX + 1];
	const struct registry_class *c = registry_text_get(key, name, sizeof(name))
					       ? registry_class_find(counting->classes, name)
					       : NULL;

	counting->n += !c || is_left(c);
}

size_t registry_classes_count_new(const struct registry_classes *classes, CFTypeRef dictionary)
{
	struct counting counting = { classes, 0 };

	if (registry_is_dictionary(dictionary))
		CFDictionaryApplyFunction(dictionary, count_one, &counting);
	return counting.n;
}

static unsigned depth_of(const struct registry_class *class)
{
	unsigned n = 0;

	for (; class; class = class->super)
		n++;
	return n;
}

/* Of the longest chain of subclasses below CLASS. */
static unsigned depth_below(const struct registry_classes *classes,
			    const struct registry_class *class)
{
	unsigned most = 0, depth;

	if (!class->n_subclasses)
		return 0;
	list_for_each(node, &classes->all) {
		const struct registry_class *c = container_of(node, struct registry_class, link);

		if (!registry_class_derives(c, class))
			continue;
		depth = depth_of(c) - depth_of(class);
		most = depth > most ? depth : most;
	}
	return most;
}

/* What nobody has declared, or whoever did has gone, is whatever is said of it next. */
static bool is_unsettled(const struct registry_class *c)
{
	return (c->is_guessed || c->is_left) && !c->n_instances;
}

/* --- declaring -------------------------------------------------------------------------------------- */

err_t registry_class_declare(struct registry_classes *classes, const char *name, const char *super,
			     const char *bundle, struct registry_class **ret_class)
{
	struct registry_class *old = registry_class_find(classes, name);
	struct registry_class *s = registry_class_find(classes, super);

	if (!name[0] || strlen(name) > WIRE_NAME_MAX || !s)
		return -EINVAL;
	if (old && old->super != s) {
		if (!is_unsettled(old) || registry_class_conforms(s, name))
			return -EEXIST;
		if (depth_of(s) + 1 + depth_below(classes, old) > REGISTRY_CLASS_DEPTH_MAX)
			return -EINVAL;
		old->super->n_subclasses--;
		s->n_subclasses++;
		old->super = s;
	}
	if (old) {
		take_over(classes, old, bundle);
		old->is_guessed = false;
		if (ret_class)
			*ret_class = old;
		return 0;
	}
	if (depth_of(s) >= REGISTRY_CLASS_DEPTH_MAX)
		return -EINVAL;
	if (classes->count >= classes->max) {
		s->n_subclasses++; /* it stays */
		forget_left(classes);
		s->n_subclasses--;
	}
	if (classes->count >= classes->max)
		return -ENOSPC;
	return add(classes, name, s, bundle, ret_class);
}

struct declaring {
	struct registry_classes *classes;
	CFDictionaryRef dictionary;
	CFMutableSetRef refused;
	const char *bundle;
	err_t err;
	char *problem; /* the first that was refused */
};

enum { CHAIN_MAX = 64 }; /* superclasses that come later in the dictionary */

static void refuse(struct declaring *d, CFTypeRef name, err_t err)
{
	if (!d->err)
		registry_text_get(name, d->problem, WIRE_NAME_MAX + 1);
	d->err = d->err ? d->err : err;
	CFSetSetValue(d->refused, name);
}

/* The class NAME of the dictionary. */
static void declare_name(struct declaring *d, CFTypeRef key)
{
	CFTypeRef value = CFDictionaryGetValue(d->dictionary, key);
	char name[WIRE_NAME_MAX + 1], super[WIRE_NAME_MAX + 1];
	err_t err = -EINVAL;

	if (registry_text_get(key, name, sizeof(name)) &&
	    registry_text_get(value, super, sizeof(super)))
		err = registry_class_declare(d->classes, name, super, d->bundle, NULL);
	if (err)
		refuse(d, key, err);
}

/* Has the dictionary a superclass of KEY's that is to be declared before it? */
static CFTypeRef find_earlier(const struct declaring *d, CFTypeRef key)
{
	CFTypeRef super = CFDictionaryGetValue(d->dictionary, key);
	char name[WIRE_NAME_MAX + 1];

	return registry_text_get(super, name, sizeof(name)) &&
			       !registry_class_find(d->classes, name) &&
			       CFDictionaryContainsKey(d->dictionary, super) &&
			       !CFSetContainsValue(d->refused, super)
		     ? super
		     : NULL;
}

/* With those that it derives from, which may come later in the dictionary. */
static void declare_one(const void *key, const void *value, void *context)
{
	struct declaring *d = context;
	CFTypeRef chain[CHAIN_MAX] = { key }, earlier;
	size_t n = 1;

	while (n < CHAIN_MAX && (earlier = find_earlier(d, chain[n - 1])))
		chain[n++] = earlier;
	while (n)
		declare_name(d, chain[--n]);
}

err_t registry_class_declare_all(struct registry_classes *classes, CFTypeRef dictionary,
				 const char *bundle, char *ret_problem)
{
	scope_cf CFMutableSetRef refused = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	struct declaring d = { .classes = classes,
			       .dictionary = dictionary,
			       .refused = refused,
			       .bundle = bundle,
			       .problem = ret_problem };

	*ret_problem = 0;
	if (!registry_is_dictionary(dictionary))
		return -EINVAL;
	if (!refused)
		return -ENOMEM;
	CFDictionaryApplyFunction(dictionary, declare_one, &d);
	return d.err;
}

void registry_class_set_hooked(struct registry_classes *classes, CFTypeRef names)
{
	CFIndex n = registry_is_array(names) ? CFArrayGetCount(names) : 0;
	char name[WIRE_NAME_MAX + 1];

	for (CFIndex i = 0; i < n; i++) {
		struct registry_class *c = NULL;

		if (registry_text_get(CFArrayGetValueAtIndex(names, i), name, sizeof(name)))
			c = registry_class_find(classes, name);
		/* What everything derives from has no owner who could speak for it. */
		if (c && strcmp(c->bundle, REGISTRY_KERNEL_BUNDLE))
			c->is_hooked = true;
	}
}

err_t registry_class_need(struct registry_classes *classes, const char *name, const char *fallback,
			  struct registry_class **ret_class)
{
	struct registry_class *c = registry_class_find(classes, name);

	if (!c) {
		err_t err = registry_class_declare(classes, name, fallback, "", &c);

		if (err)
			return err;
		c->is_guessed = true;
	}
	take_over(classes, c, NULL);
	*ret_class = c;
	return 0;
}

bool registry_class_conforms(const struct registry_class *class, const char *name)
{
	for (; class; class = class->super)
		if (!strcmp(class->name, name) ||
		    (class->alias && registry_class_conforms(class->alias, name)))
			return true;
	return false;
}

bool registry_class_derives(const struct registry_class *class,
			    const struct registry_class *ancestor)
{
	while (class && class != ancestor)
		class = class->super;
	return class != NULL;
}

static void append_name(CFMutableArrayRef names, const char *text)
{
	scope_cf CFStringRef name = registry_text_new(text);

	if (name)
		CFArrayAppendValue(names, name);
}

CFTypeRef registry_class_copy_ancestry(const struct registry_class *class)
{
	CFMutableArrayRef names = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	const struct registry_class *c, *other;

	if (!names)
		return NULL;
	for (c = class; c; c = c->super)
		append_name(names, c->name);
	for (c = class; c; c = c->super)
		for (other = c->alias; other && !registry_class_derives(class, other);
		     other = other->super)
			append_name(names, other->name);
	return names;
}

CFTypeRef registry_classes_copy_counts(const struct registry_classes *classes)
{
	CFMutableDictionaryRef counts = registry_dictionary_new();

	list_for_each(node, &classes->all) {
		struct registry_class *c = container_of(node, struct registry_class, link);
		scope_cf CFStringRef name = registry_text_new(c->name);

		if (counts && name)
			registry_set_number(counts, name, c->n_instances, kCFNumberSInt32Type);
	}
	return counts;
}

void registry_class_count_instance(struct registry_class *class)
{
	while (class && class->n_instances++ == 0)
		class = class->super;
}

void registry_class_uncount_instance(struct registry_class *class)
{
	while (class && --class->n_instances == 0)
		class = class->super;
}

void registry_member_init(struct registry_member *member)
{
	list_init(&member->link);
	member->is_class = false;
	member->order = 0;
}

bool registry_member_is_listed(const struct registry_member *member)
{
	return !list_is_empty(&member->link);
}

/* A class with its first member becomes one of its superclass. */
static void add_member(struct registry_class *class, struct registry_member *member)
{
	bool was_empty = list_is_empty(&class->members);

	member->order = ++class->last_order;
	list_add(&class->members, &member->link);
	if (was_empty && class->super)
		add_member(class->super, &class->as_member);
}

static void remove_member(struct registry_class *class, struct registry_member *member)
{
	list_remove(&member->link);
	if (list_is_empty(&class->members) && class->super)
		remove_member(class->super, &class->as_member);
}

void registry_class_add_member(struct registry_class *class, struct registry_member *member)
{
	if (registry_member_is_listed(member))
		return;
	add_member(class, member);
	for (; class; class = class->super)
		class->n_listed++;
}

void registry_class_remove_member(struct registry_class *class, struct registry_member *member)
{
	if (!registry_member_is_listed(member))
		return;
	remove_member(class, member);
	for (; class; class = class->super)
		class->n_listed--;
}

int registry_member_compare(const struct registry_class *a_class, const struct registry_member *a,
			    const struct registry_class *b_class, const struct registry_member *b)
{
	unsigned a_depth = depth_of(a_class), b_depth = depth_of(b_class);

	/* Go up until both are members of one list. */
	while (a_class != b_class) {
		bool up_a = a_depth >= b_depth, up_b = b_depth >= a_depth;

		if (up_a) {
			a = &a_class->as_member;
			a_class = a_class->super;
			a_depth--;
		}
		if (up_b) {
			b = &b_class->as_member;
			b_class = b_class->super;
			b_depth--;
		}
	}
	return (a->order > b->order) - (a->order < b->order);
}

bool registry_class_walk(struct registry_class *class, registry_member_fn fn, void *context)
{
	list_for_each(node, &class->members) {
		struct registry_member *m = container_of(node, struct registry_member, link);

		if (m->is_class ? !registry_class_walk(
					  container_of(m, struct registry_class, as_member), fn,
					  context)
				: !fn(context, m))
			return false;
	}
	return true;
}
