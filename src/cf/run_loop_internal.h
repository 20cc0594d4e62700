// SPDX-License-Identifier: MIT
/*
 * Run loops, their modes and what is in them; shared by the run_loop_*.c files.
 *
 * One lock guards the structure of all loops: who is in which mode, validity,
 * fire times. It is never held while a function of the program is called.
 */
#pragma once

#include <CoreFoundation/CFRunLoop.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "cf/cf_internal.h"

enum run_kind { RUN_SOURCE, RUN_TIMER, RUN_OBSERVER, RUN_KINDS };

/* How sources, timers and observers begin. */
struct run_item {
	struct cf_object base;
	enum run_kind kind;
	CFIndex order;
	bool valid;
	CFRunLoopRef loop; /* timers and observers: the only one they may be in; borrowed */
};

/* Retained items in their order. */
struct run_set {
	struct run_item **items;
	size_t count, capacity;
};

struct run_mode {
	struct list link;
	CFStringRef name;
	bool is_common;
	struct run_set sets[RUN_KINDS];
	size_t turn; /* where the search for a ready source begins */
};

/* A run in progress, on the stack of the loop's thread. */
struct run {
	struct run *outer;
	CFStringRef mode;
	bool stopped;
};

struct __CFRunLoop {
	struct cf_object base;
	struct list link; /* in all loops */
	pthread_t thread;
	bool is_main;
	struct list modes;
	struct run_set common[RUN_KINDS];
	struct list blocks;
	struct run *run; /* innermost */
	bool waiting;
	atomic_bool woken; /* wake_fd is readable or about to be, so that others need not write */
	/* -1 in a child of fork until it runs, and when the system refused one: the loop then looks now and then */
	atomic_int wake_fd;
};

/* How CFMachPort and CFFileDescriptor use a source. */
struct run_source_ops {
	/* A descriptor and what to wait for; -1 for none at the moment. NULL: getPort of version 1. */
	int (*poll)(void *info, short *ret_events);
	void (*ready)(void *info, short events);
	/* The right behind getPort is gone. */
	void (*dead)(void *info);
};

/* Who has the info of an object's context: as on macOS a callback may invalidate its object, or another thread may, and
 * it still has its info. Guarded by the object's lock. */
struct run_info {
	unsigned n_calls; /* of callbacks */
	bool is_over;	  /* the object is invalid */
};

/* The object is invalid: is its info to be released now? Else the last callback does so. */
static inline bool run_info_end(struct run_info *info)
{
	info->is_over = true;
	return !info->n_calls;
}

/* A callback has returned: is the info to be released? */
static inline bool run_info_leave(struct run_info *info)
{
	return !--info->n_calls && info->is_over;
}

struct __CFRunLoopSource {
	struct run_item item;
	union {
		CFRunLoopSourceContext v0;
		CFRunLoopSourceContext1 v1;
	} context;
	const struct run_source_ops *ops; /* or NULL */
	bool signalled;
	CFRunLoopRef performing; /* version 0 */
};

struct __CFRunLoopTimer {
	struct run_item item;
	CFTimeInterval interval, tolerance;
	CFAbsoluteTime fire_date;
	uint64_t at_ns; /* the same on CLOCK_MONOTONIC */
	bool firing;
	unsigned settings; /* how often the date was set */
	CFRunLoopTimerCallBack callout;
	CFRunLoopTimerContext context;
	void *block; /* in place of callout */
};

struct __CFRunLoopObserver {
	struct run_item item;
	CFOptionFlags activities;
	bool repeats, firing;
	CFRunLoopObserverCallBack callout;
	CFRunLoopObserverContext context;
	void *block;
};

/* --- run_loop.c ------------------------------------------------------------------- */

void run_lock(void);
void run_unlock(void);
/* In MODE of RL or all its common modes. Nothing when the arguments are not what they have to be;
 * the item is to be of TYPE. */
void run_item_add(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef mode);
void run_item_remove(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef mode);
bool run_item_is_in(CFRunLoopRef rl, struct run_item *item, CFTypeID type, CFStringRef mode);
/* From all modes of all loops. True when it was valid. */
bool run_item_invalidate(struct run_item *item);
/* Wake the loops that it is in. */
void run_item_wake(const struct run_item *item);
struct run_mode *run_mode_find_locked(CFRunLoopRef rl, CFStringRef name);
/* If it sleeps. */
void run_loop_wake_locked(CFRunLoopRef rl);
uint64_t run_now_ns(void);

/* --- run_loop_block.c ------------------------------------------------------------------ */

/* Blocks are used through their published layout; the library is built without them. */
void *run_block_copy(const void *block);
void run_block_release(void *block);
void run_block_call(void *block, const void *first, unsigned long second);
bool run_blocks_wait_locked(CFRunLoopRef rl, CFStringRef mode);
/* True when any ran. */
bool run_blocks_perform(CFRunLoopRef rl, CFStringRef mode);
void run_blocks_drop(CFRunLoopRef rl);

/* --- run_loop_source.c, run_loop_timer.c, run_loop_observer.c -------------------------------- */

CFRunLoopSourceRef run_source_new(CFIndex order, const CFRunLoopSourceContext1 *context,
				  const struct run_source_ops *ops);
/* All signalled sources of version 0, or one. True when any was performed. */
bool run_sources_perform(CFRunLoopRef rl, CFStringRef mode, bool only_one);
bool run_sources_signalled_locked(const struct run_mode *mode);
/* Receive one message and perform. True when there was one. COMES_AGAIN: the descriptor may be readable
 * until there was none (port_receive_next). */
bool run_source_receive(CFRunLoopSourceRef source, short events, bool comes_again);
/* The descriptor to poll, -1 for none, RUN_BLIND: there are none left, look now and then. *RET_PORT (may become NULL) is
 * to be released after it. */
enum { RUN_BLIND = -2 };
struct port;
int run_source_descriptor(CFRunLoopSourceRef source, short *ret_events, struct port **ret_port);
bool run_timers_fire(CFRunLoopRef rl, CFStringRef mode);
/* UINT64_MAX: none. */
uint64_t run_timers_next_locked(CFRunLoopRef rl, CFStringRef mode);
void run_observers_call(CFRunLoopRef rl, CFStringRef mode, CFRunLoopActivity activity);
/* A retained copy of MODE's items, to be walked without the lock. Free with run_snapshot_free. */
struct run_set run_snapshot_locked(CFRunLoopRef rl, CFStringRef mode, enum run_kind kind);
void run_snapshot_free(struct run_set *set);
