// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <signal.h>

#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

TEST(timed_out_message_can_be_sent_again)
{
	mach_port_t port = new_send_port();
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_remote_port = port,
				  .word = 2 };

	set_limit(port, 1);
	send_word(port, 1);
	test_equal_error(
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, WORD_SIZE, 0, 0, 0, 0),
		MACH_SEND_TIMED_OUT);
	test_equal(take_word(port), 1);
	test_equal_error(
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, WORD_SIZE, 0, 0, 0, 0),
		MACH_MSG_SUCCESS);
	test_equal(take_word(port), 2);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	destroy_port(port);
}

TEST(requested_trailers_have_their_sizes)
{
	static const struct {
		int elements;
		unsigned size;
	} cases[] = { { 0, 8 }, { 1, 12 }, { 2, 20 }, { 3, 52 }, { 4, 60 }, { 7, 68 } };
	mach_port_t port = new_port();
	struct word_message m;

	mach_port_set_context(mach_task_self(), port, 0x1234);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_word(port, i);
		test_equal_error(mach_msg(&m.header,
					  MACH_RCV_MSG | MACH_RCV_TIMEOUT |
						  MACH_RCV_TRAILER_ELEMENTS(cases[i].elements),
					  0, sizeof(m), port, 0, 0),
				 MACH_MSG_SUCCESS);
		test_equal(m.trailer.msgh_trailer_size, cases[i].size);
		if (cases[i].elements)
			test_equal(m.trailer.msgh_seqno, i);
		if (cases[i].elements >= 4)
			test_equal(m.trailer.msgh_context, 0x1234);
	}
	test_equal_error(mach_msg(&m.header,
				  MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_RCV_TRAILER_TYPE(1), 0,
				  sizeof(m), port, 0, 0),
			 MACH_RCV_INVALID_TRAILER);
	destroy_port(port);
}

TEST(spec_8_4_bad_sends_are_refused)
{
	mach_port_t port = new_send_port(), plain = new_port(), dead = new_send_port();
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_remote_port = port };

	drop_receive(dead);
	test_equal_error(mach_msg(NULL, MACH_SEND_MSG, 28, 0, 0, 0, 0), MACH_SEND_INVALID_DATA);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, 20, 0, 0, 0, 0),
			 MACH_SEND_MSG_TOO_SMALL);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, 26, 0, 0, 0, 0),
			 MACH_SEND_MSG_TOO_SMALL);
	test_equal_error(send_word_by(0, MACH_MSG_TYPE_COPY_SEND, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(0x7654321, MACH_MSG_TYPE_COPY_SEND, 0),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(dead, MACH_MSG_TYPE_COPY_SEND, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(plain, MACH_MSG_TYPE_COPY_SEND, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(mach_task_self(), MACH_MSG_TYPE_COPY_SEND, 0),
			 MACH_SEND_INVALID_DEST);
	m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND);
	m.header.msgh_local_port = plain;
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, WORD_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_REPLY);
	m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, WORD_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_HEADER);
	m.header.msgh_bits = MACH_MSGH_BITS(9, 0);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, WORD_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_HEADER);
	test_equal_error(mach_msg_send(NULL), MACH_SEND_INVALID_DATA);
	/* Nothing was consumed. */
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	test_true(is_empty(port));
	destroy_port(port);
	destroy_port(plain);
	destroy_port(dead);
}

TEST(spec_8_4_bad_receives_are_refused)
{
	mach_port_t port = new_send_port();
	struct word_message m;

	drop_receive(port);
	test_equal_error(receive_word(0, 0, &m), MACH_RCV_INVALID_NAME);
	test_equal_error(receive_word(0x7654321, 0, &m), MACH_RCV_INVALID_NAME);
	test_equal_error(receive_word(port, 0, &m), MACH_RCV_INVALID_NAME);
	test_equal_error(mach_msg_receive(NULL), MACH_RCV_INVALID_DATA);
	destroy_port(port);
	port = new_port();
	test_equal_error(mach_msg(NULL, MACH_RCV_MSG, 0, 100, port, 0, 0), MACH_RCV_INVALID_DATA);
	destroy_port(port);
}

