// SPDX-License-Identifier: MIT
#include "port_test.h"

static mach_msg_return_t send_with_reply(mach_port_t to, mach_msg_type_name_t remote,
					 mach_port_t reply, mach_msg_type_name_t local)
{
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(remote, local),
				  .header.msgh_remote_port = to,
				  .header.msgh_local_port = reply };

	return mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, WORD_SIZE, 0, 0, 0, 0);
}

TEST(dispositions_take_and_give_what_they_say)
{
	static const struct {
		mach_msg_type_name_t sent, received;
		int left, after;
	} cases[] = {
		{ MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND, 1, 2 },
		{ MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND, 2, 3 },
		{ MACH_MSG_TYPE_MAKE_SEND, MACH_MSG_TYPE_MOVE_SEND, 2, 3 },
		{ MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_MSG_TYPE_MOVE_SEND_ONCE, 2, 2 },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mach_port_t to = new_port(), port = new_send_port();
		struct word_message m;

		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1);
		test_equal_error(send_with_reply(to, MACH_MSG_TYPE_MAKE_SEND, port, cases[i].sent),
				 0);
		test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), cases[i].left);
		test_equal_error(receive_word(to, 0, &m), MACH_MSG_SUCCESS);
		test_equal(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), cases[i].received);
		test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), cases[i].after);
		if (cases[i].received == MACH_MSG_TYPE_MOVE_SEND_ONCE)
			test_true(m.header.msgh_remote_port != port);
		else
			test_equal(m.header.msgh_remote_port, port);
		mach_msg_destroy(&m.header);
		destroy_port(to);
		destroy_port(port);
		test_equal(type_of(m.header.msgh_remote_port), 0);
	}
}

TEST(last_send_right_as_destination_and_reply_is_refused)
{
	mach_port_t port = new_send_port();

	test_equal_error(
		send_with_reply(port, MACH_MSG_TYPE_MOVE_SEND, port, MACH_MSG_TYPE_MOVE_SEND),
		MACH_SEND_INVALID_REPLY);
	destroy_port(port);
}

TEST(message_in_a_queue_keeps_its_senders_alive)
{
	mach_port_t port = new_send_port(), notify = new_port(), previous;

	mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_NO_SENDERS, 0, notify,
				       MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	test_equal_error(send_with_reply(port, MACH_MSG_TYPE_MOVE_SEND, 0, 0), MACH_MSG_SUCCESS);
	test_true(is_empty(notify));
	take_word(port);
	test_true(!is_empty(notify));
	destroy_port(port);
	destroy_port(notify);
}

TEST(urefs_at_the_limit_stay)
{
	mach_port_t to = new_port(), port = new_send_port();
	struct word_message m;

	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 65534);
	send_with_reply(to, MACH_MSG_TYPE_MAKE_SEND, port, MACH_MSG_TYPE_COPY_SEND);
	test_equal_error(receive_word(to, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_remote_port, port);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 65535);
	destroy_port(port);
	destroy_port(to);
}

TEST_MAIN
