// SPDX-License-Identifier: MIT
/* The size of pages. */
#pragma once

#include <mach/mach_init.h>

#define mach_vm_round_page(x) \
	(((mach_vm_offset_t)(x) + vm_page_mask) & ~((mach_vm_offset_t)vm_page_mask))
#define mach_vm_trunc_page(x) ((mach_vm_offset_t)(x) & ~((mach_vm_offset_t)vm_page_mask))
#define round_page_kernel(x) (((vm_offset_t)(x) + vm_kernel_page_mask) & ~vm_kernel_page_mask)
#define trunc_page_kernel(x) ((vm_offset_t)(x) & ~vm_kernel_page_mask)
