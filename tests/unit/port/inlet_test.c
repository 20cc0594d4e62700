// SPDX-License-Identifier: MIT
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "port_test.h"

#include <portico/port.h>

struct sink {
	atomic_int removed, received;
	int stop_after; /* remove the inlet from within */
	struct port_inlet *inlet;
};

/* Each datagram is one word. 0xffffffff makes no message. */
static err_t receive_datagram(void *context, int socket, struct port_message **ret_message)
{
	struct sink *sink = context;
	struct word_message m = { .header.msgh_id = 9 };
	ssize_t n = recv(socket, &m.word, sizeof(m.word), MSG_DONTWAIT);

	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	test_equal(atomic_load(&sink->removed), 0);
	if (m.word == 0xffffffff)
		return -EAGAIN;
	if (atomic_fetch_add(&sink->received, 1) + 1 == sink->stop_after)
		port_remove_inlet(sink->inlet);
	return port_message_new(&m, WORD_SIZE, NULL, NULL, ret_message);
}

static void count_removed(void *context)
{
	atomic_fetch_add(&((struct sink *)context)->removed, 1);
}

static const struct port_inlet_ops ops = { receive_datagram, count_removed };

/* The sending end. */
static int add_inlet(mach_port_t name, struct sink *sink)
{
	struct port *port;
	int fds[2];

	test_equal(fd_socketpair(fds), 0);
	test_equal(port_from_receive_right(name, &port), 0);
	test_equal(port_add_inlet(port, fds[0], &ops, sink, &sink->inlet), 0);
	port_unref(port);
	return fds[1];
}

static void put(int fd, uint32_t word)
{
	test_equal(send(fd, &word, sizeof(word), MSG_NOSIGNAL), sizeof(word));
}