TEST(send_once_right_ignores_the_limit_and_is_used_up)
{
	mach_port_t port = new_port(), once = 0x00654321;

	set_limit(port, 1);
	send_word(port, 1);
	mach_port_insert_right(mach_task_self(), once, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	test_equal_error(send_word_by(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 2), MACH_MSG_SUCCESS);
	test_equal(type_of(once), 0);
	test_equal(take_word(port), 1);
	test_equal(take_word(port), 2);
	test_true(is_empty(port));
	destroy_port(port);
}

TEST(simple_forms_send_and_receive)
{
	mach_port_t port = new_send_port();
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_size = WORD_SIZE,
				  .header.msgh_remote_port = port,
				  .word = 3 };
	struct word_message r = { .header.msgh_size = sizeof(r), .header.msgh_local_port = port };

	test_equal_error(mach_msg_send(&m.header), MACH_MSG_SUCCESS);
	test_equal_error(mach_msg_receive(&r.header), MACH_MSG_SUCCESS);
	test_equal(r.word, 3);
	m.word = 4;
	test_equal_error(mach_msg_overwrite(&m.header,
					    MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_OVERWRITE,
					    WORD_SIZE, sizeof(r), port, 0, 0, &r.header, 0),
			 MACH_MSG_SUCCESS);
	test_equal(r.word, 4);
	test_equal(m.header.msgh_remote_port, port);
	destroy_port(port);
}

static void *send_blocking(void *context)
{
	mach_port_t port = *(mach_port_t *)context;
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_remote_port = port,
				  .word = 8 };
	mach_msg_return_t result = mach_msg(&m.header, MACH_SEND_MSG, WORD_SIZE, 0, 0, 0, 0);

	return (void *)(uintptr_t)(unsigned)result;
}

TEST(sender_waits_for_room)
{
	mach_port_t port = new_send_port();
	struct word_message m;
	pthread_t thread;
	void *result;

	set_limit(port, 1);
	send_word(port, 7);
	test_equal(pthread_create(&thread, NULL, send_blocking, &port), 0);
	test_equal(take_word(port), 7);
	test_equal_error(receive_word(port, 10000, &m), MACH_MSG_SUCCESS);
	test_equal(m.word, 8);
	pthread_join(thread, &result);
	test_equal((uintptr_t)result, MACH_MSG_SUCCESS);
	destroy_port(port);
}

TEST(sender_stops_waiting_when_the_port_dies)
{
	mach_port_t port = new_send_port();
	pthread_t thread;
	void *result;

	set_limit(port, 1);
	send_word(port, 7);
	test_equal(pthread_create(&thread, NULL, send_blocking, &port), 0);
	drop_receive(port);
	pthread_join(thread, &result);
	test_equal((uintptr_t)result, MACH_SEND_INVALID_DEST);
	destroy_port(port);
}

static void ignore(int number)
{
}

static void *send_interruptibly(void *context)
{
	struct waiter *w = context;
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_remote_port = w->port };

	atomic_store(&w->tid, (pid_t)syscall(SYS_gettid));
	mach_msg_return_t result =
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_INTERRUPT, WORD_SIZE, 0, 0, 0, 0);
	if (result)
		mach_msg_destroy(&m.header);
	return (void *)(uintptr_t)(unsigned)result;
}

TEST(signals_and_room_end_an_interruptible_send)
{
	struct sigaction action = { .sa_handler = ignore };
	mach_port_t port = new_send_port();

	sigaction(SIGUSR1, &action, NULL);
	set_limit(port, 1);
	send_word(port, 1);
	for (int is_signal = 1; is_signal >= 0; is_signal--) {
		struct waiter w = { .port = port };

		test_equal(pthread_create(&w.thread, NULL, send_interruptibly, &w), 0);
		while (!atomic_load(&w.tid) || !is_asleep(w.tid))
			sched_yield();
		if (is_signal)
			pthread_kill(w.thread, SIGUSR1);
		else
			test_equal(take_word(port), 1);
		test_equal_error(end_waiter(&w),
				 is_signal ? MACH_SEND_INTERRUPTED : MACH_MSG_SUCCESS);
		test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	}
	destroy_port(port);
}

TEST_MAIN
