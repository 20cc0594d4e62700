// SPDX-License-Identifier: MIT
/* Requests for notifications about rights (spec 8.5). */
#include "port/port_internal.h"

static kern_return_t find_slot_locked(mach_port_name_t name, mach_msg_id_t id,
				      mach_port_mscount_t sync, struct port_name **ret_name,
				      struct port ***ret_slot)
{
	struct port_name *n = port_name_find_locked(name);

	if (!n)
		return KERN_INVALID_NAME;
	*ret_name = n;
	switch (id) {
	case MACH_NOTIFY_NO_SENDERS:
	case MACH_NOTIFY_PORT_DESTROYED:
		if (!(n->type & MACH_PORT_TYPE_RECEIVE))
			return KERN_INVALID_RIGHT;
		*ret_slot = id == MACH_NOTIFY_NO_SENDERS ? &n->port->no_senders_request
							 : &n->port->destroyed_request;
		return KERN_SUCCESS;
	case MACH_NOTIFY_SEND_POSSIBLE:
	case MACH_NOTIFY_DEAD_NAME:
		if (n->type & MACH_PORT_TYPE_PORT_SET)
			return KERN_INVALID_RIGHT;
		/* For a name that is dead already only those who ask to hear it at once. */
		if (n->type & MACH_PORT_TYPE_DEAD_NAME && !sync)
			return KERN_INVALID_ARGUMENT;
		*ret_slot = &n->dead_request;
		return KERN_SUCCESS;
	default:
		return KERN_INVALID_VALUE;
	}
}

/* What has happened already is told at once. */
static void fire_locked(struct port_name *n, mach_msg_id_t id, mach_port_mscount_t sync,
			struct port **slot)
{
	struct port *request = *slot;

	if (slot == &n->dead_request && n->type & MACH_PORT_TYPE_DEAD_NAME) {
		*slot = NULL;
		if (n->urefs < PORT_UREFS_MAX)
			n->urefs++;
		port_notify_locked(request, MACH_NOTIFY_DEAD_NAME, n->name);
	} else if (id == MACH_NOTIFY_SEND_POSSIBLE) {
		n->is_armed = sync != 0;
		if (n->port->n_queued < n->port->queue_limit || n->port->kind)
			port_tell_possible_locked(n->port);
	} else if (id == MACH_NOTIFY_NO_SENDERS && !n->port->n_senders &&
		   sync <= n->port->mscount) {
		*slot = NULL;
		port_notify_locked(request, id, n->port->mscount);
	}
}

void port_tell_possible_locked(struct port *port)
{
	struct port_name *n = port_name_find_locked(port->name);
	struct port *request;

	if (!n || !n->dead_request || !n->wants_possible || !n->is_armed)
		return;
	request = n->dead_request;
	n->dead_request = NULL;
	port_notify_locked(request, MACH_NOTIFY_SEND_POSSIBLE, n->name);
}

kern_return_t mach_port_request_notification(ipc_space_t task, mach_port_name_t name,
					     mach_msg_id_t msgid, mach_port_mscount_t sync,
					     mach_port_t notify, mach_msg_type_name_t notify_poly,
					     mach_port_t *previous)
{
	struct port_right right = { 0 }, old = { .type = MACH_MSG_TYPE_MOVE_SEND_ONCE };
	mach_port_name_t old_name = MACH_PORT_NULL;
	struct port **slot = NULL;
	struct port_name *n = NULL;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (!previous)
		return KERN_INVALID_ARGUMENT;
	if (notify_poly != MACH_MSG_TYPE_MAKE_SEND_ONCE &&
	    notify_poly != MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return KERN_INVALID_CAPABILITY;
	port_lock();
	kern_return_t result = find_slot_locked(name, msgid, sync, &n, &slot);
	/* The right to be moved must not be the name that is asked about: it would be gone. */
	if (!result && notify_poly == MACH_MSG_TYPE_MOVE_SEND_ONCE && notify == name)
		result = KERN_INVALID_CAPABILITY;
	if (!result && MACH_PORT_VALID(notify) && port_right_check_locked(notify, notify_poly))
		result = KERN_INVALID_CAPABILITY;
	if (!result && MACH_PORT_VALID(notify))
		port_right_copyin_locked(notify, notify_poly, &right);
	if (!result) {
		old.port = *slot;
		*slot = right.port;
		if (slot == &n->dead_request)
			n->wants_possible = msgid == MACH_NOTIFY_SEND_POSSIBLE;
		if (*slot)
			fire_locked(n, msgid, sync, slot);
		if (port_right_copyout_locked(&old, &old_name))
			result = KERN_RESOURCE_SHORTAGE;
		else
			*previous = old_name;
	}
	port_unlock();
	return result;
}
