// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFCharacterSet.h>

#include "cf_test.h"

TEST(predefined_sets_follow_the_categories)
{
	static const struct {
		CFCharacterSetPredefinedSet set;
		UTF32Char in, out;
	} rows[] = {
		{ kCFCharacterSetControl, 0x7f, 'a' },
		{ kCFCharacterSetControl, 0x200e, ' ' },
		{ kCFCharacterSetWhitespace, '\t', '\n' },
		{ kCFCharacterSetWhitespace, 0xa0, 'x' },
		{ kCFCharacterSetWhitespaceAndNewline, '\n', 'x' },
		{ kCFCharacterSetWhitespaceAndNewline, 0x2028, 0x200b },
		{ kCFCharacterSetDecimalDigit, 0x669, 'a' },
		{ kCFCharacterSetLetter, 0x10400, '1' },
		{ kCFCharacterSetLowercaseLetter, 0xdf, 'A' },
		{ kCFCharacterSetUppercaseLetter, 0x1c5, 'a' },
		{ kCFCharacterSetNonBase, 0x301, 'a' },
		{ kCFCharacterSetDecomposable, 0xe9, 0xfb01 },
		{ kCFCharacterSetAlphaNumeric, 0xbd, '-' },
		{ kCFCharacterSetPunctuation, '-', '+' },
		{ kCFCharacterSetCapitalizedLetter, 0x1c5, 'A' },
		{ kCFCharacterSetSymbol, '+', '-' },
		{ kCFCharacterSetNewline, 0x85, '\t' },
		{ kCFCharacterSetIllegal, 0xffff, 'a' },
	};

	CFCharacterSetGetPredefined(1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFCharacterSetRef set = CFCharacterSetGetPredefined(rows[i].set);

		test_true(CFCharacterSetIsLongCharacterMember(set, rows[i].in));
		test_true(!CFCharacterSetIsLongCharacterMember(set, rows[i].out));
		test_true(CFCharacterSetGetPredefined(rows[i].set) == set);
	}
	test_true(CFCharacterSetGetPredefined(0) == NULL);
	test_true(CFCharacterSetGetPredefined(16) == NULL);
}

/* All operations against a plain table of one plane. */
static void change(CFMutableCharacterSetRef set, bool *model, uint32_t *seed)
{
	CFIndex start = random_number(seed) % 300, length = random_number(seed) % 40;
	CFRange range = CFRangeMake(start, length);
	CFCharacterSetRef other = CFCharacterSetCreateWithCharactersInRange(NULL, range);
	uint32_t what = random_number(seed) % 5;

	for (CFIndex c = 0; c < 400; c++) {
		bool in = c >= start && c < start + length;

		model[c] = what == 0 || what == 1 ? model[c] || in
			 : what == 2		  ? model[c] && !in
			 : what == 3		  ? model[c] && !in
						  : !model[c];
	}
	if (what == 0)
		CFCharacterSetAddCharactersInRange(set, range);
	else if (what == 1)
		CFCharacterSetUnion(set, other);
	else if (what == 2)
		CFCharacterSetRemoveCharactersInRange(set, range);
	else if (what == 4)
		CFCharacterSetInvert(set);
	if (what == 3) {
		CFCharacterSetRef rest = CFCharacterSetCreateInvertedSet(NULL, other);

		CFCharacterSetIntersect(set, rest);
		CFRelease(rest);
	}
	CFRelease(other);
}

TEST(changes_follow_a_plain_model)
{
	CFMutableCharacterSetRef set = CFCharacterSetCreateMutable(NULL);
	bool model[400] = { false };
	uint32_t seed = 5;

	for (int round = 0; round < 500; round++) {
		change(set, model, &seed);
		for (UniChar c = 0; c < 400; c++)
			test_equal(CFCharacterSetIsCharacterMember(set, c), model[c]);
	}
	CFRelease(set);
}

TEST(bitmaps_round_trip)
{
	CFMutableCharacterSetRef set = CFCharacterSetCreateMutable(NULL);
	CFCharacterSetRef back;
	CFDataRef bits;

	CFCharacterSetAddCharactersInString(set, CFSTR("az\360\237\230\200"));
	CFCharacterSetAddCharactersInRange(set, CFRangeMake(0x10fff0, 0x1000));
	bits = CFCharacterSetCreateBitmapRepresentation(NULL, set);
	test_equal(CFDataGetLength(bits), 8192 + 2 * 8193);
	test_equal(CFDataGetBytePtr(bits)['a' / 8], 1 << 'a' % 8);
	test_equal(CFDataGetBytePtr(bits)[8192], 1);
	back = CFCharacterSetCreateWithBitmapRepresentation(NULL, bits);
	test_true(CFEqual(set, back));
	test_equal(CFHash(set), CFHash(back));
	test_true(CFCharacterSetHasMemberInPlane(back, 16));
	test_true(!CFCharacterSetHasMemberInPlane(back, 2));
	test_true(!CFCharacterSetHasMemberInPlane(back, 17));
	test_true(CFCharacterSetIsSupersetOfSet(set, back));
	CFRelease(bits);
	CFRelease(back);
	/* Cut short. */
	bits = CFDataCreate(NULL, (const UInt8 *)"\xff", 1);
	back = CFCharacterSetCreateWithBitmapRepresentation(NULL, bits);
	test_true(CFCharacterSetIsCharacterMember(back, 7));
	test_true(!CFCharacterSetIsCharacterMember(back, 8));
	test_true(!CFCharacterSetIsSupersetOfSet(set, back));
	CFRelease(bits);
	CFRelease(back);
	CFRelease(set);
}

TEST(immutable_sets_do_not_change)
{
	CFCharacterSetRef set = CFCharacterSetCreateWithCharactersInString(NULL, CFSTR("abc"));
	CFCharacterSetRef copy = CFCharacterSetCreateCopy(NULL, set);

	test_true(copy == set);
	CFCharacterSetAddCharactersInRange((CFMutableCharacterSetRef)(uintptr_t)set,
					   CFRangeMake('d', 1));
	CFCharacterSetInvert((CFMutableCharacterSetRef)(uintptr_t)set);
	test_true(!CFCharacterSetIsCharacterMember(set, 'd'));
	test_true(CFCharacterSetIsCharacterMember(set, 'b'));
	test_true(CFCharacterSetCreateWithCharactersInString(NULL, NULL) == NULL);
	CFRelease(copy);
	CFRelease(set);
}

TEST_MAIN
