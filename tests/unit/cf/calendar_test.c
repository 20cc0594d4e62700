// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFCalendar.h>

#include "cf_test.h"

static CFCalendarRef calendar_new(void)
{
	CFCalendarRef c = CFCalendarCreateWithIdentifier(NULL, kCFGregorianCalendar);
	CFTimeZoneRef zone = CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, 3600);

	CFCalendarSetTimeZone(c, zone);
	CFRelease(zone);
	return c;
}

static CFAbsoluteTime compose(CFCalendarRef c, int y, int m, int d, int hour)
{
	CFAbsoluteTime at = -1;

	test_true(CFCalendarComposeAbsoluteTime(c, &at, "yMdH", y, m, d, hour));
	return at;
}

TEST(components_and_back)
{
	CFCalendarRef c = calendar_new();
	CFAbsoluteTime at;
	int y = 0, m = 0, d = 0, hour = 0, minute = 0, s = 0, weekday = 0, quarter = 0;

	test_true(CFCalendarComposeAbsoluteTime(c, &at, "yMdHms", 2024, 2, 29, 23, 59, 58));
	test_true(CFCalendarDecomposeAbsoluteTime(c, at, "yMdHmsEQ", &y, &m, &d, &hour, &minute, &s,
						  &weekday, &quarter));
	test_equal(y, 2024);
	test_equal(m, 2);
	test_equal(d, 29);
	test_equal(hour, 23);
	test_equal(minute, 59);
	test_equal(s, 58);
	test_equal(weekday, 5); /* a Thursday; 1 is Sunday */
	test_equal(quarter, 1);
	test_true(!CFCalendarDecomposeAbsoluteTime(c, at, "?", &y));
	test_true(!CFCalendarComposeAbsoluteTime(c, &at, "y?", 1, 2));
	/* Too much of one unit carries over. */
	test_true(compose(c, 2023, 14, 1, 25) == compose(c, 2024, 2, 2, 1));
	CFRelease(c);
}

TEST(weeks)
{
	CFCalendarRef us = calendar_new(),
		      iso = CFCalendarCreateWithIdentifier(NULL, kCFISO8601Calendar);
	CFAbsoluteTime at = compose(us, 2010, 1, 3, 12); /* a Sunday */
	CFTimeZoneRef zone = CFCalendarCopyTimeZone(us);
	int week = 0, year = 0, month = 0;

	CFCalendarSetTimeZone(iso, zone);
	CFRelease(zone);
	test_true(CFCalendarDecomposeAbsoluteTime(us, at, "wYW", &week, &year, &month));
	test_equal(week, 2);
	test_equal(year, 2010);
	test_equal(month, 2);
	test_equal(CFCalendarGetFirstWeekday(iso), 2);
	test_equal(CFCalendarGetMinimumDaysInFirstWeek(iso), 4);
	test_true(CFCalendarDecomposeAbsoluteTime(iso, at, "wYW", &week, &year, &month));
	test_equal(week, 53);
	test_equal(year, 2009);
	test_equal(month, 0);
	test_true(CFCalendarComposeAbsoluteTime(iso, &at, "YwE", 2009, 53, 1));
	test_true(CFCalendarDecomposeAbsoluteTime(iso, at, "yMd", &year, &month, &week));
	test_equal(year, 2010);
	test_equal(month, 1);
	test_equal(week, 3);
	CFRelease(us);
	CFRelease(iso);
}

TEST(adding)
{
	CFCalendarRef c = calendar_new();
	CFAbsoluteTime at = compose(c, 2024, 1, 31, 10);

	test_true(CFCalendarAddComponents(c, &at, 0, "M", 1));
	test_true(at == compose(c, 2024, 2, 29, 10));
	test_true(CFCalendarAddComponents(c, &at, 0, "yd", 1, 1));
	test_true(at == compose(c, 2025, 3, 1, 10));
	test_true(CFCalendarAddComponents(c, &at, kCFCalendarComponentsWrap, "MdH", -3, -1, 20));
	test_true(at == compose(c, 2025, 12, 31, 6));
	test_true(CFCalendarAddComponents(c, &at, 0, "wHms", 1, -1, 60, 1));
	test_true(at == compose(c, 2026, 1, 7, 6) + 1);
	test_true(!CFCalendarAddComponents(c, &at, 0, "d?", 1, 1));
	test_true(at == compose(c, 2026, 1, 7, 6) + 1);
	CFRelease(c);
}

