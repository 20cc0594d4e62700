// SPDX-License-Identifier: MIT
#include "wire/tray.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/shm.h"
#include "failing.h"
#include "test.h"

/* As docs/protocol.md has them. */
enum { PUT_AT = 0, TAKEN_AT = 64 / 8, RECORDS_AT = 128 / 8 };

struct tray {
	struct wire_tray_writer writer;
	struct wire_tray_reader reader;
	_Atomic uint64_t *words; /* a third mapping: what a hostile peer has */
	struct wire_tray_record records[WIRE_TRAY_SLOTS];
};

static void begin(struct tray *tray)
{
	void *base;
	int fd;

	memset(tray, 0, sizeof(*tray));
	test_equal_error(wire_tray_create(&tray->writer, &fd), 0);
	test_equal_error(wire_tray_attach(&tray->reader, fd), 0);
	test_equal_error(shm_map(fd, WIRE_TRAY_SIZE, true, &base), 0);
	tray->words = base;
	close(fd);
}

static void end(struct tray *tray)
{
	wire_tray_destroy(&tray->writer);
	wire_tray_detach(&tray->reader);
	shm_unmap((void *)tray->words, WIRE_TRAY_SIZE);
}

static bool put(struct tray *tray, uint64_t n)
{
	return wire_tray_put(&tray->writer, (struct wire_tray_record){ n, ~n });
}

/* Take all, which are N records that follow each other from FIRST. */
static void expect(struct tray *tray, uint64_t first, size_t n)
{
	size_t count;

	test_equal_error(wire_tray_take(&tray->reader, tray->records, &count), 0);
	test_equal(count, n);
	for (size_t i = 0; i < count; i++) {
		test_equal(tray->records[i].id, first + i);
		test_equal(tray->records[i].n_grants, ~(first + i));
	}
}

TEST(what_is_laid_down_is_taken_once_and_in_order)
{
	struct tray tray;
	uint64_t next = 1;

	begin(&tray);
	expect(&tray, 0, 0);
	test_true(wire_tray_is_empty(&tray.writer));
	for (size_t n = 1; n <= WIRE_TRAY_SLOTS; n++) {
		uint64_t first = next;

		for (size_t i = 0; i < n; i++)
			test_true(put(&tray, next++));
		test_true(!wire_tray_is_empty(&tray.writer));
		expect(&tray, first, n);
		test_true(wire_tray_is_empty(&tray.writer));
		expect(&tray, 0, 0);
	}
	end(&tray);
}

TEST(a_full_tray_takes_nothing_until_it_has_been_emptied)
{
	struct tray tray;

	begin(&tray);
	for (uint64_t i = 0; i < WIRE_TRAY_SLOTS; i++)
		test_true(put(&tray, i));
	test_true(!put(&tray, 1000));
	test_true(!put(&tray, 1000));
	expect(&tray, 0, WIRE_TRAY_SLOTS);
	test_true(put(&tray, 1000));
	expect(&tray, 1000, 1);
	end(&tray);
}

/* P-M: whatever the client writes there, no more than all slots are copied, once. */
TEST(positions_that_cannot_be_are_refused)
{
	static const uint64_t bad[] = { WIRE_TRAY_SLOTS + 4, 2, 0, UINT64_MAX, 1ull << 63 };
	struct tray tray;
	size_t count = 1;

	begin(&tray);
	for (uint64_t i = 1; i <= 3; i++)
		put(&tray, i);
	expect(&tray, 1, 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		atomic_store(&tray.words[PUT_AT], bad[i]);
		test_equal_error(wire_tray_take(&tray.reader, tray.records, &count), -EBADMSG);
		test_equal(count, 0);
	}
	atomic_store(&tray.words[PUT_AT], WIRE_TRAY_SLOTS + 3);
	test_equal_error(wire_tray_take(&tray.reader, tray.records, &count), 0);
	test_equal(count, WIRE_TRAY_SLOTS);
	end(&tray);
}

