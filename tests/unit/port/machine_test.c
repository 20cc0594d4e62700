// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "port_test.h"

/* The counters are reached through host.c's calls. */
static void read_ticks(natural_t ticks[CPU_STATE_MAX])
{
	mach_msg_type_number_t n = HOST_CPU_LOAD_INFO_COUNT;
	host_t host = mach_host_self();

	test_equal_error(host_statistics(host, HOST_CPU_LOAD_INFO, (host_info_t)ticks, &n),
			 KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(ticks_go_on)
{
	natural_t before[CPU_STATE_MAX], after[CPU_STATE_MAX];
	uint64_t until = mach_absolute_time() + NSEC_PER_SEC / 2;
	uint64_t sum = 0;

	read_ticks(before);
	do {
		read_ticks(after);
		sum = 0;
		for (int i = 0; i < CPU_STATE_MAX; i++)
			sum += after[i] - before[i];
	} while (sum < 5 && mach_absolute_time() < until);
	test_true(sum >= 5);
}

TEST(cores_are_not_more_than_processors)
{
	host_basic_info_data_t info;
	mach_msg_type_number_t n = HOST_BASIC_INFO_COUNT;
	host_t host = mach_host_self();

	host_info(host, HOST_BASIC_INFO, (host_info_t)&info, &n);
	test_true(info.physical_cpu_max >= 1 && info.physical_cpu_max <= info.logical_cpu_max);
	mach_port_deallocate(mach_task_self(), host);
}

TEST_MAIN
