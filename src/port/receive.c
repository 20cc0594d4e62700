// SPDX-License-Identifier: MIT
/* Waiting for a message on a receive right or a set. */
#include <poll.h>
#include <time.h>

#include "base/fd.h"
#include "port/port_internal.h"

/* Queue and inlets take turns. */
static struct port_message *take_from_port_locked(struct port *port)
{
	struct port_message *message = NULL;
	bool inlets = port->inlets_next;

	if (!list_is_empty(&port->queue) &&
	    list_first(&port->queue, struct port_message, link)->returned)
		inlets = false;
	for (int i = 0; i < 2 && !message; i++, inlets = !inlets)
		message = inlets ? port_receive_inlets_locked(port) : port_dequeue_locked(port);
	/* INLETS is already the other one. */
	if (message) {
		port->inlets_next = inlets;
		message->returned = false;
		message->seqno = port->seqno++;
	}
	return message;
}

static struct port_message *take_from_set_locked(struct port *set, struct port **ret_port)
{
	unsigned n = 0;

	list_for_each(node, &set->members)
		n++;
	/* The list may change whenever an inlet is tried. */
	for (; n && !list_is_empty(&set->members); n--) {
		struct port_member *m = list_first(&set->members, struct port_member, of_set);
		struct port *port = port_ref(m->port);

		list_remove(&m->of_set);
		list_add(&set->members, &m->of_set);
		struct port_message *message = take_from_port_locked(port);
		if (message) {
			*ret_port = port;
			return message;
		}
		port_unref_locked(port);
	}
	return NULL;
}

/* Is another thread in a callback of an inlet? Its socket may poll readable all the while. */
static bool is_busy_locked(const struct port *port)
{
	if (!port->is_set)
		return port->n_busy > 0;
	list_for_each(node, &port->members)
		if (container_of(node, struct port_member, of_set)->port->n_busy)
			return true;
	return false;
}

/* The lock is dropped. False: a signal handler ran. */
static bool poll_locked(struct port *port, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = port->epoll_fd, .events = POLLIN };
	uint64_t now = port_now_ns();
	uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
	struct timespec t = { .tv_sec = (time_t)(left / 1000000000u),
			      .tv_nsec = (long)(left % 1000000000u) };

	port_unlock();
	int n = fd_poll(&p, 1, deadline_ns == PORT_FOREVER ? NULL : &t);
	bool interrupted = n < 0 && errno == EINTR;
	port_lock();
	return !interrupted;
}

static bool has_ended_locked(const struct port *port, uint64_t epoch)
{
	return port->dead || !port->has_receive || port->epoch != epoch;
}

static mach_msg_return_t wait_for_message_locked(struct port *port, uint64_t deadline_ns,
						 bool interruptible, struct port_reception *ret)
{
	const uint64_t epoch = port->epoch;

	/* Only a system call notices signals. Without a descriptor the wait is not interrupted. */
	if (interruptible)
		port_need_descriptor_locked(port);
	for (;;) {
		if (port->is_set)
			ret->message = take_from_set_locked(port, &ret->port);
		else if ((ret->message = take_from_port_locked(port)))
			ret->port = port_ref(port);
		if (ret->message && !has_ended_locked(ret->port, ret->port->epoch))
			return MACH_MSG_SUCCESS;
		if (ret->message) {
			/* It ended, or moved, while its inlet was tried. */
			port_put_back_locked(ret->port, ret->message);
			port_unref_locked(ret->port);
			ret->message = NULL;
		}
		if (has_ended_locked(port, epoch))
			return MACH_RCV_PORT_CHANGED;
		if (deadline_ns != PORT_FOREVER && port_now_ns() >= deadline_ns)
			return MACH_RCV_TIMED_OUT;
		if (port->epoll_fd < 0 || is_busy_locked(port)) {
			port_wait_locked(port, deadline_ns);
		} else if (!poll_locked(port, deadline_ns) && interruptible) {
			return MACH_RCV_INTERRUPTED;
		}
	}
}

mach_msg_return_t port_receive_locked(mach_port_name_t name, uint64_t deadline_ns,
				      bool interruptible, struct port_reception *ret)
{
	struct port_name *n = port_name_find_locked(name);

	if (!n || !(n->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET)))
		return MACH_RCV_INVALID_NAME;
	struct port *port = port_ref(n->port);
	mach_msg_return_t result = wait_for_message_locked(port, deadline_ns, interruptible, ret);
	port_unref_locked(port);
	return result;
}
