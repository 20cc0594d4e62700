// SPDX-License-Identifier: MIT
/* Values in ioreg's notation. */
#include "tools/format.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static void formats_as(CFTypeRef value, bool is_hex, const char *expected)
{
	char *text;
	size_t size;
	struct tools_line line = { .out = open_memstream(&text, &size) };

	tools_format_value(&line, value, is_hex);
	fclose(line.out);
	test_equal_text(text, expected);
	free(text);
	CFRelease(value);
}

static CFNumberRef number(int64_t value)
{
	return CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt64Type, &value);
}

static CFDataRef data(const void *bytes, size_t size)
{
	return CFDataCreate(kCFAllocatorDefault, bytes, (CFIndex)size);
}

static CFStringRef string(const char *text)
{
	return CFStringCreateWithCString(kCFAllocatorDefault, text, kCFStringEncodingUTF8);
}

TEST(scalars)
{
	formats_as(string("two words"), false, "\"two words\"");
	formats_as(string("line\nbreak"), false, "\"line\\nbreak\"");
	formats_as(number(42), false, "42");
	formats_as(number(-1), false, "18446744073709551615");
	formats_as(number(255), true, "0xff");
	formats_as(CFRetain(kCFBooleanTrue), false, "Yes");
	formats_as(CFRetain(kCFBooleanFalse), false, "No");
}

TEST(data_is_hexadecimal_unless_it_is_text)
{
	formats_as(data("\x01\x02\xff", 3), false, "<0102ff>");
	formats_as(data("", 0), false, "<>");
	formats_as(data("A", 1), false, "<41>");
	formats_as(data("model", 6), false, "<\"model\">");
	formats_as(data("model", 5), false, "<\"model\">");
	formats_as(data("one\0two", 8), false, "<\"one\",\"two\">");
	formats_as(data("padded\0\0\0", 9), false, "<706164646564000000>");
	formats_as(data("model", 6), true, "<6d6f64656c00>");
	formats_as(data("a\0\0b", 4), false, "<61000062>");
}

TEST(text_in_data_has_no_control_bytes)
{
	test_true(!tools_format_is_text((const UInt8 *)"ab\033[1m", 6, true));
	test_true(!tools_format_is_text((const UInt8 *)"abcdefghij\xc2\x9b", 12, true));
	test_true(!tools_format_is_text((const UInt8 *)"abcdefghij\xff", 11, true));
	test_true(tools_format_is_text((const UInt8 *)"abcdefghij\xc3\xa4", 12, true));
	test_true(!tools_format_is_text((const UInt8 *)"a\xc3\xa4\xc3\xa4", 5, true));
}

TEST(containers)
{
	CFTypeRef items[2] = { number(1), string("b") };
	CFTypeRef array = CFArrayCreate(kCFAllocatorDefault, items, 2, &kCFTypeArrayCallBacks);
	CFTypeRef set = CFSetCreate(kCFAllocatorDefault, items, 1, &kCFTypeSetCallBacks);
	CFStringRef key = string("key");
	CFTypeRef dictionary = CFDictionaryCreate(kCFAllocatorDefault, (const void **)&key, &array,
						  1, &kCFTypeDictionaryKeyCallBacks,
						  &kCFTypeDictionaryValueCallBacks);

	CFRelease(items[0]);
	CFRelease(items[1]);
	CFRelease(key);
	formats_as(array, false, "(1,\"b\")");
	formats_as(set, false, "[1]");
	formats_as(dictionary, false, "{\"key\"=(1,\"b\")}");
}

TEST(smart_formatting_dumps_long_data)
{
	char *text;
	size_t size;
	/* Room for 16 bytes. */
	struct tools_line line = { .out = open_memstream(&text, &size), .width = 20 + 4 * 16 };
	struct tools_branch branch = { .depth = 0 };
	CFDataRef value =
		data("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x41", 17);

	tools_line_put(&line, "k = ");
	tools_format_smart(&line, &branch, value, false);
	fclose(line.out);
	test_equal_text(text,
			"k = \n"
			"        00000000: 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 "
			"................\n"
			"        00000010: 41                                              A\n");
	free(text);
	CFRelease(value);
}

TEST(smart_formatting_knows_padded_texts)
{
	char *text;
	size_t size;
	struct tools_line line = { .out = open_memstream(&text, &size) };
	struct tools_branch branch = { .depth = 0 };
	CFDataRef value = data("padded\0\0\0\0\0\0", 12);

	tools_format_smart(&line, &branch, value, false);
	fclose(line.out);
	test_equal_text(text, "<\"padded\">\n");
	free(text);
	CFRelease(value);
}

TEST(numbers_that_are_none_have_no_notation)
{
	double half = 0.5;

	formats_as(CFNumberCreate(NULL, kCFNumberDoubleType, &half), false, "");
}

TEST_MAIN
