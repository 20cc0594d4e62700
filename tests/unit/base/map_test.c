// SPDX-License-Identifier: MIT
#include "base/map.h"

#include "test.h"

TEST(values_are_found_replaced_and_removed)
{
	struct map m = MAP_INIT;
	int a, b;

	test_true(!map_find(&m, 1));
	test_true(!map_remove(&m, 1));
	test_equal(map_set(&m, 1, &a), 0);
	test_equal(map_set(&m, 0, &b), 0);
	test_equal(m.count, 2);
	test_true(map_find(&m, 1) == &a);
	test_true(map_find(&m, 0) == &b);
	test_equal(map_set(&m, 1, &b), 0);
	test_equal(m.count, 2);
	test_true(map_find(&m, 1) == &b);
	test_true(map_remove(&m, 1) == &b);
	test_true(!map_find(&m, 1));
	test_true(map_find(&m, 0) == &b);
	map_fini(&m);
	test_equal(m.count, 0);
}

TEST(many_keys_grow_it)
{
	enum { N = 10000 };
	static char values[N];
	struct map m = MAP_INIT;

	for (uint64_t i = 0; i < N; i++)
		test_equal(map_set(&m, i << 32, &values[i]), 0);
	for (uint64_t i = 0; i < N; i++)
		test_true(map_find(&m, i << 32) == &values[i]);
	test_true(!map_find(&m, 7));
	map_fini(&m);
}

TEST(removed_entries_do_not_fill_it_up)
{
	struct map m = MAP_INIT;
	int value;

	for (uint64_t i = 0; i < 100000; i++) {
		test_equal(map_set(&m, i, &value), 0);
		test_true(map_remove(&m, i) == &value);
	}
	test_equal(m.count, 0);
	test_true(m.capacity <= 64);
	map_fini(&m);
}

TEST(walk_visits_each_entry_once)
{
	struct map m = MAP_INIT;
	char values[100];
	int seen[100] = { 0 };
	size_t cursor = 0;
	uint64_t key;
	char *value;

	for (uint64_t i = 0; i < 100; i++)
		map_set(&m, i * 3, &values[i]);
	while ((value = map_next(&m, &cursor, &key))) {
		test_equal(key, (value - values) * 3);
		seen[value - values]++;
		map_remove(&m, key);
	}
	for (int i = 0; i < 100; i++)
		test_equal(seen[i], 1);
	test_equal(m.count, 0);
	map_fini(&m);
}

/* X such that x ^ x >> SHIFT is Y. */
static uint64_t undo_shift(uint64_t y, unsigned shift)
{
	uint64_t x = y;

	for (unsigned done = shift; done < 64; done += shift)
		x = y ^ x >> shift;
	return x;
}

/* FACTOR is odd. */
static uint64_t inverse(uint64_t factor)
{
	uint64_t x = factor;

	for (int i = 0; i < 6; i++)
		x *= 2 - factor * x;
	return x;
}

/* The key whose hash is HASH, as whoever has read map.c can tell. */
static uint64_t key_of(uint64_t hash)
{
	uint64_t x = undo_shift(hash, 31) * inverse(0x94d049bb133111ebu);

	return undo_shift(undo_shift(x, 27) * inverse(0xbf58476d1ce4e5b9u), 30);
}

TEST(chosen_keys_are_not_all_in_one_place)
{
	enum { N = 20000 };
	size_t run = 0, longest = 0;
	struct map m = MAP_INIT;
	int value;

	for (uint64_t i = 1; i <= N; i++)
		test_equal(map_set(&m, key_of(i << 24), &value), 0);
	test_equal(m.count, N);
	for (size_t i = 0; i < m.capacity; i++) {
		run = m.slots[i].value ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	test_true(longest < N / 10);
	map_fini(&m);
}

TEST_MAIN
