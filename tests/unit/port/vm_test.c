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

TEST(protection_and_inheritance)
{
	vm_address_t page = 0;
	vm_size_t size = 0;

	vm_allocate(mach_task_self(), &page, vm_page_size, VM_FLAGS_ANYWHERE);
	test_equal_error(vm_protect(mach_task_self(), page, 1, false, VM_PROT_NONE), KERN_SUCCESS);
	test_equal_error(vm_read_overwrite(mach_task_self(), page, 4, (vm_address_t)&size, &size),
			 KERN_INVALID_ADDRESS);
	test_equal_error(vm_protect(mach_task_self(), page, 1, false, VM_PROT_DEFAULT),
			 KERN_SUCCESS);
	test_equal_error(vm_protect(mach_task_self(), page, 1, true, VM_PROT_READ),
			 KERN_NOT_SUPPORTED);
	test_equal_error(vm_protect(mach_task_self(), page, 1, false, 0x40), KERN_INVALID_ARGUMENT);
	test_equal_error(vm_inherit(mach_task_self(), page, 1, VM_INHERIT_NONE), KERN_SUCCESS);
	test_equal_error(vm_inherit(mach_task_self(), page, 1, VM_INHERIT_COPY), KERN_SUCCESS);
	test_equal_error(vm_inherit(mach_task_self(), page, 1, VM_INHERIT_SHARE),
			 KERN_NOT_SUPPORTED);
	test_equal_error(vm_inherit(mach_task_self(), page, 1, 9), KERN_INVALID_ARGUMENT);
	vm_deallocate(mach_task_self(), page, vm_page_size);
	test_equal_error(vm_protect(mach_task_self(), page, 1, false, VM_PROT_READ),
			 KERN_INVALID_ADDRESS);
}

TEST(memory_is_copied_and_bad_addresses_are_errors)
{
	char text[5000] = "copied", to[5000] = "";
	mach_msg_type_number_t n = 0;
	vm_offset_t data = 0;
	vm_address_t gone = 0;

	vm_allocate(mach_task_self(), &gone, vm_page_size, VM_FLAGS_ANYWHERE);
	vm_protect(mach_task_self(), gone, vm_page_size, false, VM_PROT_NONE);
	test_equal_error(vm_read(mach_task_self(), (vm_address_t)text, sizeof(text), &data, &n),
			 KERN_SUCCESS);
	test_equal(n, sizeof(text));
	test_equal_text((char *)data, "copied");
	vm_deallocate(mach_task_self(), data, n);
	test_equal_error(vm_read(mach_task_self(), gone, 10, &data, &n), KERN_INVALID_ADDRESS);
	test_equal_error(vm_write(mach_task_self(), (vm_address_t)to, (vm_offset_t)text, 7),
			 KERN_SUCCESS);
	test_equal_text(to, "copied");
	test_equal_error(vm_write(mach_task_self(), gone, (vm_offset_t)text, 7),
			 KERN_INVALID_ADDRESS);
	to[0] = '\0';
	test_equal_error(vm_copy(mach_task_self(), (vm_address_t)text, 7, (vm_address_t)to),
			 KERN_SUCCESS);
	test_equal_text(to, "copied");
	test_equal_error(vm_copy(mach_task_self(), (vm_address_t)text, 7, gone),
			 KERN_INVALID_ADDRESS);
	vm_deallocate(mach_task_self(), gone, vm_page_size);
	test_equal_error(vm_copy(0, (vm_address_t)text, 7, (vm_address_t)to),
			 KERN_INVALID_ARGUMENT);
}

TEST(hints_and_write_back)
{
	vm_address_t page = 0;

	vm_allocate(mach_task_self(), &page, vm_page_size, VM_FLAGS_ANYWHERE);
	*(volatile char *)page = 5;
	for (vm_behavior_t b = VM_BEHAVIOR_DEFAULT; b < VM_BEHAVIOR_FREE; b++)
		test_equal_error(vm_behavior_set(mach_task_self(), page, 1, b), KERN_SUCCESS);
	/* Hints keep the contents. */
	test_equal(*(volatile char *)page, 5);
	test_equal_error(vm_behavior_set(mach_task_self(), page, 1, 99), KERN_INVALID_ARGUMENT);
	test_equal_error(vm_msync(mach_task_self(), page, vm_page_size, VM_SYNC_SYNCHRONOUS),
			 KERN_SUCCESS);
	test_equal_error(vm_msync(mach_task_self(), page, vm_page_size,
				  VM_SYNC_SYNCHRONOUS | VM_SYNC_ASYNCHRONOUS),
			 KERN_INVALID_ARGUMENT);
	vm_deallocate(mach_task_self(), page, vm_page_size);
	test_equal_error(vm_msync(mach_task_self(), page, vm_page_size, VM_SYNC_SYNCHRONOUS),
			 KERN_INVALID_ADDRESS);
	test_equal_error(vm_behavior_set(mach_task_self(), page, 1, VM_BEHAVIOR_RANDOM),
			 KERN_INVALID_ADDRESS);
}

TEST_MAIN
