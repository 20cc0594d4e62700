// SPDX-License-Identifier: MIT
/* Receiving: from one right or from the members of a set, with and without waiting. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "port/port_internal.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A message of PORT, queue and inlets in turn. */
static struct port_message *take_one(struct port *port)
{
	struct port_message *m = NULL;
	bool inlets_first = port->inlets_next;

	port->inlets_next = !inlets_first;
	if (inlets_first && !list_is_empty(&port->inlets))
		m = port_receive_inlets_locked(port);
	if (!m)
		m = port_dequeue_locked(port);
	if (!m && !inlets_first && !list_is_empty(&port->inlets))
		m = port_receive_inlets_locked(port);
	return m;
}

/* A message of any member, each in its turn. */
static struct port_message *take_from_set(struct port *set, struct port **ret_member)
{
	unsigned n = 0;

	list_for_each(node, &set->queue)
		n++;
	while (n-- && !list_is_empty(&set->queue)) {
		struct port_member *member = list_first(&set->queue, struct port_member, of_set);
		struct port *port = port_ref(member->port);

		list_remove(&member->of_set);
		list_add(&set->queue, &member->of_set);
		/* The member may leave the set while an inlet is asked without the lock. */
		struct port_message *m = take_one(port);
		if (m) {
			*ret_member = port;
			return m;
		}
		port_put_off_unref_locked(port);
	}
	return NULL;
}

static int wait_ms(uint64_t until)
{
	if (until == UINT64_MAX)
		return -1;
	uint64_t now = now_ns();
	uint64_t ms = until > now ? (until - now + 999999) / 1000000 : 0;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* Sleep until something may have changed. */
static void wait_locked(struct port *port, uint64_t until)
{
	struct timespec at = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };
	struct epoll_event e;
	int fd = port->epoll_fd;

	if (fd < 0) {
		port_wait_locked(&port->readable, until == UINT64_MAX ? NULL : &at);
		return;
	}
	port_unlock();
	/* The descriptor stays open: the caller holds the port. */
	epoll_wait(fd, &e, 1, wait_ms(until));
	port_lock();
}

static bool is_gone(struct port *port)
{
	return port->dead || (!port->is_set && !port->has_receive);
}

/* Put a message that is too large for the caller back to the front. */
static void put_back(struct port *port, struct port_message *m)
{
	list_add_first(&port->queue, &m->link);
	port->n_queued++;
	port_update_event_locked(port);
}

static struct port_message *try_locked(struct port *port, struct port **ret_member)
{
	if (port->is_set)
		return take_from_set(port, ret_member);
	struct port_message *m = take_one(port);
	if (m)
		*ret_member = port_ref(port);
	return m;
}

mach_msg_return_t port_receive_locked(struct port *port, uint64_t timeout_ns, size_t room,
				      bool keep_large, struct port_message **ret_message,
				      struct port **ret_member, mach_msg_size_t *ret_large)
{
	uint64_t until = timeout_ns;

	if (timeout_ns && timeout_ns != UINT64_MAX)
		until = now_ns() + timeout_ns;
	for (;;) {
		struct port_message *m = try_locked(port, ret_member);

		if (m && round_msg(m->size) > room) {
			*ret_large = m->size;
			if (keep_large)
				put_back(*ret_member, m);
			else
				port_message_release_locked(m);
			return MACH_RCV_TOO_LARGE;
		}
		if (m) {
			*ret_message = m;
			return MACH_MSG_SUCCESS;
		}
		if (is_gone(port))
			return MACH_RCV_PORT_CHANGED;
		if (!timeout_ns || (until != UINT64_MAX && now_ns() >= until))
			return MACH_RCV_TIMED_OUT;
		wait_locked(port, until);
		if (is_gone(port))
			return MACH_RCV_PORT_CHANGED;
	}
}