static bool polls(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

TEST(datagrams_become_messages_in_order)
{
	struct sink sink = { 0 };
	mach_port_t port = new_port();
	int fd = add_inlet(port, &sink);

	test_true(is_empty(port));
	for (uint32_t i = 0; i < 10; i++)
		put(fd, i);
	for (uint32_t i = 0; i < 10; i++)
		test_equal(take_word(port), i);
	test_true(is_empty(port));
	destroy_port(port);
	test_equal(sink.removed, 1);
	close(fd);
}

TEST(queue_and_inlets_take_turns)
{
	struct sink sink = { 0 };
	mach_port_t port = new_port();
	int fd = add_inlet(port, &sink);
	int from_queue = 0, from_inlet = 0;

	for (uint32_t i = 0; i < 5; i++) {
		put(fd, 100 + i);
		send_word(port, i);
	}
	for (int i = 0; i < 4; i++)
		*(take_word(port) >= 100 ? &from_inlet : &from_queue) += 1;
	test_equal(from_queue, 2);
	test_equal(from_inlet, 2);
	destroy_port(port);
	close(fd);
}

TEST(many_inlets_are_all_served)
{
	enum { N = 40 };
	struct sink sinks[N] = { 0 };
	mach_port_t port = new_port();
	bool seen[N] = { false };
	int fds[N];

	for (int i = 0; i < N; i++)
		fds[i] = add_inlet(port, &sinks[i]);
	/* The first always has more. */
	for (int i = 0; i < 200; i++)
		put(fds[0], 0);
	for (uint32_t i = 1; i < N; i++)
		put(fds[i], i);
	for (int i = 0; i < 2 * N; i++)
		seen[take_word(port)] = true;
	for (int i = 0; i < N; i++)
		test_true(seen[i]);
	destroy_port(port);
	for (int i = 0; i < N; i++) {
		test_equal(sinks[i].removed, 1);
		close(fds[i]);
	}
}

TEST(hang_up_removes_the_inlet_after_its_messages)
{
	struct sink sink = { 0 };
	mach_port_t port = new_port();
	int fd = add_inlet(port, &sink);

	put(fd, 1);
	put(fd, 2);
	close(fd);
	test_equal(take_word(port), 1);
	test_equal(take_word(port), 2);
	test_true(is_empty(port));
	test_equal(sink.removed, 1);
	test_true(!polls(portico_port_get_descriptor(port)));
	destroy_port(port);
}

TEST(inlet_may_be_removed_from_inside_receive)
{
	struct sink sink = { .stop_after = 1 };
	mach_port_t port = new_port();
	int fd = add_inlet(port, &sink);

	put(fd, 1);
	put(fd, 2);
	test_equal(take_word(port), 1);
	test_equal(sink.removed, 1);
	test_true(is_empty(port));
	/* Late and harmless. */
	port_remove_inlet(sink.inlet);
	test_equal(sink.removed, 1);
	destroy_port(port);
	close(fd);
}

TEST(descriptor_is_quiet_when_nothing_can_be_received)
{
	struct sink sink = { 0 };
	mach_port_t port = new_port();
	int fd = add_inlet(port, &sink), readable = portico_port_get_descriptor(port);

	test_true(!polls(readable));
	put(fd, 3);
	test_true(polls(readable));
	test_equal(take_word(port), 3);
	test_true(!polls(readable));
	put(fd, 0xffffffff);
	test_true(polls(readable));
	test_true(is_empty(port));
	test_true(!polls(readable));
	destroy_port(port);
	close(fd);
}

TEST(large_message_of_an_inlet_stays_first)
{
	struct sink sink = { 0 };
	mach_port_t port = new_port();
	int fd = add_inlet(port, &sink), readable = portico_port_get_descriptor(port);
	mach_msg_header_t small;

	put(fd, 1);
	put(fd, 2);
	for (int i = 0; i < 3; i++)
		test_equal_error(mach_msg(&small, MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_RCV_LARGE,
					  0, sizeof(small), port, 0, 0),
				 MACH_RCV_TOO_LARGE);
	test_true(polls(readable));
	test_equal(take_word(port), 1);
	test_equal(take_word(port), 2);
	destroy_port(port);
	close(fd);
}

TEST(adding_to_a_dead_port_fails_and_takes_the_socket)
{
	struct sink sink = { 0 };
	mach_port_t name = new_port();
	struct port *port;
	int fds[2];
	char c;

	test_equal(port_from_receive_right(name, &port), 0);
	destroy_port(name);
	fd_socketpair(fds);
	test_equal(port_add_inlet(port, fds[0], &ops, &sink, &sink.inlet), -EPIPE);
	test_equal(recv(fds[1], &c, 1, 0), 0);
	test_equal(sink.removed, 0);
	port_unref(port);
	close(fds[1]);
}

static void *wait_for_word(void *context)
{
	struct word_message m;

	if (receive_word(*(mach_port_t *)context, 20000, &m))
		return (void *)(uintptr_t)-1;
	return (void *)(uintptr_t)m.word;
}

TEST(waiter_notices_an_inlet_that_comes_later)
{
	struct sink sink = { 0 };
	mach_port_t port = new_port(), set = new_set();
	pthread_t threads[2];
	void *word;

	mach_port_insert_member(mach_task_self(), port, set);
	test_equal(pthread_create(&threads[0], NULL, wait_for_word, &port), 0);
	test_equal(pthread_create(&threads[1], NULL, wait_for_word, &set), 0);
	int fd = add_inlet(port, &sink);
	put(fd, 5);
	put(fd, 5);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], &word);
		test_equal((uintptr_t)word, 5);
	}
	destroy_port(port);
	destroy_port(set);
	close(fd);
}

struct race {
	mach_port_t port;
	atomic_int left;
};

static void *take_many(void *context)
{
	struct race *race = context;
	struct word_message m;

	while (atomic_load(&race->left) > 0)
		if (!receive_word(race->port, 1, &m))
			atomic_fetch_sub(&race->left, 1);
	return NULL;
}

TEST(threads_share_the_messages_of_many_inlets)
{
	enum { N = 6, EACH = 100 };
	struct sink sinks[N] = { 0 };
	struct race race = { .port = new_port(), .left = N * EACH };
	pthread_t threads[3];
	int fds[N];

	for (int i = 0; i < N; i++)
		fds[i] = add_inlet(race.port, &sinks[i]);
	for (int i = 0; i < 3; i++)
		test_equal(pthread_create(&threads[i], NULL, take_many, &race), 0);
	for (uint32_t k = 0; k < EACH; k++)
		for (int i = 0; i < N; i++)
			put(fds[i], k);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	test_equal(race.left, 0);
	for (int i = 0; i < N; i++) {
		test_equal(sinks[i].received, EACH);
		close(fds[i]);
	}
	destroy_port(race.port);
	for (int i = 0; i < N; i++)
		test_equal(sinks[i].removed, 1);
}

