// SPDX-License-Identifier: MIT
/*
 * The pollable descriptor of a receive right or set: an epoll descriptor over
 * an event descriptor (messages in memory, or the end of the right) and the
 * inlets' sockets; a set's is over its members' descriptors.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <portico/port.h>

#include "base/fd.h"
#include "port/port_internal.h"

err_t port_watch_locked(struct port *port, int fd, void *data)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = data };

	return epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? err_from_errno() : 0;
}

void port_unwatch_locked(struct port *port, int fd)
{
	if (port->epoll_fd >= 0)
		epoll_ctl(port->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void port_close_descriptors_locked(struct port *port)
{
	port->epoll_fd = fd_close(port->epoll_fd);
	port->event_fd = fd_close(port->event_fd);
	port->event_is_set = false;
}

static err_t watch_members_locked(struct port *set)
{
	list_for_each(node, &set->members) {
		struct port *port = container_of(node, struct port_member, of_set)->port;
		err_t err = port_need_descriptor_locked(port);

		if (!err)
			err = port_watch_locked(set, port->epoll_fd, port);
		if (err)
			return err;
	}
	return 0;
}

err_t port_need_descriptor_locked(struct port *port)
{
	err_t err = 0;

	if (port->epoll_fd >= 0)
		return 0;
	port->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	port->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (port->epoll_fd < 0 || port->event_fd < 0)
		err = err_from_errno();
	if (!err)
		err = port_watch_locked(port, port->event_fd, NULL);
	if (!err && port->is_set)
		err = watch_members_locked(port);
	if (err) {
		port_close_descriptors_locked(port);
		return err;
	}
	port_update_event_locked(port);
	return 0;
}

void port_update_event_locked(struct port *port)
{
	/* Without the right there is nothing to wait for: whoever does shall notice. */
	bool want = !port->has_receive || (!port->is_set && port->n_queued);
	uint64_t value = 1;
	ssize_t ignored;

	if (port->event_fd < 0 || want == port->event_is_set)
		return;
	port->event_is_set = want;
	ignored = want ? write(port->event_fd, &value, sizeof(value))
		       : read(port->event_fd, &value, sizeof(value));
	(void)ignored;
}

err_t port_descriptor(mach_port_name_t name, int *ret_fd)
{
	struct port_name *n;
	err_t err = -EINVAL;

	port_lock();
	n = port_name_find_locked(name);
	if (n && n->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET))
		err = port_need_descriptor_locked(n->port);
	if (!err) {
		n->port->is_polled = true;
		*ret_fd = n->port->epoll_fd;
	}
	port_unlock();
	return err;
}

int portico_port_get_descriptor(mach_port_t name)
{
	int fd;
	err_t err = port_descriptor(name, &fd);

	if (!err)
		return fd;
	errno = -err;
	return -1;
}
