// SPDX-License-Identifier: MIT
/*
 * The functions that take blocks. The library is built without blocks: a block
 * is a pointer to the published layout, and copying and releasing are left to
 * the Blocks runtime that the program links.
 */
#include "gcd/gcd_internal.h"

#include <stdlib.h>

struct block {
	void *isa;
	int flags;
	int reserved;
	void (*invoke)(void *block, ...);
};

#define BLOCK_IS_GLOBAL (1 << 28)

extern void *_Block_copy(const void *block) __attribute__((weak));
extern void _Block_release(const void *block) __attribute__((weak));

void *gcd_block_copy(const void *block)
{
	if (!block)
		return NULL;
	if (((const struct block *)block)->flags & BLOCK_IS_GLOBAL)
		return (void *)block;
	if (!_Block_copy)
		gcd_object_trap("a block was submitted, but the program has no Blocks runtime "
				"(-lBlocksRuntime)");
	for (;;) {
		void *copy = _Block_copy(block);

		if (copy)
			return copy;
		free(gcd_object_alloc(64)); /* waits for memory */
	}
}

void gcd_block_release(void *block)
{
	if (block && !(((struct block *)block)->flags & BLOCK_IS_GLOBAL))
		_Block_release(block);
}

void gcd_block_call(void *block)
{
	((void (*)(void *))(void (*)(void))((struct block *)block)->invoke)(block);
}

void gcd_block_call_and_release(void *block)
{
	gcd_block_call(block);
	gcd_block_release(block);
}

static void block_call_iteration(void *block, size_t iteration)
{
	((void (*)(void *, size_t))(void (*)(void))((struct block *)block)->invoke)(block,
										    iteration);
}

void dispatch_async(dispatch_queue_t queue, void *block)
{
	if (gcd_block_is_barrier(block))
		dispatch_barrier_async(queue, block);
	else
		dispatch_async_f(queue, gcd_block_copy(block), gcd_block_call_and_release);
}

void dispatch_sync(dispatch_queue_t queue, void *block)
{
	if (gcd_block_is_barrier(block))
		dispatch_barrier_sync(queue, block);
	else
		dispatch_sync_f(queue, block, gcd_block_call);
}

void dispatch_async_and_wait(dispatch_queue_t queue, void *block)
{
	if (gcd_block_is_barrier(block))
		dispatch_barrier_async_and_wait(queue, block);
	else
		dispatch_async_and_wait_f(queue, block, gcd_block_call);
}

void dispatch_barrier_async(dispatch_queue_t queue, void *block)
{
	dispatch_barrier_async_f(queue, gcd_block_copy(block), gcd_block_call_and_release);
}

void dispatch_barrier_sync(dispatch_queue_t queue, void *block)
{
	dispatch_barrier_sync_f(queue, block, gcd_block_call);
}

void dispatch_barrier_async_and_wait(dispatch_queue_t queue, void *block)
{
	dispatch_barrier_async_and_wait_f(queue, block, gcd_block_call);
}

void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, void *block)
{
	if (when != DISPATCH_TIME_FOREVER)
		dispatch_after_f(when, queue, gcd_block_copy(block), gcd_block_call_and_release);
}

void dispatch_apply(size_t iterations, dispatch_queue_t queue, void *block)
{
	dispatch_apply_f(iterations, queue, block, block_call_iteration);
}

void dispatch_once(dispatch_once_t *predicate, void *block)
{
	dispatch_once_f(predicate, block, gcd_block_call);
}

void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue, void *block)
{
	dispatch_group_async_f(group, queue, gcd_block_copy(block), gcd_block_call_and_release);
}

void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue, void *block)
{
	dispatch_group_notify_f(group, queue, gcd_block_copy(block), gcd_block_call_and_release);
}
