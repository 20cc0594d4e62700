// SPDX-License-Identifier: MIT
/* mach_msg and its relatives. */
#include <string.h>
#include <unistd.h>

#include "port/port_internal.h"

/* --- sending ----------------------------------------------------------------- */

/* The rights go back to the sender, as if it had received its own message. */
static void give_back_locked(struct port_message *m, mach_msg_header_t *msg)
{
	mach_msg_header_t *header = (mach_msg_header_t *)m->data;
	mach_msg_type_name_t remote = m->destination.type, local = m->reply.type;
	mach_port_name_t name;

	port_message_copyout_body_locked(m);
	header->msgh_remote_port = header->msgh_local_port = MACH_PORT_NULL;
	if (!port_right_copyout_locked(&m->destination, &name))
		header->msgh_remote_port = name;
	if (!port_right_copyout_locked(&m->reply, &name))
		header->msgh_local_port = name;
	header->msgh_bits = MACH_MSGH_BITS_OTHER(header->msgh_bits) | MACH_MSGH_BITS(remote, local);
	memcpy(msg, m->data, m->size);
	port_message_destroy_locked(m);
}

/* Wait for room. A send-once right needs none: its receiver asked for one message. */
static mach_msg_return_t wait_for_room_locked(struct port *port, const struct port_message *m,
					      bool interruptible, uint64_t deadline_ns)
{
	const bool unlimited = m->destination.type == MACH_MSG_TYPE_MOVE_SEND_ONCE;
	unsigned limit;

	for (;;) {
		if (port->dead)
			return MACH_SEND_INVALID_DEST;
		limit = unlimited ? PORT_QUEUE_MAX : port->queue_limit;
		if (port->n_queued < limit)
			return MACH_MSG_SUCCESS;
		if (deadline_ns != PORT_FOREVER && port_now_ns() >= deadline_ns)
			return MACH_SEND_TIMED_OUT;
		if (!interruptible)
			port_wait_locked(port, deadline_ns);
		else if (!port_wait_interruptibly_locked(port, deadline_ns))
			return MACH_SEND_INTERRUPTED;
	}
}

/* Who asked to be told of room hears of the next. */
static void arm_request_locked(struct port *port)
{
	struct port_name *n = port_name_find_locked(port->name);

	if (n)
		n->is_armed = true;
}

static mach_msg_return_t send_message(mach_msg_header_t *msg, mach_msg_option_t option,
				      mach_msg_size_t size, uint64_t deadline_ns)
{
	struct port_message *m;
	mach_msg_return_t result;

	if (!msg)
		return MACH_SEND_INVALID_DATA;
	if (!(option & MACH_SEND_TIMEOUT))
		deadline_ns = PORT_FOREVER;
	port_lock();
	result = port_message_copyin_locked(msg, size, &m);
	if (!result) {
		struct port *port = port_ref(m->destination.port);

		((mach_msg_header_t *)m->data)->msgh_size = size;
		result = wait_for_room_locked(port, m, option & MACH_SEND_INTERRUPT, deadline_ns);
		if (result == MACH_SEND_TIMED_OUT && option & MACH_SEND_NOTIFY)
			arm_request_locked(port);
		if (!result)
			port_enqueue_locked(port, m);
		else if (result == MACH_SEND_TIMED_OUT || result == MACH_SEND_INTERRUPTED)
			give_back_locked(m, msg);
		else
			port_message_destroy_locked(m);
		port_unref_locked(port);
	}
	port_unlock();
	return result;
}

/* --- receiving --------------------------------------------------------------- */

/* Size of the trailer with ELEMENTS, 0: there is no such. */
static mach_msg_size_t trailer_size(mach_msg_option_t option)
{
	if ((unsigned)option >> 28 != MACH_MSG_TRAILER_FORMAT_0)
		return 0;
	switch (GET_RCV_ELEMENTS(option)) {
	case MACH_RCV_TRAILER_NULL:
		return sizeof(mach_msg_trailer_t);
	case MACH_RCV_TRAILER_SEQNO:
		return sizeof(mach_msg_seqno_trailer_t);
	case MACH_RCV_TRAILER_SENDER:
		return sizeof(mach_msg_security_trailer_t);
	case MACH_RCV_TRAILER_AUDIT:
		return sizeof(mach_msg_audit_trailer_t);
	case MACH_RCV_TRAILER_CTX:
		return sizeof(mach_msg_context_trailer_t);
	case MACH_RCV_TRAILER_AV:
	case MACH_RCV_TRAILER_LABELS:
		return sizeof(mach_msg_mac_trailer_t);
	default:
		return 0;
	}
}

static void put_trailer(void *at, mach_msg_size_t size, mach_port_seqno_t seqno, bool from_library,
			mach_port_context_t context)
{
	mach_msg_max_trailer_t t = {
		.msgh_trailer_type = MACH_MSG_TRAILER_FORMAT_0,
		.msgh_trailer_size = size,
		.msgh_seqno = seqno,
		.msgh_context = context,
	};

	/* Senders are threads of this process; the library's own messages come from user 0, as the
	 * kernel's do. */
	if (size > sizeof(mach_msg_seqno_trailer_t) && !from_library) {
		t.msgh_sender.val[0] = geteuid();
		t.msgh_sender.val[1] = getegid();
		t.msgh_audit = (audit_token_t){ { getuid(), geteuid(), getegid(), getuid(),
						  getgid(), (unsigned)getpid(), 0, 0 } };
	}
	memcpy(at, &t, size);
}

