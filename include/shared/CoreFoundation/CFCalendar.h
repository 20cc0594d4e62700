// SPDX-License-Identifier: MIT
/*
 * Calendars: absolute times as years, months, days and so on, in a time zone.
 * The Gregorian one, and with ISO 8601's weeks. One thread at a time for each.
 */
#ifndef __COREFOUNDATION_CFCALENDAR__
#define __COREFOUNDATION_CFCALENDAR__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFLocale.h>
#include <CoreFoundation/CFTimeZone.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFCalendar *CFCalendarRef;

typedef CFOptionFlags CFCalendarUnit;
enum {
	kCFCalendarUnitEra = 1UL << 1,
	kCFCalendarUnitYear = 1UL << 2,
	kCFCalendarUnitMonth = 1UL << 3,
	kCFCalendarUnitDay = 1UL << 4,
	kCFCalendarUnitHour = 1UL << 5,
	kCFCalendarUnitMinute = 1UL << 6,
	kCFCalendarUnitSecond = 1UL << 7,
	kCFCalendarUnitWeek = 1UL << 8,
	kCFCalendarUnitWeekday = 1UL << 9,	   /* 1: Sunday */
	kCFCalendarUnitWeekdayOrdinal = 1UL << 10, /* which of those weekdays of the month */
	kCFCalendarUnitQuarter = 1UL << 11,
	kCFCalendarUnitWeekOfMonth = 1UL << 12,
	kCFCalendarUnitWeekOfYear = 1UL << 13,
	kCFCalendarUnitYearForWeekOfYear = 1UL << 14
};

/* Do not carry into larger units when adding. */
enum { kCFCalendarComponentsWrap = 1UL << 0 };

CF_EXPORT CFTypeID CFCalendarGetTypeID(void);
/* Gregorian, in the current locale and the default time zone. */
CF_EXPORT CFCalendarRef CFCalendarCopyCurrent(void);
/* NULL for identifiers other than kCFGregorianCalendar and kCFISO8601Calendar. */
CF_EXPORT CFCalendarRef CFCalendarCreateWithIdentifier(CFAllocatorRef allocator,
						       CFCalendarIdentifier identifier);
/* Borrowed. */
CF_EXPORT CFCalendarIdentifier CFCalendarGetIdentifier(CFCalendarRef calendar);
CF_EXPORT CFLocaleRef CFCalendarCopyLocale(CFCalendarRef calendar);
CF_EXPORT void CFCalendarSetLocale(CFCalendarRef calendar, CFLocaleRef locale);
CF_EXPORT CFTimeZoneRef CFCalendarCopyTimeZone(CFCalendarRef calendar);
/* NULL: the default one. */
CF_EXPORT void CFCalendarSetTimeZone(CFCalendarRef calendar, CFTimeZoneRef tz);
/* 1: Sunday. */
CF_EXPORT CFIndex CFCalendarGetFirstWeekday(CFCalendarRef calendar);
CF_EXPORT void CFCalendarSetFirstWeekday(CFCalendarRef calendar, CFIndex wkdy);
/* How much of a week must lie in the year for it to be the first. */
CF_EXPORT CFIndex CFCalendarGetMinimumDaysInFirstWeek(CFCalendarRef calendar);
CF_EXPORT void CFCalendarSetMinimumDaysInFirstWeek(CFCalendarRef calendar, CFIndex mwd);
/* What a unit can be in every, in some, and in this larger unit. {kCFNotFound, kCFNotFound} for
 * combinations without a meaning. */
CF_EXPORT CFRange CFCalendarGetMinimumRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit unit);
CF_EXPORT CFRange CFCalendarGetMaximumRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit unit);
CF_EXPORT CFRange CFCalendarGetRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit smallerUnit,
					   CFCalendarUnit biggerUnit, CFAbsoluteTime at);
/* From 1; kCFNotFound likewise. */
CF_EXPORT CFIndex CFCalendarGetOrdinalityOfUnit(CFCalendarRef calendar, CFCalendarUnit smallerUnit,
						CFCalendarUnit biggerUnit, CFAbsoluteTime at);
CF_EXPORT Boolean CFCalendarGetTimeRangeOfUnit(CFCalendarRef calendar, CFCalendarUnit unit,
					       CFAbsoluteTime at, CFAbsoluteTime *startp,
					       CFTimeInterval *tip);
/*
 * COMPONENTDESC has one letter for each further argument: y year, M month, d day, H hour, m minute,
 * s second, G era, E weekday, F its ordinal in the month, Q quarter, W week of the month, w week of
 * the year, Y the year that the week belongs to. Arguments are int (for Decompose and Difference:
 * int *). False for other letters.
 */
CF_EXPORT Boolean CFCalendarComposeAbsoluteTime(CFCalendarRef calendar, CFAbsoluteTime *at,
						const char *componentDesc, ...);
CF_EXPORT Boolean CFCalendarDecomposeAbsoluteTime(CFCalendarRef calendar, CFAbsoluteTime at,
						  const char *componentDesc, ...);
/* In the order of the letters; days that a month does not have become its last one. */
CF_EXPORT Boolean CFCalendarAddComponents(CFCalendarRef calendar, CFAbsoluteTime *at,
					  CFOptionFlags options, const char *componentDesc, ...);
/* Whole units from STARTINGAT to RESULTAT, each letter from where the one before it left off. */
CF_EXPORT Boolean CFCalendarGetComponentDifference(CFCalendarRef calendar,
						   CFAbsoluteTime startingAT,
						   CFAbsoluteTime resultAT, CFOptionFlags options,
						   const char *componentDesc, ...);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
