// SPDX-License-Identifier: MIT
/* Q: the Mach slice. No session: ports are the library's own. */
#include "mach_words.h"

#include <portico/port.h>

/* Names of the process, as the leak check sees them. */
static int64_t count_names(void)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n = 0, n_types = 0;

	if (mach_port_names(mach_task_self(), &names, &n, &types, &n_types))
		return -1;
	vm_deallocate(mach_task_self(), (vm_address_t)names, n * sizeof(*names));
	vm_deallocate(mach_task_self(), (vm_address_t)types, n * sizeof(*types));
	return n;
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

/* --- names and rights ---------------------------------------------------------- */

TEST(Q01)
{
	mach_port_t port = new_port();

	test_equal(type_of(port), MACH_PORT_TYPE_RECEIVE);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 0);
	test_equal(refs_of(port, MACH_PORT_RIGHT_RECEIVE), 1);
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	test_equal(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	destroy_port(port);
	test_equal(type_of(port), 0);
}

TEST(Q02)
{
	mach_port_t port = new_send_port();

	drop_receive(port);
	test_equal(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	test_equal(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 1);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 0);
	test_equal_error(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	test_equal_error(mach_port_deallocate(mach_task_self(), port), KERN_INVALID_NAME);
}

TEST(Q03_receive_rights_cannot_be_deallocated)
{
	mach_port_t port = new_port(), set = new_set();

	test_equal_error(mach_port_deallocate(mach_task_self(), port), KERN_INVALID_RIGHT);
	test_equal_error(mach_port_deallocate(mach_task_self(), set), KERN_INVALID_RIGHT);
	test_equal(type_of(port), MACH_PORT_TYPE_RECEIVE);
	test_equal(type_of(set), MACH_PORT_TYPE_PORT_SET);
	/* With both, the send right goes, one reference at a time. */
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	test_equal_error(mach_port_deallocate(mach_task_self(), port), KERN_SUCCESS);
	test_equal(type_of(port), MACH_PORT_TYPE_RECEIVE);
	destroy_port(port);
	destroy_port(set);
}

TEST(Q03_null_and_dead_are_harmless)
{
	const mach_port_t names[] = { MACH_PORT_NULL, MACH_PORT_DEAD };
	mach_port_type_t type = 0;

	for (int i = 0; i < 2; i++) {
		test_equal_error(mach_port_deallocate(mach_task_self(), names[i]), KERN_SUCCESS);
		test_equal_error(mach_port_destroy(mach_task_self(), names[i]), KERN_SUCCESS);
		test_equal(refs_of(names[i], MACH_PORT_RIGHT_SEND), 1);
		test_equal(refs_of(names[i], MACH_PORT_RIGHT_SEND_ONCE), 1);
		test_equal(refs_of(names[i], MACH_PORT_RIGHT_RECEIVE), -1);
		test_equal_error(
			mach_port_mod_refs(mach_task_self(), names[i], MACH_PORT_RIGHT_SEND, 1),
			KERN_SUCCESS);
		test_equal_error(mach_port_mod_refs(mach_task_self(), names[i],
						    MACH_PORT_RIGHT_DEAD_NAME, 1),
				 KERN_INVALID_NAME);
	}
	test_equal_error(mach_port_type(mach_task_self(), MACH_PORT_NULL, &type),
			 KERN_INVALID_NAME);
	test_equal_error(mach_port_type(mach_task_self(), MACH_PORT_DEAD, &type), KERN_SUCCESS);
	test_equal(type, MACH_PORT_TYPE_DEAD_NAME);
}

TEST(Q03_destroy_drops_all_rights)
{
	mach_port_t port = new_send_port();

	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	test_equal_error(mach_port_destroy(mach_task_self(), port), KERN_SUCCESS);
	test_equal(type_of(port), 0);
	test_equal_error(mach_port_destroy(mach_task_self(), port), KERN_INVALID_NAME);
}

TEST(Q04)
{
	mach_port_t port = new_send_port();

	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, -2),
			 KERN_INVALID_VALUE);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, -1),
			 KERN_SUCCESS);
	test_equal(type_of(port), MACH_PORT_TYPE_RECEIVE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1),
			 KERN_INVALID_RIGHT);
	test_equal_error(mach_port_deallocate(mach_task_self(), port), KERN_INVALID_RIGHT);
	drop_receive(port);
}

