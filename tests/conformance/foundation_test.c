// SPDX-License-Identifier: MIT
/* R: values of CoreFoundation as clients of IOKit use them. run_loop_test.c has the loops. */
#include <CoreFoundation/CoreFoundation.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* --- constant strings ------------------------------------------------------------ */

TEST(R01)
{
	CFStringRef a = CFSTR("x"), b = CFSTR("x");

	test_true(CFEqual(a, b));
	test_equal(CFHash(a), CFHash(b));
	for (int i = 0; i < 1000; i++)
		CFRelease(a);
	test_equal(CFStringGetLength(a), 1);
	test_true(CFRetain(b) == b);
	test_true(CFEqual(a, b));
	test_equal(CFGetTypeID(a), CFStringGetTypeID());
}

TEST(R01_equal_to_a_made_one)
{
	CFStringRef made = CFStringCreateWithCString(NULL, "IOProviderClass", 0x08000100);

	test_true(CFEqual(made, CFSTR("IOProviderClass")));
	test_equal(CFHash(made), CFHash(CFSTR("IOProviderClass")));
	CFRelease(made);
}

/* --- numbers ------------------------------------------------------------------------ */

TEST(R02)
{
	SInt32 value = 300;
	SInt8 narrow = 0;
	CFNumberRef n = CFNumberCreate(NULL, kCFNumberSInt32Type, &value);

	test_equal(CFNumberGetValue(n, kCFNumberSInt8Type, &narrow), FALSE);
	test_equal(narrow, 44);
	CFRelease(n);
}

TEST(R02_conversions_by_table)
{
	static const struct {
		double made;
		SInt32 read;
		Boolean lossless;
	} rows[] = { { 1, 1, TRUE },
		     { 1.5, 1, FALSE },
		     { -2, -2, TRUE },
		     { -2.75, -2, FALSE },
		     { 65536, 65536, TRUE },
		     { 0, 0, TRUE },
		     { 1e300, INT32_MAX, FALSE },
		     { -1e300, INT32_MIN, FALSE },
		     { 4294967296.0, INT32_MAX, FALSE } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFNumberRef n = CFNumberCreate(NULL, kCFNumberDoubleType, &rows[i].made);
		SInt32 read = 77;

		test_true(CFNumberIsFloatType(n));
		test_equal(CFNumberGetValue(n, kCFNumberSInt32Type, &read), rows[i].lossless);
		test_equal(read, rows[i].read);
		CFRelease(n);
	}
}

TEST(R03)
{
	SInt8 small = 1;
	SInt64 large = 1;
	CFNumberRef a = CFNumberCreate(NULL, kCFNumberSInt8Type, &small);
	CFNumberRef b = CFNumberCreate(NULL, kCFNumberSInt64Type, &large);

	test_true(CFEqual(a, b));
	test_equal(CFHash(a), CFHash(b));
	test_equal(CFNumberCompare(a, b, NULL), kCFCompareEqualTo);
	CFRelease(a);
	CFRelease(b);
}

TEST(R03_booleans_are_no_numbers)
{
	SInt32 one = 1;
	CFNumberRef n = CFNumberCreate(NULL, kCFNumberIntType, &one);

	test_true(CFGetTypeID(kCFBooleanTrue) != CFGetTypeID(n));
	test_true(!CFEqual(kCFBooleanTrue, n));
	test_true(CFBooleanGetValue(kCFBooleanTrue));
	test_true(!CFBooleanGetValue(kCFBooleanFalse));
	CFRelease(n);
}

/* --- strings ------------------------------------------------------------------------ */

TEST(R04)
{
	char buffer[8] = "unset";

	test_equal(CFStringGetCString(CFSTR("four"), buffer, 4, kCFStringEncodingUTF8), FALSE);
	test_equal(CFStringGetCString(CFSTR("four"), buffer, 5, kCFStringEncodingUTF8), TRUE);
	test_equal_text(buffer, "four");
}

TEST(R05_what_cannot_be_encoded_is_refused)
{
	char buffer[16];
	CFStringRef s = CFStringCreateWithCString(NULL, "gr\303\274n", kCFStringEncodingUTF8);

	test_equal(CFStringGetLength(s), 4);
	test_equal(CFStringGetCString(s, buffer, 16, kCFStringEncodingASCII), FALSE);
	test_equal(CFStringGetCString(s, buffer, 5, kCFStringEncodingUTF8), FALSE);
	test_equal(CFStringGetCString(s, buffer, 6, kCFStringEncodingUTF8), TRUE);
	test_equal_text(buffer, "gr\303\274n");
	test_equal(CFStringGetCString(s, buffer, 5, kCFStringEncodingMacRoman), TRUE);
	test_equal_text(buffer, "gr\237n");
	test_equal(CFStringGetCString(s, buffer, 5, kCFStringEncodingISOLatin1), TRUE);
	test_equal_text(buffer, "gr\374n");
	CFRelease(s);
}

