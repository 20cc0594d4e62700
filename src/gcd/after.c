// SPDX-License-Identifier: MIT
/* dispatch_after: a timer that carries an item. */
#include "gcd/gcd_internal.h"

#include <stdlib.h>
#include <time.h>

struct after {
	struct gcd_timer timer;
	struct gcd_item *item;
	struct dispatch_queue_s *queue;
};

static uint64_t after_fire(struct gcd_timer *timer, uint64_t now_ns)
{
	struct after *a = container_of(timer, struct after, timer);

	(void)now_ns;
	gcd_queue_push(a->queue, a->item);
	gcd_object_unref(&a->queue->object);
	free(a);
	return UINT64_MAX;
}

void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void *context,
		      dispatch_function_t work)
{
	struct after *a;
	enum gcd_clock clock;
	uint64_t at = gcd_clock_split(when, &clock);

	if (at == UINT64_MAX)
		return;
	if (at <= gcd_clock_now(clock)) {
		dispatch_async_f(queue, context, work);
		return;
	}
	while (gcd_manager_start()) /* out of descriptors or threads: they come back */
		gcd_wait_for_room();
	a = gcd_object_alloc(sizeof *a);
	a->timer.fire = after_fire;
	a->item = gcd_item_new(context, work, NULL, 0);
	a->queue = queue;
	gcd_object_ref(&queue->object);
	gcd_manager_lock();
	gcd_timer_start_locked(&a->timer, clock, at);
	gcd_manager_unlock();
}
