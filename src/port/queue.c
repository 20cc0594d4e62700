// SPDX-License-Identifier: MIT
/* Messages, the queue of a port, and the system's own messages. */
#include <stdlib.h>
#include <string.h>

#include "port/port_internal.h"

struct port_message *port_message_alloc(size_t size)
{
	struct port_message *m = calloc(1, sizeof(*m) + ((size + 7) & ~(size_t)7));

	if (!m)
		return NULL;
	list_init(&m->link);
	m->rights = m->first_right;
	m->size = (mach_msg_size_t)size;
	return m;
}

/* A send-once right that brought a message is used up; one that did not is not. */
static void release_destination_locked(struct port_right *right)
{
	struct port *port = right->port;

	if (port && right->type == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
		*right = (struct port_right){ 0 };
		port_drop_once_locked(port, false);
	} else {
		port_right_release_locked(right);
	}
}

void port_message_destroy_locked(struct port_message *message)
{
	if (!message)
		return;
	release_destination_locked(&message->destination);
	port_right_release_locked(&message->reply);
	for (unsigned i = 0; i < message->n_rights; i++)
		port_right_release_locked(&message->rights[i].right);
	for (unsigned i = 0; i < message->n_memory; i++)
		port_pages_free(message->memory[i].address, message->memory[i].size);
	if (message->rights != message->first_right)
		free(message->rights);
	free(message->memory);
	free(message);
}

struct port_message *port_message_free(struct port_message *message)
{
	port_lock();
	port_message_destroy_locked(message);
	port_unlock();
	return NULL;
}

/* Would a message with the receive right of PORT in the queue of AT never be received? */
static bool is_circular(const struct port *port, const struct port *at)
{
	while (at && at != port)
		at = at->carrier;
	return at == port;
}

static void set_carriers(struct port_message *message, struct port *carrier, bool *ret_circular)
{
	for (unsigned i = 0; i < message->n_rights; i++) {
		struct port_right *right = &message->rights[i].right;

		if (!right->port || right->type != MACH_MSG_TYPE_MOVE_RECEIVE)
			continue;
		if (carrier && is_circular(right->port, carrier))
			*ret_circular = true;
		else
			right->port->carrier = carrier;
	}
}

void port_enqueue_locked(struct port *port, struct port_message *message)
{
	bool circular = false;

	set_carriers(message, port, &circular);
	if (circular) {
		port_put_off_message_locked(message);
		return;
	}
	list_add(&port->queue, &message->link);
	port->n_queued++;
	port_wake_locked(port);
}

void port_put_back_locked(struct port *port, struct port_message *message)
{
	bool circular = false;

	if (port->dead) {
		port_put_off_message_locked(message);
		return;
	}
	set_carriers(message, port, &circular);
	message->returned = true;
	list_add_first(&port->queue, &message->link);
	port->n_queued++;
	port_wake_locked(port);
}

struct port_message *port_dequeue_locked(struct port *port)
{
	bool circular;

	if (list_is_empty(&port->queue))
		return NULL;
	struct port_message *m = list_first(&port->queue, struct port_message, link);
	list_remove(&m->link);
	port->n_queued--;
	set_carriers(m, NULL, &circular);
	port_update_event_locked(port);
	/* Senders wait for room; sends of the library do not mind the limit. */
	if (port->n_queued + 1 >= port->queue_limit)
		port_broadcast_locked(port);
	if (port->n_queued < port->queue_limit)
		port_tell_possible_locked(port);
	return m;
}

/* --- messages of the library ------------------------------------------------- */

/* A send right in a message, taken from nobody: the owner of the port makes it. */
static struct port_right make_send_locked(struct port *port)
{
	if (!port)
		return (struct port_right){ 0 };
	if (port->dead)
		return (struct port_right){ .dead = true };
	port->n_senders++;
	port->mscount++;
	return (struct port_right){ .port = port_ref(port), .type = MACH_MSG_TYPE_MOVE_SEND };
}

