// SPDX-License-Identifier: MIT
/* Days of the calendar, dates as text, and the older functions for both. */
#include "cf/gregorian.h"

#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFTimeZone.h>
#include <math.h>
#include <stdio.h>

#include "cf/cf_internal.h"

#define DAYS_PER_CYCLE 146097 /* 400 years */
#define EPOCH_DAYS 730791     /* from 0000-03-01 to 2001-01-01 */

/* --- days --------------------------------------------------------------------------- */

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Whole 400-year cycles, with years that begin in March so that the leap day comes last. */
int64_t cf_gregorian_days(int64_t year, int month, int64_t day)
{
	int64_t cycle, year_of_cycle;

	year -= month <= 2;
	cycle = floor_divide(year, 400);
	year_of_cycle = year - cycle * 400;
	return cycle * DAYS_PER_CYCLE + year_of_cycle * 365 + year_of_cycle / 4 -
	       year_of_cycle / 100 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 -
	       EPOCH_DAYS;
}

struct civil cf_gregorian_civil(int64_t days)
{
	int64_t cycle, day, year;
	struct civil c;

	days += EPOCH_DAYS;
	cycle = floor_divide(days, DAYS_PER_CYCLE);
	day = days - cycle * DAYS_PER_CYCLE;
	/* The last day of a cycle and of four years belongs to the leap year before it. */
	year = (day - day / 1460 + day / 36524 - day / (DAYS_PER_CYCLE - 1)) / 365;
	day -= year * 365 + year / 4 - year / 100;
	c.month = (int)((5 * day + 2) / 153);
	c.day = (int)(day - (153 * c.month + 2) / 5 + 1);
	c.month += c.month < 10 ? 3 : -9;
	c.year = year + cycle * 400 + (c.month <= 2);
	return c;
}

int cf_gregorian_month_length(int64_t year, int month)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return lengths[month - 1];
}

int cf_gregorian_weekday(int64_t days)
{
	/* 2001-01-01 was a Monday. */
	return (int)(days - floor_divide(days, 7) * 7) + 1;
}

bool cf_gregorian_can(double at)
{
	return at > -3e15 && at < 3e15;
}

/* --- text ----------------------------------------------------------------------------- */

bool cf_gregorian_format(double at, char text[GREGORIAN_TEXT_SIZE])
{
	struct civil c;
	int64_t days;
	int second;

	if (!cf_gregorian_can(at))
		return false;
	days = floor_divide((int64_t)floor(at), SECONDS_PER_DAY);
	second = (int)((int64_t)floor(at) - days * SECONDS_PER_DAY);
	c = cf_gregorian_civil(days);
	/* What four digits can say. */
	if (c.year < 1 || c.year > 9999)
		return false;
	return snprintf(text, GREGORIAN_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ",
			(int)c.year % 10000, c.month % 100, c.day % 100, second / 3600 % 100,
			second / 60 % 60, second % 60) > 0;
}

