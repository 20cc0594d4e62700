// SPDX-License-Identifier: MIT
/*
 * Groups count things in progress; one can wait until none is left.
 * Everything may be called on any thread.
 */
#ifndef DISPATCH_GROUP_H
#define DISPATCH_GROUP_H

#include <dispatch/queue.h>

DISPATCH_DECL(dispatch_group);

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

/* To be released by the caller. NULL when memory is short. */
dispatch_group_t dispatch_group_create(void);
/* dispatch_async_f between an enter and a leave. */
void dispatch_group_async_f(dispatch_group_t group, dispatch_queue_t queue, void *context,
			    dispatch_function_t work);
/* 0 once the group is empty, non-zero when TIMEOUT came first. */
intptr_t dispatch_group_wait(dispatch_group_t group, dispatch_time_t timeout);
/* Submit WORK to QUEUE when the group is empty, at once if it is. Works once. */
void dispatch_group_notify_f(dispatch_group_t group, dispatch_queue_t queue, void *context,
			     dispatch_function_t work);
void dispatch_group_enter(dispatch_group_t group);
/* A leave without enter ends the process with a message. */
void dispatch_group_leave(dispatch_group_t group);
#ifdef __BLOCKS__
void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue, dispatch_block_t block);
void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue, dispatch_block_t block);
#endif

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
