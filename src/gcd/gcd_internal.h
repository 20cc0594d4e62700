// SPDX-License-Identifier: MIT
/*
 * Objects of the dispatch slice, shared inside this folder.
 *
 * Lock order: manager, source, queue, its target, ..., main queue, worker pool.
 * Client code never runs with a lock held. The reset_child functions run in a forked
 * child, with the locks held that fork.c took.
 *
 * Work travels as items. An item is pushed to a queue; the queue decides when it
 * may start and pushes it (or, serial queues, one item that stands for the
 * whole queue) on to its target, until a worker thread or the main thread
 * runs it.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dispatch/dispatch.h>
#include <mach/port.h>

#include "base/err.h"
#include "base/list.h"

/* --- object.c: what all objects start with ------------------------------------- */

struct gcd_object_ops {
	/* The client's last reference has gone; internal ones may remain. May be NULL. */
	void (*abandon)(struct dispatch_object_s *object);
	/* No reference is left: free everything but context and target. */
	void (*free)(struct dispatch_object_s *object);
	/* NULL: the object cannot be suspended. */
	void (*suspend)(struct dispatch_object_s *object);
	void (*resume)(struct dispatch_object_s *object, bool activate_only);
	void (*set_target)(struct dispatch_object_s *object, struct dispatch_queue_s *target);
};

struct dispatch_object_s {
	const struct gcd_object_ops *ops;
	/* references: the client's, and ours (all of the client's together hold one of ours) */
	atomic_uint external, internal;
	bool immortal;
	void *context;
	dispatch_function_t finalizer;
	struct dispatch_queue_s *target; /* referenced; guarded by the object's lock */
};

void gcd_object_init(struct dispatch_object_s *object, const struct gcd_object_ops *ops);
void gcd_object_ref(struct dispatch_object_s *object);
void gcd_object_unref(struct dispatch_object_s *object);
/* Between two tries of what needs memory, descriptors or threads, where nobody can be told of a failure. */
void gcd_wait_for_room(void);
/* Memory that cannot be refused: waits until there is some. */
void *gcd_object_alloc(size_t size);
/* Print "BUG IN CLIENT OF DISPATCH: ..." and end the process. */
_Noreturn void gcd_object_trap(const char *what);

/* --- queue.c: items and queues --------------------------------------------------- */

#define GCD_ITEM_BARRIER 1u /* of the queue it is submitted to */
#define GCD_ITEM_ALONE 4u   /* runs as a barrier of its slot */
#define GCD_ITEM_SERIAL 2u  /* drains a serial queue: worth a thread of its own */

struct gcd_item {
	struct gcd_item *next;
	/* Runs the work and frees the item if it is to be freed. */
	void (*run)(struct gcd_item *item);
	dispatch_function_t function;
	void *context;
	struct dispatch_group_s *group; /* referenced, left afterwards */
	struct dispatch_queue_s *slot;	/* the concurrent queue that counts this item as running */
	unsigned flags;
};

struct gcd_fifo {
	struct gcd_item *head, *tail;
};

static inline void gcd_fifo_add(struct gcd_fifo *fifo, struct gcd_item *item)
{
	item->next = NULL;
	if (fifo->head)
		fifo->tail->next = item;
	else
		fifo->head = item;
	fifo->tail = item;
}

static inline struct gcd_item *gcd_fifo_take(struct gcd_fifo *fifo)
{
	struct gcd_item *item = fifo->head;

	if (item)
		fifo->head = item->next;
	return item;
}

/* What was taken and not run goes before what has come since. */
static inline void gcd_fifo_put_back(struct gcd_fifo *fifo, struct gcd_fifo taken)
{
	if (!taken.head)
		return;
	taken.tail->next = fifo->head;
	fifo->tail = fifo->head ? fifo->tail : taken.tail;
	fifo->head = taken.head;
}

enum gcd_queue_kind {
	GCD_QUEUE_GLOBAL, /* runs everything at once on worker threads */
	GCD_QUEUE_MAIN,	  /* run by the main thread */
	GCD_QUEUE_SERIAL,
	GCD_QUEUE_CONCURRENT,
};

struct gcd_specific; /* specific.c */

struct dispatch_queue_s {
	struct dispatch_object_s object;
	/* identity */
	enum gcd_queue_kind kind;
	char *label;
	dispatch_qos_class_t qos_class;
	int relative_priority;
	/* guarded by lock */
	pthread_mutex_t lock;
	struct gcd_fifo items;
	atomic_uint suspends; /* read without it while items run */
	bool inactive;
	bool owned; /* serial: drained, about to be, or owned by a synchronous caller */
	struct dispatch_queue_s *drained_on; /* where the drain item is or runs */
	unsigned running;		     /* concurrent: items started */
	bool barrier;			     /* concurrent: the running item is a barrier */
	struct gcd_specific *specifics;
	struct gcd_item drain;
};

/* What the current thread is running, innermost first. */
struct gcd_frame {
	struct gcd_frame *outer;
	struct dispatch_queue_s *queue;
	bool barrier;
};

