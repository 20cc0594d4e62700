// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cf_test.h"

#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFPropertyList.h>

static CFTypeRef parse_bytes(const void *bytes, size_t n, CFOptionFlags options, CFErrorRef *error)
{
	CFDataRef data = CFDataCreate(NULL, bytes, (CFIndex)n);
	CFTypeRef list = CFPropertyListCreateWithData(NULL, data, options, NULL, error);

	CFRelease(data);
	return list;
}

static CFTypeRef parse(const char *text)
{
	return parse_bytes(text, strlen(text), 0, NULL);
}

/* { array = (1, -1, 2.5, true, "x"); data; date; dict = {...}; text } */
static CFDictionaryRef make_sample(void)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	long integers[] = { 1, -1, 255, 65536, INT64_MAX, INT64_MIN };
	double real = 2.5;
	CFNumberRef n = CFNumberCreate(NULL, kCFNumberDoubleType, &real);
	CFDataRef data =
		CFDataCreate(NULL, (const UInt8 *)"\0\1\2\3 bytes of some length that wrap", 35);
	CFDateRef date = CFDateCreate(NULL, 63113904000.0);
	CFMutableDictionaryRef inner = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	CFArrayAppendValue(a, n);
	CFRelease(n);
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		n = CFNumberCreate(NULL, kCFNumberLongType, &integers[i]);
		CFArrayAppendValue(a, n);
		CFRelease(n);
	}
	CFArrayAppendValue(a, kCFBooleanTrue);
	CFArrayAppendValue(a, kCFBooleanFalse);
	CFArrayAppendValue(a, CFSTR("x"));
	CFDictionarySetValue(inner, CFSTR("x"), CFSTR("<&> \303\274\360\237\230\200"));
	CFDictionarySetValue(inner, CFSTR("empty"), CFSTR(""));
	CFDictionarySetValue(d, CFSTR("text"),
			     CFSTR("a longer text of more than fifteen characters"));
	CFDictionarySetValue(d, CFSTR("inner"), inner);
	CFDictionarySetValue(d, CFSTR("array"), a);
	CFDictionarySetValue(d, CFSTR("data"), data);
	CFDictionarySetValue(d, CFSTR("date"), date);
	CFRelease(a);
	CFRelease(data);
	CFRelease(date);
	CFRelease(inner);
	return d;
}

TEST(lists_survive_both_formats)
{
	static const CFPropertyListFormat formats[] = { kCFPropertyListXMLFormat_v1_0,
							kCFPropertyListBinaryFormat_v1_0 };
	CFDictionaryRef list = make_sample();

	test_true(CFPropertyListIsValid(list, kCFPropertyListXMLFormat_v1_0));
	for (int f = 0; f < 2; f++) {
		CFDataRef data = CFPropertyListCreateData(NULL, list, formats[f], 0, NULL);
		CFPropertyListFormat found = 0;
		CFTypeRef back = CFPropertyListCreateWithData(NULL, data, 0, &found, NULL);

		test_true(back != NULL);
		test_true(CFEqual(list, back));
		test_equal(found, formats[f]);
		CFRelease(data);
		CFRelease(back);
	}
	CFRelease(list);
}