/* As much of the header as there is room for. */
static void put_header_only(const struct port_message *m, mach_port_name_t local, void *buffer,
			    mach_msg_size_t room)
{
	const mach_msg_header_t *header = (const mach_msg_header_t *)m->data;
	mach_msg_header_t h = {
		.msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_MOVE_SEND),
		.msgh_size = m->size,
		.msgh_local_port = local,
		.msgh_id = header->msgh_id,
	};

	memcpy(buffer, &h, room < sizeof(h) ? room : sizeof(h));
}

static mach_msg_return_t deliver_locked(struct port_reception *r, void *buffer,
					mach_msg_size_t trailer)
{
	struct port_message *m = r->message;
	mach_msg_header_t *header = (mach_msg_header_t *)m->data;
	mach_msg_type_name_t reply = m->reply.type, destination = m->destination.type;
	mach_msg_size_t rounded = round_msg(m->size);
	mach_msg_return_t result = port_message_copyout_body_locked(m);
	mach_port_name_t name;

	header->msgh_size = m->size;
	header->msgh_local_port = r->port->name;
	header->msgh_voucher_port = MACH_PORT_NULL;
	if (port_right_copyout_locked(&m->reply, &name)) {
		name = MACH_PORT_NULL;
		result = MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE;
	}
	header->msgh_remote_port = name;
	header->msgh_bits =
		(header->msgh_bits & MACH_MSGH_BITS_COMPLEX) |
		MACH_MSGH_BITS(reply, destination ? destination : MACH_MSG_TYPE_MOVE_SEND);
	memcpy(buffer, m->data, m->size);
	memset((char *)buffer + m->size, 0, rounded - m->size);
	put_trailer((char *)buffer + rounded, trailer, m->seqno, m->from_library, r->port->context);
	port_message_destroy_locked(m);
	return result;
}

static mach_msg_return_t refuse_large_locked(struct port_reception *r, mach_msg_option_t option,
					     void *buffer, mach_msg_size_t room)
{
	put_header_only(r->message, r->port->name, buffer, room);
	if (option & MACH_RCV_LARGE) {
		r->port->seqno--;
		port_put_back_locked(r->port, r->message);
	} else {
		port_message_destroy_locked(r->message);
	}
	return MACH_RCV_TOO_LARGE;
}

/* What an inlet has in memory goes straight there. */
static bool receive_from_memory_locked(void *buffer, mach_msg_size_t trailer, mach_port_name_t name,
				       bool comes_again)
{
	const struct port_name *n = port_name_find_locked(name);
	struct port *port = n && n->type & MACH_PORT_TYPE_RECEIVE ? n->port : NULL;
	mach_msg_header_t *header = buffer;
	size_t size;

	/* What is queued takes turns with the inlets elsewhere. */
	if (!port || !port->n_inlets || port->n_queued)
		return false;
	size = port_take_from_memory_locked(port, comes_again, buffer);
	if (!size)
		return false;
	header->msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_MOVE_SEND);
	header->msgh_size = (mach_msg_size_t)size;
	header->msgh_remote_port = MACH_PORT_NULL;
	header->msgh_local_port = port->name;
	header->msgh_voucher_port = MACH_PORT_NULL;
	put_trailer((char *)buffer + size, trailer, port->seqno++, true, port->context);
	return true;
}

static mach_msg_return_t receive_message(void *buffer, mach_msg_option_t option,
					 mach_msg_size_t room, mach_port_name_t name,
					 uint64_t deadline_ns, bool comes_again)
{
	mach_msg_size_t trailer = trailer_size(option);
	struct port_reception r = { NULL, NULL };
	mach_msg_return_t result;

	if (!trailer)
		return MACH_RCV_INVALID_TRAILER;
	if (!buffer)
		return MACH_RCV_INVALID_DATA;
	if (!(option & MACH_RCV_TIMEOUT))
		deadline_ns = PORT_FOREVER;
	port_lock();
	if (room >= PORT_SMALL_MESSAGE + trailer &&
	    receive_from_memory_locked(buffer, trailer, name, comes_again)) {
		port_unlock();
		return MACH_MSG_SUCCESS;
	}
	result = port_receive_locked(name, deadline_ns, option & MACH_RCV_INTERRUPT, &r);
	if (!result) {
		if ((uint64_t)round_msg(r.message->size) + trailer > room)
			result = refuse_large_locked(&r, option, buffer, room);
		else
			result = deliver_locked(&r, buffer, trailer);
		port_unref_locked(r.port);
	}
	port_unlock();
	return result;
}

/* --- public ------------------------------------------------------------------ */

