// SPDX-License-Identifier: MIT
#include "port_test.h"

static const mach_port_t unknown = 0x77665543;

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

TEST(receive_right_alone_frees_its_name)
{
	mach_port_t port = new_port();

	drop_receive(port);
	test_equal(refs_of(port, MACH_PORT_RIGHT_RECEIVE), -1);
}

TEST(spec_8_1_urefs_stop_at_65535)
{
	mach_port_t port = new_send_port();

	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 65535),
			 KERN_UREFS_OVERFLOW);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 65534),
			 KERN_SUCCESS);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_UREFS_OVERFLOW);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 65535);
	destroy_port(port);
}

TEST(other_tasks_are_refused_everywhere)
{
	mach_port_t port = new_send_port(), other = port, name;
	mach_port_type_t type;
	mach_port_urefs_t refs;
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n, m;

	test_equal_error(mach_port_allocate(other, MACH_PORT_RIGHT_RECEIVE, &name),
			 KERN_INVALID_TASK);
	test_equal_error(mach_port_insert_right(0, port, port, MACH_MSG_TYPE_MAKE_SEND),
			 KERN_INVALID_TASK);
	test_equal_error(mach_port_deallocate(other, port), KERN_INVALID_TASK);
	test_equal_error(mach_port_destroy(other, port), KERN_INVALID_TASK);
	test_equal_error(mach_port_get_refs(other, port, 0, &refs), KERN_INVALID_TASK);
	test_equal_error(mach_port_mod_refs(other, port, 0, 1), KERN_INVALID_TASK);
	test_equal_error(mach_port_type(other, port, &type), KERN_INVALID_TASK);
	test_equal_error(mach_port_names(other, &names, &n, &types, &m), KERN_INVALID_TASK);
	test_equal(refs_of(port, MACH_PORT_RIGHT_SEND), 1);
	destroy_port(port);
}

TEST(null_and_dead_are_harmless)
{
	const mach_port_t both[] = { MACH_PORT_NULL, MACH_PORT_DEAD };
	mach_port_type_t type = 0;

	for (int i = 0; i < 2; i++) {
		test_equal_error(mach_port_deallocate(mach_task_self(), both[i]), KERN_SUCCESS);
		test_equal_error(mach_port_destroy(mach_task_self(), both[i]), KERN_SUCCESS);
		test_equal_error(
			mach_port_mod_refs(mach_task_self(), both[i], MACH_PORT_RIGHT_SEND, 1),
			KERN_SUCCESS);
		test_equal_error(mach_port_mod_refs(mach_task_self(), both[i],
						    MACH_PORT_RIGHT_SEND_ONCE, -1),
				 KERN_SUCCESS);
		test_equal_error(
			mach_port_mod_refs(mach_task_self(), both[i], MACH_PORT_RIGHT_RECEIVE, -1),
			KERN_INVALID_NAME);
		test_equal(refs_of(both[i], MACH_PORT_RIGHT_SEND), 1);
		test_equal(refs_of(both[i], MACH_PORT_RIGHT_SEND_ONCE), 1);
		test_equal(refs_of(both[i], MACH_PORT_RIGHT_DEAD_NAME), -1);
	}
	test_equal_error(mach_port_type(mach_task_self(), MACH_PORT_NULL, &type),
			 KERN_INVALID_NAME);
	test_equal(type_of(MACH_PORT_DEAD), MACH_PORT_TYPE_DEAD_NAME);
}

TEST(unknown_names_are_refused)
{
	mach_port_type_t type;
	mach_port_urefs_t refs;

	test_equal_error(mach_port_type(mach_task_self(), unknown, &type), KERN_INVALID_NAME);
	test_equal_error(mach_port_get_refs(mach_task_self(), unknown, 0, &refs),
			 KERN_INVALID_NAME);
	test_equal_error(mach_port_mod_refs(mach_task_self(), unknown, 0, 1), KERN_INVALID_NAME);
	test_equal_error(mach_port_deallocate(mach_task_self(), unknown), KERN_INVALID_NAME);
	test_equal_error(mach_port_destroy(mach_task_self(), unknown), KERN_INVALID_NAME);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), unknown, unknown, MACH_MSG_TYPE_MAKE_SEND),
		KERN_INVALID_NAME);
}

