// SPDX-License-Identifier: MIT
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_test.h"

#include <portico/port.h>

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

TEST(moved_right_wakes_its_receiver)
{
	for (int with_descriptor = 0; with_descriptor < 2; with_descriptor++) {
		mach_port_t port = new_port(), to = new_port();
		struct waiter w;
		struct {
			mach_msg_header_t header;
			mach_msg_body_t body;
			mach_msg_port_descriptor_t port;
		} m = { .header.msgh_bits =
				MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			.header.msgh_remote_port = to,
			.body.msgh_descriptor_count = 1,
			.port = { .name = port, .disposition = MACH_MSG_TYPE_MOVE_RECEIVE } };

		if (with_descriptor)
			portico_port_get_descriptor(port);
		start_waiter(&w, port);
		test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0),
				 MACH_MSG_SUCCESS);
		test_equal_error(end_waiter(&w), MACH_RCV_PORT_CHANGED);
		destroy_port(to);
	}
}

TEST(message_wakes_a_receiver_in_each_way)
{
	for (int way = 0; way < 4; way++) {
		mach_port_t port = new_port(), set = new_set();
		struct waiter w;

		mach_port_insert_member(mach_task_self(), port, set);
		if (way & 1)
			portico_port_get_descriptor(way & 2 ? set : port);
		start_waiter(&w, way & 2 ? set : port);
		test_equal_error(send_word(port, 70 + way), MACH_MSG_SUCCESS);
		test_equal_error(end_waiter(&w), MACH_MSG_SUCCESS);
		test_equal(w.word, 70 + way);
		destroy_port(port);
		destroy_port(set);
	}
}

TEST(message_wakes_who_polls_the_descriptor)
{
	mach_port_t port = new_port();
	struct pollfd p = { .fd = portico_port_get_descriptor(port), .events = POLLIN };

	test_equal(poll(&p, 1, 0), 0);
	send_word(port, 1);
	send_word(port, 2);
	test_equal(poll(&p, 1, -1), 1);
	test_equal(take_word(port), 1);
	test_equal(poll(&p, 1, -1), 1);
	test_equal(take_word(port), 2);
	test_equal(poll(&p, 1, 0), 0);
	destroy_port(port);
}

struct exchange {
	mach_port_t port;
	atomic_uint next, sum;
	unsigned n;
};

static void *send_many(void *context)
{
	struct exchange *x = context;
	unsigned k;

	while ((k = atomic_fetch_add(&x->next, 1)) < x->n) {
		struct word_message m = { .header.msgh_bits =
						  MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
					  .header.msgh_remote_port = x->port,
					  .word = k };

		test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, WORD_SIZE, 0, 0, 0, 0), 0);
	}
	return NULL;
}

static void *receive_until_changed(void *context)
{
	struct exchange *x = context;
	struct word_message m;

	while (!mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), x->port, 0, 0))
		if (atomic_fetch_add(&x->sum, 1) + 1 == x->n)
			drop_receive(x->port);
	return NULL;
}

TEST(many_threads_send_and_receive)
{
	for (int with_descriptor = 0; with_descriptor < 2; with_descriptor++) {
		struct exchange x = { .port = new_send_port(), .n = test_is_slow() ? 300 : 3000 };
		pthread_t threads[6];

		if (with_descriptor)
			portico_port_get_descriptor(x.port);
		for (int i = 0; i < 6; i++)
			test_equal(pthread_create(&threads[i], NULL,
						  i < 3 ? send_many : receive_until_changed, &x),
				   0);
		for (int i = 0; i < 6; i++)
			pthread_join(threads[i], NULL);
		test_equal(x.sum, x.n);
		destroy_port(x.port);
	}
}

static void *make_and_destroy(void *context)
{
	struct word_message m;

	for (int i = 0; i < *(int *)context; i++) {
		mach_port_t port = new_send_port(), set = new_set();

		mach_port_insert_member(mach_task_self(), port, set);
		send_word(port, 1);
		receive_word(i % 2 ? set : port, 0, &m);
		test_equal(m.word, 1);
		if (i % 3 == 0)
			portico_port_get_descriptor(set);
		destroy_port(i % 2 ? port : set);
		destroy_port(i % 2 ? set : port);
	}
	return NULL;
}

TEST(many_threads_make_and_destroy_ports)
{
	int n = test_is_slow() ? 100 : 1000;
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		test_equal(pthread_create(&threads[i], NULL, make_and_destroy, &n), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

TEST_MAIN
