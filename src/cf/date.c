// SPDX-License-Identifier: MIT
#include "cf/cf_internal.h"

#include <CoreFoundation/CFDate.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "cf/gregorian.h"

struct __CFDate {
	struct cf_object base;
	CFAbsoluteTime at;
};

const CFTimeInterval kCFAbsoluteTimeIntervalSince1970 = 978307200.0;
const CFTimeInterval kCFAbsoluteTimeIntervalSince1904 = 3061152000.0;

CFAbsoluteTime CFAbsoluteTimeGetCurrent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec - kCFAbsoluteTimeIntervalSince1970 + (double)now.tv_nsec * 1e-9;
}

static bool date_equal(const void *a, const void *b)
{
	return ((CFDateRef)a)->at == ((CFDateRef)b)->at;
}

static CFHashCode date_hash(const void *object)
{
	double at = ((CFDateRef)object)->at + 0.0; /* no negative zero */
	uint64_t bits;

	memcpy(&bits, &at, sizeof(bits));
	return bits ^ bits >> 32;
}

static CFStringRef date_copy_description(const void *object)
{
	char text[GREGORIAN_TEXT_SIZE];

	if (!cf_gregorian_format(((CFDateRef)object)->at, text))
		return CFStringCreateWithFormat(NULL, NULL, CFSTR("%.6f"), ((CFDateRef)object)->at);
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingASCII);
}

const struct cf_class cf_date_class = {
	.name = "CFDate",
	.equal = date_equal,
	.hash = date_hash,
	.copy_description = date_copy_description,
};

CFTypeID CFDateGetTypeID(void)
{
	return CF_TYPE_DATE;
}

CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime at)
{
	struct __CFDate *d = cf_object_new_in(allocator, CF_TYPE_DATE, sizeof(*d));

	if (d)
		d->at = at;
	return d;
}

CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef theDate)
{
	return cf_is(theDate, CF_TYPE_DATE) ? theDate->at : 0;
}

CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef theDate, CFDateRef otherDate)
{
	return CFDateGetAbsoluteTime(theDate) - CFDateGetAbsoluteTime(otherDate);
}

CFComparisonResult CFDateCompare(CFDateRef theDate, CFDateRef otherDate, void *context)
{
	CFTimeInterval t = CFDateGetTimeIntervalSinceDate(theDate, otherDate);

	return t < 0 ? kCFCompareLessThan : t > 0 ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

/* --- calendar ------------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a day of the (proleptic) Gregorian calendar: whole 400-year cycles of
 * 146,097 days, with years that begin in March so that the leap day comes last. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t cycle, year_of_cycle, day_of_year;

	year -= month <= 2;
	cycle = (year >= 0 ? year : year - 399) / 400;
	year_of_cycle = year - cycle * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return cycle * 146097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
	       day_of_year - 719468;
}

bool cf_gregorian_format(double at, char text[GREGORIAN_TEXT_SIZE])
{
	double seconds = floor(at) + kCFAbsoluteTimeIntervalSince1970;
	struct tm tm;
	time_t t;

	/* Years 1 to 9999: what four digits can say. */
	if (!(seconds >= -62135596800.0 && seconds < 253402300800.0))
		return false;
	t = (time_t)seconds;
	return gmtime_r(&t, &tm) &&
	       snprintf(text, GREGORIAN_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ",
			(tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
			tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100) > 0;
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
	*ret_at = (double)(days_from_civil(field[0], field[1], field[2]) * 86400 + field[3] * 3600 +
			   field[4] * 60 + field[5]) -
		  kCFAbsoluteTimeIntervalSince1970;
	return true;
}
