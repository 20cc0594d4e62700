// SPDX-License-Identifier: MIT
/* Values for people and as JSON. */
#include "tools/text.h"

#include <stdlib.h>

#include "test.h"

static CFDictionaryRef sample(void)
{
	static const char bytes[] = "abcd";
	CFMutableDictionaryRef d =
		CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
					  &kCFTypeDictionaryValueCallBacks);
	CFMutableArrayRef array =
		CFArrayCreateMutable(kCFAllocatorDefault, 0, &kCFTypeArrayCallBacks);
	CFDataRef data = CFDataCreate(kCFAllocatorDefault, (const UInt8 *)bytes, 4);
	int64_t n = -5;
	CFNumberRef number = CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt64Type, &n);

	CFArrayAppendValue(array, CFSTR("quote\"d\n"));
	CFArrayAppendValue(array, kCFBooleanTrue);
	CFDictionarySetValue(d, CFSTR("b"), array);
	CFDictionarySetValue(d, CFSTR("a"), number);
	CFDictionarySetValue(d, CFSTR("c"), data);
	CFRelease(array);
	CFRelease(data);
	CFRelease(number);
	return d;
}

static void shows_as(void (*show)(FILE *, CFTypeRef), const char *expected)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	CFDictionaryRef d = sample();

	show(out, d);
	fclose(out);
	test_equal_text(text, expected);
	free(text);
	CFRelease(d);
}

static void show(FILE *out, CFTypeRef value)
{
	tools_text_show(out, value, 0);
}

TEST(json_is_sorted_and_escaped)
{
	shows_as(tools_text_json,
		 "{\"a\": -5, \"b\": [\"quote\\\"d\\u000a\", true], \"c\": \"YWJjZA==\"}");
}

TEST(text_is_indented_and_escaped)
{
	shows_as(show, "a: -5\nb:\n  quote\"d\\n\n  yes\nc: 61626364\n");
}

TEST(escaping_spares_a_terminal)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	tools_text_put_escaped(out, "\033]0;x\007\xc2\x85", 8);
	fclose(out);
	test_equal_text(text, "\\x1b]0;x\\x07\\x85");
	free(text);
}

TEST_MAIN
