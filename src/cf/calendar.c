// SPDX-License-Identifier: MIT
/* Calendars: their settings, and times as components. calendar_range.c has the ranges. */
#include "cf/calendar.h"

#include <langinfo.h>
#include <math.h>
#include <stdlib.h>

#include "cf/locale_names.h"

static void calendar_fini(void *object)
{
	struct __CFCalendar *c = object;

	cf_drop(c->identifier);
	cf_drop(c->locale);
	cf_drop(c->zone);
}

static bool calendar_equal(const void *a, const void *b)
{
	const struct __CFCalendar *x = a, *y = b;

	return CFEqual(x->identifier, y->identifier) && CFEqual(x->locale, y->locale) &&
	       x->first_weekday == y->first_weekday && x->minimum_days == y->minimum_days &&
	       (x->zone == y->zone || (x->zone && y->zone && CFEqual(x->zone, y->zone)));
}

static CFHashCode calendar_hash(const void *object)
{
	return CFHash(((const struct __CFCalendar *)object)->identifier);
}

const struct cf_class cf_calendar_class = {
	.name = "CFCalendar",
	.fini = calendar_fini,
	.equal = calendar_equal,
	.hash = calendar_hash,
};

CFTypeID CFCalendarGetTypeID(void)
{
	return CF_TYPE_CALENDAR;
}

static bool is_calendar(CFCalendarRef calendar)
{
	return cf_is(calendar, CF_TYPE_CALENDAR);
}

/* --- making and settings ------------------------------------------------------------------ */

/* The weeks of the locale's country, where the system knows them. */
static void take_weeks(CFCalendarRef c)
{
	locale_t system = cf_locale_system(c->locale);
	const char *first, *week;

	if (CFEqual(c->identifier, kCFISO8601Calendar)) {
		c->first_weekday = 2;
		c->minimum_days = 4;
	} else {
		c->first_weekday = c->minimum_days = 1;
		if (system) {
			first = nl_langinfo_l(_NL_TIME_FIRST_WEEKDAY, system);
			week = nl_langinfo_l(_NL_TIME_WEEK_1STWEEK, system);
			if (*first >= 1 && *first <= 7)
				c->first_weekday = *first;
			if (*week >= 1 && *week <= 7)
				c->minimum_days = *week;
		}
	}
	if (system)
		freelocale(system);
}

CFCalendarRef CFCalendarCreateWithIdentifier(CFAllocatorRef allocator,
					     CFCalendarIdentifier identifier)
{
	CFCalendarRef c;

	if (!cf_string_is(identifier) ||
	    !(CFEqual(identifier, kCFGregorianCalendar) || CFEqual(identifier, kCFISO8601Calendar)))
		return NULL;
	c = cf_object_new_in(allocator, CF_TYPE_CALENDAR, sizeof(*c));
	if (!c)
		return NULL;
	c->identifier = CFStringCreateCopy(allocator, identifier);
	c->locale = CFRetain(CFLocaleGetSystem());
	if (!c->identifier) {
		CFRelease(c);
		return NULL;
	}
	take_weeks(c);
	return c;
}

CFCalendarRef CFCalendarCopyCurrent(void)
{
	CFCalendarRef c = CFCalendarCreateWithIdentifier(NULL, kCFGregorianCalendar);
	scope_cf CFLocaleRef locale = CFLocaleCopyCurrent();

	if (c && locale)
		CFCalendarSetLocale(c, locale);
	return c;
}

CFCalendarIdentifier CFCalendarGetIdentifier(CFCalendarRef calendar)
{
	return is_calendar(calendar) ? calendar->identifier : NULL;
}

CFLocaleRef CFCalendarCopyLocale(CFCalendarRef calendar)
{
	return is_calendar(calendar) ? CFRetain(calendar->locale) : NULL;
}

void CFCalendarSetLocale(CFCalendarRef calendar, CFLocaleRef locale)
{
	CFLocaleRef old;

	if (!is_calendar(calendar) || !cf_is(locale, CF_TYPE_LOCALE))
		return;
	old = calendar->locale;
	calendar->locale = CFRetain(locale);
	CFRelease(old);
	take_weeks(calendar);
}

CFTimeZoneRef CFCalendarCopyTimeZone(CFCalendarRef calendar)
{
	if (!is_calendar(calendar))
		return NULL;
	return calendar->zone ? CFRetain(calendar->zone) : CFTimeZoneCopyDefault();
}

