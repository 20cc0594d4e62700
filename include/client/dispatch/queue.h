// SPDX-License-Identifier: MIT
/*
 * Queues: serial ones run one block at a time in the order of submission,
 * concurrent ones start blocks in that order and let them overlap, except around
 * barriers. Functions with the ending _f take a function and its argument,
 * the others a block, which is copied where it outlives the call.
 *
 * Everything may be called on any thread unless it says otherwise.
 */
#ifndef DISPATCH_QUEUE_H
#define DISPATCH_QUEUE_H

#include <dispatch/object.h>
#include <dispatch/time.h>

DISPATCH_DECL(dispatch_queue);
DISPATCH_DECL_SUBCLASS(dispatch_queue_global, dispatch_queue);
DISPATCH_DECL_SUBCLASS(dispatch_queue_main, dispatch_queue);
DISPATCH_DECL_SUBCLASS(dispatch_queue_serial, dispatch_queue);
DISPATCH_DECL_SUBCLASS(dispatch_queue_concurrent, dispatch_queue);
DISPATCH_DECL(dispatch_queue_attr);

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

/* --- queues --------------------------------------------------------------- */

/* The queue of the main thread: run by dispatch_main or by the main thread's CFRunLoop. */
dispatch_queue_main_t dispatch_get_main_queue(void);

#define DISPATCH_QUEUE_PRIORITY_HIGH 2
#define DISPATCH_QUEUE_PRIORITY_DEFAULT 0
#define DISPATCH_QUEUE_PRIORITY_LOW (-2)
#define DISPATCH_QUEUE_PRIORITY_BACKGROUND INT16_MIN
typedef long dispatch_queue_priority_t;

/* The process's concurrent queue for a QoS class or one of the priorities above. FLAGS must be 0.
 * NULL for any other value. Never freed, never suspended. */
dispatch_queue_global_t dispatch_get_global_queue(intptr_t identifier, uintptr_t flags);

extern struct dispatch_queue_attr_s _dispatch_queue_attr_concurrent;
#define DISPATCH_QUEUE_SERIAL ((dispatch_queue_attr_t)0)
#define DISPATCH_QUEUE_CONCURRENT (&_dispatch_queue_attr_concurrent)
#define DISPATCH_QUEUE_SERIAL_INACTIVE \
	dispatch_queue_attr_make_initially_inactive(DISPATCH_QUEUE_SERIAL)
#define DISPATCH_QUEUE_CONCURRENT_INACTIVE \
	dispatch_queue_attr_make_initially_inactive(DISPATCH_QUEUE_CONCURRENT)

/* ATTR, but the queue runs nothing before dispatch_activate. */
dispatch_queue_attr_t dispatch_queue_attr_make_initially_inactive(dispatch_queue_attr_t attr);
/* ATTR with a scheduling class; RELATIVE_PRIORITY -15 to 0. ATTR itself when a value is invalid. */
dispatch_queue_attr_t dispatch_queue_attr_make_with_qos_class(dispatch_queue_attr_t attr,
							      dispatch_qos_class_t qos_class,
							      int relative_priority);

/* Kept for macOS's programs: there are no pools to drain. */
typedef unsigned long dispatch_autorelease_frequency_t;
enum {
	DISPATCH_AUTORELEASE_FREQUENCY_INHERIT = 0,
	DISPATCH_AUTORELEASE_FREQUENCY_WORK_ITEM = 1,
	DISPATCH_AUTORELEASE_FREQUENCY_NEVER = 2
};
dispatch_queue_attr_t
dispatch_queue_attr_make_with_autorelease_frequency(dispatch_queue_attr_t attr,
						    dispatch_autorelease_frequency_t frequency);
#define DISPATCH_QUEUE_SERIAL_WITH_AUTORELEASE_POOL \
	dispatch_queue_attr_make_with_autorelease_frequency( \
		DISPATCH_QUEUE_SERIAL, DISPATCH_AUTORELEASE_FREQUENCY_WORK_ITEM)
#define DISPATCH_QUEUE_CONCURRENT_WITH_AUTORELEASE_POOL \
	dispatch_queue_attr_make_with_autorelease_frequency( \
		DISPATCH_QUEUE_CONCURRENT, DISPATCH_AUTORELEASE_FREQUENCY_WORK_ITEM)

#define DISPATCH_TARGET_QUEUE_DEFAULT ((dispatch_queue_t)0)

/* A new queue, to be released by the caller. LABEL is copied and may be NULL. NULL when memory is
 * short. */
dispatch_queue_t dispatch_queue_create(const char *label, dispatch_queue_attr_t attr);
dispatch_queue_t dispatch_queue_create_with_target(const char *label, dispatch_queue_attr_t attr,
						   dispatch_queue_t target);