bool cf_gregorian_parse(const char *text, size_t n, double *ret_at)
{
	static const char form[] = "####-##-##T##:##:##Z";
	static const int month_days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int field[6] = { 0 }, at = 0;

	if (n != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (form[i] != '#') {
			if (text[i] != form[i])
				return false;
			at++;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		field[at] = field[at] * 10 + (text[i] - '0');
	}
	if (field[1] < 1 || field[1] > 12 || field[2] < 1 || field[2] > month_days[field[1] - 1] ||
	    field[3] > 23 || field[4] > 59 || field[5] > 60)
		return false;
	*ret_at = (double)(cf_gregorian_days(field[0], field[1], field[2]) * SECONDS_PER_DAY +
			   field[3] * 3600 + field[4] * 60 + field[5]);
	return true;
}

/* --- CFGregorianDate ------------------------------------------------------------------- */

static double zone_offset(CFTimeZoneRef tz, CFAbsoluteTime at)
{
	return tz ? CFTimeZoneGetSecondsFromGMT(tz, at) : 0;
}

double cf_gregorian_to_absolute(double local, CFTimeZoneRef zone)
{
	double offset = zone_offset(zone, local);

	return local - zone_offset(zone, local - offset);
}

Boolean CFGregorianDateIsValid(CFGregorianDate gdate, CFOptionFlags unitFlags)
{
	if (unitFlags & kCFGregorianUnitsYears && gdate.year <= 0)
		return FALSE;
	if (unitFlags & kCFGregorianUnitsMonths && (gdate.month < 1 || gdate.month > 12))
		return FALSE;
	if (unitFlags & kCFGregorianUnitsDays && (gdate.day < 1 || gdate.day > 31))
		return FALSE;
	if (unitFlags & kCFGregorianUnitsHours && (gdate.hour < 0 || gdate.hour > 23))
		return FALSE;
	if (unitFlags & kCFGregorianUnitsMinutes && (gdate.minute < 0 || gdate.minute > 59))
		return FALSE;
	if (unitFlags & kCFGregorianUnitsSeconds && !(gdate.second >= 0 && gdate.second < 60))
		return FALSE;
	return !(unitFlags & kCFGregorianUnitsDays && unitFlags & kCFGregorianUnitsMonths &&
		 unitFlags & kCFGregorianUnitsYears) ||
	       gdate.day <= cf_gregorian_month_length(gdate.year, gdate.month);
}

/* Months beyond the year are years. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t years = floor_divide(month - 1, 12);

	return cf_gregorian_days(year + years, (int)(month - years * 12), day);
}

CFAbsoluteTime CFGregorianDateGetAbsoluteTime(CFGregorianDate gdate, CFTimeZoneRef tz)
{
	return cf_gregorian_to_absolute(
		(double)days_of(gdate.year, gdate.month, gdate.day) * SECONDS_PER_DAY +
			3600.0 * gdate.hour + 60.0 * gdate.minute + gdate.second,
		tz);
}

CFGregorianDate CFAbsoluteTimeGetGregorianDate(CFAbsoluteTime at, CFTimeZoneRef tz)
{
	double local = at + zone_offset(tz, at), day = floor(local / SECONDS_PER_DAY),
	       second = local - day * SECONDS_PER_DAY;
	CFGregorianDate g = { 0 };
	struct civil c;

	if (!cf_gregorian_can(at))
		return g;
	c = cf_gregorian_civil((int64_t)day);
	g.year = (SInt32)c.year;
	g.month = (SInt8)c.month;
	g.day = (SInt8)c.day;
	g.hour = (SInt8)(second / 3600);
	g.minute = (SInt8)(fmod(second, 3600) / 60);
	g.second = fmod(second, 60);
	return g;
}

CFAbsoluteTime CFAbsoluteTimeAddGregorianUnits(CFAbsoluteTime at, CFTimeZoneRef tz,
					       CFGregorianUnits units)
{
	CFGregorianDate g = CFAbsoluteTimeGetGregorianDate(at, tz);
	int64_t month = (int64_t)g.month + units.months;
	int64_t years = floor_divide(month - 1, 12), year = (int64_t)g.year + units.years + years;
	int length = cf_gregorian_month_length(year, (int)(month - years * 12));
	int64_t day = (g.day > length ? length : g.day) + (int64_t)units.days;

	if (!cf_gregorian_can(at))
		return at;
	return cf_gregorian_to_absolute(
		(double)cf_gregorian_days(year, (int)(month - years * 12), day) * SECONDS_PER_DAY +
			3600.0 * ((double)g.hour + units.hours) +
			60.0 * ((double)g.minute + units.minutes) + g.second + units.seconds,
		tz);
}

/* The largest number of units of one kind that do not lead beyond AT1, from *START on. */
static SInt32 take_units(CFAbsoluteTime *start, CFAbsoluteTime at1, CFTimeZoneRef tz, size_t offset,
			 double seconds)
{
	SInt32 n, sign = at1 < *start ? -1 : 1;
	double estimate = (at1 - *start) / seconds + 2 * sign;
	CFAbsoluteTime reached;

	/* At most two too many. */
	for (n = (SInt32)fmax(fmin(estimate, INT32_MAX), INT32_MIN);; n -= sign) {
		CFGregorianUnits units = { 0 };

		memcpy((char *)&units + offset, &n, sizeof(n));
		reached = CFAbsoluteTimeAddGregorianUnits(*start, tz, units);
		if (n == 0 || (sign > 0 ? reached <= at1 : reached >= at1))
			break;
	}
	*start = reached;
	return n;
}

CFGregorianUnits CFAbsoluteTimeGetDifferenceAsGregorianUnits(CFAbsoluteTime at1, CFAbsoluteTime at2,
							     CFTimeZoneRef tz,
							     CFOptionFlags unitFlags)
{
	CFGregorianUnits u = { 0 };

	if (!cf_gregorian_can(at1) || !cf_gregorian_can(at2))
		return u;
	if (unitFlags & kCFGregorianUnitsYears)
		u.years = take_units(&at2, at1, tz, offsetof(CFGregorianUnits, years),
				     365.2425 * SECONDS_PER_DAY);
	if (unitFlags & kCFGregorianUnitsMonths)
		u.months = take_units(&at2, at1, tz, offsetof(CFGregorianUnits, months),
				      365.2425 / 12 * SECONDS_PER_DAY);
	if (unitFlags & kCFGregorianUnitsDays)
		u.days = take_units(&at2, at1, tz, offsetof(CFGregorianUnits, days),
				    SECONDS_PER_DAY);
	if (unitFlags & kCFGregorianUnitsHours)
		u.hours = take_units(&at2, at1, tz, offsetof(CFGregorianUnits, hours), 3600);
	if (unitFlags & kCFGregorianUnitsMinutes)
		u.minutes = take_units(&at2, at1, tz, offsetof(CFGregorianUnits, minutes), 60);
	if (unitFlags & kCFGregorianUnitsSeconds)
		u.seconds = at1 - at2;
	return u;
}

static int64_t local_days(CFAbsoluteTime at, CFTimeZoneRef tz)
{
	return cf_gregorian_can(at) ? (int64_t)floor((at + zone_offset(tz, at)) / SECONDS_PER_DAY)
				    : 0;
}

SInt32 CFAbsoluteTimeGetDayOfWeek(CFAbsoluteTime at, CFTimeZoneRef tz)
{
	return cf_gregorian_weekday(local_days(at, tz));
}

SInt32 CFAbsoluteTimeGetDayOfYear(CFAbsoluteTime at, CFTimeZoneRef tz)
{
	int64_t days = local_days(at, tz);

	return (SInt32)(days - cf_gregorian_days(cf_gregorian_civil(days).year, 1, 1)) + 1;
}

/* ISO 8601: the week belongs to the year that its Thursday is in. */
SInt32 CFAbsoluteTimeGetWeekOfYear(CFAbsoluteTime at, CFTimeZoneRef tz)
{
	int64_t days = local_days(at, tz), thursday = days - cf_gregorian_weekday(days) + 4;

	return (SInt32)((thursday - cf_gregorian_days(cf_gregorian_civil(thursday).year, 1, 1)) /
			7) +
	       1;
}
