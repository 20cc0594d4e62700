// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>

#define N(i) ((const void *)(uintptr_t)(i))

static CFMutableDictionaryRef make_dictionary(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

TEST(values_are_retained_once_and_released_on_removal)
{
	CFMutableDictionaryRef d = make_dictionary();
	CFStringRef key = make("a key"), value = make("a value");

	CFDictionarySetValue(d, key, value);
	test_equal(CFGetRetainCount(key), 2);
	test_equal(CFGetRetainCount(value), 2);
	CFDictionarySetValue(d, key, value);
	test_equal(CFGetRetainCount(key), 2);
	test_equal(CFGetRetainCount(value), 2);
	CFDictionaryAddValue(d, key, CFSTR("ignored"));
	test_true(CFDictionaryGetValue(d, key) == value);
	CFDictionaryReplaceValue(d, CFSTR("absent"), value);
	test_equal(CFDictionaryGetCount(d), 1);
	CFDictionaryRemoveValue(d, key);
	test_equal(CFGetRetainCount(key), 1);
	test_equal(CFGetRetainCount(value), 1);
	CFRelease(d);
	CFRelease(key);
	CFRelease(value);
}

/* Against an array indexed by key, through growth, removal and clearing. */
static void compare_with_model(unsigned keys, int rounds)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(NULL, 0, NULL, NULL);
	uintptr_t *model = calloc(keys, sizeof(*model));
	uint32_t seed = keys;
	CFIndex count = 0;

	for (int i = 0; i < rounds; i++) {
		uint32_t k = random_number(&seed) % keys;
		uintptr_t v = random_number(&seed) + 1;

		switch (random_number(&seed) % 4) {
		case 0:
			CFDictionaryRemoveValue(d, N(k));
			count -= model[k] != 0;
			model[k] = 0;
			break;
		case 1:
			CFDictionaryAddValue(d, N(k), N(v));
			count += model[k] == 0;
			model[k] = model[k] ? model[k] : v;
			break;
		default:
			CFDictionarySetValue(d, N(k), N(v));
			count += model[k] == 0;
			model[k] = v;
		}
		test_equal(CFDictionaryGetCount(d), count);
		k = random_number(&seed) % keys;
		test_equal((uintptr_t)CFDictionaryGetValue(d, N(k)), model[k]);
	}
	for (unsigned k = 0; k < keys; k++)
		test_equal((uintptr_t)CFDictionaryGetValue(d, N(k)), model[k]);
	CFDictionaryRemoveAllValues(d);
	test_equal(CFDictionaryGetCount(d), 0);
	CFRelease(d);
	free(model);
}

TEST(small_and_large_tables_follow_a_model)
{
	compare_with_model(3, 2000);
	compare_with_model(9, 3000);
	compare_with_model(20, 5000);
	compare_with_model(400, 20000);
	compare_with_model(100000, test_is_slow() ? 100000 : 400000);
}

TEST(order_is_that_of_insertion)
{
	CFMutableDictionaryRef d = make_dictionary();
	const void *keys[30], *values[30];

	for (long i = 0; i < 30; i++) {
		CFStringRef k = CFStringCreateWithFormat(NULL, NULL, CFSTR("key %ld"), 29 - i);
		CFNumberRef n = CFNumberCreate(NULL, kCFNumberLongType, &i);

		CFDictionarySetValue(d, k, n);
		CFRelease(k);
		CFRelease(n);
	}
	CFDictionaryGetKeysAndValues(d, keys, values);
	for (long i = 0; i < 30; i++) {
		long v = -1;

		CFNumberGetValue(values[i], kCFNumberLongType, &v);
		test_equal(v, i);
		test_true(CFDictionaryGetValue(d, keys[i]) == values[i]);
	}
	CFRelease(d);
}