void CFCalendarSetTimeZone(CFCalendarRef calendar, CFTimeZoneRef tz)
{
	CFTimeZoneRef old;

	if (!is_calendar(calendar) || (tz && !cf_is(tz, CF_TYPE_TIME_ZONE)))
		return;
	old = calendar->zone;
	calendar->zone = cf_keep(tz);
	cf_drop(old);
}

CFIndex CFCalendarGetFirstWeekday(CFCalendarRef calendar)
{
	return is_calendar(calendar) ? calendar->first_weekday : 0;
}

void CFCalendarSetFirstWeekday(CFCalendarRef calendar, CFIndex wkdy)
{
	if (is_calendar(calendar) && wkdy >= 1 && wkdy <= 7)
		calendar->first_weekday = (int)wkdy;
}

CFIndex CFCalendarGetMinimumDaysInFirstWeek(CFCalendarRef calendar)
{
	return is_calendar(calendar) ? calendar->minimum_days : 0;
}

void CFCalendarSetMinimumDaysInFirstWeek(CFCalendarRef calendar, CFIndex mwd)
{
	if (is_calendar(calendar) && mwd >= 1 && mwd <= 7)
		calendar->minimum_days = (int)mwd;
}

/* --- local times ------------------------------------------------------------------------------ */

struct moment calendar_moment(CFCalendarRef c, CFAbsoluteTime at)
{
	scope_cf CFTimeZoneRef zone = CFCalendarCopyTimeZone(c);
	struct moment m;
	double local = at + CFTimeZoneGetSecondsFromGMT(zone, at);

	m.days = (int64_t)floor(local / SECONDS_PER_DAY);
	m.second = local - (double)m.days * SECONDS_PER_DAY;
	m.civil = cf_gregorian_civil(m.days);
	return m;
}

CFAbsoluteTime calendar_absolute(CFCalendarRef c, int64_t days, double second)
{
	scope_cf CFTimeZoneRef zone = CFCalendarCopyTimeZone(c);

	return cf_gregorian_to_absolute((double)days * SECONDS_PER_DAY + second, zone);
}

int calendar_weekday(int64_t days)
{
	return cf_gregorian_weekday(days) % 7 + 1;
}

int calendar_days_into_week(CFCalendarRef c, int64_t days)
{
	return (calendar_weekday(days) - c->first_weekday + 7) % 7;
}

int64_t calendar_first_week(CFCalendarRef c, int64_t period)
{
	int before = calendar_days_into_week(c, period);

	return period - before + (7 - before >= c->minimum_days ? 0 : 7);
}

int64_t calendar_week_year(CFCalendarRef c, const struct moment *m)
{
	for (int64_t year = m->civil.year + 1;; year--)
		if (m->days >= calendar_first_week(c, cf_gregorian_days(year, 1, 1)))
			return year;
}

/* --- components ---------------------------------------------------------------------------------- */

static bool get_component(CFCalendarRef c, const struct moment *m, char letter, int64_t *ret_value)
{
	int64_t month = cf_gregorian_days(m->civil.year, m->civil.month, 1);
	int64_t week_year = calendar_week_year(c, m);

	switch (letter) {
	case 'G':
		*ret_value = m->civil.year > 0;
		return true;
	case 'y':
		*ret_value = m->civil.year > 0 ? m->civil.year : 1 - m->civil.year;
		return true;
	case 'M':
		*ret_value = m->civil.month;
		return true;
	case 'd':
		*ret_value = m->civil.day;
		return true;
	case 'H':
		*ret_value = (int64_t)m->second / 3600;
		return true;
	case 'm':
		*ret_value = (int64_t)m->second / 60 % 60;
		return true;
	case 's':
		*ret_value = (int64_t)m->second % 60;
		return true;
	case 'E':
		*ret_value = calendar_weekday(m->days);
		return true;
	case 'F':
		*ret_value = (m->civil.day - 1) / 7 + 1;
		return true;
	case 'Q':
		*ret_value = (m->civil.month - 1) / 3 + 1;
		return true;
	case 'W':
		*ret_value = (m->days - calendar_first_week(c, month) + 7) / 7;
		return true;
	case 'w':
		*ret_value =
			(m->days - calendar_first_week(c, cf_gregorian_days(week_year, 1, 1))) / 7 +
			1;
		return true;
	case 'Y':
		*ret_value = week_year;
		return true;
	}
	return false;
}

