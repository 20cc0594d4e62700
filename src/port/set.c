// SPDX-License-Identifier: MIT
/* Port sets. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "port/port_internal.h"

static void leave_locked(struct port_member *member)
{
	list_remove(&member->of_port);
	list_remove(&member->of_set);
	if (member->set->epoll_fd >= 0 && member->port->epoll_fd >= 0)
		epoll_ctl(member->set->epoll_fd, EPOLL_CTL_DEL, member->port->epoll_fd, NULL);
	port_put_off_unref_locked(member->set);
	port_put_off_unref_locked(member->port);
	free(member);
}

void port_leave_sets_locked(struct port *port)
{
	if (port->is_set) {
		port_empty_set_locked(port);
		return;
	}
	list_for_each_safe(node, &port->memberships)
		leave_locked(container_of(node, struct port_member, of_port));
}

void port_empty_set_locked(struct port *set)
{
	list_for_each_safe(node, &set->queue)
		leave_locked(container_of(node, struct port_member, of_set));
}

static struct port_member *find_locked(struct port *port, struct port *set)
{
	list_for_each(node, &port->memberships)
		if (container_of(node, struct port_member, of_port)->set == set)
			return container_of(node, struct port_member, of_port);
	return NULL;
}

static kern_return_t join_locked(struct port *port, struct port *set)
{
	struct epoll_event e = { .events = EPOLLIN };

	if (find_locked(port, set))
		return KERN_ALREADY_IN_SET;
	struct port_member *member = calloc(1, sizeof(*member));
	if (!member || port_need_descriptor_locked(port) || port_need_descriptor_locked(set) ||
	    epoll_ctl(set->epoll_fd, EPOLL_CTL_ADD, port->epoll_fd, &e) < 0) {
		free(member);
		return KERN_RESOURCE_SHORTAGE;
	}
	member->port = port_ref(port);
	member->set = port_ref(set);
	list_add(&port->memberships, &member->of_port);
	list_add(&set->queue, &member->of_set);
	/* Those who wait for the port alone have to notice its descriptor. */
	pthread_cond_broadcast(&port->readable);
	pthread_cond_broadcast(&set->readable);
	return KERN_SUCCESS;
}

static kern_return_t find_right(mach_port_name_t name, mach_port_type_t type, struct port **ret)
{
	struct port_name *n = port_name_find_locked(name);

	if (!n)
		return KERN_INVALID_NAME;
	if (!(n->type & type))
		return KERN_INVALID_RIGHT;
	*ret = n->port;
	return KERN_SUCCESS;
}

static kern_return_t find_pair(mach_port_name_t name, mach_port_name_t set_name, struct port **port,
			       struct port **set)
{
	kern_return_t result = find_right(name, MACH_PORT_TYPE_RECEIVE, port);

	return result ? result : find_right(set_name, MACH_PORT_TYPE_PORT_SET, set);
}

kern_return_t mach_port_insert_member(ipc_space_t task, mach_port_name_t name, mach_port_name_t set_name)
{
	struct port *port, *set;

	if (task != mach_task_self())
		return KERN_INVALID_TASK;
	port_lock();
	kern_return_t result = find_pair(name, set_name, &port, &set);
	if (!result)
		result = join_locked(port, set);
	port_unlock();
	return result;
}

kern_return_t mach_port_extract_member(ipc_space_t task, mach_port_name_t name, mach_port_name_t set_name)
{
	struct port *port, *set;

	if (task != mach_task_self())
		return KERN_INVALID_TASK;
	port_lock();
	kern_return_t result = find_pair(name, set_name, &port, &set);
	if (!result) {
		struct port_member *member = find_locked(port, set);

		if (member)
			leave_locked(member);
		else
			result = KERN_NOT_IN_SET;
	}
	port_unlock();
	return result;
}

kern_return_t mach_port_move_member(ipc_space_t task, mach_port_name_t name, mach_port_name_t after)
{
	struct port *port, *set = NULL;

	if (task != mach_task_self())
		return KERN_INVALID_TASK;
	port_lock();
	kern_return_t result = find_right(name, MACH_PORT_TYPE_RECEIVE, &port);
	if (!result && after != MACH_PORT_NULL)
		result = find_right(after, MACH_PORT_TYPE_PORT_SET, &set);
	if (!result && !set && list_is_empty(&port->memberships))
		result = KERN_NOT_IN_SET;
	if (!result) {
		port_leave_sets_locked(port);
		if (set)
			result = join_locked(port, set);
	}
	port_unlock();
	return result;
}
