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

TEST(info_about_this_task)
{
	mach_task_basic_info_data_t basic;
	task_basic_info_data_t old;
	task_thread_times_info_data_t times;
	audit_token_t token;
	mach_msg_type_number_t n = MACH_TASK_BASIC_INFO_COUNT;

	test_equal_error(task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&basic, &n),
			 KERN_SUCCESS);
	test_equal(n, 12);
	test_true(basic.virtual_size > basic.resident_size && basic.resident_size > 0);
	test_true(basic.resident_size_max >= basic.resident_size);
	n = TASK_BASIC_INFO_COUNT;
	test_equal_error(task_info(mach_task_self(), TASK_BASIC_INFO, (task_info_t)&old, &n),
			 KERN_SUCCESS);
	test_true(old.resident_size > 0);
	n = TASK_THREAD_TIMES_INFO_COUNT;
	test_equal_error(
		task_info(mach_task_self(), TASK_THREAD_TIMES_INFO, (task_info_t)&times, &n),
		KERN_SUCCESS);
	n = TASK_AUDIT_TOKEN_COUNT;
	test_equal_error(task_info(mach_task_self(), TASK_AUDIT_TOKEN, (task_info_t)&token, &n),
			 KERN_SUCCESS);
	test_equal(token.val[5], getpid());
	n = 3;
	test_equal_error(task_info(mach_task_self(), TASK_BASIC_INFO, (task_info_t)&old, &n),
			 KERN_INVALID_ARGUMENT);
	n = TASK_BASIC_INFO_COUNT;
	test_equal_error(task_info(mach_task_self(), 999, (task_info_t)&old, &n),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(task_info(0, TASK_BASIC_INFO, (task_info_t)&old, &n),
			 KERN_INVALID_ARGUMENT);
}

TEST(special_ports)
{
	mach_port_t bootstrap = 0, task = 0, mine = new_send_port(), host = 0;

	test_equal_error(task_get_bootstrap_port(mach_task_self(), &bootstrap), KERN_SUCCESS);
	test_equal(bootstrap, bootstrap_port);
	test_equal_error(task_get_special_port(mach_task_self(), TASK_KERNEL_PORT, &task),
			 KERN_SUCCESS);
	test_equal(task, mach_task_self());
	test_equal_error(task_get_host_port(mach_task_self(), &host), KERN_SUCCESS);
	test_equal_error(task_get_special_port(mach_task_self(), 99, &task), KERN_INVALID_ARGUMENT);
	test_equal_error(task_set_bootstrap_port(mach_task_self(), mine), KERN_SUCCESS);
	test_equal(type_of(mine), MACH_PORT_TYPE_RECEIVE);
	test_equal_error(task_get_bootstrap_port(mach_task_self(), &task), KERN_SUCCESS);
	test_equal(task, mine);
	test_equal_error(task_set_bootstrap_port(mach_task_self(), bootstrap), KERN_SUCCESS);
	test_equal_error(task_set_special_port(mach_task_self(), TASK_KERNEL_PORT, mine),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(task_set_bootstrap_port(mach_task_self(), 0x1234567),
			 KERN_INVALID_CAPABILITY);
	destroy_port(mine);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(processes_and_tasks)
{
	mach_port_t task = 0;
	int pid = 0;

	test_equal_error(task_for_pid(mach_task_self(), getpid(), &task), KERN_SUCCESS);
	test_equal(task, mach_task_self());
	test_equal_error(task_for_pid(mach_task_self(), 1, &task), KERN_FAILURE);
	test_equal(task, MACH_PORT_NULL);
	test_equal_error(pid_for_task(mach_task_self(), &pid), KERN_SUCCESS);
	test_equal(pid, getpid());
	test_equal_error(pid_for_task(0x123, &pid), KERN_FAILURE);
	test_equal(pid, -1);
	task = mach_reply_port();
	test_equal(type_of(task), MACH_PORT_TYPE_RECEIVE);
	destroy_port(task);
}

TEST_MAIN