/* IOObjectRetain lives on this: a send right that died is counted as a dead name. */
TEST(Q05_dead_names_are_counted_as_dead_names_only)
{
	mach_port_t port = new_send_port();

	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	drop_receive(port);
	test_equal(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 2);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1),
			 KERN_INVALID_RIGHT);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_DEAD_NAME, 1),
			 KERN_SUCCESS);
	test_equal(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 3);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_DEAD_NAME, -4),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_DEAD_NAME, -3),
			 KERN_SUCCESS);
	test_equal(type_of(port), 0);
}

TEST(Q05_bad_tasks_names_and_rights)
{
	mach_port_t port = new_send_port(), unknown = 0x12345678;
	mach_port_urefs_t refs;
	mach_port_type_t type;

	test_equal_error(mach_port_deallocate(mach_task_self() + 1, port), KERN_INVALID_TASK);
	test_equal_error(mach_port_type(0, port, &type), KERN_INVALID_TASK);
	test_equal_error(mach_port_deallocate(mach_task_self(), unknown), KERN_INVALID_NAME);
	test_equal_error(mach_port_type(mach_task_self(), unknown, &type), KERN_INVALID_NAME);
	test_equal_error(mach_port_get_refs(mach_task_self(), port, MACH_PORT_RIGHT_NUMBER, &refs),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_NUMBER, 1),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, 1),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -2),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_PORT_SET, -1),
			 KERN_INVALID_RIGHT);
	destroy_port(port);
}

TEST(Q06_only_some_rights_can_be_allocated)
{
	mach_port_t name = MACH_PORT_NULL;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_SEND, &name),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_SEND_ONCE, &name),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_NUMBER, &name),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_allocate(MACH_PORT_NULL, MACH_PORT_RIGHT_RECEIVE, &name),
			 KERN_INVALID_TASK);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &name),
			 KERN_SUCCESS);
	test_equal(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
	test_equal(refs_of(name, MACH_PORT_RIGHT_DEAD_NAME), 1);
	destroy_port(name);
}

TEST(Q06_urefs_end_at_65535)
{
	mach_port_t port = new_send_port();

	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 65534),
			 KERN_SUCCESS);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1),
			 KERN_UREFS_OVERFLOW);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 65535);
	destroy_port(port);
}

TEST(Q06_names_and_rights_that_exist)
{
	mach_port_t port = new_send_port(), other = new_port();

	test_equal_error(
		mach_port_insert_right(mach_task_self(), other, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_NAME_EXISTS);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), 0x33333333, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_RIGHT_EXISTS);
	test_equal_error(mach_port_insert_right(mach_task_self(), port, port, 99),
			 KERN_INVALID_VALUE);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), other, other, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_RIGHT);
	/* Send-once rights have names of their own, one each. */
	test_equal_error(mach_port_insert_right(mach_task_self(), 0x44444444, port,
						MACH_MSG_TYPE_MAKE_SEND_ONCE),
			 KERN_SUCCESS);
	test_equal(type_of(0x44444444), MACH_PORT_TYPE_SEND_ONCE);
	test_equal_error(mach_port_deallocate(mach_task_self(), 0x44444444), KERN_SUCCESS);
	test_equal(take_id(port), MACH_NOTIFY_SEND_ONCE);
	destroy_port(port);
	destroy_port(other);
}

TEST(Q07)
{
	mach_port_t port = new_port();
	mach_port_limits_t limits = { 1025 };
	mach_msg_type_number_t n = MACH_PORT_LIMITS_INFO_COUNT;

	test_equal_error(mach_port_get_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO,
						  (mach_port_info_t)&limits, &n),
			 KERN_SUCCESS);
	test_equal(limits.mpl_qlimit, MACH_PORT_QLIMIT_DEFAULT);
	limits.mpl_qlimit = 1025;
	test_equal_error(mach_port_set_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO,
						  (mach_port_info_t)&limits, n),
			 KERN_INVALID_VALUE);
	set_limit(port, 1024);
	for (int i = 0; i < 1024; i++)
		test_equal_error(send_word(port, 0), MACH_MSG_SUCCESS);
	test_equal_error(send_word(port, 0), MACH_SEND_TIMED_OUT);
	destroy_port(port);
}

