// SPDX-License-Identifier: MIT
#include <time.h>

#include "cf_test.h"

#include <CoreFoundation/CFDate.h>

TEST(epoch_is_the_start_of_2001)
{
	CFDateRef d = CFDateCreate(NULL, 0), later = CFDateCreate(NULL, 1.5), same;
	CFStringRef text = CFCopyDescription(d);

	test_equal_text(text_of(text), "2001-01-01T00:00:00Z");
	test_true(kCFAbsoluteTimeIntervalSince1970 == 978307200.0);
	test_true(CFDateGetTimeIntervalSinceDate(later, d) == 1.5);
	test_equal(CFDateCompare(d, later, NULL), kCFCompareLessThan);
	test_equal(CFDateCompare(later, d, NULL), kCFCompareGreaterThan);
	same = CFDateCreate(NULL, 1.5);
	test_true(CFEqual(same, later) && CFHash(same) == CFHash(later));
	test_true(!CFEqual(d, later));
	CFRelease(d);
	CFRelease(later);
	CFRelease(same);
	CFRelease(text);
}

TEST(current_time_is_the_wall_clock)
{
	double now = CFAbsoluteTimeGetCurrent() + kCFAbsoluteTimeIntervalSince1970;

	test_true(now > (double)time(NULL) - 5 && now < (double)time(NULL) + 5);
}

TEST_MAIN
