// SPDX-License-Identifier: MIT
#include "wire/completion_ring.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/shm.h"
#include "failing.h"
#include "test.h"

/* As docs/protocol.md has them. */
enum { ROOM_WANTED_AT = 0, TAKEN_AT = 64 / 8, READER_AT = 128 / 8, SLOTS_AT = 4096 / 8 };

struct ring {
	struct wire_ring_writer writer;
	struct wire_ring_reader reader;
	_Atomic uint64_t *words; /* a third mapping: what a hostile peer has */
	uint64_t next_put, next_taken;
};

static void begin(struct ring *ring)
{
	void *base;
	int fd;

	memset(ring, 0, sizeof(*ring));
	test_equal(wire_ring_create(&ring->reader, &fd), 0);
	test_equal(wire_ring_attach(&ring->writer, fd), 0);
	test_equal(shm_map(fd, WIRE_RING_SIZE, true, &base), 0);
	ring->words = base;
	close(fd);
}

static void end(struct ring *ring)
{
	wire_ring_destroy(&ring->reader);
	wire_ring_detach(&ring->writer);
	shm_unmap((void *)ring->words, WIRE_RING_SIZE);
}

/* Record N: everything in it follows from N. */
static unsigned count_of(uint64_t n)
{
	return (unsigned)(n % (WIRE_ASYNC_ARGUMENTS_MAX + 1));
}

static bool put(struct ring *ring)
{
	uint64_t n = ring->next_put, arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	const struct wire_ring_record record = {
		.token = ~n,
		.result = (int32_t)-n,
		.kind = n % 3 ? WIRE_RING_COMPLETION : WIRE_RING_RELEASED,
		.count = (uint8_t)count_of(n),
		.arguments = arguments,
	};

	/* As a driver would that wants them to be taken for the stamps of records to come. */
	for (unsigned i = 0; i < count_of(n); i++)
		arguments[i] = ring->writer.at + i + WIRE_RING_SLOTS;
	ring->next_put += wire_ring_put(&ring->writer, &record);
	return ring->next_put != n;
}

static bool take(struct ring *ring)
{
	uint64_t n = ring->next_taken, at = ring->reader.at;
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record record;
	err_t err = wire_ring_take(&ring->reader, &record, arguments);

	if (err == -EAGAIN)
		return false;
	test_equal(err, 0);
	test_equal(record.token, ~n);
	test_equal(record.result, (int32_t)-n);
	test_equal(record.kind, n % 3 ? WIRE_RING_COMPLETION : WIRE_RING_RELEASED);
	test_equal(record.count, count_of(n));
	for (unsigned i = 0; i < record.count; i++)
		test_equal(arguments[i], at + i + WIRE_RING_SLOTS);
	ring->next_taken++;
	return true;
}

TEST(records_of_all_sizes_come_out_in_order)
{
	struct ring ring;

	begin(&ring);
	test_true(!take(&ring));
	for (int lap = 0; lap < 20; lap++) {
		while (put(&ring))
			;
		test_true(ring.writer.at - ring.reader.at > WIRE_RING_SLOTS - 3);
		test_true(ring.writer.at - ring.reader.at <= WIRE_RING_SLOTS);
		/* Some stay: laps begin in different places. */
		for (int i = 0; i < 300 + lap; i++)
			test_true(take(&ring));
	}
	while (take(&ring))
		;
	test_equal(ring.next_taken, ring.next_put);
	test_true(wire_ring_is_empty(&ring.reader));
	end(&ring);
}

