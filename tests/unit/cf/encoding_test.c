// SPDX-License-Identifier: MIT
#include "cf_test.h"

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
						      kCFStringEncodingWindowsLatin1,
						      kCFStringEncodingNextStepLatin };
	int missing = 0;

	for (int e = 0; e < 4; e++) {
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
	test_equal(missing, 7); /* five in Windows Latin 1, two in NextStep */
}

TEST(ascii_without_loss)
{
	CFStringRef s = make("a\\\303\251\342\202\254\360\237\230\200"), back;
	char text[64];

	test_true(CFStringGetCString(s, text, sizeof(text), kCFStringEncodingNonLossyASCII));
	test_equal_text(text, "a\\\\\\351\\u20ac\\ud83d\\ude00");
	back = CFStringCreateWithCString(NULL, text, kCFStringEncodingNonLossyASCII);
	test_true(CFEqual(s, back));
	test_true(CFStringCreateWithCString(NULL, "\\u12", kCFStringEncodingNonLossyASCII) == NULL);
	test_true(CFStringCreateWithCString(NULL, "\\", kCFStringEncodingNonLossyASCII) == NULL);
	test_true(CFStringCreateWithCString(NULL, "\\9", kCFStringEncodingNonLossyASCII) == NULL);
	CFRelease(s);
	CFRelease(back);
}

TEST_MAIN