extern _Thread_local struct gcd_frame *gcd_frame_current;

static inline void gcd_frame_enter(struct gcd_frame *frame, struct dispatch_queue_s *queue,
				   bool barrier)
{
	*frame = (struct gcd_frame){ gcd_frame_current, queue, barrier };
	gcd_frame_current = frame;
}

static inline void gcd_frame_leave(struct gcd_frame *frame)
{
	gcd_frame_current = frame->outer;
}

void gcd_queue_push(struct dispatch_queue_s *queue, struct gcd_item *item);
/* A new item for FUNCTION, freed when it has run. GROUP (may be NULL) is entered already. */
struct gcd_item *gcd_item_new(void *context, dispatch_function_t function,
			      struct dispatch_group_s *group, unsigned flags);
/* Run an item that a queue let start. */
void gcd_item_run(struct gcd_item *item);
/* NULL stands for the default global queue. */
struct dispatch_queue_s *gcd_queue_or_default(struct dispatch_queue_s *queue);
/* Occupy an idle queue and its targets for the calling thread, without waiting. */
bool gcd_queue_try_own(struct dispatch_queue_s *queue, bool barrier);
void gcd_queue_disown(struct dispatch_queue_s *queue);
/* True when QUEUE or one of its targets is, or targets, a queue that runs one item at a time. */
bool gcd_queue_is_serial(struct dispatch_queue_s *queue);
void gcd_specific_free(struct dispatch_queue_s *queue);

/* --- main_queue.c ---------------------------------------------------------------- */

extern struct dispatch_queue_s gcd_main_queue;
bool gcd_main_is_current_thread(void);
void gcd_main_push(struct gcd_item *item);
void gcd_main_resumed_locked(void);
/* In a forked child, with the queue locked; a new descriptor is made on demand. */
void gcd_main_reset_child(void);

/* --- worker.c --------------------------------------------------------------------- */

extern struct dispatch_queue_s gcd_global_queues[];
#define GCD_GLOBAL_COUNT 5
struct dispatch_queue_s *gcd_global_for_class(dispatch_qos_class_t qos_class); /* or NULL */
void gcd_worker_push(struct dispatch_queue_s *global, struct gcd_item *item);
unsigned gcd_worker_cores(void);
/* Start a detached thread with all signals blocked. */
err_t gcd_worker_start_thread(void *(*main)(void *), void *context);
/* On the manager thread, manager locked: begin to look after a busy pool if that was asked for. */
void gcd_worker_watch_locked(void);
void gcd_worker_lock(void);
void gcd_worker_unlock(void);
void gcd_worker_reset_child(void);

/* --- manager.c: one thread that waits for descriptors and timers --------------------- */

enum gcd_clock { GCD_CLOCK_UPTIME, GCD_CLOCK_WALL, GCD_CLOCK_COUNT };

struct gcd_timer {
	/* pairing heap; previous is the left sibling or the parent */
	struct gcd_timer *child, *next, *previous;
	bool queued;
	enum gcd_clock clock;
	uint64_t at_ns;
	/* Manager locked, timer not queued. Returns the next time, UINT64_MAX: none (and the timer may
	 * be gone). */
	uint64_t (*fire)(struct gcd_timer *timer, uint64_t now_ns);
};

struct gcd_watch {
	int fd;
	uint32_t events; /* EPOLL* bits */
	uint64_t id;
	/* Manager locked. The watch is disarmed; see gcd_watch_rearm. */
	void (*ready)(struct gcd_watch *watch, uint32_t events);
};

void gcd_manager_lock(void);
void gcd_manager_unlock(void);
/* Start or move; manager locked. */
void gcd_timer_start_locked(struct gcd_timer *timer, enum gcd_clock clock, uint64_t at_ns);
void gcd_timer_stop_locked(struct gcd_timer *timer);
/* FD and events are filled in; fires once, then after each rearm. -EPERM: always ready. */
err_t gcd_watch_add(struct gcd_watch *watch);
void gcd_watch_rearm(struct gcd_watch *watch);
/* No ready call runs or follows. Harmless when not added. */
void gcd_watch_remove(struct gcd_watch *watch);
/* Make the thread look for signals and a busy pool. Async-signal-safe; it must run. */
void gcd_manager_wake(void);
/* Start the thread if it does not run yet; needed before timers and wakes. With any lock held. */
err_t gcd_manager_start(void);
void gcd_manager_reset_child(void);
/* The last lock of all; keeps the thread from being started. */
void gcd_manager_lock_start(void);
void gcd_manager_unlock_start(void);

/* --- clock.c ------------------------------------------------------------------------ */

uint64_t gcd_clock_now(enum gcd_clock clock);
/* Absolute ns on *ret_clock; UINT64_MAX for DISPATCH_TIME_FOREVER. */
uint64_t gcd_clock_split(dispatch_time_t when, enum gcd_clock *ret_clock);
/* Look at *WORD for a moment, which is cheaper than to sleep and be woken. True: it is not VALUE. */
bool gcd_clock_look(_Atomic uint32_t *word, uint32_t value);
/* Sleep while *WORD == VALUE. False: UNTIL has come. May return early. */
bool gcd_clock_wait(_Atomic uint32_t *word, uint32_t value, dispatch_time_t until);
void gcd_clock_wake(_Atomic uint32_t *word, int count);

