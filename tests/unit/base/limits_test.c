// SPDX-License-Identifier: MIT
#include "base/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static struct limits limits;
static char why[LIMITS_WHY_MAX];

TEST(each_row_is_complete_and_named_once)
{
	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		const struct limits_row *row = &limits_table[r];
		bool is_limited = false;

		test_true(row->name && row->unit && row->consequence);
		test_true(strlen(row->name) + 8 < LIMITS_NAME_MAX);
		for (int s = 0; s < LIMITS_SCOPES; s++)
			is_limited |= row->defaults[s] != 0;
		test_true(is_limited);
		/* One connection never has more than its user. */
		test_true(!row->defaults[LIMITS_USER] ||
			  row->defaults[LIMITS_CONNECTION] <= row->defaults[LIMITS_USER]);
		for (int other = 0; other < r; other++)
			test_true(strcmp(row->name, limits_table[other].name));
	}
}

/* Documented before there was a table. */
TEST(defaults_are_no_smaller_than_they_were)
{
	static const struct {
		enum limits_resource resource;
		uint64_t least;
	} promised[] = {
		{ LIMITS_GRANTS, 4194304 },  { LIMITS_NOTIFICATIONS, 65536 },
		{ LIMITS_INLETS, 1024 },     { LIMITS_REQUESTS, 512 },
		{ LIMITS_ENTRIES, 2097152 }, { LIMITS_AUTHORIZATIONS, 1024 },
		{ LIMITS_THREADS, 64 },	     { LIMITS_PORTS, 1024 },
		{ LIMITS_MEMORIES, 4096 },   { LIMITS_ASYNC_CALLS, 65536 },
		{ LIMITS_QUEUED, 4096 },     { LIMITS_QUEUED_BYTES, 8 * 1024 * 1024 },
	};

	limits_init(&limits);
	for (size_t i = 0; i < sizeof(promised) / sizeof(promised[0]); i++)
		test_true(limits.of[promised[i].resource][LIMITS_CONNECTION] >= promised[i].least);
}

TEST(every_limit_can_be_set_by_its_name)
{
	char name[LIMITS_NAME_MAX], assignment[2 * LIMITS_NAME_MAX];

	limits_init(&limits);
	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		for (int s = 0; s < LIMITS_SCOPES; s++) {
			limits_name(r, s, name);
			snprintf(assignment, sizeof(assignment), "%s=%d", name, 7 + r + s);
			bool is_known = limits_table[r].defaults[s] != 0;
			test_equal_error(limits_set(&limits, assignment, why),
					 is_known ? 0 : -EINVAL);
			test_equal(limits.of[r][s], is_known ? (uint64_t)(7 + r + s) : 0);
		}
	}
}

TEST(values)
{
	static const struct {
		const char *text;
		uint64_t value; /* 0: refused */
	} cases[] = {
		{ "grants=1", 1 },
		{ "grants = 12", 12 },
		{ " grants\t=\t3K ", 3072 },
		{ "grants=2M", 2 * 1024 * 1024 },
		{ "grants=1G", 1024 * 1024 * 1024 },
		{ "grants=281474976710656", 1ull << 48 },
		{ "grants=281474976710657", 0 },
		{ "grants=999999999999999999999999", 0 },
		{ "grants=999999999G", 0 },
		{ "grants=0", 0 },
		{ "grants=", 0 },
		{ "grants", 0 },
		{ "=5", 0 },
		{ "grants=-5", 0 },
		{ "grants=5x", 0 },
		{ "grants=5KK", 0 },
		{ "grants=K", 0 },
		{ "grants=0x10", 0 },
		{ "grants=1=2", 0 },
		{ "Grants=5", 0 },
		{ "session-grants=5", 0 }, /* there is no such */
		{ "connections=5", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		limits_init(&limits);
		why[0] = 0;
		test_equal_error(limits_set(&limits, cases[i].text, why),
				 cases[i].value ? 0 : -EINVAL);
		test_equal(why[0] != 0, !cases[i].value);
		test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION],
			   cases[i].value ? cases[i].value : 4194304);
	}
}