TEST(equality_ignores_order_and_mutability)
{
	const void *keys[] = { CFSTR("a"), CFSTR("b"), CFSTR("a") };
	const void *values[] = { CFSTR("1"), CFSTR("2"), CFSTR("3") };
	CFDictionaryRef d =
		CFDictionaryCreate(NULL, keys, values, 3, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	CFMutableDictionaryRef m = make_dictionary();
	CFDictionaryRef same = CFDictionaryCreateCopy(NULL, d);
	CFMutableDictionaryRef copy = CFDictionaryCreateMutableCopy(NULL, 0, d);

	CFDictionarySetValue(m, CFSTR("b"), CFSTR("2"));
	CFDictionarySetValue(m, CFSTR("a"), CFSTR("1"));
	test_equal(CFDictionaryGetCount(d), 2);
	test_true(CFEqual(d, m));
	test_equal(CFHash(d), CFHash(m));
	test_true(same == d);
	CFDictionarySetValue(copy, CFSTR("a"), CFSTR("other"));
	test_true(!CFEqual(d, copy));
	test_equal_text(text_of(CFDictionaryGetValue(d, CFSTR("a"))), "1");
	CFDictionarySetValue((CFMutableDictionaryRef)d, CFSTR("c"), CFSTR("3"));
	test_equal(CFDictionaryGetCount(d), 2);
	CFRelease(d);
	CFRelease(same);
	CFRelease(m);
	CFRelease(copy);
}

TEST(present_null_differs_from_absent)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(NULL, 0, NULL, NULL);
	const void *value = N(77), *key = NULL;

	CFDictionarySetValue(d, N(1), NULL);
	test_true(CFDictionaryGetValueIfPresent(d, N(1), &value));
	test_true(value == NULL);
	value = N(77);
	test_true(!CFDictionaryGetValueIfPresent(d, N(2), &value));
	test_true(value == N(77));
	test_true(CFDictionaryGetKeyIfPresent(d, N(1), &key) && key == N(1));
	test_true(CFDictionaryContainsKey(d, N(1)) && CFDictionaryContainsValue(d, NULL));
	test_equal(CFDictionaryGetCountOfKey(d, N(1)), 1);
	CFRelease(d);
}

TEST(null_keys_and_values_of_objects_are_ignored)
{
	CFMutableDictionaryRef d = make_dictionary();

	CFDictionarySetValue(d, NULL, CFSTR("x"));
	CFDictionarySetValue(d, CFSTR("x"), NULL);
	test_equal(CFDictionaryGetCount(d), 0);
	CFDictionarySetValue(d, CFSTR("x"), CFSTR("y"));
	test_true(CFDictionaryGetValue(d, NULL) == NULL);
	test_true(CFDictionaryGetValue(NULL, CFSTR("x")) == NULL);
	test_true(CFDictionaryGetValue((CFDictionaryRef)CFSTR("x"), CFSTR("x")) == NULL);
	CFRelease(d);
}

TEST(copied_string_keys_do_not_change)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFCopyStringDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFMutableStringRef key = CFStringCreateMutableCopy(NULL, 0, CFSTR("before"));

	CFDictionarySetValue(d, key, CFSTR("v"));
	CFStringAppend(key, CFSTR(" after"));
	test_true(CFDictionaryContainsKey(d, CFSTR("before")));
	test_true(!CFDictionaryContainsKey(d, key));
	CFRelease(key);
	CFRelease(d);
}

static Boolean are_both_odd(const void *a, const void *b)
{
	return (uintptr_t)a % 2 == (uintptr_t)b % 2;
}

static CFHashCode hash_oddness(const void *value)
{
	return (uintptr_t)value % 2;
}

/* They are kept: the caller's need not live. */
TEST(callbacks_of_the_program_decide)
{
	CFDictionaryKeyCallBacks keys = { .equal = are_both_odd, .hash = hash_oddness };
	CFDictionaryValueCallBacks values = { .equal = are_both_odd };
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(NULL, 0, &keys, &values);

	memset(&keys, 0, sizeof(keys));
	memset(&values, 0, sizeof(values));
	CFDictionarySetValue(d, N(1), N(10));
	CFDictionarySetValue(d, N(3), N(30));
	CFDictionarySetValue(d, N(2), N(20));
	test_equal(CFDictionaryGetCount(d), 2);
	test_true(CFDictionaryGetValue(d, N(5)) == N(30));
	test_true(CFDictionaryContainsValue(d, N(8)));
	test_true(!CFDictionaryContainsValue(d, N(7)));
	CFRelease(d);
}

static void remove_it(const void *key, const void *value, void *context)
{
	CFMutableDictionaryRef d = context;

	CFDictionaryRemoveValue(d, key);
}

TEST(walk_may_remove_what_it_sees)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(NULL, 0, NULL, NULL);

	for (int i = 0; i < 100; i++)
		CFDictionarySetValue(d, N(i), N(i));
	CFDictionaryApplyFunction(d, remove_it, d);
	test_equal(CFDictionaryGetCount(d), 0);
	CFRelease(d);
}

TEST_MAIN
