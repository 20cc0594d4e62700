// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFTimeZone.h>
#include <time.h>

#include "cf_test.h"

TEST(dates_agree_with_the_c_library)
{
	uint32_t seed = 3;

	for (int i = 0; i < 20000; i++) {
		double at = ((double)random_number(&seed) * 16 - 134217728) * 500;
		CFGregorianDate g = CFAbsoluteTimeGetGregorianDate(at, NULL);
		time_t t = (time_t)at + 978307200;
		struct tm tm;

		gmtime_r(&t, &tm);
		test_equal(g.year, tm.tm_year + 1900);
		test_equal(g.month, tm.tm_mon + 1);
		test_equal(g.day, tm.tm_mday);
		test_equal(g.hour, tm.tm_hour);
		test_equal(g.minute, tm.tm_min);
		test_equal((int)g.second, tm.tm_sec);
		test_equal(CFAbsoluteTimeGetDayOfWeek(at, NULL), tm.tm_wday ? tm.tm_wday : 7);
		test_equal(CFAbsoluteTimeGetDayOfYear(at, NULL), tm.tm_yday + 1);
		test_true(CFGregorianDateGetAbsoluteTime(g, NULL) == at);
	}
}

TEST(weeks_are_those_of_iso_8601)
{
	static const struct {
		CFGregorianDate date;
		SInt32 week;
	} rows[] = {
		{ { 2005, 1, 1, 0, 0, 0 }, 53 },  { { 2005, 1, 3, 0, 0, 0 }, 1 },
		{ { 2008, 12, 29, 0, 0, 0 }, 1 }, { { 2009, 12, 31, 0, 0, 0 }, 53 },
		{ { 2010, 1, 3, 0, 0, 0 }, 53 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_equal(CFAbsoluteTimeGetWeekOfYear(
				   CFGregorianDateGetAbsoluteTime(rows[i].date, NULL), NULL),
			   rows[i].week);
}

TEST(validity)
{
	CFGregorianDate g = { 2024, 2, 29, 23, 59, 59.5 };

	test_true(CFGregorianDateIsValid(g, kCFGregorianAllUnits));
	g.year = 2023;
	test_true(!CFGregorianDateIsValid(g, kCFGregorianAllUnits));
	test_true(CFGregorianDateIsValid(g, kCFGregorianUnitsDays));
	g.month = 13;
	test_true(!CFGregorianDateIsValid(g, kCFGregorianUnitsMonths));
	test_true(CFGregorianDateIsValid(g, kCFGregorianUnitsHours));
}

TEST(units_are_added_and_found_again)
{
	CFGregorianDate january = { 2024, 1, 31, 12, 0, 0 };
	CFAbsoluteTime at = CFGregorianDateGetAbsoluteTime(january, NULL), later;
	CFGregorianUnits units = { 0, 1, 0, 0, 0, 0 }, back;

	later = CFAbsoluteTimeAddGregorianUnits(at, NULL, units);
	test_equal(CFAbsoluteTimeGetGregorianDate(later, NULL).day, 29);
	test_equal(CFAbsoluteTimeGetGregorianDate(later, NULL).month, 2);
	units = (CFGregorianUnits){ 3, 4, 5, 6, 7, 8.5 };
	later = CFAbsoluteTimeAddGregorianUnits(at, NULL, units);
	back = CFAbsoluteTimeGetDifferenceAsGregorianUnits(later, at, NULL, kCFGregorianAllUnits);
	test_equal(back.years, 3);
	test_equal(back.months, 4);
	test_equal(back.days, 5);
	test_equal(back.hours, 6);
	test_equal(back.minutes, 7);
	test_true(back.seconds == 8.5);
	back = CFAbsoluteTimeGetDifferenceAsGregorianUnits(at, later, NULL, kCFGregorianUnitsDays);
	test_equal(back.days, -1221);
	/* Far away: neither endless nor beyond the type. */
	back = CFAbsoluteTimeGetDifferenceAsGregorianUnits(2.9e15, -2.9e15, NULL,
							   kCFGregorianUnitsMonths);
	test_true(back.months > 2.0e9);
	back = CFAbsoluteTimeGetDifferenceAsGregorianUnits(2.9e15, -2.9e15, NULL,
							   kCFGregorianUnitsMinutes);
	test_equal(back.minutes, INT32_MAX);
}

TEST(local_dates)
{
	CFTimeZoneRef zone = CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, -3.5 * 3600);
	CFGregorianDate g = CFAbsoluteTimeGetGregorianDate(0, zone);

	test_equal(g.year, 2000);
	test_equal(g.day, 31);
	test_equal(g.hour, 20);
	test_equal(g.minute, 30);
	test_true(CFGregorianDateGetAbsoluteTime(g, zone) == 0);
	test_equal(CFAbsoluteTimeGetDayOfWeek(0, zone), 7);
	CFRelease(zone);
}

TEST_MAIN
