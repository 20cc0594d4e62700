// SPDX-License-Identifier: MIT
#include "port_test.h"

TEST(task_name_is_one_in_all_forms)
{
	mach_port_t (*function)(void) = mach_task_self;

	test_equal(mach_task_self(), mach_task_self_);
	test_equal(function(), mach_task_self_);
	test_equal(current_task(), mach_task_self_);
	test_true(mach_task_self_ > 0xffff && mach_task_self_ != MACH_PORT_DEAD);
	test_equal(type_of(mach_task_self_), MACH_PORT_TYPE_SEND);
	test_true(MACH_PORT_VALID(bootstrap_port));
}

TEST(task_name_cannot_be_released)
{
	for (int i = 0; i < 3; i++)
		test_equal_error(mach_port_deallocate(mach_task_self(), mach_task_self_),
				 KERN_SUCCESS);
	test_equal_error(mach_port_destroy(mach_task_self(), mach_task_self_), KERN_SUCCESS);
	test_equal(type_of(mach_task_self_), MACH_PORT_TYPE_SEND);
}

TEST(host_name_can_be_released)
{
	mach_port_t host = mach_host_self();

	test_true(MACH_PORT_VALID(host));
	test_equal(mach_host_self(), host);
	int before = refs_of(host, MACH_PORT_RIGHT_SEND);
	test_equal_error(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
	test_equal(refs_of(host, MACH_PORT_RIGHT_SEND), before - 1);
	for (int i = 0; i < 5; i++)
		test_equal_error(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
	test_equal(mach_host_self(), host);
}

TEST_MAIN
