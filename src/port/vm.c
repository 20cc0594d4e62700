// SPDX-License-Identifier: MIT
/* Memory of the task, in pages: having it, giving it back, copying it. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <mach/mach_init.h>
#include <mach/vm_map.h>

#include "port/port_internal.h"

vm_size_t vm_page_size = 4096, vm_kernel_page_size = 4096;
vm_size_t vm_page_mask = 4095, vm_kernel_page_mask = 4095;
int vm_page_shift = 12, vm_kernel_page_shift = 12;

__attribute__((constructor)) static void learn_page_size(void)
{
	vm_page_size = vm_kernel_page_size = (vm_size_t)sysconf(_SC_PAGESIZE);
	vm_page_mask = vm_kernel_page_mask = vm_page_size - 1;
	vm_page_shift = vm_kernel_page_shift = __builtin_ctzl(vm_page_size);
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
	*address = (mach_vm_address_t)(uintptr_t)base;
	return KERN_SUCCESS;
}

/* The pages that ADDRESS, SIZE touches. */
static kern_return_t span(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			  void **ret_start, size_t *ret_size)
{
	mach_vm_address_t start = address & ~(mach_vm_address_t)vm_page_mask, end;

	if (target != mach_task_self())
		return KERN_INVALID_ARGUMENT;
	if (__builtin_add_overflow(address, size, &end) || end > UINT64_MAX - vm_page_mask)
		return KERN_INVALID_ARGUMENT;
	end = (end + vm_page_mask) & ~(mach_vm_address_t)vm_page_mask;
	*ret_start = (void *)(uintptr_t)start;
	*ret_size = size ? end - start : 0;
	return KERN_SUCCESS;
}

kern_return_t mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size)
{
	void *start;
	size_t length;
	kern_return_t result = span(target, address, size, &start, &length);

	if (!result && length && munmap(start, length) < 0)
		result = errno == EINVAL ? KERN_INVALID_ADDRESS : KERN_NO_SPACE;
	return result;
}

kern_return_t mach_vm_protect(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			      boolean_t set_maximum, vm_prot_t new_protection)
{
	void *start;
	size_t length;
	kern_return_t result = span(target, address, size, &start, &length);

	if (result || new_protection & ~VM_PROT_ALL)
		return KERN_INVALID_ARGUMENT;
	if (set_maximum)
		return KERN_NOT_SUPPORTED;
	int protection = (new_protection & VM_PROT_READ ? PROT_READ : 0) |
			 (new_protection & VM_PROT_WRITE ? PROT_WRITE : 0) |
			 (new_protection & VM_PROT_EXECUTE ? PROT_EXEC : 0);
	if (!length || !mprotect(start, length, protection))
		return KERN_SUCCESS;
	return errno == ENOMEM ? KERN_INVALID_ADDRESS : KERN_PROTECTION_FAILURE;
}

kern_return_t mach_vm_inherit(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			      vm_inherit_t new_inheritance)
{
	void *start;
	size_t length;
	kern_return_t result = span(target, address, size, &start, &length);

	if (result || new_inheritance > VM_INHERIT_LAST_VALID)
		return KERN_INVALID_ARGUMENT;
	if (new_inheritance == VM_INHERIT_SHARE)
		return KERN_NOT_SUPPORTED;
	if (!length || !madvise(start, length,
				new_inheritance == VM_INHERIT_NONE ? MADV_DONTFORK : MADV_DOFORK))
		return KERN_SUCCESS;
	return KERN_INVALID_ADDRESS;
}

kern_return_t mach_vm_msync(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			    vm_sync_t sync_flags)
{
	const bool later = sync_flags & VM_SYNC_ASYNCHRONOUS,
		   now = sync_flags & VM_SYNC_SYNCHRONOUS;
	void *start;
	size_t length;
	kern_return_t result = span(target, address, size, &start, &length);

	if (result || (later && now))
		return KERN_INVALID_ARGUMENT;
	int how = (later ? MS_ASYNC
		   : now ? MS_SYNC
			 : 0) |
		  (sync_flags & VM_SYNC_INVALIDATE ? MS_INVALIDATE : 0);
	return !length || !how || !msync(start, length, how) ? KERN_SUCCESS : KERN_INVALID_ADDRESS;
}

kern_return_t mach_vm_behavior_set(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
				   vm_behavior_t new_behavior)
{
	static const int advice[] = {
		[VM_BEHAVIOR_DEFAULT] = MADV_NORMAL,
		[VM_BEHAVIOR_RANDOM] = MADV_RANDOM,
		[VM_BEHAVIOR_SEQUENTIAL] = MADV_SEQUENTIAL,
		[VM_BEHAVIOR_RSEQNTL] = MADV_SEQUENTIAL,
		[VM_BEHAVIOR_WILLNEED] = MADV_WILLNEED,
		[VM_BEHAVIOR_DONTNEED] = MADV_COLD,
		[VM_BEHAVIOR_FREE] = MADV_FREE,
	};
	void *start;
	size_t length;
	kern_return_t result = span(target, address, size, &start, &length);

	if (result || new_behavior < VM_BEHAVIOR_DEFAULT || new_behavior > VM_BEHAVIOR_FREE)
		return KERN_INVALID_ARGUMENT;
	if (!length || !madvise(start, length, advice[new_behavior]) || errno == EINVAL)
		return KERN_SUCCESS; /* a hint that does not fit is none */
	return KERN_INVALID_ADDRESS;
}

