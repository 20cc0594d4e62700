// SPDX-License-Identifier: MIT
/* This task: TASK is mach_task_self(), else KERN_INVALID_ARGUMENT. Any thread. */
#pragma once

#include <mach/mach_types.h>
#include <mach/sync_policy.h>
#include <mach/task_info.h>
#include <mach/task_special_ports.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* COUNT: room on entry, size on return, in natural_t. KERN_INVALID_ARGUMENT: an unknown flavor, or too
 * little room. */
kern_return_t task_info(task_name_t target_task, task_flavor_t flavor, task_info_t task_info_out,
			mach_msg_type_number_t *task_info_outCnt);
/* A new send uref; mach_port_deallocate it. KERN_INVALID_ARGUMENT: no such port. */
kern_return_t task_get_special_port(task_t task, int which_port, mach_port_t *special_port);
/* TASK_HOST_PORT and TASK_BOOTSTRAP_PORT: what task_get_special_port gives from now on. Takes one send uref
 * of SPECIAL_PORT, which may be NULL. */
kern_return_t task_set_special_port(task_t task, int which_port, mach_port_t special_port);

/* See mach/semaphore.h. VALUE: how many waits go through at once. KERN_INVALID_ARGUMENT: policy, or a
 * negative value. The caller owns one send uref. */
kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy, int value);
/* Waiters get KERN_TERMINATED, names turn dead; takes one uref. KERN_INVALID_ARGUMENT: no semaphore. */
kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
