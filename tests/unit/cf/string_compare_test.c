// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFLocale.h>

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

TEST(flags_decide_what_is_equal)
{
	static const struct {
		const char *a, *b;
		CFStringCompareFlags flags;
		CFComparisonResult result;
	} rows[] = {
		{ "stra\303\237e", "STRASSE", kCFCompareCaseInsensitive, 0 },
		{ "stra\303\237e", "STRASSE", 0, kCFCompareGreaterThan },
		/* e with acute, composed and not */
		{ "\303\251", "e\314\201", 0, kCFCompareGreaterThan },
		{ "\303\251", "e\314\201", kCFCompareNonliteral, 0 },
		{ "\303\251t\303\251", "ete", kCFCompareDiacriticInsensitive, 0 },
		{ "\303\211T\303\211", "ete",
		  kCFCompareDiacriticInsensitive | kCFCompareCaseInsensitive, 0 },
		{ "\303\251", "e", kCFCompareNonliteral, kCFCompareGreaterThan },
		/* full width A */
		{ "\357\274\241", "A", kCFCompareWidthInsensitive, 0 },
		{ "\357\274\241", "a", kCFCompareWidthInsensitive | kCFCompareCaseInsensitive, 0 },
		{ "\357\274\241", "A", 0, kCFCompareGreaterThan },
		{ "a", "A", kCFCompareCaseInsensitive | kCFCompareForcedOrdering,
		  kCFCompareGreaterThan },
		{ "a", "a", kCFCompareCaseInsensitive | kCFCompareForcedOrdering, 0 },
		/* beyond the first plane: Deseret long I, capital and small */
		{ "\360\220\220\200", "\360\220\220\250", kCFCompareCaseInsensitive, 0 },
		{ "Disk 10", "disk 9", kCFCompareCaseInsensitive | kCFCompareNumerically,
		  kCFCompareGreaterThan },
		{ "a2b", "a10", kCFCompareNumerically, kCFCompareLessThan },
		{ "a", "b", kCFCompareLocalized, kCFCompareLessThan },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFStringRef a = make(rows[i].a), b = make(rows[i].b);

		test_equal(CFStringCompare(a, b, rows[i].flags), rows[i].result);
		test_equal(CFStringCompare(b, a, rows[i].flags), -rows[i].result);
		CFRelease(a);
		CFRelease(b);
	}
}

TEST(case_follows_the_language)
{
	CFLocaleRef turkish = CFLocaleCreate(NULL, CFSTR("tr_TR"));
	CFStringRef dotless = make("\304\261");

	test_equal(CFStringCompareWithOptionsAndLocale(CFSTR("I"), dotless, CFRangeMake(0, 1),
						       kCFCompareCaseInsensitive, turkish),
		   0);
	test_true(CFStringCompare(CFSTR("I"), dotless, kCFCompareCaseInsensitive) != 0);
	CFRelease(dotless);
	CFRelease(turkish);
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

TEST_MAIN
