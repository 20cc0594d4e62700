// SPDX-License-Identifier: MIT
/* mach_msg: rights in and out of messages, sending, receiving, destroying. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "port/port_internal.h"

static uint64_t timeout_ns(mach_msg_option_t option, mach_msg_option_t bit, mach_msg_timeout_t ms)
{
	return option & bit ? (uint64_t)ms * 1000000u : UINT64_MAX;
}

/* --- copy in ----------------------------------------------------------------- */

static mach_msg_return_t copyin_memory(struct port_message *m, uint32_t offset)
{
	mach_msg_ool_descriptor_t d;
	void *copy = NULL;

	memcpy(&d, m->data + offset, sizeof(d));
	if (d.size) {
		copy = mmap(NULL, d.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (copy == MAP_FAILED)
			return MACH_SEND_NO_BUFFER;
		memcpy(copy, d.address, d.size);
		if (d.deallocate)
			vm_deallocate(mach_task_self(), (vm_address_t)d.address, d.size);
	}
	m->memory[m->n_memory++] = (struct port_memory){ offset, copy, d.size };
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyin_descriptor_locked(struct port_message *m, uint32_t *offset)
{
	mach_msg_type_descriptor_t type;
	mach_msg_port_descriptor_t d;

	if (m->size - *offset < sizeof(type))
		return MACH_SEND_MSG_TOO_SMALL;
	memcpy(&type, m->data + *offset, sizeof(type));
	if (type.type == MACH_MSG_OOL_DESCRIPTOR || type.type == MACH_MSG_OOL_VOLATILE_DESCRIPTOR) {
		if (m->size - *offset < sizeof(mach_msg_ool_descriptor_t))
			return MACH_SEND_MSG_TOO_SMALL;
		mach_msg_return_t result = copyin_memory(m, *offset);
		*offset += sizeof(mach_msg_ool_descriptor_t);
		return result;
	}
	if (type.type != MACH_MSG_PORT_DESCRIPTOR)
		return MACH_SEND_INVALID_TYPE;
	memcpy(&d, m->data + *offset, sizeof(d));
	if (MACH_PORT_VALID(d.name)) {
		struct port_right *right = &m->rights[m->n_rights];
		kern_return_t kr = port_copyin_locked(d.name, d.disposition, right);

		if (kr)
			return kr == KERN_INVALID_VALUE ? MACH_SEND_INVALID_TYPE : MACH_SEND_INVALID_RIGHT;
		right->offset = *offset;
		m->n_rights++;
	}
	*offset += sizeof(d);
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyin_body_locked(struct port_message *m)
{
	mach_msg_size_t count;
	uint32_t offset = sizeof(mach_msg_base_t);

	if (m->size < sizeof(mach_msg_base_t))
		return MACH_SEND_MSG_TOO_SMALL;
	memcpy(&count, m->data + sizeof(mach_msg_header_t), sizeof(count));
	if (count > PORT_DESCRIPTORS_MAX)
		return MACH_SEND_TOO_LARGE;
	m->rights = calloc(count ? count : 1, sizeof(*m->rights));
	m->memory = calloc(count ? count : 1, sizeof(*m->memory));
	if (!m->rights || !m->memory)
		return MACH_SEND_NO_BUFFER;
	for (mach_msg_size_t i = 0; i < count; i++) {
		mach_msg_return_t result = copyin_descriptor_locked(m, &offset);

		if (result)
			return result;
	}
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyin_locked(struct port_message *m, const mach_msg_header_t *header,
				       struct port_right *ret_destination)
{
	if (port_copyin_locked(header->msgh_remote_port, MACH_MSGH_BITS_REMOTE(header->msgh_bits),
			       ret_destination) ||
	    !ret_destination->port || ret_destination->disposition == MACH_MSG_TYPE_MOVE_RECEIVE ||
	    ret_destination->port->dead)
		return MACH_SEND_INVALID_DEST;
	if (MACH_MSGH_BITS_HAS_LOCAL(header->msgh_bits) && header->msgh_local_port != MACH_PORT_NULL) {
		mach_msg_type_name_t disposition = MACH_MSGH_BITS_LOCAL(header->msgh_bits);

		if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE ||
		    port_copyin_locked(header->msgh_local_port, disposition, &m->remote))
			return MACH_SEND_INVALID_REPLY;
	}
	if (header->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		return copyin_body_locked(m);
	return MACH_MSG_SUCCESS;
}

/* --- copy out ---------------------------------------------------------------- */

/* Write the message with the receiver's names into BUFFER. */
static void copyout_locked(struct port_message *m, mach_port_name_t local, mach_msg_header_t *buffer)
{
	mach_msg_bits_t remote_bits = m->remote.port || m->remote.dead ? m->remote.disposition : 0;
	mach_msg_header_t header;

	for (size_t i = 0; i < m->n_rights; i++) {
		mach_msg_port_descriptor_t d;

		memcpy(&d, m->data + m->rights[i].offset, sizeof(d));
		d.disposition = m->rights[i].disposition;
		d.type = MACH_MSG_PORT_DESCRIPTOR;
		d.name = port_copyout_locked(&m->rights[i]);
		memcpy(m->data + m->rights[i].offset, &d, sizeof(d));
	}
	for (size_t i = 0; i < m->n_memory; i++) {
		mach_msg_ool_descriptor_t d;

		memcpy(&d, m->data + m->memory[i].offset, sizeof(d));
		d.address = m->memory[i].address;
		d.deallocate = FALSE;
		memcpy(m->data + m->memory[i].offset, &d, sizeof(d));
		m->memory[i].address = NULL;
	}
	memcpy(&header, m->data, sizeof(header));
	header.msgh_size = m->size;
	header.msgh_local_port = local;
	header.msgh_voucher_port = MACH_PORT_NULL;
	header.msgh_bits = (header.msgh_bits & (MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS_LOCAL_MASK)) |
			   remote_bits;
	header.msgh_remote_port = port_copyout_locked(&m->remote);
	memcpy(buffer, m->data, m->size);
	memcpy(buffer, &header, sizeof(header));
}

static size_t trailer_size(mach_msg_option_t option)
{
	static const unsigned char sizes[16] = { 8, 12, 20, 52, 60, 60, 60, 68, 68, 68, 68, 68, 68, 68, 68, 68 };

	return sizes[GET_RCV_ELEMENTS((unsigned)option)];
}

static void write_trailer(struct port_message *m, struct port *port, mach_msg_option_t option,
			  void *at)
{
	mach_msg_mac_trailer_t trailer = {
		.msgh_trailer_size = (mach_msg_trailer_size_t)trailer_size(option),
		.msgh_seqno = m->seqno,
		.msgh_sender = { { (unsigned)geteuid(), (unsigned)getegid() } },
		.msgh_context = port->context,
	};

	trailer.msgh_audit.val[0] = trailer.msgh_audit.val[1] = trailer.msgh_audit.val[3] = (unsigned)geteuid();
	trailer.msgh_audit.val[2] = trailer.msgh_audit.val[4] = (unsigned)getegid();
	trailer.msgh_audit.val[5] = (unsigned)getpid();
	memcpy(at, &trailer, trailer.msgh_trailer_size);
}

/* --- sending ------------------------------------------------------------------ */

/* Give the rights of a message that could not be queued back to its sender. */
static void pseudo_receive_locked(struct port_message *m, struct port_right *destination,
				  mach_msg_header_t *header)
{
	mach_msg_bits_t destination_bits = destination->disposition;
	mach_port_name_t name = port_copyout_locked(destination);
	mach_msg_bits_t local_bits = m->remote.port || m->remote.dead ? m->remote.disposition : 0;
	mach_port_name_t reply = port_copyout_locked(&m->remote);

	copyout_locked(m, MACH_PORT_NULL, header);
	header->msgh_remote_port = name;
	header->msgh_local_port = reply;
	header->msgh_bits = (header->msgh_bits & MACH_MSGH_BITS_COMPLEX) |
			    MACH_MSGH_BITS(destination_bits, local_bits);
}

static bool may_queue(struct port *port, const struct port_right *destination)
{
	return destination->disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE ||
	       port->n_queued < port->queue_limit;
}

static mach_msg_return_t wait_for_room_locked(struct port_right *destination, uint64_t timeout)
{
	struct port *port = destination->port;
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	if (timeout != UINT64_MAX) {
		uint64_t ns = (uint64_t)at.tv_nsec + timeout % 1000000000u;

		at.tv_sec += (time_t)(timeout / 1000000000u + ns / 1000000000u);
		at.tv_nsec = (long)(ns % 1000000000u);
	}
	while (!port->dead && !may_queue(port, destination)) {
		if (!timeout)
			return MACH_SEND_TIMED_OUT;
		if (port_wait_locked(&port->writable, timeout == UINT64_MAX ? NULL : &at) &&
		    !port->dead && !may_queue(port, destination))
			return MACH_SEND_TIMED_OUT;
	}
	return port->dead ? MACH_SEND_INVALID_DEST : MACH_MSG_SUCCESS;
}

static void deliver_locked(struct port_message *m, struct port_right *destination)
{
	struct port *port = destination->port;
	mach_msg_header_t header;

	memcpy(&header, m->data, sizeof(header));
	header.msgh_bits = (header.msgh_bits & MACH_MSGH_BITS_COMPLEX) |
			   MACH_MSGH_BITS(0, destination->disposition);
	memcpy(m->data, &header, sizeof(header));
	port_enqueue_locked(port, m);
	/* The right that carried the message is used up with it. */
	destination->port = NULL;
	if (destination->disposition == MACH_MSG_TYPE_MOVE_SEND)
		port_drop_sender_locked(port);
	else if (port->n_once)
		port->n_once--;
	port_put_off_unref_locked(port);
}

static mach_msg_return_t send_message(mach_msg_header_t *header, mach_msg_option_t option,
				      mach_msg_size_t size, mach_msg_timeout_t timeout)
{
	struct port_right destination = { 0 };

	if (!header || size < sizeof(*header) || size & 3)
		return MACH_SEND_MSG_TOO_SMALL;
	if (size > PORT_MESSAGE_MAX)
		return MACH_SEND_TOO_LARGE;
	struct port_message *m = calloc(1, sizeof(*m) + size + 8);
	if (!m)
		return MACH_SEND_NO_BUFFER;
	list_init(&m->link);
	m->size = size;
	memcpy(m->data, header, size);
	port_lock();
	mach_msg_return_t result = copyin_locked(m, header, &destination);
	if (!result)
		result = wait_for_room_locked(&destination, timeout_ns(option, MACH_SEND_TIMEOUT, timeout));
	if (!result)
		deliver_locked(m, &destination);
	else if (result == MACH_SEND_TIMED_OUT)
		pseudo_receive_locked(m, &destination, header);
	port_right_release_locked(&destination);
	if (result)
		port_message_release_locked(m);
	port_unlock();
	return result;
}

/* --- receiving ------------------------------------------------------------------ */

static struct port *find_receiver_locked(mach_port_name_t name)
{
	struct port_name *n = port_name_find_locked(name);

	return n && n->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET) ? port_ref(n->port) : NULL;
}

static mach_msg_return_t receive_message(mach_msg_header_t *buffer, mach_msg_option_t option,
					 mach_msg_size_t room, mach_port_name_t name,
					 mach_msg_timeout_t timeout)
{
	struct port *member = NULL;
	struct port_message *m = NULL;
	mach_msg_size_t large = 0;
	size_t trailer = trailer_size(option);

	if (!buffer)
		return MACH_RCV_INVALID_DATA;
	port_lock();
	struct port *port = find_receiver_locked(name);
	mach_msg_return_t result = MACH_RCV_INVALID_NAME;
	if (port)
		result = port_receive_locked(port, timeout_ns(option, MACH_RCV_TIMEOUT, timeout),
					     room > trailer ? room - trailer : 0, option & MACH_RCV_LARGE, &m,
					     &member, &large);
	if (!result) {
		copyout_locked(m, member->name, buffer);
		write_trailer(m, member, option, (char *)buffer + round_msg(m->size));
		port_message_release_locked(m);
	} else if (result == MACH_RCV_TOO_LARGE && room >= sizeof(*buffer)) {
		memset(buffer, 0, sizeof(*buffer));
		buffer->msgh_size = large;
		if (option & MACH_RCV_LARGE_IDENTITY)
			buffer->msgh_local_port = member->name;
	}
	if (member)
		port_put_off_unref_locked(member);
	if (port)
		port_put_off_unref_locked(port);
	port_unlock();
	return result;
}

mach_msg_return_t mach_msg_overwrite(mach_msg_header_t *msg, mach_msg_option_t option,
				     mach_msg_size_t send_size, mach_msg_size_t rcv_size,
				     mach_port_name_t rcv_name, mach_msg_timeout_t timeout,
				     mach_port_name_t notify, mach_msg_header_t *rcv_msg,
				     mach_msg_size_t rcv_limit)
{
	(void)notify;
	(void)rcv_limit;
	if (option & MACH_SEND_MSG) {
		mach_msg_return_t result = send_message(msg, option, send_size, timeout);

		if (result)
			return result;
	}
	if (option & MACH_RCV_MSG)
		return receive_message(option & MACH_RCV_OVERWRITE && rcv_msg ? rcv_msg : msg, option, rcv_size,
				       rcv_name, timeout);
	return MACH_MSG_SUCCESS;
}

mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send_size,
			   mach_msg_size_t rcv_size, mach_port_name_t rcv_name,
			   mach_msg_timeout_t timeout, mach_port_name_t notify)
{
	return mach_msg_overwrite(msg, option & ~MACH_RCV_OVERWRITE, send_size, rcv_size, rcv_name, timeout,
				  notify, NULL, 0);
}

mach_msg_return_t mach_msg_send(mach_msg_header_t *msg)
{
	return mach_msg(msg, MACH_SEND_MSG, msg ? msg->msgh_size : 0, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

mach_msg_return_t mach_msg_receive(mach_msg_header_t *msg)
{
	if (!msg)
		return MACH_RCV_INVALID_DATA;
	return mach_msg(msg, MACH_RCV_MSG, 0, msg->msgh_size, msg->msgh_local_port, 0, MACH_PORT_NULL);
}

/* --- destroying ------------------------------------------------------------------ */

static void destroy_right(mach_port_t name, mach_msg_type_name_t disposition)
{
	if (!MACH_PORT_VALID(name))
		return;
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		mach_port_deallocate(mach_task_self(), name);
		break;
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
		break;
	default:
		/* COPY and MAKE dispositions name rights that are not the message's. */
		break;
	}
}

static void destroy_body(mach_msg_header_t *msg)
{
	const char *at = (const char *)msg + sizeof(mach_msg_base_t);
	mach_msg_size_t count = ((mach_msg_base_t *)msg)->body.msgh_descriptor_count;

	for (mach_msg_size_t i = 0; i < count; i++) {
		mach_msg_descriptor_t d;

		memcpy(&d.type, at, sizeof(d.type));
		if (d.type.type == MACH_MSG_PORT_DESCRIPTOR) {
			memcpy(&d.port, at, sizeof(d.port));
			destroy_right(d.port.name, d.port.disposition);
			at += sizeof(d.port);
			continue;
		}
		memcpy(&d.out_of_line, at, sizeof(d.out_of_line));
		if (d.out_of_line.size)
			vm_deallocate(mach_task_self(), (vm_address_t)d.out_of_line.address, d.out_of_line.size);
		at += sizeof(d.out_of_line);
	}
}

void mach_msg_destroy(mach_msg_header_t *msg)
{
	if (!msg)
		return;
	destroy_right(msg->msgh_remote_port, MACH_MSGH_BITS_REMOTE(msg->msgh_bits));
	/* What was received carries the destination's own receive right here, which stays. */
	if (MACH_MSGH_BITS_LOCAL(msg->msgh_bits) == MACH_MSG_TYPE_MOVE_SEND_ONCE) {
		mach_port_type_t type = 0;

		if (mach_port_type(mach_task_self(), msg->msgh_local_port, &type) == 0 &&
		    type & MACH_PORT_TYPE_SEND_ONCE)
			destroy_right(msg->msgh_local_port, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	} else if (MACH_MSGH_BITS_LOCAL(msg->msgh_bits) == MACH_MSG_TYPE_MOVE_SEND) {
		mach_port_type_t type = 0;

		if (mach_port_type(mach_task_self(), msg->msgh_local_port, &type) == 0 &&
		    !(type & MACH_PORT_TYPE_RECEIVE))
			destroy_right(msg->msgh_local_port, MACH_MSG_TYPE_MOVE_SEND);
	}
	if (msg->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		destroy_body(msg);
}
