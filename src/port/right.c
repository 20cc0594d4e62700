// SPDX-License-Identifier: MIT
/* Rights on their way: out of a name into a message, and back under a name. */
#include "port/port_internal.h"

static kern_return_t copyin_send(struct port_name *n, mach_msg_type_name_t disposition,
				 struct port_right *ret)
{
	bool move = disposition == MACH_MSG_TYPE_MOVE_SEND;

	if (n->type & MACH_PORT_TYPE_DEAD_NAME) {
		ret->dead = true;
		if (move && --n->urefs == 0)
			port_name_free_locked(n);
		return KERN_SUCCESS;
	}
	if (!(n->type & MACH_PORT_TYPE_SEND))
		return KERN_INVALID_RIGHT;
	ret->port = port_ref(n->port);
	if (!move) {
		n->port->n_senders++;
		return KERN_SUCCESS;
	}
	/* The uref's sender becomes the message's. */
	if (--n->urefs == 0) {
		n->type &= ~MACH_PORT_TYPE_SEND;
		if (port_name_is_all_gone_locked(n))
			port_name_free_locked(n);
	}
	return KERN_SUCCESS;
}

static kern_return_t copyin_once(struct port_name *n, struct port_right *ret)
{
	if (n->type & MACH_PORT_TYPE_DEAD_NAME) {
		ret->dead = true;
		if (--n->urefs == 0)
			port_name_free_locked(n);
		return KERN_SUCCESS;
	}
	if (!(n->type & MACH_PORT_TYPE_SEND_ONCE))
		return KERN_INVALID_RIGHT;
	ret->port = port_ref(n->port);
	port_name_free_locked(n);
	return KERN_SUCCESS;
}

static kern_return_t copyin_receive(struct port_name *n, struct port_right *ret)
{
	struct port *port = n->port;

	port_leave_sets_locked(port);
	ret->port = port_ref(port);
	port->has_receive = false;
	n->type &= ~MACH_PORT_TYPE_RECEIVE;
	if (port_name_is_all_gone_locked(n))
		port_name_free_locked(n);
	/* Receivers under the old name have lost it. */
	pthread_cond_broadcast(&port->readable);
	return KERN_SUCCESS;
}

kern_return_t port_copyin_locked(mach_port_name_t name, mach_msg_type_name_t disposition,
				 struct port_right *ret)
{
	struct port_name *n = port_name_find_locked(name);

	*ret = (struct port_right){ .disposition = MACH_MSG_TYPE_MOVE_SEND };
	if (disposition < MACH_MSG_TYPE_MOVE_RECEIVE || disposition > MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return KERN_INVALID_VALUE;
	if (!n)
		return KERN_INVALID_NAME;
	switch (disposition) {
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MOVE_SEND:
		return copyin_send(n, disposition, ret);
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		ret->disposition = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		return copyin_once(n, ret);
	default:
		break;
	}
	if (!(n->type & MACH_PORT_TYPE_RECEIVE))
		return KERN_INVALID_RIGHT;
	if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE) {
		ret->disposition = MACH_MSG_TYPE_MOVE_RECEIVE;
		return copyin_receive(n, ret);
	}
	ret->port = port_ref(n->port);
	if (disposition == MACH_MSG_TYPE_MAKE_SEND) {
		n->port->n_senders++;
		n->port->mscount++;
	} else {
		ret->disposition = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		n->port->n_once++;
	}
	return KERN_SUCCESS;
}

static mach_port_name_t copyout_send(struct port *port)
{
	struct port_name *n;

	/* The message's sender is replaced by the uref's. */
	if (port_add_send_uref_locked(port, &n)) {
		port_drop_sender_locked(port);
		return MACH_PORT_NULL;
	}
	port_drop_sender_locked(port);
	return n->name;
}

static mach_port_name_t copyout_once(struct port *port)
{
	struct port_name *n;

	if (port_name_new_locked(port, MACH_PORT_TYPE_SEND_ONCE, &n)) {
		port_drop_once_locked(port_ref(port), true);
		return MACH_PORT_NULL;
	}
	list_add(&port->once_names, &n->once);
	return n->name;
}

static mach_port_name_t copyout_receive(struct port *port)
{
	struct port_name *n = port_name_find_locked(port->name);

	if (!n) {
		if (port_name_new_locked(port, 0, &n)) {
			port_kill_locked(port);
			return MACH_PORT_NULL;
		}
		port->name = n->name;
	}
	n->type |= MACH_PORT_TYPE_RECEIVE;
	port->has_receive = true;
	return n->name;
}

mach_port_name_t port_copyout_locked(struct port_right *right)
{
	struct port *port = right->port;
	mach_port_name_t name = right->dead ? MACH_PORT_DEAD : MACH_PORT_NULL;

	if (!port)
		return name;
	right->port = NULL;
	if (port->dead)
		name = MACH_PORT_DEAD;
	else if (right->disposition == MACH_MSG_TYPE_MOVE_SEND)
		name = copyout_send(port);
	else if (right->disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		name = copyout_once(port);
	else
		name = copyout_receive(port);
	port_put_off_unref_locked(port);
	return name;
}

void port_right_release_locked(struct port_right *right)
{
	struct port *port = right->port;

	if (!port)
		return;
	right->port = NULL;
	switch (right->disposition) {
	case MACH_MSG_TYPE_MOVE_SEND:
		port_drop_sender_locked(port);
		port_put_off_unref_locked(port);
		break;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		port_drop_once_locked(port, true);
		break;
	default:
		port_kill_locked(port);
		port_put_off_unref_locked(port);
	}
}
