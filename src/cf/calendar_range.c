// SPDX-License-Identifier: MIT
/* What units of a calendar can be, and when they begin and end. */
#include <math.h>

#include "cf/calendar.h"

#define NOT_FOUND CFRangeMake(kCFNotFound, kCFNotFound)
#define FIRST_YEARS 140742 /* how far every, and some, era reaches in ICU's calendar */
#define LAST_YEARS 144683

struct unit_ranges {
	CFCalendarUnit unit;
	CFRange minimum, maximum;
};

static const struct unit_ranges ranges[] = {
	{ kCFCalendarUnitEra, { 0, 2 }, { 0, 2 } },
	{ kCFCalendarUnitYear, { 1, FIRST_YEARS }, { 1, LAST_YEARS } },
	{ kCFCalendarUnitYearForWeekOfYear, { 1, FIRST_YEARS }, { 1, LAST_YEARS } },
	{ kCFCalendarUnitQuarter, { 1, 4 }, { 1, 4 } },
	{ kCFCalendarUnitMonth, { 1, 12 }, { 1, 12 } },
	{ kCFCalendarUnitDay, { 1, 28 }, { 1, 31 } },
	{ kCFCalendarUnitHour, { 0, 24 }, { 0, 24 } },
	{ kCFCalendarUnitMinute, { 0, 60 }, { 0, 60 } },
	{ kCFCalendarUnitSecond, { 0, 60 }, { 0, 60 } },
	{ kCFCalendarUnitWeek, { 1, 52 }, { 1, 53 } },
	{ kCFCalendarUnitWeekOfYear, { 1, 52 }, { 1, 53 } },
	{ kCFCalendarUnitWeekOfMonth, { 1, 4 }, { 1, 6 } },
	{ kCFCalendarUnitWeekday, { 1, 7 }, { 1, 7 } },
	{ kCFCalendarUnitWeekdayOrdinal, { 1, 4 }, { 1, 5 } },
};

static const struct unit_ranges *ranges_find(CFCalendarRef calendar, CFCalendarUnit unit)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cf_is(calendar, CF_TYPE_CALENDAR) && ranges[i].unit == unit)
			return &ranges[i];
	return NULL;
}

CFRange CFCalendarGetMinimumRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit unit)
{
	const struct unit_ranges *r = ranges_find(calendar, unit);

	return r ? r->minimum : NOT_FOUND;
}

CFRange CFCalendarGetMaximumRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit unit)
{
	const struct unit_ranges *r = ranges_find(calendar, unit);

	return r ? r->maximum : NOT_FOUND;
}

/* --- periods of days ------------------------------------------------------------------------ */

/* The days [*START, *END) of the unit around M; false for units that are shorter, or for ever. */
static bool period_of(CFCalendarRef c, const struct moment *m, CFCalendarUnit unit, int64_t *start,
		      int64_t *end)
{
	int64_t year = m->civil.year, week_year = calendar_week_year(c, m);
	int month = m->civil.month, quarter = (month - 1) / 3 * 3 + 1;

	switch (unit) {
	case kCFCalendarUnitYear:
		*start = cf_gregorian_days(year, 1, 1);
		*end = cf_gregorian_days(year + 1, 1, 1);
		return true;
	case kCFCalendarUnitYearForWeekOfYear:
		*start = calendar_first_week(c, cf_gregorian_days(week_year, 1, 1));
		*end = calendar_first_week(c, cf_gregorian_days(week_year + 1, 1, 1));
		return true;
	case kCFCalendarUnitQuarter:
		*start = cf_gregorian_days(year, quarter, 1);
		*end = quarter == 10 ? cf_gregorian_days(year + 1, 1, 1)
				     : cf_gregorian_days(year, quarter + 3, 1);
		return true;
	case kCFCalendarUnitMonth:
		*start = m->days - m->civil.day + 1;
		*end = *start + cf_gregorian_month_length(year, month);
		return true;
	case kCFCalendarUnitWeek:
	case kCFCalendarUnitWeekOfMonth:
	case kCFCalendarUnitWeekOfYear:
		*start = m->days - calendar_days_into_week(c, m->days);
		*end = *start + 7;
		return true;
	case kCFCalendarUnitDay:
	case kCFCalendarUnitWeekday:
	case kCFCalendarUnitWeekdayOrdinal:
		*start = m->days;
		*end = *start + 1;
		return true;
	}
	return false;
}

static int64_t seconds_of(CFCalendarUnit unit)
{
	return unit == kCFCalendarUnitHour   ? 3600
	     : unit == kCFCalendarUnitMinute ? 60
	     : unit == kCFCalendarUnitSecond ? 1
					     : 0;
}

