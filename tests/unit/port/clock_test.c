// SPDX-License-Identifier: MIT
#include <time.h>

#include "port_test.h"

TEST(time_goes_on_in_nanoseconds)
{
	mach_timebase_info_data_t info = { 0, 0 };
	uint64_t t = mach_absolute_time();

	test_equal_error(mach_timebase_info(&info), KERN_SUCCESS);
	test_equal(info.numer, 1);
	test_equal(info.denom, 1);
	test_equal_error(mach_timebase_info(NULL), KERN_INVALID_ARGUMENT);
	test_true(mach_absolute_time() >= t);
	test_true(mach_continuous_time() >= t);
	test_true(mach_approximate_time() + NSEC_PER_SEC > t);
	test_true(mach_continuous_approximate_time() + NSEC_PER_SEC > t);
}

TEST(wait_until_waits)
{
	uint64_t deadline = mach_absolute_time() + 5 * NSEC_PER_MSEC;

	test_equal_error(mach_wait_until(deadline), KERN_SUCCESS);
	test_true(mach_absolute_time() >= deadline);
	test_equal_error(mach_wait_until(0), KERN_SUCCESS);
}

TEST(clocks_of_the_host_tell_the_time)
{
	clock_serv_t system = MACH_PORT_NULL, calendar = MACH_PORT_NULL;
	mach_timespec_t t;
	host_t host = mach_host_self();
	mach_msg_type_number_t n = 1;
	int resolution = 0;

	test_equal_error(host_get_clock_service(host, SYSTEM_CLOCK, &system), KERN_SUCCESS);
	test_equal_error(host_get_clock_service(host, CALENDAR_CLOCK, &calendar), KERN_SUCCESS);
	test_true(system != calendar);
	test_equal_error(clock_get_time(system, &t), KERN_SUCCESS);
	test_true(t.tv_sec <= mach_absolute_time() / NSEC_PER_SEC);
	test_equal_error(clock_get_time(calendar, &t), KERN_SUCCESS);
	test_true(time(NULL) - (time_t)t.tv_sec < 2);
	test_equal_error(clock_get_attributes(system, CLOCK_GET_TIME_RES, &resolution, &n),
			 KERN_SUCCESS);
	test_true(resolution > 0);
	test_equal_error(clock_get_time(host, &t), KERN_INVALID_ARGUMENT);
	test_equal_error(host_get_clock_service(host, 9, &system), KERN_INVALID_ARGUMENT);
	mach_port_deallocate(mach_task_self(), system);
	mach_port_deallocate(mach_task_self(), calendar);
	test_equal_error(clock_get_time(calendar, &t), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), host);
}

TEST_MAIN
