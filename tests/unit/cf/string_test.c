// SPDX-License-Identifier: MIT
#include "cf_test.h"

#ifdef __clang__
static CFStringRef const initialised[] = { CFSTR("static"), CFSTR("gr\303\274n \342\202\254") };

TEST(spec_9_3_constant_string_initialises_statically)
{
	CFStringRef same = make("gr\303\274n \342\202\254");

	test_equal_text(text_of(initialised[0]), "static");
	test_equal(CFStringGetLength(initialised[1]), 6);
	test_true(CFEqual(initialised[1], same));
	test_equal(CFHash(initialised[1]), CFHash(same));
	test_equal(CFGetTypeID(initialised[1]), CFStringGetTypeID());
	CFRelease(initialised[0]);
	CFRelease(same);
}
#endif

TEST(constant_strings_live_forever)
{
	CFStringRef a = CFSTR("x"), b = __CFStringMakeConstantString("x");

	test_true(CFEqual(a, b));
	test_true(b == __CFStringMakeConstantString("x"));
	test_equal(CFHash(a), CFHash(b));
	for (int i = 0; i < 10; i++)
		CFRelease(a), CFRelease(b);
	test_equal_text(text_of(b), "x");
}

TEST(c_string_needs_room_for_the_nul)
{
	char buffer[6];

	test_true(!CFStringGetCString(CFSTR("hello"), buffer, 5, kCFStringEncodingASCII));
	test_true(CFStringGetCString(CFSTR("hello"), buffer, 6, kCFStringEncodingASCII));
	test_equal_text(buffer, "hello");
	test_true(!CFStringGetCString(CFSTR("hello"), buffer, 0, kCFStringEncodingASCII));
	test_true(!CFStringGetCString(CFSTR("\303\274"), buffer, 6, kCFStringEncodingASCII));
	test_true(!CFStringGetCString(CFSTR("x"), buffer, 6, 0x12345));
	test_true(CFStringGetCString(CFSTR("\303\274"), buffer, 3, kCFStringEncodingUTF8));
	test_true(!CFStringGetCString(CFSTR("\303\274"), buffer, 2, kCFStringEncodingUTF8));
}

TEST(invalid_bytes_make_no_string)
{
	static const char *const bad[] = { "\xff",	   "\xc3",  "\xc0\x80",
					   "\xed\xa0\x80", "a\x80", "\xf4\x90\x80\x80",
					   "\xe2\x82" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		test_true(CFStringCreateWithCString(NULL, bad[i], kCFStringEncodingUTF8) == NULL);
	test_true(CFStringCreateWithCString(NULL, "\x80", kCFStringEncodingASCII) == NULL);
	test_true(CFStringCreateWithCString(NULL, NULL, kCFStringEncodingASCII) == NULL);
	test_true(CFStringCreateWithCString(NULL, "x", 0x99999) == NULL);
	test_true(CFStringCreateWithBytes(NULL, (const UInt8 *)"abc", 3, kCFStringEncodingUTF16,
					  FALSE) == NULL);
}

TEST(single_byte_encodings_map_their_upper_half)
{
	CFStringRef mac = CFStringCreateWithCString(NULL, "\x8a", kCFStringEncodingMacRoman);
	CFStringRef latin = CFStringCreateWithCString(NULL, "\xe4", kCFStringEncodingISOLatin1);
	CFStringRef euro = CFStringCreateWithCString(NULL, "\x80", kCFStringEncodingWindowsLatin1);
	char buffer[8];

	test_true(CFEqual(mac, latin));
	test_equal(CFStringGetCharacterAtIndex(euro, 0), 0x20ac);
	test_true(CFStringGetCString(euro, buffer, 8, kCFStringEncodingMacRoman));
	test_equal((unsigned char)buffer[0], 0xdb);
	test_true(!CFStringGetCString(euro, buffer, 8, kCFStringEncodingISOLatin1));
	CFRelease(mac);
	CFRelease(latin);
	CFRelease(euro);
}

static CFIndex random_units(UniChar *units, uint32_t *seed)
{
	CFIndex n = random_number(seed) % 40, i = 0;

	while (i < n) {
		uint32_t c = random_number(seed) % (random_number(seed) % 3 ? 0x300 : 0x110000);

		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c >= 0x10000) {
			units[i++] = (UniChar)(0xd7c0 + (c >> 10));
			units[i++] = (UniChar)(0xdc00 | (c & 0x3ff));
		} else {
			units[i++] = (UniChar)c;
		}
	}
	return i;
}

TEST(random_text_survives_every_unicode_encoding)
{
	static const CFStringEncoding encodings[] = {
		kCFStringEncodingUTF8,	  kCFStringEncodingUTF16, kCFStringEncodingUTF16BE,
		kCFStringEncodingUTF16LE, kCFStringEncodingUTF32, kCFStringEncodingUTF32BE,
		kCFStringEncodingUTF32LE
	};
	uint32_t seed = 1;

	for (int round = 0; round < (test_is_slow() ? 100 : 2000); round++) {
		UniChar units[64];
		CFIndex n = random_units(units, &seed);
		CFStringRef s = CFStringCreateWithCharacters(NULL, units, n);

		for (size_t e = 0; e < sizeof(encodings) / sizeof(encodings[0]); e++) {
			CFDataRef data =
				CFStringCreateExternalRepresentation(NULL, s, encodings[e], 0);
			CFStringRef back =
				CFStringCreateFromExternalRepresentation(NULL, data, encodings[e]);

			test_true(CFEqual(s, back));
			test_equal(CFHash(s), CFHash(back));
			test_true(CFDataGetLength(data) <=
				  CFStringGetMaximumSizeForEncoding(n, encodings[e]) + 4);
			CFRelease(data);
			CFRelease(back);
		}
		CFRelease(s);
	}
}

