// SPDX-License-Identifier: MIT
/* Threads of this task. */
#pragma once

#include <mach/mach_types.h>
#include <mach/thread_info.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* COUNT: room on entry, size on return, in natural_t. KERN_INVALID_ARGUMENT: no thread, an unknown flavor or
 * too little room. */
kern_return_t thread_info(thread_act_t target_act, thread_flavor_t flavor,
			  thread_info_t thread_info_out,
			  mach_msg_type_number_t *thread_info_outCnt);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
