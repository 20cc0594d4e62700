// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFTimeZone.h>

#include "cf_test.h"

static CFAbsoluteTime moment(SInt32 year, SInt8 month, SInt8 day, SInt8 hour)
{
	CFGregorianDate g = { year, month, day, hour, 0, 0 };

	return CFGregorianDateGetAbsoluteTime(g, NULL);
}

TEST(fixed_offsets)
{
	static const struct {
		CFTimeInterval offset;
		const char *name, *abbreviation;
	} rows[] = {
		{ 0, "GMT", "GMT" },
		{ 3600, "GMT+0100", "GMT+1" },
		{ -12600, "GMT-0330", "GMT-3:30" },
		{ 45900, "GMT+1245", "GMT+12:45" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CFTimeZoneRef zone = CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, rows[i].offset),
			      again;
		CFStringRef abbreviation = CFTimeZoneCopyAbbreviation(zone, 0);

		test_equal_text(text_of(CFTimeZoneGetName(zone)), rows[i].name);
		test_equal_text(text_of(abbreviation), rows[i].abbreviation);
		test_true(CFTimeZoneGetSecondsFromGMT(zone, 1e9) == rows[i].offset);
		test_true(CFTimeZoneGetNextDaylightSavingTimeTransition(zone, 0) == 0);
		again = CFTimeZoneCreateWithName(NULL, CFTimeZoneGetName(zone), FALSE);
		test_true(CFTimeZoneGetSecondsFromGMT(again, 0) == rows[i].offset);
		CFRelease(again);
		CFRelease(abbreviation);
		CFRelease(zone);
	}
	test_true(CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, 1e6) == NULL);
	test_true(CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, 0.0 / 0.0) == NULL);
}

TEST(a_zone_with_daylight_time)
{
	CFTimeZoneRef zone = CFTimeZoneCreateWithName(NULL, CFSTR("Europe/Berlin"), FALSE);
	CFAbsoluteTime years[] = { 2012, 2026, 2090 }; /* the last one by rule */
	CFStringRef summer;

	if (!zone)
		test_skip("no tzdata");
	for (int i = 0; i < 3; i++) {
		CFAbsoluteTime january = moment((SInt32)years[i], 1, 15, 0),
			       july = moment((SInt32)years[i], 7, 15, 0), change;
		CFGregorianDate g;

		test_true(CFTimeZoneGetSecondsFromGMT(zone, january) == 3600);
		test_true(CFTimeZoneGetSecondsFromGMT(zone, july) == 7200);
		test_true(CFTimeZoneIsDaylightSavingTime(zone, july));
		test_true(!CFTimeZoneIsDaylightSavingTime(zone, january));
		test_true(CFTimeZoneGetDaylightSavingTimeOffset(zone, july) == 3600);
		test_true(CFTimeZoneGetDaylightSavingTimeOffset(zone, january) == 0);
		change = CFTimeZoneGetNextDaylightSavingTimeTransition(zone, january);
		g = CFAbsoluteTimeGetGregorianDate(change, NULL);
		test_equal(g.month, 3);
		test_true(g.day > 24);
		test_equal(g.hour, 1);
		test_equal(CFAbsoluteTimeGetDayOfWeek(change, NULL), 7);
		change = CFTimeZoneGetNextDaylightSavingTimeTransition(zone, change);
		test_equal(CFAbsoluteTimeGetGregorianDate(change, NULL).month, 10);
	}
	summer = CFTimeZoneCopyAbbreviation(zone, moment(2026, 7, 1, 0));
	test_equal_text(text_of(summer), "CEST");
	CFRelease(summer);
	CFRelease(zone);
}

TEST(names)
{
	static const char *const bad[] = { "",	       "/etc/passwd", "../../../etc/passwd",
					   "No/Where", "GMT+99",      "GMT+x",
					   "Europe" };
	CFArrayRef known = CFTimeZoneCopyKnownNames();
	CFDictionaryRef abbreviations = CFTimeZoneCopyAbbreviationDictionary();
	CFTimeZoneRef zone;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CFStringRef name = make(bad[i]);

		test_true(CFTimeZoneCreateWithName(NULL, name, FALSE) == NULL);
		CFRelease(name);
	}
	if (CFArrayGetCount(known)) {
		test_true(CFArrayContainsValue(known, CFRangeMake(0, CFArrayGetCount(known)),
					       CFSTR("America/New_York")));
		zone = CFTimeZoneCreateWithName(NULL, CFSTR("PST"), TRUE);
		test_equal_text(text_of(CFTimeZoneGetName(zone)), "America/Los_Angeles");
		CFRelease(zone);
	}
	test_equal_text(text_of(CFDictionaryGetValue(abbreviations, CFSTR("CET"))), "Europe/Paris");
	CFRelease(abbreviations);
	CFRelease(known);
}

TEST(the_default_can_be_set)
{
	CFTimeZoneRef fixed = CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, 7200), got;

	setenv("TZ", "GMT", 1);
	CFTimeZoneResetSystem();
	CFTimeZoneSetDefault(fixed);
	got = CFTimeZoneCopyDefault();
	test_true(got == fixed);
	CFRelease(got);
	CFTimeZoneSetDefault(NULL);
	got = CFTimeZoneCopyDefault();
	test_equal_text(text_of(CFTimeZoneGetName(got)), "GMT");
	CFRelease(got);
	CFTimeZoneResetSystem();
	CFRelease(fixed);
}

TEST(zones_are_made_from_their_data)
{
	CFTimeZoneRef zone = CFTimeZoneCreateWithTimeIntervalFromGMT(NULL, 3600), copy;
	CFDataRef none = CFDataCreate(NULL, (const UInt8 *)"TZif", 4);

	copy = CFTimeZoneCreate(NULL, CFTimeZoneGetName(zone), CFTimeZoneGetData(zone));
	test_true(CFEqual(zone, copy));
	test_equal(CFHash(zone), CFHash(copy));
	test_true(CFTimeZoneCreate(NULL, CFSTR("x"), none) == NULL);
	test_true(CFTimeZoneCreate(NULL, CFSTR("x"), NULL) == NULL);
	CFRelease(none);
	CFRelease(copy);
	CFRelease(zone);
}

TEST_MAIN
