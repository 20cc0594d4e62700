// SPDX-License-Identifier: MIT
#include "cf/time_zone_data.h"

#include <stdlib.h>
#include <string.h>

#include "cf/gregorian.h"

#define HEADER_BYTES 44
#define MAX_CHANGES 65536
#define DAYS_1970_TO_2001 11323

/* --- the rule: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX) --------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *read_name(const char *p, char name[16])
{
	bool quoted = *p == '<';
	size_t n = 0;

	p += quoted;
	while (*p && (quoted ? *p != '>' : (*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')) {
		if (n == 15)
			return NULL;
		name[n++] = *p++;
	}
	name[n] = '\0';
	if (quoted && *p++ != '>')
		return NULL;
	return n >= 3 ? p : NULL;
}

static const char *read_number(const char *p, int max, int *ret_n)
{
	int n = 0;

	if (!is_digit(*p))
		return NULL;
	while (is_digit(*p)) {
		n = n * 10 + (*p++ - '0');
		if (n > max)
			return NULL;
	}
	*ret_n = n;
	return p;
}

/* [+-]hh[:mm[:ss]] */
static const char *read_time(const char *p, int32_t *ret_seconds)
{
	int sign = *p == '-' ? -1 : 1, part;
	int32_t total = 0;

	p += *p == '-' || *p == '+';
	for (int unit = 3600; unit; unit /= 60) {
		if (unit < 3600 && *p++ != ':') {
			p--;
			break;
		}
		p = read_number(p, unit == 3600 ? 167 : 59, &part);
		if (!p)
			return NULL;
		total += part * unit;
	}
	*ret_seconds = sign * total;
	return p;
}

static const char *read_change(const char *p, struct zone_change *c)
{
	c->second = 2 * 3600;
	if (*p++ != ',')
		return NULL;
	if (*p == 'M') {
		p = read_number(p + 1, 12, &c->month);
		if (!p || !c->month || *p != '.' || !(p = read_number(p + 1, 5, &c->week)) ||
		    !c->week || *p != '.' || !(p = read_number(p + 1, 6, &c->day)))
			return NULL;
	} else {
		c->counts_leap_day = *p != 'J';
		p = read_number(p + (*p == 'J'), 365, &c->day);
	}
	if (p && *p == '/')
		p = read_time(p + 1, &c->second);
	return p;
}

static bool read_rule(struct zone_rule *r, const char *p)
{
	p = read_name(p, r->standard.abbreviation);
	if (!p || !(p = read_time(p, &r->standard.offset)))
		return false;
	/* POSIX counts to the west. */
	r->standard.offset = -r->standard.offset;
	if (!*p)
		return true;
	p = read_name(p, r->daylight.abbreviation);
	if (!p)
		return false;
	r->daylight.daylight = r->has_daylight = true;
	r->daylight.offset = r->standard.offset + 3600;
	if (*p && *p != ',') {
		p = read_time(p, &r->daylight.offset);
		if (!p)
			return false;
		r->daylight.offset = -r->daylight.offset;
	}
	return (p = read_change(p, &r->start)) && (p = read_change(p, &r->end)) && !*p;
}

/* The local second, since 1970, of a change in YEAR. */
static int64_t change_second(const struct zone_change *c, int64_t year)
{
	int64_t first = cf_gregorian_days(year, c->month ? c->month : 1, 1), day;

	if (c->month) {
		/* The first of those weekdays (0 Sunday), then weeks; the fifth is the last. */
		day = first + (c->day + 7 - cf_gregorian_weekday(first) % 7) % 7 +
		      7 * (c->week - 1);
		while (day >= first + cf_gregorian_month_length(year, c->month))
			day -= 7;
	} else {
		day = first + c->day - !c->counts_leap_day;
		if (!c->counts_leap_day && c->day > 59 && cf_gregorian_month_length(year, 2) == 29)
			day++;
	}
	return (day + DAYS_1970_TO_2001) * SECONDS_PER_DAY + c->second;
}

static int64_t rule_start(const struct zone_rule *r, int64_t year)
{
	return change_second(&r->start, year) - r->standard.offset;
}

static int64_t rule_end(const struct zone_rule *r, int64_t year)
{
	return change_second(&r->end, year) - r->daylight.offset;
}

static int64_t year_of(int64_t at)
{
	int64_t days = at / SECONDS_PER_DAY - (at % SECONDS_PER_DAY < 0);

	return cf_gregorian_civil(days - DAYS_1970_TO_2001).year;
}

static const struct zone_type *rule_find(const struct zone_rule *r, int64_t at)
{
	int64_t year = year_of(at + r->standard.offset), start, end;

	if (!r->has_daylight)
		return &r->standard;
	start = rule_start(r, year);
	end = rule_end(r, year);
	/* South of the equator daylight time goes over the new year. */
	if (start < end ? at >= start && at < end : at >= start || at < end)
		return &r->daylight;
	return &r->standard;
}

/* --- the table -------------------------------------------------------------------------------- */

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct counts {
	size_t changes, types, characters, block_bytes;
};

/* The header at BYTES, with times of TIME_BYTES each. */
static bool read_header(const uint8_t *bytes, size_t n, size_t time_bytes, struct counts *c)
{
	size_t leaps, standards, universals;

	if (n < HEADER_BYTES || memcmp(bytes, "TZif", 4))
		return false;
	universals = be32(bytes + 20);
	standards = be32(bytes + 24);
	leaps = be32(bytes + 28);
	c->changes = be32(bytes + 32);
	c->types = be32(bytes + 36);
	c->characters = be32(bytes + 40);
	if (universals > 256 || standards > 256 || leaps > MAX_CHANGES ||
	    c->changes > MAX_CHANGES || !c->types || c->types > 256 || c->characters > 65536)
		return false;
	c->block_bytes = c->changes * (time_bytes + 1) + c->types * 6 + c->characters +
			 leaps * (time_bytes + 4) + standards + universals;
	return n - HEADER_BYTES >= c->block_bytes;
}