TEST(xml_has_the_layout_of_macos)
{
	static const char expected[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		"<plist "
		"version=\"1.0\">\n<dict>\n\t<key>a</key>\n\t<array>\n\t\t<integer>7</integer>\n"
		"\t\t<data>\n\t\tAP8=\n\t\t</data>\n\t</array>\n\t<key>b</key>\n\t<dict/>\n"
		"\t<key>c</key>\n\t<string>&lt;&amp;&gt;\"</string>\n"
		"\t<key>d</key>\n\t<date>2001-01-01T00:00:00Z</date>\n"
		"\t<key>e</key>\n\t<true/>\n\t<key>f</key>\n\t<real>0.5</real>\n</dict>\n</"
		"plist>\n";
	CFTypeRef list =
		parse("{ f = x; e = x; d = x; c = \"<&>\\\"\"; b = {}; a = (x, <00ff>); }");
	CFMutableDictionaryRef d = CFDictionaryCreateMutableCopy(NULL, 0, list);
	CFMutableArrayRef a =
		CFArrayCreateMutableCopy(NULL, 0, CFDictionaryGetValue(d, CFSTR("a")));
	CFDateRef epoch = CFDateCreate(NULL, 0);
	double half = 0.5;
	int seven = 7;
	CFNumberRef real = CFNumberCreate(NULL, kCFNumberDoubleType, &half);
	CFNumberRef integer = CFNumberCreate(NULL, kCFNumberIntType, &seven);
	CFDataRef data;

	CFArraySetValueAtIndex(a, 0, integer);
	CFDictionarySetValue(d, CFSTR("a"), a);
	CFDictionarySetValue(d, CFSTR("d"), epoch);
	CFDictionarySetValue(d, CFSTR("e"), kCFBooleanTrue);
	CFDictionarySetValue(d, CFSTR("f"), real);
	data = CFPropertyListCreateXMLData(NULL, d);
	test_equal(CFDataGetLength(data), sizeof(expected) - 1);
	test_true(!memcmp(CFDataGetBytePtr(data), expected, sizeof(expected) - 1));
	CFRelease(data);
	CFRelease(d);
	CFRelease(a);
	CFRelease(epoch);
	CFRelease(real);
	CFRelease(integer);
	CFRelease(list);
}

TEST(mutability_is_as_asked_for)
{
	static const char xml[] =
		"<plist><dict><key>k</key><array><string>s</string></array></dict></plist>";

	for (CFOptionFlags options = 0; options <= 2; options++) {
		CFTypeRef list = parse_bytes(xml, strlen(xml), options, NULL);
		CFMutableArrayRef array;
		CFMutableStringRef text;

		test_true(list != NULL);
		array = (CFMutableArrayRef)CFDictionaryGetValue(list, CFSTR("k"));
		CFArrayAppendValue(array, CFSTR("more"));
		test_equal(CFArrayGetCount(array), options ? 2 : 1);
		text = (CFMutableStringRef)CFArrayGetValueAtIndex(array, 0);
		CFStringAppend(text, CFSTR("!"));
		test_equal_text(text_of(text), options == 2 ? "s!" : "s");
		CFRelease(list);
	}
}

TEST(deep_copy_shares_no_container)
{
	CFDictionaryRef list = make_sample();
	CFDictionaryRef copy =
		CFPropertyListCreateDeepCopy(NULL, list, kCFPropertyListMutableContainers);

	test_true(CFEqual(list, copy));
	CFArrayRemoveAllValues((CFMutableArrayRef)CFDictionaryGetValue(copy, CFSTR("array")));
	test_equal(CFArrayGetCount(CFDictionaryGetValue(list, CFSTR("array"))), 10);
	test_true(CFPropertyListCreateDeepCopy(NULL, kCFNull, 0) == NULL);
	CFRelease(copy);
	CFRelease(list);
}

TEST(what_is_no_list_is_refused)
{
	static const char *const bad[] = {
		"",
		" ",
		"<plist>",
		"<plist></plist>",
		"<plist><dict></plist>",
		"<plist><foo/></plist>",
		"<plist><dict><key>a</key></dict></plist>x",
		"<plist><array></dict></array></plist>",
		"<plist><date>yesterday</date></plist>",
		"<plist><integer>x</integer></plist>",
		"<plist><real/></plist>",
		"<plist><real></real></plist>",
		"<plist><dict><string>a</string><true/></dict></plist>",
		"<plist><dict><key>a</key></dict></plist>",
		"<plist><dict><key>a</key><key>b</key><true/></dict></plist>",
		"<plist><array><key>a</key></array></plist>",
		"<plist><key>a</key></plist>",
		"<key>a</key>",
		"<plist><true/><false/></plist>",
		"<plist><string><true/></string></plist>",
		"<plist><dict><plist></plist></dict></plist>",
		"bplist00",
		"bplist99xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"{ a = ",
		"( a, b",
		"{ a b }",
		"\"open",
		"<0g>",
		"<plist><string>\xff</string></plist>",
		"<!DOCTYPE plist [<!ENTITY a \"b\">]><plist><string>&a;</string></plist>",
		"<",
		"<?xml",
		"<plist><string>a</string></plist><plist><string>a</string></plist>",
		"a b",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CFErrorRef error = NULL;
		CFTypeRef list = parse_bytes(bad[i], strlen(bad[i]), 0, &error);

		if (list)
			test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
		test_true(error != NULL);
		test_equal(CFErrorGetCode(error), kCFPropertyListReadCorruptError);
		test_true(CFEqual(CFErrorGetDomain(error), kCFErrorDomainCocoa));
		CFRelease(error);
	}
	test_true(CFPropertyListCreateWithData(NULL, NULL, 0, NULL, NULL) == NULL);
	test_true(CFPropertyListCreateXMLData(NULL, kCFNull) == NULL);
	test_true(!CFPropertyListIsValid(NULL, kCFPropertyListXMLFormat_v1_0));
}

TEST(error_names_the_line)
{
	CFStringRef text = NULL;
	static const char xml[] = "<plist>\n<dict>\n</array>\n</plist>";
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)xml, sizeof(xml) - 1);

	test_true(CFPropertyListCreateFromXMLData(NULL, data, 0, &text) == NULL);
	test_equal_text(text_of(text), "A closing tag that does not match on line 3");
	CFRelease(text);
	CFRelease(data);
}

