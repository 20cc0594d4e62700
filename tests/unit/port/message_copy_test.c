// SPDX-License-Identifier: MIT
#include "port_test.h"

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

struct right_message {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port;
	mach_msg_max_trailer_t trailer;
};

enum { RIGHT_SIZE = offsetof(struct right_message, trailer) };

static mach_msg_return_t send_right(mach_port_t to, mach_port_t name,
				    mach_msg_type_name_t disposition)
{
	struct right_message m = {
		.header.msgh_bits =
			MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.header.msgh_remote_port = to,
		.body.msgh_descriptor_count = 1,
		.port = { .name = name,
			  .disposition = disposition,
			  .type = MACH_MSG_PORT_DESCRIPTOR },
	};

	return mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, RIGHT_SIZE, 0, 0, 0, 0);
}

static mach_msg_return_t receive_right(mach_port_t from, struct right_message *m)
{
	return mach_msg(&m->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(*m), from, 0, 0);
}

TEST(receive_rights_travel_with_their_messages)
{
	mach_port_t to = new_port(), port = new_port();
	struct right_message m;

	send_word(port, 77);
	test_equal_error(send_right(to, port, MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	test_equal(type_of(port), 0);
	test_equal_error(receive_right(to, &m), MACH_MSG_SUCCESS);
	test_equal(m.port.disposition, MACH_MSG_TYPE_MOVE_RECEIVE);
	test_equal(type_of(m.port.name), MACH_PORT_TYPE_RECEIVE);
	test_equal(take_word(m.port.name), 77);
	mach_msg_destroy(&m.header);
	test_equal(type_of(m.port.name), 0);
	destroy_port(to);
}

TEST(a_port_that_carries_itself_is_destroyed)
{
	mach_port_t a = new_send_port(), b = new_send_port();

	test_equal_error(send_right(b, a, MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	test_equal(type_of(a), MACH_PORT_TYPE_SEND);
	struct right_message m = {
		.header.msgh_bits =
			MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.header.msgh_remote_port = a,
		.body.msgh_descriptor_count = 1,
		.port = { .name = b, .disposition = MACH_MSG_TYPE_MOVE_RECEIVE },
	};
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, RIGHT_SIZE, 0, 0, 0, 0),
			 MACH_MSG_SUCCESS);
	/* Nobody could ever receive either again. */
	test_equal(type_of(a), MACH_PORT_TYPE_DEAD_NAME);
	test_equal(type_of(b), MACH_PORT_TYPE_DEAD_NAME);
	destroy_port(a);
	destroy_port(b);
}

TEST(null_and_dead_rights_are_delivered_as_such)
{
	mach_port_t to = new_port(), dead = new_send_port();
	struct right_message m;

	drop_receive(dead);
	send_right(to, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
	send_right(to, dead, MACH_MSG_TYPE_MOVE_SEND);
	test_equal(type_of(dead), 0);
	test_equal_error(receive_right(to, &m), MACH_MSG_SUCCESS);
	test_equal(m.port.name, MACH_PORT_NULL);
	test_equal_error(receive_right(to, &m), MACH_MSG_SUCCESS);
	test_equal(m.port.name, MACH_PORT_DEAD);
	mach_msg_destroy(&m.header);
	destroy_port(to);
}

TEST(right_that_dies_on_its_way_arrives_dead)
{
	mach_port_t to = new_port(), port = new_port();
	struct right_message m;

	test_equal_error(send_right(to, port, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	drop_receive(port);
	test_equal_error(receive_right(to, &m), MACH_MSG_SUCCESS);
	test_equal(m.port.name, MACH_PORT_DEAD);
	destroy_port(to);
}

TEST(bad_descriptors_are_refused)
{
	mach_port_t to = new_send_port(), plain = new_port();
	struct right_message m = {
		.header.msgh_bits =
			MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.header.msgh_remote_port = to,
		.body.msgh_descriptor_count = 2,
		.port = { .name = to, .disposition = MACH_MSG_TYPE_COPY_SEND },
	};

	test_equal_error(send_right(to, plain, MACH_MSG_TYPE_COPY_SEND), MACH_SEND_INVALID_RIGHT);
	test_equal_error(send_right(to, plain, 5), MACH_SEND_INVALID_TYPE);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, RIGHT_SIZE, 0, 0, 0, 0),
			 MACH_SEND_MSG_TOO_SMALL);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, 24, 0, 0, 0, 0),
			 MACH_SEND_MSG_TOO_SMALL);
	m.body.msgh_descriptor_count = 1;
	m.port.type = 77;
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, RIGHT_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_TYPE);
	test_equal(refs_of(to, MACH_PORT_RIGHT_SEND), 1);
	test_true(is_empty(to));
	destroy_port(to);
	destroy_port(plain);
}

