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
		if (iana)
			test_equal(CFStringConvertIANACharSetNameToEncoding(iana), *e);
		test_equal(CFStringConvertNSStringEncodingToEncoding(
				   CFStringConvertEncodingToNSStringEncoding(*e)),
			   *e);
		test_equal_text(text_of(back), "ascii");
		CFRelease(data);
		CFRelease(back);
	}
	test_true(!CFStringIsEncodingAvailable(0x4242));
	test_true(CFStringGetNameOfEncoding(0x4242) == NULL);
	test_equal(CFStringConvertIANACharSetNameToEncoding(CFSTR("none")),
		   kCFStringEncodingInvalidId);
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

TEST(numbers_of_other_worlds)
{
	test_equal(CFStringConvertEncodingToNSStringEncoding(kCFStringEncodingUTF8), 4);
	test_equal(CFStringConvertEncodingToNSStringEncoding(kCFStringEncodingMacRoman), 30);
	test_equal(CFStringConvertNSStringEncodingToEncoding(10), kCFStringEncodingUTF16);
	test_equal(CFStringConvertNSStringEncodingToEncoding(999), kCFStringEncodingInvalidId);
	test_equal(CFStringConvertEncodingToWindowsCodepage(kCFStringEncodingUTF8), 65001);
	test_equal(CFStringConvertWindowsCodepageToEncoding(1252), kCFStringEncodingWindowsLatin1);
	test_equal(CFStringConvertWindowsCodepageToEncoding(0), kCFStringEncodingInvalidId);
	test_equal(CFStringConvertIANACharSetNameToEncoding(CFSTR("Latin1")),
		   kCFStringEncodingISOLatin1);
	test_equal(CFStringGetMostCompatibleMacStringEncoding(kCFStringEncodingUTF8),
		   kCFStringEncodingMacRoman);
	test_equal(CFStringGetSystemEncoding(), kCFStringEncodingUTF8);
}

TEST_MAIN
