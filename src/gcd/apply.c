// SPDX-License-Identifier: MIT
/*
 * dispatch_apply: the caller and a helper for each further core take iterations
 * from a common counter. A helper that comes too late finds nothing to do.
 */
#include "gcd/gcd_internal.h"

#include "base/ref.h"

#include <stdlib.h>

struct apply {
	struct ref refs;
	size_t iterations;
	void *context;
	void (*work)(void *context, size_t iteration);
	_Atomic size_t next, left;
	_Atomic uint32_t ended;
};

static void apply_unref(struct apply *a)
{
	if (ref_put(&a->refs))
		free(a);
}

static void apply_work(struct apply *a)
{
	size_t i;

	while ((i = atomic_fetch_add(&a->next, 1)) < a->iterations) {
		a->work(a->context, i);
		if (atomic_fetch_sub(&a->left, 1) == 1) {
			atomic_store(&a->ended, 1);
			gcd_clock_wake(&a->ended, 1);
		}
	}
}

static void apply_caller(void *context)
{
	apply_work(context);
}

static void apply_helper(void *context)
{
	apply_work(context);
	apply_unref(context);
}

static bool apply_is_inside(struct dispatch_queue_s *queue)
{
	for (struct gcd_frame *f = gcd_frame_current; f; f = f->outer)
		for (struct dispatch_queue_s *q = f->queue; q; q = q->object.target)
			if (q == queue)
				return true;
	return false;
}

void dispatch_apply_f(size_t iterations, dispatch_queue_t queue, void *context,
		      void (*work)(void *context, size_t iteration))
{
	size_t helpers = gcd_worker_cores() - 1;
	struct apply *a;

	if (!iterations)
		return;
	queue = gcd_queue_or_default(queue);
	a = gcd_object_alloc(sizeof *a);
	ref_init(&a->refs);
	a->iterations = iterations;
	atomic_init(&a->left, iterations);
	a->context = context;
	a->work = work;
	if (helpers > iterations - 1)
		helpers = iterations - 1;
	if (gcd_queue_is_serial(queue))
		helpers = 0;
	while (helpers--) {
		ref_get(&a->refs);
		dispatch_async_f(queue, a, apply_helper);
	}
	/* A concurrent queue that runs the caller already would not let it in behind a barrier. */
	if (queue->kind == GCD_QUEUE_CONCURRENT && apply_is_inside(queue))
		apply_work(a);
	else
		dispatch_sync_f(queue, a, apply_caller);
	while (!atomic_load(&a->ended))
		gcd_clock_wait(&a->ended, 0, DISPATCH_TIME_FOREVER);
	apply_unref(a);
}
