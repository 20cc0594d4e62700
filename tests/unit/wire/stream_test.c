// SPDX-License-Identifier: MIT
#include "wire/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

enum { SIZE = 300 * 1000 + 17 };

struct pair {
	_Atomic uint32_t progress;
	atomic_bool ends;
	uint8_t *shared, *in;
	size_t size;
};

static void *write_out(void *context)
{
	struct pair *pair = context;

	wire_stream_out(&pair->progress, pair->shared, pair->in, pair->size);
	return NULL;
}

static void pair_init(struct pair *pair, size_t size)
{
	*pair = (struct pair){ .shared = malloc(size + 1), .in = malloc(size + 1), .size = size };
	for (size_t i = 0; i < size; i++)
		pair->in[i] = (uint8_t)(i * 131 >> 3);
}

static void pair_fini(struct pair *pair)
{
	free(pair->shared);
	free(pair->in);
}

TEST(reads_behind_the_writer)
{
	static const size_t sizes[] = { 0, 1, 2047, 2048, 2049, 65536, SIZE };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t *out = malloc(sizes[i] + 1);
		struct pair pair;
		pthread_t thread;

		pair_init(&pair, sizes[i]);
		out[sizes[i]] = 0xa5;
		pthread_create(&thread, NULL, write_out, &pair);
		test_equal_error(
			wire_stream_in(&pair.progress, out, pair.shared, pair.size, &pair.ends), 0);
		pthread_join(thread, NULL);
		test_equal(memcmp(out, pair.in, pair.size), 0);
		test_equal(out[sizes[i]], 0xa5);
		test_equal(pair.progress, sizes[i]);
		pair_fini(&pair);
		free(out);
	}
}

/* More than was agreed is nothing but a lie. */
TEST(believes_no_more_than_the_size)
{
	struct pair pair;
	uint8_t out[101];

	pair_init(&pair, 200);
	memcpy(pair.shared, pair.in, 200);
	out[100] = 0xa5;
	pair.progress = UINT32_MAX;
	test_equal_error(wire_stream_in(&pair.progress, out, pair.shared, 100, &pair.ends), 0);
	test_equal(memcmp(out, pair.in, 100), 0);
	test_equal(out[100], 0xa5);
	pair_fini(&pair);
}

static void *end_it(void *context)
{
	struct pair *pair = context;

	atomic_store(&pair->progress, 50);
	atomic_store(&pair->ends, true);
	return NULL;
}

TEST(a_writer_that_stops_or_goes_back)
{
	struct pair pair;
	uint8_t out[100];
	pthread_t thread;

	pair_init(&pair, 100);
	pthread_create(&thread, NULL, end_it, &pair);
	test_equal_error(wire_stream_in(&pair.progress, out, pair.shared, 100, &pair.ends), -EPIPE);
	pthread_join(thread, NULL);
	pair_fini(&pair);
}

TEST_MAIN
