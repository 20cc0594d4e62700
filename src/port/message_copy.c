// SPDX-License-Identifier: MIT
/*
 * Between the user's message, where rights are names and memory is addresses,
 * and ours, where rights and memory are held.
 */
#include <stdlib.h>
#include <string.h>

#include "port/port_internal.h"

/* Descriptors are walked in the message's own copy: nobody changes it meanwhile. */
struct body {
	struct port_message *message;
	uint32_t offset; /* of the next descriptor */
	uint32_t count;
};

static uint32_t descriptor_size(mach_msg_descriptor_type_t type)
{
	switch (type) {
	case MACH_MSG_PORT_DESCRIPTOR:
		return sizeof(mach_msg_port_descriptor_t);
	case MACH_MSG_OOL_DESCRIPTOR:
	case MACH_MSG_OOL_VOLATILE_DESCRIPTOR:
		return sizeof(mach_msg_ool_descriptor_t);
	case MACH_MSG_OOL_PORTS_DESCRIPTOR:
		return sizeof(mach_msg_ool_ports_descriptor_t);
	default:
		return 0;
	}
}

static mach_msg_return_t body_begin(struct port_message *m, struct body *ret)
{
	mach_msg_base_t base;

	if (m->size < sizeof(base))
		return MACH_SEND_MSG_TOO_SMALL;
	memcpy(&base, m->data, sizeof(base));
	*ret = (struct body){ m, sizeof(base), base.body.msgh_descriptor_count };
	return MACH_MSG_SUCCESS;
}

/* The next descriptor, copied out; false at the end or with *RESULT set. */
static bool body_next(struct body *b, mach_msg_descriptor_t *ret, uint32_t *ret_offset,
		      mach_msg_return_t *result)
{
	mach_msg_type_descriptor_t head;

	if (!b->count)
		return false;
	*result = MACH_SEND_MSG_TOO_SMALL;
	if (b->message->size - b->offset < sizeof(head))
		return false;
	memcpy(&head, b->message->data + b->offset, sizeof(head));
	uint32_t size = descriptor_size(head.type);
	if (!size) {
		*result = MACH_SEND_INVALID_TYPE;
		return false;
	}
	if (b->message->size - b->offset < size)
		return false;
	memcpy(ret, b->message->data + b->offset, size);
	*ret_offset = b->offset;
	b->offset += size;
	b->count--;
	*result = MACH_MSG_SUCCESS;
	return true;
}

/* Check all descriptors and make room for what they hold. */
static mach_msg_return_t body_measure(struct port_message *m)
{
	mach_msg_descriptor_t d;
	mach_msg_return_t result = MACH_MSG_SUCCESS;
	uint64_t n_rights = 0, n_memory = 0;
	uint32_t offset;
	struct body b;

	result = body_begin(m, &b);
	while (!result && body_next(&b, &d, &offset, &result)) {
		bool is_port = d.type.type == MACH_MSG_PORT_DESCRIPTOR;
		bool is_ports = d.type.type == MACH_MSG_OOL_PORTS_DESCRIPTOR;

		n_rights += is_port ? 1 : is_ports ? d.ool_ports.count : 0;
		n_memory += !is_port;
		if ((is_port && !port_right_is_disposition(d.port.disposition)) ||
		    (is_ports && !port_right_is_disposition(d.ool_ports.disposition)))
			return MACH_SEND_INVALID_TYPE;
		if (!is_port && !d.out_of_line.address && d.out_of_line.size)
			return MACH_SEND_INVALID_MEMORY;
		if (n_rights > PORT_RIGHTS_MAX)
			return MACH_SEND_TOO_LARGE;
	}
	if (result)
		return result;
	if (n_rights > 1)
		m->rights = calloc(n_rights, sizeof(*m->rights));
	if (n_memory)
		m->memory = calloc(n_memory, sizeof(*m->memory));
	if (m->rights && (!n_memory || m->memory))
		return MACH_MSG_SUCCESS;
	if (!m->rights)
		m->rights = m->first_right;
	return MACH_SEND_NO_BUFFER;
}

