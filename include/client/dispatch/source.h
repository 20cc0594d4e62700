// SPDX-License-Identifier: MIT
/*
 * Sources watch something of the system and run an event handler on their
 * target queue. A source starts inactive: set its handlers, then activate (or
 * resume) it. The event handler of one source never overlaps itself, and
 * events that come while it runs or is suspended are merged into one call.
 *
 * Everything may be called on any thread; handlers are replaced for later calls.
 */
#ifndef DISPATCH_SOURCE_H
#define DISPATCH_SOURCE_H

#include <dispatch/queue.h>

DISPATCH_DECL(dispatch_source);
DISPATCH_DECL_SUBCLASS(dispatch_source_timer, dispatch_source);

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef const struct dispatch_source_type_s *dispatch_source_type_t;

extern const struct dispatch_source_type_s _dispatch_source_type_data_add;
extern const struct dispatch_source_type_s _dispatch_source_type_data_or;
extern const struct dispatch_source_type_s _dispatch_source_type_data_replace;
extern const struct dispatch_source_type_s _dispatch_source_type_mach_recv;
extern const struct dispatch_source_type_s _dispatch_source_type_mach_send;
extern const struct dispatch_source_type_s _dispatch_source_type_proc;
extern const struct dispatch_source_type_s _dispatch_source_type_read;
extern const struct dispatch_source_type_s _dispatch_source_type_signal;
extern const struct dispatch_source_type_s _dispatch_source_type_timer;
extern const struct dispatch_source_type_s _dispatch_source_type_vnode;
extern const struct dispatch_source_type_s _dispatch_source_type_write;

/* Values given to dispatch_source_merge_data: their sum, their bits, the last one. Handle 0. */
#define DISPATCH_SOURCE_TYPE_DATA_ADD (&_dispatch_source_type_data_add)
#define DISPATCH_SOURCE_TYPE_DATA_OR (&_dispatch_source_type_data_or)
#define DISPATCH_SOURCE_TYPE_DATA_REPLACE (&_dispatch_source_type_data_replace)
/* Handle: a receive right or port set (mach_port_t). Fires while a message can be received. */
#define DISPATCH_SOURCE_TYPE_MACH_RECV (&_dispatch_source_type_mach_recv)
/* Handle: a send right. Mask and data: DISPATCH_MACH_SEND_DEAD, when its port has died. */
#define DISPATCH_SOURCE_TYPE_MACH_SEND (&_dispatch_source_type_mach_send)
/* Handle: a process ID. Mask and data: DISPATCH_PROC_EXIT. */
#define DISPATCH_SOURCE_TYPE_PROC (&_dispatch_source_type_proc)
/* Handle: a descriptor. Data: estimated bytes to read (0 at the end), or room to write. */
#define DISPATCH_SOURCE_TYPE_READ (&_dispatch_source_type_read)
#define DISPATCH_SOURCE_TYPE_WRITE (&_dispatch_source_type_write)
/* Handle: a signal number. Data: how often it came. Ignored signals count as well; a handler of
 * the program goes on being called. */
#define DISPATCH_SOURCE_TYPE_SIGNAL (&_dispatch_source_type_signal)
/* Handle: a descriptor of a file or folder. Mask and data: DISPATCH_VNODE_ bits. */
#define DISPATCH_SOURCE_TYPE_VNODE (&_dispatch_source_type_vnode)
/* Handle 0. Data: how often it fired since the last event handler. */
#define DISPATCH_SOURCE_TYPE_TIMER (&_dispatch_source_type_timer)

#define DISPATCH_MACH_SEND_DEAD 0x1ul
#define DISPATCH_PROC_EXIT 0x80000000ul
#define DISPATCH_VNODE_DELETE 0x1ul
#define DISPATCH_VNODE_WRITE 0x2ul
#define DISPATCH_VNODE_EXTEND 0x4ul
#define DISPATCH_VNODE_ATTRIB 0x8ul
#define DISPATCH_VNODE_LINK 0x10ul
#define DISPATCH_VNODE_RENAME 0x20ul
#define DISPATCH_VNODE_REVOKE 0x40ul
#define DISPATCH_VNODE_FUNLOCK 0x100ul /* accepted, never told */
/* Timer mask: leeway is not used to save power. (It never is here.) */
#define DISPATCH_TIMER_STRICT 0x1ul

typedef unsigned long dispatch_source_mach_send_flags_t;
typedef unsigned long dispatch_source_proc_flags_t;
typedef unsigned long dispatch_source_vnode_flags_t;
typedef unsigned long dispatch_source_timer_flags_t;

/* A new inactive source whose handlers run on QUEUE (NULL: the default global queue), to be
 * released by the caller. NULL: HANDLE or MASK is not valid for TYPE, or memory is short. */
dispatch_source_t dispatch_source_create(dispatch_source_type_t type, uintptr_t handle,
					 uintptr_t mask, dispatch_queue_t queue);

/* Handlers get the source's context (dispatch_set_context) as argument. NULL removes a handler. */
void dispatch_source_set_event_handler_f(dispatch_source_t source, dispatch_function_t handler);
/* Called once after dispatch_source_cancel, when no event handler runs or will run. Only then may
 * the descriptor or port be closed. */
void dispatch_source_set_cancel_handler_f(dispatch_source_t source, dispatch_function_t handler);
/* Called once when the source has been activated and watches. */
void dispatch_source_set_registration_handler_f(dispatch_source_t source,
						dispatch_function_t handler);
#ifdef __BLOCKS__
void dispatch_source_set_event_handler(dispatch_source_t source, dispatch_block_t handler);
void dispatch_source_set_cancel_handler(dispatch_source_t source, dispatch_block_t handler);
void dispatch_source_set_registration_handler(dispatch_source_t source, dispatch_block_t handler);
#endif

/* No event handler starts after this. Returns at once; see the cancel handler. */
void dispatch_source_cancel(dispatch_source_t source);
/* Non-zero once it was cancelled. */
intptr_t dispatch_source_testcancel(dispatch_source_t source);

/* As given at creation. */
uintptr_t dispatch_source_get_handle(dispatch_source_t source);
uintptr_t dispatch_source_get_mask(dispatch_source_t source);
/* Event handler only: see the types above. */
uintptr_t dispatch_source_get_data(dispatch_source_t source);
/* DATA types only: merge VALUE and fire. 0 has no effect. */
void dispatch_source_merge_data(dispatch_source_t source, uintptr_t value);

/* Timers: first at START (dispatch_time: uptime clock, dispatch_walltime: wall clock), then every
 * INTERVAL ns (DISPATCH_TIME_FOREVER or 0: once). START DISPATCH_TIME_FOREVER disarms. May be
 * called again at any time; what has fired but was not handled is forgotten. LEEWAY ns of delay
 * would be tolerable. */
void dispatch_source_set_timer(dispatch_source_t source, dispatch_time_t start, uint64_t interval,
			       uint64_t leeway);

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
