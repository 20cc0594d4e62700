// SPDX-License-Identifier: MIT
#include "cf/run_loop_internal.h"

static CFTypeID observer_type;

static void observer_drop_info(CFRunLoopObserverRef o)
{
	void *info, *block;

	run_lock();
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

static const struct cf_class observer_class = { .name = "CFRunLoopObserver",
						.fini = observer_fini };

static void observer_register(void)
{
	observer_type = cf_class_register(&observer_class);
}

CFTypeID CFRunLoopObserverGetTypeID(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, observer_register);
	return observer_type;
}

CFRunLoopObserverRef CFRunLoopObserverCreate(CFAllocatorRef allocator, CFOptionFlags activities,
					     Boolean repeats, CFIndex order,
					     CFRunLoopObserverCallBack callout,
					     CFRunLoopObserverContext *context)
{
	CFRunLoopObserverRef o =
		cf_object_new_in(allocator, CFRunLoopObserverGetTypeID(), sizeof *o);

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
	return observer->activities;
}

Boolean CFRunLoopObserverDoesRepeat(CFRunLoopObserverRef observer)
{
	return observer->repeats;
}

CFIndex CFRunLoopObserverGetOrder(CFRunLoopObserverRef observer)
{
	return observer->item.order;
}

void CFRunLoopObserverInvalidate(CFRunLoopObserverRef observer)
{
	CFRetain(observer);
	if (run_item_invalidate(&observer->item))
		observer_drop_info(observer);
	CFRelease(observer);
}

Boolean CFRunLoopObserverIsValid(CFRunLoopObserverRef observer)
{
	Boolean valid;

	run_lock();
	valid = observer->item.valid;
	run_unlock();
	return valid;
}

void CFRunLoopObserverGetContext(CFRunLoopObserverRef observer, CFRunLoopObserverContext *context)
{
	run_lock();
	*context = observer->context;
	run_unlock();
}

Boolean CFRunLoopContainsObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer,
				  CFRunLoopMode mode)
{
	return run_item_is_in(rl, &observer->item, mode);
}

void CFRunLoopAddObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer, CFRunLoopMode mode)
{
	run_item_add(rl, &observer->item, mode);
}

void CFRunLoopRemoveObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer, CFRunLoopMode mode)
{
	run_item_remove(rl, &observer->item, mode);
}

/* Locked; unlocks for the call. */
static void observer_call(CFRunLoopObserverRef o, CFRunLoopActivity activity)
{
	void *info = o->context.info, *block = o->block;

	o->firing = true;
	run_unlock();
	if (!o->repeats)
		run_item_invalidate(&o->item);
	if (block) {
		block = run_block_copy(block);
		run_block_call(block, o, activity);
		run_block_release(block);
	} else if (o->callout) {
		o->callout(o, activity, info);
	}
	if (!o->repeats)
		observer_drop_info(o);
	run_lock();
	o->firing = false;
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