/* Somebody who writes there what has not been taken gets messages instead, and nothing is overwritten. */
TEST(the_writer_believes_no_impossible_position)
{
	static const uint64_t bad[] = { WIRE_TRAY_SLOTS + 1, UINT64_MAX, 1ull << 63 };
	struct tray tray;

	begin(&tray);
	for (uint64_t i = 0; i < WIRE_TRAY_SLOTS; i++)
		put(&tray, i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		atomic_store(&tray.words[TAKEN_AT], bad[i]);
		test_true(!put(&tray, 1000));
		test_true(!wire_tray_is_empty(&tray.writer));
	}
	expect(&tray, 0, WIRE_TRAY_SLOTS);
	/* nor that less has been taken than before */
	test_true(wire_tray_is_empty(&tray.writer));
	atomic_store(&tray.words[TAKEN_AT], 1);
	test_true(wire_tray_is_empty(&tray.writer));
	end(&tray);
}

TEST(other_memory_is_refused)
{
	struct wire_tray_reader reader = { NULL };
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING), ends[2];

	test_equal(ftruncate(fd, 8192), 0);
	test_equal_error(wire_tray_attach(&reader, fd), -EBADMSG);
	close(fd);
	test_equal(pipe(ends), 0);
	test_equal_error(wire_tray_attach(&reader, ends[0]), -EBADMSG);
	close(ends[0]);
	close(ends[1]);
	test_equal_error(wire_tray_attach(&reader, -1), -EBADMSG);
	test_true(!reader.memory);
}

/* --- arming ------------------------------------------------------------------------ */

/*
 * The registry publishes news N and looks at the tray; the client, which knows of news N - 1, lays
 * something down and looks at the news. One of them notices, in every round.
 */
struct race {
	struct tray tray;
	_Atomic uint64_t news, started, registry_done, client_done;
	_Atomic bool client_saw;
	uint64_t rounds;
};

/* Both are to do it in the same moment: whoever waits does not sleep, and the registry is late by some
 * other time in each round. */
static void wait_for(_Atomic uint64_t *word, uint64_t n)
{
	for (unsigned looks = 1; atomic_load(word) < n; looks++)
		if (looks % 4096 == 0)
			sched_yield();
}

static void be_late(uint64_t n)
{
	for (volatile uint64_t i = n % 128; i; i--) {
	}
}

static void *be_client(void *context)
{
	struct race *race = context;

	for (uint64_t n = 1; n <= race->rounds; n++) {
		wait_for(&race->started, n);
		wire_tray_put(&race->tray.writer, (struct wire_tray_record){ n, 0 });
		atomic_store(&race->client_saw, atomic_load(&race->news) >= n);
		atomic_store(&race->client_done, n);
	}
	return NULL;
}

TEST(nobody_misses_what_the_other_has_done_before)
{
	static struct race race;
	pthread_t client;
	size_t count, late;

	begin(&race.tray);
	race.rounds = test_is_slow() ? 15000 : 150000;
	pthread_create(&client, NULL, be_client, &race);
	for (uint64_t n = 1; n <= race.rounds; n++) {
		atomic_store(&race.started, n);
		be_late(n);
		atomic_fetch_add(&race.news, 1);
		test_equal_error(wire_tray_take(&race.tray.reader, race.tray.records, &count), 0);
		wait_for(&race.client_done, n);
		test_true(count || atomic_load(&race.client_saw));
		test_equal_error(wire_tray_take(&race.tray.reader, race.tray.records, &late), 0);
		test_equal(count + late, 1);
		test_equal(race.tray.records[0].id, n);
	}
	pthread_join(client, NULL);
	end(&race.tray);
}

TEST(a_tray_without_memory_is_none)
{
	struct wire_tray_writer writer = { 0 };
	int fd = -1;

	test_fail_call("memfd_create", 0, EMFILE);
	test_equal_error(wire_tray_create(&writer, &fd), -EMFILE);
	test_true(test_calls_failed());
	test_fail_call("mmap64", 0, ENOMEM);
	test_equal_error(wire_tray_create(&writer, &fd), -ENOMEM);
	test_true(test_calls_failed());
	test_equal(fd, -1);
	test_true(!writer.memory);
}

TEST_MAIN
