// SPDX-License-Identifier: MIT
/*
 * Class ancestry: Apple's public hierarchy and the classes that bundles
 * declare. Each class also lists its
 * registered services and, nested where their first service appeared, the
 * subclasses that have some: walking it costs what it yields.
 *
 * Who makes classes (a provider, by number) is noted: what one that has gone
 * has left behind, and nobody uses, makes room for others when it is needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CFBase.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"

/* Superclasses of a class: ancestries are walked along for every service that is looked at. */
enum { REGISTRY_CLASS_DEPTH_MAX = 128 };

struct registry_class;

/* One element of a class's list: a service, or a subclass (registry_class.as_member). */
struct registry_member {
	struct list link;
	uint64_t is_class : 1;
	uint64_t order : 63; /* of joining */
};

struct registry_class {
	struct list link;	      /* of the table, in the order of declaration */
	struct registry_class *next;  /* same hash */
	struct registry_class *super; /* NULL: a root */
	/* an older class that its services pass for as well; NULL: none */
	struct registry_class *alias, *next_aliased;
	char *name;
	char *bundle;	 /* identifier of the bundle that declared it, "" */
	bool is_hooked;	 /* its owners run an operation matchPropertyTable */
	bool is_guessed; /* nobody declared it: its superclass may still be corrected */
	bool is_left;	 /* whoever made it has gone */
	uint64_t maker;	 /* 0: it is always there */
	size_t n_subclasses;
	size_t n_listed;      /* registered services of it and its subclasses */
	uint32_t n_instances; /* as OSMetaClass counts: own instances and populated subclasses */
	struct list members;
	struct registry_member as_member;
	uint64_t last_order; /* of the members */
};

struct registry_classes {
	struct map by_hash;
	struct list all;
	size_t count, max;
	struct registry_class *aliased; /* those with an alias */
	uint64_t maker;			/* of those that are made from now on */
};

/* With the built-in hierarchy. -ENOMEM (nothing to undo). */
err_t registry_classes_init(struct registry_classes *classes);
void registry_classes_fini(struct registry_classes *classes);

/* NULL when unknown. */
struct registry_class *registry_class_find(const struct registry_classes *classes,
					   const char *name);
/* Declare NAME below SUPER. Declaring it again the same way is harmless. -EINVAL: no name, SUPER unknown,
 * or too long an ancestry; -EEXIST: it has another superclass, as somebody says who is still there or some
 * service has it; -ENOSPC, -ENOMEM. */
err_t registry_class_declare(struct registry_classes *classes, const char *name, const char *super,
			     const char *bundle, struct registry_class **ret_class);
/* Dictionary of name to superclass name, in any order (64 superclasses may come later). Good ones are taken even when others are
 * not; the first problem is returned, and the name of its class (WIRE_NAME_MAX and the NUL) as far as it is one. */
err_t registry_class_declare_all(struct registry_classes *classes, CFTypeRef dictionary,
				 const char *bundle, char *ret_problem);
/* How many of the table MAKER has made, and how many more it would have with all of DICTIONARY. */
size_t registry_classes_count_of(const struct registry_classes *classes, uint64_t maker);
size_t registry_classes_count_new(const struct registry_classes *classes, CFTypeRef dictionary);
/* MAKER has gone. */
void registry_classes_leave(struct registry_classes *classes, uint64_t maker);
/* Those of NAMES (array or NULL) that are known have a matchPropertyTable of their owners'. */
void registry_class_set_hooked(struct registry_classes *classes, CFTypeRef names);
/* Find, or declare below FALLBACK. */
err_t registry_class_need(struct registry_classes *classes, const char *name, const char *fallback,
			  struct registry_class **ret_class);

/* Is CLASS of that name, a subclass, or one that passes for it? */
bool registry_class_conforms(const struct registry_class *class, const char *name);
/* Is CLASS ANCESTOR or a subclass of it, whatever it passes for? */
bool registry_class_derives(const struct registry_class *class,
			    const struct registry_class *ancestor);
/* CFArray of names from the class to its root, then of those that it only passes for; NULL: no memory.
 */
CFTypeRef registry_class_copy_ancestry(const struct registry_class *class);
/* CFDictionary of name to instance count; NULL: no memory. */
CFTypeRef registry_classes_copy_counts(const struct registry_classes *classes);

void registry_class_count_instance(struct registry_class *class);
void registry_class_uncount_instance(struct registry_class *class);
void registry_member_init(struct registry_member *member);
bool registry_member_is_listed(const struct registry_member *member);
/* Harmless when MEMBER is in a list. */
void registry_class_add_member(struct registry_class *class, struct registry_member *member);
/* Harmless when MEMBER is in no list. */
void registry_class_remove_member(struct registry_class *class, struct registry_member *member);
/* Which of two listed services comes first in a walk: negative, zero or positive. */
int registry_member_compare(const struct registry_class *a_class, const struct registry_member *a,
			    const struct registry_class *b_class, const struct registry_member *b);
/* FN sees every service of CLASS and its subclasses, in order, until it returns false. FN may not
 * add or remove members. */
typedef bool (*registry_member_fn)(void *context, struct registry_member *member);
bool registry_class_walk(struct registry_class *class, registry_member_fn fn, void *context);
