// SPDX-License-Identifier: MIT
/* Port sets: which receive rights are in which sets. */
#include <stdlib.h>

#include "port/port_internal.h"

static struct port_member *find_locked(struct port *set, struct port *port)
{
	list_for_each(node, &port->members) {
		struct port_member *m = container_of(node, struct port_member, of_port);

		if (m->set == set)
			return m;
	}
	return NULL;
}

static void remove_locked(struct port_member *m)
{
	if (m->set->epoll_fd >= 0 && m->port->epoll_fd >= 0)
		port_unwatch_locked(m->set, m->port->epoll_fd);
	list_remove(&m->of_port);
	list_remove(&m->of_set);
	pthread_cond_broadcast(&m->set->changed);
	port_unref_locked(m->set);
	port_unref_locked(m->port);
	free(m);
}

void port_leave_sets_locked(struct port *port)
{
	while (!list_is_empty(&port->members))
		remove_locked(list_first(&port->members, struct port_member, of_port));
}

void port_empty_set_locked(struct port *set)
{
	while (!list_is_empty(&set->members))
		remove_locked(list_first(&set->members, struct port_member, of_set));
}

unsigned port_count_sets_locked(const struct port *port)
{
	unsigned n = 0;

	list_for_each(node, &port->members)
		n++;
	return n;
}

/* Once one side needs a descriptor, so does the other. */
static err_t watch_locked(struct port *set, struct port *port)
{
	err_t err = 0;

	if (port->n_inlets)
		err = port_need_descriptor_locked(set);
	if (!err && set->epoll_fd >= 0) {
		err = port_need_descriptor_locked(port);
		if (!err)
			err = port_watch_locked(set, port->epoll_fd, port);
	}
	return err;
}

kern_return_t port_set_add_locked(struct port *set, struct port *port)
{
	struct port_member *m;

	if (find_locked(set, port))
		return KERN_ALREADY_IN_SET;
	m = malloc(sizeof(*m));
	if (!m || watch_locked(set, port)) {
		free(m);
		return KERN_RESOURCE_SHORTAGE;
	}
	*m = (struct port_member){ .port = port_ref(port), .set = port_ref(set) };
	list_add(&port->members, &m->of_port);
	list_add(&set->members, &m->of_set);
	port_wake_locked(port);
	return KERN_SUCCESS;
}

kern_return_t port_set_remove_locked(struct port *set, struct port *port)
{
	struct port_member *m = find_locked(set, port);

	if (!m)
		return KERN_NOT_IN_SET;
	remove_locked(m);
	return KERN_SUCCESS;
}