static mach_msg_return_t copyin_right_locked(struct port_message *m, mach_port_name_t name,
					     mach_msg_type_name_t disposition, uint32_t offset,
					     int memory)
{
	struct port_body_right *r = &m->rights[m->n_rights];

	*r = (struct port_body_right){ .offset = offset, .memory = memory };
	if (!MACH_PORT_VALID(name))
		r->right.dead = name == MACH_PORT_DEAD;
	else if (port_right_copyin_locked(name, disposition, &r->right))
		return MACH_SEND_INVALID_RIGHT;
	m->n_rights++;
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyin_memory(struct port_message *m, const void *address, size_t size,
				       uint32_t offset)
{
	struct port_memory *memory = &m->memory[m->n_memory];

	*memory = (struct port_memory){ .size = size, .offset = offset };
	if (size) {
		memory->address = port_pages_new(size);
		if (!memory->address)
			return MACH_SEND_NO_BUFFER;
		if (port_copy_from(memory->address, address, size)) {
			port_pages_free(memory->address, size);
			memory->address = NULL;
			return MACH_SEND_INVALID_MEMORY;
		}
	}
	m->n_memory++;
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyin_ports_locked(struct port_message *m,
					     const mach_msg_ool_ports_descriptor_t *d,
					     uint32_t offset)
{
	mach_msg_return_t result =
		copyin_memory(m, d->address, (size_t)d->count * sizeof(mach_port_name_t), offset);

	for (uint32_t i = 0; i < d->count && !result; i++) {
		mach_port_name_t *names = m->memory[m->n_memory - 1].address;

		result = copyin_right_locked(m, names[i], d->disposition,
					     i * (uint32_t)sizeof(*names), (int)m->n_memory - 1);
		names[i] = MACH_PORT_NULL;
	}
	return result;
}

static mach_msg_return_t copyin_body_locked(struct port_message *m)
{
	mach_msg_descriptor_t d;
	mach_msg_return_t result;
	uint32_t offset;
	struct body b;

	result = body_measure(m);
	if (!result)
		result = body_begin(m, &b);
	while (!result && body_next(&b, &d, &offset, &result)) {
		size_t size;

		if (d.type.type == MACH_MSG_PORT_DESCRIPTOR) {
			result =
				copyin_right_locked(m, d.port.name, d.port.disposition, offset, -1);
			continue;
		}
		if (d.type.type == MACH_MSG_OOL_PORTS_DESCRIPTOR) {
			size = (size_t)d.ool_ports.count * sizeof(mach_port_name_t);
			result = copyin_ports_locked(m, &d.ool_ports, offset);
		} else {
			size = d.out_of_line.size;
			result = copyin_memory(m, d.out_of_line.address, size, offset);
		}
		if (!result && d.out_of_line.deallocate && size)
			port_pages_free(d.out_of_line.address, size);
	}
	return result;
}

/* Nothing is taken unless both header rights are good. */
static mach_msg_return_t copyin_header_locked(struct port_message *m, const mach_msg_header_t *msg)
{
	mach_msg_type_name_t remote = MACH_MSGH_BITS_REMOTE(msg->msgh_bits);
	mach_msg_type_name_t local = MACH_MSGH_BITS_LOCAL(msg->msgh_bits);
	bool has_reply = MACH_PORT_VALID(msg->msgh_local_port);
	struct port_name *n = port_name_find_locked(msg->msgh_remote_port);

	if (msg->msgh_bits & ~MACH_MSGH_BITS_USER || !port_right_is_disposition(remote) ||
	    remote == MACH_MSG_TYPE_MOVE_RECEIVE)
		return MACH_SEND_INVALID_HEADER;
	if (local ? !port_right_is_disposition(local) || local == MACH_MSG_TYPE_MOVE_RECEIVE
		  : msg->msgh_local_port != MACH_PORT_NULL)
		return MACH_SEND_INVALID_HEADER;
	if (!n || n->type & MACH_PORT_TYPE_DEAD_NAME || n->port->kind ||
	    port_right_check_locked(msg->msgh_remote_port, remote))
		return MACH_SEND_INVALID_DEST;
	if (has_reply && port_right_check_locked(msg->msgh_local_port, local))
		return MACH_SEND_INVALID_REPLY;
	port_right_copyin_locked(msg->msgh_remote_port, remote, &m->destination);
	if (!has_reply)
		m->reply.dead = msg->msgh_local_port == MACH_PORT_DEAD;
	/* Both may have been the same last right. */
	else if (port_right_copyin_locked(msg->msgh_local_port, local, &m->reply))
		return MACH_SEND_INVALID_REPLY;
	return MACH_MSG_SUCCESS;
}

mach_msg_return_t port_message_copyin_locked(const mach_msg_header_t *msg, mach_msg_size_t size,
					     struct port_message **ret)
{
	mach_msg_return_t result;
	struct port_message *m;

	if (size < sizeof(*msg) || size % 4)
		return MACH_SEND_MSG_TOO_SMALL;
	if (size > PORT_MESSAGE_MAX)
		return MACH_SEND_TOO_LARGE;
	m = port_message_alloc(size);
	if (!m)
		return MACH_SEND_NO_BUFFER;
	memcpy(m->data, msg, size);
	result = copyin_header_locked(m, (const mach_msg_header_t *)m->data);
	if (!result && msg->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		result = copyin_body_locked(m);
	if (!result) {
		*ret = m;
		return MACH_MSG_SUCCESS;
	}
	/* No message went that way: a send-once destination has not been used. */
	port_right_release_locked(&m->destination);
	port_put_off_message_locked(m);
	return result;
}

static mach_msg_return_t copyout_rights_locked(struct port_message *m)
{
	mach_msg_return_t result = MACH_MSG_SUCCESS;

	for (unsigned i = 0; i < m->n_rights; i++) {
		struct port_body_right *r = &m->rights[i];
		unsigned char *base = r->memory < 0 ? m->data : m->memory[r->memory].address;
		mach_msg_type_name_t type = r->right.type;
		mach_port_name_t name = MACH_PORT_NULL;
		mach_msg_port_descriptor_t d;

		if (port_right_copyout_locked(&r->right, &name))
			result = MACH_RCV_BODY_ERROR | MACH_MSG_IPC_SPACE;
		if (r->memory >= 0) {
			memcpy(base + r->offset, &name, sizeof(name));
			continue;
		}
		memcpy(&d, base + r->offset, sizeof(d));
		d.name = name;
		d.type = MACH_MSG_PORT_DESCRIPTOR;
		if (type)
			d.disposition = type;
		memcpy(base + r->offset, &d, sizeof(d));
	}
	m->n_rights = 0;
	return result;
}

static mach_msg_type_name_t received_type(mach_msg_type_name_t disposition)
{
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		return MACH_MSG_TYPE_MOVE_RECEIVE;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_MOVE_SEND_ONCE;
	default:
		return MACH_MSG_TYPE_MOVE_SEND;
	}
}

mach_msg_return_t port_message_copyout_body_locked(struct port_message *m)
{
	mach_msg_return_t result = copyout_rights_locked(m);

	for (unsigned i = 0; i < m->n_memory; i++) {
		struct port_memory *memory = &m->memory[i];
		mach_msg_descriptor_t d;

		/* Both forms have address and flags in the same place. */
		memcpy(&d, m->data + memory->offset, sizeof(d.out_of_line));
		d.out_of_line.address = memory->address;
		d.out_of_line.deallocate = TRUE;
		if (d.type.type == MACH_MSG_OOL_PORTS_DESCRIPTOR)
			d.ool_ports.disposition = received_type(d.ool_ports.disposition);
		memcpy(m->data + memory->offset, &d, sizeof(d.out_of_line));
	}
	m->n_memory = 0;
	return result;
}
