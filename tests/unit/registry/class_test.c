// SPDX-License-Identifier: MIT
#include "registry/class.h"

#include <stdio.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/loop.h"
#include "registry/text.h"
#include "test.h"
#include "wire/protocol.h"

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

static char problem[WIRE_NAME_MAX + 1];

TEST(declared_in_any_order)
{
	struct registry_classes c;
	CFMutableDictionaryRef d = registry_dictionary_new();

	test_equal_error(registry_classes_init(&c), 0);
	CFDictionarySetValue(d, CFSTR("C"), CFSTR("B"));
	CFDictionarySetValue(d, CFSTR("A"), CFSTR("IOService"));
	CFDictionarySetValue(d, CFSTR("B"), CFSTR("A"));
	test_equal_error(registry_class_declare_all(&c, d, "x.y", problem), 0);
	test_true(registry_class_conforms(registry_class_find(&c, "C"), "A"));
	test_equal_text(registry_class_find(&c, "C")->bundle, "x.y");
	test_equal_error(registry_class_declare_all(&c, d, "again", problem), 0);
	CFDictionarySetValue(d, CFSTR("D"), CFSTR("Unknown"));
	CFDictionarySetValue(d, CFSTR("E"), CFSTR("C"));
	test_equal_error(registry_class_declare_all(&c, d, "", problem), -EINVAL);
	test_equal_text(problem, "D");
	test_true(registry_class_find(&c, "E") != NULL);
	test_true(registry_class_find(&c, "D") == NULL);
	CFDictionaryRemoveValue(d, CFSTR("D"));
	CFDictionarySetValue(d, CFSTR("B"), CFSTR("IOService"));
	test_equal_error(registry_class_declare_all(&c, d, "", problem), -EEXIST);
	test_equal_text(problem, "B");
	test_true(registry_class_conforms(registry_class_find(&c, "B"), "A"));
	test_equal_error(registry_class_declare(&c, "A", "IOUserClient", "", NULL), -EEXIST);
	CFRelease(d);
	registry_classes_fini(&c);
}

static CFDictionaryRef chain_new(int n)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	char name[16], super[16];

	/* Each before what it derives from. */
	for (int i = n; i--;) {
		snprintf(name, sizeof(name), "Link%d", i);
		snprintf(super, sizeof(super), "Link%d", i - 1);
		CFStringRef key = registry_text_new(name);
		registry_set_text(d, key, i ? super : "IOService");
		CFRelease(key);
	}
	registry_set_text(d, CFSTR("Never"), "Unknown");
	return d;
}

/* Whoever knows how dictionaries are walked could have all of them looked at for each of them. */
TEST(a_long_chain_is_declared_in_one_go)
{
	struct registry_classes c;
	CFDictionaryRef d = chain_new(3000);
	uint64_t start = loop_now_ns();

	test_equal_error(registry_classes_init(&c), 0);
	test_equal_error(registry_class_declare_all(&c, d, "x.y", problem), -EINVAL);
	test_true(test_is_slow() || loop_now_ns() - start < 500000000);
	test_true(registry_class_find(&c, "Link0") != NULL);
	CFRelease(d);
	registry_classes_fini(&c);
}

/* Names that nobody uses or stands for any more make room. */
TEST(what_a_maker_leaves_behind_makes_room)
{
	struct registry_classes c;
	struct registry_class *used, *base, *x;

	test_equal_error(registry_classes_init(&c), 0);
	c.max = c.count + 4;
	c.maker = 1;
	test_equal_error(registry_class_need(&c, "Base", "IOService", &base), 0);
	test_equal_error(registry_class_need(&c, "Used", "Base", &used), 0);
	registry_class_count_instance(used);
	test_equal_error(registry_class_need(&c, "Taken", "IOService", &x), 0);
	test_equal_error(registry_class_need(&c, "Unused", "IOService", &x), 0);
	test_equal(registry_classes_count_of(&c, 1), 4);
	test_equal_error(registry_class_need(&c, "More", "IOService", &x), -ENOSPC);
	registry_classes_leave(&c, 1);
	test_equal(registry_classes_count_of(&c, 1), 0);
	c.maker = 2;
	test_equal_error(registry_class_need(&c, "Taken", "IOService", &x), 0);
	test_equal(registry_classes_count_of(&c, 2), 1);
	test_equal_error(registry_class_need(&c, "More", "IOService", &x), 0);
	test_true(!registry_class_find(&c, "Unused"));
	test_true(registry_class_find(&c, "Base") == base);
	test_true(registry_class_find(&c, "Used") == used);
	test_equal_error(registry_class_need(&c, "Another", "IOService", &x), -ENOSPC);
	registry_class_uncount_instance(used);
	test_equal_error(registry_class_need(&c, "Another", "IOService", &x), 0);
	test_true(!registry_class_find(&c, "Base"));
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

/* Whoever says first what a class is has his way while he is there. */
TEST(what_a_maker_leaves_behind_is_what_others_say)
{
	struct registry_classes c;

	test_equal_error(registry_classes_init(&c), 0);
	c.maker = 7;
	test_equal_error(registry_class_declare(&c, "Mine", "IOUserClient", "a.b", NULL), 0);
	c.maker = 8;
	test_equal_error(registry_class_declare(&c, "Mine", "IOService", "c.d", NULL), -EEXIST);
	registry_classes_leave(&c, 7);
	test_equal_error(registry_class_declare(&c, "Mine", "IOService", "c.d", NULL), 0);
	test_true(!registry_class_conforms(registry_class_find(&c, "Mine"), "IOUserClient"));
	test_equal_text(registry_class_find(&c, "Mine")->bundle, "c.d");
	registry_classes_fini(&c);
}

TEST(an_ancestry_has_an_end)
{
	struct registry_classes c;
	char name[16], super[16] = "IOService";
	int n = 0;

	test_equal_error(registry_classes_init(&c), 0);
	do {
		snprintf(name, sizeof(name), "Link%d", n);
		err_t err = registry_class_declare(&c, name, super, "", NULL);

		if (err)
			test_equal_error(err, -EINVAL);
		if (err)
			break;
		strcpy(super, name);
	} while (++n < 4096);
	test_true(n > 64 && n < 128);
	/* Nor does it get longer from above. */
	test_equal_error(
		registry_class_need(&c, "Guess", "IOService", &(struct registry_class *){ 0 }), 0);
	test_equal_error(registry_class_declare(&c, "Below", "Guess", "", NULL), 0);
	test_equal_error(registry_class_declare(&c, "Guess", super, "", NULL), -EINVAL);
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
