// SPDX-License-Identifier: MIT
#include "cf/run_loop_internal.h"

#include <stdlib.h>

#define NS_PER_S 1e9
#define NS_FAR (UINT64_MAX / 4)

static void timer_drop_info(CFRunLoopTimerRef t)
{
	void *info, *block;

	run_lock();
	if (t->firing) {
		run_unlock();
		return; /* the callback has it; timer_fire drops it */
	}
	info = t->context.info;
	block = t->block;
	t->context.info = t->block = NULL;
	run_unlock();
	if (info && t->context.release)
		t->context.release(info);
	run_block_release(block);
}

static void timer_fini(void *object)
{
	timer_drop_info(object);
}

const struct cf_class cf_run_loop_timer_class = { .name = "CFRunLoopTimer", .fini = timer_fini };

CFTypeID CFRunLoopTimerGetTypeID(void)
{
	return CF_TYPE_RUN_LOOP_TIMER;
}

/* Seconds as ns, cut to what the arithmetic below stands. */
static uint64_t timer_ns(CFTimeInterval seconds)
{
	if (!(seconds > 0))
		return 0;
	return seconds * NS_PER_S >= (double)NS_FAR ? NS_FAR : (uint64_t)(seconds * NS_PER_S);
}

static void timer_set_date_locked(CFRunLoopTimerRef t, CFAbsoluteTime date)
{
	t->fire_date = date;
	t->at_ns = run_now_ns() + timer_ns(date - CFAbsoluteTimeGetCurrent());
	t->settings++;
}

CFRunLoopTimerRef CFRunLoopTimerCreate(CFAllocatorRef allocator, CFAbsoluteTime fireDate,
				       CFTimeInterval interval, CFOptionFlags flags, CFIndex order,
				       CFRunLoopTimerCallBack callout,
				       CFRunLoopTimerContext *context)
{
	CFRunLoopTimerRef t = cf_object_new_in(allocator, CF_TYPE_RUN_LOOP_TIMER, sizeof *t);

	(void)flags;
	if (!t)
		return NULL;
	t->item.kind = RUN_TIMER;
	t->item.order = order;
	t->item.valid = true;
	t->interval = interval > 0 ? interval : 0;
	t->callout = callout;
	if (context) {
		t->context = *context;
		if (context->retain)
			t->context.info = (void *)context->retain(context->info);
	}
	timer_set_date_locked(t, fireDate); /* nobody else has it yet */
	return t;
}

__attribute__((visibility("default"))) CFRunLoopTimerRef
CFRunLoopTimerCreateWithHandler(CFAllocatorRef allocator, CFAbsoluteTime fireDate,
				CFTimeInterval interval, CFOptionFlags flags, CFIndex order,
				void *block);

CFRunLoopTimerRef CFRunLoopTimerCreateWithHandler(CFAllocatorRef allocator, CFAbsoluteTime fireDate,
						  CFTimeInterval interval, CFOptionFlags flags,
						  CFIndex order, void *block)
{
	CFRunLoopTimerRef t =
		CFRunLoopTimerCreate(allocator, fireDate, interval, flags, order, NULL, NULL);

	if (t)
		t->block = run_block_copy(block);
	return t;
}

CFAbsoluteTime CFRunLoopTimerGetNextFireDate(CFRunLoopTimerRef timer)
{
	CFAbsoluteTime date;

	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return 0;
	run_lock();
	date = timer->item.valid ? timer->fire_date : 0;
	run_unlock();
	return date;
}

void CFRunLoopTimerSetNextFireDate(CFRunLoopTimerRef timer, CFAbsoluteTime fireDate)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return;
	run_lock();
	if (timer->item.valid) {
		timer_set_date_locked(timer, fireDate);
		if (timer->item.loop)
			run_loop_wake_locked(timer->item.loop);
	}
	run_unlock();
}

CFTimeInterval CFRunLoopTimerGetInterval(CFRunLoopTimerRef timer)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return 0;
	return timer->interval;
}

Boolean CFRunLoopTimerDoesRepeat(CFRunLoopTimerRef timer)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return FALSE;
	return timer->interval > 0;
}

CFIndex CFRunLoopTimerGetOrder(CFRunLoopTimerRef timer)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return 0;
	return timer->item.order;
}

void CFRunLoopTimerInvalidate(CFRunLoopTimerRef timer)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return;
	CFRetain(timer);
	if (run_item_invalidate(&timer->item))
		timer_drop_info(timer);
	CFRelease(timer);
}

Boolean CFRunLoopTimerIsValid(CFRunLoopTimerRef timer)
{
	Boolean valid;

	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return FALSE;
	run_lock();
	valid = timer->item.valid;
	run_unlock();
	return valid;
}

void CFRunLoopTimerGetContext(CFRunLoopTimerRef timer, CFRunLoopTimerContext *context)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER) || !context)
		return;
	run_lock();
	*context = timer->context;
	run_unlock();
}

CFTimeInterval CFRunLoopTimerGetTolerance(CFRunLoopTimerRef timer)
{
	CFTimeInterval tolerance;

	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return 0;
	run_lock();
	tolerance = timer->tolerance;
	run_unlock();
	return tolerance;
}

void CFRunLoopTimerSetTolerance(CFRunLoopTimerRef timer, CFTimeInterval tolerance)
{
	if (!cf_is(timer, CF_TYPE_RUN_LOOP_TIMER))
		return;
	run_lock();
	timer->tolerance = tolerance > 0 ? tolerance : 0;
	if (timer->interval > 0 && timer->tolerance > timer->interval / 2)
		timer->tolerance = timer->interval / 2;
	run_unlock();
}

