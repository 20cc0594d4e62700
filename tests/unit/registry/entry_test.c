// SPDX-License-Identifier: MIT
#include "registry/entry.h"

#include "registry/text.h"
#include "test.h"

static struct registry_entry *make(struct registry_tree *t, uint64_t id, CFDictionaryRef properties)
{
	struct registry_entry *e;

	test_equal_error(registry_entry_new(t, id, registry_class_find(&t->classes, "IOService"),
					    properties, &e),
			 0);
	return e;
}

TEST(spec_e01_e02_ids_grow_and_are_not_reused)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	test_equal(t.root->id, 0x100000100);
	test_equal(t.machine->id, 0x100000101);
	test_equal(t.resources->id, 0x100000102);
	struct registry_entry *a = make(&t, 0, NULL);
	uint64_t id = a->id;
	test_true(id > t.resources->id);
	registry_entry_unref(a);
	test_true(registry_entry_find(&t, id) == NULL);
	struct registry_entry *b = make(&t, 0, NULL);
	test_true(b->id > id);
	registry_entry_unref(b);
	registry_tree_fini(&t);
}

TEST(generations_have_ranges_of_their_own)
{
	struct registry_tree t;
	struct registry_entry *e;
	struct registry_class *class;

	test_equal_error(registry_tree_init(&t, 3, "box"), 0);
	test_equal(t.root->id, 0x100000100);
	test_equal(t.resources->id, 0x100000102);
	class = registry_class_find(&t.classes, "IOService");
	struct registry_entry *a = make(&t, 0, NULL);
	test_equal(a->id, 0x100000103 + (3ull << 40));
	/* re-published from the first generation, and from this one */
	struct registry_entry *b = make(&t, 0x100000150, NULL), *c = make(&t, a->id + 1, NULL);
	test_equal(b->id, 0x100000150);
	struct registry_entry *d = make(&t, 0, NULL);
	test_equal(d->id, a->id + 2);
	test_equal_error(registry_entry_new(&t, b->id, class, NULL, &e), -EEXIST);
	test_equal_error(registry_entry_new(&t, 5, class, NULL, &e), -EINVAL);
	test_equal_error(registry_entry_new(&t, ~0ull, class, NULL, &e), -EINVAL);
	test_equal_error(registry_entry_new(&t, d->id + (1ull << 38), class, NULL, &e), -EINVAL);
	struct registry_entry *all[] = { a, b, c, d };
	for (int i = 0; i < 4; i++)
		registry_entry_unref(all[i]);
	registry_tree_fini(&t);
}

TEST(ids_that_are_skipped_are_nobodys)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	registry_tree_skip_ids(&t, 1ull << 34);
	struct registry_entry *a = make(&t, 0, NULL), *b = make(&t, a->id + 1, NULL);
	test_equal(a->id, 0x100000103 + (1ull << 34));
	test_equal(b->id, a->id + 1);
	registry_entry_unref(a);
	registry_entry_unref(b);
	registry_tree_fini(&t);
}

/* Whoever republishes what was never there, again and again, does not reach the next generation's IDs. */
TEST(a_range_does_not_come_to_its_end)
{
	struct registry_tree t;
	struct registry_entry *e;
	struct registry_class *class;
	int n = 0;

	test_equal_error(registry_tree_init(&t, 3, "box"), 0);
	class = registry_class_find(&t.classes, "IOService");
	for (; n < 300; n++) {
		if (registry_entry_new(&t, t.next_id + UINT32_MAX, class, NULL, &e))
			break;
		registry_entry_unref(e);
	}
	test_true(n < 20);
	e = make(&t, 0, NULL);
	test_true(e->id < (3ull << 40) + (1ull << 37));
	registry_entry_unref(e);
	registry_tree_fini(&t);
}

TEST(spec_e16_name_falls_back_to_the_class)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = make(&t, 0, NULL);
	test_equal_text(registry_entry_name(e, NULL), "IOService");
	test_equal_text(registry_entry_name(t.root, NULL), "Root");
	test_equal_text(registry_entry_name(t.machine, NULL), "box");
	test_equal_text(registry_entry_location(e, NULL), "");
	registry_entry_unref(e);
	CFMutableDictionaryRef d = registry_dictionary_new();
	CFDictionarySetValue(d, CFSTR("IOName"), CFSTR("seeded"));
	CFDictionarySetValue(d, CFSTR("IOLocation"), CFSTR("7"));
	e = make(&t, 0, d);
	test_equal_text(registry_entry_name(e, NULL), "seeded");
	test_equal_text(registry_entry_location(e, NULL), "7");
	registry_entry_unref(e);
	CFRelease(d);
	registry_tree_fini(&t);
}

TEST(properties_change_and_fall_back)
{
	struct registry_tree t;
	const void *keys[] = { CFSTR("a") };

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = make(&t, 0, NULL);
	CFMutableDictionaryRef own = registry_dictionary_new();
	CFDictionarySetValue(own, CFSTR("deep"), kCFBooleanTrue);
	registry_entry_set(e, CFSTR("IOUserServiceProperties"), own);
	CFRelease(own);
	registry_entry_set(e, CFSTR("a"), CFSTR("1"));
	test_true(registry_entry_get(e, CFSTR("deep")) == kCFBooleanTrue);
	CFArrayRef remove = CFArrayCreate(NULL, keys, 1, &kCFTypeArrayCallBacks);
	test_equal_error(registry_entry_set_live(e, remove), 0);
	test_true(registry_entry_is_live(e, CFSTR("a")));
	registry_entry_update(e, NULL, remove);
	test_true(registry_entry_get(e, CFSTR("a")) == NULL);
	test_true(!registry_entry_is_live(e, CFSTR("a")));
	CFRelease(remove);
	registry_entry_unref(e);
	registry_tree_fini(&t);
}

TEST(a_freed_parent_leaves_its_children)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *parent = make(&t, 0, NULL), *child = make(&t, 0, NULL);
	uint64_t before = t.own_generation;
	test_equal_error(registry_plane_attach(child, parent, t.planes.service), 0);
	test_true(t.own_generation > before);
	registry_entry_unref(parent);
	test_true(registry_plane_first_parent(child, t.planes.service) == NULL);
	test_equal(child->refs, 1);
	registry_entry_unref(child);
	registry_tree_fini(&t);
}

static uint64_t change(struct registry_entry *e, CFTypeRef value)
{
	uint64_t before = *e->tree->names;

	registry_entry_set(e, CFSTR("IOClassNameOverride"), value);
	return *e->tree->names - before;
}

TEST(names_change_when_another_class_is_passed_for)
{
	struct registry_entry *e;
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_class *class = registry_class_find(&t.classes, "IOService");
	test_equal_error(registry_entry_new(&t, 0, class, NULL, &e), 0);
	uint64_t before = *t.names;
	registry_entry_set(e, CFSTR("k"), CFSTR("v"));
	test_equal(*t.names, before);
	test_equal(change(e, CFSTR("Other")), 1);
	test_equal(change(e, CFSTR("Another")), 0); /* who asks is told each time */
	test_equal(change(e, NULL), 1);
	registry_entry_unref(e);
	registry_tree_fini(&t);
}

TEST_MAIN
