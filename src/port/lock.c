// SPDX-License-Identifier: MIT
/* The lock of the slice, what is put off until it is free, and fork. */
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "port/port_internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint fork_generation;

/* Put off by the thread that holds the lock; empty whenever it is free. */
static struct list dead_messages = LIST_INIT(dead_messages);
static struct list no_senders = LIST_INIT(no_senders);
static struct list dead_inlets = LIST_INIT(dead_inlets);

void port_lock(void)
{
	pthread_mutex_lock(&lock);
}

void port_put_off_no_senders_locked(struct port *port)
{
	if (list_is_empty(&port->pending))
		list_add(&no_senders, &port_ref(port)->pending);
}

void port_put_off_message_locked(struct port_message *message)
{
	list_add(&dead_messages, &message->link);
}

void port_put_off_inlet_locked(struct inlet *inlet)
{
	list_add(&dead_inlets, &inlet->link);
}

/* The owner hears it on one thread at a time, and never after port_kill. */
static void tell_locked(struct port *port)
{
	if (port->telling) {
		port->tell_again = true;
		return;
	}
	port->telling = true;
	port->teller = pthread_self();
	do {
		port->tell_again = false;
		if (port->dead || port->n_senders)
			break;
		pthread_mutex_unlock(&lock);
		port->ops->no_senders(port->object);
		pthread_mutex_lock(&lock);
	} while (port->tell_again);
	port->telling = false;
	port_broadcast_locked(port);
}

static void tell_all_locked(struct list *ports)
{
	while (!list_is_empty(ports)) {
		struct port *port = list_first(ports, struct port, pending);

		list_remove(&port->pending);
		tell_locked(port);
		port_unref_locked(port);
	}
}

/* False: there was nothing to do, and the lock was held all the while. */
static bool do_put_off_locked(void)
{
	struct list ports, inlets;
	bool any = false;

	/* As nearly always. */
	if (list_is_empty(&dead_messages) && list_is_empty(&no_senders) &&
	    list_is_empty(&dead_inlets))
		return false;
	list_init(&ports);
	list_init(&inlets);
	for (;;) {
		while (!list_is_empty(&dead_messages)) {
			struct port_message *m =
				list_first(&dead_messages, struct port_message, link);

			list_remove(&m->link);
			port_message_destroy_locked(m);
		}
		list_splice(&ports, &no_senders);
		list_splice(&inlets, &dead_inlets);
		if (list_is_empty(&ports) && list_is_empty(&inlets))
			return any;
		any = true;
		tell_all_locked(&ports);
		while (!list_is_empty(&inlets)) {
			struct inlet *inlet = list_first(&inlets, struct inlet, link);

			list_remove(&inlet->link);
			pthread_mutex_unlock(&lock);
			port_inlet_finish(inlet);
			pthread_mutex_lock(&lock);
		}
	}
}

void port_unlock(void)
{
	/* Nearly always there is nothing. */
	if (!list_is_empty(&no_senders) || !list_is_empty(&dead_messages) ||
	    !list_is_empty(&dead_inlets))
		do_put_off_locked();
	pthread_mutex_unlock(&lock);
}

bool port_wait_locked(struct port *port, uint64_t deadline_ns)
{
	struct timespec t = { .tv_sec = (time_t)(deadline_ns / 1000000000u),
			      .tv_nsec = (long)(deadline_ns % 1000000000u) };

	/* Others may hold locks that what was put off takes: they must not find it. */
	if (do_put_off_locked())
		return true;
	if (deadline_ns == PORT_FOREVER) {
		pthread_cond_wait(&port->changed, &lock);
		return true;
	}
	return pthread_cond_timedwait(&port->changed, &lock, &t) != ETIMEDOUT;
}

/* Condition variables wait on after a signal, so this is a futex. */
bool port_wait_interruptibly_locked(struct port *port, uint64_t deadline_ns)
{
	struct timespec t = { .tv_sec = (time_t)(deadline_ns / 1000000000u),
			      .tv_nsec = (long)(deadline_ns % 1000000000u) };
	uint32_t seen = atomic_load(&port->changes);
	bool is_interrupted;

	if (do_put_off_locked())
		return true;
	port->n_interruptible++;
	pthread_mutex_unlock(&lock);
	is_interrupted = syscall(SYS_futex, &port->changes, FUTEX_WAIT_BITSET_PRIVATE, seen,
				 deadline_ns == PORT_FOREVER ? NULL : &t, NULL,
				 FUTEX_BITSET_MATCH_ANY) < 0 &&
			 errno == EINTR;
	pthread_mutex_lock(&lock);
	port->n_interruptible--;
	return !is_interrupted;
}

void port_broadcast_locked(struct port *port)
{
	pthread_cond_broadcast(&port->changed);
	if (!port->n_interruptible)
		return;
	atomic_fetch_add(&port->changes, 1);
	syscall(SYS_futex, &port->changes, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void port_kill(struct port *port)
{
	port_lock();
	port_ref(port);
	port_kill_locked(port);
	do_put_off_locked();
	while (port->telling && !pthread_equal(port->teller, pthread_self()))
		pthread_cond_wait(&port->changed, &lock);
	port_unref_locked(port);
	port_unlock();
}

/* --- fork ------------------------------------------------------------------ */

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* Ports of the parent stay allocated, as their owners still refer to them, but no name leads to
 * them, nothing can be received and no socket of the parent stays open. No callback runs: the locks
 * it would take may belong to threads that are not here. */
static void after_fork_child(void)
{
	port_names_forget_locked();
	list_for_each_safe(node, &port_all) {
		struct port *port = container_of(node, struct port, all);

		if (port->kind && !port->ops)
			continue; /* the task's own */
		list_remove(node);
		port_inlets_forget_locked(port);
		port->dead = true;
		port->has_receive = port->telling = false;
		port->name = MACH_PORT_NULL;
		list_init(&port->once_names);
		list_init(&port->pending);
		port_close_descriptors_locked(port);
		/* Threads that waited on it are gone, which destroying it would wait for. */
		port->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	}
	list_init(&dead_messages);
	list_init(&no_senders);
	list_init(&dead_inlets);
	atomic_fetch_add(&fork_generation, 1);
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void prepare(void)
{
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

unsigned port_fork_generation(void)
{
	return atomic_load(&fork_generation);
}
