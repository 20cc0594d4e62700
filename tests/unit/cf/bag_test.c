// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFBag.h>

TEST(equal_values_are_counted)
{
	CFMutableBagRef b = CFBagCreateMutable(NULL, 0, &kCFTypeBagCallBacks);
	CFBagRef copy;
	const void *out[3];

	CFBagAddValue(b, CFSTR("a"));
	CFBagAddValue(b, CFSTR("b"));
	CFBagAddValue(b, CFSTR("a"));
	test_equal(CFBagGetCount(b), 3);
	test_equal(CFBagGetCountOfValue(b, CFSTR("a")), 2);
	CFBagGetValues(b, out);
	test_true(CFEqual(out[0], out[1]));
	copy = CFBagCreateCopy(NULL, b);
	test_true(CFEqual(copy, b));
	CFBagRemoveValue(b, CFSTR("a"));
	test_true(!CFEqual(copy, b));
	test_true(CFBagContainsValue(b, CFSTR("a")));
	CFBagRemoveValue(b, CFSTR("a"));
	test_true(!CFBagContainsValue(b, CFSTR("a")));
	test_equal(CFBagGetCount(b), 1);
	CFRelease(b);
	CFRelease(copy);
}

TEST_MAIN