TEST(differences)
{
	CFCalendarRef c = calendar_new();
	CFAbsoluteTime from = compose(c, 2020, 2, 29, 12), to = compose(c, 2024, 4, 3, 11);
	int y = 0, m = 0, d = 0, hour = 0;

	test_true(CFCalendarGetComponentDifference(c, from, to, 0, "yMdH", &y, &m, &d, &hour));
	test_equal(y, 4);
	test_equal(m, 1);
	test_equal(d, 4);
	test_equal(hour, 23);
	test_true(CFCalendarGetComponentDifference(c, to, from, 0, "d", &d));
	test_equal(d, -1494);
	CFRelease(c);
}

TEST(ranges)
{
	CFCalendarRef c = calendar_new();
	CFAbsoluteTime at = compose(c, 2024, 2, 10, 13), start = 0;
	CFTimeInterval length = 0;
	CFRange r = CFCalendarGetRangeOfUnit(c, kCFCalendarUnitDay, kCFCalendarUnitMonth, at);

	test_equal(r.location, 1);
	test_equal(r.length, 29);
	r = CFCalendarGetRangeOfUnit(c, kCFCalendarUnitDay, kCFCalendarUnitYear, at);
	test_equal(r.length, 366);
	r = CFCalendarGetRangeOfUnit(c, kCFCalendarUnitHour, kCFCalendarUnitDay, at);
	test_equal(r.location, 0);
	test_equal(r.length, 24);
	r = CFCalendarGetRangeOfUnit(c, kCFCalendarUnitDay, kCFCalendarUnitHour, at);
	test_equal(r.location, kCFNotFound);
	test_equal(CFCalendarGetMaximumRangeOfUnit(c, kCFCalendarUnitDay).length, 31);
	test_equal(CFCalendarGetMinimumRangeOfUnit(c, kCFCalendarUnitDay).length, 28);
	test_equal(CFCalendarGetOrdinalityOfUnit(c, kCFCalendarUnitDay, kCFCalendarUnitYear, at),
		   41);
	test_equal(CFCalendarGetOrdinalityOfUnit(c, kCFCalendarUnitHour, kCFCalendarUnitDay, at),
		   14);
	test_equal(CFCalendarGetOrdinalityOfUnit(c, kCFCalendarUnitYear, kCFCalendarUnitDay, at),
		   kCFNotFound);
	test_true(CFCalendarGetTimeRangeOfUnit(c, kCFCalendarUnitMonth, at, &start, &length));
	test_true(start == compose(c, 2024, 2, 1, 0));
	test_true(length == 29 * 86400.0);
	test_true(CFCalendarGetTimeRangeOfUnit(c, kCFCalendarUnitHour, at + 7, &start, NULL));
	test_true(start == at);
	test_true(!CFCalendarGetTimeRangeOfUnit(c, kCFCalendarUnitEra, at, &start, NULL));
	CFRelease(c);
}

TEST(the_current_one)
{
	CFCalendarRef c = CFCalendarCopyCurrent();
	CFTimeZoneRef zone = CFCalendarCopyTimeZone(c);
	CFLocaleRef locale = CFCalendarCopyLocale(c);

	test_true(CFEqual(CFCalendarGetIdentifier(c), kCFGregorianCalendar));
	test_true(zone && locale);
	CFCalendarSetFirstWeekday(c, 3);
	CFCalendarSetFirstWeekday(c, 8);
	test_equal(CFCalendarGetFirstWeekday(c), 3);
	test_true(CFCalendarCreateWithIdentifier(NULL, CFSTR("hebrew")) == NULL);
	CFRelease(zone);
	CFRelease(locale);
	CFRelease(c);
	CFTimeZoneResetSystem();
}

TEST_MAIN