TEST(bad_rights_and_deltas_are_refused)
{
	mach_port_t port = new_send_port(), set = new_set(), name;
	mach_port_urefs_t refs;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_SEND, &name),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_allocate(mach_task_self(), 99, &name), KERN_INVALID_VALUE);
	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, NULL),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(mach_port_get_refs(mach_task_self(), port, MACH_PORT_RIGHT_NUMBER, &refs),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_NUMBER, 0),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, 1),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, 0),
			 KERN_SUCCESS);
	test_equal_error(mach_port_mod_refs(mach_task_self(), set, MACH_PORT_RIGHT_RECEIVE, -1),
			 KERN_INVALID_RIGHT);
	test_equal_error(mach_port_deallocate(mach_task_self(), set), KERN_INVALID_RIGHT);
	test_equal_error(mach_port_mod_refs(mach_task_self(), set, MACH_PORT_RIGHT_PORT_SET, -1),
			 KERN_SUCCESS);
	test_equal(type_of(set), 0);
	destroy_port(port);
}

TEST(dead_names_can_be_made_and_counted)
{
	mach_port_t name;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &name),
			 KERN_SUCCESS);
	test_equal(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
	test_equal_error(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_DEAD_NAME, 2),
			 KERN_SUCCESS);
	test_equal(refs_of(name, MACH_PORT_RIGHT_DEAD_NAME), 3);
	test_equal_error(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_SEND, 1),
			 KERN_INVALID_RIGHT);
	test_equal_error(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_DEAD_NAME, -3),
			 KERN_SUCCESS);
	test_equal(type_of(name), 0);
}

TEST(insert_right_refuses_what_does_not_fit)
{
	mach_port_t a = new_send_port(), b = new_port();

	test_equal_error(mach_port_insert_right(mach_task_self(), b, a, MACH_MSG_TYPE_MAKE_SEND),
			 KERN_NAME_EXISTS);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), unknown, a, MACH_MSG_TYPE_COPY_SEND),
		KERN_RIGHT_EXISTS);
	test_equal_error(mach_port_insert_right(mach_task_self(), a, a, 3), KERN_INVALID_VALUE);
	test_equal_error(mach_port_insert_right(mach_task_self(), 0, a, MACH_MSG_TYPE_MAKE_SEND),
			 KERN_INVALID_VALUE);
	test_equal_error(mach_port_insert_right(mach_task_self(), a, 0, MACH_MSG_TYPE_MAKE_SEND),
			 KERN_INVALID_CAPABILITY);
	test_equal_error(mach_port_insert_right(mach_task_self(), b, b, MACH_MSG_TYPE_COPY_SEND),
			 KERN_INVALID_RIGHT);
	test_equal(refs_of(a, MACH_PORT_RIGHT_SEND), 1);
	destroy_port(a);
	destroy_port(b);
}

TEST(send_once_rights_get_names_of_their_own)
{
	mach_port_t port = new_port(), once = 0x00654321;
	struct word_message m;

	test_equal_error(
		mach_port_insert_right(mach_task_self(), once, port, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		KERN_SUCCESS);
	test_equal(type_of(once), MACH_PORT_TYPE_SEND_ONCE);
	test_equal(refs_of(once, MACH_PORT_RIGHT_SEND_ONCE), 1);
	test_equal_error(
		mach_port_insert_right(mach_task_self(), once, port, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		KERN_NAME_EXISTS);
	/* Unused, it tells its receiver. */
	test_equal_error(mach_port_deallocate(mach_task_self(), once), KERN_SUCCESS);
	test_equal(type_of(once), 0);
	test_equal_error(receive_word(port, 0, &m), MACH_MSG_SUCCESS);
	test_equal(m.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	destroy_port(port);
}

TEST(send_once_name_dies_with_its_port)
{
	mach_port_t port = new_port(), once = 0x00654321;

	mach_port_insert_right(mach_task_self(), once, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	drop_receive(port);
	test_equal(type_of(once), MACH_PORT_TYPE_DEAD_NAME);
	test_equal(refs_of(once, MACH_PORT_RIGHT_DEAD_NAME), 1);
	test_equal_error(mach_port_deallocate(mach_task_self(), once), KERN_SUCCESS);
}

TEST(names_lists_all_names)
{
	mach_port_t port = new_send_port();
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n, m;
	bool found = false;

	test_equal_error(mach_port_names(mach_task_self(), &names, &n, &types, &m), KERN_SUCCESS);
	test_equal(n, m);
	for (unsigned i = 0; i < n; i++)
		found |= names[i] == port && types[i] == MACH_PORT_TYPE_SEND_RECEIVE;
	test_true(found);
	vm_deallocate(mach_task_self(), (vm_address_t)names, n * sizeof(*names));
	vm_deallocate(mach_task_self(), (vm_address_t)types, m * sizeof(*types));
	destroy_port(port);
}

TEST_MAIN
