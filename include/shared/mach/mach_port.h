// SPDX-License-Identifier: MIT
/*
 * Operations on names (spec 8.2). TASK is mach_task_self(); any other value is
 * KERN_INVALID_TASK. All may be called on any thread.
 */
#pragma once

#include <mach/mach_types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A new receive right (no send right, queue limit 5), port set or dead name (one uref).
 * KERN_INVALID_VALUE for other rights, KERN_RESOURCE_SHORTAGE. */
kern_return_t mach_port_allocate(ipc_space_t task, mach_port_right_t right, mach_port_name_t *name);
/* Make or move a right (POLY with disposition POLY_POLY) into this task under NAME. Usual: NAME and
 * POLY are one receive right, MAKE_SEND: one more send uref. */
kern_return_t mach_port_insert_right(ipc_space_t task, mach_port_name_t name, mach_port_t poly,
				     mach_msg_type_name_t poly_poly);
/* Drop one uref of a send, send-once or dead-name right. NULL and DEAD succeed; KERN_INVALID_NAME,
 * KERN_INVALID_RIGHT (pure receive right or set). */
kern_return_t mach_port_deallocate(ipc_space_t task, mach_port_name_t name);
/* Drop everything under NAME. KERN_INVALID_NAME. */
kern_return_t mach_port_destroy(ipc_space_t task, mach_port_name_t name);
/* Urefs of one kind of right, 0 when the name exists without it. */
kern_return_t mach_port_get_refs(ipc_space_t task, mach_port_name_t name, mach_port_right_t right,
				 mach_port_urefs_t *refs);
/* Change the urefs. KERN_INVALID_VALUE on underflow, KERN_UREFS_OVERFLOW above 65,535,
 * KERN_INVALID_RIGHT when the name lacks the right. */
kern_return_t mach_port_mod_refs(ipc_space_t task, mach_port_name_t name, mach_port_right_t right,
				 mach_port_delta_t delta);
/* The rights under NAME as MACH_PORT_TYPE bits. KERN_INVALID_NAME. */
kern_return_t mach_port_type(ipc_space_t task, mach_port_name_t name, mach_port_type_t *type);
/* All names and their types, in memory that the caller frees with vm_deallocate. */
kern_return_t mach_port_names(ipc_space_t task, mach_port_name_array_t *names,
			      mach_msg_type_number_t *names_count, mach_port_type_array_t *types,
			      mach_msg_type_number_t *types_count);
/* MACH_PORT_LIMITS_INFO or MACH_PORT_RECEIVE_STATUS. COUNT: room in, size out, in natural_t.
 * KERN_FAILURE when the room is too small, KERN_INVALID_RIGHT without receive right. */
kern_return_t mach_port_get_attributes(ipc_space_t task, mach_port_name_t name,
				       mach_port_flavor_t flavor, mach_port_info_t info,
				       mach_msg_type_number_t *count);
/* MACH_PORT_LIMITS_INFO (queue limit at most 1024, else KERN_INVALID_VALUE), MACH_PORT_TEMPOWNER
 * and MACH_PORT_IMPORTANCE_RECEIVER (no effect). */
kern_return_t mach_port_set_attributes(ipc_space_t task, mach_port_name_t name,
				       mach_port_flavor_t flavor, mach_port_info_t info,
				       mach_msg_type_number_t count);
/* Put a receive right into the set AFTER alone; AFTER 0 takes it out of all (KERN_NOT_IN_SET). */
kern_return_t mach_port_move_member(ipc_space_t task, mach_port_name_t member,
				    mach_port_name_t after);
/* One more set for a receive right. KERN_ALREADY_IN_SET. */
kern_return_t mach_port_insert_member(ipc_space_t task, mach_port_name_t name,
				      mach_port_name_t set);
/* KERN_NOT_IN_SET. */
kern_return_t mach_port_extract_member(ipc_space_t task, mach_port_name_t name,
				       mach_port_name_t set);
/* Ask for MACH_NOTIFY_NO_SENDERS or PORT_DESTROYED (receive right), DEAD_NAME or SEND_POSSIBLE (send right),
 * to be sent to NOTIFY (disposition MAKE_SEND_ONCE or MOVE_SEND_ONCE). PREVIOUS gets the right of an
 * earlier request as a send-once right, or 0. SEND_POSSIBLE: sent when the queue has room, at once if it has and SYNC
 * is not 0; with SYNC 0 after a send with MACH_SEND_NOTIFY timed out. It hears of death as DEAD_NAME. */
kern_return_t mach_port_request_notification(ipc_space_t task, mach_port_name_t name,
					     mach_msg_id_t msgid, mach_port_mscount_t sync,
					     mach_port_t notify, mach_msg_type_name_t notify_poly,
					     mach_port_t *previous);
/* A word of the caller's on a receive right. */
kern_return_t mach_port_set_context(ipc_space_t task, mach_port_name_t name,
				    mach_port_context_t context);
kern_return_t mach_port_get_context(ipc_space_t task, mach_port_name_t name,
				    mach_port_context_t *context);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
