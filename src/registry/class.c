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
	c->next = map_find(&classes->by_hash, hash);
	list_init(&c->members);
	registry_member_init(&c->as_member);
	c->as_member.subclass = c;
	if (!c->name || !c->bundle || map_set(&classes->by_hash, hash, c)) {
		free(c->name);
		free(c->bundle);
		free(c);
		return -ENOMEM;
	}
	list_add(&classes->all, &c->link);
	classes->count++;
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
	*classes = (struct registry_classes){ .by_hash = MAP_INIT };
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

err_t registry_class_declare(struct registry_classes *classes, const char *name, const char *super,
			     const char *bundle, struct registry_class **ret_class)
{
	struct registry_class *old = registry_class_find(classes, name);
	struct registry_class *s = registry_class_find(classes, super);

	if (!name[0] || strlen(name) > WIRE_NAME_MAX || !s)
		return -EINVAL;
	if (old && old->super != s) {
		if (!old->is_guessed || old->n_instances || registry_class_conforms(s, name))
			return -EEXIST;
		old->super = s;
	}
	if (old) {
		old->is_guessed = false;
		if (ret_class)
			*ret_class = old;
		return 0;
	}
	if (classes->count >= REGISTRY_CLASSES_MAX)
		return -ENOSPC;
	return add(classes, name, s, bundle, ret_class);
}

struct declaring {
	struct registry_classes *classes;
	const char *bundle;
	size_t n_added;
	err_t err;
};

static void declare_one(const void *key, const void *value, void *context)
{
	struct declaring *d = context;
	char name[WIRE_NAME_MAX + 1], super[WIRE_NAME_MAX + 1];

	if (!registry_text_get(key, name, sizeof(name)) ||
	    !registry_text_get(value, super, sizeof(super))) {
		d->err = -EINVAL;
		return;
	}
	bool is_new = !registry_class_find(d->classes, name);
	err_t err = registry_class_declare(d->classes, name, super, d->bundle, NULL);
	if (err)
		d->err = err;
	else if (is_new)
		d->n_added++;
}

err_t registry_class_declare_all(struct registry_classes *classes, CFTypeRef dictionary,
				 const char *bundle)
{
	struct declaring d = { .classes = classes, .bundle = bundle };

	if (!registry_is_dictionary(dictionary))
		return -EINVAL;
	/* A superclass may come later in the dictionary: go round while that helps. */
	do {
		d.n_added = 0;
		d.err = 0;
		CFDictionaryApplyFunction(dictionary, declare_one, &d);
	} while (d.err && d.n_added);
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
	member->subclass = NULL;
	member->order = 0;
}

void registry_class_add_member(struct registry_class *class, struct registry_member *member)
{
	bool was_empty = list_is_empty(&class->members);

	member->order = ++class->last_order;
	list_add(&class->members, &member->link);
	if (was_empty && class->super)
		registry_class_add_member(class->super, &class->as_member);
}

void registry_class_remove_member(struct registry_class *class, struct registry_member *member)
{
	if (list_is_empty(&member->link))
		return;
	list_remove(&member->link);
	if (list_is_empty(&class->members) && class->super)
		registry_class_remove_member(class->super, &class->as_member);
}

static unsigned depth_of(const struct registry_class *class)
{
	unsigned n = 0;

	for (; class; class = class->super)
		n++;
	return n;
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

		if (m->subclass ? !registry_class_walk(m->subclass, fn, context) : !fn(context, m))
			return false;
	}
	return true;
}
