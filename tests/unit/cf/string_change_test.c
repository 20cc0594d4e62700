// SPDX-License-Identifier: MIT
#include "cf_test.h"

TEST(editing_follows_a_plain_model)
{
	static const char *const pieces[] = { "",	  "a", "bc", "\303\274", "\360\237\230\200",
					      "long text" };
	CFMutableStringRef s = CFStringCreateMutable(NULL, 0);
	UniChar model[4096];
	CFIndex n = 0;
	uint32_t seed = 7;

	for (int round = 0; round < 3000; round++) {
		CFStringRef piece = make(pieces[random_number(&seed) % 6]);
		CFIndex at = n ? random_number(&seed) % n : 0, m = CFStringGetLength(piece);
		CFIndex cut = n - at ? random_number(&seed) % (n - at) : 0;
		UniChar units[16];

		if (n > 2000)
			cut = n - at, m = 0, CFRelease(piece), piece = make("");
		CFStringGetCharacters(piece, CFRangeMake(0, m), units);
		memmove(model + at + m, model + at + cut, (size_t)(n - at - cut) * 2);
		memcpy(model + at, units, (size_t)m * 2);
		n += m - cut;
		CFStringReplace(s, CFRangeMake(at, cut), piece);
		test_equal(CFStringGetLength(s), n);
		CFRelease(piece);
	}
	for (CFIndex i = 0; i < n; i++)
		test_equal(CFStringGetCharacterAtIndex(s, i), model[i]);
	CFRelease(s);
}

TEST(string_may_be_appended_to_itself)
{
	CFMutableStringRef s = CFStringCreateMutableCopy(NULL, 0, CFSTR("ab"));

	for (int i = 0; i < 4; i++)
		CFStringAppend(s, s);
	test_equal(CFStringGetLength(s), 32);
	CFStringReplaceAll(s, CFSTR("x"));
	CFStringAppendCString(s, "\303\274", kCFStringEncodingUTF8);
	CFStringInsert(s, 1, CFSTR("-"));
	test_equal_text(text_of(s), "x-\303\274");
	CFStringDelete(s, CFRangeMake(0, 2));
	test_equal_text(text_of(s), "\303\274");
	CFRelease(s);
}

TEST(out_of_range_changes_nothing)
{
	CFMutableStringRef s = CFStringCreateMutableCopy(NULL, 0, CFSTR("abc"));

	CFStringDelete(s, CFRangeMake(2, 5));
	CFStringInsert(s, 9, CFSTR("x"));
	CFStringInsert(s, -1, CFSTR("x"));
	CFStringAppend(s, NULL);
	CFStringAppend((CFMutableStringRef)CFSTR("constant"), CFSTR("x"));
	test_equal_text(text_of(s), "abc");
	test_equal_text(text_of(CFSTR("constant")), "constant");
	CFRelease(s);
}

TEST(find_and_replace_counts)
{
	CFMutableStringRef s = CFStringCreateMutableCopy(NULL, 0, CFSTR("one two one"));

	test_equal(CFStringFindAndReplace(s, CFSTR("one"), CFSTR("three"),
					  CFRangeMake(0, CFStringGetLength(s)), 0),
		   2);
	test_equal_text(text_of(s), "three two three");
	test_equal(CFStringFindAndReplace(s, CFSTR("THREE"), CFSTR(""),
					  CFRangeMake(0, CFStringGetLength(s)),
					  kCFCompareCaseInsensitive | kCFCompareBackwards),
		   2);
	test_equal_text(text_of(s), " two ");
	CFStringTrimWhitespace(s);
	test_equal_text(text_of(s), "two");
	CFStringPad(s, CFSTR("-="), 8, 1);
	test_equal_text(text_of(s), "two=-=-=");
	CFStringPad(s, NULL, 3, 0);
	test_equal_text(text_of(s), "two");
	CFStringReplaceAll(s, CFSTR("xxabcxx"));
	CFStringTrim(s, CFSTR("x"));
	test_equal_text(text_of(s), "abc");
	CFRelease(s);
}

TEST(case_changes_beyond_ascii)
{
	CFMutableStringRef s =
		CFStringCreateMutableCopy(NULL, 0, CFSTR("stra\303\237e \303\244h don't"));

	CFStringUppercase(s, NULL);
	test_equal_text(text_of(s), "STRASSE \303\204H DON'T");
	CFStringLowercase(s, NULL);
	test_equal_text(text_of(s), "strasse \303\244h don't");
	CFStringCapitalize(s, NULL);
	test_equal_text(text_of(s), "Strasse \303\204h Don't");
	CFRelease(s);
}

TEST_MAIN
