// SPDX-License-Identifier: MIT
/*
 * Items, and how queues start them.
 *
 * A serial queue with work pushes one item of its own (drain) to its target;
 * when that item runs it runs the queue's items one after the other. "owned"
 * says that the drain item is on its way or running, or that a synchronous caller
 * is inside. A concurrent queue pushes each of its items to the target as soon
 * as barriers allow and counts those that run.
 */
#include "gcd/gcd_internal.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_TURN 64 /* items before other users of the target get their turn */

_Thread_local struct gcd_frame *gcd_frame_current;

/* --- items --------------------------------------------------------------------- */

static void item_run_function(struct gcd_item *item)
{
	struct dispatch_group_s *group = item->group;
	dispatch_function_t function = item->function;
	void *context = item->context;

	free(item);
	function(context);
	if (group)
		gcd_group_leave(group);
}

struct gcd_item *gcd_item_new(void *context, dispatch_function_t function,
			      struct dispatch_group_s *group, unsigned flags)
{
	struct gcd_item *item = malloc(sizeof *item);

	if (!item)
		item = gcd_object_alloc(sizeof *item);
	*item = (struct gcd_item){ NULL, item_run_function, function, context, group, NULL, flags };
	return item;
}

static void concurrent_ended(struct dispatch_queue_s *q);

void gcd_item_run(struct gcd_item *item)
{
	struct dispatch_queue_s *slot = item->slot;
	struct gcd_frame frame;

	if (!slot) {
		item->run(item);
		return;
	}
	item->slot = NULL;
	gcd_frame_enter(&frame, slot, item->flags & GCD_ITEM_ALONE);
	item->run(item);
	gcd_frame_leave(&frame);
	concurrent_ended(slot);
}

/* --- serial queues ------------ */

/* The queue is locked, owned and not drained by anybody. */
static void serial_schedule_locked(struct dispatch_queue_s *q)
{
	q->drained_on = q->object.target;
	gcd_queue_push(q->drained_on, &q->drain);
}

static bool serial_may_run_locked(const struct dispatch_queue_s *q)
{
	return q->items.head && !q->suspends && !q->inactive;
}

static void serial_start_locked(struct dispatch_queue_s *q)
{
	if (q->owned || !serial_may_run_locked(q))
		return;
	q->owned = true;
	gcd_object_ref(&q->object);
	serial_schedule_locked(q);
}

/*
 * Run what TAKEN holds until the turn is over (*N), the queue is suspended or
 * has another target. While the queue is owned its target is changed by its own
 * items only, so it is looked at without the lock.
 */
static void serial_run(struct dispatch_queue_s *q, struct gcd_fifo *taken, unsigned *n)
{
	while (taken->head && *n < QUEUE_TURN && !atomic_load(&q->suspends) &&
	       q->drained_on == q->object.target) {
		++*n;
		gcd_item_run(gcd_fifo_take(taken));
	}
}

/* The items are taken all at once, so that those who submit do not wait for the lock at each. */
static void serial_drain(struct gcd_item *drain)
{
	struct dispatch_queue_s *q = container_of(drain, struct dispatch_queue_s, drain);
	struct gcd_frame frame;
	unsigned n = 0;
	bool again;

	gcd_frame_enter(&frame, q, true);
	pthread_mutex_lock(&q->lock);
	for (;;) {
		struct gcd_fifo taken = q->items;

		again = serial_may_run_locked(q);
		if (!again || n == QUEUE_TURN || q->drained_on != q->object.target)
			break;
		q->items.head = NULL;
		pthread_mutex_unlock(&q->lock);
		serial_run(q, &taken, &n);
		pthread_mutex_lock(&q->lock);
		gcd_fifo_put_back(&q->items, taken);
	}
	gcd_frame_leave(&frame);
	if (again)
		serial_schedule_locked(q);
	else
		q->owned = false;
	pthread_mutex_unlock(&q->lock);
	if (!again)
		gcd_object_unref(&q->object);
}

/* --- concurrent queues ------------ */

