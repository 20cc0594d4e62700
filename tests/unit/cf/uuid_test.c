// SPDX-License-Identifier: MIT
#include "cf_test.h"

#include <CoreFoundation/CFUUID.h>

TEST(text_round_trips_in_upper_case)
{
	CFUUIDRef u = CFUUIDCreateFromString(NULL, CFSTR("c244e858-109c-11d4-91d4-0050e4c6426f"));
	CFStringRef text = CFUUIDCreateString(NULL, u);
	CFUUIDRef same = CFUUIDCreateFromUUIDBytes(NULL, CFUUIDGetUUIDBytes(u));

	test_equal_text(text_of(text), "C244E858-109C-11D4-91D4-0050E4C6426F");
	test_true(CFEqual(u, same) && CFHash(u) == CFHash(same));
	test_equal(CFUUIDGetUUIDBytes(u).byte0, 0xc2);
	test_equal(CFUUIDGetUUIDBytes(u).byte15, 0x6f);
	CFRelease(u);
	CFRelease(text);
	CFRelease(same);
}

TEST(other_text_makes_no_uuid)
{
	test_true(CFUUIDCreateFromString(NULL, NULL) == NULL);
	test_true(CFUUIDCreateFromString(NULL, CFSTR("")) == NULL);
	test_true(CFUUIDCreateFromString(NULL, CFSTR("c244e858-109c-11d4-91d4-0050e4c6426")) ==
		  NULL);
	test_true(CFUUIDCreateFromString(NULL, CFSTR("c244e858+109c-11d4-91d4-0050e4c6426f")) ==
		  NULL);
	test_true(CFUUIDCreateFromString(NULL, CFSTR("g244e858-109c-11d4-91d4-0050e4c6426f")) ==
		  NULL);
}

TEST(random_uuids_are_of_version_4_and_differ)
{
	CFUUIDRef a = CFUUIDCreate(NULL), b = CFUUIDCreate(NULL);

	test_equal(CFUUIDGetUUIDBytes(a).byte6 >> 4, 4);
	test_equal(CFUUIDGetUUIDBytes(a).byte8 >> 6, 2);
	test_true(!CFEqual(a, b));
	CFRelease(a);
	CFRelease(b);
}

TEST(constant_uuid_is_one_object)
{
	CFUUIDRef a = CFUUIDGetConstantUUIDWithBytes(NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
						     13, 14, 15, 16);
	CFUUIDRef b = CFUUIDGetConstantUUIDWithBytes(NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
						     13, 14, 15, 16);

	test_true(a == b);
	CFRelease(a);
	CFRelease(a);
	test_equal(CFUUIDGetUUIDBytes(a).byte15, 16);
}

TEST_MAIN
