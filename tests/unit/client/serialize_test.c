// SPDX-License-Identifier: MIT
#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCFSerialize.h>
#include <IOKit/IOCFUnserialize.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static CFStringRef string(const char *text)
{
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

/* Both are released. */
static void add(CFMutableDictionaryRef dictionary, const char *key, CFTypeRef value)
{
	CFStringRef text = string(key);

	CFDictionarySetValue(dictionary, text, value);
	CFRelease(text);
	CFRelease(value);
}

static CFMutableDictionaryRef new_dictionary(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

static CFNumberRef number(CFNumberType type, int64_t value)
{
	return CFNumberCreate(NULL, type, &value);
}

/* One of everything that both forms can say. */
static CFDictionaryRef new_sample(void)
{
	CFMutableDictionaryRef all = new_dictionary(), inner = new_dictionary();
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	CFStringRef shared = string("said twice");

	CFArrayAppendValue(array, shared);
	CFArrayAppendValue(array, shared);
	CFArrayAppendValue(array, kCFBooleanFalse);
	CFSetAddValue(set, shared);
	CFRelease(shared);
	add(inner, "empty", string(""));
	add(all, "dictionary", inner);
	add(all, "nothing in it", new_dictionary());
	add(all, "array", array);
	add(all, "no members", CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks));
	add(all, "set", set);
	add(all, "small", number(kCFNumberSInt8Type, -1));
	add(all, "int", number(kCFNumberSInt32Type, 0x12345678));
	add(all, "long", number(kCFNumberSInt64Type, -0x123456789abcdef));
	add(all, "text <&>", string("1 < 2 && 3 > 2, \xc3\xa4\xe2\x82\xac"));
	for (CFIndex i = 0; i < 5; i++) {
		char key[16];

		snprintf(key, sizeof(key), "data %d", (int)i);
		add(all, key, CFDataCreate(NULL, (const UInt8 *)"\x00\xff\x10\x80", i));
	}
	add(all, "true", CFRetain(kCFBooleanTrue));
	return all;
}

static CFTypeRef read_back(CFDataRef data)
{
	CFStringRef error = (void *)1;
	CFTypeRef value = IOCFUnserializeWithSize((const char *)CFDataGetBytePtr(data),
						  (size_t)CFDataGetLength(data), NULL, 0, &error);

	test_true(value ? error == NULL : error != NULL);
	if (error)
		CFRelease(error);
	return value;
}

static void expect_round_trip(CFTypeRef value, CFOptionFlags options)
{
	CFDataRef data = IOCFSerialize(value, options);
	CFTypeRef back = data ? read_back(data) : NULL;

	test_true(back && CFEqual(back, value));
	CFRelease(back);
	CFRelease(data);
}

TEST(both_forms_come_back)
{
	CFDictionaryRef sample = new_sample();

	expect_round_trip(sample, 0);
	expect_round_trip(sample, kIOCFSerializeToBinary);
	expect_round_trip(kCFBooleanTrue, 0);
	expect_round_trip(kCFBooleanFalse, kIOCFSerializeToBinary);
	CFRelease(sample);
}

static void expect_bytes(CFTypeRef value, CFOptionFlags options, const void *bytes, size_t n)
{
	CFDataRef data = IOCFSerialize(value, options);

	test_true(data != NULL);
	test_equal(CFDataGetLength(data), n);
	test_true(!memcmp(CFDataGetBytePtr(data), bytes, n));
	CFRelease(data);
}

TEST(the_binary_form)
{
	static const UInt8 expected[] = {
		0xd3, 0,    0,	  0,	1,    0,    0,	  0x81, /* dictionary of one, last */
		2,    0,    0,	  8,	'k',  0,    0,	  0,	/* key */
		3,    0,    0,	  0x82,				/* array of three, last */
		32,   0,    0,	  4,	0xfe, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, /* -2 in 32 bits */
		1,    0,    0,	  0x0b, /* true */
		3,    0,    0,	  0x8c, /* the number again, last */
	};
	CFMutableDictionaryRef dictionary = new_dictionary();
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFNumberRef two = number(kCFNumberSInt32Type, -2);

	CFArrayAppendValue(array, two);
	CFArrayAppendValue(array, kCFBooleanTrue);
	CFArrayAppendValue(array, two);
	add(dictionary, "k", array);
	expect_bytes(dictionary, kIOCFSerializeToBinary, expected, sizeof(expected));
	CFRelease(two);
	CFRelease(dictionary);
}

TEST(the_xml_form)
{
	static const char expected[] =
		"<array><string ID=\"0\">a&amp;b</string><string IDREF=\"0\"/>"
		"<integer size=\"32\">0x2a</integer><data>AQI=</data><true/></array>";
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFTypeRef values[] = { string("a&b"), number(kCFNumberSInt32Type, 42),
			       CFDataCreate(NULL, (const UInt8 *)"\1\2", 2) };

	CFArrayAppendValue(array, values[0]);
	CFArrayAppendValue(array, values[0]);
	CFArrayAppendValue(array, values[1]);
	CFArrayAppendValue(array, values[2]);
	CFArrayAppendValue(array, kCFBooleanTrue);
	expect_bytes(array, 0, expected, sizeof(expected));
	for (int i = 0; i < 3; i++)
		CFRelease(values[i]);
	CFRelease(array);
}

TEST(numbers)
{
	double real = 2.5;
	float single = 1.5f;
	CFNumberRef numbers[] = { CFNumberCreate(NULL, kCFNumberDoubleType, &real),
				  CFNumberCreate(NULL, kCFNumberFloatType, &single) };

	for (int i = 0; i < 2; i++) {
		CFDataRef data = IOCFSerialize(numbers[i], kIOCFSerializeToBinary);
		CFNumberRef back = read_back(data);

		test_true(CFEqual(back, numbers[i]) && CFNumberIsFloatType(back));
		test_equal(CFNumberGetByteSize(back), i ? 4 : 8);
		/* XML has no fractions. */
		test_true(IOCFSerialize(numbers[i], 0) == NULL);
		CFRelease(back);
		CFRelease(data);
		CFRelease(numbers[i]);
	}
}

static CFTypeRef read_xml(const char *text)
{
	CFStringRef error = NULL;
	CFTypeRef value = IOCFUnserialize(text, NULL, 0, &error);

	test_true(value ? error == NULL : error != NULL);
	if (error)
		CFRelease(error);
	return value;
}

static void expect_number(const char *text, int64_t expected, CFIndex size)
{
	CFNumberRef back = read_xml(text);
	int64_t value = 0;

	test_true(back != NULL);
	test_true(CFNumberGetValue(back, kCFNumberSInt64Type, &value));
	test_equal(value, expected);
	test_equal(CFNumberGetByteSize(back), size);
	CFRelease(back);
}

TEST(integers_in_xml)
{
	expect_number("<integer size=\"32\">0xffffffff</integer>", -1, 4);
	expect_number("<integer size=\"64\">0xffffffff</integer>", 0xffffffffll, 8);
	expect_number("<integer> -12</integer>", -12, 8);
	expect_number("<integer size=\"8\">0x7f</integer>", 127, 4);
}

TEST(what_xml_may_hold_besides)
{
	CFTypeRef value =
		read_xml("<?xml version=\"1.0\"?>\n<!DOCTYPE plist PUBLIC \"a\" \"b\">\n"
			 "<!-- a - comment -- > not yet --><plist version=\"1.0\">\n"
			 "<dict>\n<key>a</key>\t<data format=\"hex\">00 ff\n1</data>"
			 "<key>b</key><array/><key>c</key><false></false></dict></plist>");
	CFDataRef data;

	test_true(value && CFGetTypeID(value) == CFDictionaryGetTypeID());
	test_equal(CFDictionaryGetCount(value), 3);
	data = CFDictionaryGetValue(value, CFSTR("a"));
	test_equal(CFDataGetLength(data), 2);
	test_equal(CFDataGetBytePtr(data)[1], 0xff);
	test_true(CFDictionaryGetValue(value, CFSTR("c")) == kCFBooleanFalse);
	/* Collections can be changed. */
	CFDictionaryRemoveAllValues((CFMutableDictionaryRef)value);
	CFRelease(value);
}

TEST(texts_that_are_none)
{
	static const char *const texts[] = {
		"",
		" ",
		"<",
		"<dict",
		"<dict>",
		"<dict></array>",
		"<dict><key>a</key></dict>",
		"<dict><string>a</string><true/></dict>",
		"<array><key>a</key></array>",
		"<string>a",
		"<string>&auml;</string>",
		"<integer/>",
		"<integer>x</integer>",
		"<integer>1</string>",
		"<data>*</data>",
		"<real>1</real>",
		"</array>",
		"text",
		"<string IDREF=\"1\"/>",
		"<array ID=\"1\"><array IDREF=\"1\"/></array>",
		"<string IDREF=\"1\">a</string>",
		"<array a=b/>",
		"<array a=\"b/>",
		"<key>a</key>",
		"<!-- ",
		"<?xml",
		"<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		test_true(read_xml(texts[i]) == NULL);
	test_true(IOCFUnserialize(NULL, NULL, 0, NULL) == NULL);
	test_true(IOCFUnserialize("<", NULL, 0, NULL) == NULL);
	/* The size counts the end. */
	test_true(IOCFUnserializeWithSize("<true/>", 7, NULL, 0, NULL) == NULL);
	test_true(IOCFUnserializeWithSize("<true/>", 8, NULL, 0, NULL) == kCFBooleanTrue);
}

#define BINARY(...) ((const UInt8[]){ 0xd3, 0, 0, 0, __VA_ARGS__ })

static void expect_refused(const UInt8 *bytes, size_t n)
{
	CFStringRef error = NULL;

	test_true(IOCFUnserializeBinary((const char *)bytes, n, NULL, 0, &error) == NULL);
	test_true(error != NULL);
	CFRelease(error);
}

TEST(bytes_that_are_none)
{
	CFDictionaryRef sample = new_sample();
	CFDataRef data = IOCFSerialize(sample, kIOCFSerializeToBinary);

	/* Nothing that ends too early, wherever it is cut. */
	for (CFIndex n = 0; n < CFDataGetLength(data); n++)
		expect_refused(CFDataGetBytePtr(data), (size_t)n);
	CFRelease(data);
	CFRelease(sample);
	expect_refused(BINARY(0, 0, 0, 0x8c), 8);		  /* refers to itself */
	expect_refused(BINARY(1, 0, 0, 0x82, 0, 0, 0, 0x8c), 12); /* array in itself */
	expect_refused(BINARY(5, 0, 0, 0x8c), 8);		  /* to nothing */
	expect_refused(BINARY(0xff, 0xff, 0xff, 0x8a), 8);	  /* data of 16 MiB */
	expect_refused(BINARY(1, 0, 0, 0x88, 'a', 0, 0, 0), 12);  /* key without its end */
	expect_refused(BINARY(0, 0, 0, 0x8d), 8);		  /* no such type */
	expect_refused(BINARY(0, 0, 0, 0x80), 8);
	expect_refused(BINARY(1, 0, 0, 0x81, 1, 0, 0, 0x0b), 12); /* key that is no string */
	expect_refused(BINARY(1, 0, 0, 0x81, 0, 0, 0, 0x89), 12); /* key without a value */
	test_true(IOCFUnserializeBinary(NULL, 8, NULL, 0, NULL) == NULL);
}

TEST(the_indexed_form)
{
	static const UInt8 bytes[] = {
		0xd4, 0, 0, 0,	  2,   0, 0, 0x82, 0, 0, 0, 0, /* array of two, its size */
		1,    0, 0, 9,	  'a', 0, 0, 0,		       /* at word 3 */
		3,    0, 0, 0x8c,
	};
	CFArrayRef array =
		IOCFUnserializeWithSize((const char *)bytes, sizeof(bytes), NULL, 0, NULL);

	test_true(array && CFArrayGetCount(array) == 2);
	test_true(CFArrayGetValueAtIndex(array, 0) == CFArrayGetValueAtIndex(array, 1));
	CFRelease(array);
}

/* LEVELS arrays around a value. */
static CFTypeRef nest(int levels)
{
	CFTypeRef value = CFRetain(kCFBooleanTrue);

	while (levels-- > 0) {
		CFTypeRef outer = CFArrayCreate(NULL, &value, 1, &kCFTypeArrayCallBacks);

		CFRelease(value);
		value = outer;
	}
	return value;
}

TEST(depth)
{
	CFTypeRef value = nest(500);

	expect_round_trip(value, 0);
	expect_round_trip(value, kIOCFSerializeToBinary);
	CFRelease(value);
	value = nest(600);
	test_true(IOCFSerialize(value, 0) == NULL);
	test_true(IOCFSerialize(value, kIOCFSerializeToBinary) == NULL);
	CFRelease(value);
	char *text = malloc(9 * 100000 + 1);
	for (int i = 0; i < 100000; i++)
		memcpy(text + 7 * i, "<array>", 8);
	test_true(read_xml(text) == NULL);
	free(text);
}

TEST(references_that_grow_without_end)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "<array><array ID=\"0\"><true/></array>");

	/* Each has the one before twice: 2^40 values in a few bytes. */
	for (int i = 1; i < 40; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "<array ID=\"%d\"><array IDREF=\"%d\"/><array IDREF=\"%d\"/></array>",
			      i, i - 1, i - 1);
	snprintf(text + n, sizeof(text) - (size_t)n, "</array>");
	test_true(read_xml(text) == NULL);
}