/* Any prefix and any changed byte gives a list or NULL, never a crash or a leak. */
static void damage(CFDataRef whole)
{
	size_t n = (size_t)CFDataGetLength(whole), step = test_is_slow() ? 7 : 1;
	uint8_t *copy = malloc(n);
	uint32_t seed = 11;

	for (size_t i = 0; i < n; i += step)
		cf_drop(parse_bytes(memcpy(copy, CFDataGetBytePtr(whole), n), i, 0, NULL));
	for (size_t i = 0; i < n * 4; i += step) {
		memcpy(copy, CFDataGetBytePtr(whole), n);
		copy[i % n] ^= (uint8_t)(1 + random_number(&seed) % 255);
		cf_drop(parse_bytes(copy, n, 0, NULL));
	}
	free(copy);
}

TEST(damaged_lists_do_no_harm)
{
	CFDictionaryRef list = make_sample();
	CFDataRef xml = CFPropertyListCreateXMLData(NULL, list);
	CFDataRef binary =
		CFPropertyListCreateData(NULL, list, kCFPropertyListBinaryFormat_v1_0, 0, NULL);

	damage(xml);
	damage(binary);
	CFRelease(xml);
	CFRelease(binary);
	CFRelease(list);
}

/* A text of N entities and the list that it is. */
static CFTypeRef parse_entities(size_t n, CFErrorRef *error)
{
	static const char begin[] = "<plist><string>", end[] = "</string></plist>";
	char *text = malloc(5 * n + 64), *at = stpcpy(text, begin);

	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, "&amp;");
	at = stpcpy(at, end);
	CFTypeRef list = parse_bytes(text, (size_t)(at - text), 0, error);
	free(text);
	return list;
}

TEST(entities_take_no_more_than_a_moment)
{
	CFErrorRef error = NULL;
	CFTypeRef list = parse_entities(20000, NULL);

	test_true(list != NULL);
	test_equal(CFStringGetLength(list), 20000);
	CFRelease(list);
	/* It would be read for a minute. */
	test_true(!parse_entities(1000000, &error));
	test_true(error != NULL);
	CFRelease(error);
}

/* A list of one dictionary with N keys, of 34 letters each, which NAME makes of a number. */
static CFTypeRef parse_many(unsigned n, void (*name)(char *at, unsigned i))
{
	char *text = malloc(64 * (size_t)n + 64), *at = stpcpy(text, "<plist><dict>");

	for (unsigned i = 0; i < n; i++) {
		at = stpcpy(at, "<key>");
		name(at, i);
		at = stpcpy(at + 34, "</key><true/>");
	}
	at = stpcpy(at, "</dict></plist>");
	CFTypeRef list = parse_bytes(text, (size_t)(at - text), 0, NULL);
	free(text);
	return list;
}

