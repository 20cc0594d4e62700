// SPDX-License-Identifier: MIT
/*
 * Sources. A source with something to do pushes its one item to the target
 * queue; since there is never a second one, its handlers exclude each other.
 * What there is to do is found out when the item runs: begin to watch, call
 * the registration handler, call the event handler, end.
 */
#include "gcd/gcd_internal.h"

#include <stdlib.h>

static struct dispatch_source_s *source_of(struct dispatch_object_s *object)
{
	return (struct dispatch_source_s *)object;
}

static bool source_is_over(const struct dispatch_source_s *s)
{
	return s->released || atomic_load(&s->cancelled);
}

static bool handler_is_set(const struct gcd_handler *h)
{
	return h->function || h->block;
}

static bool source_may_run_locked(const struct dispatch_source_s *s)
{
	/* Who released it cannot resume it any more. */
	return s->released || (!s->suspends && !s->inactive);
}

static bool source_has_work_locked(const struct dispatch_source_s *s)
{
	if (s->finished)
		return false;
	return !s->installed || source_is_over(s) || s->pending ||
	       handler_is_set(&s->handlers[GCD_HANDLER_REGISTRATION]);
}

static void source_wake_locked(struct dispatch_source_s *s)
{
	if (s->scheduled || !source_may_run_locked(s) || !source_has_work_locked(s))
		return;
	s->scheduled = true;
	gcd_object_ref(&s->object);
	gcd_queue_push(s->object.target, &s->item);
}

/* --- handlers --------------------------------------------------------------------- */

static void handler_drop(struct gcd_handler h)
{
	if (h.block)
		gcd_block_release(h.block);
}

static void handler_call(struct dispatch_source_s *s, struct gcd_handler h)
{
	if (h.block)
		gcd_block_call(h.block);
	else if (h.function)
		h.function(s->object.context);
}

static void handler_set(struct dispatch_source_s *s, enum gcd_handler_kind kind,
			struct gcd_handler new)
{
	struct gcd_handler old;

	pthread_mutex_lock(&s->lock);
	old = s->handlers[kind];
	s->handlers[kind] = new;
	if (s->installed)
		source_wake_locked(s);
	pthread_mutex_unlock(&s->lock);
	handler_drop(old);
}

static struct gcd_handler handler_take_locked(struct dispatch_source_s *s,
					      enum gcd_handler_kind kind)
{
	struct gcd_handler h = s->handlers[kind];

	s->handlers[kind] = (struct gcd_handler){ NULL, NULL };
	return h;
}

void dispatch_source_set_event_handler_f(dispatch_source_t s, dispatch_function_t handler)
{
	handler_set(s, GCD_HANDLER_EVENT, (struct gcd_handler){ handler, NULL });
}

void dispatch_source_set_cancel_handler_f(dispatch_source_t s, dispatch_function_t handler)
{
	handler_set(s, GCD_HANDLER_CANCEL, (struct gcd_handler){ handler, NULL });
}

void dispatch_source_set_registration_handler_f(dispatch_source_t s, dispatch_function_t handler)
{
	handler_set(s, GCD_HANDLER_REGISTRATION, (struct gcd_handler){ handler, NULL });
}

void dispatch_source_set_event_handler(dispatch_source_t s, void *block)
{
	handler_set(s, GCD_HANDLER_EVENT, (struct gcd_handler){ NULL, gcd_block_copy(block) });
}

void dispatch_source_set_cancel_handler(dispatch_source_t s, void *block)
{
	handler_set(s, GCD_HANDLER_CANCEL, (struct gcd_handler){ NULL, gcd_block_copy(block) });
}

void dispatch_source_set_registration_handler(dispatch_source_t s, void *block)
{
	handler_set(s, GCD_HANDLER_REGISTRATION,
		    (struct gcd_handler){ NULL, gcd_block_copy(block) });
}

/* --- one run of the item; each step is called locked and returns locked ------------ */

