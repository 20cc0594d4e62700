// SPDX-License-Identifier: MIT
/* Inlets: sockets of other processes that send into a receive right. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "port/port_internal.h"

/* Looks at inlets for one receive: a sender of messages that are dropped must not keep us here. */
enum { DROPPED_MAX = 256 };

static void free_inlet(struct port_inlet *inlet)
{
	if (inlet->ops->removed)
		inlet->ops->removed(inlet->context);
	port_unref(inlet->port);
	free(inlet);
}

err_t port_add_inlet(struct port *port, int socket, const struct port_inlet_ops *ops,
		     void *context, struct port_inlet **ret_inlet)
{
	struct port_inlet *inlet = calloc(1, sizeof(*inlet));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = inlet };
	err_t err = inlet ? 0 : -ENOMEM;

	port_lock();
	if (!err)
		err = port->dead ? -EPIPE : port_need_descriptor_locked(port);
	if (!err && epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, socket, &e) < 0)
		err = err_from_errno();
	if (!err) {
		*inlet = (struct port_inlet){ .port = port_ref(port), .socket = socket, .ops = ops,
					      .context = context };
		list_add(&port->inlets, &inlet->link);
		pthread_cond_broadcast(&port->readable);
		*ret_inlet = inlet;
	}
	port_unlock();
	if (err) {
		fd_close(socket);
		free(inlet);
	}
	return err;
}

/* Out of the port; true when the caller has to free it (no receive is running). */
static bool detach_locked(struct port_inlet *inlet)
{
	inlet->removed = true;
	list_remove(&inlet->link);
	if (inlet->socket >= 0 && inlet->port->epoll_fd >= 0)
		epoll_ctl(inlet->port->epoll_fd, EPOLL_CTL_DEL, inlet->socket, NULL);
	if (inlet->busy)
		return false;
	inlet->socket = fd_close(inlet->socket);
	return true;
}

void port_remove_inlet(struct port_inlet *inlet)
{
	port_lock();
	bool mine = !inlet->removed && detach_locked(inlet);
	port_unlock();
	if (mine)
		free_inlet(inlet);
}

void port_remove_inlets_locked(struct port *port, struct list *removed)
{
	list_for_each_safe(node, &port->inlets) {
		struct port_inlet *inlet = container_of(node, struct port_inlet, link);

		if (detach_locked(inlet))
			list_add(removed, &inlet->link);
	}
}

void port_finish_inlets(struct list *removed)
{
	list_for_each_safe(node, removed) {
		list_remove(node);
		free_inlet(container_of(node, struct port_inlet, link));
	}
}

/* Call the inlet's receiver without the lock. */
static err_t receive_one(struct port_inlet *inlet, struct port_message **ret)
{
	*ret = NULL;
	inlet->busy = true;
	port_unlock();
	err_t err = inlet->ops->receive(inlet->context, inlet->socket, ret);
	port_lock();
	inlet->busy = false;
	bool finish = inlet->removed;
	if (!finish && err == -EPIPE)
		finish = detach_locked(inlet);
	if (finish) {
		inlet->socket = fd_close(inlet->socket);
		port_unlock();
		free_inlet(inlet);
		port_lock();
	}
	return err;
}

static struct port_inlet *next_ready_locked(struct port *port, unsigned left)
{
	while (left-- && !list_is_empty(&port->inlets)) {
		struct port_inlet *inlet = list_first(&port->inlets, struct port_inlet, link);

		/* To the end of the line, so that all get their turn. */
		list_remove(&inlet->link);
		list_add(&port->inlets, &inlet->link);
		if (!inlet->busy)
			return inlet;
	}
	return NULL;
}

struct port_message *port_receive_inlets_locked(struct port *port)
{
	unsigned n = 0;

	list_for_each(node, &port->inlets)
		n++;
	for (unsigned i = 0; i < n && !port->dead; i++) {
		struct port_inlet *inlet = next_ready_locked(port, n);
		struct port_message *message;

		if (!inlet)
			return NULL;
		err_t err = receive_one(inlet, &message);
		if (!err && message) {
			message->seqno = port->seqno++;
			return message;
		}
		/* Something was read that makes no message: look at this one again. */
		if (!err && n < DROPPED_MAX)
			n++;
	}
	return NULL;
}