/* In many tables these words all have the same place. */
static void name_alike(char *at, unsigned i)
{
	for (int bit = 0; bit < 17; bit++)
		memcpy(at + 2 * bit, i >> bit & 1 ? "Ez" : "FY", 2);
}

/* It would be read for minutes if each were compared with the others. */
TEST(dictionaries_with_many_keys_take_no_more_than_a_moment)
{
	unsigned n = test_is_slow() ? 1 << 12 : 1 << 17;
	CFTypeRef list = parse_many(n, name_alike);

	test_true(list != NULL);
	test_equal(CFDictionaryGetCount(list), n);
	CFRelease(list);
}

TEST(dictionaries_and_arrays_are_told_apart)
{
	static const char xml[] =
		"<plist><dict><key>a&amp;</key><array><dict/><array/><dict><key/><array>"
		"<string>x</string></array></dict></array><!-- <dict> --><key><![CDATA[<key>]]>"
		"</key><dict ><key >a</key ><true/><key>a</key><false/></dict ></dict></plist>";
	CFDictionaryRef list = parse_bytes(xml, sizeof(xml) - 1, 0, NULL);

	test_true(list && CFGetTypeID(list) == CFDictionaryGetTypeID());
	test_equal(CFDictionaryGetCount(list), 2);
	CFArrayRef array = CFDictionaryGetValue(list, CFSTR("a&"));
	test_true(array && CFGetTypeID(array) == CFArrayGetTypeID());
	test_equal(CFArrayGetCount(array), 3);
	test_true(CFGetTypeID(CFArrayGetValueAtIndex(array, 0)) == CFDictionaryGetTypeID());
	test_true(CFGetTypeID(CFArrayGetValueAtIndex(array, 1)) == CFArrayGetTypeID());
	CFDictionaryRef third = CFArrayGetValueAtIndex(array, 2);
	test_true(CFGetTypeID(third) == CFDictionaryGetTypeID());
	test_equal(CFArrayGetCount(CFDictionaryGetValue(third, CFSTR(""))), 1);
	/* Of equal keys the last one counts. */
	CFDictionaryRef last = CFDictionaryGetValue(list, CFSTR("<key>"));
	test_equal(CFDictionaryGetCount(last), 1);
	test_true(CFDictionaryGetValue(last, CFSTR("a")) == kCFBooleanFalse);
	CFRelease(list);
}

TEST(deep_nesting_is_bounded)
{
	char *text = malloc(4000000);
	size_t n = 0;

	for (int i = 0; i < 100000; i++)
		n += (size_t)sprintf(text + n, "<array>");
	for (int i = 0; i < 100000; i++)
		n += (size_t)sprintf(text + n, "</array>");
	test_true(parse_bytes(text, n, 0, NULL) == NULL);
	memset(text, '(', 100000);
	test_true(parse_bytes(text, 100000, 0, NULL) == NULL);
	free(text);
}

TEST(shared_references_cannot_expand_without_end)
{
	/* Thirty arrays, each with two references to the next: a billion values. */
	uint8_t bytes[512];
	size_t n = 8, offsets[32];

	memcpy(bytes, "bplist00", 8);
	for (int i = 0; i < 31; i++) {
		offsets[i] = n;
		bytes[n++] = i < 30 ? 0xa2 : 0x09;
		if (i < 30)
			bytes[n++] = (uint8_t)(i + 1), bytes[n++] = (uint8_t)(i + 1);
	}
	for (int i = 0; i < 31; i++)
		bytes[n + (size_t)i] = (uint8_t)offsets[i];
	memset(bytes + n + 31, 0, 32);
	bytes[n + 31 + 6] = bytes[n + 31 + 7] = 1;
	bytes[n + 31 + 15] = 31;
	bytes[n + 31 + 31] = (uint8_t)n;
	if (!test_is_slow())
		test_true(parse_bytes(bytes, n + 31 + 32, 0, NULL) == NULL);
	/* And a cycle. */
	bytes[9] = bytes[10] = 0;
	test_true(parse_bytes(bytes, n + 31 + 32, 0, NULL) == NULL);
}