/* --- source.c, signal.c ---------------------------------------------------------------- */

enum gcd_merge { GCD_MERGE_ADD, GCD_MERGE_OR, GCD_MERGE_REPLACE };

struct gcd_signal_watch {
	struct list link;
	int number;
};

struct gcd_handler {
	dispatch_function_t function; /* gets the source's context */
	void *block;		      /* or a block */
};

enum gcd_handler_kind {
	GCD_HANDLER_EVENT,
	GCD_HANDLER_CANCEL,
	GCD_HANDLER_REGISTRATION,
	GCD_HANDLER_COUNT
};

struct dispatch_source_s {
	struct dispatch_object_s object;
	/* identity */
	dispatch_source_type_t type;
	uintptr_t handle, mask;
	/* guarded by lock */
	pthread_mutex_t lock;
	struct gcd_handler handlers[GCD_HANDLER_COUNT];
	unsigned suspends;
	bool inactive, scheduled, installed, finished, released, pending;
	uintptr_t pending_data;
	atomic_bool cancelled;
	_Atomic uintptr_t data; /* of the event handler that runs */
	struct gcd_item item;
	/* guarded by the manager's lock */
	bool watching;
	struct gcd_watch watch;
	struct gcd_timer timer;
	uint64_t interval_ns;
	struct gcd_signal_watch signal;
	mach_port_t notify_port; /* of a MACH_SEND source */
	struct {
		int file; /* a duplicate of the handle */
		uint64_t size, links;
	} vnode;
};

struct dispatch_source_type_s {
	bool (*check)(uintptr_t handle, uintptr_t mask);
	/* Begin and end to watch. Never at the same time as each other or as an event handler. */
	err_t (*install)(struct dispatch_source_s *source);
	void (*uninstall)(struct dispatch_source_s *source);
	/* After an event handler; NULL: nothing to do. */
	void (*rearm)(struct dispatch_source_s *source);
	enum gcd_merge merge;
	bool by_client; /* dispatch_source_merge_data works */
	bool waits;	/* for descriptors and memory; without them others are cancelled */
};

/* Something happened. */
void gcd_source_fire(struct dispatch_source_s *source, uintptr_t data);

/* Manager locked. */
err_t gcd_signal_add_locked(struct gcd_signal_watch *watch);
void gcd_signal_remove_locked(struct gcd_signal_watch *watch);
void gcd_signal_deliver_locked(void);
/* Look whether the program has set a watched signal to "ignore" meanwhile. */
void gcd_signal_check(void);
void gcd_signal_reset_child(void);

/* --- group.c ------------------------------------------------------------------------------ */

void gcd_group_leave(struct dispatch_group_s *group);

/* --- block.c ------------------------------------------------------------------------------- */

/* Copies and releases go to the Blocks runtime of the program. */
void *gcd_block_copy(const void *block);
void gcd_block_release(void *block);
void gcd_block_call(void *block);
/* Was it made with DISPATCH_BLOCK_BARRIER? */
bool gcd_block_is_barrier(const void *block);
/* A dispatch_function_t: call, then release. */
void gcd_block_call_and_release(void *block);

/* What the public headers declare with blocks, as this library sees it. */
#pragma GCC visibility push(default)
void dispatch_async(dispatch_queue_t queue, void *block);
void dispatch_sync(dispatch_queue_t queue, void *block);
void dispatch_async_and_wait(dispatch_queue_t queue, void *block);
void dispatch_barrier_async(dispatch_queue_t queue, void *block);
void dispatch_barrier_sync(dispatch_queue_t queue, void *block);
void dispatch_barrier_async_and_wait(dispatch_queue_t queue, void *block);
void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, void *block);
void dispatch_apply(size_t iterations, dispatch_queue_t queue, void *block);
void dispatch_once(dispatch_once_t *predicate, void *block);
void dispatch_group_async(dispatch_group_t group, dispatch_queue_t queue, void *block);
void dispatch_group_notify(dispatch_group_t group, dispatch_queue_t queue, void *block);
void *dispatch_block_create(dispatch_block_flags_t flags, void *block);
void *dispatch_block_create_with_qos_class(dispatch_block_flags_t flags,
					   dispatch_qos_class_t qos_class, int relative_priority,
					   void *block);
void dispatch_block_perform(dispatch_block_flags_t flags, void *block);
intptr_t dispatch_block_wait(void *block, dispatch_time_t timeout);
void dispatch_block_notify(void *block, dispatch_queue_t queue, void *notification_block);
void dispatch_block_cancel(void *block);
intptr_t dispatch_block_testcancel(void *block);
void dispatch_source_set_event_handler(dispatch_source_t source, void *block);
void dispatch_source_set_cancel_handler(dispatch_source_t source, void *block);
void dispatch_source_set_registration_handler(dispatch_source_t source, void *block);
#pragma GCC visibility pop
