// SPDX-License-Identifier: MIT
/* Our binary lists against libplist's reader and writer. */
#include <plist/plist.h>
#include <stdio.h>

#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFPropertyList.h>

/* A list of a few hundred values, without dates (which libplist cuts) and negative numbers. */
static CFArrayRef make_random(uint32_t *seed)
{
	CFMutableArrayRef list = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (int i = 0; i < 300; i++) {
		long integer = (long)(random_number(seed) >> random_number(seed) % 24);
		CFMutableDictionaryRef d = CFDictionaryCreateMutable(
			NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
		CFStringRef s =
			CFStringCreateWithFormat(NULL, NULL, CFSTR("%*s%C"), (int)(integer % 40),
						 "", (int)(i % 2 ? 'x' : 0x3b1));
		CFNumberRef n = CFNumberCreate(NULL, kCFNumberLongType, &integer);
		CFDataRef data = CFDataCreate(NULL, (const UInt8 *)&integer, integer % 8);

		CFDictionarySetValue(d, CFSTR("string"), s);
		CFDictionarySetValue(d, CFSTR("number"), n);
		CFDictionarySetValue(d, CFSTR("data"), data);
		CFDictionarySetValue(d, s, integer % 2 ? kCFBooleanTrue : kCFBooleanFalse);
		CFArrayAppendValue(list, d);
		CFRelease(d);
		CFRelease(s);
		CFRelease(n);
		CFRelease(data);
	}
	return list;
}

TEST(libplist_reads_what_we_write_and_the_reverse)
{
	uint32_t seed = 17;
	CFArrayRef list = make_random(&seed), back;
	CFDataRef ours =
		CFPropertyListCreateData(NULL, list, kCFPropertyListBinaryFormat_v1_0, 0, NULL);
	CFDataRef theirs;
	plist_t tree = NULL;
	char *bytes = NULL;
	uint32_t n = 0;

	plist_from_bin((const char *)CFDataGetBytePtr(ours), (uint32_t)CFDataGetLength(ours),
		       &tree);
	test_true(tree != NULL);
	test_equal(plist_array_get_size(tree), 300);
	plist_to_bin(tree, &bytes, &n);
	theirs = CFDataCreate(NULL, (const UInt8 *)bytes, n);
	back = CFPropertyListCreateWithData(NULL, theirs, 0, NULL, NULL);
	test_true(back != NULL);
	test_true(CFEqual(list, back));
	plist_to_bin_free(bytes);
	plist_free(tree);
	CFRelease(list);
	CFRelease(back);
	CFRelease(ours);
	CFRelease(theirs);
}

TEST(strings_keep_their_nul_and_reals_their_bits)
{
	static const UniChar units[] = { 'a', 0, 'b', 0xd800 };
	CFStringRef s = CFStringCreateWithCharacters(NULL, units, 4);
	double real = 0.1;
	CFNumberRef n = CFNumberCreate(NULL, kCFNumberDoubleType, &real);
	const void *values[] = { s, n, s };
	CFArrayRef list = CFArrayCreate(NULL, values, 3, &kCFTypeArrayCallBacks);
	CFDataRef data =
		CFPropertyListCreateData(NULL, list, kCFPropertyListBinaryFormat_v1_0, 0, NULL);
	CFTypeRef back = CFPropertyListCreateWithData(NULL, data, 0, NULL, NULL);

	test_true(CFEqual(list, back));
	CFRelease(s);
	CFRelease(n);
	CFRelease(list);
	CFRelease(data);
	CFRelease(back);
}

TEST_MAIN
