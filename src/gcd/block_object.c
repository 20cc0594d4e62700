// SPDX-License-Identifier: MIT
/*
 * dispatch_block_create: blocks that can be waited for and cancelled. Such a block holds one
 * gcd_work; its copies share it.
 */
#include "gcd/gcd_internal.h"

#include <stdlib.h>

#define BLOCK_HAS_COPY_DISPOSE (1 << 25)

struct gcd_work {
	atomic_uint refs;
	dispatch_block_flags_t flags;
	void *block;		/* what it runs; ours */
	dispatch_group_t group; /* entered until it has run once */
	atomic_bool is_cancelled, has_run;
};

/* The published layout of a block with one captured pointer. */
struct work_block {
	void *isa;
	int flags, reserved;
	void (*invoke)(struct work_block *block);
	const struct work_descriptor *descriptor;
	struct gcd_work *work;
};

struct work_descriptor {
	unsigned long reserved, size;
	void (*copy)(struct work_block *to, const struct work_block *from);
	void (*dispose)(const struct work_block *block);
};

extern void *_NSConcreteStackBlock[32] __attribute__((weak));

static void work_unref(struct gcd_work *w)
{
	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	/* Nobody can run it any more: who waits has waited long enough. */
	if (!atomic_load(&w->has_run))
		dispatch_group_leave(w->group);
	dispatch_release(w->group);
	gcd_block_release(w->block);
	free(w);
}

static void work_copied(struct work_block *to, const struct work_block *from)
{
	to->work = from->work;
	atomic_fetch_add(&to->work->refs, 1);
}

static void work_disposed(const struct work_block *block)
{
	work_unref(block->work);
}

static void work_invoke(struct work_block *block)
{
	struct gcd_work *w = block->work;

	/* The block may be released by what it runs. */
	atomic_fetch_add(&w->refs, 1);
	if (!atomic_load(&w->is_cancelled))
		gcd_block_call(w->block);
	if (!atomic_exchange(&w->has_run, true))
		dispatch_group_leave(w->group);
	work_unref(w);
}

static const struct work_descriptor descriptor = {
	.size = sizeof(struct work_block),
	.copy = work_copied,
	.dispose = work_disposed,
};

/* NULL: an ordinary block. */
static struct gcd_work *find_work(const void *block)
{
	const struct work_block *b = block;

	return b && b->invoke == work_invoke ? b->work : NULL;
}

static struct gcd_work *work_of(const void *block, const char *what)
{
	struct gcd_work *w = find_work(block);

	if (!w)
		gcd_object_trap(what);
	return w;
}

bool gcd_block_is_barrier(const void *block)
{
	const struct gcd_work *w = find_work(block);

	return w && w->flags & DISPATCH_BLOCK_BARRIER;
}

/* --- public ---------------------------------------------------------------------- */

void *dispatch_block_create(dispatch_block_flags_t flags, void *block)
{
	struct work_block on_stack = {
		.isa = _NSConcreteStackBlock,
		.flags = BLOCK_HAS_COPY_DISPOSE,
		.invoke = work_invoke,
		.descriptor = &descriptor,
	};
	struct gcd_work *w;

	if (flags & ~(dispatch_block_flags_t)0x3f || !block)
		return NULL;
	w = gcd_object_alloc(sizeof(*w));
	atomic_init(&w->refs, 1);
	atomic_init(&w->is_cancelled, false);
	atomic_init(&w->has_run, false);
	w->flags = flags;
	w->block = gcd_block_copy(block);
	w->group = dispatch_group_create();
	if (!w->group) {
		gcd_block_release(w->block);
		free(w);
		return NULL;
	}
	dispatch_group_enter(w->group);
	on_stack.work = w;
	void *created = gcd_block_copy(&on_stack);
	work_unref(w);
	return created;
}

void *dispatch_block_create_with_qos_class(dispatch_block_flags_t flags,
					   dispatch_qos_class_t qos_class, int relative_priority,
					   void *block)
{
	if (relative_priority > 0 || relative_priority < QOS_MIN_RELATIVE_PRIORITY ||
	    (qos_class != QOS_CLASS_UNSPECIFIED && !gcd_global_for_class(qos_class)))
		return NULL;
	return dispatch_block_create(flags, block);
}

void dispatch_block_perform(dispatch_block_flags_t flags, void *block)
{
	(void)flags;
	gcd_block_call(block);
}

intptr_t dispatch_block_wait(void *block, dispatch_time_t timeout)
{
	return dispatch_group_wait(work_of(block, "dispatch_block_wait on a block that "
						  "dispatch_block_create did not make")
					   ->group,
				   timeout);
}

void dispatch_block_notify(void *block, dispatch_queue_t queue, void *notification_block)
{
	dispatch_group_notify(work_of(block, "dispatch_block_notify on a block that "
					     "dispatch_block_create did not make")
				      ->group,
			      queue, notification_block);
}

void dispatch_block_cancel(void *block)
{
	struct gcd_work *w = work_of(block, "dispatch_block_cancel on a block that "
					    "dispatch_block_create did not make");

	atomic_store(&w->is_cancelled, true);
}

intptr_t dispatch_block_testcancel(void *block)
{
	struct gcd_work *w = work_of(block, "dispatch_block_testcancel on a block that "
					    "dispatch_block_create did not make");

	return atomic_load(&w->is_cancelled);
}