Boolean CFCalendarGetTimeRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit unit, CFAbsoluteTime at,
				     CFAbsoluteTime *startp, CFTimeInterval *tip)
{
	int64_t start = 0, end = 0, seconds = seconds_of(unit);
	CFAbsoluteTime first, last;
	struct moment m;

	if (!cf_is(calendar, CF_TYPE_CALENDAR) || !cf_gregorian_can(at))
		return FALSE;
	m = calendar_moment(calendar, at);
	if (seconds) {
		first = at - fmod(m.second, (double)seconds);
		last = first + (double)seconds;
	} else if (period_of(calendar, &m, unit, &start, &end)) {
		first = calendar_absolute(calendar, start, 0);
		last = calendar_absolute(calendar, end, 0);
	} else {
		return FALSE;
	}
	if (startp)
		*startp = first;
	if (tip)
		*tip = last - first;
	return TRUE;
}

/* --- units in others --------------------------------------------------------------------------- */

static bool is_week(CFCalendarUnit unit)
{
	return unit == kCFCalendarUnitWeek || unit == kCFCalendarUnitWeekOfMonth ||
	       unit == kCFCalendarUnitWeekOfYear;
}

/* Weeks of the month or year that begin in, or (by enough days) belong to it. */
static CFRange weeks_in(CFCalendarRef c, int64_t start, int64_t end)
{
	int64_t first = calendar_first_week(c, start);

	/* Days before the first week are in week 0 of a month. */
	return first > start ? CFRangeMake(0, (end - first + 6) / 7 + 1)
			     : CFRangeMake(1, (end - first + 6) / 7);
}

CFRange CFCalendarGetRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit smallerUnit,
				 CFCalendarUnit biggerUnit, CFAbsoluteTime at)
{
	const struct unit_ranges *r = ranges_find(calendar, smallerUnit);
	int64_t start = 0, end = 0;
	struct moment m;

	if (!r || !cf_gregorian_can(at))
		return NOT_FOUND;
	m = calendar_moment(calendar, at);
	if (seconds_of(smallerUnit))
		return (seconds_of(biggerUnit) > seconds_of(smallerUnit) ||
			period_of(calendar, &m, biggerUnit, &start, &end))
			     ? r->maximum
			     : NOT_FOUND;
	if (!period_of(calendar, &m, biggerUnit, &start, &end) || smallerUnit == biggerUnit)
		return NOT_FOUND;
	if (smallerUnit == kCFCalendarUnitWeekday && end - start >= 7)
		return r->maximum;
	if (is_week(biggerUnit) || end - start < 28)
		return NOT_FOUND;
	if (smallerUnit == kCFCalendarUnitDay)
		return CFRangeMake(1, end - start);
	if (smallerUnit == kCFCalendarUnitWeekdayOrdinal)
		return CFRangeMake(1, (end - start + 6) / 7);
	if (is_week(smallerUnit) && biggerUnit == kCFCalendarUnitYearForWeekOfYear)
		return CFRangeMake(1, (end - start) / 7);
	if (is_week(smallerUnit))
		return weeks_in(calendar, start, end);
	if (smallerUnit == kCFCalendarUnitMonth && biggerUnit == kCFCalendarUnitQuarter)
		return CFRangeMake((m.civil.month - 1) / 3 * 3 + 1, 3);
	return end - start >= 365 && (smallerUnit == kCFCalendarUnitMonth ||
				      smallerUnit == kCFCalendarUnitQuarter)
		     ? r->maximum
		     : NOT_FOUND;
}

CFIndex CFCalendarGetOrdinalityOfUnit(CFCalendarRef calendar, CFCalendarUnit smallerUnit,
				      CFCalendarUnit biggerUnit, CFAbsoluteTime at)
{
	int64_t start = 0, end = 0, first = 0, last = 0, seconds = seconds_of(smallerUnit);
	struct moment m;

	if (!cf_is(calendar, CF_TYPE_CALENDAR) || !cf_gregorian_can(at))
		return kCFNotFound;
	m = calendar_moment(calendar, at);
	if (seconds && seconds_of(biggerUnit) > seconds)
		return (CFIndex)fmod(m.second, (double)seconds_of(biggerUnit)) / seconds + 1;
	if (!period_of(calendar, &m, biggerUnit, &start, &end))
		return kCFNotFound;
	if (seconds)
		return ((m.days - start) * SECONDS_PER_DAY + (int64_t)m.second) / seconds + 1;
	if (!period_of(calendar, &m, smallerUnit, &first, &last) || last - first >= end - start)
		return kCFNotFound;
	switch (smallerUnit) {
	case kCFCalendarUnitMonth:
		return biggerUnit == kCFCalendarUnitQuarter ? (m.civil.month - 1) % 3 + 1
							    : m.civil.month;
	case kCFCalendarUnitQuarter:
		return (m.civil.month - 1) / 3 + 1;
	case kCFCalendarUnitDay:
		return m.days - start + 1;
	case kCFCalendarUnitWeekday:
		return is_week(biggerUnit) ? m.days - start + 1 : (m.days - start) / 7 + 1;
	case kCFCalendarUnitWeekdayOrdinal:
		return (m.days - start) / 7 + 1;
	default: /* weeks */
		return (m.days - calendar_first_week(calendar, start) + 7) / 7;
	}
}
