// SPDX-License-Identifier: MIT
/*
 * Time zone data as the system keeps it (TZif, RFC 8536): offsets from GMT by
 * time. Times are seconds since 1970. The bytes may come from anybody.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_type {
	int32_t offset; /* east of Greenwich, in seconds */
	bool daylight;
	char abbreviation[16];
};

/* A change day of the rule for all years after the table: month, week, weekday (0 Sunday), or, with
 * month 0, a day of the year. */
struct zone_change {
	int month, week, day;
	bool counts_leap_day; /* of days of the year, which then begin with 0 */
	int32_t second;	      /* of that day, local time; may lie on other days */
};

struct zone_rule {
	struct zone_type standard, daylight;
	struct zone_change start, end; /* of daylight time */
	bool has_daylight;
};

struct zone {
	struct zone_type *types;
	int64_t *changes;
	uint8_t *change_types;
	size_t n_types, n_changes;
	struct zone_rule rule;
	bool has_rule;
};

/* False for bytes that are no such data, or without memory. */
bool zone_init(struct zone *z, const uint8_t *bytes, size_t n);
void zone_fini(struct zone *z);
const struct zone_type *zone_find(const struct zone *z, int64_t at);
/* The next moment after AT when the offset, or being daylight time, changes. False: never. */
bool zone_next(const struct zone *z, int64_t at, int64_t *ret_next);
/* The standard offset that daylight time at AT differs from. */
int32_t zone_standard_offset(const struct zone *z, int64_t at);
