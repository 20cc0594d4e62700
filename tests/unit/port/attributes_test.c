// SPDX-License-Identifier: MIT
#include "port_test.h"

TEST(receive_status_tells_the_state)
{
	mach_port_t port = new_send_port(), set = new_set(), once = 0x00654321;
	mach_port_status_t s = { 0 };
	mach_msg_type_number_t n = MACH_PORT_RECEIVE_STATUS_COUNT;

	mach_port_insert_member(mach_task_self(), port, set);
	mach_port_insert_right(mach_task_self(), once, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	send_word(port, 1);
	send_word(port, 2);
	take_word(port);
	test_equal_error(mach_port_get_attributes(mach_task_self(), port, MACH_PORT_RECEIVE_STATUS,
						  (mach_port_info_t)&s, &n),
			 KERN_SUCCESS);
	test_equal(s.mps_pset, 1);
	test_equal(s.mps_seqno, 1);
	test_equal(s.mps_mscount, 3);
	test_equal(s.mps_qlimit, 5);
	test_equal(s.mps_msgcount, 1);
	test_equal(s.mps_sorights, 1);
	test_equal(s.mps_srights, 1);
	test_equal(s.mps_nsrequest, 0);
	destroy_port(port);
	destroy_port(once);
	destroy_port(set);
}

TEST(bad_attributes_are_refused)
{
	mach_port_t port = new_port(), dead = new_send_port();
	mach_port_status_t s;
	mach_port_info_t info = (mach_port_info_t)&s;
	mach_msg_type_number_t n = 0;

	drop_receive(dead);
	test_equal_error(
		mach_port_get_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO, info, &n),
		KERN_FAILURE);
	n = MACH_PORT_RECEIVE_STATUS_COUNT - 1;
	test_equal_error(mach_port_get_attributes(mach_task_self(), port, MACH_PORT_RECEIVE_STATUS,
						  info, &n),
			 KERN_FAILURE);
	test_equal_error(mach_port_get_attributes(mach_task_self(), port, 77, info, &n),
			 KERN_INVALID_VALUE);
	test_equal_error(
		mach_port_get_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO, NULL, &n),
		KERN_INVALID_ARGUMENT);
	test_equal_error(mach_port_get_attributes(0, port, MACH_PORT_LIMITS_INFO, info, &n),
			 KERN_INVALID_TASK);
	test_equal_error(
		mach_port_get_attributes(mach_task_self(), dead, MACH_PORT_LIMITS_INFO, info, &n),
		KERN_INVALID_RIGHT);
	test_equal_error(
		mach_port_get_attributes(mach_task_self(), 0, MACH_PORT_LIMITS_INFO, info, &n),
		KERN_INVALID_NAME);
	s.mps_pset = 1;
	test_equal_error(
		mach_port_set_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO, info, 0),
		KERN_FAILURE);
	test_equal_error(
		mach_port_set_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO, NULL, 1),
		KERN_INVALID_ARGUMENT);
	test_equal_error(mach_port_set_attributes(mach_task_self(), port, MACH_PORT_RECEIVE_STATUS,
						  info, 10),
			 KERN_INVALID_VALUE);
	test_equal_error(
		mach_port_set_attributes(mach_task_self(), dead, MACH_PORT_LIMITS_INFO, info, 1),
		KERN_INVALID_RIGHT);
	test_equal_error(mach_port_set_attributes(0, port, MACH_PORT_LIMITS_INFO, info, 1),
			 KERN_INVALID_TASK);
	test_equal_error(mach_port_set_attributes(mach_task_self(), port,
						  MACH_PORT_IMPORTANCE_RECEIVER, NULL, 0),
			 KERN_SUCCESS);
	destroy_port(port);
	destroy_port(dead);
}

TEST(context_is_kept)
{
	mach_port_t port = new_port();
	mach_port_context_t context = 1;

	test_equal_error(mach_port_get_context(mach_task_self(), port, &context), KERN_SUCCESS);
	test_equal(context, 0);
	test_equal_error(mach_port_set_context(mach_task_self(), port, 0x123456789abc),
			 KERN_SUCCESS);
	test_equal_error(mach_port_get_context(mach_task_self(), port, &context), KERN_SUCCESS);
	test_equal(context, 0x123456789abc);
	test_equal_error(mach_port_get_context(mach_task_self(), port, NULL),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(mach_port_get_context(mach_task_self(), 0, &context), KERN_INVALID_NAME);
	test_equal_error(mach_port_set_context(0, port, 0), KERN_INVALID_TASK);
	destroy_port(port);
}

TEST_MAIN