static void slot_run(struct gcd_item *wrapper)
{
	struct gcd_item *item = wrapper->context;

	free(wrapper);
	gcd_item_run(item);
}

/* Give ITEM one of Q's slots and send it on its way. Q is locked. */
static void concurrent_launch_locked(struct dispatch_queue_s *q, struct gcd_item *item)
{
	if (item->slot) { /* it holds a slot of the queue it came from */
		struct gcd_item *inner = item;

		item = gcd_item_new(inner, NULL, NULL, inner->flags & GCD_ITEM_SERIAL);
		item->run = slot_run;
	}
	item->slot = q;
	item->flags &= ~(GCD_ITEM_BARRIER | GCD_ITEM_ALONE);
	if (q->barrier)
		item->flags |= GCD_ITEM_ALONE;
	gcd_queue_push(q->object.target, item);
}

/* Start whatever may start. Q is locked. */
static void concurrent_advance_locked(struct dispatch_queue_s *q)
{
	while (q->items.head && !q->barrier && !q->suspends && !q->inactive) {
		bool barrier = q->items.head->flags & GCD_ITEM_BARRIER;

		if (barrier && q->running)
			break;
		q->barrier = barrier;
		q->running++;
		concurrent_launch_locked(q, gcd_fifo_take(&q->items));
	}
}

/* As above; running items keep a reference of the queue. */
static void concurrent_start_locked(struct dispatch_queue_s *q)
{
	bool idle = !q->running;

	concurrent_advance_locked(q);
	if (idle && q->running)
		gcd_object_ref(&q->object);
}

static void concurrent_ended(struct dispatch_queue_s *q)
{
	bool idle;

	pthread_mutex_lock(&q->lock);
	q->running--;
	q->barrier = false;
	concurrent_advance_locked(q);
	idle = !q->running;
	pthread_mutex_unlock(&q->lock);
	if (idle)
		gcd_object_unref(&q->object);
}

/* --- all queues ------------ */

void gcd_queue_push(struct dispatch_queue_s *q, struct gcd_item *item)
{
	switch (q->kind) {
	case GCD_QUEUE_GLOBAL:
		gcd_worker_push(q, item);
		return;
	case GCD_QUEUE_MAIN:
		gcd_main_push(item);
		return;
	case GCD_QUEUE_SERIAL:
		pthread_mutex_lock(&q->lock);
		gcd_fifo_add(&q->items, item);
		serial_start_locked(q);
		pthread_mutex_unlock(&q->lock);
		return;
	case GCD_QUEUE_CONCURRENT:
		pthread_mutex_lock(&q->lock);
		gcd_fifo_add(&q->items, item);
		concurrent_start_locked(q);
		pthread_mutex_unlock(&q->lock);
		return;
	}
}

struct dispatch_queue_s *gcd_queue_or_default(struct dispatch_queue_s *queue)
{
	return queue ? queue : gcd_global_for_class(QOS_CLASS_DEFAULT);
}

static bool queue_try_own_one(struct dispatch_queue_s *q, bool barrier)
{
	bool own;

	pthread_mutex_lock(&q->lock);
	own = !q->items.head && !q->suspends && !q->inactive;
	if (q->kind == GCD_QUEUE_SERIAL) {
		own = own && !q->owned;
		if (own) {
			q->owned = true;
			gcd_object_ref(&q->object);
		}
	} else {
		own = own && !q->barrier && !(barrier && q->running);
		if (own && !q->running++)
			gcd_object_ref(&q->object);
		if (own)
			q->barrier = barrier;
	}
	pthread_mutex_unlock(&q->lock);
	return own;
}

static void queue_disown_one(struct dispatch_queue_s *q)
{
	bool again;

	if (q->kind == GCD_QUEUE_CONCURRENT) {
		concurrent_ended(q);
		return;
	}
	pthread_mutex_lock(&q->lock);
	again = serial_may_run_locked(q);
	if (again)
		serial_schedule_locked(q);
	else
		q->owned = false;
	pthread_mutex_unlock(&q->lock);
	if (!again)
		gcd_object_unref(&q->object);
}

