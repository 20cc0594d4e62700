// SPDX-License-Identifier: MIT
/* What can be set on a receive right and asked of it, and membership of sets (spec 8.2). */
#include <string.h>

#include "port/port_internal.h"

/* The port whose receive right is NAME, with the lock held; on failure the lock is free. */
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

static kern_return_t get_locked(struct port *port, mach_port_flavor_t flavor, mach_port_info_t info,
				mach_msg_type_number_t *count)
{
	mach_port_limits_t limits = { .mpl_qlimit = port->queue_limit };
	mach_port_status_t status = {
		.mps_pset = port_count_sets_locked(port),
		.mps_seqno = port->seqno,
		.mps_mscount = port->mscount,
		.mps_qlimit = port->queue_limit,
		.mps_msgcount = port->n_queued,
		.mps_sorights = (mach_port_rights_t)port->n_once,
		.mps_srights = port->n_senders > 0,
		.mps_pdrequest = port->destroyed_request != NULL,
		.mps_nsrequest = port->no_senders_request != NULL,
	};
	bool is_limits = flavor == MACH_PORT_LIMITS_INFO;
	mach_msg_type_number_t needed =
		is_limits ? MACH_PORT_LIMITS_INFO_COUNT : MACH_PORT_RECEIVE_STATUS_COUNT;

	if (*count < needed)
		return KERN_FAILURE;
	memcpy(info, is_limits ? (void *)&limits : (void *)&status, needed * sizeof(natural_t));
	*count = needed;
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
	result = get_locked(port, flavor, info, count);
	port_unlock();
	return result;
}

kern_return_t mach_port_set_attributes(ipc_space_t task, mach_port_name_t name,
				       mach_port_flavor_t flavor, mach_port_info_t info,
				       mach_msg_type_number_t count)
{
	mach_port_limits_t limits = { 0 };
	struct port *port;

	if (flavor == MACH_PORT_LIMITS_INFO) {
		if (count < MACH_PORT_LIMITS_INFO_COUNT)
			return KERN_FAILURE;
		if (!info)
			return KERN_INVALID_ARGUMENT;
		memcpy(&limits, info, sizeof(limits));
		if (limits.mpl_qlimit > MACH_PORT_QLIMIT_MAX)
			return KERN_INVALID_VALUE;
	} else if (flavor != MACH_PORT_TEMPOWNER && flavor != MACH_PORT_IMPORTANCE_RECEIVER) {
		return KERN_INVALID_VALUE;
	}
	kern_return_t result = enter(task, name, &port);
	if (result)
		return result;
	if (flavor == MACH_PORT_LIMITS_INFO) {
		port->queue_limit = limits.mpl_qlimit;
		/* Senders may have waited for it. */
		port_wake_locked(port);
		if (port->n_queued < port->queue_limit)
			port_tell_possible_locked(port);
	}
	port_unlock();
	return KERN_SUCCESS;
}

kern_return_t mach_port_set_context(ipc_space_t task, mach_port_name_t name,
				    mach_port_context_t context)
{
	struct port *port;
	kern_return_t result = enter(task, name, &port);

	if (result)
		return result;
	port->context = context;
	port_unlock();
	return KERN_SUCCESS;
}

kern_return_t mach_port_get_context(ipc_space_t task, mach_port_name_t name,
				    mach_port_context_t *context)
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

/* --- sets -------------------------------------------------------------------- */

static kern_return_t find_set_locked(mach_port_name_t name, struct port **ret)
{
	struct port_name *n = port_name_find_locked(name);

	if (!n)
		return KERN_INVALID_NAME;
	if (!(n->type & MACH_PORT_TYPE_PORT_SET))
		return KERN_INVALID_RIGHT;
	*ret = n->port;
	return KERN_SUCCESS;
}

kern_return_t mach_port_move_member(ipc_space_t task, mach_port_name_t member,
				    mach_port_name_t after)
{
	struct port *port, *set = NULL;
	kern_return_t result = enter(task, member, &port);

	if (result)
		return result;
	if (after != MACH_PORT_NULL)
		result = find_set_locked(after, &set);
	else if (list_is_empty(&port->members))
		result = KERN_NOT_IN_SET;
	if (!result) {
		port_leave_sets_locked(port);
		if (set)
			result = port_set_add_locked(set, port);
	}
	port_unlock();
	return result;
}

static kern_return_t
change_member(ipc_space_t task, mach_port_name_t name, mach_port_name_t set_name,
	      kern_return_t (*change_locked)(struct port *set, struct port *member))
{
	struct port *port, *set;
	kern_return_t result = enter(task, name, &port);

	if (result)
		return result;
	result = find_set_locked(set_name, &set);
	if (!result)
		result = change_locked(set, port);
	port_unlock();
	return result;
}

kern_return_t mach_port_insert_member(ipc_space_t task, mach_port_name_t name,
				      mach_port_name_t set_name)
{
	return change_member(task, name, set_name, port_set_add_locked);
}

kern_return_t mach_port_extract_member(ipc_space_t task, mach_port_name_t name,
				       mach_port_name_t set_name)
{
	return change_member(task, name, set_name, port_set_remove_locked);
}
