// SPDX-License-Identifier: MIT
#include "cf/run_loop_internal.h"

static void observer_drop_info(CFRunLoopObserverRef o)
{
	void *info, *block;

	run_lock();
	if (o->firing) {
		run_unlock();
		return; /* the callback has it; observer_call drops it */
	}
	info = o->context.info;
	block = o->block;
	o->context.info = o->block = NULL;
	run_unlock();
	if (info && o->context.release)
		o->context.release(info);
	run_block_release(block);
}

static void observer_fini(void *object)
{
	observer_drop_info(object);
}

const struct cf_class cf_run_loop_observer_class = { .name = "CFRunLoopObserver",
						     .fini = observer_fini };

CFTypeID CFRunLoopObserverGetTypeID(void)
{
	return CF_TYPE_RUN_LOOP_OBSERVER;
}

CFRunLoopObserverRef CFRunLoopObserverCreate(CFAllocatorRef allocator, CFOptionFlags activities,
					     Boolean repeats, CFIndex order,
					     CFRunLoopObserverCallBack callout,
					     CFRunLoopObserverContext *context)
{
	CFRunLoopObserverRef o = cf_object_new_in(allocator, CF_TYPE_RUN_LOOP_OBSERVER, sizeof *o);

	if (!o)
		return NULL;
	o->item.kind = RUN_OBSERVER;
	o->item.order = order;
	o->item.valid = true;
	o->activities = activities;
	o->repeats = repeats;
	o->callout = callout;
	if (context) {
		o->context = *context;
		if (context->retain)
			o->context.info = (void *)context->retain(context->info);
	}
	return o;
}

__attribute__((visibility("default"))) CFRunLoopObserverRef
CFRunLoopObserverCreateWithHandler(CFAllocatorRef allocator, CFOptionFlags activities,
				   Boolean repeats, CFIndex order, void *block);

CFRunLoopObserverRef CFRunLoopObserverCreateWithHandler(CFAllocatorRef allocator,
							CFOptionFlags activities, Boolean repeats,
							CFIndex order, void *block)
{
	CFRunLoopObserverRef o =
		CFRunLoopObserverCreate(allocator, activities, repeats, order, NULL, NULL);

	if (o)
		o->block = run_block_copy(block);
	return o;
}

CFOptionFlags CFRunLoopObserverGetActivities(CFRunLoopObserverRef observer)
{
	if (!cf_is(observer, CF_TYPE_RUN_LOOP_OBSERVER))
		return 0;
	return observer->activities;
}

Boolean CFRunLoopObserverDoesRepeat(CFRunLoopObserverRef observer)
{
	if (!cf_is(observer, CF_TYPE_RUN_LOOP_OBSERVER))
		return FALSE;
	return observer->repeats;
}

CFIndex CFRunLoopObserverGetOrder(CFRunLoopObserverRef observer)
{
	if (!cf_is(observer, CF_TYPE_RUN_LOOP_OBSERVER))
		return 0;
	return observer->item.order;
}

void CFRunLoopObserverInvalidate(CFRunLoopObserverRef observer)
{
	if (!cf_is(observer, CF_TYPE_RUN_LOOP_OBSERVER))
		return;
	CFRetain(observer);
	if (run_item_invalidate(&observer->item))
		observer_drop_info(observer);
	CFRelease(observer);
}

Boolean CFRunLoopObserverIsValid(CFRunLoopObserverRef observer)
{
	Boolean valid;

	if (!cf_is(observer, CF_TYPE_RUN_LOOP_OBSERVER))
		return FALSE;
	run_lock();
	valid = observer->item.valid;
	run_unlock();
	return valid;
}

void CFRunLoopObserverGetContext(CFRunLoopObserverRef observer, CFRunLoopObserverContext *context)
{
	if (!cf_is(observer, CF_TYPE_RUN_LOOP_OBSERVER) || !context)
		return;
	run_lock();
	*context = observer->context;
	run_unlock();
}

Boolean CFRunLoopContainsObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer,
				  CFRunLoopMode mode)
{
	return run_item_is_in(rl, (struct run_item *)observer, CF_TYPE_RUN_LOOP_OBSERVER, mode);
}

void CFRunLoopAddObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer, CFRunLoopMode mode)
{
	run_item_add(rl, (struct run_item *)observer, CF_TYPE_RUN_LOOP_OBSERVER, mode);
}

void CFRunLoopRemoveObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer, CFRunLoopMode mode)
{
	run_item_remove(rl, (struct run_item *)observer, CF_TYPE_RUN_LOOP_OBSERVER, mode);
}

/* Locked; unlocks for the call. */
static void observer_call(CFRunLoopObserverRef o, CFRunLoopActivity activity)
{
	void *info = o->context.info, *block = o->block;

	o->firing = true;
	run_unlock();
	if (!o->repeats)
		run_item_invalidate(&o->item);
	if (block)
		run_block_call(block, o, activity);
	else if (o->callout)
		o->callout(o, activity, info);
	run_lock();
	o->firing = false;
	if (!o->item.valid) {
		run_unlock();
		observer_drop_info(o);
		run_lock();
	}
}

void run_observers_call(CFRunLoopRef rl, CFStringRef mode, CFRunLoopActivity activity)
{
	struct run_set set;

	run_lock();
	set = run_snapshot_locked(rl, mode, RUN_OBSERVER);
	for (size_t i = 0; i < set.count; i++) {
		CFRunLoopObserverRef o = (CFRunLoopObserverRef)set.items[i];

		/* An observer that runs the loop itself is not called again inside. */
		if (o->item.valid && !o->firing && (o->activities & activity))
			observer_call(o, activity);
	}
	run_unlock();
	run_snapshot_free(&set);
}