TEST(removal_races_with_hang_up_and_destruction)
{
	for (int round = 0; round < (test_is_slow() ? 50 : 300); round++) {
		struct sink sink = { 0 };
		struct race race = { .port = new_port(), .left = 1 };
		int fd = add_inlet(race.port, &sink);
		pthread_t thread;

		put(fd, 1);
		test_equal(pthread_create(&thread, NULL, take_many, &race), 0);
		close(fd);
		if (round % 2)
			port_remove_inlet(sink.inlet);
		sched_yield();
		atomic_store(&race.left, 0);
		destroy_port(race.port);
		pthread_join(thread, NULL);
		test_equal(sink.removed, 1);
	}
}

/* The right goes elsewhere while a datagram is turned into a message. */
static mach_port_t moving, moved_to;

static err_t receive_and_move(void *context, int socket, struct port_message **ret_message)
{
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} m = { .header.msgh_bits =
			MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.header.msgh_remote_port = moved_to,
		.body.msgh_descriptor_count = 1,
		.port = { .name = moving, .disposition = MACH_MSG_TYPE_MOVE_RECEIVE } };
	err_t err = receive_datagram(context, socket, ret_message);

	if (!err)
		test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0), 0);
	return err;
}

TEST(message_of_an_inlet_moves_with_its_port)
{
	static const struct port_inlet_ops moving_ops = { receive_and_move, count_removed };
	struct sink sink = { 0 };
	struct word_message m;
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
		mach_msg_max_trailer_t trailer;
	} carrier;
	struct port *port;
	int fds[2];

	moving = new_port();
	moved_to = new_port();
	test_equal(fd_socketpair(fds), 0);
	test_equal(port_from_receive_right(moving, &port), 0);
	test_equal(port_add_inlet(port, fds[0], &moving_ops, &sink, &sink.inlet), 0);
	port_unref(port);
	put(fds[1], 77);
	test_equal_error(receive_word(moving, 1000, &m), MACH_RCV_PORT_CHANGED);
	test_equal_error(
		mach_msg(&carrier.header, MACH_RCV_MSG, 0, sizeof(carrier), moved_to, 0, 0), 0);
	test_equal(take_word(carrier.port.name), 77);
	destroy_port(carrier.port.name);
	destroy_port(moved_to);
	test_equal(atomic_load(&sink.removed), 1);
	close(fds[1]);
}

/* One inlet is being read by another thread while a second one hangs up. */
static atomic_int in_slow, slow_may_end;

static err_t receive_slowly(void *context, int socket, struct port_message **ret_message)
{
	struct word_message m = { .header.msgh_id = 9, .word = 5 };
	uint32_t word;

	if (recv(socket, &word, sizeof(word), MSG_DONTWAIT) <= 0)
		return -EAGAIN;
	atomic_store(&in_slow, 1);
	while (!atomic_load(&slow_may_end))
		sched_yield();
	return port_message_new(&m, WORD_SIZE, NULL, NULL, ret_message);
}

static void let_slow_end(void *context)
{
	atomic_store(&slow_may_end, 1);
}

static void *take_one(void *context)
{
	struct word_message m;

	test_equal_error(receive_word(*(mach_port_t *)context, 20000, &m), 0);
	return NULL;
}

TEST(owner_hears_of_a_removal_before_the_receiver_waits)
{
	static const struct port_inlet_ops slow_ops = { receive_slowly, NULL };
	static const struct port_inlet_ops gone_ops = { receive_datagram, let_slow_end };
	struct sink sink = { 0 };
	struct port_inlet *inlet;
	mach_port_t name = new_port();
	pthread_t threads[2];
	struct port *port;
	int slow[2], gone[2];

	test_equal(fd_socketpair(slow), 0);
	test_equal(fd_socketpair(gone), 0);
	test_equal(port_from_receive_right(name, &port), 0);
	test_equal(port_add_inlet(port, slow[0], &slow_ops, &sink, &inlet), 0);
	put(slow[1], 1);
	pthread_create(&threads[0], NULL, take_one, &name);
	while (!atomic_load(&in_slow))
		sched_yield();
	close(gone[1]);
	test_equal(port_add_inlet(port, gone[0], &gone_ops, &sink, &inlet), 0);
	port_unref(port);
	/* Finds the hang-up, then has to wait for the first. */
	pthread_create(&threads[1], NULL, take_one, &name);
	pthread_join(threads[0], NULL);
	put(slow[1], 2);
	pthread_join(threads[1], NULL);
	destroy_port(name);
	close(slow[1]);
}

TEST_MAIN
