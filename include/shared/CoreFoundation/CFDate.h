// SPDX-License-Identifier: MIT
/* Points in time: seconds since 2001-01-01 00:00 UTC. */
#ifndef __COREFOUNDATION_CFDATE__
#define __COREFOUNDATION_CFDATE__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef double CFTimeInterval;
typedef CFTimeInterval CFAbsoluteTime;
typedef const struct __CFDate *CFDateRef;

/* From 1970-01-01 and 1904-01-01 to the epoch. */
CF_EXPORT const CFTimeInterval kCFAbsoluteTimeIntervalSince1970;
CF_EXPORT const CFTimeInterval kCFAbsoluteTimeIntervalSince1904;

/* Wall clock; may step. */
CF_EXPORT CFAbsoluteTime CFAbsoluteTimeGetCurrent(void);
CF_EXPORT CFTypeID CFDateGetTypeID(void);
CF_EXPORT CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime at);
CF_EXPORT CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef theDate);
CF_EXPORT CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef theDate, CFDateRef otherDate);
/* CONTEXT is not used. */
CF_EXPORT CFComparisonResult CFDateCompare(CFDateRef theDate, CFDateRef otherDate, void *context);

/* --- Gregorian dates: the older functions (CFCalendar.h has the newer) -------------------- */

/* NULL as a zone below is Greenwich. */
typedef const struct __CFTimeZone *CFTimeZoneRef;

typedef struct {
	SInt32 year;
	SInt8 month; /* from 1 */
	SInt8 day;   /* from 1 */
	SInt8 hour;
	SInt8 minute;
	double second;
} CFGregorianDate;

typedef struct {
	SInt32 years;
	SInt32 months;
	SInt32 days;
	SInt32 hours;
	SInt32 minutes;
	double seconds;
} CFGregorianUnits;

typedef CFOptionFlags CFGregorianUnitFlags;
enum {
	kCFGregorianUnitsYears = 1UL << 0,
	kCFGregorianUnitsMonths = 1UL << 1,
	kCFGregorianUnitsDays = 1UL << 2,
	kCFGregorianUnitsHours = 1UL << 3,
	kCFGregorianUnitsMinutes = 1UL << 4,
	kCFGregorianUnitsSeconds = 1UL << 5,
	kCFGregorianAllUnits = 0x00FFFFFF
};

/* Are the named fields possible? */
CF_EXPORT Boolean CFGregorianDateIsValid(CFGregorianDate gdate, CFOptionFlags unitFlags);
CF_EXPORT CFAbsoluteTime CFGregorianDateGetAbsoluteTime(CFGregorianDate gdate, CFTimeZoneRef tz);
CF_EXPORT CFGregorianDate CFAbsoluteTimeGetGregorianDate(CFAbsoluteTime at, CFTimeZoneRef tz);
/* Years and months first; a day that the month has not becomes its last one. */
CF_EXPORT CFAbsoluteTime CFAbsoluteTimeAddGregorianUnits(CFAbsoluteTime at, CFTimeZoneRef tz,
							 CFGregorianUnits units);
/* AT1 - AT2 in the named units. */
CF_EXPORT CFGregorianUnits CFAbsoluteTimeGetDifferenceAsGregorianUnits(CFAbsoluteTime at1,
								       CFAbsoluteTime at2,
								       CFTimeZoneRef tz,
								       CFOptionFlags unitFlags);
/* 1 Monday to 7 Sunday. */
CF_EXPORT SInt32 CFAbsoluteTimeGetDayOfWeek(CFAbsoluteTime at, CFTimeZoneRef tz);
CF_EXPORT SInt32 CFAbsoluteTimeGetDayOfYear(CFAbsoluteTime at, CFTimeZoneRef tz);
/* ISO 8601. */
CF_EXPORT SInt32 CFAbsoluteTimeGetWeekOfYear(CFAbsoluteTime at, CFTimeZoneRef tz);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