/* --- messages -------------------------------------------------------------------- */

TEST(Q08)
{
	mach_port_t port = new_send_port(), reply = new_port();
	struct word_message m = {
		.header.msgh_bits =
			MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.header.msgh_remote_port = port,
		.header.msgh_local_port = reply,
	};

	set_limit(port, 1);
	test_equal_error(send_word(port, 1), MACH_MSG_SUCCESS);
	test_equal_error(
		mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, WORD_SIZE, 0, 0, 0, 0),
		MACH_SEND_TIMED_OUT);
	test_equal(m.header.msgh_bits,
		   MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE));
	test_equal(m.header.msgh_remote_port, port);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
	test_equal(type_of(m.header.msgh_local_port), MACH_PORT_TYPE_SEND_ONCE);
	mach_msg_destroy(&m.header);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	test_equal(type_of(m.header.msgh_local_port), 0);
	destroy_port(port);
	destroy_port(reply);
}

TEST(Q09)
{
	mach_port_t port = new_port();
	struct word_message m;
	uint64_t before = mach_absolute_time();

	test_equal_error(receive_word(port, 10, &m), MACH_RCV_TIMED_OUT);
	test_true(mach_absolute_time() - before >= 10 * NSEC_PER_MSEC);
	destroy_port(port);
}

static void send_100_bytes(mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		char body[76];
	} m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.header.msgh_remote_port = port,
		.body = "hello" };

	test_equal(sizeof(m), 100);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0),
			 MACH_MSG_SUCCESS);
}

TEST(Q10)
{
	mach_port_t port = new_port();
	char buffer[256] __attribute__((aligned(8)));
	mach_msg_header_t *header = (mach_msg_header_t *)buffer;

	send_100_bytes(port);
	test_equal_error(mach_msg(header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 60, port, 0, 0),
			 MACH_RCV_TOO_LARGE);
	test_equal(header->msgh_size, 100);
	test_true(is_empty(port));
	/* The trailer needs room as well. */
	send_100_bytes(port);
	test_equal_error(mach_msg(header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 107, port, 0, 0),
			 MACH_RCV_TOO_LARGE);
	send_100_bytes(port);
	test_equal_error(mach_msg(header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 108, port, 0, 0),
			 MACH_MSG_SUCCESS);
	destroy_port(port);
}

TEST(Q10_large_receive_keeps_the_message)
{
	mach_port_t port = new_port();
	char buffer[256] __attribute__((aligned(8)));
	mach_msg_header_t *header = (mach_msg_header_t *)buffer;

	send_100_bytes(port);
	send_word(port, 9);
	for (int i = 0; i < 3; i++) {
		test_equal_error(mach_msg(header,
					  MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_RCV_LARGE |
						  MACH_RCV_LARGE_IDENTITY,
					  0, 60, port, 0, 0),
				 MACH_RCV_TOO_LARGE);
		test_equal(header->msgh_size, 100);
		test_equal(header->msgh_local_port, port);
	}
	test_equal_error(
		mach_msg(header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(buffer), port, 0, 0),
		MACH_MSG_SUCCESS);
	test_equal(header->msgh_size, 100);
	test_equal_text(buffer + sizeof(*header), "hello");
	test_equal(take_word(port), 9);
	destroy_port(port);
}

TEST(Q11_sends_that_are_refused)
{
	mach_port_t port = new_send_port(), dead = new_send_port(), receiver = new_port();
	struct word_message m = { .header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				  .header.msgh_remote_port = port };

	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, 20, 0, 0, 0, 0),
			 MACH_SEND_MSG_TOO_SMALL);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, 26, 0, 0, 0, 0),
			 MACH_SEND_MSG_TOO_SMALL);
	drop_receive(dead);
	test_equal_error(send_word_by(MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND, 0),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(dead, MACH_MSG_TYPE_COPY_SEND, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(0x12345678, MACH_MSG_TYPE_COPY_SEND, 0),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(send_word_by(receiver, MACH_MSG_TYPE_COPY_SEND, 0),
			 MACH_SEND_INVALID_DEST);
	m.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND);
	m.header.msgh_local_port = receiver;
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, WORD_SIZE, 0, 0, 0, 0),
			 MACH_SEND_INVALID_REPLY);
	test_true(is_empty(port));
	destroy_port(port);
	destroy_port(dead);
	destroy_port(receiver);
}

