// SPDX-License-Identifier: MIT
/*
 * Services by name. BP is bootstrap_port, else MACH_SEND_INVALID_DEST; names have up to 127 bytes. Names are
 * known in this process only, as ports do not cross processes. Any thread.
 */
#pragma once

#include <mach/mach.h>

#define BOOTSTRAP_MAX_NAME_LEN 128
#define BOOTSTRAP_MAX_CMD_LEN 512

typedef char name_t[BOOTSTRAP_MAX_NAME_LEN];
typedef char cmd_t[BOOTSTRAP_MAX_CMD_LEN];
typedef name_t *name_array_t;

#define BOOTSTRAP_SUCCESS 0
#define BOOTSTRAP_NOT_PRIVILEGED 1100
#define BOOTSTRAP_NAME_IN_USE 1101
#define BOOTSTRAP_UNKNOWN_SERVICE 1102
#define BOOTSTRAP_SERVICE_ACTIVE 1103
#define BOOTSTRAP_BAD_COUNT 1104
#define BOOTSTRAP_NO_MEMORY 1105
#define BOOTSTRAP_NO_CHILDREN 1106

#define BOOTSTRAP_STATUS_INACTIVE 0
#define BOOTSTRAP_STATUS_ACTIVE 1
#define BOOTSTRAP_STATUS_ON_DEMAND 2

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A new send uref for the service; mach_port_deallocate it. BOOTSTRAP_UNKNOWN_SERVICE: nobody provides it, or
 * its port has died. */
kern_return_t bootstrap_look_up(mach_port_t bp, const char *service_name, mach_port_t *sp);
/* Provide a service: *SP is a new receive right, the caller's. BOOTSTRAP_SERVICE_ACTIVE: somebody does. */
kern_return_t bootstrap_check_in(mach_port_t bp, const char *service_name, mach_port_t *sp);
/* Give a service the port SP, of which a send right is kept; NULL ends it. BOOTSTRAP_NAME_IN_USE. */
kern_return_t bootstrap_register(mach_port_t bp, const char *service_name, mach_port_t sp);
/* A text for any of the codes above and of mach_error_string; static storage. */
const char *bootstrap_strerror(kern_return_t r);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
