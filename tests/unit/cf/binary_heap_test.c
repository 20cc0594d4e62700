// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFBinaryHeap.h>

#include "cf_test.h"

static void check_ascending(const void *value, void *context)
{
	const void **last = context;

	test_true((uintptr_t)value >= (uintptr_t)*last);
	*last = value;
}

TEST(the_least_value_comes_first)
{
	CFBinaryHeapRef h = CFBinaryHeapCreate(NULL, 0, NULL, NULL), copy;
	const void *last = NULL;
	uint32_t seed = 9;

	for (int i = 0; i < 1000; i++)
		CFBinaryHeapAddValue(h, (const void *)(uintptr_t)(1 + random_number(&seed) % 500));
	test_equal(CFBinaryHeapGetCount(h), 1000);
	CFBinaryHeapApplyFunction(h, check_ascending, &last);
	copy = CFBinaryHeapCreateCopy(NULL, 0, h);
	last = NULL;
	while (CFBinaryHeapGetCount(h)) {
		const void *least = CFBinaryHeapGetMinimum(h);

		test_true((uintptr_t)least >= (uintptr_t)last);
		test_true(CFBinaryHeapContainsValue(h, least));
		CFBinaryHeapRemoveMinimumValue(h);
		last = least;
	}
	test_true(!CFBinaryHeapGetMinimumIfPresent(h, NULL));
	CFBinaryHeapRemoveMinimumValue(h);
	test_equal(CFBinaryHeapGetCount(copy), 1000);
	CFRelease(h);
	CFRelease(copy);
}

TEST(strings_are_retained)
{
	CFBinaryHeapRef h = CFBinaryHeapCreate(NULL, 0, &kCFStringBinaryHeapCallBacks, NULL);
	CFStringRef b = make("b");
	const void *values[3];

	CFBinaryHeapAddValue(h, b);
	CFBinaryHeapAddValue(h, CFSTR("a"));
	CFBinaryHeapAddValue(h, b);
	test_equal(CFGetRetainCount(b), 3);
	test_equal(CFBinaryHeapGetCountOfValue(h, CFSTR("b")), 2);
	CFBinaryHeapGetValues(h, values);
	test_equal_text(text_of(values[0]), "a");
	test_true(values[1] == b && values[2] == b);
	CFBinaryHeapRemoveAllValues(h);
	test_equal(CFGetRetainCount(b), 1);
	CFRelease(b);
	CFRelease(h);
}

TEST_MAIN