TEST(Q11_receives_that_are_refused)
{
	mach_port_t port = new_send_port();
	struct word_message m;

	test_equal_error(receive_word(MACH_PORT_NULL, 0, &m), MACH_RCV_INVALID_NAME);
	test_equal_error(receive_word(0x12345678, 0, &m), MACH_RCV_INVALID_NAME);
	drop_receive(port);
	test_equal_error(receive_word(port, 0, &m), MACH_RCV_INVALID_NAME);
	destroy_port(port);
}

TEST(Q11_a_full_queue_blocks_until_there_is_room)
{
	mach_port_t port = new_port();

	set_limit(port, 1);
	test_equal_error(send_word(port, 1), MACH_MSG_SUCCESS);
	/* A send-once right never waits. */
	test_equal_error(send_word_by(port, MACH_MSG_TYPE_MAKE_SEND_ONCE, 2), MACH_MSG_SUCCESS);
	test_equal_error(send_word(port, 3), MACH_SEND_TIMED_OUT);
	test_equal(take_word(port), 1);
	test_equal(take_word(port), 2);
	destroy_port(port);
}

TEST(Q12)
{
	mach_port_t port = new_port();

	for (uint32_t i = 0; i < 5; i++)
		test_equal_error(send_word(port, i), MACH_MSG_SUCCESS);
	for (uint32_t i = 0; i < 5; i++)
		test_equal(take_word(port), i);
	destroy_port(port);
}

