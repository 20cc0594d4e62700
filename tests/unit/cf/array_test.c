// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFNumber.h>

#define N(i) ((const void *)(uintptr_t)(i))
#define ALL(a) CFRangeMake(0, CFArrayGetCount(a))

static int n_held;

static const void *hold(CFAllocatorRef allocator, const void *value)
{
	n_held++;
	return value;
}

static void let_go(CFAllocatorRef allocator, const void *value)
{
	n_held--;
}

static const CFArrayCallBacks counting = { 0, hold, let_go, NULL, NULL };

TEST(every_value_is_retained_once_and_released_once)
{
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, &counting);
	const void *two[] = { N(8), N(9) };
	CFArrayRef copy;

	for (int i = 1; i <= 5; i++)
		CFArrayAppendValue(a, N(i));
	test_equal(n_held, 5);
	CFArraySetValueAtIndex(a, 0, N(7));
	CFArrayInsertValueAtIndex(a, 2, N(6));
	test_equal(n_held, 6);
	CFArrayRemoveValueAtIndex(a, 1);
	CFArrayReplaceValues(a, CFRangeMake(1, 3), two, 2);
	test_equal(n_held, 4);
	test_equal(CFArrayGetCount(a), 4);
	copy = CFArrayCreateCopy(NULL, a);
	test_equal(n_held, 8);
	CFArrayRemoveAllValues(a);
	test_equal(n_held, 4);
	CFRelease(a);
	CFRelease(copy);
	test_equal(n_held, 0);
}

TEST(retain_counts_of_objects_follow)
{
	CFStringRef s = make("counted object");
	const void *values[] = { s, s };
	CFArrayRef a = CFArrayCreate(NULL, values, 2, &kCFTypeArrayCallBacks);
	CFArrayRef same = CFArrayCreateCopy(NULL, a);

	test_equal(CFGetRetainCount(s), 3);
	test_true(same == a);
	CFRelease(same);
	CFRelease(a);
	test_equal(CFGetRetainCount(s), 1);
	CFRelease(s);
}

TEST(positions_outside_are_harmless)
{
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, NULL);
	const void *out[1] = { N(5) };

	CFArrayAppendValue(a, N(1));
	test_true(CFArrayGetValueAtIndex(a, 1) == NULL);
	test_true(CFArrayGetValueAtIndex(a, -1) == NULL);
	test_true(CFArrayGetValueAtIndex(NULL, 0) == NULL);
	CFArrayRemoveValueAtIndex(a, 1);
	CFArrayInsertValueAtIndex(a, 3, N(2));
	CFArraySetValueAtIndex(a, 2, N(2));
	CFArrayReplaceValues(a, CFRangeMake(1, 4), NULL, 0);
	CFArrayGetValues(a, CFRangeMake(5, 1), out);
	test_true(out[0] == N(5));
	test_equal(CFArrayGetCount(a), 1);
	CFArrayAppendValue((CFMutableArrayRef)CFSTR("no array"), N(1));
	CFRelease(a);
}

static CFComparisonResult by_tens(const void *a, const void *b, void *context)
{
	intptr_t x = (intptr_t)a / 10, y = (intptr_t)b / 10;

	++*(int *)context;
	return x < y ? kCFCompareLessThan : x > y;
}

TEST(sort_is_stable_and_search_finds)
{
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, NULL);
	uint32_t seed = 5;
	int calls = 0;

	for (int i = 0; i < 1000; i++)
		CFArrayAppendValue(a,
				   N((random_number(&seed) % 100 + 1) * 10000 + (unsigned)i % 10));
	for (int i = 0; i < 1000; i += 10)
		for (int k = 0; k < 10; k++)
			CFArraySetValueAtIndex(
				a, i + k,
				N((uintptr_t)CFArrayGetValueAtIndex(a, i) / 10 * 10 + (unsigned)k));
	CFArraySortValues(a, ALL(a), by_tens, &calls);
	for (int i = 1; i < 1000; i++) {
		intptr_t x = (intptr_t)CFArrayGetValueAtIndex(a, i - 1);
		intptr_t y = (intptr_t)CFArrayGetValueAtIndex(a, i);

		test_true(x / 10 < y / 10 ||
			  (x / 10 == y / 10 && (x % 10 < y % 10 || y % 10 == 0)));
	}
	test_true(calls > 0);
	for (int i = 0; i < 1000; i++) {
		CFIndex at = CFArrayBSearchValues(a, ALL(a), CFArrayGetValueAtIndex(a, i), by_tens,
						  &calls);

		test_equal((intptr_t)CFArrayGetValueAtIndex(a, at) / 10,
			   (intptr_t)CFArrayGetValueAtIndex(a, i) / 10);
	}
	test_equal(CFArrayBSearchValues(a, ALL(a), N(1), by_tens, &calls), 0);
	test_equal(CFArrayBSearchValues(a, ALL(a), N(100000000), by_tens, &calls), 1000);
	CFRelease(a);
}

static void add_up(const void *value, void *context)
{
	*(long *)context += (long)value;
}

TEST(walking_searching_and_appending)
{
	const void *values[] = { N(1), N(2), N(1), N(4) };
	CFArrayRef a = CFArrayCreate(NULL, values, 4, NULL);
	CFMutableArrayRef b = CFArrayCreateMutableCopy(NULL, 0, a);
	long sum = 0;

	CFArrayApplyFunction(a, CFRangeMake(1, 10), add_up, &sum);
	test_equal(sum, 7);
	test_equal(CFArrayGetFirstIndexOfValue(a, ALL(a), N(1)), 0);
	test_equal(CFArrayGetLastIndexOfValue(a, ALL(a), N(1)), 2);
	test_equal(CFArrayGetCountOfValue(a, ALL(a), N(1)), 2);
	test_true(!CFArrayContainsValue(a, CFRangeMake(0, 3), N(4)));
	CFArrayAppendArray(b, b, ALL(b));
	test_equal(CFArrayGetCount(b), 8);
	CFArrayExchangeValuesAtIndices(b, 0, 7);
	test_true(CFArrayGetValueAtIndex(b, 0) == N(4));
	CFArrayAppendValue((CFMutableArrayRef)a, N(9));
	test_equal(CFArrayGetCount(a), 4);
	CFRelease(a);
	CFRelease(b);
}

TEST(equality_is_by_value)
{
	CFStringRef x = make("x");
	const void *one[] = { x }, *two[] = { CFSTR("x") };
	CFArrayRef a = CFArrayCreate(NULL, one, 1, &kCFTypeArrayCallBacks);
	CFArrayRef b = CFArrayCreate(NULL, two, 1, &kCFTypeArrayCallBacks);
	CFStringRef text = CFCopyDescription(a);

	test_true(CFEqual(a, b));
	test_equal(CFHash(a), CFHash(b));
	test_equal_text(text_of(text), "(\n    \"x\"\n)");
	CFRelease(text);
	CFRelease(a);
	CFRelease(b);
	CFRelease(x);
}

TEST_MAIN
