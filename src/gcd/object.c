// SPDX-License-Identifier: MIT
#include "gcd/gcd_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void gcd_object_trap(const char *what)
{
	char line[256];
	int n = snprintf(line, sizeof line, "BUG IN CLIENT OF DISPATCH: %s\n", what);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		abort();
	abort();
}

void gcd_wait_for_room(void)
{
	nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
}

void *gcd_object_alloc(size_t size)
{
	void *memory;

	/* The callers have no way to report failure; memory comes back or the system ends us. */
	while (!(memory = calloc(1, size)))
		gcd_wait_for_room();
	return memory;
}

void gcd_object_init(struct dispatch_object_s *object, const struct gcd_object_ops *ops)
{
	object->ops = ops;
	atomic_init(&object->external, 1);
	atomic_init(&object->internal, 1);
}

void gcd_object_ref(struct dispatch_object_s *object)
{
	if (!object->immortal)
		atomic_fetch_add_explicit(&object->internal, 1, memory_order_relaxed);
}

void gcd_object_unref(struct dispatch_object_s *object)
{
	struct dispatch_queue_s *target;
	void *context;
	dispatch_function_t finalizer;

	if (object->immortal)
		return;
	if (atomic_fetch_sub_explicit(&object->internal, 1, memory_order_acq_rel) != 1)
		return;
	target = object->target;
	context = object->context;
	finalizer = object->finalizer;
	object->ops->free(object);
	if (finalizer && context)
		gcd_queue_push(gcd_queue_or_default(target),
			       gcd_item_new(context, finalizer, NULL, 0));
	if (target)
		gcd_object_unref(&target->object);
}

void dispatch_retain(dispatch_object_t object)
{
	struct dispatch_object_s *o = object._os_obj;

	if (o->immortal)
		return;
	if (!atomic_fetch_add_explicit(&o->external, 1, memory_order_relaxed))
		gcd_object_trap("retain of an object that was released for the last time");
}

void dispatch_release(dispatch_object_t object)
{
	struct dispatch_object_s *o = object._os_obj;
	unsigned before;

	if (o->immortal)
		return;
	before = atomic_fetch_sub_explicit(&o->external, 1, memory_order_acq_rel);
	if (!before)
		gcd_object_trap("release of an object that was released for the last time");
	if (before > 1)
		return;
	if (o->ops->abandon)
		o->ops->abandon(o);
	gcd_object_unref(o);
}

void *dispatch_get_context(dispatch_object_t object)
{
	return object._os_obj->context;
}

void dispatch_set_context(dispatch_object_t object, void *context)
{
	/* Global queues belong to everybody. */
	if (!object._os_obj->immortal || object._dq == &gcd_main_queue)
		object._os_obj->context = context;
}

void dispatch_set_finalizer_f(dispatch_object_t object, dispatch_function_t finalizer)
{
	if (!object._os_obj->immortal)
		object._os_obj->finalizer = finalizer;
}

void dispatch_activate(dispatch_object_t object)
{
	if (object._os_obj->ops->resume)
		object._os_obj->ops->resume(object._os_obj, true);
}

void dispatch_suspend(dispatch_object_t object)
{
	if (object._os_obj->ops->suspend)
		object._os_obj->ops->suspend(object._os_obj);
}

void dispatch_resume(dispatch_object_t object)
{
	if (object._os_obj->ops->resume)
		object._os_obj->ops->resume(object._os_obj, false);
}

void dispatch_set_target_queue(dispatch_object_t object, dispatch_queue_t queue)
{
	struct dispatch_object_s *o = object._os_obj;

	if (o->immortal)
		return;
	if (o->ops->set_target)
		o->ops->set_target(o, gcd_queue_or_default(queue));
}

void dispatch_debugv(dispatch_object_t any, const char *message, va_list arguments)
{
	const struct dispatch_object_s *o = any._os_obj;
	char *text = NULL;

	if (vasprintf(&text, message, arguments) < 0)
		return;
	fprintf(stderr,
		"%s: object %p, %u references of the program's, %u of the library's, target %p\n",
		text, (const void *)o, atomic_load(&o->external), atomic_load(&o->internal),
		(const void *)o->target);
	free(text);
}

void dispatch_debug(dispatch_object_t any, const char *message, ...)
{
	va_list arguments;

	va_start(arguments, message);
	dispatch_debugv(any, message, arguments);
	va_end(arguments);
}