bool gcd_queue_try_own(struct dispatch_queue_s *q, bool barrier)
{
	if (q->kind == GCD_QUEUE_GLOBAL)
		return true;
	if (q->kind == GCD_QUEUE_MAIN || !queue_try_own_one(q, barrier))
		return false;
	/* The target of an owned queue does not change. */
	if (gcd_queue_try_own(q->object.target, false))
		return true;
	queue_disown_one(q);
	return false;
}

void gcd_queue_disown(struct dispatch_queue_s *q)
{
	while (q->kind != GCD_QUEUE_GLOBAL) {
		struct dispatch_queue_s *target = q->object.target;

		queue_disown_one(q);
		q = target;
	}
}

bool gcd_queue_is_serial(struct dispatch_queue_s *q)
{
	while (q->kind == GCD_QUEUE_CONCURRENT) {
		struct dispatch_queue_s *target;

		pthread_mutex_lock(&q->lock);
		target = q->object.target;
		pthread_mutex_unlock(&q->lock);
		q = target;
	}
	return q->kind != GCD_QUEUE_GLOBAL;
}

void dispatch_async_f(dispatch_queue_t queue, void *context, dispatch_function_t work)
{
	gcd_queue_push(queue, gcd_item_new(context, work, NULL, 0));
}

void dispatch_barrier_async_f(dispatch_queue_t queue, void *context, dispatch_function_t work)
{
	gcd_queue_push(queue, gcd_item_new(context, work, NULL, GCD_ITEM_BARRIER));
}

/* --- the object ------------ */

static void queue_start_locked(struct dispatch_queue_s *q)
{
	if (q->kind == GCD_QUEUE_MAIN)
		gcd_main_resumed_locked();
	else if (q->kind == GCD_QUEUE_SERIAL)
		serial_start_locked(q);
	else
		concurrent_start_locked(q);
}

static void queue_suspend(struct dispatch_object_s *object)
{
	struct dispatch_queue_s *q = (struct dispatch_queue_s *)object;

	if (q->kind == GCD_QUEUE_GLOBAL)
		return;
	pthread_mutex_lock(&q->lock);
	q->suspends++;
	pthread_mutex_unlock(&q->lock);
}

static void queue_resume(struct dispatch_object_s *object, bool activate_only)
{
	struct dispatch_queue_s *q = (struct dispatch_queue_s *)object;

	if (q->kind == GCD_QUEUE_GLOBAL)
		return;
	pthread_mutex_lock(&q->lock);
	if (q->inactive)
		q->inactive = false;
	else if (!activate_only && q->suspends)
		q->suspends--;
	else if (!activate_only)
		gcd_object_trap("resume of a queue that is not suspended");
	queue_start_locked(q);
	pthread_mutex_unlock(&q->lock);
}

static void queue_abandon(struct dispatch_object_s *object)
{
	struct dispatch_queue_s *q = (struct dispatch_queue_s *)object;
	bool stuck;

	pthread_mutex_lock(&q->lock);
	stuck = q->suspends || (q->inactive && q->items.head);
	pthread_mutex_unlock(&q->lock);
	if (stuck)
		gcd_object_trap("release of a suspended queue");
}

static void queue_free(struct dispatch_object_s *object)
{
	struct dispatch_queue_s *q = (struct dispatch_queue_s *)object;

	gcd_specific_free(q);
	pthread_mutex_destroy(&q->lock);
	free(q->label);
	free(q);
}

struct queue_retarget {
	struct dispatch_queue_s *queue, *target;
};

static void queue_retarget(void *context)
{
	struct queue_retarget *r = context;
	struct dispatch_queue_s *old;

	pthread_mutex_lock(&r->queue->lock);
	old = r->queue->object.target;
	r->queue->object.target = r->target;
	pthread_mutex_unlock(&r->queue->lock);
	gcd_object_unref(&old->object);
	free(r);
}