struct memory_message {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_descriptor_t memory;
	mach_msg_ool_ports_descriptor_t ports;
	mach_msg_max_trailer_t trailer;
};

static struct memory_message memory_message(mach_port_t to, void *memory, uint32_t size,
					    mach_port_t *ports, uint32_t count)
{
	return (struct memory_message){
		.header.msgh_bits =
			MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.header.msgh_remote_port = to,
		.body.msgh_descriptor_count = 2,
		.memory = { .address = memory,
			    .size = size,
			    .type = MACH_MSG_OOL_DESCRIPTOR,
			    .copy = MACH_MSG_PHYSICAL_COPY },
		.ports = { .address = ports,
			   .count = count,
			   .type = MACH_MSG_OOL_PORTS_DESCRIPTOR,
			   .disposition = MACH_MSG_TYPE_MAKE_SEND },
	};
}

enum { MEMORY_SIZE = offsetof(struct memory_message, trailer) };

TEST(memory_and_arrays_of_ports_are_copied)
{
	mach_port_t to = new_port(), a = new_port(), b = new_port();
	mach_port_t list[] = { a, b };
	char text[5000] = "out of line";
	struct memory_message m = memory_message(to, text, sizeof(text), list, 2);

	text[4999] = 'z';
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, MEMORY_SIZE, 0, 0, 0, 0),
			 MACH_MSG_SUCCESS);
	text[0] = 'X';
	test_equal_error(
		mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), to, 0, 0),
		MACH_MSG_SUCCESS);
	test_equal(m.memory.size, sizeof(text));
	test_equal_text(m.memory.address, "out of line");
	test_equal(((char *)m.memory.address)[4999], 'z');
	test_equal(m.ports.count, 2);
	test_equal(((mach_port_t *)m.ports.address)[0], a);
	test_equal(((mach_port_t *)m.ports.address)[1], b);
	test_equal(refs_of(b, MACH_PORT_RIGHT_SEND), 1);
	mach_msg_destroy(&m.header);
	test_equal(refs_of(b, MACH_PORT_RIGHT_SEND), 0);
	destroy_port(to);
	destroy_port(a);
	destroy_port(b);
}

TEST(timed_out_message_has_its_memory_back)
{
	mach_port_t to = new_port(), a = new_port();
	mach_port_t list[] = { a };
	char text[100] = "again";
	struct memory_message m = memory_message(to, text, sizeof(text), list, 1);

	set_limit(to, 0);
	test_equal_error(
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, MEMORY_SIZE, 0, 0, 0, 0),
		MACH_SEND_TIMED_OUT);
	test_equal_text(m.memory.address, "again");
	set_limit(to, 1);
	m.ports.disposition = MACH_MSG_TYPE_MOVE_SEND;
	test_equal_error(
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, MEMORY_SIZE, 0, 0, 0, 0),
		MACH_MSG_SUCCESS);
	/* What is never received is released with the port. */
	drop_receive(to);
	test_equal(type_of(a), MACH_PORT_TYPE_RECEIVE);
	destroy_port(a);
}

TEST(missing_memory_is_refused)
{
	mach_port_t to = new_port();
	struct memory_message m = memory_message(to, NULL, 10, NULL, 0);

	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, MEMORY_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_MEMORY);
	/* Pages that cannot be read are no fault either. */
	vm_address_t gone = 0;
	vm_allocate(mach_task_self(), &gone, vm_page_size, VM_FLAGS_ANYWHERE);
	vm_protect(mach_task_self(), gone, vm_page_size, false, VM_PROT_NONE);
	m = memory_message(to, (void *)gone, 10, NULL, 0);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, MEMORY_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_MEMORY);
	m = memory_message(to, NULL, 0, (mach_port_t *)gone, 3);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, MEMORY_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_MEMORY);
	m = memory_message(to, NULL, 0, NULL, 0x7fffffff);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, MEMORY_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_MEMORY);
	m = memory_message(to, NULL, 0, NULL, 0);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, MEMORY_SIZE, 0, 0, 0, 0),
			 MACH_MSG_SUCCESS);
	destroy_port(to);
}

TEST_MAIN
