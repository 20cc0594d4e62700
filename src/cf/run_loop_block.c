// SPDX-License-Identifier: MIT
/* CFRunLoopPerformBlock, and how the run loop handles blocks at all. */
#include "cf/run_loop_internal.h"

#include <CoreFoundation/CFArray.h>
#include <stdlib.h>

struct block_layout {
	void *isa;
	int flags;
	int reserved;
	void (*invoke)(void *block, ...);
};

#define BLOCK_IS_GLOBAL (1 << 28)

extern void *_Block_copy(const void *block) __attribute__((weak));
extern void _Block_release(const void *block) __attribute__((weak));

void *run_block_copy(const void *block)
{
	void *copy;

	if (!block || ((const struct block_layout *)block)->flags & BLOCK_IS_GLOBAL)
		return (void *)block;
	if (!_Block_copy)
		cf_abort("a block was given, but the program has no Blocks runtime "
			 "(-lBlocksRuntime)");
	while (!(copy = _Block_copy(block)))
		cf_wait_for_memory();
	return copy;
}

void run_block_release(void *block)
{
	if (block && !(((struct block_layout *)block)->flags & BLOCK_IS_GLOBAL))
		_Block_release(block);
}

void run_block_call(void *block, const void *first, unsigned long second)
{
	/* Further arguments than the block declares do no harm with the C calling conventions. */
	((void (*)(void *, const void *, unsigned long))(void (*)(void))(
		 (struct block_layout *)block)
		 ->invoke)(block, first, second);
}

struct run_block {
	struct list link;
	CFTypeRef mode; /* a string or an array of them */
	void *block;
};

__attribute__((visibility("default"))) void CFRunLoopPerformBlock(CFRunLoopRef rl, CFTypeRef mode,
								  void *block);

static CFTypeRef copy_mode(CFTypeRef mode)
{
	return CFGetTypeID(mode) == CFArrayGetTypeID() ? (CFTypeRef)CFArrayCreateCopy(NULL, mode)
						       : CFRetain(mode);
}

/* A block that is given is run: no memory is a reason to wait, not to lose it. */
void CFRunLoopPerformBlock(CFRunLoopRef rl, CFTypeRef mode, void *block)
{
	struct run_block *b;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP) || !mode || !block)
		return;
	while (!(b = malloc(sizeof *b)))
		cf_wait_for_memory();
	while (!(b->mode = copy_mode(mode)))
		cf_wait_for_memory();
	b->block = run_block_copy(block);
	run_lock();
	list_add(&rl->blocks, &b->link);
	run_unlock();
}

static bool block_fits_name(CFRunLoopRef rl, CFTypeRef wanted, CFStringRef mode)
{
	struct run_mode *current;

	if (CFEqual(wanted, mode))
		return true;
	if (!CFEqual(wanted, kCFRunLoopCommonModes))
		return false;
	current = run_mode_find_locked(rl, mode);
	return current && current->is_common;
}

static bool block_fits_locked(CFRunLoopRef rl, const struct run_block *b, CFStringRef mode)
{
	if (CFGetTypeID(b->mode) != CFArrayGetTypeID())
		return block_fits_name(rl, b->mode, mode);
	for (CFIndex i = 0; i < CFArrayGetCount(b->mode); i++)
		if (block_fits_name(rl, CFArrayGetValueAtIndex(b->mode, i), mode))
			return true;
	return false;
}

bool run_blocks_wait_locked(CFRunLoopRef rl, CFStringRef mode)
{
	list_for_each(node, &rl->blocks)
		if (block_fits_locked(rl, container_of(node, struct run_block, link), mode))
			return true;
	return false;
}

static void block_free(struct run_block *b)
{
	run_block_release(b->block);
	CFRelease(b->mode);
	free(b);
}

bool run_blocks_perform(CFRunLoopRef rl, CFStringRef mode)
{
	struct list mine = LIST_INIT(mine);
	bool any;

	run_lock();
	/* What these blocks add waits for the next time. */
	list_for_each_safe(node, &rl->blocks) {
		if (!block_fits_locked(rl, container_of(node, struct run_block, link), mode))
			continue;
		list_remove(node);
		list_add(&mine, node);
	}
	run_unlock();
	any = !list_is_empty(&mine);
	while (!list_is_empty(&mine)) {
		struct run_block *b = list_first(&mine, struct run_block, link);

		list_remove(&b->link);
		run_block_call(b->block, NULL, 0);
		block_free(b);
	}
	return any;
}

void run_blocks_drop(CFRunLoopRef rl)
{
	while (!list_is_empty(&rl->blocks)) {
		struct run_block *b = list_first(&rl->blocks, struct run_block, link);

		list_remove(&b->link);
		block_free(b);
	}
}