Boolean CFRunLoopContainsTimer(CFRunLoopRef rl, CFRunLoopTimerRef timer, CFRunLoopMode mode)
{
	return run_item_is_in(rl, (struct run_item *)timer, CF_TYPE_RUN_LOOP_TIMER, mode);
}

void CFRunLoopAddTimer(CFRunLoopRef rl, CFRunLoopTimerRef timer, CFRunLoopMode mode)
{
	run_item_add(rl, (struct run_item *)timer, CF_TYPE_RUN_LOOP_TIMER, mode);
}

void CFRunLoopRemoveTimer(CFRunLoopRef rl, CFRunLoopTimerRef timer, CFRunLoopMode mode)
{
	run_item_remove(rl, (struct run_item *)timer, CF_TYPE_RUN_LOOP_TIMER, mode);
}

CFAbsoluteTime CFRunLoopGetNextTimerFireDate(CFRunLoopRef rl, CFRunLoopMode name)
{
	CFAbsoluteTime first = 0;
	struct run_mode *mode;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP) || !cf_is(name, CF_TYPE_STRING))
		return 0;
	run_lock();
	mode = run_mode_find_locked(rl, name);
	for (size_t i = 0; mode && i < mode->sets[RUN_TIMER].count; i++) {
		CFRunLoopTimerRef t = (CFRunLoopTimerRef)mode->sets[RUN_TIMER].items[i];

		if (t->item.valid && (first == 0 || t->fire_date < first))
			first = t->fire_date;
	}
	run_unlock();
	return first;
}

/* --- firing ------------------------------------------------------------------------- */

uint64_t run_timers_next_locked(CFRunLoopRef rl, CFStringRef name)
{
	struct run_mode *mode = run_mode_find_locked(rl, name);
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; mode && i < mode->sets[RUN_TIMER].count; i++) {
		CFRunLoopTimerRef t = (CFRunLoopTimerRef)mode->sets[RUN_TIMER].items[i];

		if (t->item.valid && !t->firing && t->at_ns < first)
			first = t->at_ns;
	}
	return first;
}

/* The next period that is not over yet. */
static void timer_advance_locked(CFRunLoopTimerRef t)
{
	uint64_t interval = timer_ns(t->interval), now = run_now_ns(), periods = 1;

	if (!interval)
		interval = 1;
	if (now > t->at_ns)
		periods += (now - t->at_ns) / interval;
	t->at_ns = interval >= NS_FAR ? NS_FAR : t->at_ns + periods * interval;
	t->fire_date += (double)periods * t->interval;
}

/* Locked; unlocks for the call. */
static void timer_fire(CFRunLoopTimerRef t)
{
	unsigned settings = t->settings;
	void *info = t->context.info, *block = t->block;

	t->firing = true;
	run_unlock();
	if (block)
		run_block_call(block, t, 0);
	else if (t->callout)
		t->callout(t, info);
	if (t->interval <= 0)
		run_item_invalidate(&t->item);
	run_lock();
	t->firing = false;
	if (!t->item.valid) {
		run_unlock();
		timer_drop_info(t);
		run_lock();
	} else if (t->settings == settings) {
		timer_advance_locked(t);
	}
}

static int timer_compare(const void *a, const void *b)
{
	uint64_t x = (*(CFRunLoopTimerRef const *)a)->at_ns,
		 y = (*(CFRunLoopTimerRef const *)b)->at_ns;

	return x < y ? -1 : x > y;
}

/* References to the timers of the mode that are due, in the order of their times. Of many timers
 * usually few are due, so the others are not touched. */
static struct run_set due_timers_locked(CFRunLoopRef rl, CFStringRef name, uint64_t now)
{
	struct run_mode *mode = run_mode_find_locked(rl, name);
	struct run_set due = { NULL, 0, 0 }, *timers = mode ? &mode->sets[RUN_TIMER] : &due;

	for (size_t i = 0; i < timers->count; i++) {
		CFRunLoopTimerRef t = (CFRunLoopTimerRef)timers->items[i];

		if (!t->item.valid || t->firing || t->at_ns > now)
			continue;
		if (due.count == due.capacity) {
			size_t capacity = due.capacity ? due.capacity * 2 : 8;
			struct run_item **items = realloc(due.items, capacity * sizeof *items);

			if (!items)
				break; /* the others are due in the next pass, too */
			due.items = items;
			due.capacity = capacity;
		}
		due.items[due.count++] = (struct run_item *)CFRetain(t);
	}
	if (due.count > 1)
		qsort(due.items, due.count, sizeof *due.items, timer_compare);
	return due;
}

bool run_timers_fire(CFRunLoopRef rl, CFStringRef mode)
{
	uint64_t now = run_now_ns();
	struct run_set due;
	bool any = false;

	run_lock();
	due = due_timers_locked(rl, mode, now);
	for (size_t i = 0; i < due.count; i++) {
		CFRunLoopTimerRef t = (CFRunLoopTimerRef)due.items[i];

		/* The ones before it may have changed it. */
		if (!t->item.valid || t->firing || t->at_ns > now)
			continue;
		timer_fire(t);
		any = true;
	}
	run_unlock();
	run_snapshot_free(&due);
	return any;
}
