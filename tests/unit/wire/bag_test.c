// SPDX-License-Identifier: MIT
#include "wire/bag.h"

#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "sample.h"
#include "test.h"
#include "wire/value.h"

static CFMutableDictionaryRef dictionary_new(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

/* Some N pairs: "0" -> data of SIZE bytes and so on. */
static CFMutableDictionaryRef pairs_new(int n, size_t size)
{
	CFMutableDictionaryRef d = dictionary_new();
	void *zeros = calloc(1, size + 1);

	for (int i = 0; i < n; i++) {
		CFStringRef key = CFStringCreateWithFormat(NULL, NULL, CFSTR("%d"), i);
		CFDataRef data = CFDataCreate(NULL, zeros, (CFIndex)size);

		CFDictionarySetValue(d, key, data);
		CFRelease(key);
		CFRelease(data);
	}
	free(zeros);
	return d;
}

static void check_is(const struct wire_bag *bag, CFDictionaryRef expected)
{
	CFDictionaryRef all = wire_bag_copy_all(bag);

	test_true(CFEqual(all, expected));
	CFRelease(all);
}

static void add(const void *key, const void *value, void *dictionary)
{
	CFDictionarySetValue(dictionary, key, value);
}

static void check_value(const struct wire_bag *bag, CFStringRef key, CFTypeRef expected)
{
	CFTypeRef value = wire_bag_copy(bag, key);

	test_equal(value != NULL, expected != NULL);
	test_equal(wire_bag_has(bag, key), expected != NULL);
	if (value) {
		test_true(CFEqual(value, expected));
		CFRelease(value);
	}
}

TEST(an_empty_bag)
{
	struct wire_bag bag = { 0 };
	CFDictionaryRef none = dictionary_new();
	struct wire_bytes packed;

	check_is(&bag, none);
	check_value(&bag, CFSTR("a"), NULL);
	test_true(wire_bag_packed(&bag, &packed));
	test_equal(packed.size, 4);
	test_equal_error(wire_bag_update(&bag, NULL, NULL), 0);
	test_equal_error(wire_bag_set(&bag, CFSTR("a"), NULL), 0);
	check_is(&bag, none);
	wire_bag_fini(&bag);
	CFRelease(none);
}

/* The same story whether the bag is packed or a dictionary. */
static void tell(size_t size, bool stays_packed)
{
	struct wire_bag bag = { 0 };
	CFMutableDictionaryRef expected = pairs_new(5, size), more = dictionary_new();
	CFStringRef removed[] = { CFSTR("1"), CFSTR("no such key") };
	CFArrayRef remove = CFArrayCreate(NULL, (const void **)removed, 2, &kCFTypeArrayCallBacks);
	struct wire_bytes packed;

	test_equal_error(wire_bag_set_all(&bag, expected), 0);
	check_is(&bag, expected);
	test_equal(wire_bag_packed(&bag, &packed), stays_packed);
	CFDictionarySetValue(more, CFSTR("0"), CFSTR("changed"));
	CFDictionarySetValue(more, CFSTR("new"), kCFBooleanFalse);
	test_equal_error(wire_bag_update(&bag, more, remove), 0);
	CFDictionarySetValue(expected, CFSTR("0"), CFSTR("changed"));
	CFDictionarySetValue(expected, CFSTR("new"), kCFBooleanFalse);
	CFDictionaryRemoveValue(expected, CFSTR("1"));
	check_is(&bag, expected);
	test_equal_error(wire_bag_set(&bag, CFSTR("2"), NULL), 0);
	test_equal_error(wire_bag_set(&bag, CFSTR("3"), CFSTR("three")), 0);
	CFDictionaryRemoveValue(expected, CFSTR("2"));
	CFDictionarySetValue(expected, CFSTR("3"), CFSTR("three"));
	check_is(&bag, expected);
	check_value(&bag, CFSTR("0"), CFSTR("changed"));
	check_value(&bag, CFSTR("1"), NULL);
	check_value(&bag, CFSTR("new"), kCFBooleanFalse);
	/* what the bag gives away is a copy */
	CFMutableDictionaryRef copy = wire_bag_copy_all(&bag);
	CFDictionaryRemoveAllValues(copy);
	check_is(&bag, expected);
	CFRelease(copy);
	wire_bag_fini(&bag);
	CFRelease(expected);
	CFRelease(more);
	CFRelease(remove);
}

TEST(a_packed_bag)
{
	tell(100, true);
}

TEST(a_large_bag_is_a_dictionary)
{
	tell(WIRE_BAG_PACKED_MAX, false);
}

TEST(a_bag_may_grow_out_of_its_form)
{
	struct wire_bag bag = { 0 };
	struct wire_bytes packed;
	CFMutableDictionaryRef large = pairs_new(1, WIRE_BAG_PACKED_MAX);

	test_equal_error(wire_bag_set(&bag, CFSTR("a"), CFSTR("b")), 0);
	test_true(wire_bag_packed(&bag, &packed));
	test_equal_error(wire_bag_update(&bag, large, NULL), 0);
	test_true(!wire_bag_packed(&bag, &packed));
	check_value(&bag, CFSTR("a"), CFSTR("b"));
	wire_bag_fini(&bag);
	CFRelease(large);
}

/* Adding up and taking off again gives what counting anew does. */
TEST(what_a_bag_takes)
{
	struct wire_bag bag = { NULL, 0, NULL };
	CFMutableDictionaryRef pairs = pairs_new(3, 10);

	test_equal(wire_bag_cost(&bag), 0);
	test_equal_error(wire_bag_set_all(&bag, pairs), 0);
	struct wire_bytes packed;
	test_true(wire_bag_packed(&bag, &packed));
	test_equal(wire_bag_cost(&bag), packed.size);
	CFRelease(pairs);
	for (int round = 0; round < 3; round++) {
		pairs = pairs_new(20 + round, (size_t)(1000 + 100 * round));
		test_equal_error(wire_bag_update(&bag, pairs, NULL), 0);
		test_true(!wire_bag_packed(&bag, &packed));
		test_equal(wire_bag_cost(&bag), wire_bag_cost_of(bag.loose));
		test_true(wire_bag_cost(&bag) > 20 * 1000);
		CFRelease(pairs);
	}
	test_equal_error(wire_bag_set(&bag, CFSTR("0"), CFSTR("short")), 0);
	test_equal(wire_bag_cost(&bag), wire_bag_cost_of(bag.loose));
	test_equal_error(wire_bag_set(&bag, CFSTR("none"), NULL), 0);
	for (int i = 0; i < 22; i++) {
		CFStringRef key = CFStringCreateWithFormat(NULL, NULL, CFSTR("%d"), i);

		test_equal_error(wire_bag_set(&bag, key, NULL), 0);
		CFRelease(key);
		test_equal(wire_bag_cost(&bag), wire_bag_cost_of(bag.loose));
	}
	test_equal(CFDictionaryGetCount(bag.loose), 0);
	wire_bag_fini(&bag);
	test_equal(wire_bag_cost(&bag), 0);
}

TEST(bytes_are_taken_as_they_came)
{
	struct wire_bag bag = { 0 };
	struct bytes out = BYTES_INIT;
	struct wire_bytes packed;

	for (size_t size = 10; size < 2 * WIRE_BAG_PACKED_MAX; size += WIRE_BAG_PACKED_MAX) {
		CFMutableDictionaryRef d = pairs_new(1, size);

		bytes_clear(&out);
		test_equal_error(wire_value_encode(d, &out), 0);
		test_equal_error(
			wire_bag_set_packed(&bag, (struct wire_bytes){ out.data, out.size }), 0);
		check_is(&bag, d);
		if (wire_bag_packed(&bag, &packed))
			test_true(packed.size == out.size &&
				  !memcmp(packed.data, out.data, out.size));
		CFRelease(d);
	}
	test_equal_error(wire_bag_set_packed(&bag, (struct wire_bytes){ NULL, 0 }), 0);
	check_value(&bag, CFSTR("0"), NULL);
	wire_bag_fini(&bag);
	bytes_fini(&out);
}

TEST(keys_of_every_kind)
{
	struct wire_bag bag = { 0 };
	UniChar nul[] = { 'a', 0, 'b' };
	CFStringRef with_nul = CFStringCreateWithCharacters(NULL, nul, 3);
	CFMutableStringRef lengthy = CFStringCreateMutable(NULL, 0);

	for (int i = 0; i < 200; i++)
		CFStringAppend(lengthy, CFSTR("\xc3\xa4"));
	test_equal_error(wire_bag_set(&bag, CFSTR("a"), CFSTR("plain")), 0);
	check_value(&bag, with_nul, NULL);
	test_equal_error(wire_bag_set(&bag, with_nul, CFSTR("nul")), 0);
	test_equal_error(wire_bag_set(&bag, lengthy, CFSTR("long")), 0);
	test_equal_error(wire_bag_set(&bag, CFSTR("\xc3\xa4"), CFSTR("wide")), 0);
	check_value(&bag, CFSTR("a"), CFSTR("plain"));
	check_value(&bag, with_nul, CFSTR("nul"));
	check_value(&bag, lengthy, CFSTR("long"));
	check_value(&bag, CFSTR("\xc3\xa4"), CFSTR("wide"));
	CFRelease(with_nul);
	CFRelease(lengthy);
	wire_bag_fini(&bag);
}

TEST(dictionaries_inside)
{
	for (size_t size = 10; size < 2 * WIRE_BAG_PACKED_MAX; size += WIRE_BAG_PACKED_MAX) {
		struct wire_bag bag = { 0 };
		CFMutableDictionaryRef inner = dictionary_new(), outer = pairs_new(1, size);

		CFDictionarySetValue(inner, CFSTR("key"), CFSTR("value"));
		CFDictionarySetValue(outer, CFSTR("inner"), inner);
		test_equal_error(wire_bag_set_all(&bag, outer), 0);
		CFTypeRef value = wire_bag_copy_inner(&bag, CFSTR("inner"), CFSTR("key"));
		test_true(CFEqual(value, CFSTR("value")));
		CFRelease(value);
		test_true(!wire_bag_copy_inner(&bag, CFSTR("inner"), CFSTR("other")));
		test_true(!wire_bag_copy_inner(&bag, CFSTR("0"), CFSTR("key")));
		test_true(!wire_bag_copy_inner(&bag, CFSTR("none"), CFSTR("key")));
		wire_bag_fini(&bag);
		CFRelease(inner);
		CFRelease(outer);
	}
}

TEST(a_bag_of_some_size_is_packed_all_the_same)
{
	tell(1000, true);
}

/* What lies inside counts; what lies too deep, or is too much to count, does not end the counting. */
TEST(what_is_inside_costs_as_well)
{
	const void *two[] = { CFSTR("ab"), CFSTR("cd") };
	CFArrayRef array = CFArrayCreate(NULL, two, 2, &kCFTypeArrayCallBacks);
	CFSetRef set = CFSetCreate(NULL, two, 2, &kCFTypeSetCallBacks);
	CFMutableArrayRef self = CFArrayCreateMutable(NULL, 0, NULL);

	uint64_t one = wire_bag_cost_of(CFSTR("ab"));
	test_equal(wire_bag_cost_of(array), wire_bag_cost_of(set));
	test_true(wire_bag_cost_of(array) > 2 * one);
	test_true(wire_bag_cost_of(NULL) > 0);
	CFArrayAppendValue(self, self);
	test_true(wire_bag_cost_of(self) > 0);
	CFRelease(array);
	CFRelease(set);
	CFRelease(self);
}

TEST(a_cost_beyond_counting_is_the_largest)
{
	struct wire_bag bag = { 0 };
	void *zeros = calloc(1, WIRE_VALUE_MAX);
	CFDataRef data = CFDataCreate(NULL, zeros, WIRE_VALUE_MAX);
	CFMutableArrayRef many = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (uint64_t sum = 0; sum < 2ull * UINT32_MAX; sum += WIRE_VALUE_MAX)
		CFArrayAppendValue(many, data);
	test_equal_error(wire_bag_set(&bag, CFSTR("many"), many), 0);
	test_equal(wire_bag_cost(&bag), UINT32_MAX);
	test_equal_error(wire_bag_set(&bag, CFSTR("many"), NULL), 0);
	test_equal(wire_bag_cost(&bag), 0);
	wire_bag_fini(&bag);
	CFRelease(many);
	CFRelease(data);
	free(zeros);
}

TEST(keys_that_are_no_strings_are_left_out_of_either_form)
{
	CFMutableDictionaryRef more = dictionary_new();

	CFDictionarySetValue(more, kCFBooleanTrue, CFSTR("no"));
	CFDictionarySetValue(more, CFSTR("key"), CFSTR("yes"));
	for (size_t size = 10; size < 2 * WIRE_BAG_PACKED_MAX; size += WIRE_BAG_PACKED_MAX) {
		struct wire_bag bag = { 0 };
		CFMutableDictionaryRef all = pairs_new(1, size);

		test_equal_error(wire_bag_set_all(&bag, all), 0);
		test_equal_error(wire_bag_update(&bag, more, NULL), 0);
		test_equal_error(wire_bag_update(&bag, NULL, NULL), 0);
		CFDictionarySetValue(all, CFSTR("key"), CFSTR("yes"));
		check_is(&bag, all);
		CFDictionarySetValue(all, kCFBooleanTrue, CFSTR("no"));
		test_equal_error(wire_bag_set_all(&bag, all), 0);
		CFDictionaryRemoveValue(all, kCFBooleanTrue);
		check_is(&bag, all);
		wire_bag_fini(&bag);
		CFRelease(all);
	}
	CFRelease(more);
}

TEST(a_value_is_found_where_it_lies_in_a_packed_bag_only)
{
	struct wire_bag bag = { 0 };
	struct wire_bytes value;

	test_equal_error(wire_bag_set(&bag, CFSTR("key"), kCFBooleanTrue), 0);
	test_true(wire_bag_find(&bag, "key", 3, &value));
	test_equal(value.size, 4);
	test_true(!wire_bag_find(&bag, "kez", 3, &value));
	CFMutableDictionaryRef large = pairs_new(1, WIRE_BAG_PACKED_MAX);
	test_equal_error(wire_bag_update(&bag, large, NULL), 0);
	test_true(!wire_bag_find(&bag, "key", 3, &value));
	wire_bag_fini(&bag);
	CFRelease(large);
}

TEST(an_empty_dictionary_and_none_are_the_same)
{
	struct wire_bag bag = { 0 };
	CFDictionaryRef none = dictionary_new();

	test_equal_error(wire_bag_set_all(&bag, NULL), 0);
	check_is(&bag, none);
	test_equal_error(wire_bag_set_all(&bag, none), 0);
	check_is(&bag, none);
	wire_bag_fini(&bag);
	CFRelease(none);
}

/* --- without memory --------------------------------------------------------------- */

/* Bytes of the values before and after: of each form, and from each to the other. */
static const size_t forms[][2] = { { 10, 20 },
				   { 10, 2000 },
				   { 10, WIRE_BAG_PACKED_MAX },
				   { WIRE_BAG_PACKED_MAX, 10 },
				   { WIRE_BAG_PACKED_MAX, WIRE_BAG_PACKED_MAX } };

/* Done or as it was, and told which. */
static void change(int which, CFMutableDictionaryRef before, CFMutableDictionaryRef more)
{
	CFMutableDictionaryRef after = CFDictionaryCreateMutableCopy(NULL, 0, before);
	struct bytes out = BYTES_INIT;

	test_equal_error(wire_value_encode(more, &out), 0);
	if (which == 0)
		CFDictionarySetValue(after, CFSTR("key"), CFSTR("value"));
	else
		CFDictionaryApplyFunction(more, add, after);
	test_each_shortage(s)
	{
		struct wire_bag bag = { 0 };

		test_equal_error(wire_bag_set_all(&bag, before), 0);
		test_shortage_begin(&s);
		err_t err = which == 0 ? wire_bag_set(&bag, CFSTR("key"), CFSTR("value"))
			  : which == 1 ? wire_bag_update(&bag, more, NULL)
			  : which == 2 ? wire_bag_set_all(&bag, more)
				       : wire_bag_set_packed(
						 &bag, (struct wire_bytes){ out.data, out.size });
		bool failed = test_shortage_end(&s);
		test_true(err == 0 || (failed && err == -ENOMEM));
		check_is(&bag, err ? before : which < 2 ? after : more);
		wire_bag_fini(&bag);
	}
	CFRelease(after);
	bytes_fini(&out);
}

TEST(a_change_without_memory_leaves_a_bag_as_it_was)
{
	/* Some numbers of pairs: dictionaries grow at a few of them only. */
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		for (int n = 3; n < 9; n++) {
			CFMutableDictionaryRef before = pairs_new(n, forms[i][0]),
					       more = pairs_new(12, forms[i][1]);

			for (int which = 0; which < 4; which++)
				change(which, before, more);
			CFRelease(before);
			CFRelease(more);
		}
}

TEST(a_value_without_memory_is_none)
{
	struct wire_bag bag = { 0 };
	CFMutableStringRef lengthy = CFStringCreateMutable(NULL, 0);

	for (int i = 0; i < 200; i++)
		CFStringAppend(lengthy, CFSTR("\xc3\xa4"));
	test_equal_error(wire_bag_set(&bag, lengthy, CFSTR("long")), 0);
	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		CFTypeRef value = wire_bag_copy(&bag, lengthy);
		test_equal(value == NULL, test_shortage_end(&s));
		if (value)
			CFRelease(value);
	}
	wire_bag_fini(&bag);
	CFRelease(lengthy);
}

TEST_MAIN
