// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFCharacterSet.h>

#include "cf_test.h"

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

TEST(paragraphs_end_at_fewer_characters_than_lines)
{
	CFStringRef s = make("a\342\200\250b\342\200\251c"); /* U+2028, U+2029 */
	CFIndex start, end, contents;

	CFStringGetLineBounds(s, CFRangeMake(0, 0), &start, &end, &contents);
	test_equal(end, 2);
	CFStringGetParagraphBounds(s, CFRangeMake(0, 0), &start, &end, &contents);
	test_equal(start, 0);
	test_equal(contents, 3);
	test_equal(end, 4);
	CFRelease(s);
}

static CFRange find(const char *text, const char *what, CFStringCompareFlags flags)
{
	CFStringRef s = make(text), w = make(what);
	CFRange found = CFStringFind(s, w, flags);

	CFRelease(s);
	CFRelease(w);
	return found;
}

TEST(folded_matches_may_have_other_lengths)
{
	CFRange r = find("xx stra\303\237e", "STRASSE", kCFCompareCaseInsensitive);

	test_equal(r.location, 3);
	test_equal(r.length, 6);
	r = find("die Strasse", "stra\303\237E", kCFCompareCaseInsensitive | kCFCompareBackwards);
	test_equal(r.location, 4);
	test_equal(r.length, 7);
	r = find("cafe\314\201", "\303\251", kCFCompareNonliteral);
	test_equal(r.location, 3);
	test_equal(r.length, 2);
	/* A base is not found without its mark, unless marks do not count. */
	test_equal(find("cafe\314\201", "e", kCFCompareNonliteral).location, kCFNotFound);
	test_equal(find("cafe\314\201", "e", 0).location, 3);
	r = find("cafe\314\201 au", "E",
		 kCFCompareDiacriticInsensitive | kCFCompareCaseInsensitive);
	test_equal(r.location, 3);
	test_equal(r.length, 2);
	r = find("ab\303\237", "SS",
		 kCFCompareCaseInsensitive | kCFCompareBackwards | kCFCompareAnchored);
	test_equal(r.location, 2);
	test_equal(r.length, 1);
	test_equal(find("ab\303\237x", "SS",
			kCFCompareCaseInsensitive | kCFCompareBackwards | kCFCompareAnchored)
			   .location,
		   kCFNotFound);
	/* Half of what a character folds to is no match. */
	test_equal(find("\303\237", "S", kCFCompareCaseInsensitive).location, kCFNotFound);
}

TEST(characters_of_a_set)
{
	CFCharacterSetRef digits = CFCharacterSetGetPredefined(kCFCharacterSetDecimalDigit);
	CFCharacterSetRef symbols = CFCharacterSetGetPredefined(kCFCharacterSetSymbol);
	CFStringRef s = make("ab1c2 \360\237\230\200");
	CFRange whole = CFRangeMake(0, CFStringGetLength(s)), r;

	test_true(CFStringFindCharacterFromSet(s, digits, whole, 0, &r));
	test_equal(r.location, 2);
	test_true(CFStringFindCharacterFromSet(s, digits, whole, kCFCompareBackwards, &r));
	test_equal(r.location, 4);
	test_equal(r.length, 1);
	test_true(!CFStringFindCharacterFromSet(s, digits, whole, kCFCompareAnchored, &r));
	test_true(CFStringFindCharacterFromSet(s, symbols, whole, 0, &r));
	test_equal(r.location, 6);
	test_equal(r.length, 2);
	test_true(CFStringFindCharacterFromSet(s, symbols, whole,
					       kCFCompareBackwards | kCFCompareAnchored, NULL));
	test_true(!CFStringFindCharacterFromSet(s, digits, CFRangeMake(0, 2), 0, NULL));
	CFRelease(s);
}

TEST(composed_characters_are_what_readers_see)
{
	/* e with a mark, a face, a flag of two letters, CR LF, a man joined to a woman */
	CFStringRef s = make("e\314\201\360\237\230\200\360\237\207\251\360\237\207\252\r\n"
			     "\360\237\221\250\342\200\215\360\237\221\251");
	static const struct {
		CFIndex at, start, length;
	} rows[] = { { 0, 0, 2 }, { 1, 0, 2 }, { 2, 2, 2 }, { 3, 2, 2 },   { 4, 4, 4 },
		     { 7, 4, 4 }, { 8, 8, 1 }, { 9, 9, 1 }, { 10, 10, 5 }, { 14, 10, 5 } };

	test_equal(CFStringGetLength(s), 15);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFRange r = CFStringGetRangeOfComposedCharactersAtIndex(s, rows[i].at);

		test_equal(r.location, rows[i].start);
		test_equal(r.length, rows[i].length);
	}
	test_equal(CFStringGetRangeOfComposedCharactersAtIndex(s, 15).location, kCFNotFound);
	CFRelease(s);
}

TEST_MAIN
