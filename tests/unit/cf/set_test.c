// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFSet.h>

TEST(values_are_distinct)
{
	CFMutableSetRef s = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	CFStringRef first = make("equal"), second = make("equal");

	CFSetAddValue(s, first);
	CFSetAddValue(s, second);
	test_equal(CFSetGetCount(s), 1);
	test_true(CFSetGetValue(s, second) == first);
	CFSetSetValue(s, second);
	test_true(CFSetGetValue(s, first) == second);
	test_equal(CFGetRetainCount(first), 1);
	CFSetReplaceValue(s, CFSTR("absent"));
	test_equal(CFSetGetCount(s), 1);
	CFSetRemoveValue(s, first);
	test_equal(CFSetGetCount(s), 0);
	CFRelease(first);
	CFRelease(second);
	CFRelease(s);
}

static void append(const void *value, void *context)
{
	CFStringAppend(context, value);
}

TEST(copies_and_walks)
{
	const void *values[] = { CFSTR("a"), CFSTR("b"), CFSTR("a") };
	CFSetRef s = CFSetCreate(NULL, values, 3, &kCFTypeSetCallBacks);
	CFMutableSetRef m = CFSetCreateMutableCopy(NULL, 0, s);
	CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
	const void *out[2], *found = NULL;

	test_equal(CFSetGetCount(s), 2);
	test_true(CFEqual(s, m));
	CFSetApplyFunction(s, append, text);
	test_equal_text(text_of(text), "ab");
	CFSetGetValues(s, out);
	test_true(CFEqual(out[1], CFSTR("b")));
	test_true(CFSetGetValueIfPresent(s, CFSTR("a"), &found) && CFEqual(found, CFSTR("a")));
	test_true(!CFSetContainsValue(s, CFSTR("c")) && !CFSetContainsValue(s, NULL));
	CFSetRemoveAllValues(m);
	test_true(!CFEqual(s, m));
	CFSetAddValue((CFMutableSetRef)s, CFSTR("c"));
	test_equal(CFSetGetCount(s), 2);
	CFRelease(s);
	CFRelease(m);
	CFRelease(text);
}

TEST_MAIN
