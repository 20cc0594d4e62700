// SPDX-License-Identifier: MIT
/* Rights: out of names into messages and back. */
#include "port/port_internal.h"

bool port_right_is_disposition(mach_msg_type_name_t disposition)
{
	return disposition >= MACH_MSG_TYPE_MOVE_RECEIVE &&
	       disposition <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static mach_port_type_t needed_type(mach_msg_type_name_t disposition)
{
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_SEND:
	case MACH_MSG_TYPE_COPY_SEND:
		return MACH_PORT_TYPE_SEND;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return MACH_PORT_TYPE_SEND_ONCE;
	default:
		return MACH_PORT_TYPE_RECEIVE;
	}
}

kern_return_t port_right_check_locked(mach_port_name_t name, mach_msg_type_name_t disposition)
{
	struct port_name *n = port_name_find_locked(name);
	mach_port_type_t needed = needed_type(disposition);

	if (!n)
		return KERN_INVALID_NAME;
	if (n->type & MACH_PORT_TYPE_DEAD_NAME && needed != MACH_PORT_TYPE_RECEIVE)
		return KERN_SUCCESS;
	return n->type & needed ? KERN_SUCCESS : KERN_INVALID_RIGHT;
}

static void copyin_dead_locked(struct port_name *n, mach_msg_type_name_t disposition,
			       struct port_right *ret)
{
	*ret = (struct port_right){ .dead = true };
	if (disposition != MACH_MSG_TYPE_COPY_SEND && !--n->urefs)
		port_name_free_locked(n);
}

static void move_send_locked(struct port_name *n)
{
	if (n->pinned && n->urefs == 1) {
		n->port->n_senders++;
		return;
	}
	if (--n->urefs)
		return;
	n->type &= ~MACH_PORT_TYPE_SEND;
	if (!n->type)
		port_name_free_locked(n);
}

kern_return_t port_right_copyin_locked(mach_port_name_t name, mach_msg_type_name_t disposition,
				       struct port_right *ret)
{
	struct port_name *n = port_name_find_locked(name);
	kern_return_t result = port_right_check_locked(name, disposition);

	if (result)
		return result;
	if (n->type & MACH_PORT_TYPE_DEAD_NAME) {
		copyin_dead_locked(n, disposition, ret);
		return KERN_SUCCESS;
	}
	*ret = (struct port_right){ .port = port_ref(n->port) };
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_SEND:
		ret->type = MACH_MSG_TYPE_MOVE_SEND;
		move_send_locked(n);
		break;
	case MACH_MSG_TYPE_MAKE_SEND:
		ret->port->mscount++;
		/* fall through */
	case MACH_MSG_TYPE_COPY_SEND:
		ret->type = MACH_MSG_TYPE_MOVE_SEND;
		ret->port->n_senders++;
		break;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		ret->type = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		port_name_free_locked(n);
		break;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		ret->type = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		ret->port->n_once++;
		break;
	default:
		ret->type = MACH_MSG_TYPE_MOVE_RECEIVE;
		port_detach_receive_locked(ret->port);
	}
	return KERN_SUCCESS;
}

err_t port_add_send_uref_locked(struct port *port, mach_port_name_t *ret_name)
{
	struct port_name *n = port_name_find_locked(port->name);

	if (!n) {
		err_t err = port_name_new_locked(port, MACH_PORT_TYPE_SEND, 0, &n);

		if (err)
			return err;
	}
	n->type |= MACH_PORT_TYPE_SEND;
	if (n->urefs < PORT_UREFS_MAX) {
		n->urefs++;
		port->n_senders++;
	}
	*ret_name = n->name;
	return 0;
}

static err_t copyout_receive_locked(struct port *port, mach_port_name_t *ret_name)
{
	struct port_name *n = port_name_find_locked(port->name);

	if (!n) {
		err_t err = port_name_new_locked(port, MACH_PORT_TYPE_RECEIVE, 0, &n);

		if (err)
			return err;
	}
	n->type |= MACH_PORT_TYPE_RECEIVE;
	port->has_receive = true;
	port->carrier = NULL;
	port_wake_locked(port);
	*ret_name = n->name;
	return 0;
}

static err_t copyout_once_locked(struct port *port, mach_port_name_t *ret_name)
{
	struct port_name *n;
	err_t err = port_name_new_locked(port, MACH_PORT_TYPE_SEND_ONCE, 0, &n);

	if (!err)
		*ret_name = n->name;
	return err;
}

err_t port_right_copyout_locked(struct port_right *right, mach_port_name_t *ret_name)
{
	struct port *port = right->port;
	err_t err;

	if (!port || port->dead) {
		*ret_name = port || right->dead ? MACH_PORT_DEAD : MACH_PORT_NULL;
		port_right_release_locked(right);
		return 0;
	}
	switch (right->type) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		err = copyout_receive_locked(port, ret_name);
		break;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		err = copyout_once_locked(port, ret_name);
		break;
	default:
		/* The right of the message turns into a uref, so that the port is never without
		 * senders in between. */
		err = port_add_send_uref_locked(port, ret_name);
		if (!err)
			port_drop_sender_locked(port);
	}
	if (err) {
		port_right_release_locked(right);
		return err;
	}
	port_unref_locked(port);
	*right = (struct port_right){ 0 };
	return 0;
}

void port_right_release_locked(struct port_right *right)
{
	struct port *port = right->port;
	mach_msg_type_name_t type = right->type;

	*right = (struct port_right){ 0 };
	if (!port)
		return;
	switch (type) {
	case MACH_MSG_TYPE_MOVE_RECEIVE:
		port->carrier = NULL;
		port_destroy_receive_locked(port);
		break;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		port_drop_once_locked(port, true);
		return;
	default:
		port_drop_sender_locked(port);
	}
	port_unref_locked(port);
}
