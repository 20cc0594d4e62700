// SPDX-License-Identifier: MIT
/* Semaphores under port names. The slice's one lock guards them, too. */
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <mach/semaphore.h>
#include <mach/task.h>

#include "port/port_internal.h"

enum { WAITING, SIGNALED, TERMINATED };

struct semaphore {
	unsigned refs;	   /* the port's, and one for each waiter */
	struct port *port; /* referenced; NULL once destroyed */
	struct list waiters;
	int policy;
	int64_t count;
};

struct waiter {
	struct list link;
	pid_t tid;
	_Atomic uint32_t state; /* a futex */
};

static void unref_locked(struct semaphore *s)
{
	if (!--s->refs)
		free(s);
}

static void wake_locked(struct waiter *w, uint32_t state)
{
	list_remove(&w->link);
	atomic_store(&w->state, state);
	syscall(SYS_futex, &w->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void destroy(struct semaphore *s)
{
	struct port *port;

	port_lock();
	port = s->port;
	s->port = NULL;
	if (!port) {
		port_unlock();
		return;
	}
	while (!list_is_empty(&s->waiters))
		wake_locked(list_first(&s->waiters, struct waiter, link), TERMINATED);
	port_unlock();
	/* Nobody hears of it any more after this. */
	port_kill(port);
	port_unref(port);
	port_lock();
	unref_locked(s);
	port_unlock();
}

static void retain(void *object)
{
	((struct semaphore *)object)->refs++;
}

static void no_senders(void *object)
{
	struct semaphore *s = object;
	bool is_last;

	port_lock();
	is_last = s->port && !s->port->n_senders;
	port_unlock();
	if (is_last)
		destroy(s);
}

static const struct port_object_ops semaphore_ops = { retain, no_senders };

static kern_return_t find_locked(semaphore_t name, struct semaphore **ret)
{
	struct port_name *n = port_name_find_locked(name);

	if (!n)
		return KERN_INVALID_NAME;
	if (!(n->type & MACH_PORT_TYPE_SEND))
		return KERN_INVALID_RIGHT;
	if (n->port->ops != &semaphore_ops)
		return KERN_INVALID_CAPABILITY;
	*ret = n->port->object;
	return (*ret)->port ? KERN_SUCCESS : KERN_TERMINATED;
}

/* --- life ---------------------------------------------------------------------- */

kern_return_t semaphore_create(task_t task, semaphore_t *semaphore, int policy, int value)
{
	struct semaphore *s;
	mach_port_name_t name;

	if (task != mach_task_self_ || !semaphore || value < 0 ||
	    policy & ~(SYNC_POLICY_FIFO | SYNC_POLICY_LIFO))
		return KERN_INVALID_ARGUMENT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return KERN_RESOURCE_SHORTAGE;
	s->refs = 1;
	s->policy = policy;
	s->count = value;
	list_init(&s->waiters);
	if (port_new_object(PORT_KIND_SEMAPHORE, s, &semaphore_ops, &s->port)) {
		free(s);
		return KERN_RESOURCE_SHORTAGE;
	}
	if (port_make_send(s->port, &name)) {
		destroy(s);
		return KERN_RESOURCE_SHORTAGE;
	}
	*semaphore = name;
	return KERN_SUCCESS;
}

kern_return_t semaphore_destroy(task_t task, semaphore_t semaphore)
{
	struct semaphore *s = NULL;

	if (task != mach_task_self_)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	kern_return_t result = find_locked(semaphore, &s);
	if (!result)
		s->refs++;
	port_unlock();
	if (result)
		return result == KERN_INVALID_NAME ? KERN_INVALID_NAME : KERN_INVALID_ARGUMENT;
	destroy(s);
	port_lock();
	unref_locked(s);
	port_unlock();
	mach_port_deallocate(mach_task_self_, semaphore);
	return KERN_SUCCESS;
}

/* --- signalling ---------------------------------------------------------------- */

static void signal_one_locked(struct semaphore *s)
{
	if (list_is_empty(&s->waiters))
		s->count++;
	else
		wake_locked(list_first(&s->waiters, struct waiter, link), SIGNALED);
}

kern_return_t semaphore_signal(semaphore_t semaphore)
{
	struct semaphore *s;

	port_lock();
	kern_return_t result = find_locked(semaphore, &s);
	if (!result)
		signal_one_locked(s);
	port_unlock();
	return result;
}

kern_return_t semaphore_signal_all(semaphore_t semaphore)
{
	struct semaphore *s;

	port_lock();
	kern_return_t result = find_locked(semaphore, &s);
	while (!result && !list_is_empty(&s->waiters))
		wake_locked(list_first(&s->waiters, struct waiter, link), SIGNALED);
	port_unlock();
	return result;
}

kern_return_t semaphore_signal_thread(semaphore_t semaphore, thread_t thread)
{
	struct semaphore *s;
	struct waiter *found = NULL;
	pid_t tid = 0;

	if (thread != THREAD_NULL && !(tid = port_thread_id(thread, NULL)))
		return KERN_INVALID_ARGUMENT;
	port_lock();
	kern_return_t result = find_locked(semaphore, &s);
	if (!result)
		list_for_each(node, &s->waiters) {
			struct waiter *w = container_of(node, struct waiter, link);

			if (!found && (!tid || w->tid == tid))
				found = w;
		}
	if (found)
		wake_locked(found, SIGNALED);
	else if (!result)
		result = KERN_NOT_WAITING;
	port_unlock();
	return result;
}

/* --- waiting ------------------------------------------------------------------- */

/* Until the state changes. DEADLINE_NS as CLOCK_MONOTONIC. */
static kern_return_t sleep_on(struct waiter *w, uint64_t deadline_ns)
{
	struct timespec t = { .tv_sec = (time_t)(deadline_ns / 1000000000u),
			      .tv_nsec = (long)(deadline_ns % 1000000000u) };

	while (atomic_load(&w->state) == WAITING) {
		if (!syscall(SYS_futex, &w->state, FUTEX_WAIT_BITSET_PRIVATE, WAITING,
			     deadline_ns == PORT_FOREVER ? NULL : &t, NULL, FUTEX_BITSET_MATCH_ANY))
			continue;
		if (errno == EINTR)
			return KERN_ABORTED;
		if (errno == ETIMEDOUT)
			return KERN_OPERATION_TIMED_OUT;
	}
	return KERN_SUCCESS;
}

static kern_return_t wait_locked(struct semaphore *s, uint64_t deadline_ns)
{
	struct waiter w = { .tid = (pid_t)syscall(SYS_gettid), .state = WAITING };

	if (s->policy & SYNC_POLICY_REVERSED)
		list_add_first(&s->waiters, &w.link);
	else
		list_add(&s->waiters, &w.link);
	s->refs++;
	port_unlock();
	kern_return_t result = sleep_on(&w, deadline_ns);
	port_lock();
	if (w.state == WAITING)
		list_remove(&w.link);
	else
		result = w.state == SIGNALED ? KERN_SUCCESS : KERN_TERMINATED;
	unref_locked(s);
	return result;
}

/* SIGNAL_NAME NULL: only wait. DEADLINE_NS 0: do not wait. */
static kern_return_t wait_and_signal(semaphore_t wait_name, semaphore_t signal_name,
				     bool does_signal, uint64_t deadline_ns)
{
	struct semaphore *s, *other = NULL;

	port_lock();
	kern_return_t result = KERN_SUCCESS;
	if (does_signal)
		result = find_locked(signal_name, &other);
	if (!result)
		result = find_locked(wait_name, &s);
	if (!result && other)
		signal_one_locked(other);
	if (!result && s->count > 0)
		s->count--;
	else if (!result && !deadline_ns)
		result = KERN_OPERATION_TIMED_OUT;
	else if (!result)
		result = wait_locked(s, deadline_ns);
	port_unlock();
	return result;
}

/* 0 for a time of zero. False: no time. */
static bool deadline_of(mach_timespec_t wait_time, uint64_t *ret_ns)
{
	if (wait_time.tv_nsec < 0 || wait_time.tv_nsec >= (int)NSEC_PER_SEC)
		return false;
	*ret_ns = 0;
	if (wait_time.tv_sec || wait_time.tv_nsec)
		*ret_ns = port_now_ns() + (uint64_t)wait_time.tv_sec * NSEC_PER_SEC +
			  (uint64_t)wait_time.tv_nsec;
	return true;
}

kern_return_t semaphore_wait(semaphore_t semaphore)
{
	return wait_and_signal(semaphore, 0, false, PORT_FOREVER);
}

kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t wait_time)
{
	uint64_t deadline;

	if (!deadline_of(wait_time, &deadline))
		return KERN_INVALID_VALUE;
	return wait_and_signal(semaphore, 0, false, deadline);
}

kern_return_t semaphore_wait_signal(semaphore_t wait_semaphore, semaphore_t signal_semaphore)
{
	return wait_and_signal(wait_semaphore, signal_semaphore, true, PORT_FOREVER);
}

kern_return_t semaphore_timedwait_signal(semaphore_t wait_semaphore, semaphore_t signal_semaphore,
					 mach_timespec_t wait_time)
{
	uint64_t deadline;

	if (!deadline_of(wait_time, &deadline))
		return KERN_INVALID_VALUE;
	return wait_and_signal(wait_semaphore, signal_semaphore, true, deadline);
}