TEST(a_list_is_what_differs)
{
	struct limits again;

	limits_init(&limits);
	char *list = limits_copy_list(&limits);
	test_equal_text(list, "");
	free(list);
	test_equal_error(limits_read_list(&limits, " grants=5,user-inlets=6K \n", why), 0);
	list = limits_copy_list(&limits);
	test_equal_text(list, "grants=5 user-inlets=6144");
	limits_init(&again);
	test_equal_error(limits_read_list(&again, list, why), 0);
	test_true(!memcmp(&again, &limits, sizeof(again)));
	free(list);
	test_equal_error(limits_read_list(&again, "grants=5 x", why), -EINVAL);
}

/* As much as there can be goes over the wire. */
TEST(a_full_list_has_room)
{
	limits_init(&limits);
	for (int r = 0; r < LIMITS_RESOURCES; r++)
		for (int s = 0; s < LIMITS_SCOPES; s++)
			if (limits.of[r][s])
				limits.of[r][s] = 1ull << 48;
	char *list = limits_copy_list(&limits);
	test_true(strlen(list) < 16384);
	test_equal_error(limits_read_list(&limits, list, why), 0);
	free(list);
}

static err_t read_text(const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/portico.conf", test_folder());
	FILE *f = fopen(path, "we");
	test_true(f != NULL);
	fputs(text, f);
	fclose(f);
	limits_init(&limits);
	return limits_read(&limits, path, why);
}

TEST(a_file_is_read)
{
	test_equal_error(read_text("# a comment\n\n[Limits]\n  grants = 5 # few\n;\r\n"
				   "user-grants=6\r\n[Limits]\ninlets=7"),
			 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 5);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_USER], 6);
	test_equal(limits.of[LIMITS_INLETS][LIMITS_CONNECTION], 7);
	test_equal(limits.of[LIMITS_INLETS][LIMITS_USER], 16384);
	test_equal_text(why, "");
	test_equal_error(read_text(""), 0);
}

TEST(a_bad_file_is_refused_with_its_line)
{
	static const struct {
		const char *text, *where;
	} cases[] = {
		{ "[Limits]\ngrants=5\ngrnats=6\n", "portico.conf:3: " },
		{ "grants=5\n", "portico.conf:1: " },
		{ "[Limits]\n\n[Quotas]\n", "portico.conf:3: " },
		{ "[Limits]\ngrants = many\n", "portico.conf:2: " },
		{ "[Limits\n", "portico.conf:1: " },
		{ "[Limits]\ngrants 5\n", "portico.conf:2: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		test_equal_error(read_text(cases[i].text), -EINVAL);
		test_true(strstr(why, cases[i].where) != NULL);
	}
}

TEST(what_is_no_file_is_refused)
{
	char *large = malloc(LIMITS_FILE_MAX + 2), path[512];

	memset(large, '#', LIMITS_FILE_MAX + 1);
	large[LIMITS_FILE_MAX + 1] = 0;
	test_equal_error(read_text(large), -EFBIG);
	test_true(strstr(why, "64 KiB") != NULL);
	free(large);
	limits_init(&limits);
	test_equal_error(limits_read(&limits, test_folder(), why), -EINVAL);
	snprintf(path, sizeof(path), "%s/fifo", test_folder());
	test_equal(mkfifo(path, 0600), 0);
	test_equal_error(limits_read(&limits, path, why), -EINVAL);
	test_true(strstr(why, "fifo") != NULL);
	snprintf(path, sizeof(path), "%s/nothing", test_folder());
	test_equal_error(limits_read(&limits, path, why), -ENOENT);
	test_equal_text(why, "");
}

TEST(a_user_fits_into_the_process)
{
	limits_init(&limits);
	limits_fit(&limits, LIMITS_DESCRIPTORS, 1024 * 1024);
	test_equal(limits.of[LIMITS_DESCRIPTORS][LIMITS_USER], 65536);
	limits_fit(&limits, LIMITS_DESCRIPTORS, 1024);
	test_equal(limits.of[LIMITS_DESCRIPTORS][LIMITS_USER], 768);
	limits_fit(&limits, LIMITS_DESCRIPTORS, 0);
	test_equal(limits.of[LIMITS_DESCRIPTORS][LIMITS_USER], 1);
}

TEST_MAIN
