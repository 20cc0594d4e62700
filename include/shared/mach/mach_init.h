// SPDX-License-Identifier: MIT
/* The task's own ports. */
#pragma once

#include <mach/mach_types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Name of this task, as a variable and, without the macro, as a function. Borrowed: nothing to
 * release. */
extern mach_port_t mach_task_self_;
mach_port_t(mach_task_self)(void);
#define mach_task_self() mach_task_self_
#define current_task() mach_task_self()

/* A new send uref on the host's name; mach_port_deallocate it. */
mach_port_t mach_host_self(void);
/* A new send uref on the calling thread's name; mach_port_deallocate it. */
mach_port_t mach_thread_self(void);

/* Passed to IOMainPort, which ignores it. */
extern mach_port_t bootstrap_port;

extern vm_size_t vm_page_size;
extern vm_size_t vm_page_mask;
extern int vm_page_shift;
/* The same: Linux has one page size. */
extern vm_size_t vm_kernel_page_size;
extern vm_size_t vm_kernel_page_mask;
extern int vm_kernel_page_shift;
#define round_page(x) (((x) + vm_page_mask) & ~vm_page_mask)
#define trunc_page(x) ((x) & ~vm_page_mask)

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
