// SPDX-License-Identifier: MIT
/* The calls of mach/mach_vm.h under their older names. */
#pragma once

#include <mach/mach_vm.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

kern_return_t vm_allocate(vm_map_t target, vm_address_t *address, vm_size_t size, int flags);
kern_return_t vm_deallocate(vm_map_t target, vm_address_t address, vm_size_t size);
kern_return_t vm_protect(vm_map_t target, vm_address_t address, vm_size_t size,
			 boolean_t set_maximum, vm_prot_t new_protection);
kern_return_t vm_inherit(vm_map_t target, vm_address_t address, vm_size_t size,
			 vm_inherit_t new_inheritance);
kern_return_t vm_read(vm_map_t target, vm_address_t address, vm_size_t size, vm_offset_t *data,
		      mach_msg_type_number_t *dataCnt);
kern_return_t vm_read_overwrite(vm_map_t target, vm_address_t address, vm_size_t size,
				vm_address_t data, vm_size_t *outsize);
kern_return_t vm_write(vm_map_t target, vm_address_t address, vm_offset_t data,
		       mach_msg_type_number_t dataCnt);
kern_return_t vm_copy(vm_map_t target, vm_address_t source_address, vm_size_t size,
		      vm_address_t dest_address);
kern_return_t vm_msync(vm_map_t target, vm_address_t address, vm_size_t size, vm_sync_t sync_flags);
kern_return_t vm_behavior_set(vm_map_t target, vm_address_t address, vm_size_t size,
			      vm_behavior_t new_behavior);
kern_return_t vm_region(vm_map_t target, vm_address_t *address, vm_size_t *size,
			vm_region_flavor_t flavor, vm_region_info_t info,
			mach_msg_type_number_t *infoCnt, mach_port_t *object_name);
kern_return_t vm_region_64(vm_map_t target, vm_address_t *address, vm_size_t *size,
			   vm_region_flavor_t flavor, vm_region_info_t info,
			   mach_msg_type_number_t *infoCnt, mach_port_t *object_name);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
