// SPDX-License-Identifier: MIT
/* Attributes, contexts and notification requests of receive rights (spec 8.2, 8.5). */
#include <string.h>

#include "port/port_internal.h"

/* The port whose receive right NAME is, with the lock held; unlocks on failure. */
static kern_return_t enter(ipc_space_t task, mach_port_name_t name, struct port **ret)
{
	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (n && n->type & MACH_PORT_TYPE_RECEIVE) {
		*ret = n->port;
		return KERN_SUCCESS;
	}
	port_unlock();
	return n ? KERN_INVALID_RIGHT : KERN_INVALID_NAME;
}

static kern_return_t fill_status(struct port *port, mach_port_info_t info, mach_msg_type_number_t *count)
{
	mach_port_status_t status = {
		.mps_pset = !list_is_empty(&port->memberships),
		.mps_seqno = port->seqno,
		.mps_mscount = port->mscount,
		.mps_qlimit = port->queue_limit,
		.mps_msgcount = port->n_queued,
		.mps_sorights = (mach_port_rights_t)port->n_once,
		.mps_srights = port->n_senders > 0,
		.mps_nsrequest = port->no_senders_request != NULL,
	};

	if (*count < MACH_PORT_RECEIVE_STATUS_COUNT)
		return KERN_FAILURE;
	memcpy(info, &status, sizeof(status));
	*count = MACH_PORT_RECEIVE_STATUS_COUNT;
	return KERN_SUCCESS;
}

kern_return_t mach_port_get_attributes(ipc_space_t task, mach_port_name_t name,
				       mach_port_flavor_t flavor, mach_port_info_t info,
				       mach_msg_type_number_t *count)
{
	struct port *port;

	if (!info || !count)
		return KERN_INVALID_ARGUMENT;
	if (flavor != MACH_PORT_LIMITS_INFO && flavor != MACH_PORT_RECEIVE_STATUS)
		return KERN_INVALID_VALUE;
	kern_return_t result = enter(task, name, &port);
	if (result)
		return result;
	if (flavor == MACH_PORT_RECEIVE_STATUS) {
		result = fill_status(port, info, count);
	} else if (*count < MACH_PORT_LIMITS_INFO_COUNT) {
		result = KERN_FAILURE;
	} else {
		info[0] = (integer_t)port->queue_limit;
		*count = MACH_PORT_LIMITS_INFO_COUNT;
	}
	port_unlock();
	return result;
}

kern_return_t mach_port_set_attributes(ipc_space_t task, mach_port_name_t name,
				       mach_port_flavor_t flavor, mach_port_info_t info,
				       mach_msg_type_number_t count)
{
	struct port *port;
	mach_port_msgcount_t limit = 0;

	if (flavor != MACH_PORT_LIMITS_INFO && flavor != MACH_PORT_TEMPOWNER &&
	    flavor != MACH_PORT_IMPORTANCE_RECEIVER)
		return KERN_INVALID_VALUE;
	if (flavor == MACH_PORT_LIMITS_INFO) {
		if (count < MACH_PORT_LIMITS_INFO_COUNT || !info)
			return KERN_FAILURE;
		limit = (mach_port_msgcount_t)info[0];
		if (limit > MACH_PORT_QLIMIT_MAX)
			return KERN_INVALID_VALUE;
	}
	kern_return_t result = enter(task, name, &port);
	if (result)
		return result;
	if (flavor == MACH_PORT_LIMITS_INFO) {
		port->queue_limit = limit;
		pthread_cond_broadcast(&port->writable);
	}
	port_unlock();
	return KERN_SUCCESS;
}

kern_return_t mach_port_set_context(ipc_space_t task, mach_port_name_t name, mach_port_context_t context)
{
	struct port *port;
	kern_return_t result = enter(task, name, &port);

	if (result)
		return result;
	port->context = context;
	port_unlock();
	return KERN_SUCCESS;
}

kern_return_t mach_port_get_context(ipc_space_t task, mach_port_name_t name, mach_port_context_t *context)
{
	struct port *port;

	if (!context)
		return KERN_INVALID_ARGUMENT;
	kern_return_t result = enter(task, name, &port);
	if (result)
		return result;
	*context = port->context;
	port_unlock();
	return KERN_SUCCESS;
}

/* --- notifications ------------------------------------------------------------- */

static kern_return_t request_slot_locked(struct port_name *n, mach_msg_id_t id, struct port ***ret)
{
	switch (id) {
	case MACH_NOTIFY_NO_SENDERS:
		if (!(n->type & MACH_PORT_TYPE_RECEIVE))
			return KERN_INVALID_RIGHT;
		*ret = &n->port->no_senders_request;
		return KERN_SUCCESS;
	case MACH_NOTIFY_DEAD_NAME:
		if (!(n->type & (MACH_PORT_TYPE_SEND_RIGHTS | MACH_PORT_TYPE_RECEIVE)))
			return KERN_INVALID_ARGUMENT;
		*ret = &n->dead_request;
		return KERN_SUCCESS;
	default:
		return KERN_INVALID_VALUE;
	}
}

kern_return_t mach_port_request_notification(ipc_space_t task, mach_port_name_t name,
					     mach_msg_id_t msgid, mach_port_mscount_t sync,
					     mach_port_t notify, mach_msg_type_name_t notify_poly,
					     mach_port_t *previous)
{
	struct port_right right = { 0 }, old = { .disposition = MACH_MSG_TYPE_MOVE_SEND_ONCE };
	struct port **slot = NULL;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (!previous)
		return KERN_INVALID_ARGUMENT;
	if (notify_poly != MACH_MSG_TYPE_MAKE_SEND_ONCE && notify_poly != MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return KERN_INVALID_CAPABILITY;
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	kern_return_t result = n ? request_slot_locked(n, msgid, &slot) : KERN_INVALID_NAME;
	if (!result && MACH_PORT_VALID(notify) && port_copyin_locked(notify, notify_poly, &right))
		result = KERN_INVALID_CAPABILITY;
	if (!result) {
		old.port = *slot;
		*slot = right.port;
		*previous = port_copyout_locked(&old);
		if (msgid == MACH_NOTIFY_NO_SENDERS && *slot && !n->port->n_senders && n->port->mscount >= sync &&
		    n->port->mscount) {
			struct port *once = *slot;
			struct {
				NDR_record_t ndr;
				mach_msg_type_number_t count;
			} body = { .count = n->port->mscount };

			*slot = NULL;
			port_notify_locked(once, MACH_NOTIFY_NO_SENDERS, &body, sizeof(body));
		}
	}
	port_unlock();
	return result;
}
