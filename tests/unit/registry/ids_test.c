// SPDX-License-Identifier: MIT
#include "registry/ids.h"

#include <stdlib.h>

#include "test.h"

enum { NUMBERS = 5000 };

static char things[NUMBERS];
static bool has[NUMBERS];
static struct registry_ids ids;

/* Runs of consecutive IDs, and some that are far from all others. */
static uint64_t id_of(int i)
{
	return i % 7 ? 0x100000100 + (uint64_t)i : (uint64_t)i << 40 | 63;
}

static struct registry_entry *thing(int i)
{
	return (struct registry_entry *)&things[i];
}

static void check(void)
{
	struct registry_entry *e;
	size_t cursor = 0, n = 0;
	static bool seen[NUMBERS];

	for (int i = 0; i < NUMBERS; i++) {
		test_true(registry_ids_find(&ids, id_of(i)) == (has[i] ? thing(i) : NULL));
		n += has[i];
		seen[i] = false;
	}
	test_equal(ids.count, n);
	while ((e = registry_ids_next(&ids, &cursor))) {
		size_t i = (size_t)((char *)e - things);

		test_true(has[i] && !seen[i]);
		seen[i] = true;
		n--;
	}
	test_equal(n, 0);
}

TEST(what_is_added_is_found_until_it_is_removed)
{
	srandom(1);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < NUMBERS; i++) {
			if (random() % 3)
				continue;
			if (has[i])
				registry_ids_remove(&ids, id_of(i));
			else
				test_equal_error(registry_ids_add(&ids, id_of(i), thing(i)), 0);
			has[i] = !has[i];
		}
		check();
	}
	registry_ids_remove(&ids, 12345);
	check();
	registry_ids_fini(&ids);
}

TEST(all_can_be_removed_on_a_walk)
{
	struct registry_entry *e;
	size_t cursor = 0, n = 0;

	for (int i = 0; i < NUMBERS; i++)
		test_equal_error(registry_ids_add(&ids, id_of(i), thing(i)), 0);
	while ((e = registry_ids_next(&ids, &cursor))) {
		registry_ids_remove(&ids, id_of((int)((char *)e - things)));
		n++;
	}
	test_equal(n, NUMBERS);
	test_equal(ids.count, 0);
	test_true(!ids.pages.count); /* nothing is left */
	registry_ids_fini(&ids);
}

TEST_MAIN
