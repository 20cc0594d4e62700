// SPDX-License-Identifier: MIT
/* Ports: birth, senders, death; object ports. */
#include <stdlib.h>

#include "port/port_internal.h"

struct list port_all = LIST_INIT(port_all);

struct port *port_ref(struct port *port)
{
	if (port)
		ref_get(&port->ref);
	return port;
}

static void free_locked(struct port *port)
{
	list_remove(&port->all);
	port_close_descriptors_locked(port);
	pthread_cond_destroy(&port->changed);
	free(port);
}

void port_unref_locked(struct port *port)
{
	if (port && ref_put(&port->ref))
		free_locked(port);
}

struct port *port_unref(struct port *port)
{
	if (!port || !ref_put(&port->ref))
		return NULL;
	port_lock();
	free_locked(port);
	port_unlock();
	return NULL;
}

err_t port_new_locked(struct port **ret)
{
	struct port *port = calloc(1, sizeof(*port));
	pthread_condattr_t monotonic;

	if (!port)
		return -ENOMEM;
	ref_init(&port->ref);
	list_init(&port->once_names);
	list_init(&port->pending);
	list_init(&port->queue);
	list_init(&port->inlets);
	list_init(&port->members);
	port->queue_limit = MACH_PORT_QLIMIT_DEFAULT;
	port->epoll_fd = port->event_fd = -1;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&port->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	list_add(&port_all, &port->all);
	*ret = port;
	return 0;
}

err_t port_new_object(uint32_t kind, void *object, const struct port_object_ops *ops,
		      struct port **ret_port)
{
	struct port *port;

	port_lock();
	err_t err = port_new_locked(&port);
	if (!err) {
		port->kind = kind;
		port->object = object;
		port->ops = ops;
		*ret_port = port;
	}
	port_unlock();
	return err;
}

err_t port_make_send(struct port *port, mach_port_name_t *ret_name)
{
	port_lock();
	err_t err = port->dead ? -EPIPE : port_add_send_uref_locked(port, ret_name);
	if (!err)
		port->mscount++;
	port_unlock();
	return err;
}

bool port_has_senders(struct port *port)
{
	port_lock();
	bool has = port->n_senders > 0;
	port_unlock();
	return has;
}

static err_t find_object_locked(mach_port_name_t name, uint32_t kind, struct port **ret)
{
	struct port_name *n = port_name_find_locked(name);

	if (!n || n->type & MACH_PORT_TYPE_DEAD_NAME)
		return -ENOENT;
	if (!(n->type & MACH_PORT_TYPE_SEND_RIGHTS))
		return -ENOENT;
	if (n->port->kind != kind || !n->port->ops)
		return -EINVAL;
	if (n->port->dead)
		return -ENOENT;
	*ret = n->port;
	return 0;
}

err_t port_copy_object(mach_port_name_t name, uint32_t kind, void **ret_object)
{
	struct port *port;

	port_lock();
	err_t err = find_object_locked(name, kind, &port);
	if (!err) {
		port->ops->retain(port->object);
		*ret_object = port->object;
	}
	port_unlock();
	return err;
}

void port_drop_sender_locked(struct port *port)
{
	struct port *request = port->no_senders_request;

	if (--port->n_senders)
		return;
	if (port->ops && !port->dead)
		port_put_off_no_senders_locked(port);
	if (request) {
		port->no_senders_request = NULL;
		port_notify_locked(request, MACH_NOTIFY_NO_SENDERS, port->mscount);
	}
}

void port_drop_once_locked(struct port *port, bool unused)
{
	if (unused && !port->dead) {
		port_notify_locked(port, MACH_NOTIFY_SEND_ONCE, 0);
		return;
	}
	port->n_once--;
	port_unref_locked(port);
}

void port_wake_locked(struct port *port)
{
	port_broadcast_locked(port);
	port_update_event_locked(port);
	if (port->is_set)
		return;
	list_for_each(node, &port->members)
		pthread_cond_broadcast(
			&container_of(node, struct port_member, of_port)->set->changed);
}

void port_detach_receive_locked(struct port *port)
{
	struct port_name *n = port_name_find_locked(port->name);

	port->has_receive = false;
	port->epoch++;
	port_wake_locked(port);
	if (port->is_set)
		port_empty_set_locked(port);
	else
		port_leave_sets_locked(port);
	if (!n)
		return;
	n->type &= ~(MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET);
	if (!n->type)
		port_name_free_locked(n);
}

static void drop_requests_locked(struct port *port)
{
	struct port *requests[] = { port->no_senders_request, port->destroyed_request };

	port->no_senders_request = port->destroyed_request = NULL;
	for (int i = 0; i < 2; i++)
		if (requests[i])
			port_drop_once_locked(requests[i], true);
}

/* The caller holds a reference. */
void port_kill_locked(struct port *port)
{
	if (port->dead)
		return;
	port->dead = true;
	port_detach_receive_locked(port);
	struct port_name *n = port_name_find_locked(port->name);
	if (n) {
		port->n_senders -= n->urefs;
		port_name_die_locked(n);
	}
	list_for_each_safe(node, &port->once_names) {
		struct port_name *once = container_of(node, struct port_name, once);

		port->n_once--;
		port_name_die_locked(once);
	}
	/* What they carry is in no queue any more, while they wait for their end. */
	for (struct port_message *m; (m = port_dequeue_locked(port));)
		port_put_off_message_locked(m);
	port_remove_inlets_locked(port);
	drop_requests_locked(port);
	port_wake_locked(port);
}

void port_destroy_receive_locked(struct port *port)
{
	struct port *request = port->destroyed_request;

	port_ref(port);
	if (request) {
		port->destroyed_request = NULL;
		port_detach_receive_locked(port);
		port_notify_destroyed_locked(request, port);
	} else {
		port_kill_locked(port);
	}
	port_unref_locked(port);
}

err_t port_from_receive_right(mach_port_name_t name, struct port **ret_port)
{
	err_t err = -EINVAL;

	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (n && n->type & MACH_PORT_TYPE_RECEIVE) {
		*ret_port = port_ref(n->port);
		err = 0;
	}
	port_unlock();
	return err;
}