TEST(who_sleeps_is_woken_once)
{
	struct ring ring;

	begin(&ring);
	test_true(put(&ring));
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_ASLEEP);
	test_true(put(&ring));
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_AWAKE);
	test_true(take(&ring));
	/* It does not sleep over a record. The one wake-up is known from now on. */
	test_true(!wire_ring_sleep(&ring.reader));
	test_equal(ring.reader.unread, 1);
	/* Which is enough for those that follow. */
	test_true(put(&ring));
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_AWAKE);
	test_true(take(&ring));
	test_true(take(&ring));
	test_true(wire_ring_sleep(&ring.reader));
	test_equal(ring.reader.unread, 1);
	test_true(put(&ring));
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_ASLEEP);
	test_true(!wire_ring_sleep(&ring.reader));
	test_equal(ring.reader.unread, 2);
	test_true(take(&ring));
	test_true(wire_ring_sleep(&ring.reader));
	test_equal(ring.reader.unread, 2);
	/* A record that was read before the writer looked needs no wake-up. */
	test_true(put(&ring));
	test_true(take(&ring));
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_AWAKE);
	test_true(put(&ring));
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_ASLEEP);
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_AWAKE);
	wire_ring_close(&ring.reader);
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_CLOSED);
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_CLOSED);
	end(&ring);
}

TEST(who_waits_for_room_is_told_once)
{
	struct ring ring;

	begin(&ring);
	test_true(!wire_ring_must_tell(&ring.reader, true));
	while (put(&ring))
		;
	test_true(wire_ring_want_room(&ring.writer));
	while (ring.reader.at < WIRE_RING_SLOTS / 2) {
		test_true(!wire_ring_must_tell(&ring.reader, false));
		test_true(take(&ring));
	}
	test_true(wire_ring_must_tell(&ring.reader, false));
	test_true(!wire_ring_must_tell(&ring.reader, true));
	/* There is room: nothing to wait for. */
	test_true(!wire_ring_want_room(&ring.writer));
	test_true(!wire_ring_must_tell(&ring.reader, true));
	/* Less than half, but nobody will read more. */
	while (put(&ring))
		;
	test_true(wire_ring_want_room(&ring.writer));
	test_true(take(&ring));
	test_true(!wire_ring_must_tell(&ring.reader, false));
	test_true(wire_ring_must_tell(&ring.reader, true));
	end(&ring);
}

TEST(only_sealed_memory_of_the_right_size_is_taken)
{
	struct wire_ring_writer writer = { 0 };
	int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING), null;

	test_equal(ftruncate(fd, WIRE_RING_SIZE), 0);
	test_equal(wire_ring_attach(&writer, fd), -EBADMSG);
	test_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	test_equal(wire_ring_attach(&writer, fd), -EBADMSG);
	test_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	test_equal(wire_ring_attach(&writer, fd), 0);
	wire_ring_detach(&writer);
	close(fd);
	test_equal(shm_create("x", WIRE_RING_SIZE - 4096, &fd), 0);
	test_equal(wire_ring_attach(&writer, fd), -EBADMSG);
	close(fd);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	test_equal(wire_ring_attach(&writer, null), -EBADMSG);
	close(null);
	test_equal(wire_ring_attach(&writer, -1), -EBADMSG);
	test_true(!writer.memory);
}