static bool read_types(struct zone *z, const uint8_t *p, const struct counts *c)
{
	const char *names = (const char *)p + c->types * 6;

	for (size_t i = 0; i < c->types; i++, p += 6) {
		size_t at = p[5], length;

		if (at >= c->characters)
			return false;
		z->types[i].offset = (int32_t)be32(p);
		/* More than a week is no offset; arithmetic stays safe. */
		if (z->types[i].offset < -604800 || z->types[i].offset > 604800)
			return false;
		z->types[i].daylight = p[4];
		length = strnlen(names + at, c->characters - at);
		if (length >= sizeof(z->types[i].abbreviation))
			return false;
		memcpy(z->types[i].abbreviation, names + at, length);
	}
	return true;
}

static bool read_block(struct zone *z, const uint8_t *p, const struct counts *c, size_t time_bytes)
{
	z->types = calloc(c->types, sizeof(*z->types));
	z->changes = calloc(c->changes + 1, sizeof(*z->changes));
	z->change_types = calloc(c->changes + 1, 1);
	if (!z->types || !z->changes || !z->change_types)
		return false;
	z->n_types = c->types;
	z->n_changes = c->changes;
	for (size_t i = 0; i < c->changes; i++, p += time_bytes) {
		z->changes[i] = time_bytes == 8 ? (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4))
						: (int32_t)be32(p);
		if (i && z->changes[i] <= z->changes[i - 1])
			return false;
	}
	for (size_t i = 0; i < c->changes; i++) {
		z->change_types[i] = *p++;
		if (z->change_types[i] >= c->types)
			return false;
	}
	return read_types(z, p, c);
}

/* The rule is a line after the second block. One that is not understood is none. */
static void read_footer(struct zone *z, const uint8_t *p, size_t n)
{
	const uint8_t *end = n > 1 && *p == '\n' ? memchr(p + 1, '\n', n - 1) : NULL;
	char line[128];

	if (!end || (size_t)(end - p - 1) >= sizeof(line))
		return;
	memcpy(line, p + 1, (size_t)(end - p - 1));
	line[end - p - 1] = '\0';
	z->has_rule = read_rule(&z->rule, line);
}

bool zone_init(struct zone *z, const uint8_t *bytes, size_t n)
{
	struct counts c;
	size_t time_bytes = 4;

	memset(z, 0, sizeof(*z));
	if (!read_header(bytes, n, 4, &c))
		return false;
	if (bytes[4] >= '2') {
		bytes += HEADER_BYTES + c.block_bytes;
		n -= HEADER_BYTES + c.block_bytes;
		time_bytes = 8;
		if (!read_header(bytes, n, 8, &c))
			return false;
	}
	if (!read_block(z, bytes + HEADER_BYTES, &c, time_bytes)) {
		zone_fini(z);
		return false;
	}
	if (time_bytes == 8)
		read_footer(z, bytes + HEADER_BYTES + c.block_bytes,
			    n - HEADER_BYTES - c.block_bytes);
	return true;
}

void zone_fini(struct zone *z)
{
	free(z->types);
	free(z->changes);
	free(z->change_types);
	memset(z, 0, sizeof(*z));
}

/* --- asking -------------------------------------------------------------------------------------- */

/* How many changes are not after AT. */
static size_t rank_of(const struct zone *z, int64_t at)
{
	size_t low = 0, high = z->n_changes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct zone_type *type_after(const struct zone *z, size_t rank)
{
	if (rank)
		return &z->types[z->change_types[rank - 1]];
	for (size_t i = 0; i < z->n_types; i++)
		if (!z->types[i].daylight)
			return &z->types[i];
	return &z->types[0];
}

const struct zone_type *zone_find(const struct zone *z, int64_t at)
{
	size_t rank = rank_of(z, at);

	return rank == z->n_changes && z->has_rule ? rule_find(&z->rule, at) : type_after(z, rank);
}

static bool is_same(const struct zone_type *a, const struct zone_type *b)
{
	return a->offset == b->offset && a->daylight == b->daylight;
}

bool zone_next(const struct zone *z, int64_t at, int64_t *ret_next)
{
	const struct zone_type *now = zone_find(z, at);
	int64_t year;

	for (size_t i = rank_of(z, at); i < z->n_changes; i++) {
		if (is_same(now, type_after(z, i + 1)))
			continue;
		*ret_next = z->changes[i];
		return true;
	}
	if (!z->has_rule || !z->rule.has_daylight)
		return false;
	if (z->n_changes && at < z->changes[z->n_changes - 1])
		at = z->changes[z->n_changes - 1];
	year = year_of(at);
	for (int i = -1; i < 3; i++) {
		int64_t start = rule_start(&z->rule, year + i), end = rule_end(&z->rule, year + i);
		int64_t first = start < end ? start : end, second = start < end ? end : start;

		if (first > at || second > at) {
			*ret_next = first > at ? first : second;
			return true;
		}
	}
	return false;
}

int32_t zone_standard_offset(const struct zone *z, int64_t at)
{
	size_t rank = rank_of(z, at);

	if (rank == z->n_changes && z->has_rule)
		return z->rule.standard.offset;
	for (; rank; rank--)
		if (!type_after(z, rank)->daylight)
			return type_after(z, rank)->offset;
	return type_after(z, 0)->offset;
}
