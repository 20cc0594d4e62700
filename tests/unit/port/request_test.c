// SPDX-License-Identifier: MIT
#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

static kern_return_t ask(mach_port_t name, mach_msg_id_t id, mach_port_mscount_t sync,
			 mach_port_t notify, mach_port_t *previous)
{
	return mach_port_request_notification(mach_task_self(), name, id, sync, notify,
					      MACH_MSG_TYPE_MAKE_SEND_ONCE, previous);
}

TEST(no_senders_is_told_once)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous = 1;
	union {
		mach_no_senders_notification_t m;
		char room[128];
	} u;

	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 1, notify, &previous), KERN_SUCCESS);
	test_equal(previous, MACH_PORT_NULL);
	test_true(is_empty(notify));
	mach_port_deallocate(mach_task_self(), port);
	test_equal_error(mach_msg(&u.m.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(u),
				  notify, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(u.m.not_header.msgh_id, MACH_NOTIFY_NO_SENDERS);
	test_equal(u.m.not_count, 1);
	test_equal(MACH_MSGH_BITS_LOCAL(u.m.not_header.msgh_bits), MACH_MSG_TYPE_MOVE_SEND_ONCE);
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_deallocate(mach_task_self(), port);
	test_true(is_empty(notify));
	destroy_port(port);
	destroy_port(notify);
}

TEST(no_senders_without_senders_is_told_at_once)
{
	mach_port_t port = new_port(), notify = new_port(), previous;
	struct word_message m;

	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 1, notify, &previous), KERN_SUCCESS);
	test_true(is_empty(notify));
	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), KERN_SUCCESS);
	test_equal(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	test_equal_error(receive_word(notify, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_id, MACH_NOTIFY_NO_SENDERS);
	destroy_port(previous);
	destroy_port(port);
	destroy_port(notify);
}

TEST(dead_name_brings_one_more_reference)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous;
	struct word_message m;

	test_equal_error(ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), KERN_SUCCESS);
	test_true(type_of(port) & MACH_PORT_TYPE_DNREQUEST);
	drop_receive(port);
	union {
		mach_dead_name_notification_t m;
		char room[128];
	} u;
	test_equal_error(mach_msg(&u.m.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(u),
				  notify, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(u.m.not_header.msgh_id, MACH_NOTIFY_DEAD_NAME);
	test_equal(u.m.not_port, port);
	test_equal(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	/* It is dead: only those who ask so hear it at once. */
	test_equal_error(ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(ask(port, MACH_NOTIFY_DEAD_NAME, 1, notify, &previous), KERN_SUCCESS);
	test_equal_error(receive_word(notify, 0, &m), MACH_MSG_SUCCESS);
	test_equal(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 3);
	destroy_port(port);
	destroy_port(notify);
}

TEST(deleted_name_ends_the_request)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous;
	struct word_message m;

	drop_receive(port);
	destroy_port(port);
	port = new_send_port();
	test_equal_error(ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), KERN_SUCCESS);
	destroy_port(port);
	/* Dropping the send right left the receive right's name, whose end is the name's. */
	test_equal_error(receive_word(notify, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_id, MACH_NOTIFY_PORT_DELETED);
	destroy_port(notify);
}

TEST(destroyed_port_is_handed_over)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous;
	union {
		mach_port_destroyed_notification_t m;
		char room[128];
	} u;

	send_word(port, 12);
	test_equal_error(ask(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify, &previous), KERN_SUCCESS);
	drop_receive(port);
	test_equal(type_of(port), MACH_PORT_TYPE_SEND);
	test_equal_error(mach_msg(&u.m.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(u),
				  notify, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(u.m.not_header.msgh_id, MACH_NOTIFY_PORT_DESTROYED);
	test_equal(u.m.not_port.name, port);
	test_equal(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	test_equal(take_word(port), 12);
	destroy_port(port);
	destroy_port(notify);
}

TEST(request_can_be_taken_back)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous;

	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), KERN_SUCCESS);
	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 0, MACH_PORT_NULL, &previous),
			 KERN_SUCCESS);
	test_equal(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	mach_port_deallocate(mach_task_self(), port);
	test_true(is_empty(notify));
	destroy_port(notify);
	destroy_port(previous);
	destroy_port(port);
}