TEST(what_is_given_away_cannot_be_resized)
{
	struct wire_ring_reader reader;
	int fd;

	test_equal(wire_ring_create(&reader, &fd), 0);
	test_true(ftruncate(fd, 0) < 0);
	test_true(ftruncate(fd, 2 * WIRE_RING_SIZE) < 0);
	test_true(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
	wire_ring_destroy(&reader);
	close(fd);
}

/* --- two threads and a socket ------------------------------------------------------ */

enum { N_RECORDS = 200000 };

struct stream {
	struct ring ring;
	int host, client; /* socket */
	atomic_int n_wakes;
	bool is_exact; /* take one record for each time that the socket polls readable */
};

static void tell(int socket)
{
	send(socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void *write_all(void *context)
{
	struct stream *stream = context;
	struct ring *ring = &stream->ring;
	struct pollfd room = { .fd = stream->host, .events = POLLIN };
	char byte;

	while (ring->next_put < N_RECORDS) {
		if (!put(ring)) {
			if (wire_ring_want_room(&ring->writer)) {
				test_equal(poll(&room, 1, -1), 1);
				test_equal(recv(stream->host, &byte, 1, 0), 1);
			}
			continue;
		}
		if (wire_ring_reader_state(&ring->writer) == WIRE_RING_ASLEEP) {
			atomic_fetch_add(&stream->n_wakes, 1);
			tell(stream->host);
		}
	}
	return NULL;
}

static void sleep_if_empty(struct stream *stream)
{
	struct wire_ring_reader *reader = &stream->ring.reader;
	bool is_empty = wire_ring_sleep(reader);
	char byte;

	while (reader->unread > !is_empty && recv(stream->client, &byte, 1, MSG_DONTWAIT) == 1)
		reader->unread--;
	if (is_empty && wire_ring_must_tell(reader, true))
		tell(stream->client);
}

static void read_all(struct stream *stream)
{
	struct ring *ring = &stream->ring;
	struct pollfd record = { .fd = stream->client, .events = POLLIN };

	while (ring->next_taken < N_RECORDS) {
		test_equal(poll(&record, 1, -1), 1);
		if (stream->is_exact) {
			test_true(take(ring));
			if (wire_ring_is_empty(&ring->reader))
				sleep_if_empty(stream);
		} else {
			while (take(ring))
				if (wire_ring_must_tell(&ring->reader, false))
					tell(stream->client);
			sleep_if_empty(stream);
		}
	}
	test_true(!take(ring));
}

static void run_stream(bool is_exact)
{
	struct stream stream = { .is_exact = is_exact };
	pthread_t writer;
	int sockets[2];

	begin(&stream.ring);
	test_equal(fd_socketpair(sockets), 0);
	stream.host = sockets[0];
	stream.client = sockets[1];
	test_equal(pthread_create(&writer, NULL, write_all, &stream), 0);
	read_all(&stream);
	test_equal(pthread_join(writer, NULL), 0);
	test_true(atomic_load(&stream.n_wakes) > 0);
	close(sockets[0]);
	close(sockets[1]);
	end(&stream.ring);
}

TEST(nothing_is_lost_between_two_threads)
{
	run_stream(false);
}

/* Whoever takes one message for each time that his descriptor is readable finds one. */
TEST(the_socket_is_readable_while_there_are_records)
{
	run_stream(true);
}

/* --- hostile peers ------------------------------------------------------------------- */

static const uint64_t evil[] = {
	0,	    1,	       2,	   255,	       1023,	       1024,	     1025,
	UINT32_MAX, INT64_MAX, 1ull << 63, UINT64_MAX, UINT64_MAX - 1, 0xff00000000, 0xffff00000000
};

enum { N_EVIL = sizeof(evil) / sizeof(evil[0]) };

TEST(a_writer_believes_no_reader)
{
	struct ring ring;

	begin(&ring);
	while (put(&ring))
		;
	for (int i = 0; i < N_EVIL; i++) {
		uint64_t room;

		atomic_store(&ring.words[TAKEN_AT], ring.writer.taken);
		test_true(!put(&ring));
		/* Claims to have read more than was written, or less than before: no room. What can be
		 * true is room, but never more than a ring. */
		atomic_store(&ring.words[TAKEN_AT], ring.writer.taken + evil[i]);
		room = evil[i] <= ring.writer.at - ring.writer.taken ? evil[i] : 0;
		for (uint64_t at = ring.writer.at; put(&ring);)
			test_true(ring.writer.at - at <= room + 2);
		test_true(ring.writer.at - ring.writer.taken <= WIRE_RING_SLOTS);
		atomic_store(&ring.words[READER_AT], evil[i]);
		wire_ring_reader_state(&ring.writer);
		atomic_store(&ring.words[ROOM_WANTED_AT], evil[i]);
		wire_ring_want_room(&ring.writer);
	}
	end(&ring);
}

TEST(a_reader_believes_no_writer)
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record record;
	struct ring ring;

	for (int i = 0; i < N_EVIL; i++) {
		for (unsigned word = 0; word < 8; word++) {
			err_t err;

			begin(&ring);
			test_true(put(&ring));
			atomic_store(&ring.words[SLOTS_AT + word], evil[i]);
			err = wire_ring_take(&ring.reader, &record, arguments);
			test_true(err == 0 || err == -EAGAIN || err == -EBADMSG);
			if (!err)
				test_true(record.count <= WIRE_ASYNC_ARGUMENTS_MAX);
			end(&ring);
		}
	}
}

static atomic_bool scribbler_ends;

static void *scribble(void *context)
{
	_Atomic uint64_t *words = context;
	unsigned seed = 1;

	while (!atomic_load(&scribbler_ends)) {
		size_t at = (size_t)rand_r(&seed) % (WIRE_RING_SIZE / 8);
		uint64_t value = evil[rand_r(&seed) % N_EVIL];

		/* Often what is nearly right. */
		if (at >= SLOTS_AT && at % 8 == 0 && rand_r(&seed) % 2)
			value = (at - SLOTS_AT) / 8 + 1;
		atomic_store_explicit(&words[at], value, memory_order_relaxed);
	}
	return NULL;
}

/* Everything is overwritten all the while: both ends stay within their bounds. */
TEST(a_scribbler_hurts_nobody)
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record record;
	struct ring ring;
	pthread_t thread;

	begin(&ring);
	atomic_store(&scribbler_ends, false);
	test_equal(pthread_create(&thread, NULL, scribble, (void *)ring.words), 0);
	for (int i = 0; i < 300000; i++) {
		if (!put(&ring))
			wire_ring_want_room(&ring.writer);
		wire_ring_reader_state(&ring.writer);
		test_true(ring.writer.at - ring.writer.taken <= WIRE_RING_SLOTS);
		if (!wire_ring_take(&ring.reader, &record, arguments))
			test_true(record.count <= WIRE_ASYNC_ARGUMENTS_MAX);
		wire_ring_sleep(&ring.reader);
		test_true(ring.reader.unread <= 8);
		wire_ring_must_tell(&ring.reader, i % 2);
	}
	atomic_store(&scribbler_ends, true);
	test_equal(pthread_join(thread, NULL), 0);
	end(&ring);
}

TEST(a_writer_sees_when_half_is_full_and_when_nobody_reads)
{
	struct ring ring;

	begin(&ring);
	test_true(!wire_ring_is_crowded(&ring.writer));
	while (put(&ring))
		;
	test_true(wire_ring_is_crowded(&ring.writer));
	while (take(&ring))
		;
	test_true(!wire_ring_is_crowded(&ring.writer));
	test_true(!wire_ring_is_closed(&ring.writer));
	wire_ring_close(&ring.reader);
	test_true(wire_ring_is_closed(&ring.writer));
	end(&ring);
	wire_ring_close(&ring.reader); /* whose memory is gone */
}

TEST(the_kind_of_what_comes_next_is_known_before_it_is_taken)
{
	struct ring ring;

	begin(&ring);
	test_equal(wire_ring_next_kind(&ring.reader), 0);
	test_true(put(&ring));
	test_equal(wire_ring_next_kind(&ring.reader), WIRE_RING_RELEASED);
	test_true(take(&ring));
	test_true(put(&ring));
	test_equal(wire_ring_next_kind(&ring.reader), WIRE_RING_COMPLETION);
	end(&ring);
}

/* The record is there, its wake-up is still to come: nobody counts it twice. */
TEST(who_finds_a_record_before_its_wake_up_waits_for_that)
{
	struct ring ring;

	begin(&ring);
	test_true(put(&ring));
	test_true(!wire_ring_sleep(&ring.reader));
	test_equal(ring.reader.unread, 0);
	test_equal(wire_ring_reader_state(&ring.writer), WIRE_RING_ASLEEP);
	end(&ring);
}

TEST(a_ring_without_memory_is_none)
{
	struct wire_ring_reader reader = { 0 };
	int fd = -1;

	test_fail_call("memfd_create", 0, EMFILE);
	test_equal_error(wire_ring_create(&reader, &fd), -EMFILE);
	test_true(test_calls_failed());
	test_fail_call("mmap64", 0, ENOMEM);
	test_equal_error(wire_ring_create(&reader, &fd), -ENOMEM);
	test_true(test_calls_failed());
	test_equal(fd, -1);
	test_true(!reader.memory);
}

TEST_MAIN