TEST(bytes_are_encoded_in_parts_with_a_loss_byte)
{
	UInt8 buffer[8];
	CFIndex used = 0;
	CFStringRef s = make("a\342\202\254b");

	test_equal(CFStringGetBytes(s, CFRangeMake(0, 3), kCFStringEncodingUTF8, 0, FALSE, buffer,
				    3, &used),
		   1);
	test_equal(used, 1);
	test_equal(CFStringGetBytes(s, CFRangeMake(0, 3), kCFStringEncodingUTF8, 0, FALSE, NULL, 0,
				    &used),
		   3);
	test_equal(used, 5);
	test_equal(CFStringGetBytes(s, CFRangeMake(0, 3), kCFStringEncodingASCII, '?', FALSE,
				    buffer, 8, &used),
		   3);
	test_true(!memcmp(buffer, "a?b", 3));
	test_equal(CFStringGetBytes(s, CFRangeMake(0, 3), kCFStringEncodingASCII, 0, FALSE, buffer,
				    8, &used),
		   1);
	CFRelease(s);
}

TEST(direct_pointers_only_where_the_storage_fits)
{
	CFStringRef narrow = make("plain"), wide = make("\303\274");
	CFStringRef cut = CFStringCreateWithBytesNoCopy(
		NULL, (const UInt8 *)"abcdef", 3, kCFStringEncodingASCII, FALSE, kCFAllocatorNull);

	test_equal_text(CFStringGetCStringPtr(narrow, kCFStringEncodingUTF8), "plain");
	test_equal_text(CFStringGetCStringPtr(narrow, kCFStringEncodingMacRoman), "plain");
	test_true(CFStringGetCStringPtr(narrow, kCFStringEncodingUTF16) == NULL);
	test_true(CFStringGetCStringPtr(wide, kCFStringEncodingUTF8) == NULL);
	test_equal(CFStringGetCharactersPtr(wide)[0], 0xfc);
	test_true(CFStringGetCharactersPtr(narrow) == NULL);
	test_true(CFStringGetCStringPtr(cut, kCFStringEncodingASCII) == NULL);
	test_equal_text(text_of(cut), "abc");
	CFRelease(narrow);
	CFRelease(wide);
	CFRelease(cut);
}

TEST(no_copy_frees_the_bytes_once)
{
	char *ascii = strdup("kept"), *wide = strdup("\303\274");
	CFStringRef a = CFStringCreateWithCStringNoCopy(NULL, ascii, kCFStringEncodingUTF8,
							kCFAllocatorMalloc);
	CFStringRef b = CFStringCreateWithCStringNoCopy(NULL, wide, kCFStringEncodingUTF8, NULL);

	test_true(CFStringGetCStringPtr(a, kCFStringEncodingUTF8) == ascii);
	test_equal_text(text_of(b), "\303\274");
	CFRelease(a);
	CFRelease(b);
}

TEST(copy_of_immutable_is_the_same_object)
{
	CFStringRef s = make("abcdef"), copy = CFStringCreateCopy(NULL, s);
	CFStringRef part = CFStringCreateWithSubstring(NULL, s, CFRangeMake(2, 3));
	UniChar units[3] = { 0 };

	test_true(copy == s);
	test_equal_text(text_of(part), "cde");
	CFStringGetCharacters(s, CFRangeMake(3, 3), units);
	test_equal(units[2], 'f');
	test_equal(CFStringGetCharacterAtIndex(s, 6), 0);
	test_equal(CFStringGetCharacterAtIndex(s, -1), 0);
	CFRelease(s);
	CFRelease(copy);
	CFRelease(part);
}

TEST(inline_buffer_reads_both_storages)
{
	CFStringRef texts[] = { make("narrow"), make("w\303\274de") };

	for (int i = 0; i < 2; i++) {
		CFStringInlineBuffer buffer;
		CFIndex n = CFStringGetLength(texts[i]);

		CFStringInitInlineBuffer(texts[i], &buffer, CFRangeMake(0, n));
		for (CFIndex k = 0; k < n; k++)
			test_equal(CFStringGetCharacterFromInlineBuffer(&buffer, k),
				   CFStringGetCharacterAtIndex(texts[i], k));
		test_equal(CFStringGetCharacterFromInlineBuffer(&buffer, n), 0);
		CFRelease(texts[i]);
	}
}

TEST(wrong_objects_are_answered_not_followed)
{
	char buffer[4];

	test_equal(CFStringGetLength(NULL), 0);
	test_equal(CFStringGetLength((CFStringRef)kCFNull), 0);
	test_true(!CFStringGetCString(NULL, buffer, 4, kCFStringEncodingUTF8));
	test_true(CFStringCreateCopy(NULL, NULL) == NULL);
	test_true(CFStringGetCStringPtr(NULL, 0) == NULL);
}

/* Keys that collide in one process must not collide in the next. */
TEST(hashes_differ_from_process_to_process)
{
	uint64_t unseeded = 0xcbf29ce484222325ull;

	for (const char *p = "IOProviderClass"; *p; p++)
		unseeded = (unseeded ^ (unsigned char)*p) * 0x100000001b3ull;
	test_true(CFHash(CFSTR("IOProviderClass")) != (CFHashCode)(unseeded ^ unseeded >> 29));
}

TEST_MAIN
