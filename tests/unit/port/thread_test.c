// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <sys/wait.h>

#include "port_test.h"

static void *name_of_thread(void *context)
{
	*(thread_t *)context = mach_thread_self();
	return NULL;
}

TEST(each_thread_has_one_name)
{
	thread_t self = mach_thread_self(), other = MACH_PORT_NULL;
	pthread_t thread;

	test_true(MACH_PORT_VALID(self));
	test_equal(mach_thread_self(), self);
	test_equal(refs_of(self, MACH_PORT_RIGHT_SEND), 2);
	pthread_create(&thread, NULL, name_of_thread, &other);
	pthread_join(thread, NULL);
	test_true(other != self);
	/* It ended with its thread. */
	test_equal(type_of(other), MACH_PORT_TYPE_DEAD_NAME);
	mach_port_deallocate(mach_task_self(), other);
	mach_port_deallocate(mach_task_self(), self);
	mach_port_deallocate(mach_task_self(), self);
	test_equal(type_of(self), 0);
	self = mach_thread_self();
	test_equal(refs_of(self, MACH_PORT_RIGHT_SEND), 1);
	mach_port_deallocate(mach_task_self(), self);
}

TEST(info_about_this_thread)
{
	thread_basic_info_data_t basic;
	thread_identifier_info_data_t id;
	mach_msg_type_number_t n = THREAD_BASIC_INFO_COUNT;
	thread_t self = mach_thread_self();

	test_equal_error(thread_info(self, THREAD_BASIC_INFO, (thread_info_t)&basic, &n),
			 KERN_SUCCESS);
	test_equal(n, 10);
	test_equal(basic.run_state, TH_STATE_RUNNING);
	test_equal(basic.policy, POLICY_TIMESHARE);
	n = THREAD_INFO_MAX;
	test_equal_error(thread_info(self, THREAD_IDENTIFIER_INFO, (thread_info_t)&id, &n),
			 KERN_SUCCESS);
	test_equal(id.thread_id, syscall(SYS_gettid));
	n = 1;
	test_equal_error(thread_info(self, THREAD_BASIC_INFO, (thread_info_t)&basic, &n),
			 KERN_INVALID_ARGUMENT);
	n = THREAD_INFO_MAX;
	test_equal_error(thread_info(self, 99, (thread_info_t)&basic, &n), KERN_INVALID_ARGUMENT);
	test_equal_error(
		thread_info(mach_task_self(), THREAD_BASIC_INFO, (thread_info_t)&basic, &n),
		KERN_INVALID_ARGUMENT);
	mach_port_deallocate(mach_task_self(), self);
}

TEST(forked_child_has_another_name_for_its_thread)
{
	thread_t self = mach_thread_self();
	int status = 0;
	pid_t child = fork();

	if (!child) {
		thread_identifier_info_data_t id = { 0 };
		mach_msg_type_number_t n = THREAD_IDENTIFIER_INFO_COUNT;

		thread_info(mach_thread_self(), THREAD_IDENTIFIER_INFO, (thread_info_t)&id, &n);
		_exit(id.thread_id == (uint64_t)getpid() ? 0 : 1);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	mach_port_deallocate(mach_task_self(), self);
}

TEST(switching_yields)
{
	uint64_t before = mach_absolute_time();

	test_equal_error(thread_switch(MACH_PORT_NULL, SWITCH_OPTION_NONE, 0), KERN_SUCCESS);
	test_equal_error(thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 5), KERN_SUCCESS);
	test_true(mach_absolute_time() - before >= 5 * NSEC_PER_MSEC);
	test_equal_error(thread_switch(MACH_PORT_NULL, 6, 0), KERN_INVALID_ARGUMENT);
}

TEST_MAIN
