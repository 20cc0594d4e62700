// SPDX-License-Identifier: MIT
/* Calls that are traps on macOS. */
#pragma once

#include <mach/mach_init.h>
#include <mach/mach_types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A new receive right, 0 on failure. */
mach_port_name_t mach_reply_port(void);
/* This process's own task, with one more send uref. KERN_FAILURE: another process. */
kern_return_t task_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *t);
kern_return_t task_name_for_pid(mach_port_name_t target_tport, int pid, mach_port_name_t *tn);
/* KERN_FAILURE, and -1, for what is not this task. */
kern_return_t pid_for_task(mach_port_name_t t, int *x);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
