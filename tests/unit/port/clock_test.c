// SPDX-License-Identifier: MIT
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

TEST_MAIN