#define DISPATCH_CURRENT_QUEUE_LABEL ((dispatch_queue_t)0)
/* Borrowed; "" when it has none. With DISPATCH_CURRENT_QUEUE_LABEL that of the running queue. */
const char *dispatch_queue_get_label(dispatch_queue_t queue);
/* The class the queue was made with; *RELATIVE_PRIORITY may be NULL. */
dispatch_qos_class_t dispatch_queue_get_qos_class(dispatch_queue_t queue, int *relative_priority);

/* --- running things --------------------------------------------------------- */

void dispatch_async_f(dispatch_queue_t queue, void *context, dispatch_function_t work);
/* Returns when WORK is done. It normally runs on the calling thread; for the main queue on the main
 * thread. On a serial queue that the caller runs on already, the process ends with a message. */
void dispatch_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t work);
void dispatch_async_and_wait_f(dispatch_queue_t queue, void *context, dispatch_function_t work);
/* On a concurrent queue of one's own: runs after all earlier blocks have ended and before any later
 * one starts. Elsewhere the same as the plain forms. */
void dispatch_barrier_async_f(dispatch_queue_t queue, void *context, dispatch_function_t work);
void dispatch_barrier_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t work);
void dispatch_barrier_async_and_wait_f(dispatch_queue_t queue, void *context,
				       dispatch_function_t work);
/* At WHEN or soon after it. DISPATCH_TIME_NOW: at once; DISPATCH_TIME_FOREVER: never. */
void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void *context,
		      dispatch_function_t work);
#define DISPATCH_APPLY_AUTO ((dispatch_queue_t)0)
/* WORK(context, 0 ... ITERATIONS - 1), in parallel as the queue allows; returns when all are
 * done. */
void dispatch_apply_f(size_t iterations, dispatch_queue_t queue, void *context,
		      void (*work)(void *context, size_t iteration));

#ifdef __BLOCKS__
void dispatch_async(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_sync(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_async_and_wait(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_barrier_async(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_barrier_sync(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_barrier_async_and_wait(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_after(dispatch_time_t when, dispatch_queue_t queue, dispatch_block_t block);
void dispatch_apply(size_t iterations, dispatch_queue_t queue, void (^block)(size_t iteration));
#endif

/* The queue that runs the caller; outside of any the main queue on the main thread, else the default global
 * one. For debugging: a queue may have several targets that the caller runs on as well. Borrowed. */
dispatch_queue_t dispatch_get_current_queue(void);

/* Main thread only. Runs the main queue for ever. */
DISPATCH_NORETURN void dispatch_main(void);

/* --- queue-specific data ----------------------------------------------------- */

/* VALUE for KEY (compared by address) on QUEUE; NULL removes it. DESTRUCTOR, if any, gets a
 * replaced value, and the last one when the queue goes; it runs on a global queue. */
void dispatch_queue_set_specific(dispatch_queue_t queue, const void *key, void *value,
				 dispatch_function_t destructor);
/* Of QUEUE alone. NULL when there is none. */
void *dispatch_queue_get_specific(dispatch_queue_t queue, const void *key);
/* Of the queue that runs the caller, or the nearest of its targets that has KEY. */
void *dispatch_get_specific(const void *key);

/* --- assertions: end the process with a message when the caller does not (does) run on QUEUE or on
 * a queue that targets it. On the main queue any code of the main thread counts. */
void dispatch_assert_queue(dispatch_queue_t queue);
void dispatch_assert_queue_not(dispatch_queue_t queue);
/* On QUEUE as a barrier. */
void dispatch_assert_queue_barrier(dispatch_queue_t queue);
#ifdef NDEBUG
#define dispatch_assert_queue_debug(q) ((void)(0 && (q)))
#define dispatch_assert_queue_not_debug(q) ((void)(0 && (q)))
#define dispatch_assert_queue_barrier_debug(q) ((void)(0 && (q)))
#else
#define dispatch_assert_queue_debug(q) dispatch_assert_queue(q)
#define dispatch_assert_queue_not_debug(q) dispatch_assert_queue_not(q)
#define dispatch_assert_queue_barrier_debug(q) dispatch_assert_queue_barrier(q)
#endif

/* --- for CFRunLoop: the names upstream libdispatch has on Linux ----------------- */

/* A borrowed descriptor that polls readable while the main queue has work. -1: none to be had. */
int _dispatch_get_main_queue_handle_4CF(void);
int _dispatch_get_main_queue_port_4CF(void);
/* Main thread only: run what is queued on the main queue. MESSAGE is ignored. */
void _dispatch_main_queue_callback_4CF(void *message);

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
