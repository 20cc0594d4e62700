// SPDX-License-Identifier: MIT
/* The loops of the threads, their modes, and who is in them. run_loop_run.c runs them. */
#include "cf/run_loop_internal.h"

#include <CoreFoundation/CFArray.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cf/string_internal.h"

CF_CONSTANT_STRING(kCFRunLoopDefaultMode, "kCFRunLoopDefaultMode");
CF_CONSTANT_STRING(kCFRunLoopCommonModes, "kCFRunLoopCommonModes");

static pthread_mutex_t loops_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list loops = LIST_INIT(loops); /* guarded by loops_lock */
static CFRunLoopRef main_loop;
static pthread_key_t current_key;
static bool has_key;
/* In a forked child the thread that called fork is the main thread. */
static _Thread_local enum { ROLE_UNKNOWN, ROLE_MAIN, ROLE_OTHER } thread_role;

void run_lock(void)
{
	pthread_mutex_lock(&loops_lock);
}

void run_unlock(void)
{
	pthread_mutex_unlock(&loops_lock);
}

uint64_t run_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- sets of items ------------ */

static size_t set_find(const struct run_set *set, const struct run_item *item)
{
	size_t i = 0;

	while (i < set->count && set->items[i] != item)
		i++;
	return i;
}

/* False: in it already, or no memory. */
static bool set_add(struct run_set *set, struct run_item *item)
{
	size_t at = set->count;

	if (set_find(set, item) < set->count)
		return false;
	if (set->count == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 4;
		struct run_item **items = realloc(set->items, capacity * sizeof *items);

		if (!items)
			return false;
		set->items = items;
		set->capacity = capacity;
	}
	for (; at && set->items[at - 1]->order > item->order; at--)
		set->items[at] = set->items[at - 1];
	set->items[at] = (struct run_item *)CFRetain(item);
	set->count++;
	return true;
}

/* The caller gets the set's reference. */
static bool set_remove(struct run_set *set, const struct run_item *item)
{
	size_t at = set_find(set, item);

	if (at == set->count)
		return false;
	set->count--;
	for (; at < set->count; at++)
		set->items[at] = set->items[at + 1];
	return true;
}

struct run_set run_snapshot_locked(CFRunLoopRef rl, CFStringRef name, enum run_kind kind)
{
	struct run_mode *mode = run_mode_find_locked(rl, name);
	struct run_set copy = { NULL, 0, 0 }, *from = mode ? &mode->sets[kind] : &copy;

	if (from->count)
		copy.items = malloc(from->count * sizeof *copy.items);
	if (copy.items) /* without memory the pass sees nothing; a later one may */
		for (; copy.count < from->count; copy.count++)
			copy.items[copy.count] =
				(struct run_item *)CFRetain(from->items[copy.count]);
	return copy;
}

void run_snapshot_free(struct run_set *set)
{
	while (set->count)
		CFRelease(set->items[--set->count]);
	free(set->items);
	set->items = NULL;
}

/* --- modes ------------------------------------------------------------------------ */

struct run_mode *run_mode_find_locked(CFRunLoopRef rl, CFStringRef name)
{
	list_for_each(node, &rl->modes) {
		struct run_mode *mode = container_of(node, struct run_mode, link);

		if (CFEqual(mode->name, name))
			return mode;
	}
	return NULL;
}

static struct run_mode *mode_make_locked(CFRunLoopRef rl, CFStringRef name)
{
	struct run_mode *mode = run_mode_find_locked(rl, name);

	if (mode || !(mode = calloc(1, sizeof *mode)))
		return mode;
	mode->name = CFStringCreateCopy(NULL, name);
	if (!mode->name) {
		free(mode);
		return NULL;
	}
	list_add(&rl->modes, &mode->link);
	return mode;
}

static void modes_free(struct list *modes)
{
	while (!list_is_empty(modes)) {
		struct run_mode *mode = list_first(modes, struct run_mode, link);

		list_remove(&mode->link);
		CFRelease(mode->name);
		for (int k = 0; k < RUN_KINDS; k++)
			free(mode->sets[k].items);
		free(mode);
	}
}

/* --- items in modes; each step is taken under the lock, its callback without ------------ */

