// SPDX-License-Identifier: MIT
/*
 * What all dispatch objects have in common: reference counts, a context with a
 * finaliser, suspension, activation and a target queue.
 *
 * Everything here may be called on any thread.
 */
#ifndef DISPATCH_OBJECT_H
#define DISPATCH_OBJECT_H

#include <stdarg.h>

#include <dispatch/base.h>

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

#ifdef __cplusplus
} /* the classes are C++ ones */
struct dispatch_object_s {
};
typedef struct dispatch_object_s *dispatch_object_t;
#define DISPATCH_DECL(name) \
	struct name##_s : public dispatch_object_s { \
	}; \
	typedef struct name##_s *name##_t
extern "C" {
#else
struct dispatch_object_s;
struct dispatch_queue_s;
struct dispatch_queue_attr_s;
struct dispatch_group_s;
struct dispatch_source_s;
struct dispatch_semaphore_s;
/* Any object: a function with this argument takes all of the members' types. */
typedef union {
	struct dispatch_object_s *_os_obj;
	struct dispatch_queue_s *_dq;
	struct dispatch_queue_attr_s *_dqa;
	struct dispatch_group_s *_dg;
	struct dispatch_source_s *_ds;
	struct dispatch_semaphore_s *_dsema;
} dispatch_object_t __attribute__((__transparent_union__));
#define DISPATCH_DECL(name) typedef struct name##_s *name##_t
#endif
#define DISPATCH_DECL_SUBCLASS(name, base) typedef base##_t name##_t

/* One more reference. Global objects (main queue, global queues) ignore it. */
void dispatch_retain(dispatch_object_t object);
/* One reference less. With the last one the object goes once its pending work is done; a source
 * that was not cancelled is stopped and its cancel handler is not called. */
void dispatch_release(dispatch_object_t object);

/* A pointer of the client's; NULL at first. Not synchronised with its users. */
void *dispatch_get_context(dispatch_object_t object);
void dispatch_set_context(dispatch_object_t object, void *context);
/* Called once with the context (if not NULL) on the target queue after the last release. */
void dispatch_set_finalizer_f(dispatch_object_t object, dispatch_function_t finalizer);

/* Turn an initially inactive queue or a source on. No effect on other objects and when repeated. */
void dispatch_activate(dispatch_object_t object);
/* Queues and sources: no new block or handler starts until a matching resume. What already runs
 * goes on. Counted. No effect on global queues. */
void dispatch_suspend(dispatch_object_t object);
/* Undo one suspend; also activates an inactive object. One resume too many ends the process with
 * a message. */
void dispatch_resume(dispatch_object_t object);
/* Blocks of a queue, handlers of a source run on QUEUE (kept until replaced; NULL: the default
 * global queue). Targets may not form a circle. */
void dispatch_set_target_queue(dispatch_object_t object, struct dispatch_queue_s *queue);

/* "MESSAGE: object 0x... with its references and target" on standard error. MESSAGE is a format. */
void dispatch_debug(dispatch_object_t object, const char *message, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void dispatch_debugv(dispatch_object_t object, const char *message, va_list arguments);

/* Scheduling classes. They order global queues among each other. */
#ifndef PORTICO_QOS_CLASS
#define PORTICO_QOS_CLASS 1
typedef unsigned int qos_class_t;
enum {
	QOS_CLASS_USER_INTERACTIVE = 0x21,
	QOS_CLASS_USER_INITIATED = 0x19,
	QOS_CLASS_DEFAULT = 0x15,
	QOS_CLASS_UTILITY = 0x11,
	QOS_CLASS_BACKGROUND = 0x09,
	QOS_CLASS_UNSPECIFIED = 0x00
};
#endif
typedef qos_class_t dispatch_qos_class_t;

/* OBJECT's blocks run at least at that class: it is targeted at the class's global queue. */
void dispatch_set_qos_class_floor(dispatch_object_t object, dispatch_qos_class_t qos_class,
				  int relative_priority);

/* The function for OBJECT's type. */
#if (defined(__clang__) || __STDC_VERSION__ >= 201112L) && !defined(__cplusplus)
#ifdef __BLOCKS__
#define dispatch_wait(object, timeout) \
	_Generic((object), dispatch_block_t \
		 : dispatch_block_wait, dispatch_group_t \
		 : dispatch_group_wait, dispatch_semaphore_t \
		 : dispatch_semaphore_wait)((object), (timeout))
#define dispatch_notify(object, queue, notification_block) \
	_Generic((object), dispatch_block_t \
		 : dispatch_block_notify, dispatch_group_t \
		 : dispatch_group_notify)((object), (queue), (notification_block))
#define dispatch_cancel(object) \
	_Generic((object), dispatch_block_t \
		 : dispatch_block_cancel, dispatch_source_t \
		 : dispatch_source_cancel)((object))
#define dispatch_testcancel(object) \
	_Generic((object), dispatch_block_t \
		 : dispatch_block_testcancel, dispatch_source_t \
		 : dispatch_source_testcancel)((object))
#else
#define dispatch_wait(object, timeout) \
	_Generic((object), dispatch_group_t \
		 : dispatch_group_wait, dispatch_semaphore_t \
		 : dispatch_semaphore_wait)((object), (timeout))
#define dispatch_cancel(object) \
	_Generic((object), dispatch_source_t : dispatch_source_cancel)((object))
#define dispatch_testcancel(object) \
	_Generic((object), dispatch_source_t : dispatch_source_testcancel)((object))
#endif
#endif
#define QOS_MIN_RELATIVE_PRIORITY (-15)

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
