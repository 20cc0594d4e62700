// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>

#define CHECK(expected, ...) \
	do { \
		CFStringRef made_ = CFStringCreateWithFormat(NULL, NULL, __VA_ARGS__); \
		test_equal_text(text_of(made_), expected); \
		CFRelease(made_); \
	} while (0)

TEST(numbers_print_as_printf_does)
{
	CHECK("-5 5 ff FF 17", CFSTR("%d %u %x %X %o"), -5, 5u, 255, 255, 15);
	CHECK("   42|42   |00042|+42", CFSTR("%5d|%-5d|%05d|%+d"), 42, 42, 42, 42);
	CHECK("-1 18446744073709551615", CFSTR("%lld %llu"), -1LL, ~0ULL);
	CHECK("-1 4294967295 255", CFSTR("%hhd %u %hhu"), 0xff, ~0u, 0xff);
	CHECK("1.50 1.5 1.500000e+00", CFSTR("%.2f %g %e"), 1.5, 1.5, 1.5);
	CHECK("2.25", CFSTR("%.2Lf"), 2.25L);
	CHECK("100%", CFSTR("%d%%"), 100);
	CHECK("0x1000", CFSTR("%p"), (void *)0x1000);
	CHECK("   7|7   |0007", CFSTR("%*d|%-*d|%.*d"), 4, 7, 4, 7, 4, 7);
	CHECK("7  |", CFSTR("%*d|"), -3, 7);
	/* Longer than what is kept ready for a number. */
	CFStringRef long_one = CFStringCreateWithFormat(NULL, NULL, CFSTR("%.300d"), 7);
	test_equal(CFStringGetLength(long_one), 300);
	test_equal(CFStringGetIntValue(long_one), 7);
	CFRelease(long_one);
	CHECK("8 8 8", CFSTR("%zu %jd %ld"), (size_t)8, (intmax_t)8, 8L);
}

TEST(text_and_objects_are_inserted)
{
	int i = 12;
	CFNumberRef n = CFNumberCreate(NULL, kCFNumberIntType, &i);
	static const UniChar units[] = { 'u', 0x20ac, 0 };

	CHECK("s:abc n:12 b:true (null)", CFSTR("s:%@ n:%@ b:%@ %@"), CFSTR("abc"), n,
	      kCFBooleanTrue, NULL);
	CHECK("gr\303\274n", CFSTR("%s"), "gr\303\274n");
	CHECK("ab|   ab|ab   |", CFSTR("%.2s|%5s|%-5s|"), "abc", "ab", "ab");
	CHECK("A\342\202\254 u\342\202\254", CFSTR("%c%C %S"), 'A', 0x20ac, units);
	CHECK("(null)", CFSTR("%s"), NULL);
	CFRelease(n);
}

TEST(arguments_by_position)
{
	CHECK("b a b", CFSTR("%2$s %1$s %2$s"), "a", "b");
	CHECK("x 3.5 9", CFSTR("%3$@ %2$g %1$lld"), 9LL, 3.5, CFSTR("x"));
	CHECK("   5", CFSTR("%2$*1$d"), 4, 5);
}

TEST(broken_formats_do_no_harm)
{
	CHECK("%", CFSTR("%"));
	CHECK("%y", CFSTR("%y"));
	CHECK("a%", CFSTR("a%"));
	CHECK("%99999", CFSTR("%99999"));
	CHECK("[]", CFSTR("[%n]"), NULL);
	test_true(CFStringCreateWithFormat(NULL, NULL, NULL) == NULL);
}

TEST(random_integers_agree_with_libc)
{
	static const char *const specs[] = { "%ld",   "%lx",	 "%lo",	   "%lu",  "%+ld",
					     "%20ld", "%-20ld|", "%020ld", "%#lx", "%.10ld" };
	uint32_t seed = 3;

	for (int i = 0; i < 1000; i++) {
		const char *spec = specs[random_number(&seed) % 10];
		CFStringRef format = make(spec), s;
		long v = (long)((uint64_t)random_number(&seed) << 40 ^ random_number(&seed));
		char expected[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
		snprintf(expected, sizeof(expected), spec, v);
#pragma GCC diagnostic pop
		s = CFStringCreateWithFormat(NULL, NULL, format, v);
		test_equal_text(text_of(s), expected);
		CFRelease(s);
		CFRelease(format);
	}
}

TEST(format_may_append_a_string_to_itself)
{
	CFMutableStringRef s = CFStringCreateMutableCopy(NULL, 0, CFSTR("a"));

	CFStringAppendFormat(s, NULL, CFSTR("<%@%@>"), s, s);
	test_equal_text(text_of(s), "a<aa>");
	CFRelease(s);
}

TEST_MAIN
