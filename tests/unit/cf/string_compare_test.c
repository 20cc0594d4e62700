// SPDX-License-Identifier: MIT
#include "cf_test.h"

TEST(comparison_orders_by_unit)
{
	test_equal(CFStringCompare(CFSTR("a"), CFSTR("b"), 0), kCFCompareLessThan);
	test_equal(CFStringCompare(CFSTR("b"), CFSTR("a"), 0), kCFCompareGreaterThan);
	test_equal(CFStringCompare(CFSTR("a"), CFSTR("ab"), 0), kCFCompareLessThan);
	test_equal(CFStringCompare(CFSTR("ab"), CFSTR("ab"), 0), kCFCompareEqualTo);
	test_equal(CFStringCompare(CFSTR("AB"), CFSTR("ab"), 0), kCFCompareLessThan);
	test_equal(CFStringCompare(CFSTR("AB"), CFSTR("ab"), kCFCompareCaseInsensitive), 0);
	test_equal(CFStringCompare(CFSTR("\303\204"), CFSTR("\303\244"), kCFCompareCaseInsensitive),
		   0);
	test_equal(CFStringCompare(CFSTR("disk10"), CFSTR("disk9"), kCFCompareNumerically),
		   kCFCompareGreaterThan);
	test_equal(CFStringCompare(CFSTR("v007"), CFSTR("v7"), kCFCompareNumerically), 0);
	test_equal(CFStringCompareWithOptions(CFSTR("xxab"), CFSTR("ab"), CFRangeMake(2, 2), 0), 0);
}

TEST(find_honours_direction_and_anchor)
{
	CFStringRef s = CFSTR("abcabc");

	test_equal(CFStringFind(s, CFSTR("bc"), 0).location, 1);
	test_equal(CFStringFind(s, CFSTR("bc"), kCFCompareBackwards).location, 4);
	test_equal(CFStringFind(s, CFSTR("BC"), 0).location, kCFNotFound);
	test_equal(CFStringFind(s, CFSTR("BC"), kCFCompareCaseInsensitive).location, 1);
	test_equal(CFStringFind(s, CFSTR("bc"), kCFCompareAnchored).location, kCFNotFound);
	test_equal(CFStringFind(s, CFSTR(""), 0).location, kCFNotFound);
	test_true(CFStringHasPrefix(s, CFSTR("abc")) && CFStringHasSuffix(s, CFSTR("bc")));
	test_true(!CFStringHasPrefix(s, CFSTR("bc")) && !CFStringHasSuffix(s, CFSTR("ab")));
	test_true(!CFStringHasPrefix(s, CFSTR("abcabcabc")));
}

TEST(find_results_are_owned_by_the_array)
{
	CFArrayRef all = CFStringCreateArrayWithFindResults(NULL, CFSTR("a-a-a"), CFSTR("a"),
							    CFRangeMake(0, 5), 0);

	test_equal(CFArrayGetCount(all), 3);
	test_equal(((const CFRange *)CFArrayGetValueAtIndex(all, 2))->location, 4);
	CFRelease(all);
	test_true(CFStringCreateArrayWithFindResults(NULL, CFSTR("a"), CFSTR("z"),
						     CFRangeMake(0, 1), 0) == NULL);
}

TEST(splitting_and_joining_are_inverse)
{
	CFArrayRef parts = CFStringCreateArrayBySeparatingStrings(NULL, CFSTR(",a,,b"), CFSTR(","));
	CFStringRef back = CFStringCreateByCombiningStrings(NULL, parts, CFSTR(","));

	test_equal(CFArrayGetCount(parts), 4);
	test_equal_text(text_of(back), ",a,,b");
	CFRelease(parts);
	CFRelease(back);
}

TEST(numbers_at_the_start_of_text)
{
	test_equal(CFStringGetIntValue(CFSTR("  -42abc")), -42);
	test_equal(CFStringGetIntValue(CFSTR("+7")), 7);
	test_equal(CFStringGetIntValue(CFSTR("abc")), 0);
	test_equal(CFStringGetIntValue(CFSTR("99999999999999999999")), INT32_MAX);
	test_equal(CFStringGetIntValue(CFSTR("-99999999999999999999")), INT32_MIN);
	test_true(CFStringGetDoubleValue(CFSTR(" 2.5e1x")) == 25.0);
	test_true(CFStringGetDoubleValue(CFSTR("0x10")) == 0.0);
	test_true(CFStringGetDoubleValue(CFSTR("inf")) == 0.0);
}

TEST(line_bounds_include_the_line_end)
{
	CFIndex start, end, contents;

	CFStringGetLineBounds(CFSTR("ab\r\ncd\nef"), CFRangeMake(5, 0), &start, &end, &contents);
	test_equal(start, 4);
	test_equal(end, 7);
	test_equal(contents, 6);
	CFStringGetLineBounds(CFSTR("ab\r\ncd"), CFRangeMake(0, 1), &start, &end, &contents);
	test_equal(start, 0);
	test_equal(end, 4);
	test_equal(contents, 2);
}

TEST_MAIN
