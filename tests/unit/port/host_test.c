// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "port_test.h"

TEST(basic_info_describes_the_machine)
{
	host_basic_info_data_t info = { 0 };
	mach_msg_type_number_t n = HOST_BASIC_INFO_COUNT;
	host_t host = mach_host_self();

	test_equal_error(host_info(host, HOST_BASIC_INFO, (host_info_t)&info, &n), KERN_SUCCESS);
	test_equal(n, 12);
	test_equal(info.logical_cpu, sysconf(_SC_NPROCESSORS_ONLN));
	test_equal(info.max_cpus, sysconf(_SC_NPROCESSORS_CONF));
	test_true(info.avail_cpus >= 1 && info.avail_cpus <= info.max_cpus);
	test_true(info.physical_cpu >= 1 && info.physical_cpu <= info.logical_cpu_max);
	test_true(info.max_mem > 16 << 20);
	test_true(info.cpu_type & CPU_ARCH_ABI64);
	/* The first version had five words. */
	info.max_mem = 7;
	n = 6;
	test_equal_error(host_info(host, HOST_BASIC_INFO, (host_info_t)&info, &n), KERN_SUCCESS);
	test_equal(n, 5);
	test_equal(info.max_mem, 7);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(other_flavors_and_their_errors)
{
	integer_t words[HOST_INFO_MAX];
	mach_msg_type_number_t n = HOST_INFO_MAX;
	host_t host = mach_host_self();

	test_equal_error(host_info(host, HOST_SCHED_INFO, words, &n), KERN_SUCCESS);
	test_equal(n, 2);
	test_true(words[0] > 0);
	n = HOST_INFO_MAX;
	test_equal_error(host_info(host, HOST_PREFERRED_USER_ARCH, words, &n), KERN_SUCCESS);
	test_equal(n, 2);
	test_equal_error(host_info(host, HOST_MACH_MSG_TRAP, words, &n), KERN_SUCCESS);
	test_equal(n, 0);
	test_equal_error(host_info(host, HOST_BASIC_INFO, words, &n), KERN_FAILURE);
	test_equal_error(host_info(host, 99, words, &n), KERN_INVALID_ARGUMENT);
	test_equal_error(host_info(MACH_PORT_NULL, HOST_BASIC_INFO, words, &n),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(host_info(mach_task_self(), HOST_BASIC_INFO, words, &n),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(host_info(host, HOST_BASIC_INFO, NULL, &n), KERN_INVALID_ARGUMENT);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(statistics_count_pages_and_ticks)
{
	vm_statistics64_data_t pages = { 0 };
	vm_statistics_data_t short_pages = { 0 };
	host_cpu_load_info_data_t ticks = { { 0 } };
	host_load_info_data_t load;
	host_basic_info_data_t basic;
	host_t host = mach_host_self();
	mach_msg_type_number_t n = HOST_VM_INFO64_COUNT;

	test_equal_error(host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&pages, &n),
			 KERN_SUCCESS);
	test_equal(n, HOST_VM_INFO64_COUNT);
	test_equal(n, 38);
	test_true(pages.free_count && pages.wire_count && pages.faults);
	n = HOST_BASIC_INFO_COUNT;
	host_info(host, HOST_BASIC_INFO, (host_info_t)&basic, &n);
	uint64_t sum = (uint64_t)pages.free_count + pages.active_count + pages.inactive_count +
		       pages.wire_count + pages.compressor_page_count;
	test_true(sum * vm_page_size <= basic.max_mem + (1 << 20));
	test_true(sum * vm_page_size >= basic.max_mem / 2);
	n = HOST_VM_INFO64_REV0_COUNT;
	test_equal_error(host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&pages, &n),
			 KERN_SUCCESS);
	test_equal(n, HOST_VM_INFO64_REV0_COUNT);
	n = HOST_VM_INFO_COUNT;
	test_equal_error(host_statistics(host, HOST_VM_INFO, (host_info_t)&short_pages, &n),
			 KERN_SUCCESS);
	test_equal(n, 15);
	test_true(short_pages.faults);
	n = HOST_CPU_LOAD_INFO_COUNT;
	test_equal_error(host_statistics(host, HOST_CPU_LOAD_INFO, (host_info_t)&ticks, &n),
			 KERN_SUCCESS);
	test_true(ticks.cpu_ticks[CPU_STATE_USER] && ticks.cpu_ticks[CPU_STATE_IDLE]);
	n = HOST_LOAD_INFO_COUNT;
	test_equal_error(host_statistics64(host, HOST_LOAD_INFO, (host_info64_t)&load, &n),
			 KERN_SUCCESS);
	test_equal(n, 6);
	test_true(load.avenrun[0] >= 0 && load.mach_factor[0] > 0);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(statistics_refuse_what_they_do_not_know)
{
	integer_t words[HOST_INFO_MAX];
	mach_msg_type_number_t n = 1;
	host_t host = mach_host_self();

	test_equal_error(host_statistics(host, HOST_VM_INFO, words, &n), KERN_FAILURE);
	test_equal_error(host_statistics(host, HOST_LOAD_INFO, words, &n), KERN_FAILURE);
	test_equal_error(host_statistics64(host, HOST_VM_INFO64, words, &n), KERN_FAILURE);
	test_equal_error(host_statistics(host, 77, words, &n), KERN_INVALID_ARGUMENT);
	test_equal_error(host_statistics(MACH_PORT_NULL, HOST_LOAD_INFO, words, &n),
			 KERN_INVALID_HOST);
	test_equal_error(host_statistics64(MACH_PORT_NULL, HOST_VM_INFO64, words, &n),
			 KERN_INVALID_HOST);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(processors_are_listed)
{
	processor_info_array_t list = NULL;
	mach_msg_type_number_t n = 0;
	natural_t cpus = 0;
	host_t host = mach_host_self();

	test_equal_error(host_processor_info(host, PROCESSOR_CPU_LOAD_INFO, &cpus, &list, &n),
			 KERN_SUCCESS);
	test_equal(cpus, sysconf(_SC_NPROCESSORS_ONLN));
	test_equal(n, cpus * CPU_STATE_MAX);
	processor_cpu_load_info_t load = (processor_cpu_load_info_t)list;
	test_true(load[cpus - 1].cpu_ticks[CPU_STATE_IDLE] > 0);
	vm_deallocate(mach_task_self(), (vm_address_t)list, n * sizeof(*list));
	test_equal_error(host_processor_info(host, PROCESSOR_BASIC_INFO, &cpus, &list, &n),
			 KERN_SUCCESS);
	processor_basic_info_t basic = (processor_basic_info_t)list;
	test_true(basic[0].running && basic[0].is_main);
	vm_deallocate(mach_task_self(), (vm_address_t)list, n * sizeof(*list));
	test_equal_error(host_processor_info(host, 9, &cpus, &list, &n), KERN_FAILURE);
	test_equal_error(host_processor_info(0, PROCESSOR_BASIC_INFO, &cpus, &list, &n),
			 KERN_INVALID_ARGUMENT);
	mach_port_deallocate(mach_task_self(), host);
}

TEST(page_size_and_kernel_version)
{
	kernel_version_t version = "";
	vm_size_t size = 0;
	host_t host = mach_host_self();

	test_equal_error(host_page_size(host, &size), KERN_SUCCESS);
	test_equal(size, getpagesize());
	test_equal_error(host_page_size(host, NULL), KERN_INVALID_ARGUMENT);
	test_equal_error(host_kernel_version(host, version), KERN_SUCCESS);
	test_true(strstr(version, "Kernel Version"));
	mach_port_deallocate(mach_task_self(), host);
}

TEST_MAIN
