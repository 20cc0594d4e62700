// SPDX-License-Identifier: MIT
#include "gcd/gcd_internal.h"

#include <limits.h>
#include <stdlib.h>

struct group_notice {
	struct group_notice *next;
	struct dispatch_queue_s *queue; /* referenced */
	struct gcd_item *item;
};

struct dispatch_group_s {
	struct dispatch_object_s object;
	pthread_mutex_t lock;
	unsigned count; /* while not 0 the group keeps itself */
	unsigned waiters;
	struct group_notice *notices, **last_notice;
	_Atomic uint32_t emptied; /* how often it became empty */
};

static void group_free(struct dispatch_object_s *object)
{
	struct dispatch_group_s *g = (struct dispatch_group_s *)object;

	pthread_mutex_destroy(&g->lock);
	free(g);
}

static const struct gcd_object_ops group_ops = { .free = group_free };

dispatch_group_t dispatch_group_create(void)
{
	struct dispatch_group_s *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	gcd_object_init(&g->object, &group_ops);
	pthread_mutex_init(&g->lock, NULL);
	g->last_notice = &g->notices;
	return g;
}

void dispatch_group_enter(dispatch_group_t g)
{
	pthread_mutex_lock(&g->lock);
	if (!g->count++)
		gcd_object_ref(&g->object);
	if (!g->count)
		gcd_object_trap("too many dispatch_group_enter calls");
	pthread_mutex_unlock(&g->lock);
}

static void notice_submit(struct group_notice *n)
{
	gcd_queue_push(n->queue, n->item);
	gcd_object_unref(&n->queue->object);
	free(n);
}

void gcd_group_leave(struct dispatch_group_s *g)
{
	struct group_notice *notices = NULL, *next;
	bool empty, wake = false;

	pthread_mutex_lock(&g->lock);
	if (!g->count)
		gcd_object_trap("dispatch_group_leave without dispatch_group_enter");
	empty = !--g->count;
	if (empty) {
		atomic_fetch_add(&g->emptied, 1);
		wake = g->waiters > 0;
		notices = g->notices;
		g->notices = NULL;
		g->last_notice = &g->notices;
	}
	pthread_mutex_unlock(&g->lock);
	if (wake)
		gcd_clock_wake(&g->emptied, INT_MAX);
	for (; notices; notices = next) {
		next = notices->next;
		notice_submit(notices);
	}
	if (empty)
		gcd_object_unref(&g->object);
}

void dispatch_group_leave(dispatch_group_t g)
{
	gcd_group_leave(g);
}

void dispatch_group_async_f(dispatch_group_t g, dispatch_queue_t queue, void *context,
			    dispatch_function_t work)
{
	dispatch_group_enter(g);
	gcd_queue_push(queue, gcd_item_new(context, work, g, 0));
}

intptr_t dispatch_group_wait(dispatch_group_t g, dispatch_time_t timeout)
{
	bool in_time = true, empty;
	uint32_t before;

	pthread_mutex_lock(&g->lock);
	before = atomic_load(&g->emptied);
	empty = !g->count;
	g->waiters++;
	pthread_mutex_unlock(&g->lock);
	while (!empty && in_time) {
		in_time = gcd_clock_wait(&g->emptied, before, timeout);
		empty = atomic_load(&g->emptied) != before;
	}
	pthread_mutex_lock(&g->lock);
	g->waiters--;
	pthread_mutex_unlock(&g->lock);
	return empty ? 0 : 1;
}

void dispatch_group_notify_f(dispatch_group_t g, dispatch_queue_t queue, void *context,
			     dispatch_function_t work)
{
	struct group_notice *n = gcd_object_alloc(sizeof *n);
	bool now;

	n->queue = queue;
	n->item = gcd_item_new(context, work, NULL, 0);
	gcd_object_ref(&queue->object);
	pthread_mutex_lock(&g->lock);
	now = !g->count;
	if (!now) {
		*g->last_notice = n;
		g->last_notice = &n->next;
	}
	pthread_mutex_unlock(&g->lock);
	if (now)
		notice_submit(n);
}
