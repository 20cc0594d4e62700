// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFError.h>

TEST(description_comes_from_info_or_code)
{
	const void *keys[] = { kCFErrorLocalizedDescriptionKey }, *values[] = { CFSTR("it broke") };
	CFErrorRef a =
		CFErrorCreateWithUserInfoKeysAndValues(NULL, CFSTR("domain"), 7, keys, values, 1);
	CFErrorRef b = CFErrorCreate(NULL, kCFErrorDomainPOSIX, 2, NULL);
	CFErrorRef c = CFErrorCreate(NULL, CFSTR("domain"), 7, NULL);
	CFStringRef text = CFErrorCopyDescription(a), reason = CFErrorCopyFailureReason(b);
	CFStringRef general = CFErrorCopyDescription(c);
	CFDictionaryRef info = CFErrorCopyUserInfo(b);

	test_equal_text(text_of(text), "it broke");
	test_equal_text(text_of(reason), "No such file or directory");
	test_true(CFStringFind(general, CFSTR("domain error 7"), 0).location != kCFNotFound);
	test_equal(CFErrorGetCode(a), 7);
	test_true(CFEqual(CFErrorGetDomain(a), CFSTR("domain")));
	test_equal(CFDictionaryGetCount(info), 0);
	test_true(!CFEqual(a, b) && !CFEqual(a, c));
	test_true(CFErrorCreate(NULL, NULL, 1, NULL) == NULL);
	CFRelease(a);
	CFRelease(b);
	CFRelease(c);
	CFRelease(text);
	CFRelease(reason);
	CFRelease(general);
	CFRelease(info);
}

TEST_MAIN