Boolean CFCalendarDecomposeAbsoluteTime(CFCalendarRef calendar, CFAbsoluteTime at,
					const char *componentDesc, ...)
{
	struct moment m;
	va_list arguments;
	int64_t value;
	bool known = true;

	if (!is_calendar(calendar) || !componentDesc || !cf_gregorian_can(at))
		return FALSE;
	m = calendar_moment(calendar, at);
	va_start(arguments, componentDesc);
	for (const char *p = componentDesc; *p && known; p++) {
		int *to = va_arg(arguments, int *);

		known = get_component(calendar, &m, *p, &value);
		if (known)
			*to = (int)value;
	}
	va_end(arguments);
	return known;
}

/* The value of a letter, or its default. */
struct given {
	bool has[128];
	int value[128];
};

static int value_of(const struct given *g, char letter, int otherwise)
{
	return g->has[(int)letter] ? g->value[(int)letter] : otherwise;
}

static int64_t year_given(const struct given *g, char letter)
{
	int64_t year = value_of(g, letter, 1);

	return g->has['G'] && g->value['G'] == 0 ? 1 - year : year;
}

static int64_t days_of_month(int64_t year, int64_t month, int64_t day)
{
	int64_t years = (month - 1) / 12 - ((month - 1) % 12 < 0);

	return cf_gregorian_days(year + years, (int)(month - years * 12), day);
}

static int64_t given_days(CFCalendarRef c, const struct given *g)
{
	int weekday = value_of(g, 'E', c->first_weekday);
	int64_t first, month;

	if (g->has['Y'] || (g->has['w'] && !g->has['M'] && !g->has['d'])) {
		first = calendar_first_week(
			c, cf_gregorian_days(year_given(g, g->has['Y'] ? 'Y' : 'y'), 1, 1));
		return first + 7 * ((int64_t)value_of(g, 'w', 1) - 1) +
		       (weekday - c->first_weekday + 7) % 7;
	}
	month = value_of(g, 'M', 3 * (value_of(g, 'Q', 1) - 1) + 1);
	first = days_of_month(year_given(g, 'y'), month, 1);
	if (g->has['d'] || !g->has['E'])
		return first + value_of(g, 'd', 1) - 1;
	if (g->has['W'])
		return calendar_first_week(c, first) + 7 * ((int64_t)g->value['W'] - 1) +
		       (weekday - c->first_weekday + 7) % 7;
	return first + (weekday - calendar_weekday(first) + 7) % 7 +
	       7 * ((int64_t)value_of(g, 'F', 1) - 1);
}

Boolean CFCalendarComposeAbsoluteTime(CFCalendarRef calendar, CFAbsoluteTime *at,
				      const char *componentDesc, ...)
{
	struct given g = { .has = { false } };
	va_list arguments;

	if (!is_calendar(calendar) || !componentDesc || !at)
		return FALSE;
	va_start(arguments, componentDesc);
	for (const char *p = componentDesc; *p; p++) {
		if (!strchr("GyMdHmsEFQWwY", *p)) {
			va_end(arguments);
			return FALSE;
		}
		g.has[(int)*p] = true;
		g.value[(int)*p] = va_arg(arguments, int);
	}
	va_end(arguments);
	*at = calendar_absolute(calendar, given_days(calendar, &g),
				3600.0 * value_of(&g, 'H', 0) + 60.0 * value_of(&g, 'm', 0) +
					value_of(&g, 's', 0));
	return TRUE;
}

/* --- adding ------------------------------------------------------------------------------------------ */

/* N more of VALUE in [first, first + count), around the end. */
static int64_t wrap(int64_t value, int64_t n, int64_t first, int64_t count)
{
	int64_t at = (value - first + n) % count;

	return first + (at < 0 ? at + count : at);
}

static CFAbsoluteTime add_months(CFCalendarRef c, const struct moment *m, int64_t n, bool wraps)
{
	int64_t month = wraps ? wrap(m->civil.month, n, 1, 12) : m->civil.month + n;
	int64_t first = days_of_month(m->civil.year, month, 1);
	struct civil reached = cf_gregorian_civil(first);
	int length = cf_gregorian_month_length(reached.year, reached.month);

	return calendar_absolute(c, first + (m->civil.day > length ? length : m->civil.day) - 1,
				 m->second);
}

static CFAbsoluteTime add_days(CFCalendarRef c, const struct moment *m, int64_t n, char letter,
			       bool wraps)
{
	int64_t days = m->days + n, start = m->days - calendar_days_into_week(c, m->days);

	if (wraps && letter == 'd')
		days = m->days - m->civil.day +
		       wrap(m->civil.day, n, 1,
			    cf_gregorian_month_length(m->civil.year, m->civil.month));
	else if (wraps && letter == 'E')
		days = wrap(m->days, n, start, 7);
	return calendar_absolute(c, days, m->second);
}