mach_msg_return_t mach_msg_overwrite(mach_msg_header_t *msg, mach_msg_option_t option,
				     mach_msg_size_t send_size, mach_msg_size_t rcv_size,
				     mach_port_name_t rcv_name, mach_msg_timeout_t timeout,
				     mach_port_name_t notify, mach_msg_header_t *rcv_msg,
				     mach_msg_size_t rcv_limit)
{
	mach_msg_return_t result;

	if (option & MACH_SEND_MSG) {
		uint64_t deadline =
			option & MACH_SEND_TIMEOUT ? port_deadline_ns(timeout) : PORT_FOREVER;

		result = send_message(msg, option, send_size, deadline);
		if (result)
			return result;
	}
	if (option & MACH_RCV_MSG) {
		uint64_t deadline =
			option & MACH_RCV_TIMEOUT ? port_deadline_ns(timeout) : PORT_FOREVER;

		if (!(option & MACH_RCV_OVERWRITE) || !rcv_msg)
			rcv_msg = msg;
		return receive_message(rcv_msg, option, rcv_size, rcv_name, deadline, false);
	}
	return MACH_MSG_SUCCESS;
}

mach_msg_return_t port_receive_next(mach_port_name_t name, mach_msg_option_t option, void *buffer,
				    mach_msg_size_t room)
{
	return receive_message(buffer, option | MACH_RCV_MSG | MACH_RCV_TIMEOUT, room, name, 0,
			       true);
}

mach_msg_return_t mach_msg(mach_msg_header_t *msg, mach_msg_option_t option,
			   mach_msg_size_t send_size, mach_msg_size_t rcv_size,
			   mach_port_name_t rcv_name, mach_msg_timeout_t timeout,
			   mach_port_name_t notify)
{
	return mach_msg_overwrite(msg, option, send_size, rcv_size, rcv_name, timeout, notify, NULL,
				  0);
}

mach_msg_return_t mach_msg_send(mach_msg_header_t *msg)
{
	if (!msg)
		return MACH_SEND_INVALID_DATA;
	return mach_msg(msg, MACH_SEND_MSG, msg->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

mach_msg_return_t mach_msg_receive(mach_msg_header_t *msg)
{
	if (!msg)
		return MACH_RCV_INVALID_DATA;
	return mach_msg(msg, MACH_RCV_MSG, 0, msg->msgh_size, msg->msgh_local_port, 0,
			MACH_PORT_NULL);
}

/* --- mach_msg_destroy -------------------------------------------------------- */

static void destroy_right(mach_port_name_t name, mach_msg_type_name_t type)
{
	mach_port_type_t held;

	if (!MACH_PORT_VALID(name) || mach_port_type(mach_task_self_, name, &held))
		return;
	switch (type) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		mach_port_deallocate(mach_task_self_, name);
		break;
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		mach_port_mod_refs(mach_task_self_, name, MACH_PORT_RIGHT_RECEIVE, -1);
		break;
	default:
		break;
	}
}

/* The local port of a received message is the receive right it came to, which is no right of the
 * message; after a timed-out send it is the reply right. */
static void destroy_local(const mach_msg_header_t *msg)
{
	mach_port_type_t held;

	if (mach_port_type(mach_task_self_, msg->msgh_local_port, &held) ||
	    held & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET))
		return;
	destroy_right(msg->msgh_local_port, MACH_MSGH_BITS_LOCAL(msg->msgh_bits));
}

static void destroy_out_of_line(const mach_msg_descriptor_t *d)
{
	size_t size = d->out_of_line.size;

	if (d->type.type == MACH_MSG_OOL_PORTS_DESCRIPTOR) {
		const mach_port_t *names = d->ool_ports.address;

		for (size_t i = 0; names && i < d->ool_ports.count; i++)
			destroy_right(names[i], d->ool_ports.disposition);
		size = d->ool_ports.count * sizeof(*names);
	}
	if (d->out_of_line.deallocate && size)
		port_pages_free(d->out_of_line.address, size);
}

void mach_msg_destroy(mach_msg_header_t *msg)
{
	const char *at = (const char *)msg + sizeof(mach_msg_base_t);
	mach_msg_base_t base;
	mach_msg_descriptor_t d;

	if (!msg)
		return;
	destroy_right(msg->msgh_remote_port, MACH_MSGH_BITS_REMOTE(msg->msgh_bits));
	destroy_local(msg);
	if (!(msg->msgh_bits & MACH_MSGH_BITS_COMPLEX) || msg->msgh_size < sizeof(base))
		return;
	memcpy(&base, msg, sizeof(base));
	const char *end = (const char *)msg + msg->msgh_size;
	for (uint32_t i = 0; i < base.body.msgh_descriptor_count; i++) {
		size_t size = sizeof(d.port);

		if ((size_t)(end - at) < size)
			return;
		memcpy(&d, at, sizeof(d.port));
		if (d.type.type == MACH_MSG_PORT_DESCRIPTOR) {
			destroy_right(d.port.name, d.port.disposition);
		} else {
			size = sizeof(d.out_of_line);
			if ((size_t)(end - at) < size)
				return;
			memcpy(&d, at, size);
			destroy_out_of_line(&d);
		}
		at += size;
	}
}
