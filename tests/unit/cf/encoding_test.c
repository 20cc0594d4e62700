// SPDX-License-Identifier: MIT
#include "cf_test.h"

TEST(every_listed_encoding_has_a_name_and_carries_ascii)
{
	const CFStringEncoding *e = CFStringGetListOfAvailableEncodings();

	for (; *e != kCFStringEncodingInvalidId; e++) {
		CFStringRef iana = CFStringConvertEncodingToIANACharSetName(*e);
		CFDataRef data = CFStringCreateExternalRepresentation(NULL, CFSTR("ascii"), *e, 0);
		CFStringRef back = CFStringCreateFromExternalRepresentation(NULL, data, *e);

		test_true(CFStringIsEncodingAvailable(*e));
		test_true(CFStringGetNameOfEncoding(*e) != NULL);
		test_equal(CFStringConvertIANACharSetNameToEncoding(iana), *e);
		test_equal_text(text_of(back), "ascii");
		CFRelease(data);
		CFRelease(back);
	}
	test_true(!CFStringIsEncodingAvailable(0x4242));
	test_true(CFStringGetNameOfEncoding(0x4242) == NULL);
	test_equal(CFStringConvertIANACharSetNameToEncoding(CFSTR("none")),
		   kCFStringEncodingInvalidId);
}

TEST(byte_order_marks_decide_and_vanish)
{
	CFStringRef big = CFStringCreateWithBytes(NULL, (const UInt8 *)"\xfe\xff\0A", 4,
						  kCFStringEncodingUTF16, TRUE);
	CFStringRef utf8 = CFStringCreateWithBytes(NULL,
						   (const UInt8 *)"\xef\xbb\xbf"
								  "A",
						   4, kCFStringEncodingUTF8, TRUE);
	CFStringRef kept = CFStringCreateWithBytes(NULL,
						   (const UInt8 *)"\xef\xbb\xbf"
								  "A",
						   4, kCFStringEncodingUTF8, FALSE);

	test_equal_text(text_of(big), "A");
	test_equal_text(text_of(utf8), "A");
	test_equal(CFStringGetLength(kept), 2);
	CFRelease(big);
	CFRelease(utf8);
	CFRelease(kept);
}

TEST(all_bytes_of_one_byte_encodings_round_trip)
{
	static const CFStringEncoding encodings[] = { kCFStringEncodingMacRoman,
						      kCFStringEncodingISOLatin1,
						      kCFStringEncodingWindowsLatin1 };
	int missing = 0;

	for (int e = 0; e < 3; e++) {
		for (int b = 1; b < 256; b++) {
			char text[2] = { (char)b, 0 }, back[2];
			CFStringRef s = CFStringCreateWithCString(NULL, text, encodings[e]);

			if (!s) {
				missing++;
				continue;
			}
			test_true(CFStringGetCString(s, back, 2, encodings[e]));
			test_equal(back[0], text[0]);
			CFRelease(s);
		}
	}
	test_equal(missing, 5); /* unassigned in Windows Latin 1 */
}

TEST(maximum_sizes)
{
	test_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF8), 30);
	test_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingASCII), 10);
	test_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF16), 20);
	test_equal(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF32LE), 40);
	test_equal(CFStringGetMaximumSizeForEncoding(LONG_MAX, kCFStringEncodingUTF8), kCFNotFound);
	test_equal(CFStringGetMaximumSizeForEncoding(-1, kCFStringEncodingUTF8), kCFNotFound);
}

TEST_MAIN
