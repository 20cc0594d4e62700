// SPDX-License-Identifier: MIT
/*
 * The pollable descriptor of a receive right or set: an epoll instance that
 * holds an eventfd (set while the in-memory queue has something, or for ever
 * once the right is dead) and the sockets of the inlets; a set's holds those
 * of its members.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <portico/port.h>

#include "base/fd.h"
#include "port/port_internal.h"

err_t port_need_descriptor_locked(struct port *port)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };

	if (port->epoll_fd >= 0)
		return 0;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll_fd < 0 || event_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &e) < 0) {
		err_t err = err_from_errno();

		fd_close(epoll_fd);
		fd_close(event_fd);
		return err;
	}
	port->epoll_fd = epoll_fd;
	port->event_fd = event_fd;
	port->event_is_set = false;
	port_update_event_locked(port);
	return 0;
}

void port_update_event_locked(struct port *port)
{
	bool set = port->dead || (!port->is_set && !list_is_empty(&port->queue));
	uint64_t value = 1;
	ssize_t ignored = 0;

	if (port->event_fd < 0 || set == port->event_is_set)
		return;
	port->event_is_set = set;
	if (set)
		ignored = write(port->event_fd, &value, sizeof(value));
	else
		ignored = read(port->event_fd, &value, sizeof(value));
	(void)ignored;
}

void port_close_descriptors_locked(struct port *port)
{
	port->epoll_fd = fd_close(port->epoll_fd);
	port->event_fd = fd_close(port->event_fd);
}

err_t port_descriptor(mach_port_name_t name, int *ret_fd)
{
	err_t err = -EINVAL;

	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (n && n->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET)) {
		err = port_need_descriptor_locked(n->port);
		if (!err) {
			*ret_fd = n->port->epoll_fd;
			/* Who waits on the condition alone would not see inlets added later. */
			pthread_cond_broadcast(&n->port->readable);
		}
	}
	port_unlock();
	return err;
}

int portico_port_get_descriptor(mach_port_t name)
{
	int fd = -1;
	err_t err = port_descriptor(name, &fd);

	if (err) {
		errno = -err;
		return -1;
	}
	return fd;
}