static void item_entered(CFRunLoopRef rl, struct run_item *item, CFStringRef mode)
{
	CFRunLoopSourceRef source = (CFRunLoopSourceRef)item;

	if (item->kind == RUN_SOURCE && source->context.v0.version == 0 &&
	    source->context.v0.schedule)
		source->context.v0.schedule(source->context.v0.info, rl, mode);
}

static void item_left(CFRunLoopRef rl, struct run_item *item, CFStringRef mode)
{
	CFRunLoopSourceRef source = (CFRunLoopSourceRef)item;

	if (item->kind == RUN_SOURCE && source->context.v0.version == 0 &&
	    source->context.v0.cancel)
		source->context.v0.cancel(source->context.v0.info, rl, mode);
	CFRelease(item); /* the set's reference */
}

void run_loop_wake_locked(CFRunLoopRef rl)
{
	if (rl->waiting)
		CFRunLoopWakeUp(rl);
}

/* May the item (still) be added? */
static bool item_fits_locked(CFRunLoopRef rl, const struct run_item *item)
{
	return item->valid && (item->kind == RUN_SOURCE || !item->loop || item->loop == rl);
}

static bool item_add_to_mode(CFRunLoopRef rl, struct run_item *item, struct run_mode *mode)
{
	CFStringRef name;
	bool added = item_fits_locked(rl, item) && set_add(&mode->sets[item->kind], item);

	if (!added)
		return false;
	if (item->kind != RUN_SOURCE)
		item->loop = rl;
	run_loop_wake_locked(rl);
	name = CFRetain(mode->name);
	run_unlock();
	item_entered(rl, item, name);
	CFRelease(name);
	run_lock();
	return true;
}

/* Add ITEM to one more of the common modes. Locked, as all step functions. */
static bool common_add_step(CFRunLoopRef rl, struct run_item *item)
{
	list_for_each(node, &rl->modes) {
		struct run_mode *mode = container_of(node, struct run_mode, link);

		if (mode->is_common && item_add_to_mode(rl, item, mode))
			return true;
	}
	return false;
}

static bool is_common_name(CFStringRef mode)
{
	return CFEqual(mode, kCFRunLoopCommonModes);
}

/* Are the three what they have to be? */
static bool is_item_call(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef name)
{
	return cf_is(rl, CF_TYPE_RUN_LOOP) && cf_is(item, type) && cf_is(name, CF_TYPE_STRING);
}

void run_item_add(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef name)
{
	struct run_mode *mode;

	if (!is_item_call(rl, item, type, name))
		return;
	CFRetain(item);
	run_lock();
	if (!is_common_name(name)) {
		mode = item_fits_locked(rl, item) ? mode_make_locked(rl, name) : NULL;
		if (mode)
			item_add_to_mode(rl, item, mode);
	} else if (item_fits_locked(rl, item)) {
		set_add(&rl->common[item->kind], item);
		while (common_add_step(rl, item))
			;
	}
	run_unlock();
	CFRelease(item);
}

static bool item_is_anywhere_locked(CFRunLoopRef rl, const struct run_item *item)
{
	list_for_each(node, &rl->modes) {
		struct run_set *set = &container_of(node, struct run_mode, link)->sets[item->kind];

		if (set_find(set, item) < set->count)
			return true;
	}
	return false;
}

void run_item_wake(const struct run_item *item)
{
	run_lock();
	list_for_each(node, &loops) {
		CFRunLoopRef rl = container_of(node, struct __CFRunLoop, link);

		if (item_is_anywhere_locked(rl, item))
			run_loop_wake_locked(rl);
	}
	run_unlock();
}

/* Take ITEM out of one of the loop's modes: of NAME, or all common ones, or (NULL) any. */
static bool remove_step(CFRunLoopRef rl, struct run_item *item, CFStringRef name, bool common)
{
	list_for_each(node, &rl->modes) {
		struct run_mode *mode = container_of(node, struct run_mode, link);
		CFStringRef left;

		if (common ? !mode->is_common : name && !CFEqual(mode->name, name))
			continue;
		if (!set_remove(&mode->sets[item->kind], item))
			continue;
		if (!item_is_anywhere_locked(rl, item))
			item->loop = NULL;
		left = CFRetain(mode->name);
		run_unlock();
		item_left(rl, item, left);
		CFRelease(left);
		run_lock();
		return true;
	}
	return false;
}

