// SPDX-License-Identifier: MIT
/* Memory of the task, in pages. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/mach_vm.h>
#include <mach/mach_init.h>

#include "port/port_internal.h"

vm_size_t vm_page_size = 4096;
vm_size_t vm_page_mask = 4095;
int vm_page_shift = 12;

__attribute__((constructor)) static void learn_page_size(void)
{
	vm_page_size = (vm_size_t)sysconf(_SC_PAGESIZE);
	vm_page_mask = vm_page_size - 1;
	vm_page_shift = __builtin_ctzl(vm_page_size);
}

kern_return_t mach_vm_allocate(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
			       int flags)
{
	int anywhere = flags & VM_FLAGS_ANYWHERE;
	mach_vm_size_t rounded = (size + vm_page_mask) & ~(mach_vm_size_t)vm_page_mask;

	if (target != mach_task_self() || !address)
		return KERN_INVALID_ARGUMENT;
	if (!size) {
		*address = 0;
		return KERN_SUCCESS;
	}
	if (rounded < size)
		return KERN_INVALID_ARGUMENT;
	void *at =
		anywhere ? NULL : (void *)(uintptr_t)(*address & ~(mach_vm_address_t)vm_page_mask);
	int how = MAP_PRIVATE | MAP_ANONYMOUS;
	if (!anywhere)
		how |= flags & VM_FLAGS_OVERWRITE ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	void *base = mmap(at, rounded, PROT_READ | PROT_WRITE, how, -1, 0);
	if (base == MAP_FAILED)
		return KERN_NO_SPACE;
	if (!anywhere && base != at) {
		/* An old kernel that takes the address for a hint. */
		munmap(base, rounded);
		return KERN_NO_SPACE;
	}
	*address = (mach_vm_address_t)(uintptr_t)base;
	return KERN_SUCCESS;
}

kern_return_t mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size)
{
	mach_vm_address_t start = address & ~(mach_vm_address_t)vm_page_mask, end;

	if (target != mach_task_self())
		return KERN_INVALID_ARGUMENT;
	if (!size)
		return KERN_SUCCESS;
	if (__builtin_add_overflow(address, size, &end) || end > UINT64_MAX - vm_page_mask)
		return KERN_INVALID_ARGUMENT;
	end = (end + vm_page_mask) & ~(mach_vm_address_t)vm_page_mask;
	if (munmap((void *)(uintptr_t)start, end - start) < 0)
		return errno == EINVAL ? KERN_INVALID_ADDRESS : KERN_NO_SPACE;
	return KERN_SUCCESS;
}

kern_return_t vm_allocate(vm_map_t target, vm_address_t *address, vm_size_t size, int flags)
{
	mach_vm_address_t at = address ? *address : 0;
	kern_return_t result = mach_vm_allocate(target, address ? &at : NULL, size, flags);

	if (!result)
		*address = (vm_address_t)at;
	return result;
}

kern_return_t vm_deallocate(vm_map_t target, vm_address_t address, vm_size_t size)
{
	return mach_vm_deallocate(target, address, size);
}

/* --- for messages ------------------------------------------------------------ */

void *port_pages_new(size_t size)
{
	mach_vm_address_t address = 0;

	if (!size || mach_vm_allocate(mach_task_self_, &address, size, VM_FLAGS_ANYWHERE))
		return NULL;
	return (void *)(uintptr_t)address;
}

void port_pages_free(void *address, size_t size)
{
	if (address)
		mach_vm_deallocate(mach_task_self_, (mach_vm_address_t)(uintptr_t)address, size);
}
