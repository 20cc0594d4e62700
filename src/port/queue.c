// SPDX-License-Identifier: MIT
/* Messages and the in-memory queue of a port. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "port/port_internal.h"

struct port_message *port_message_free(struct port_message *message)
{
	if (!message)
		return NULL;
	port_lock();
	port_right_release_locked(&message->remote);
	for (size_t i = 0; i < message->n_rights; i++)
		port_right_release_locked(&message->rights[i]);
	port_unlock();
	for (size_t i = 0; i < message->n_memory; i++)
		if (message->memory[i].address)
			munmap(message->memory[i].address, message->memory[i].size);
	free(message->rights);
	free(message->memory);
	free(message);
	return NULL;
}

void port_message_release_locked(struct port_message *message)
{
	list_init(&message->link);
	port_put_off_message_locked(message);
}

static void carry_send_locked(struct port *port, struct port_right *right, uint32_t offset)
{
	*right = (struct port_right){ port_ref(port), MACH_MSG_TYPE_MOVE_SEND, port->dead, offset };
	port->n_senders++;
}

err_t port_message_new(const void *header, size_t size, struct port *remote,
		       struct port *descriptor, struct port_message **ret_message)
{
	if (size < sizeof(mach_msg_header_t) || size > PORT_MESSAGE_MAX)
		return -EINVAL;
	struct port_message *m = calloc(1, sizeof(*m) + size + 8);
	if (!m)
		return -ENOMEM;
	if (descriptor && !(m->rights = calloc(1, sizeof(*m->rights)))) {
		free(m);
		return -ENOMEM;
	}
	list_init(&m->link);
	m->size = (mach_msg_size_t)size;
	memcpy(m->data, header, size);
	if (!remote && !descriptor) {
		*ret_message = m;
		return 0;
	}
	port_lock();
	if (remote)
		carry_send_locked(remote, &m->remote, 0);
	if (descriptor) {
		m->n_rights = 1;
		carry_send_locked(descriptor, &m->rights[0], sizeof(mach_msg_base_t));
	}
	port_unlock();
	*ret_message = m;
	return 0;
}

void port_enqueue_locked(struct port *port, struct port_message *message)
{
	message->seqno = port->seqno++;
	list_add(&port->queue, &message->link);
	port->n_queued++;
	pthread_cond_signal(&port->readable);
	port_update_event_locked(port);
}

struct port_message *port_dequeue_locked(struct port *port)
{
	if (list_is_empty(&port->queue))
		return NULL;
	struct port_message *m = list_first(&port->queue, struct port_message, link);
	list_remove(&m->link);
	port->n_queued--;
	pthread_cond_signal(&port->writable);
	port_update_event_locked(port);
	return m;
}

err_t port_send(struct port *port, struct port_message *message)
{
	err_t err = 0;

	port_lock();
	if (port->dead)
		err = -EPIPE;
	else if (port->n_queued >= PORT_KERNEL_QUEUE_MAX)
		err = -ENOBUFS;
	if (err)
		port_message_release_locked(message);
	else
		port_enqueue_locked(port, message);
	port_unlock();
	return err;
}

/* Uses up the send-once right ONCE (a reference). */
void port_notify_locked(struct port *once, mach_msg_id_t id, const void *body, size_t size)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_MOVE_SEND_ONCE),
		.msgh_size = (mach_msg_size_t)(sizeof(header) + size),
		.msgh_id = id,
	};
	struct port_message *m = calloc(1, sizeof(*m) + sizeof(header) + size + 8);

	if (once->n_once)
		once->n_once--;
	if (m && !once->dead) {
		list_init(&m->link);
		m->size = header.msgh_size;
		memcpy(m->data, &header, sizeof(header));
		if (size)
			memcpy(m->data + sizeof(header), body, size);
		port_enqueue_locked(once, m);
	} else {
		free(m);
	}
	port_put_off_unref_locked(once);
}
