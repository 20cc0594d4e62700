// SPDX-License-Identifier: MIT
/* Sizes of pages as macros. */
#pragma once

#include <mach/vm_page_size.h>
#include <mach/vm_types.h>

#ifndef PAGE_SIZE
#define PAGE_SIZE vm_page_size
#endif
#ifndef PAGE_MASK
#define PAGE_MASK vm_page_mask
#endif
#ifndef PAGE_SHIFT
#define PAGE_SHIFT vm_page_shift
#endif

#define PAGE_MIN_SHIFT 12
#define PAGE_MIN_SIZE (1 << PAGE_MIN_SHIFT)
#define PAGE_MAX_SHIFT 16
#define PAGE_MAX_SIZE (1 << PAGE_MAX_SHIFT)
