// SPDX-License-Identifier: MIT
/* Ports: life, object ports, senders, death. */
#include <stdlib.h>

#include "port/port_internal.h"

struct list port_all_ports = LIST_INIT(port_all_ports);

void port_queue_no_senders_locked(struct port *port);

struct port *port_ref(struct port *port)
{
	if (port)
		ref_get(&port->ref);
	return port;
}

struct port *port_unref(struct port *port)
{
	if (!port || !ref_put(&port->ref))
		return NULL;
	port_lock();
	list_remove(&port->all);
	port_close_descriptors_locked(port);
	port_unlock();
	pthread_cond_destroy(&port->readable);
	pthread_cond_destroy(&port->writable);
	free(port);
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
	list_init(&port->memberships);
	port->queue_limit = MACH_PORT_QLIMIT_DEFAULT;
	port->epoll_fd = port->event_fd = -1;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&port->readable, &monotonic);
	pthread_cond_init(&port->writable, &monotonic);
	pthread_condattr_destroy(&monotonic);
	list_add(&port_all_ports, &port->all);
	*ret = port;
	return 0;
}

err_t port_new_object(uint32_t kind, void *object, const struct port_object_ops *ops,
		      struct port **ret_port)
{
	port_lock();
	err_t err = port_new_locked(ret_port);
	if (!err) {
		(*ret_port)->kind = kind;
		(*ret_port)->object = object;
		(*ret_port)->ops = ops;
	}
	port_unlock();
	return err;
}

err_t port_make_send(struct port *port, mach_port_name_t *ret_name)
{
	struct port_name *n;
	err_t err = -EPIPE;

	port_lock();
	if (!port->dead)
		err = port_add_send_uref_locked(port, &n);
	if (!err) {
		port->mscount++;
		*ret_name = n->name;
	}
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

err_t port_copy_object(mach_port_name_t name, uint32_t kind, void **ret_object)
{
	err_t err = 0;

	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (!n || n->type & MACH_PORT_TYPE_DEAD_NAME || !(n->type & MACH_PORT_TYPE_SEND_RIGHTS))
		err = n && n->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET) ? -EINVAL : -ENOENT;
	else if (n->port->dead)
		err = -ENOENT;
	else if (n->port->kind != kind)
		err = -EINVAL;
	if (!err) {
		n->port->ops->retain(n->port->object);
		*ret_object = n->port->object;
	}
	port_unlock();
	return err;
}

static void tell_no_senders_locked(struct port *port)
{
	struct {
		NDR_record_t ndr;
		mach_msg_type_number_t count;
	} body = { .count = port->mscount };

	if (port->kind && !port->dead)
		port_queue_no_senders_locked(port);
	if (port->no_senders_request) {
		struct port *once = port->no_senders_request;

		port->no_senders_request = NULL;
		port_notify_locked(once, MACH_NOTIFY_NO_SENDERS, &body, sizeof(body));
	}
}

void port_drop_sender_locked(struct port *port)
{
	if (port->n_senders && --port->n_senders == 0)
		tell_no_senders_locked(port);
}

/* A send-once right that goes unused tells its receiver, as the sender's death would. */
void port_drop_once_locked(struct port *port, bool notify)
{
	if (notify && !port->dead) {
		port_notify_locked(port, MACH_NOTIFY_SEND_ONCE, NULL, 0);
		return;
	}
	if (port->n_once)
		port->n_once--;
	port_put_off_unref_locked(port);
}

static void name_dies_locked(struct port_name *n)
{
	struct {
		NDR_record_t ndr;
		mach_port_name_t port;
	} body = { .port = n->name };
	struct port *once = n->dead_request;
	struct port *port = n->port;

	if (n->type & MACH_PORT_TYPE_SEND_ONCE)
		n->urefs = 1;
	list_remove(&n->once);
	n->type = MACH_PORT_TYPE_DEAD_NAME;
	n->port = NULL;
	n->dead_request = NULL;
	if (port->name == n->name)
		port->name = MACH_PORT_NULL;
	port_put_off_unref_locked(port);
	if (once) {
		/* The notification itself carries one more reference to the dead name. */
		n->urefs++;
		port_notify_locked(once, MACH_NOTIFY_DEAD_NAME, &body, sizeof(body));
	}
}

static void drop_request_locked(struct port *port)
{
	struct port *once = port->no_senders_request;

	port->no_senders_request = NULL;
	if (once)
		port_drop_once_locked(once, true);
}

void port_kill_locked(struct port *port)
{
	struct port_message *message;

	if (port->dead)
		return;
	port->dead = true;
	port->has_receive = false;
	struct port_name *n = port_name_find_locked(port->name);
	if (n) {
		n->type &= ~(MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET);
		if (n->type & MACH_PORT_TYPE_SEND)
			name_dies_locked(n);
		else
			port_name_free_locked(n);
	}
	list_for_each_safe(node, &port->once_names)
		name_dies_locked(container_of(node, struct port_name, once));
	while (!port->is_set && (message = port_dequeue_locked(port)))
		port_message_release_locked(message);
	port_leave_sets_locked(port);
	drop_request_locked(port);
	pthread_cond_broadcast(&port->readable);
	pthread_cond_broadcast(&port->writable);
	port_update_event_locked(port);
}

void port_kill(struct port *port)
{
	struct list inlets;

	list_init(&inlets);
	port_lock();
	port_remove_inlets_locked(port, &inlets);
	port_kill_locked(port);
	port_await_no_senders_locked(port);
	port_unlock();
	port_finish_inlets(&inlets);
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
