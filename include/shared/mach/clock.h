// SPDX-License-Identifier: MIT
/* Clocks of host_get_clock_service. */
#pragma once

#include <mach/mach_types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* SYSTEM_CLOCK: time since the machine started, as mach_absolute_time; CALENDAR_CLOCK: since 1970.
 * KERN_INVALID_ARGUMENT for what is no clock. */
kern_return_t clock_get_time(clock_serv_t clock_serv, mach_timespec_t *cur_time);
/* CLOCK_GET_TIME_RES: one word, ns. */
kern_return_t clock_get_attributes(clock_serv_t clock_serv, clock_flavor_t flavor,
				   clock_attr_t clock_attr, mach_msg_type_number_t *clock_attrCnt);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
