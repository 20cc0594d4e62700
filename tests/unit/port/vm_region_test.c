// SPDX-License-Identifier: MIT
#include "port_test.h"

TEST(a_region_has_bounds_and_protection)
{
	vm_region_basic_info_data_64_t info;
	mach_msg_type_number_t n = VM_REGION_BASIC_INFO_COUNT_64;
	mach_port_t object = 7;
	vm_address_t page = 0;

	test_equal_error(vm_allocate(mach_task_self(), &page, 2 * vm_page_size, VM_FLAGS_ANYWHERE),
			 KERN_SUCCESS);
	test_equal_error(vm_protect(mach_task_self(), page, vm_page_size, false, VM_PROT_READ),
			 KERN_SUCCESS);
	mach_vm_address_t at = page + 10;
	mach_vm_size_t size = 0;
	test_equal_error(mach_vm_region(mach_task_self(), &at, &size, VM_REGION_BASIC_INFO_64,
					(vm_region_info_t)&info, &n, &object),
			 KERN_SUCCESS);
	test_true(at <= page && at + size >= page + vm_page_size);
	test_equal(info.protection, VM_PROT_READ);
	test_equal(info.shared, 0);
	test_equal(object, MACH_PORT_NULL);
	vm_address_t second = page + vm_page_size;
	vm_size_t length = 0;
	n = VM_REGION_BASIC_INFO_COUNT_64;
	test_equal_error(vm_region_64(mach_task_self(), &second, &length, VM_REGION_BASIC_INFO_64,
				      (vm_region_info_t)&info, &n, &object),
			 KERN_SUCCESS);
	test_equal(info.protection, VM_PROT_READ | VM_PROT_WRITE);
	vm_deallocate(mach_task_self(), page, 2 * vm_page_size);
}

TEST(errors)
{
	vm_region_basic_info_data_t info;
	mach_msg_type_number_t n = VM_REGION_BASIC_INFO_COUNT;
	mach_vm_address_t at = UINT64_MAX - 10;
	mach_vm_size_t size;
	mach_port_t object;

	test_equal_error(mach_vm_region(mach_task_self(), &at, &size, VM_REGION_BASIC_INFO,
					(vm_region_info_t)&info, &n, &object),
			 KERN_INVALID_ADDRESS);
	at = 0;
	test_equal_error(mach_vm_region(mach_task_self(), &at, &size, 99, (vm_region_info_t)&info,
					&n, &object),
			 KERN_INVALID_ARGUMENT);
	n = 2;
	test_equal_error(mach_vm_region(mach_task_self(), &at, &size, VM_REGION_BASIC_INFO,
					(vm_region_info_t)&info, &n, &object),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(mach_vm_region(0, &at, &size, VM_REGION_BASIC_INFO,
					(vm_region_info_t)&info, &n, &object),
			 KERN_INVALID_ARGUMENT);
}

TEST_MAIN
