// SPDX-License-Identifier: MIT
/* Memory of this task, in pages. */
#pragma once

#include <mach/mach_types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Zero-filled memory of SIZE bytes rounded up to pages; VM_FLAGS_ANYWHERE chooses the place, else
 * at *ADDRESS (KERN_NO_SPACE when occupied). KERN_INVALID_ARGUMENT for another task. */
kern_return_t mach_vm_allocate(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
			       int flags);
/* Give back the pages that ADDRESS, SIZE touches. */
kern_return_t mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size);
kern_return_t vm_allocate(vm_map_t target, vm_address_t *address, vm_size_t size, int flags);
kern_return_t vm_deallocate(vm_map_t target, vm_address_t address, vm_size_t size);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