/* --- copies -------------------------------------------------------------------- */

/* Where the calls are forbidden (some containers) only what is not mapped at all is noticed. */
static err_t copy_checked(void *to, const void *from, size_t size, const void *suspect)
{
	void *start;
	size_t length;
	unsigned char resident;

	if (span(mach_task_self_, (uintptr_t)suspect, size, &start, &length))
		return -EFAULT;
	for (size_t at = 0; at < length; at += vm_page_size)
		if (mincore((char *)start + at, vm_page_size, &resident))
			return -EFAULT;
	memcpy(to, from, size);
	return 0;
}

static err_t copy(void *to, const void *from, size_t size, bool into)
{
	size_t done = 0;

	while (done < size) {
		struct iovec ours = { (char *)(into ? (void *)(uintptr_t)from : to) + done,
				      size - done };
		struct iovec theirs = { (char *)(into ? to : (void *)(uintptr_t)from) + done,
					size - done };
		ssize_t n = into ? process_vm_writev(getpid(), &ours, 1, &theirs, 1, 0)
				 : process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0);

		if (n < 0 && errno != EFAULT)
			return copy_checked((char *)to + done, (const char *)from + done,
					    size - done, into ? to : from);
		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

err_t port_copy_from(void *to, const void *from, size_t size)
{
	return copy(to, from, size, false);
}

kern_return_t mach_vm_read(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			   vm_offset_t *data, mach_msg_type_number_t *dataCnt)
{
	if (target != mach_task_self() || !data || !dataCnt || size > UINT32_MAX)
		return KERN_INVALID_ARGUMENT;
	void *pages = port_pages_new(size);
	if (!pages && size)
		return KERN_RESOURCE_SHORTAGE;
	if (port_copy_from(pages, (void *)(uintptr_t)address, size)) {
		port_pages_free(pages, size);
		return KERN_INVALID_ADDRESS;
	}
	*data = (vm_offset_t)pages;
	*dataCnt = (mach_msg_type_number_t)size;
	return KERN_SUCCESS;
}

kern_return_t mach_vm_read_overwrite(vm_map_t target, mach_vm_address_t address,
				     mach_vm_size_t size, mach_vm_address_t data,
				     mach_vm_size_t *outsize)
{
	kern_return_t result = mach_vm_copy(target, address, size, data);

	if (!result && outsize)
		*outsize = size;
	return result;
}

kern_return_t mach_vm_write(vm_map_t target, mach_vm_address_t address, vm_offset_t data,
			    mach_msg_type_number_t dataCnt)
{
	if (target != mach_task_self())
		return KERN_INVALID_ARGUMENT;
	if (copy((void *)(uintptr_t)address, (const void *)data, dataCnt, true))
		return KERN_INVALID_ADDRESS;
	return KERN_SUCCESS;
}

/* Over a buffer of our own: both ends may be unmapped. */
kern_return_t mach_vm_copy(vm_map_t target, mach_vm_address_t source_address, mach_vm_size_t size,
			   mach_vm_address_t dest_address)
{
	kern_return_t result = KERN_SUCCESS;

	if (target != mach_task_self())
		return KERN_INVALID_ARGUMENT;
	void *between = port_pages_new(size);
	if (!between && size)
		return KERN_RESOURCE_SHORTAGE;
	if (port_copy_from(between, (void *)(uintptr_t)source_address, size) ||
	    copy((void *)(uintptr_t)dest_address, between, size, true))
		result = KERN_INVALID_ADDRESS;
	port_pages_free(between, size);
	return result;
}

/* --- the older names ----------------------------------------------------------- */

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

kern_return_t vm_protect(vm_map_t target, vm_address_t address, vm_size_t size,
			 boolean_t set_maximum, vm_prot_t new_protection)
{
	return mach_vm_protect(target, address, size, set_maximum, new_protection);
}

kern_return_t vm_inherit(vm_map_t target, vm_address_t address, vm_size_t size,
			 vm_inherit_t new_inheritance)
{
	return mach_vm_inherit(target, address, size, new_inheritance);
}

kern_return_t vm_read(vm_map_t target, vm_address_t address, vm_size_t size, vm_offset_t *data,
		      mach_msg_type_number_t *dataCnt)
{
	return mach_vm_read(target, address, size, data, dataCnt);
}

kern_return_t vm_read_overwrite(vm_map_t target, vm_address_t address, vm_size_t size,
				vm_address_t data, vm_size_t *outsize)
{
	kern_return_t result = mach_vm_copy(target, address, size, data);

	if (!result && outsize)
		*outsize = size;
	return result;
}

kern_return_t vm_write(vm_map_t target, vm_address_t address, vm_offset_t data,
		       mach_msg_type_number_t dataCnt)
{
	return mach_vm_write(target, address, data, dataCnt);
}

kern_return_t vm_msync(vm_map_t target, vm_address_t address, vm_size_t size, vm_sync_t sync_flags)
{
	return mach_vm_msync(target, address, size, sync_flags);
}

kern_return_t vm_behavior_set(vm_map_t target, vm_address_t address, vm_size_t size,
			      vm_behavior_t new_behavior)
{
	return mach_vm_behavior_set(target, address, size, new_behavior);
}

kern_return_t vm_copy(vm_map_t target, vm_address_t source_address, vm_size_t size,
		      vm_address_t dest_address)
{
	return mach_vm_copy(target, source_address, size, dest_address);
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