/*
 * While items of the queue run, others look at its target without a lock, so
 * the change then waits for its turn as a barrier.
 */
static void queue_set_target(struct dispatch_object_s *object, struct dispatch_queue_s *target)
{
	struct dispatch_queue_s *q = (struct dispatch_queue_s *)object, *old;

	gcd_object_ref(&target->object);
	pthread_mutex_lock(&q->lock);
	if (!q->owned && !q->running) {
		old = q->object.target;
		q->object.target = target;
		pthread_mutex_unlock(&q->lock);
		gcd_object_unref(&old->object);
		return;
	}
	pthread_mutex_unlock(&q->lock);

	struct queue_retarget *r = gcd_object_alloc(sizeof *r);
	*r = (struct queue_retarget){ q, target };
	dispatch_barrier_async_f(q, r, queue_retarget);
}

static const struct gcd_object_ops queue_ops = {
	.abandon = queue_abandon,
	.free = queue_free,
	.suspend = queue_suspend,
	.resume = queue_resume,
	.set_target = queue_set_target,
};

/* --- attributes: their place in the table is their meaning ------------ */

struct dispatch_queue_attr_s {
	char place;
};

#define ATTR_CLASSES 6
#define ATTR_PRIORITIES 16
static struct dispatch_queue_attr_s queue_attrs[2][2][ATTR_CLASSES][ATTR_PRIORITIES];
struct dispatch_queue_attr_s _dispatch_queue_attr_concurrent;

static const dispatch_qos_class_t attr_classes[ATTR_CLASSES] = {
	QOS_CLASS_UNSPECIFIED, QOS_CLASS_BACKGROUND,	 QOS_CLASS_UTILITY,
	QOS_CLASS_DEFAULT,     QOS_CLASS_USER_INITIATED, QOS_CLASS_USER_INTERACTIVE,
};

struct queue_attr {
	unsigned concurrent, inactive, qos, priority;
};

static struct queue_attr attr_decode(dispatch_queue_attr_t attr)
{
	size_t n;

	if (!attr)
		return (struct queue_attr){ 0, 0, 0, 0 };
	if (attr == &_dispatch_queue_attr_concurrent)
		return (struct queue_attr){ 1, 0, 0, 0 };
	n = (size_t)(attr - &queue_attrs[0][0][0][0]);
	if (n >= sizeof queue_attrs / sizeof(struct dispatch_queue_attr_s))
		gcd_object_trap("a queue attribute that is none");
	return (struct queue_attr){ n / (2 * ATTR_CLASSES * ATTR_PRIORITIES),
				    n / (ATTR_CLASSES * ATTR_PRIORITIES) % 2,
				    n / ATTR_PRIORITIES % ATTR_CLASSES, n % ATTR_PRIORITIES };
}

static dispatch_queue_attr_t attr_encode(struct queue_attr a)
{
	return &queue_attrs[a.concurrent][a.inactive][a.qos][a.priority];
}

dispatch_queue_attr_t dispatch_queue_attr_make_initially_inactive(dispatch_queue_attr_t attr)
{
	struct queue_attr a = attr_decode(attr);

	a.inactive = 1;
	return attr_encode(a);
}

dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class(dispatch_queue_attr_t attr,
							      dispatch_qos_class_t qos_class,
							      int relative_priority)
{
	struct queue_attr a = attr_decode(attr);

	if (relative_priority > 0 || relative_priority < QOS_MIN_RELATIVE_PRIORITY)
		return attr;
	for (unsigned i = 0; i < ATTR_CLASSES; i++)
		if (attr_classes[i] == qos_class) {
			a.qos = i;
			a.priority = (unsigned)-relative_priority;
			return attr_encode(a);
		}
	return attr;
}

/* --- creation and identity ------------ */

