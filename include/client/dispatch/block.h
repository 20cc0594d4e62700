// SPDX-License-Identifier: MIT
/*
 * Blocks that can be waited for, cancelled and followed by another one. The functions but create and perform take
 * blocks that dispatch_block_create made; another block ends the process with a message. Any thread.
 */
#ifndef DISPATCH_BLOCK_H
#define DISPATCH_BLOCK_H

#include <dispatch/group.h>

typedef unsigned long dispatch_block_flags_t;
enum {
	DISPATCH_BLOCK_BARRIER = 0x1, /* submitted by dispatch_async and the like it is a barrier */
	/* scheduling, without effect */
	DISPATCH_BLOCK_DETACHED = 0x2,
	DISPATCH_BLOCK_ASSIGN_CURRENT = 0x4,
	DISPATCH_BLOCK_NO_QOS_CLASS = 0x8,
	DISPATCH_BLOCK_INHERIT_QOS_CLASS = 0x10,
	DISPATCH_BLOCK_ENFORCE_QOS_CLASS = 0x20
};

#ifdef __BLOCKS__
DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

/* A new block, Block_release it. NULL: bad flags. */
dispatch_block_t dispatch_block_create(dispatch_block_flags_t flags, dispatch_block_t block);
/* NULL: a bad class or priority as well. */
dispatch_block_t dispatch_block_create_with_qos_class(dispatch_block_flags_t flags,
						      dispatch_qos_class_t qos_class,
						      int relative_priority,
						      dispatch_block_t block);
/* Call BLOCK, any block, here and now. */
void dispatch_block_perform(dispatch_block_flags_t flags, dispatch_block_t block);
/* 0 once it has run, or was due after being cancelled; non-zero when TIMEOUT came first. */
intptr_t dispatch_block_wait(dispatch_block_t block, dispatch_time_t timeout);
/* Submit NOTIFICATION_BLOCK to QUEUE then. */
void dispatch_block_notify(dispatch_block_t block, dispatch_queue_t queue,
			   dispatch_block_t notification_block);
/* It does nothing when its turn comes. What has begun goes on. */
void dispatch_block_cancel(dispatch_block_t block);
/* Non-zero once it was cancelled. */
intptr_t dispatch_block_testcancel(dispatch_block_t block);

#pragma GCC visibility pop
DISPATCH_END_DECLS
#endif

#endif