TEST(R05_invalid_bytes_make_no_string)
{
	static const struct {
		const char *bytes;
		CFStringEncoding encoding;
		bool valid;
	} rows[] = {
		{ "plain", kCFStringEncodingASCII, true },
		{ "\303\274", kCFStringEncodingUTF8, true },
		{ "\303", kCFStringEncodingUTF8, false },
		{ "\300\200", kCFStringEncodingUTF8, false },
		{ "\355\240\200", kCFStringEncodingUTF8, false },
		{ "\364\220\200\200", kCFStringEncodingUTF8, false },
		{ "\200", kCFStringEncodingASCII, false },
		{ "\200", kCFStringEncodingMacRoman, true },
		{ "\200", kCFStringEncodingISOLatin1, true },
		{ "x", 0x7777, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFStringRef s = CFStringCreateWithCString(NULL, rows[i].bytes, rows[i].encoding);

		test_equal(s != NULL, rows[i].valid);
		if (s)
			CFRelease(s);
	}
}

TEST(R05_a_pointer_to_the_text_is_optional)
{
	CFStringRef s = CFStringCreateWithFormat(NULL, NULL, CFSTR("%@-%d-%s"), CFSTR("a"), 5, "z");
	const char *direct = CFStringGetCStringPtr(s, kCFStringEncodingUTF8);
	char copy[16];

	test_true(CFStringGetCString(s, copy, sizeof(copy), kCFStringEncodingUTF8));
	test_equal_text(copy, "a-5-z");
	if (direct)
		test_equal_text(direct, copy);
	CFRelease(s);
}

/* --- containers ----------------------------------------------------------------------- */

TEST(R06)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	/* Small numbers may be shared. */
	SInt32 large = 123456789;
	CFNumberRef value = CFNumberCreate(NULL, kCFNumberIntType, &large);

	test_equal(CFGetRetainCount(value), 1);
	CFDictionarySetValue(d, CFSTR("key"), value);
	test_equal(CFGetRetainCount(value), 2);
	CFDictionarySetValue(d, CFSTR("key"), value);
	test_equal(CFGetRetainCount(value), 2);
	CFDictionaryAddValue(d, CFSTR("key"), value);
	test_equal(CFGetRetainCount(value), 2);
	CFDictionaryRemoveValue(d, CFSTR("key"));
	test_equal(CFGetRetainCount(value), 1);
	CFDictionarySetValue(d, CFSTR("key"), value);
	CFDictionaryRemoveAllValues(d);
	test_equal(CFGetRetainCount(value), 1);
	CFDictionarySetValue(d, CFSTR("key"), value);
	CFRelease(d);
	test_equal(CFGetRetainCount(value), 1);
	CFRelease(value);
}

TEST(R06_arrays_and_sets_retain_too)
{
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFMutableSetRef s = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	CFMutableArrayRef plain = CFArrayCreateMutable(NULL, 0, NULL);
	CFDateRef date = CFDateCreate(NULL, 5);

	CFArrayAppendValue(a, date);
	CFArrayAppendValue(a, date);
	CFSetAddValue(s, date);
	CFSetAddValue(s, date);
	CFArrayAppendValue(plain, date);
	test_equal(CFGetRetainCount(date), 4);
	CFArrayRemoveValueAtIndex(a, 0);
	CFSetRemoveValue(s, date);
	test_equal(CFGetRetainCount(date), 2);
	CFRelease(a);
	CFRelease(s);
	CFRelease(plain);
	test_equal(CFGetRetainCount(date), 1);
	CFRelease(date);
}

/* --- property lists ---------------------------------------------------------------------- */

static CFDictionaryRef list_new(void)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(NULL, 0,
							     &kCFTypeDictionaryKeyCallBacks,
							     &kCFTypeDictionaryValueCallBacks),
			       inner = CFDictionaryCreateMutable(NULL, 0,
								 &kCFTypeDictionaryKeyCallBacks,
								 &kCFTypeDictionaryValueCallBacks);
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)"\0\1\2\377", 4);
	CFDateRef date = CFDateCreate(NULL, 86400);
	SInt64 big = INT64_MAX;
	double real = 0.1;
	CFNumberRef integer = CFNumberCreate(NULL, kCFNumberSInt64Type, &big);
	CFNumberRef fraction = CFNumberCreate(NULL, kCFNumberDoubleType, &real);
	const void *values[] = { integer, fraction, kCFBooleanTrue, CFSTR("<&>\"'") };
	CFArrayRef array = CFArrayCreate(NULL, values, 4, &kCFTypeArrayCallBacks);

	CFDictionarySetValue(inner, CFSTR("data"), data);
	CFDictionarySetValue(inner, CFSTR("date"), date);
	CFDictionarySetValue(d, CFSTR("inner"), inner);
	CFDictionarySetValue(d, CFSTR("array"), array);
	CFDictionarySetValue(d, CFSTR(""), kCFBooleanFalse);
	CFRelease(inner);
	CFRelease(data);
	CFRelease(date);
	CFRelease(integer);
	CFRelease(fraction);
	CFRelease(array);
	return d;
}