void run_item_remove(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef name)
{
	bool common, was_common = false;

	if (!is_item_call(rl, item, type, name))
		return;
	common = is_common_name(name);
	CFRetain(item);
	run_lock();
	if (common)
		was_common = set_remove(&rl->common[item->kind], item);
	while (remove_step(rl, item, name, common))
		;
	run_unlock();
	if (was_common)
		CFRelease(item);
	CFRelease(item);
}

bool run_item_is_in(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef name)
{
	struct run_mode *mode;
	struct run_set *set;
	bool found;

	if (!is_item_call(rl, item, type, name))
		return false;
	run_lock();
	mode = is_common_name(name) ? NULL : run_mode_find_locked(rl, name);
	set = mode ? &mode->sets[item->kind] : &rl->common[item->kind];
	found = (mode || is_common_name(name)) && set_find(set, item) < set->count;
	run_unlock();
	return found;
}

static bool forget_step(struct run_item *item)
{
	list_for_each(node, &loops) {
		CFRunLoopRef rl = container_of(node, struct __CFRunLoop, link);
		bool found;

		CFRetain(rl);
		found = set_remove(&rl->common[item->kind], item);
		if (found) {
			run_unlock();
			CFRelease(item);
			run_lock();
		} else {
			found = remove_step(rl, item, NULL, false);
		}
		if (found) {
			/* A loop that sleeps for nothing else has to notice. */
			run_loop_wake_locked(rl);
			run_unlock();
			CFRelease(rl);
			run_lock();
			return true;
		}
		run_unlock();
		CFRelease(rl);
		run_lock();
	}
	return false;
}

bool run_item_invalidate(struct run_item *item)
{
	bool was_valid;

	CFRetain(item);
	run_lock();
	was_valid = item->valid;
	item->valid = false;
	if (was_valid)
		while (forget_step(item))
			;
	run_unlock();
	CFRelease(item);
	return was_valid;
}

/* --- loops --------------------------------------------------------------------------- */

static void loop_clear(CFRunLoopRef rl)
{
	run_lock();
	for (int k = 0; k < RUN_KINDS; k++) {
		struct run_set *set = &rl->common[k];

		while (set->count) {
			struct run_item *item = set->items[--set->count];

			run_unlock();
			CFRelease(item);
			run_lock();
		}
		list_for_each_safe(node, &rl->modes) {
			set = &container_of(node, struct run_mode, link)->sets[k];
			while (set->count)
				remove_step(rl, set->items[0], NULL, false);
		}
	}
	run_unlock();
}

static void loop_fini(void *object)
{
	CFRunLoopRef rl = object;

	/* What others added after its thread had ended. */
	loop_clear(rl);
	run_blocks_drop(rl);
	run_lock();
	modes_free(&rl->modes);
	for (int k = 0; k < RUN_KINDS; k++)
		free(rl->common[k].items);
	run_unlock();
	fd_close(rl->wake_fd);
}

const struct cf_class cf_run_loop_class = { .name = "CFRunLoop", .fini = loop_fini };

static void thread_ended(void *loop)
{
	CFRunLoopRef rl = loop;

	loop_clear(rl);
	/* Who walks the list may take references: it holds live loops only. */
	run_lock();
	list_remove(&rl->link);
	run_unlock();
	CFRelease(rl);
}

static void fork_child(void)
{
	thread_role = ROLE_UNKNOWN;
	/* Waking the child must not wake the parent. A child that closes all descriptors has none of ours. */
	list_for_each(node, &loops) {
		CFRunLoopRef rl = container_of(node, struct __CFRunLoop, link);

		rl->wake_fd = fd_close(rl->wake_fd);
		rl->woken = false;
	}
	run_unlock();
}

/* Taken with the library: a key that is not to be had then is missing for good, and a program that
 * never asks for a run loop does not notice. */
__attribute__((constructor)) static void loop_register(void)
{
	has_key = !pthread_key_create(&current_key, thread_ended);
	pthread_atfork(run_lock, run_unlock, fork_child);
}

