// SPDX-License-Identifier: MIT
/*
 * Notifications by name between the processes of one user: files below $XDG_RUNTIME_DIR/portico-notify (or
 * /tmp/portico-notify-UID) count how often each name was posted. Posts that follow one another quickly may be
 * delivered as one. Any thread; a forked child's registrations only answer notify_check.
 */
#ifndef PORTICO_NOTIFY_H
#define PORTICO_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include <dispatch/dispatch.h>
#include <mach/port.h>

#define NOTIFY_STATUS_OK 0
#define NOTIFY_STATUS_INVALID_NAME 1
#define NOTIFY_STATUS_INVALID_TOKEN 2
#define NOTIFY_STATUS_INVALID_PORT 3
#define NOTIFY_STATUS_INVALID_FILE 4
#define NOTIFY_STATUS_INVALID_SIGNAL 5
#define NOTIFY_STATUS_INVALID_REQUEST 6
#define NOTIFY_STATUS_NOT_AUTHORIZED 7
#define NOTIFY_STATUS_FAILED 1000000

/* In FLAGS: deliver to the port or descriptor of an earlier registration. */
#define NOTIFY_REUSE 0x00000001
#define NOTIFY_TOKEN_INVALID (-1)

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

uint32_t notify_post(const char *name) __asm__("portico_notify_post");
/* notify_check says whether the name was posted since; it is so at the first check. */
uint32_t notify_register_check(const char *name,
			       int *out_token) __asm__("portico_notify_register_check");
/* The process gets signal SIG. */
uint32_t notify_register_signal(const char *name, int sig,
				int *out_token) __asm__("portico_notify_register_signal");
/* A message with msgh_id = token comes to a new receive right; notify_cancel destroys it. */
uint32_t notify_register_mach_port(const char *name, mach_port_t *notify_port, int flags,
				   int *out_token) __asm__("portico_notify_register_mach_port");
/* The token as an int in network byte order can be read; notify_cancel closes the descriptor. */
uint32_t
notify_register_file_descriptor(const char *name, int *notify_fd, int flags,
				int *out_token) __asm__("portico_notify_register_file_descriptor");
#ifdef __BLOCKS__
typedef void (^notify_handler_t)(int token);
/* HANDLER runs on QUEUE. */
uint32_t
notify_register_dispatch(const char *name, int *out_token, dispatch_queue_t queue,
			 notify_handler_t handler) __asm__("portico_notify_register_dispatch");
#endif
/* *CHECK: was it posted since the last check? */
uint32_t notify_check(int token, int *check) __asm__("portico_notify_check");
uint32_t notify_cancel(int token) __asm__("portico_notify_cancel");
/* Nothing is delivered until as many resumes; what was posted meanwhile is delivered then, once. */
uint32_t notify_suspend(int token) __asm__("portico_notify_suspend");
uint32_t notify_resume(int token) __asm__("portico_notify_resume");
/* 64 bits that all processes see under the name; setting them posts nothing. */
uint32_t notify_set_state(int token, uint64_t state) __asm__("portico_notify_set_state");
uint32_t notify_get_state(int token, uint64_t *state) __asm__("portico_notify_get_state");
bool notify_is_valid_token(int token) __asm__("portico_notify_is_valid_token");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
