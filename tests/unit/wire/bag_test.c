// SPDX-License-Identifier: MIT
#include "wire/bag.h"

#include <stdlib.h>
#include <string.h>

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

TEST_MAIN
