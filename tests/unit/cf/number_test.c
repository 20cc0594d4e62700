// SPDX-License-Identifier: MIT
#include <math.h>

#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>

static CFNumberRef make_int(CFNumberType type, int64_t v)
{
	return CFNumberCreate(NULL, type, &v);
}

static CFNumberRef make_double(double v)
{
	return CFNumberCreate(NULL, kCFNumberDoubleType, &v);
}

TEST(too_narrow_type_gets_truncated_value)
{
	CFNumberRef n = make_int(kCFNumberSInt32Type, 300);
	int8_t v = 0;

	test_true(!CFNumberGetValue(n, kCFNumberSInt8Type, &v));
	test_equal(v, 44);
	CFRelease(n);
}

TEST(equality_and_hash_go_by_value)
{
	CFNumberRef a = make_int(kCFNumberSInt8Type, 1), b = make_int(kCFNumberSInt64Type, 1);
	CFNumberRef c = make_double(1.0), d = make_double(1.5);

	test_true(CFEqual(a, b));
	test_equal(CFHash(a), CFHash(b));
	test_true(CFEqual(a, c));
	test_equal(CFHash(a), CFHash(c));
	test_true(!CFEqual(a, d));
	test_equal(CFNumberCompare(a, d, NULL), kCFCompareLessThan);
	test_equal(CFNumberCompare(d, a, NULL), kCFCompareGreaterThan);
	CFRelease(a);
	CFRelease(b);
	CFRelease(c);
	CFRelease(d);
}

TEST(values_survive_in_their_own_type)
{
	static const CFNumberType types[] = { kCFNumberSInt8Type,    kCFNumberSInt16Type,
					      kCFNumberSInt32Type,   kCFNumberSInt64Type,
					      kCFNumberCharType,     kCFNumberShortType,
					      kCFNumberIntType,	     kCFNumberLongType,
					      kCFNumberLongLongType, kCFNumberCFIndexType,
					      kCFNumberNSIntegerType };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (int64_t v = -100; v <= 100; v += 25) {
			CFNumberRef n = make_int(types[i], v);
			int64_t back = 0;

			test_true(CFNumberGetValue(n, kCFNumberSInt64Type, &back));
			test_equal(back, v);
			test_true(!CFNumberIsFloatType(n));
			test_true(CFNumberGetType(n) >= 1 && CFNumberGetType(n) <= 4);
			CFRelease(n);
		}
	}
	test_true(CFNumberCreate(NULL, 0, "x") == NULL);
	test_true(CFNumberCreate(NULL, 17, "x") == NULL);
	test_true(CFNumberCreate(NULL, kCFNumberIntType, NULL) == NULL);
}

TEST(type_and_size_are_the_fixed_width_ones)
{
	CFNumberRef i = make_int(kCFNumberIntType, 70000), l = make_int(kCFNumberLongType, 1);
	CFNumberRef d = make_double(0.5);

	test_equal(CFNumberGetType(i), kCFNumberSInt32Type);
	test_equal(CFNumberGetByteSize(i), 4);
	test_equal(CFNumberGetType(l), kCFNumberSInt64Type);
	test_equal(CFNumberGetByteSize(l), 8);
	test_equal(CFNumberGetType(d), kCFNumberFloat64Type);
	test_true(CFNumberIsFloatType(d));
	CFRelease(i);
	CFRelease(l);
	CFRelease(d);
}

TEST(reals_convert_with_the_lossless_flag)
{
	CFNumberRef d = make_double(2.75), big = make_double(1e300), whole = make_double(4.0);
	CFNumberRef large = make_int(kCFNumberSInt64Type, INT64_MAX);
	int32_t i = 0;
	int64_t l = 0;
	double back = 0;
	float f = 0;

	test_true(!CFNumberGetValue(d, kCFNumberIntType, &i));
	test_equal(i, 2);
	test_true(CFNumberGetValue(whole, kCFNumberIntType, &i));
	test_equal(i, 4);
	test_true(!CFNumberGetValue(big, kCFNumberSInt64Type, &l));
	test_equal(l, INT64_MAX);
	test_true(CFNumberGetValue(d, kCFNumberFloatType, &f));
	test_true(f == 2.75f);
	test_true(!CFNumberGetValue(large, kCFNumberDoubleType, &back));
	test_equal(CFNumberCompare(large, big, NULL), kCFCompareLessThan);
	test_true(!CFNumberGetValue(kCFNumberNaN, kCFNumberIntType, &i));
	test_true(CFEqual(kCFNumberNaN, kCFNumberNaN));
	test_equal(CFNumberCompare(kCFNumberNegativeInfinity, large, NULL), kCFCompareLessThan);
	test_equal(CFNumberCompare(kCFNumberPositiveInfinity, large, NULL), kCFCompareGreaterThan);
	CFRelease(d);
	CFRelease(big);
	CFRelease(whole);
	CFRelease(large);
}

TEST(booleans_are_two_objects)
{
	test_true(kCFBooleanTrue != kCFBooleanFalse);
	test_true(CFBooleanGetValue(kCFBooleanTrue));
	test_true(!CFBooleanGetValue(kCFBooleanFalse));
	test_true(!CFEqual(kCFBooleanTrue, kCFBooleanFalse));
	test_equal(CFGetTypeID(kCFBooleanTrue), CFBooleanGetTypeID());
	CFRelease(kCFBooleanTrue);
}

TEST_MAIN
