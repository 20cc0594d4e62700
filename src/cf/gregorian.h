// SPDX-License-Identifier: MIT
/*
 * The (proleptic) Gregorian calendar: days, and dates as text
 * (2001-01-01T00:00:00Z). Times are CFAbsoluteTime: seconds since that moment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GREGORIAN_TEXT_SIZE 24
#define SECONDS_PER_DAY 86400

struct civil {
	int64_t year;
	int month, day; /* from 1 */
};

/* Days since 2001-01-01. MONTH 1 to 12; DAY may be outside of its month. */
int64_t cf_gregorian_days(int64_t year, int month, int64_t day);
struct civil cf_gregorian_civil(int64_t days);
int cf_gregorian_month_length(int64_t year, int month);
/* 1 Monday to 7 Sunday. */
int cf_gregorian_weekday(int64_t days);
/* Is AT near enough for the integers here? (Some 100 million years, and a number at all.) */
bool cf_gregorian_can(double at);

struct __CFTimeZone;
/* Local time to absolute time. ZONE NULL: the same. An hour that is skipped counts on, of one that is
 * repeated it is the first or the second, depending on the zone. */
double cf_gregorian_to_absolute(double local, const struct __CFTimeZone *zone);

/* Whole seconds, rounded down. False outside the years 1 to 9999. */
bool cf_gregorian_format(double at, char text[GREGORIAN_TEXT_SIZE]);
bool cf_gregorian_parse(const char *text, size_t n, double *ret_at);
