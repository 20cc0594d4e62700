// SPDX-License-Identifier: MIT
/* Giving up the processor. */
#pragma once

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>

#define SWITCH_OPTION_NONE 0
#define SWITCH_OPTION_DEPRESS 1
#define SWITCH_OPTION_WAIT 2

#define valid_switch_option(opt) (0 <= (opt) && (opt) <= 5)

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Let others run; with SWITCH_OPTION_WAIT sleep OPTION_TIME ms. The thread is a hint without effect.
 * KERN_INVALID_ARGUMENT: another option. */
kern_return_t thread_switch(mach_port_name_t thread_name, int option,
			    mach_msg_timeout_t option_time);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