static bool is_shortage(err_t err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

/* False: there is no room for it just now. */
static bool source_install(struct dispatch_source_s *s)
{
	bool waits;
	err_t err;

	pthread_mutex_unlock(&s->lock);
	err = s->type->install(s);
	waits = s->type->waits && is_shortage(err);
	if (waits) {
		s->type->uninstall(s);
		gcd_wait_for_room();
	}
	pthread_mutex_lock(&s->lock);
	s->installed = !waits;
	/* What cannot be watched ends: the client learns it from the cancel handler. */
	if (err && !waits)
		atomic_store(&s->cancelled, true);
	return !waits;
}

static void source_finish(struct dispatch_source_s *s)
{
	struct gcd_handler cancel, event, registration;
	bool uninstall = s->installed;

	s->finished = true;
	s->pending = false;
	cancel = handler_take_locked(s, GCD_HANDLER_CANCEL);
	event = handler_take_locked(s, GCD_HANDLER_EVENT);
	registration = handler_take_locked(s, GCD_HANDLER_REGISTRATION);
	pthread_mutex_unlock(&s->lock);
	if (uninstall)
		s->type->uninstall(s);
	if (atomic_load(&s->cancelled))
		handler_call(s, cancel);
	handler_drop(cancel);
	handler_drop(event);
	handler_drop(registration);
	pthread_mutex_lock(&s->lock);
}

static void source_register(struct dispatch_source_s *s)
{
	struct gcd_handler h = handler_take_locked(s, GCD_HANDLER_REGISTRATION);

	pthread_mutex_unlock(&s->lock);
	handler_call(s, h);
	handler_drop(h);
	pthread_mutex_lock(&s->lock);
}

static void source_deliver(struct dispatch_source_s *s)
{
	struct gcd_handler h = s->handlers[GCD_HANDLER_EVENT];

	s->pending = false;
	atomic_store(&s->data, s->pending_data);
	s->pending_data = 0;
	if (h.block) /* it may be replaced while it runs */
		h.block = gcd_block_copy(h.block);
	pthread_mutex_unlock(&s->lock);
	handler_call(s, h);
	handler_drop(h);
	if (s->type->rearm && !atomic_load(&s->cancelled))
		s->type->rearm(s);
	pthread_mutex_lock(&s->lock);
}

static void source_run(struct gcd_item *item)
{
	struct dispatch_source_s *s = container_of(item, struct dispatch_source_s, item);
	bool yields = false, again = false;

	pthread_mutex_lock(&s->lock);
	while (source_may_run_locked(s) && source_has_work_locked(s)) {
		/* After an event, or without room, others on the queue get their turn. */
		again = yields;
		if (again)
			break;
		if (source_is_over(s))
			source_finish(s);
		else if (!s->installed)
			yields = !source_install(s);
		else if (handler_is_set(&s->handlers[GCD_HANDLER_REGISTRATION]))
			source_register(s);
		else {
			source_deliver(s);
			yields = true;
		}
	}
	if (again)
		gcd_queue_push(s->object.target, &s->item);
	else
		s->scheduled = false;
	pthread_mutex_unlock(&s->lock);
	if (!again)
		gcd_object_unref(&s->object);
}

void gcd_source_fire(struct dispatch_source_s *s, uintptr_t data)
{
	pthread_mutex_lock(&s->lock);
	if (!source_is_over(s)) {
		switch (s->type->merge) {
		case GCD_MERGE_ADD:
			s->pending_data += data;
			break;
		case GCD_MERGE_OR:
			s->pending_data |= data;
			break;
		case GCD_MERGE_REPLACE:
			s->pending_data = data;
			break;
		}
		s->pending = true;
		source_wake_locked(s);
	}
	pthread_mutex_unlock(&s->lock);
}

/* --- the object ------------ */

static void source_suspend(struct dispatch_object_s *object)
{
	struct dispatch_source_s *s = source_of(object);

	pthread_mutex_lock(&s->lock);
	s->suspends++;
	pthread_mutex_unlock(&s->lock);
}

static void source_resume(struct dispatch_object_s *object, bool activate_only)
{
	struct dispatch_source_s *s = source_of(object);

	pthread_mutex_lock(&s->lock);
	if (s->inactive)
		s->inactive = false;
	else if (!activate_only && s->suspends)
		s->suspends--;
	else if (!activate_only)
		gcd_object_trap("resume of a source that is not suspended");
	source_wake_locked(s);
	pthread_mutex_unlock(&s->lock);
	gcd_signal_check();
}

static void source_set_target(struct dispatch_object_s *object, struct dispatch_queue_s *target)
{
	struct dispatch_source_s *s = source_of(object);
	struct dispatch_queue_s *old;

	gcd_object_ref(&target->object);
	pthread_mutex_lock(&s->lock);
	old = s->object.target;
	s->object.target = target;
	pthread_mutex_unlock(&s->lock);
	gcd_object_unref(&old->object);
}

static void source_abandon(struct dispatch_object_s *object)
{
	struct dispatch_source_s *s = source_of(object);

	pthread_mutex_lock(&s->lock);
	s->released = true;
	source_wake_locked(s);
	pthread_mutex_unlock(&s->lock);
}

static void source_free(struct dispatch_object_s *object)
{
	struct dispatch_source_s *s = source_of(object);

	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct gcd_object_ops source_ops = {
	.abandon = source_abandon,
	.free = source_free,
	.suspend = source_suspend,
	.resume = source_resume,
	.set_target = source_set_target,
};

dispatch_source_t dispatch_source_create(dispatch_source_type_t type, uintptr_t handle,
					 uintptr_t mask, dispatch_queue_t queue)
{
	struct dispatch_source_s *s;

	if (!type || !type->check(handle, mask) || !(s = calloc(1, sizeof *s)))
		return NULL;
	gcd_object_init(&s->object, &source_ops);
	pthread_mutex_init(&s->lock, NULL);
	s->type = type;
	s->handle = handle;
	s->mask = mask;
	s->inactive = true;
	s->item.run = source_run;
	s->watch.fd = s->vnode.file = -1;
	list_init(&s->signal.link);
	s->object.target = gcd_queue_or_default(queue);
	gcd_object_ref(&s->object.target->object);
	return s;
}

void dispatch_source_cancel(dispatch_source_t s)
{
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->cancelled, true);
	source_wake_locked(s);
	pthread_mutex_unlock(&s->lock);
}

intptr_t dispatch_source_testcancel(dispatch_source_t s)
{
	return atomic_load(&s->cancelled);
}

uintptr_t dispatch_source_get_handle(dispatch_source_t s)
{
	return s->handle;
}

uintptr_t dispatch_source_get_mask(dispatch_source_t s)
{
	return s->mask;
}

uintptr_t dispatch_source_get_data(dispatch_source_t s)
{
	return atomic_load(&s->data);
}

void dispatch_source_merge_data(dispatch_source_t s, uintptr_t value)
{
	if (!s->type->by_client)
		gcd_object_trap(
			"dispatch_source_merge_data on a source that is not of a DATA type");
	if (value)
		gcd_source_fire(s, value);
}
