// SPDX-License-Identifier: MIT
/*
 * Memory of this task, in pages. TARGET is mach_task_self(), else KERN_INVALID_ARGUMENT. Addresses that are
 * not mapped are KERN_INVALID_ADDRESS, never a fault. Any thread. mach/vm_map.h has the same under the names
 * without mach_.
 */
#pragma once

#include <mach/mach_types.h>
#include <mach/vm_region.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Zero-filled memory of SIZE bytes rounded up to pages; VM_FLAGS_ANYWHERE chooses the place, else
 * at *ADDRESS (KERN_NO_SPACE when occupied). */
kern_return_t mach_vm_allocate(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
			       int flags);
/* Give back the pages that ADDRESS, SIZE touches. */
kern_return_t mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size);
/* SET_MAXIMUM is refused with KERN_NOT_SUPPORTED: Linux has no limit to lower. */
kern_return_t mach_vm_protect(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			      boolean_t set_maximum, vm_prot_t new_protection);
/* What a forked child gets: VM_INHERIT_COPY or NONE; SHARE is KERN_NOT_SUPPORTED. */
kern_return_t mach_vm_inherit(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			      vm_inherit_t new_inheritance);
/* A copy in new pages; free them with vm_deallocate. */
kern_return_t mach_vm_read(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			   vm_offset_t *data, mach_msg_type_number_t *dataCnt);
/* A copy at DATA. */
kern_return_t mach_vm_read_overwrite(vm_map_t target, mach_vm_address_t address,
				     mach_vm_size_t size, mach_vm_address_t data,
				     mach_vm_size_t *outsize);
kern_return_t mach_vm_write(vm_map_t target, mach_vm_address_t address, vm_offset_t data,
			    mach_msg_type_number_t dataCnt);
kern_return_t mach_vm_copy(vm_map_t target, mach_vm_address_t source_address, mach_vm_size_t size,
			   mach_vm_address_t dest_address);
/* Write mapped files back; INVALIDATE forgets what others changed. KERN_INVALID_ARGUMENT: both ASYNCHRONOUS
 * and SYNCHRONOUS. */
kern_return_t mach_vm_msync(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
			    vm_sync_t sync_flags);
/* A hint; FREE gives the contents up. */
kern_return_t mach_vm_behavior_set(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
				   vm_behavior_t new_behavior);
/* The first region at or above *ADDRESS: its bounds and VM_REGION_BASIC_INFO_64 or VM_REGION_BASIC_INFO.
 * KERN_INVALID_ADDRESS: there is none; KERN_INVALID_ARGUMENT: flavor or room. *OBJECT_NAME is 0. */
kern_return_t mach_vm_region(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t *size,
			     vm_region_flavor_t flavor, vm_region_info_t info,
			     mach_msg_type_number_t *infoCnt, mach_port_t *object_name);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