void port_message_refill(struct port_message *message, const void *header, size_t size)
{
	memcpy(message->data, header, size);
	message->size = (mach_msg_size_t)size;
}

err_t port_message_new(const void *header, size_t size, struct port *remote,
		       struct port *descriptor, struct port_message **ret_message)
{
	const size_t minimum = descriptor
				     ? sizeof(mach_msg_base_t) + sizeof(mach_msg_port_descriptor_t)
				     : sizeof(mach_msg_header_t);

	if (size < minimum || size > PORT_MESSAGE_MAX)
		return -EINVAL;
	struct port_message *m = port_message_alloc(size);
	if (!m)
		return -ENOMEM;
	memcpy(m->data, header, size);
	m->from_library = true;
	if (!remote && !descriptor) {
		*ret_message = m;
		return 0;
	}
	port_lock();
	m->reply = make_send_locked(remote);
	if (descriptor) {
		m->n_rights = 1;
		m->first_right[0] = (struct port_body_right){
			.right = make_send_locked(descriptor),
			.offset = sizeof(mach_msg_base_t),
			.memory = -1,
		};
	}
	port_unlock();
	*ret_message = m;
	return 0;
}

static err_t send_as(struct port *port, struct port_message *message,
		     void (*put_locked)(struct port *, struct port_message *))
{
	err_t err = 0;

	port_lock();
	if (port->dead)
		err = -EPIPE;
	else if (port->n_queued >= PORT_QUEUE_MAX)
		err = -ENOBUFS;
	if (err)
		port_message_destroy_locked(message);
	else
		put_locked(port, message);
	port_unlock();
	return err;
}

err_t port_send(struct port *port, struct port_message *message)
{
	return send_as(port, message, port_enqueue_locked);
}

err_t port_send_first(struct port *port, struct port_message *message)
{
	return send_as(port, message, port_put_back_locked);
}

/* --- notifications about rights ---------------------------------------------- */

static void send_notification_locked(struct port *once, struct port_message *message)
{
	/* Without memory the notification is lost, but the right is used up all the same. */
	if (!message || once->dead || once->n_queued >= PORT_QUEUE_MAX) {
		port_message_destroy_locked(message);
		port_drop_once_locked(once, false);
		return;
	}
	message->from_library = true;
	message->destination = (struct port_right){ once, MACH_MSG_TYPE_MOVE_SEND_ONCE, false };
	port_enqueue_locked(once, message);
}

void port_notify_locked(struct port *once, mach_msg_id_t id, uint32_t value)
{
	const mach_no_senders_notification_t body = {
		.not_header.msgh_id = id,
		.NDR = { .int_rep = 1 },
		.not_count = value,
	};
	size_t size = id == MACH_NOTIFY_SEND_ONCE
			    ? sizeof(mach_msg_header_t)
			    : offsetof(mach_no_senders_notification_t, trailer);
	struct port_message *m = port_message_alloc(size);

	if (m)
		memcpy(m->data, &body, size);
	send_notification_locked(once, m);
}

/* The receive right travels in the notification. */
void port_notify_destroyed_locked(struct port *once, struct port *destroyed)
{
	const mach_port_destroyed_notification_t body = {
		.not_header.msgh_bits = MACH_MSGH_BITS_COMPLEX,
		.not_header.msgh_id = MACH_NOTIFY_PORT_DESTROYED,
		.not_body.msgh_descriptor_count = 1,
		.not_port.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
	};
	size_t size = offsetof(mach_port_destroyed_notification_t, trailer);
	struct port_message *m = once->dead ? NULL : port_message_alloc(size);

	if (!m) {
		port_kill_locked(destroyed);
	} else {
		memcpy(m->data, &body, size);
		m->n_rights = 1;
		m->first_right[0] = (struct port_body_right){
			{ port_ref(destroyed), MACH_MSG_TYPE_MOVE_RECEIVE, false },
			offsetof(mach_port_destroyed_notification_t, not_port),
			-1,
		};
	}
	send_notification_locked(once, m);
}
