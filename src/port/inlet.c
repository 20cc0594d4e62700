// SPDX-License-Identifier: MIT
/* Inlets: sockets whose datagrams become messages of a port. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/map.h"
#include "port/port_internal.h"

/* So many sockets are simply tried; with more the kernel is asked which are ready. */
enum { TRY_ALL = 4 };
/* What lies in memory is cheap to take: so much of it before sockets have their turn. */
enum { TAKE_MAX = 64 };

static struct map inlets = MAP_INIT; /* number -> inlet */
static uint64_t last_number;

static void remove_locked(struct inlet *inlet)
{
	struct port *port = inlet->port;

	if (inlet->removed)
		return;
	inlet->removed = true;
	/* A copy of the socket may be open elsewhere, so closing alone would not end the watch. */
	port_unwatch_locked(port, inlet->socket);
	map_remove(&inlets, inlet->number);
	list_remove(&inlet->link);
	port->n_inlets--;
	if (!inlet->busy)
		port_put_off_inlet_locked(inlet);
}

void port_remove_inlets_locked(struct port *port)
{
	while (!list_is_empty(&port->inlets))
		remove_locked(list_first(&port->inlets, struct inlet, link));
}

void port_inlet_finish(struct inlet *inlet)
{
	if (inlet->ops->drain) {
		shutdown(inlet->socket, SHUT_RD);
		inlet->ops->drain(inlet->context, inlet->socket);
	}
	fd_close(inlet->socket);
	if (inlet->ops->removed)
		inlet->ops->removed(inlet->context);
	port_unref(inlet->port);
	free(inlet);
}

void port_inlets_forget_locked(struct port *port)
{
	list_for_each_safe(node, &port->inlets) {
		struct inlet *inlet = container_of(node, struct inlet, link);

		list_remove(node);
		map_remove(&inlets, inlet->number);
		fd_close(inlet->socket);
		free(inlet);
	}
	port->n_inlets = port->n_busy = 0;
}

/* Waiters of the port and of its sets must look at sockets from now on. */
static err_t need_descriptors_locked(struct port *port)
{
	err_t err = port_need_descriptor_locked(port);

	list_for_each(node, &port->members) {
		if (err)
			break;
		err = port_need_descriptor_locked(
			container_of(node, struct port_member, of_port)->set);
	}
	return err;
}

static err_t add_locked(struct inlet *inlet)
{
	struct port *port = inlet->port;
	err_t err = port->dead ? -EPIPE : need_descriptors_locked(port);

	if (err)
		return err;
	err = map_set(&inlets, inlet->number, inlet);
	if (err)
		return err;
	err = port_watch_locked(port, inlet->socket, inlet);
	if (err) {
		map_remove(&inlets, inlet->number);
		return err;
	}
	list_add(&port->inlets, &inlet->link);
	port->n_inlets++;
	port_wake_locked(port);
	return 0;
}

err_t port_add_inlet(struct port *port, int socket, const struct port_inlet_ops *ops, void *context,
		     struct port_inlet **ret_inlet)
{
	struct inlet *inlet = calloc(1, sizeof(*inlet));

	if (!inlet) {
		fd_close(socket);
		return -ENOMEM;
	}
	inlet->port = port_ref(port);
	inlet->socket = socket;
	inlet->ops = ops;
	inlet->context = context;
	list_init(&inlet->link);
	port_lock();
	inlet->number = ++last_number;
	uint64_t number = inlet->number;
	/* Before anybody can receive from it, and with it hear that it is gone. */
	struct port_inlet *handle = (struct port_inlet *)(uintptr_t)number;
	err_t err = add_locked(inlet);
	if (!err)
		*ret_inlet = handle;
	port_unlock();
	if (err) {
		fd_close(socket);
		port_unref(port);
		free(inlet);
	}
	return err;
}

void port_remove_inlet(struct port_inlet *handle)
{
	port_lock();
	struct inlet *inlet = map_find(&inlets, (uint64_t)(uintptr_t)handle);
	if (inlet)
		remove_locked(inlet);
	port_unlock();
}

static struct port_message *try_locked(struct inlet *inlet)
{
	struct port *port = inlet->port;
	struct port_message *message = NULL;

	inlet->busy = true;
	port->n_busy++;
	port_unlock();
	err_t err = inlet->ops->receive(inlet->context, inlet->socket, &message);
	port_lock();
	inlet->busy = false;
	port->n_busy--;
	/* Others may have passed it by. */
	port_wake_locked(port);
	if (inlet->removed)
		port_put_off_inlet_locked(inlet);
	else if (err && err != -EAGAIN && err != -EINTR && err != -ENOMEM)
		remove_locked(inlet);
	return err ? NULL : message;
}

/* Each inlet once, in turn. The list may change whenever the lock is dropped. */
static struct port_message *try_all_locked(struct port *port)
{
	struct port_message *message = NULL;

	for (unsigned n = port->n_inlets; n && !message && !list_is_empty(&port->inlets); n--) {
		struct inlet *inlet = list_first(&port->inlets, struct inlet, link);

		list_remove(&inlet->link);
		list_add(&port->inlets, &inlet->link);
		if (!inlet->busy)
			message = try_locked(inlet);
	}
	return message;
}

/* Asked for one at a time, the kernel names ready sockets in turn. */
static struct port_message *try_ready_locked(struct port *port)
{
	struct port_message *message = NULL;
	struct epoll_event e;

	for (unsigned n = port->n_inlets + 1; n && !message && port->n_inlets; n--) {
		if (epoll_wait(port->epoll_fd, &e, 1, 0) != 1)
			return NULL;
		/* It lives: inlets leave the watch under the lock. NULL is the queue's. */
		struct inlet *inlet = e.data.ptr;
		if (inlet && !inlet->busy)
			message = try_locked(inlet);
	}
	return message;
}

/* Does somebody rely on the descriptor, so that it must not be readable for nothing? */
static bool is_exact_locked(const struct port *port, bool comes_again)
{
	if (comes_again)
		return false;
	if (port->is_polled)
		return true;
	list_for_each(node, &port->members)
		if (container_of(node, struct port_member, of_port)->set->is_polled)
			return true;
	return false;
}

/* Few inlets take turns; of many the one that had something is asked first. */
size_t port_take_from_memory_locked(struct port *port, bool comes_again,
				    uint8_t buffer[static PORT_SMALL_MESSAGE])
{
	bool exact = is_exact_locked(port, comes_again);
	unsigned tries = TRY_ALL;

	if (++port->n_taken >= TAKE_MAX)
		tries = 0;
	list_for_each(node, &port->inlets) {
		struct inlet *inlet = container_of(node, struct inlet, link);
		size_t size = 0;

		if (!tries--)
			break;
		if (inlet->ops->take && !inlet->busy)
			size = inlet->ops->take(inlet->context, inlet->socket, exact, buffer);
		if (!size)
			continue;
		list_remove(node);
		if (port->n_inlets <= TRY_ALL)
			list_add(&port->inlets, node);
		else
			list_add_first(&port->inlets, node);
		return size;
	}
	port->n_taken = 0;
	return 0;
}

struct port_message *port_receive_inlets_locked(struct port *port)
{
	if (!port->n_inlets)
		return NULL;
	return port->n_inlets <= TRY_ALL ? try_all_locked(port) : try_ready_locked(port);
}
