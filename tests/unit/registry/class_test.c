// SPDX-License-Identifier: MIT
#include "registry/class.h"

#include <CoreFoundation/CoreFoundation.h>

#include "registry/text.h"
#include "test.h"

TEST(apple_hierarchy_is_known)
{
	struct registry_classes c;

	test_equal_error(registry_classes_init(&c), 0);
	struct registry_class *media = registry_class_find(&c, "IOCDMedia");
	test_true(registry_class_conforms(media, "IOStorage"));
	test_true(registry_class_conforms(media, "IOService"));
	test_true(registry_class_conforms(media, "OSObject"));
	test_true(!registry_class_conforms(media, "IOUserClient"));
	test_true(registry_class_find(&c, "NoSuchClass") == NULL);
	test_true(registry_class_conforms(registry_class_find(&c, "IOUserUserClient"),
					  "IOUserClient"));
	registry_classes_fini(&c);
}

TEST(declared_in_any_order)
{
	struct registry_classes c;
	CFMutableDictionaryRef d = registry_dictionary_new();

	test_equal_error(registry_classes_init(&c), 0);
	CFDictionarySetValue(d, CFSTR("C"), CFSTR("B"));
	CFDictionarySetValue(d, CFSTR("A"), CFSTR("IOService"));
	CFDictionarySetValue(d, CFSTR("B"), CFSTR("A"));
	test_equal_error(registry_class_declare_all(&c, d, "x.y"), 0);
	test_true(registry_class_conforms(registry_class_find(&c, "C"), "A"));
	test_equal_text(registry_class_find(&c, "C")->bundle, "x.y");
	test_equal_error(registry_class_declare_all(&c, d, "again"), 0);
	CFDictionarySetValue(d, CFSTR("D"), CFSTR("Unknown"));
	CFDictionarySetValue(d, CFSTR("E"), CFSTR("C"));
	test_equal_error(registry_class_declare_all(&c, d, ""), -EINVAL);
	test_true(registry_class_find(&c, "E") != NULL);
	test_true(registry_class_find(&c, "D") == NULL);
	test_equal_error(registry_class_declare(&c, "A", "IOUserClient", "", NULL), -EEXIST);
	CFRelease(d);
	registry_classes_fini(&c);
}

TEST(guessed_superclass_is_corrected_until_used)
{
	struct registry_classes c;
	struct registry_class *x;

	test_equal_error(registry_classes_init(&c), 0);
	test_equal_error(registry_class_need(&c, "X", "IOService", &x), 0);
	test_equal_error(registry_class_declare(&c, "X", "IOMedia", "", NULL), 0);
	test_true(registry_class_conforms(x, "IOStorage"));
	test_equal_error(registry_class_declare(&c, "X", "IOService", "", NULL), -EEXIST);
	registry_classes_fini(&c);
}

TEST(instances_count_like_osmetaclass)
{
	struct registry_classes c;

	test_equal_error(registry_classes_init(&c), 0);
	struct registry_class *media = registry_class_find(&c, "IOMedia");
	struct registry_class *storage = media->super;
	registry_class_count_instance(media);
	registry_class_count_instance(media);
	test_equal(media->n_instances, 2);
	test_equal(storage->n_instances, 1);
	registry_class_uncount_instance(media);
	test_equal(storage->n_instances, 1);
	registry_class_uncount_instance(media);
	test_equal(storage->n_instances, 0);
	test_equal(registry_class_find(&c, "OSObject")->n_instances, 0);
	registry_classes_fini(&c);
}

struct seen {
	struct registry_member *members[8];
	int n;
};

static bool note(void *context, struct registry_member *m)
{
	struct seen *s = context;

	s->members[s->n++] = m;
	return true;
}

/* Spec 6.7: registration order inside a class, subclasses where their first instance appeared. */
TEST(walk_nests_subclasses_where_they_appeared)
{
	struct registry_classes c;
	struct registry_member m[5];
	struct seen s = { .n = 0 };

	test_equal_error(registry_classes_init(&c), 0);
	struct registry_class *storage = registry_class_find(&c, "IOStorage");
	struct registry_class *media = registry_class_find(&c, "IOMedia");
	struct registry_class *order[] = { storage, media, storage, media, storage };
	for (int i = 0; i < 5; i++) {
		registry_member_init(&m[i]);
		registry_class_add_member(order[i], &m[i]);
	}
	registry_class_walk(storage, note, &s);
	int expected[] = { 0, 1, 3, 2, 4 };
	test_equal(s.n, 5);
	for (int i = 0; i < 5; i++)
		test_true(s.members[i] == &m[expected[i]]);
	test_true(registry_member_compare(media, &m[3], storage, &m[2]) < 0);
	test_true(registry_member_compare(storage, &m[4], media, &m[1]) > 0);
	registry_class_remove_member(media, &m[1]);
	registry_class_remove_member(media, &m[3]);
	s.n = 0;
	registry_class_walk(registry_class_find(&c, "IOService"), note, &s);
	test_equal(s.n, 3);
	registry_classes_fini(&c);
}

TEST_MAIN