static CFRunLoopRef loop_new(bool is_main)
{
	CFRunLoopRef rl;
	struct run_mode *mode;

	/* The callers know no failure. */
	while (!(rl = cf_object_new_in(kCFAllocatorSystemDefault, CF_TYPE_RUN_LOOP, sizeof *rl)))
		cf_wait_for_memory();
	rl->thread = pthread_self();
	rl->is_main = is_main;
	list_init(&rl->modes);
	list_init(&rl->blocks);
	rl->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	list_init(&rl->link);
	while (!(mode = mode_make_locked(rl, kCFRunLoopDefaultMode)))
		cf_wait_for_memory();
	mode->is_common = true;
	return rl;
}

CFTypeID CFRunLoopGetTypeID(void)
{
	return CF_TYPE_RUN_LOOP;
}

CFRunLoopRef CFRunLoopGetMain(void)
{
	run_lock();
	if (!main_loop) {
		main_loop = loop_new(true);
		cf_object_make_immortal(main_loop);
		list_add(&loops, &main_loop->link);
	}
	run_unlock();
	return main_loop;
}

CFRunLoopRef CFRunLoopGetCurrent(void)
{
	CFRunLoopRef rl;

	if (thread_role == ROLE_MAIN)
		return CFRunLoopGetMain();
	if (thread_role == ROLE_UNKNOWN)
		thread_role = gettid() == getpid() ? ROLE_MAIN : ROLE_OTHER;
	if (thread_role == ROLE_MAIN)
		return CFRunLoopGetMain();
	if (!has_key)
		cf_abort("the program left no thread key for run loops");
	rl = pthread_getspecific(current_key);
	if (rl)
		return rl;
	rl = loop_new(false);
	while (pthread_setspecific(current_key, rl))
		cf_wait_for_memory();
	run_lock();
	list_add(&loops, &rl->link);
	run_unlock();
	return rl;
}

CFRunLoopMode CFRunLoopCopyCurrentMode(CFRunLoopRef rl)
{
	CFRunLoopMode mode;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP))
		return NULL;
	run_lock();
	mode = rl->run ? CFRetain(rl->run->mode) : NULL;
	run_unlock();
	return mode;
}

CFArrayRef CFRunLoopCopyAllModes(CFRunLoopRef rl)
{
	CFMutableArrayRef names;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP))
		return NULL;
	names = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	if (!names)
		return NULL;
	run_lock();
	list_for_each(node, &rl->modes)
		CFArrayAppendValue(names, container_of(node, struct run_mode, link)->name);
	run_unlock();
	return names;
}

void CFRunLoopAddCommonMode(CFRunLoopRef rl, CFRunLoopMode name)
{
	struct run_mode *mode;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP) || !cf_is(name, CF_TYPE_STRING) || is_common_name(name))
		return;
	run_lock();
	mode = mode_make_locked(rl, name);
	if (mode)
		mode->is_common = true;
	for (int k = 0; mode && k < RUN_KINDS; k++)
		for (size_t i = 0; i < rl->common[k].count; i++) {
			struct run_item *item = (struct run_item *)CFRetain(rl->common[k].items[i]);

			item_add_to_mode(rl, item, mode);
			run_unlock();
			CFRelease(item);
			run_lock();
		}
	run_loop_wake_locked(rl);
	run_unlock();
}

Boolean CFRunLoopIsWaiting(CFRunLoopRef rl)
{
	Boolean waiting;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP))
		return FALSE;
	run_lock();
	waiting = rl->waiting;
	run_unlock();
	return waiting;
}

void CFRunLoopWakeUp(CFRunLoopRef rl)
{
	uint64_t one = 1;

	if (!cf_is(rl, CF_TYPE_RUN_LOOP) || atomic_exchange(&rl->woken, true))
		return;
	int fd = atomic_load(&rl->wake_fd);
	if (fd >= 0 && write(fd, &one, sizeof one) < 0)
		return; /* full: it wakes anyway */
}

void CFRunLoopStop(CFRunLoopRef rl)
{
	if (!cf_is(rl, CF_TYPE_RUN_LOOP))
		return;
	run_lock();
	if (rl->run) {
		rl->run->stopped = true;
		/* Also when it is about to sleep. */
		CFRunLoopWakeUp(rl);
	}
	run_unlock();
}
