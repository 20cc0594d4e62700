// SPDX-License-Identifier: MIT
/* Queue-specific data and the assertions about the current queue. */
#include "gcd/gcd_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct gcd_specific {
	struct gcd_specific *next;
	const void *key;
	void *value;
	dispatch_function_t destructor;
};

static void specific_destroy(struct gcd_specific *s)
{
	if (s->destructor && s->value)
		dispatch_async_f(gcd_queue_or_default(NULL), s->value, s->destructor);
	free(s);
}

static struct gcd_specific **specific_find_locked(struct dispatch_queue_s *q, const void *key)
{
	struct gcd_specific **at = &q->specifics;

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

void dispatch_queue_set_specific(dispatch_queue_t queue, const void *key, void *value,
				 dispatch_function_t destructor)
{
	struct gcd_specific *new = NULL, *old, **at;

	if (!key || queue->kind == GCD_QUEUE_GLOBAL)
		return;
	if (value) {
		new = gcd_object_alloc(sizeof *new);
		*new = (struct gcd_specific){ NULL, key, value, destructor };
	}
	pthread_mutex_lock(&queue->lock);
	at = specific_find_locked(queue, key);
	old = *at;
	if (new)
		new->next = old ? old->next : NULL;
	if (new)
		*at = new;
	else if (old)
		*at = old->next;
	pthread_mutex_unlock(&queue->lock);
	if (old)
		specific_destroy(old);
}

void *dispatch_queue_get_specific(dispatch_queue_t queue, const void *key)
{
	struct gcd_specific *found;
	void *value;

	if (!key || queue->kind == GCD_QUEUE_GLOBAL)
		return NULL;
	pthread_mutex_lock(&queue->lock);
	found = *specific_find_locked(queue, key);
	value = found ? found->value : NULL;
	pthread_mutex_unlock(&queue->lock);
	return value;
}

void *dispatch_get_specific(const void *key)
{
	struct dispatch_queue_s *q;
	void *value = NULL;

	/* The targets of a running queue do not change. */
	for (q = gcd_frame_current ? gcd_frame_current->queue : NULL; q && !value;
	     q = q->object.target)
		value = dispatch_queue_get_specific(q, key);
	return value;
}

void gcd_specific_free(struct dispatch_queue_s *queue)
{
	while (queue->specifics) {
		struct gcd_specific *s = queue->specifics;

		queue->specifics = s->next;
		specific_destroy(s);
	}
}

static bool assert_runs_on(struct dispatch_queue_s *queue, bool as_barrier)
{
	if (queue->kind == GCD_QUEUE_MAIN && gcd_main_is_current_thread())
		return true;
	for (struct gcd_frame *f = gcd_frame_current; f; f = f->outer)
		for (struct dispatch_queue_s *q = f->queue; q; q = q->object.target)
			if (q == queue)
				return !as_barrier || q->kind == GCD_QUEUE_SERIAL ||
				       (q == f->queue && f->barrier);
	return false;
}

static void assert_fail(const char *what, struct dispatch_queue_s *queue)
{
	char line[160];

	snprintf(line, sizeof line, "%s: queue \"%.80s\"", what, queue->label ? queue->label : "");
	gcd_object_trap(line);
}

void dispatch_assert_queue(dispatch_queue_t queue)
{
	if (!assert_runs_on(queue, false))
		assert_fail("code expected to run on another queue", queue);
}

void dispatch_assert_queue_barrier(dispatch_queue_t queue)
{
	if (!assert_runs_on(queue, true))
		assert_fail("code expected to run as a barrier of another queue", queue);
}

void dispatch_assert_queue_not(dispatch_queue_t queue)
{
	if (assert_runs_on(queue, false))
		assert_fail("code expected not to run on this queue", queue);
}