TEST(a_text_with_nul)
{
	CFStringRef text = CFStringCreateWithBytes(NULL, (const UInt8 *)"a\0b", 3,
						   kCFStringEncodingASCII, FALSE);

	test_true(IOCFSerialize(text, 0) == NULL);
	expect_round_trip(text, kIOCFSerializeToBinary);
	CFRelease(text);
}

TEST(other_objects)
{
	CFDateRef date = CFDateCreate(NULL, 0);

	for (CFOptionFlags options = 0; options < 2; options++) {
		CFDataRef data = IOCFSerialize(date, options);
		CFStringRef text = read_back(data);

		test_true(text && CFGetTypeID(text) == CFStringGetTypeID());
		test_true(CFStringHasSuffix(text, CFSTR("not serializable</string>")));
		CFRelease(text);
		CFRelease(data);
	}
	CFRelease(date);
	test_true(IOCFSerialize(NULL, 0) == NULL);
	test_true(IOCFSerialize(kCFBooleanTrue, 2) == NULL);
}

TEST(an_array_in_itself)
{
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, NULL);

	CFArrayAppendValue(array, array);
	for (CFOptionFlags options = 0; options < 2; options++) {
		CFDataRef data = IOCFSerialize(array, options);

		test_true(data != NULL);
		test_true(read_back(data) == NULL);
		CFRelease(data);
	}
	CFRelease(array);
}

TEST(strings_that_are_no_utf8)
{
	CFStringRef text = read_xml("<string>caf\x8e</string>"), expected = string("caf\xc3\xa9");

	test_true(text && CFEqual(text, expected));
	CFRelease(expected);
	CFRelease(text);
}

TEST_MAIN