/* Hours, minutes and seconds are the same everywhere. */
static CFAbsoluteTime add_seconds(CFAbsoluteTime at, const struct moment *m, int64_t n, int unit,
				  int count, bool wraps)
{
	int64_t now = (int64_t)m->second / unit % count;

	return at + (double)(wraps ? wrap(now, n, 0, count) - now : n) * unit;
}

static bool add_component(CFCalendarRef c, CFAbsoluteTime *at, char letter, int64_t n, bool wraps)
{
	struct moment m = calendar_moment(c, *at);

	switch (letter) {
	case 'y':
	case 'Y':
		*at = add_months(c, &m, n * 12, false);
		return true;
	case 'Q':
		*at = add_months(c, &m, n * 3, wraps);
		return true;
	case 'M':
		*at = add_months(c, &m, n, wraps);
		return true;
	case 'W':
	case 'w':
	case 'F':
		*at = add_days(c, &m, n * 7, letter, false);
		return true;
	case 'd':
	case 'E':
		*at = add_days(c, &m, n, letter, wraps);
		return true;
	case 'H':
		*at = add_seconds(*at, &m, n, 3600, 24, wraps);
		return true;
	case 'm':
		*at = add_seconds(*at, &m, n, 60, 60, wraps);
		return true;
	case 's':
		*at = add_seconds(*at, &m, n, 1, 60, wraps);
		return true;
	}
	return false;
}

Boolean CFCalendarAddComponents(CFCalendarRef calendar, CFAbsoluteTime *at, CFOptionFlags options,
				const char *componentDesc, ...)
{
	CFAbsoluteTime reached;
	va_list arguments;
	bool known = true;

	if (!is_calendar(calendar) || !at || !componentDesc || !cf_gregorian_can(*at))
		return FALSE;
	reached = *at;
	va_start(arguments, componentDesc);
	for (const char *p = componentDesc; *p && known; p++)
		known = add_component(calendar, &reached, *p, va_arg(arguments, int),
				      options & kCFCalendarComponentsWrap);
	va_end(arguments);
	if (known)
		*at = reached;
	return known;
}

/* --- differences ---------------------------------------------------------------------------------------- */

static double seconds_of(char letter)
{
	switch (letter) {
	case 'y':
	case 'Y':
		return 365.2425 * SECONDS_PER_DAY;
	case 'Q':
		return 365.2425 / 4 * SECONDS_PER_DAY;
	case 'M':
		return 365.2425 / 12 * SECONDS_PER_DAY;
	case 'W':
	case 'w':
	case 'F':
		return 7 * SECONDS_PER_DAY;
	case 'd':
	case 'E':
		return SECONDS_PER_DAY;
	case 'H':
		return 3600;
	case 'm':
		return 60;
	}
	return 1;
}

/* How many of LETTER fit between *AT and END; *AT moves there. */
static bool count_component(CFCalendarRef c, CFAbsoluteTime *at, CFAbsoluteTime end, char letter,
			    int *ret_n)
{
	int sign = end < *at ? -1 : 1;
	/* The estimate is at most two too many. */
	int64_t n = (int64_t)((end - *at) / seconds_of(letter)) + 2 * sign;
	CFAbsoluteTime reached;

	for (;; n -= sign) {
		reached = *at;
		if (!add_component(c, &reached, letter, n, false))
			return false;
		if (n == 0 || (sign > 0 ? reached <= end : reached >= end))
			break;
	}
	*at = reached;
	*ret_n = n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int)n;
	return true;
}

Boolean CFCalendarGetComponentDifference(CFCalendarRef calendar, CFAbsoluteTime startingAT,
					 CFAbsoluteTime resultAT, CFOptionFlags options,
					 const char *componentDesc, ...)
{
	va_list arguments;
	bool known = true;

	if (!is_calendar(calendar) || !componentDesc || !cf_gregorian_can(startingAT) ||
	    !cf_gregorian_can(resultAT))
		return FALSE;
	va_start(arguments, componentDesc);
	for (const char *p = componentDesc; *p && known; p++)
		known = count_component(calendar, &startingAT, resultAT, *p,
					va_arg(arguments, int *));
	va_end(arguments);
	return known;
}
