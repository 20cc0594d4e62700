// SPDX-License-Identifier: MIT
#include "cf/time_zone_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* A zone with two types and one change, then a rule. */
static size_t sample(uint8_t *bytes, const char *rule)
{
	static const uint8_t header[44] = { 'T', 'Z', 'i', 'f', '2', [35] = 1, [39] = 2, [43] = 8 };
	static const uint8_t types[] = { 0, 0, 0x0e, 0x10, 0,	0, 0,	0,   0x1c, 0x20,
					 1, 4, 'S',  'T',  'D', 0, 'D', 'S', 'T',  0 };
	size_t n = 0;

	for (int block = 0; block < 2; block++) {
		memcpy(bytes + n, header, 44);
		n += 44;
		memset(bytes + n, 0, block ? 8 : 4);
		bytes[n + (block ? 7 : 3)] = 100; /* the change, at 100 s */
		n += block ? 8 : 4;
		bytes[n++] = 1;
		memcpy(bytes + n, types, sizeof(types));
		n += sizeof(types);
	}
	return n + (size_t)sprintf((char *)bytes + n, "\n%s\n", rule);
}

TEST(table_and_rule)
{
	uint8_t bytes[512];
	size_t n = sample(bytes, "STD-1DST,M3.5.0,M10.5.0/3");
	struct zone z;
	int64_t next;

	test_true(zone_init(&z, bytes, n));
	test_true(z.has_rule && z.rule.has_daylight);
	test_equal(zone_find(&z, 99)->offset, 3600);
	test_equal(zone_find(&z, -1000000000000)->offset, 3600);
	/* The table ends with the change: from then on the rule counts. */
	test_equal(zone_find(&z, 101)->offset, 3600);
	test_true(zone_next(&z, 0, &next));
	test_equal(next, 100);
	/* 2026-03-29 01:00 GMT */
	test_equal(zone_find(&z, 1774745999)->offset, 3600);
	test_equal(zone_find(&z, 1774746000)->offset, 7200);
	test_equal_text(zone_find(&z, 1774746000)->abbreviation, "DST");
	test_true(zone_next(&z, 1774746000, &next));
	test_equal(next, 1792890000);
	test_equal(zone_standard_offset(&z, 1774746000), 3600);
	zone_fini(&z);
}

TEST(rules_of_all_forms)
{
	static const struct {
		const char *rule;
		int64_t at;
		int32_t offset;
	} rows[] = {
		{ "<+03>-3", 1774746000, 10800 },
		{ "EST5", 1774746000, -18000 },
		/* the south: daylight time over the new year */
		{ "NZST-12NZDT,M9.5.0,M4.1.0/3", 1767225600, 46800 },
		{ "NZST-12NZDT,M9.5.0,M4.1.0/3", 1782864000, 43200 },
		{ "AAA0BBB-2,J60/0,J300", 1772323200, 7200 },
		{ "AAA0BBB-2,J60/0,J300", 1772323199, 0 },
		{ "AAA0BBB,59/0,299", 1772323200, 3600 },
		{ "not a rule", 200, 7200 },
		{ "EST5EDT,M13.1.0,M1.1.0", 200, 7200 },
		{ "EST5EDT", 200, 7200 },
		{ "", 200, 7200 },
	};
	uint8_t bytes[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct zone z;

		test_true(zone_init(&z, bytes, sample(bytes, rows[i].rule)));
		test_equal(zone_find(&z, rows[i].at)->offset, rows[i].offset);
		zone_fini(&z);
	}
}

TEST(damaged_bytes_do_no_harm)
{
	uint8_t bytes[512], copy[512];
	size_t n = sample(bytes, "STD-1DST,M3.5.0,M10.5.0/3");
	int64_t next;
	struct zone z;

	for (size_t i = 0; i < n; i++) {
		uint8_t *exact = malloc(i + 1);

		memcpy(exact, bytes, i);
		if (zone_init(&z, exact, i)) {
			zone_find(&z, 5);
			zone_fini(&z);
		}
		free(exact);
	}
	for (size_t i = 0; i < n * 8; i++) {
		memcpy(copy, bytes, n);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		if (!zone_init(&z, copy, n))
			continue;
		for (int64_t at = -5000000000; at < 5000000000; at += 400000000) {
			zone_find(&z, at);
			zone_next(&z, at, &next);
			zone_standard_offset(&z, at);
		}
		zone_fini(&z);
	}
}

TEST_MAIN