TEST(old_text_format_is_read)
{
	CFTypeRef list = parse(
		"// comment\n{ a = (1, 'two', <0fbd 77>, { b = \"\\U00e4\\n\"; }); /* */ c; }");
	CFTypeRef array = CFDictionaryGetValue(list, CFSTR("a"));
	CFTypeRef strings = parse("\"k\" = \"v\";\nx = y;");

	test_equal(CFArrayGetCount(array), 4);
	test_equal(CFDataGetLength(CFArrayGetValueAtIndex(array, 2)), 3);
	test_equal_text(text_of(CFDictionaryGetValue(CFArrayGetValueAtIndex(array, 3), CFSTR("b"))),
			"\303\244\n");
	test_equal_text(text_of(CFDictionaryGetValue(list, CFSTR("c"))), "c");
	test_equal_text(text_of(CFDictionaryGetValue(strings, CFSTR("x"))), "y");
	CFRelease(list);
	CFRelease(strings);
}

TEST(xml_in_other_encodings)
{
	CFStringRef xml = make("<?xml version=\"1.0\"?><plist><string>\303\274</string></plist>");
	CFDataRef wide = CFStringCreateExternalRepresentation(NULL, xml, kCFStringEncodingUTF16, 0);
	CFTypeRef a = CFPropertyListCreateWithData(NULL, wide, 0, NULL, NULL);
	CFTypeRef b = parse("<?xml version=\"1.0\" "
			    "encoding=\"ISO-8859-1\"?><plist><string>\xfc</string></plist>");

	test_equal_text(text_of(a), "\303\274");
	test_equal_text(text_of(b), "\303\274");
	CFRelease(xml);
	CFRelease(wide);
	CFRelease(a);
	CFRelease(b);
}

/* In a process with ROOM more bytes of addresses than it has: the list, or none, and no crash. */
static _Noreturn void parse_with(const char *text, unsigned long room)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%lu", &pages) != 1)
		_exit(1);
	fclose(f);
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)text, (CFIndex)strlen(text));
	struct rlimit few = { pages * 4096 + room, pages * 4096 + room };
	setrlimit(RLIMIT_AS, &few);
	CFTypeRef list = CFPropertyListCreateWithData(NULL, data, 0, NULL, NULL);
	_exit(list && CFGetTypeID(list) != CFArrayGetTypeID());
}

TEST(a_list_that_memory_does_not_suffice_for_is_none)
{
	enum { ELEMENTS = 4000 };
	static char text[ELEMENTS * 64] = "<plist><array>";

	if (test_is_slow())
		test_skip("the sanitizer has all of the address space");
	char *at = text + strlen(text);
	for (int i = 0; i < ELEMENTS; i++)
		at += sprintf(at, "<dict><key>%d</key><integer>1</integer></dict>", i);
	strcpy(at, "</array></plist>");
	fflush(stdout);
	for (unsigned long room = 0; room < 8 << 20; room += 60 << 10) {
		int status;
		pid_t pid = fork();

		if (!pid)
			parse_with(text, room);
		test_equal(waitpid(pid, &status, 0), pid);
		test_equal(status, 0);
	}
}

TEST(streams_carry_lists)
{
	CFDictionaryRef list = make_sample();
	CFWriteStreamRef out = CFWriteStreamCreateWithAllocatedBuffers(NULL, NULL);
	CFReadStreamRef in;
	CFDataRef written;
	CFTypeRef back;
	CFIndex n;

	test_true(CFWriteStreamOpen(out));
	n = CFPropertyListWrite(list, out, kCFPropertyListBinaryFormat_v1_0, 0, NULL);
	written = CFWriteStreamCopyProperty(out, kCFStreamPropertyDataWritten);
	test_equal(CFDataGetLength(written), n);
	in = CFReadStreamCreateWithBytesNoCopy(NULL, CFDataGetBytePtr(written), n,
					       kCFAllocatorNull);
	test_true(CFReadStreamOpen(in));
	back = CFPropertyListCreateWithStream(NULL, in, 0, 0, NULL, NULL);
	test_true(CFEqual(list, back));
	CFWriteStreamClose(out);
	CFReadStreamClose(in);
	CFRelease(out);
	CFRelease(in);
	CFRelease(written);
	CFRelease(back);
	CFRelease(list);
}

TEST_MAIN