TEST(pending_request_dies_with_either_port)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous;
	struct word_message m;

	ask(port, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous);
	ask(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify, &previous);
	destroy_port(notify);
	destroy_port(port);
	port = new_port();
	notify = new_port();
	ask(port, MACH_NOTIFY_NO_SENDERS, 5, notify, &previous);
	destroy_port(port);
	test_equal_error(receive_word(notify, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	destroy_port(notify);
}

TEST(bad_requests_are_refused)
{
	mach_port_t port = new_port(), set = new_set(), previous;

	test_equal_error(ask(0x7654321, MACH_NOTIFY_NO_SENDERS, 0, port, &previous),
			 KERN_INVALID_NAME);
	test_equal_error(ask(set, MACH_NOTIFY_NO_SENDERS, 0, port, &previous), KERN_INVALID_RIGHT);
	test_equal_error(ask(set, MACH_NOTIFY_DEAD_NAME, 0, port, &previous), KERN_INVALID_RIGHT);
	test_equal_error(ask(port, 99, 0, port, &previous), KERN_INVALID_VALUE);
	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 0, set, &previous),
			 KERN_INVALID_CAPABILITY);
	test_equal_error(ask(port, MACH_NOTIFY_NO_SENDERS, 0, port, NULL), KERN_INVALID_ARGUMENT);
	test_equal_error(mach_port_request_notification(mach_task_self(), port,
							MACH_NOTIFY_NO_SENDERS, 0, port,
							MACH_MSG_TYPE_MAKE_SEND, &previous),
			 KERN_INVALID_CAPABILITY);
	test_equal_error(mach_port_request_notification(0, port, MACH_NOTIFY_NO_SENDERS, 0, port,
							MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
			 KERN_INVALID_TASK);
	destroy_port(port);
	destroy_port(set);
}

/* A message about room, or about death, for NAME. */
static void hears(mach_port_t notify, mach_msg_id_t id, mach_port_t name)
{
	mach_send_possible_notification_t n;

	test_equal_error(mach_msg(&n.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(n),
				  notify, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(n.not_header.msgh_id, id);
	test_equal(n.not_port, name);
}

static mach_msg_return_t send_and_ask(mach_port_t port)
{
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_remote_port = port };
	mach_msg_return_t result =
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, WORD_SIZE,
			 0, 0, 0, 0);

	if (result)
		mach_msg_destroy(&m.header);
	return result;
}

TEST(room_is_told_after_a_refused_send)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous = 1;

	set_limit(port, 1);
	test_equal_error(ask(port, MACH_NOTIFY_SEND_POSSIBLE, 0, notify, &previous), KERN_SUCCESS);
	test_equal(previous, MACH_PORT_NULL);
	test_equal(type_of(port) & ~MACH_PORT_TYPE_SEND_RECEIVE,
		   MACH_PORT_TYPE_DNREQUEST | MACH_PORT_TYPE_SPREQUEST |
			   MACH_PORT_TYPE_SPREQUEST_DELAYED);
	test_equal_error(send_and_ask(port), MACH_MSG_SUCCESS);
	/* Room that nobody missed is not told. */
	test_equal(take_word(port), 0);
	test_true(is_empty(notify));
	send_word(port, 1);
	test_equal_error(send_and_ask(port), MACH_SEND_TIMED_OUT);
	test_true(is_empty(notify));
	test_equal(take_word(port), 1);
	hears(notify, MACH_NOTIFY_SEND_POSSIBLE, port);
	test_equal(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy_port(port);
	test_true(is_empty(notify));
	destroy_port(notify);
}

TEST(room_is_told_at_once_when_asked)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous = 1;

	test_equal_error(ask(port, MACH_NOTIFY_SEND_POSSIBLE, 1, notify, &previous), KERN_SUCCESS);
	hears(notify, MACH_NOTIFY_SEND_POSSIBLE, port);
	set_limit(port, 1);
	send_word(port, 1);
	test_equal_error(ask(port, MACH_NOTIFY_SEND_POSSIBLE, 1, notify, &previous), KERN_SUCCESS);
	test_true(is_empty(notify));
	set_limit(port, 2);
	hears(notify, MACH_NOTIFY_SEND_POSSIBLE, port);
	/* The end of the port is an end of waiting, too. */
	test_equal_error(ask(port, MACH_NOTIFY_SEND_POSSIBLE, 0, notify, &previous), KERN_SUCCESS);
	drop_receive(port);
	hears(notify, MACH_NOTIFY_DEAD_NAME, port);
	destroy_port(port);
	destroy_port(notify);
}

TEST_MAIN