static void survives(CFPropertyListFormat format)
{
	CFDictionaryRef list = list_new();
	CFErrorRef error = NULL;
	CFPropertyListFormat read = 0;
	CFDataRef bytes = CFPropertyListCreateData(NULL, list, format, 0, &error);
	CFPropertyListRef back;

	test_true(bytes && !error);
	back = CFPropertyListCreateWithData(NULL, bytes, 0, &read, &error);
	test_true(back && !error);
	test_equal(read, format);
	test_true(CFEqual(list, back));
	CFRelease(back);
	CFRelease(bytes);
	CFRelease(list);
}

TEST(R13)
{
	survives(kCFPropertyListXMLFormat_v1_0);
}

TEST(R14_binary_lists_survive)
{
	survives(kCFPropertyListBinaryFormat_v1_0);
}

TEST(R14_bad_lists_give_an_error)
{
	static const char *const bad[] = { "<plist><dict><key>a</key></dict></plist>",
					   "<plist><integer>x</integer></plist>", "bplist00",
					   "<plist>", "" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CFDataRef bytes =
			CFDataCreate(NULL, (const UInt8 *)bad[i], (CFIndex)strlen(bad[i]));
		CFErrorRef error = NULL;

		test_true(CFPropertyListCreateWithData(NULL, bytes, 0, NULL, &error) == NULL);
		test_true(error != NULL);
		test_true(CFEqual(CFErrorGetDomain(error), kCFErrorDomainCocoa));
		CFRelease(error);
		CFRelease(bytes);
	}
}

TEST(R14_only_property_list_types_are_written)
{
	CFUUIDRef uuid = CFUUIDCreate(NULL);
	CFErrorRef error = NULL;

	test_true(!CFPropertyListIsValid(uuid, kCFPropertyListXMLFormat_v1_0));
	test_true(!CFPropertyListCreateData(NULL, uuid, kCFPropertyListXMLFormat_v1_0, 0, &error));
	test_true(error != NULL);
	CFRelease(error);
	CFRelease(uuid);
}

static bool can_grow(CFTypeRef string)
{
	CFIndex before = CFStringGetLength((CFStringRef)string);

	CFStringAppend((CFMutableStringRef)(uintptr_t)string, CFSTR("x"));
	return CFStringGetLength((CFStringRef)string) > before;
}

TEST(R14_mutability_is_as_asked_for)
{
	static const char xml[] = "<plist><array><string>s</string></array></plist>";
	CFDataRef bytes = CFDataCreate(NULL, (const UInt8 *)xml, sizeof(xml) - 1);

	for (CFOptionFlags options = kCFPropertyListImmutable;
	     options <= kCFPropertyListMutableContainersAndLeaves; options++) {
		CFArrayRef array = CFPropertyListCreateWithData(NULL, bytes, options, NULL, NULL);

		CFArrayAppendValue((CFMutableArrayRef)(uintptr_t)array, CFSTR("more"));
		test_equal(CFArrayGetCount(array), options ? 2 : 1);
		test_equal(can_grow(CFArrayGetValueAtIndex(array, 0)),
			   options == kCFPropertyListMutableContainersAndLeaves);
		CFRelease(array);
	}
	CFRelease(bytes);
}

TEST(R14_the_older_functions)
{
	CFDictionaryRef list = list_new();
	CFDataRef xml = CFPropertyListCreateXMLData(NULL, list);
	CFStringRef problem = NULL;
	CFPropertyListRef back =
		CFPropertyListCreateFromXMLData(NULL, xml, kCFPropertyListImmutable, &problem);

	test_true(back && !problem && CFEqual(back, list));
	CFRelease(back);
	CFRelease(xml);
	CFRelease(list);
}

/* --- identifiers ---------------------------------------------------------------------------- */

TEST(R14_uuid_constants_and_text)
{
	CFUUIDRef constant =
		CFUUIDGetConstantUUIDWithBytes(NULL, 0xC2, 0x44, 0xE8, 0x58, 0x10, 0x9C, 0x11, 0xD4,
					       0x91, 0xD4, 0x00, 0x50, 0xE4, 0xC6, 0x42, 0x6F);
	CFStringRef text = CFUUIDCreateString(NULL, constant);
	CFUUIDRef parsed = CFUUIDCreateFromString(NULL, text);
	CFUUIDBytes bytes = CFUUIDGetUUIDBytes(constant);

	test_true(CFEqual(text, CFSTR("C244E858-109C-11D4-91D4-0050E4C6426F")));
	test_true(CFEqual(constant, parsed));
	test_equal(bytes.byte0, 0xC2);
	test_equal(bytes.byte15, 0x6F);
	CFRelease(parsed);
	CFRelease(text);
}

TEST_MAIN
