// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <unistd.h>

#include "cf_test.h"

#include <CoreFoundation/CFNumber.h>

/* What SHOW writes to standard error. */
static const char *shown(void (*show)(CFTypeRef), CFTypeRef object)
{
	static char text[256];
	int ends[2], saved = dup(2);
	ssize_t n;

	test_equal(pipe(ends), 0);
	fflush(stderr);
	dup2(ends[1], 2);
	show(object);
	fflush(stderr);
	dup2(saved, 2);
	close(ends[1]);
	close(saved);
	n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	test_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void show_string(CFTypeRef string)
{
	CFShowStr(string);
}

TEST(show_writes_to_standard_error)
{
	CFStringRef wide = make("gr\303\274n");

	test_equal_text(shown(CFShow, CFSTR("plain")), "plain\n");
	test_equal_text(shown(CFShow, wide), "gr\303\274n\n");
	test_equal_text(shown(CFShow, NULL), "(null)\n");
	test_equal_text(shown(CFShow, kCFBooleanTrue), "true\n");
	test_equal_text(shown(show_string, wide),
			"Length 4\nIsEightBit 0\nMutable 0\nContents \"gr\303\274n\"\n");
	CFRelease(wide);
}

TEST(array_in_itself_is_described_to_a_depth)
{
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, NULL);
	CFMutableArrayRef b = CFArrayCreateMutable(
		NULL, 0, &(CFArrayCallBacks){ .copyDescription = CFCopyDescription });
	CFStringRef text;

	CFArrayAppendValue(b, b);
	text = CFCopyDescription(b);
	test_true(CFStringFind(text, CFSTR("..."), 0).location != kCFNotFound);
	CFRelease(text);
	text = CFCopyDescription(a);
	test_equal_text(text_of(text), "()");
	CFRelease(text);
	CFRelease(a);
	CFRelease(b);
}

TEST_MAIN