dispatch_queue_t dispatch_queue_create_with_target(const char *label, dispatch_queue_attr_t attr,
						   dispatch_queue_t target)
{
	struct queue_attr a = attr_decode(attr);
	struct dispatch_queue_s *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	if (label && !(q->label = strdup(label))) {
		free(q);
		return NULL;
	}
	gcd_object_init(&q->object, &queue_ops);
	pthread_mutex_init(&q->lock, NULL);
	q->kind = a.concurrent ? GCD_QUEUE_CONCURRENT : GCD_QUEUE_SERIAL;
	q->inactive = a.inactive;
	q->qos_class = attr_classes[a.qos];
	q->relative_priority = -(int)a.priority;
	if (!target)
		target = gcd_global_for_class(a.qos ? q->qos_class : QOS_CLASS_DEFAULT);
	gcd_object_ref(&target->object);
	q->object.target = target;
	q->drain = (struct gcd_item){ .run = serial_drain, .flags = GCD_ITEM_SERIAL };
	return q;
}

dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attr)
{
	return dispatch_queue_create_with_target(label, attr, NULL);
}

#define GLOBAL_QUEUE(name, class) \
	{ \
		.object = { .ops = &queue_ops, .external = 1, .internal = 1, .immortal = true }, \
		.kind = GCD_QUEUE_GLOBAL, .label = (char *)"com.apple.root." name, \
		.qos_class = class \
	}

/* The most urgent first; worker.c takes work in this order. */
struct dispatch_queue_s gcd_global_queues[GCD_GLOBAL_COUNT] = {
	GLOBAL_QUEUE("user-interactive-qos", QOS_CLASS_USER_INTERACTIVE),
	GLOBAL_QUEUE("user-initiated-qos", QOS_CLASS_USER_INITIATED),
	GLOBAL_QUEUE("default-qos", QOS_CLASS_DEFAULT),
	GLOBAL_QUEUE("utility-qos", QOS_CLASS_UTILITY),
	GLOBAL_QUEUE("background-qos", QOS_CLASS_BACKGROUND),
};

struct dispatch_queue_s gcd_main_queue = {
	.object = { .ops = &queue_ops, .external = 1, .internal = 1, .immortal = true },
	.kind = GCD_QUEUE_MAIN,
	.label = (char *)"com.apple.main-thread",
	.qos_class = QOS_CLASS_DEFAULT,
	.lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP, /* held for a few instructions */
};

struct dispatch_queue_s *gcd_global_for_class(dispatch_qos_class_t qos_class)
{
	for (int i = 0; i < GCD_GLOBAL_COUNT; i++)
		if (gcd_global_queues[i].qos_class == qos_class)
			return &gcd_global_queues[i];
	return NULL;
}

dispatch_queue_global_t dispatch_get_global_queue(intptr_t identifier, uintptr_t flags)
{
	if (flags)
		return NULL;
	switch (identifier) {
	case DISPATCH_QUEUE_PRIORITY_HIGH:
		return gcd_global_for_class(QOS_CLASS_USER_INITIATED);
	case DISPATCH_QUEUE_PRIORITY_DEFAULT:
		return gcd_global_for_class(QOS_CLASS_DEFAULT);
	case DISPATCH_QUEUE_PRIORITY_LOW:
		return gcd_global_for_class(QOS_CLASS_UTILITY);
	case DISPATCH_QUEUE_PRIORITY_BACKGROUND:
		return gcd_global_for_class(QOS_CLASS_BACKGROUND);
	default:
		return identifier < 0 ? NULL
				      : gcd_global_for_class((dispatch_qos_class_t)identifier);
	}
}

dispatch_queue_main_t dispatch_get_main_queue(void)
{
	return &gcd_main_queue;
}

const char *dispatch_queue_get_label(dispatch_queue_t queue)
{
	if (!queue)
		queue = gcd_frame_current	     ? gcd_frame_current->queue
		      : gcd_main_is_current_thread() ? &gcd_main_queue
						     : NULL;
	return queue && queue->label ? queue->label : "";
}

dispatch_qos_class_t dispatch_queue_get_qos_class(dispatch_queue_t queue, int *relative_priority)
{
	if (relative_priority)
		*relative_priority = queue->relative_priority;
	return queue->qos_class;
}
