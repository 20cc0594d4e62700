// SPDX-License-Identifier: MIT
/* Portico's one extension of the Mach slice. */
#pragma once

#include <mach/port.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * A descriptor that polls readable (POLLIN) while a message can be received from a receive right or
 * port set of this task, for epoll or poll; receive with mach_msg and MACH_RCV_TIMEOUT 0, as
 * wake-ups may be spurious. Borrowed: do not read, write or close it; it ends with the right. -1
 * with errno EINVAL (no such right) or EMFILE. Any thread.
 */
int portico_port_get_descriptor(mach_port_t name);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
