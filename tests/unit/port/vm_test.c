// SPDX-License-Identifier: MIT
#include "port_test.h"

TEST(memory_is_zero_and_writable)
{
	vm_address_t at = 0;

	test_equal_error(vm_allocate(mach_task_self(), &at, vm_page_size + 1, VM_FLAGS_ANYWHERE),
			 KERN_SUCCESS);
	test_true(at && !(at & vm_page_mask));
	volatile unsigned char *p = (unsigned char *)at;
	test_equal(p[0], 0);
	test_equal(p[2 * vm_page_size - 1], 0);
	p[2 * vm_page_size - 1] = 1;
	test_equal_error(vm_deallocate(mach_task_self(), at, vm_page_size + 1), KERN_SUCCESS);
}

TEST(fixed_place_is_kept_or_refused)
{
	mach_vm_address_t at = 0, same;

	test_equal_error(mach_vm_allocate(mach_task_self(), &at, vm_page_size, VM_FLAGS_ANYWHERE),
			 KERN_SUCCESS);
	same = at;
	test_equal_error(mach_vm_allocate(mach_task_self(), &same, vm_page_size, VM_FLAGS_FIXED),
			 KERN_NO_SPACE);
	*(char *)(uintptr_t)at = 5;
	test_equal_error(mach_vm_allocate(mach_task_self(), &same, vm_page_size,
					  VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE),
			 KERN_SUCCESS);
	test_equal(*(volatile char *)(uintptr_t)at, 0);
	test_equal_error(mach_vm_deallocate(mach_task_self(), at, vm_page_size), KERN_SUCCESS);
}

TEST(bad_arguments_are_refused)
{
	mach_vm_address_t at = 7;
	vm_address_t small = 7;

	test_equal_error(mach_vm_allocate(0, &at, 1, VM_FLAGS_ANYWHERE), KERN_INVALID_ARGUMENT);
	test_equal_error(mach_vm_allocate(mach_task_self(), NULL, 1, 1), KERN_INVALID_ARGUMENT);
	test_equal_error(vm_allocate(mach_task_self(), NULL, 1, 1), KERN_INVALID_ARGUMENT);
	test_true(mach_vm_allocate(mach_task_self(), &at, UINT64_MAX, VM_FLAGS_ANYWHERE) != 0);
	test_true(vm_allocate(mach_task_self(), &small, UINTPTR_MAX / 2, VM_FLAGS_ANYWHERE) != 0);
	test_equal(small, 7);
	test_equal_error(mach_vm_deallocate(0, 0, 1), KERN_INVALID_ARGUMENT);
	test_equal_error(mach_vm_deallocate(mach_task_self(), UINT64_MAX, 2),
			 KERN_INVALID_ARGUMENT);
	test_equal_error(vm_deallocate(mach_task_self(), 0x1000, 0), KERN_SUCCESS);
	test_equal_error(mach_vm_allocate(mach_task_self(), &at, 0, VM_FLAGS_ANYWHERE),
			 KERN_SUCCESS);
	test_equal(at, 0);
}

TEST_MAIN
