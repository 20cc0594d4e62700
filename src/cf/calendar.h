// SPDX-License-Identifier: MIT
/* The calendar object and local times, shared by calendar.c and calendar_range.c. */
#pragma once

#include <CoreFoundation/CFCalendar.h>

#include "cf/gregorian.h"
#include "cf/string_internal.h"

struct __CFCalendar {
	struct cf_object base;
	CFStringRef identifier;
	CFLocaleRef locale;
	CFTimeZoneRef zone; /* NULL: the default */
	int first_weekday, minimum_days;
};

/* A local time. */
struct moment {
	int64_t days;  /* since 2001-01-01 */
	double second; /* of the day */
	struct civil civil;
};

struct moment calendar_moment(CFCalendarRef c, CFAbsoluteTime at);
CFAbsoluteTime calendar_absolute(CFCalendarRef c, int64_t days, double second);
/* 1: Sunday. */
int calendar_weekday(int64_t days);
/* 0 to 6. */
int calendar_days_into_week(CFCalendarRef c, int64_t days);
/* The day on which the first week of the month or year that begins with PERIOD begins. */
int64_t calendar_first_week(CFCalendarRef c, int64_t period);
/* The year that the week belongs to. */
int64_t calendar_week_year(CFCalendarRef c, const struct moment *m);