TEST(Q13)
{
	mach_port_t a = new_port(), b = new_port(), set = new_set();
	struct word_message m;

	test_equal_error(mach_port_insert_member(mach_task_self(), a, set), KERN_SUCCESS);
	test_equal_error(mach_port_move_member(mach_task_self(), b, set), KERN_SUCCESS);
	send_word(b, 2);
	test_equal_error(receive_word(set, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_local_port, b);
	send_word(a, 1);
	test_equal_error(receive_word(set, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_local_port, a);
	test_equal_error(receive_word(set, 0, &m), MACH_RCV_TIMED_OUT);
	/* A member can still be received from directly. */
	send_word(a, 3);
	test_equal(take_word(a), 3);
	destroy_port(set);
	destroy_port(a);
	destroy_port(b);
}

TEST(Q14)
{
	mach_port_t port = new_port(), set = new_set(), other = new_set(), unknown = 0x7654321;

	test_equal_error(mach_port_move_member(mach_task_self(), port, 0), KERN_NOT_IN_SET);
	test_equal_error(mach_port_extract_member(mach_task_self(), port, set), KERN_NOT_IN_SET);
	test_equal_error(mach_port_insert_member(mach_task_self(), port, set), KERN_SUCCESS);
	test_equal_error(mach_port_insert_member(mach_task_self(), port, set), KERN_ALREADY_IN_SET);
	test_equal_error(mach_port_insert_member(mach_task_self(), port, other), KERN_SUCCESS);
	test_equal_error(mach_port_extract_member(mach_task_self(), port, set), KERN_SUCCESS);
	test_equal_error(mach_port_move_member(mach_task_self(), port, 0), KERN_SUCCESS);
	test_equal_error(mach_port_move_member(mach_task_self(), port, 0), KERN_NOT_IN_SET);
	test_equal_error(mach_port_move_member(mach_task_self(), unknown, set), KERN_INVALID_NAME);
	test_equal_error(mach_port_move_member(mach_task_self(), port, unknown), KERN_INVALID_NAME);
	test_equal_error(mach_port_move_member(mach_task_self(), set, other), KERN_INVALID_RIGHT);
	test_equal_error(mach_port_insert_member(mach_task_self(), port, port), KERN_INVALID_RIGHT);
	test_equal_error(mach_port_insert_member(0, port, set), KERN_INVALID_TASK);
	test_equal_error(mach_port_extract_member(0, port, set), KERN_INVALID_TASK);
	test_equal_error(mach_port_move_member(0, port, set), KERN_INVALID_TASK);
	destroy_port(set);
	destroy_port(other);
	destroy_port(port);
}

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

TEST(Q15)
{
	mach_port_t to = new_port(), port = new_send_port();
	struct right_message m;

	for (int i = 0; i < 2; i++)
		test_equal_error(send_right(to, port, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	for (int i = 0; i < 2; i++) {
		test_equal_error(receive_right(to, &m), MACH_MSG_SUCCESS);
		test_equal(m.port.name, port);
		test_equal(m.port.disposition, MACH_MSG_TYPE_MOVE_SEND);
	}
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 3);
	mach_msg_destroy(&m.header);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 2);
	destroy_port(port);
	destroy_port(to);
}

TEST(Q16)
{
	mach_port_t to = new_port(), port = new_send_port(), carried = new_send_port();

	test_equal_error(send_right(to, port, MACH_MSG_TYPE_MOVE_SEND), MACH_MSG_SUCCESS);
	test_equal_error(send_right(to, carried, MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	test_equal(type_of(port), MACH_PORT_TYPE_RECEIVE);
	test_equal(type_of(carried), MACH_PORT_TYPE_SEND);
	drop_receive(to);
	test_equal(type_of(carried), MACH_PORT_TYPE_DEAD_NAME);
	mach_port_status_t status;
	mach_msg_type_number_t n = MACH_PORT_RECEIVE_STATUS_COUNT;
	test_equal_error(mach_port_get_attributes(mach_task_self(), port, MACH_PORT_RECEIVE_STATUS,
						  (mach_port_info_t)&status, &n),
			 KERN_SUCCESS);
	test_equal(status.mps_srights, 0);
	destroy_port(port);
	destroy_port(carried);
}

TEST(Q17)
{
	for (int with_descriptor = 0; with_descriptor < 2; with_descriptor++) {
		mach_port_t port = new_port();
		struct waiter w;

		if (with_descriptor)
			portico_port_get_descriptor(port);
		start_waiter(&w, port);
		drop_receive(port);
		test_equal_error(end_waiter(&w), MACH_RCV_PORT_CHANGED);
	}
}

static void *reply_once(void *context)
{
	mach_port_t port = *(mach_port_t *)context;
	struct word_message m;

	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(MACH_MSGH_BITS_REMOTE(m.header.msgh_bits), MACH_MSG_TYPE_MOVE_SEND_ONCE);
	test_equal_error(
		send_word_by(m.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE, m.word + 1),
		MACH_MSG_SUCCESS);
	return NULL;
}

TEST(Q18)
{
	mach_port_t server = new_send_port(), reply = new_port();
	struct word_message m = {
		.header.msgh_bits =
			MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.header.msgh_remote_port = server,
		.header.msgh_local_port = reply,
		.word = 41,
	};
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, reply_once, &server), 0);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, WORD_SIZE, sizeof(m),
				  reply, 0, 0),
			 MACH_MSG_SUCCESS);
	test_equal(m.word, 42);
	test_equal(m.header.msgh_local_port, reply);
	test_equal(m.header.msgh_remote_port, MACH_PORT_NULL);
	pthread_join(thread, NULL);
	destroy_port(server);
	destroy_port(reply);
}

TEST(Q19)
{
	mach_port_t port = new_port();
	struct word_message m;

	send_word(port, 5);
	test_equal_error(receive_word(port, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_size, WORD_SIZE);
	test_equal(m.header.msgh_local_port, port);
	test_equal(m.header.msgh_id, 7);
	test_equal(m.trailer.msgh_trailer_type, 0);
	test_equal(m.trailer.msgh_trailer_size, 8);
	test_equal(m.trailer.msgh_seqno, 0xaaaaaaaa);
	destroy_port(port);
}

TEST(Q20)
{
	mach_port_t port = new_send_port();

	for (int i = 0; i < 2; i++)
		test_equal_error(mach_port_insert_right(mach_task_self(), port, port,
							MACH_MSG_TYPE_MAKE_SEND),
				 KERN_SUCCESS);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 3);
	drop_receive(port);
	test_equal(refs_of(port, MACH_PORT_RIGHT_DEAD_NAME), 3);
	destroy_port(port);
	test_equal(type_of(port), 0);
}

TEST_MAIN
