// SPDX-License-Identifier: MIT
/* The name table of the process, its one lock, and fork. */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/map.h"
#include "port/port_internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct map names = MAP_INIT;
static uint32_t name_counter;
static unsigned fork_generation;

/* Put off until the lock is free. */
static struct list dead_messages = LIST_INIT(dead_messages);
static struct list no_senders = LIST_INIT(no_senders);
static struct port **unrefs;
static size_t n_unrefs, unrefs_capacity;

extern struct list port_all_ports; /* object.c */

void port_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void run_no_senders(struct list *ports)
{
	list_for_each_safe(node, ports) {
		struct port *port = container_of(node, struct port, pending);

		pthread_mutex_lock(&lock);
		list_remove(node);
		port->no_senders_pending = false;
		bool tell = !port->dead && !port->n_senders && !port->telling;
		if (tell) {
			port->telling = true;
			port->teller = pthread_self();
		}
		pthread_mutex_unlock(&lock);
		if (tell) {
			port->ops->no_senders(port->object);
			pthread_mutex_lock(&lock);
			port->telling = false;
			pthread_cond_broadcast(&port->readable);
			pthread_mutex_unlock(&lock);
		}
		port_unref(port);
	}
}

void port_await_no_senders_locked(struct port *port)
{
	while (port->telling && !pthread_equal(port->teller, pthread_self()))
		pthread_cond_wait(&port->readable, &lock);
}

int port_wait_locked(pthread_cond_t *condition, const struct timespec *until)
{
	return until ? pthread_cond_timedwait(condition, &lock, until) :
		       pthread_cond_wait(condition, &lock);
}

void port_unlock(void)
{
	struct list messages, ports;
	struct port **dropped = unrefs;
	size_t n = n_unrefs;

	list_init(&messages);
	list_init(&ports);
	list_splice(&messages, &dead_messages);
	list_splice(&ports, &no_senders);
	unrefs = NULL;
	n_unrefs = unrefs_capacity = 0;
	pthread_mutex_unlock(&lock);
	list_for_each_safe(node, &messages) {
		list_remove(node);
		port_message_free(container_of(node, struct port_message, link));
	}
	run_no_senders(&ports);
	for (size_t i = 0; i < n; i++)
		port_unref(dropped[i]);
	free(dropped);
}

void port_put_off_message_locked(struct port_message *message)
{
	list_add(&dead_messages, &message->link);
}

void port_put_off_unref_locked(struct port *port)
{
	if (n_unrefs == unrefs_capacity) {
		size_t capacity = unrefs_capacity ? unrefs_capacity * 2 : 8;
		struct port **more = realloc(unrefs, capacity * sizeof(*more));

		/* Without memory the port leaks, which is better than freeing it under the lock. */
		if (!more)
			return;
		unrefs = more;
		unrefs_capacity = capacity;
	}
	unrefs[n_unrefs++] = port;
}

void port_queue_no_senders_locked(struct port *port);
void port_queue_no_senders_locked(struct port *port)
{
	if (port->no_senders_pending)
		return;
	port->no_senders_pending = true;
	list_add(&no_senders, &port_ref(port)->pending);
}

struct port_name *port_name_find_locked(mach_port_name_t name)
{
	return MACH_PORT_VALID(name) ? map_find(&names, name) : NULL;
}

/* Sparse, never small like a descriptor, and not used again for four thousand million names. */
static mach_port_name_t next_name(void)
{
	mach_port_name_t name;

	do
		name = ++name_counter * 0x9e3779b1u;
	while (name < 0x1000 || name == MACH_PORT_DEAD || map_find(&names, name));
	return name;
}

err_t port_name_new_locked(struct port *port, mach_port_type_t type, struct port_name **ret)
{
	struct port_name *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->name = next_name();
	n->type = type;
	list_init(&n->once);
	if (map_set(&names, n->name, n)) {
		free(n);
		return -ENOMEM;
	}
	if (port)
		n->port = port_ref(port);
	*ret = n;
	return 0;
}

void port_name_free_locked(struct port_name *n)
{
	map_remove(&names, n->name);
	list_remove(&n->once);
	if (n->port) {
		if (n->port->name == n->name)
			n->port->name = MACH_PORT_NULL;
		port_put_off_unref_locked(n->port);
	}
	if (n->dead_request)
		port_drop_once_locked(n->dead_request, true);
	free(n);
}

err_t port_add_send_uref_locked(struct port *port, struct port_name **ret)
{
	struct port_name *n = port_name_find_locked(port->name);

	if (!n) {
		err_t err = port_name_new_locked(port, MACH_PORT_TYPE_SEND, &n);

		if (err)
			return err;
		port->name = n->name;
	}
	n->type |= MACH_PORT_TYPE_SEND;
	/* At the limit the count stays: the name can then not be lost by too many releases. */
	if (n->urefs < PORT_UREFS_MAX) {
		n->urefs++;
		port->n_senders++;
	}
	*ret = n;
	return 0;
}

bool port_name_is_all_gone_locked(struct port_name *n)
{
	return !(n->type & ~MACH_PORT_TYPE_DNREQUEST);
}

struct port_name *port_name_next_locked(size_t *cursor)
{
	return map_next(&names, cursor, NULL);
}

size_t port_name_count_locked(void)
{
	return names.count;
}

size_t port_count_names(void)
{
	port_lock();
	size_t n = names.count;
	port_unlock();
	return n;
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

/* Ports of the parent stay allocated (threads that do not exist here may refer to them), but no
 * name leads to them and no socket of the parent stays open in the child. */
static void after_fork_child(void)
{
	list_for_each(node, &port_all_ports) {
		struct port *port = container_of(node, struct port, all);

		list_for_each(i, &port->inlets) {
			struct port_inlet *inlet = container_of(i, struct port_inlet, link);

			inlet->socket = fd_close(inlet->socket);
		}
		port->dead = true;
		port->epoll_fd = fd_close(port->epoll_fd);
		port->event_fd = fd_close(port->event_fd);
	}
	list_init(&port_all_ports);
	names = (struct map)MAP_INIT;
	list_init(&dead_messages);
	list_init(&no_senders);
	unrefs = NULL;
	n_unrefs = unrefs_capacity = 0;
	fork_generation++;
	/* The thread that forked holds it. */
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void prepare(void)
{
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

unsigned port_fork_generation(void)
{
	return fork_generation;
}
