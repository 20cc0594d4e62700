// SPDX-License-Identifier: MIT
#include "port_test.h"

static struct port *port_of(mach_port_t name)
{
	struct port *port;

	test_equal(port_from_receive_right(name, &port), 0);
	return port;
}

static struct port_message *new_message(uint32_t word)
{
	struct word_message m = { .header.msgh_size = WORD_SIZE,
				  .header.msgh_id = 1,
				  .word = word };
	struct port_message *message = NULL;

	test_equal(port_message_new(&m, WORD_SIZE, NULL, NULL, &message), 0);
	return message;
}

TEST(library_messages_ignore_the_limit)
{
	mach_port_t name = new_port();
	struct port *port = port_of(name);

	set_limit(name, 1);
	for (uint32_t i = 0; i < 100; i++)
		test_equal(port_send(port, new_message(i)), 0);
	test_equal_error(send_word(name, 0), MACH_SEND_TIMED_OUT);
	for (uint32_t i = 0; i < 100; i++)
		test_equal(take_word(name), i);
	destroy_port(name);
	port_unref(port);
}

TEST(library_messages_stop_at_65534)
{
	mach_port_t name = new_port();
	struct port *port = port_of(name);

	for (int i = 0; i < 65534; i++)
		port_send(port, new_message(0));
	test_equal(port_send(port, new_message(0)), -ENOBUFS);
	destroy_port(name);
	test_equal(port_send(port, new_message(0)), -EPIPE);
	port_unref(port);
}

TEST(library_messages_come_from_nobody)
{
	mach_port_t name = new_port();
	struct port *port = port_of(name);
	struct word_message m;

	port_send(port, new_message(6));
	test_equal_error(mach_msg(&m.header,
				  MACH_RCV_MSG | MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT),
				  0, sizeof(m), name, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_size, WORD_SIZE);
	test_equal(m.header.msgh_remote_port, MACH_PORT_NULL);
	test_equal(m.header.msgh_local_port, name);
	test_equal(m.trailer.msgh_audit.val[5], 0);
	destroy_port(name);
	port_unref(port);
}

TEST(message_with_descriptor_brings_a_send_right)
{
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
		mach_msg_trailer_t trailer;
	} m = { .header.msgh_bits = MACH_MSGH_BITS_COMPLEX, .body.msgh_descriptor_count = 1 };
	size_t size = sizeof(m) - sizeof(m.trailer);
	mach_port_t to = new_port(), other = new_port();
	struct port *to_port = port_of(to), *other_port = port_of(other);
	struct port_message *message;

	test_equal(port_message_new(&m, sizeof(m.header), NULL, other_port, &message), -EINVAL);
	test_equal(port_message_new(&m, size, other_port, other_port, &message), 0);
	test_equal(port_send(to_port, message), 0);
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), to, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(m.port.name, other);
	test_equal(m.port.disposition, MACH_MSG_TYPE_MOVE_SEND);
	test_equal(m.header.msgh_remote_port, other);
	test_equal(refs_of(other, MACH_PORT_RIGHT_SEND), 2);
	mach_msg_destroy(&m.header);
	test_equal(refs_of(other, MACH_PORT_RIGHT_SEND), 0);
	/* Dead ports are delivered dead. */
	destroy_port(other);
	test_equal(port_message_new(&m, size, other_port, NULL, &message), 0);
	message = port_message_free(message);
	test_true(!message);
	port_unref(to_port);
	port_unref(other_port);
	destroy_port(to);
}

TEST_MAIN
