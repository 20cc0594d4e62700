// SPDX-License-Identifier: MIT
/* The operations of mach_port.h on names: making, counting, dropping (spec 8.2). */
#include "port/port_internal.h"

static kern_return_t find_locked(mach_port_name_t name, struct port_name **ret)
{
	*ret = port_name_find_locked(name);
	return *ret ? KERN_SUCCESS : KERN_INVALID_NAME;
}

static err_t allocate_locked(mach_port_right_t right, struct port_name **ret)
{
	struct port *port = NULL;
	err_t err = 0;

	if (right != MACH_PORT_RIGHT_DEAD_NAME)
		err = port_new_locked(&port);
	if (!err)
		err = port_name_new_locked(port, MACH_PORT_TYPE(right), 0, ret);
	if (!err && port) {
		port->is_set = right == MACH_PORT_RIGHT_PORT_SET;
		port->has_receive = true;
	} else if (!err) {
		(*ret)->urefs = 1;
	}
	/* The name has a reference of its own. */
	port_unref_locked(port);
	return err;
}

kern_return_t mach_port_allocate(ipc_space_t task, mach_port_right_t right, mach_port_name_t *name)
{
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (right != MACH_PORT_RIGHT_RECEIVE && right != MACH_PORT_RIGHT_PORT_SET &&
	    right != MACH_PORT_RIGHT_DEAD_NAME)
		return KERN_INVALID_VALUE;
	if (!name)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	err_t err = allocate_locked(right, &n);
	if (!err)
		*name = n->name;
	port_unlock();
	return err ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

/* --- insert ------------------------------------------------------------------ */

/* May RIGHT of PORT come under NAME, which may not exist yet? */
static kern_return_t check_insert_locked(mach_port_name_t name, const struct port *port,
					 mach_msg_type_name_t disposition)
{
	const struct port_name *n = port_name_find_locked(name);
	bool once = disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE ||
		    disposition == MACH_MSG_TYPE_MAKE_SEND_ONCE;

	if (n && (n->port != port || once))
		return KERN_NAME_EXISTS;
	if (n && n->type & MACH_PORT_TYPE_SEND_ONCE)
		return KERN_NAME_EXISTS;
	if (!once && port->name && port->name != name)
		return KERN_RIGHT_EXISTS;
	if (n && disposition != MACH_MSG_TYPE_MOVE_RECEIVE && n->urefs >= PORT_UREFS_MAX)
		return KERN_UREFS_OVERFLOW;
	return KERN_SUCCESS;
}

/* The name gets the right; nothing can fail but memory. */
static kern_return_t insert_locked(mach_port_name_t name, struct port_right *right)
{
	struct port_name *n = port_name_find_locked(name);
	mach_port_type_t type = right->type == MACH_MSG_TYPE_MOVE_SEND ? MACH_PORT_TYPE_SEND
			      : right->type == MACH_MSG_TYPE_MOVE_RECEIVE
				      ? MACH_PORT_TYPE_RECEIVE
				      : MACH_PORT_TYPE_SEND_ONCE;
	mach_port_name_t same;

	if (!n && port_name_new_locked(right->port, type, name, &n)) {
		port_right_release_locked(right);
		return KERN_RESOURCE_SHORTAGE;
	}
	/* A send-once right has its name now; the others join their port's. */
	if (type != MACH_PORT_TYPE_SEND_ONCE)
		return port_right_copyout_locked(right, &same) ? KERN_RESOURCE_SHORTAGE
							       : KERN_SUCCESS;
	port_unref_locked(right->port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_insert_right(ipc_space_t task, mach_port_name_t name, mach_port_t poly,
				     mach_msg_type_name_t poly_poly)
{
	struct port_right right;
	struct port_name *p;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name) || !port_right_is_disposition(poly_poly))
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(poly))
		return KERN_INVALID_CAPABILITY;
	port_lock();
	kern_return_t result = find_locked(poly, &p);
	if (!result)
		result = port_right_check_locked(poly, poly_poly);
	if (!result && p->type & MACH_PORT_TYPE_DEAD_NAME)
		result = KERN_INVALID_CAPABILITY;
	if (!result)
		result = check_insert_locked(name, p->port, poly_poly);
	if (!result)
		result = port_right_copyin_locked(poly, poly_poly, &right);
	if (!result)
		result = insert_locked(name, &right);
	port_unlock();
	return result;
}

/* --- user references --------------------------------------------------------- */

static void drop_send_locked(struct port_name *n, unsigned count)
{
	struct port *port = port_ref(n->port);

	if (n->pinned && count >= n->urefs)
		count = n->urefs - 1;
	n->urefs -= count;
	if (!n->urefs) {
		n->type &= ~MACH_PORT_TYPE_SEND;
		if (!n->type)
			port_name_free_locked(n);
	}
	for (; count; count--)
		port_drop_sender_locked(port);
	port_unref_locked(port);
}

static void drop_dead_locked(struct port_name *n, unsigned count)
{
	n->urefs -= count;
	if (!n->urefs)
		port_name_free_locked(n);
}

static void drop_once_locked(struct port_name *n)
{
	struct port *port = port_ref(n->port);

	port_name_free_locked(n);
	port_drop_once_locked(port, true);
}

kern_return_t mach_port_deallocate(ipc_space_t task, mach_port_name_t name)
{
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name))
		return KERN_SUCCESS;
	port_lock();
	kern_return_t result = find_locked(name, &n);
	if (result)
		;
	else if (n->type & MACH_PORT_TYPE_SEND)
		drop_send_locked(n, 1);
	else if (n->type & MACH_PORT_TYPE_DEAD_NAME)
		drop_dead_locked(n, 1);
	else if (n->type & MACH_PORT_TYPE_SEND_ONCE)
		drop_once_locked(n);
	else
		result = KERN_INVALID_RIGHT;
	port_unlock();
	return result;
}

static void destroy_name_locked(struct port_name *n)
{
	mach_port_name_t name = n->name;

	if (n->type & MACH_PORT_TYPE_DEAD_NAME)
		drop_dead_locked(n, n->urefs);
	else if (n->type & MACH_PORT_TYPE_SEND_ONCE)
		drop_once_locked(n);
	else if (n->type & MACH_PORT_TYPE_SEND)
		drop_send_locked(n, n->urefs);
	n = port_name_find_locked(name);
	if (n && n->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET))
		port_destroy_receive_locked(n->port);
}

kern_return_t mach_port_destroy(ipc_space_t task, mach_port_name_t name)
{
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name))
		return KERN_SUCCESS;
	port_lock();
	kern_return_t result = find_locked(name, &n);
	if (!result)
		destroy_name_locked(n);
	port_unlock();
	return result;
}

kern_return_t mach_port_get_refs(ipc_space_t task, mach_port_name_t name, mach_port_right_t right,
				 mach_port_urefs_t *refs)
{
	bool is_send = right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_SEND_ONCE;
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!refs)
		return KERN_INVALID_ARGUMENT;
	if (!MACH_PORT_VALID(name)) {
		if (is_send)
			*refs = 1;
		return is_send ? KERN_SUCCESS : KERN_INVALID_NAME;
	}
	port_lock();
	kern_return_t result = find_locked(name, &n);
	if (!result && !(n->type & MACH_PORT_TYPE(right)))
		*refs = 0;
	else if (!result && (right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME))
		*refs = n->urefs;
	else if (!result)
		*refs = 1;
	port_unlock();
	return result;
}

static kern_return_t mod_counted_locked(struct port_name *n, mach_port_delta_t delta)
{
	int64_t urefs = (int64_t)n->urefs + delta;

	if (urefs < 0)
		return KERN_INVALID_VALUE;
	if (urefs > PORT_UREFS_MAX)
		return KERN_UREFS_OVERFLOW;
	if (delta > 0) {
		n->urefs += (unsigned)delta;
		if (n->port)
			n->port->n_senders += (unsigned)delta;
	} else if (delta && n->port) {
		drop_send_locked(n, (unsigned)-(int64_t)delta);
	} else if (delta) {
		drop_dead_locked(n, (unsigned)-(int64_t)delta);
	}
	return KERN_SUCCESS;
}

static kern_return_t mod_locked(struct port_name *n, mach_port_right_t right,
				mach_port_delta_t delta)
{
	if (!(n->type & MACH_PORT_TYPE(right)))
		return KERN_INVALID_RIGHT;
	if (right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME)
		return mod_counted_locked(n, delta);
	if (!delta)
		return KERN_SUCCESS;
	if (delta != -1)
		return KERN_INVALID_VALUE;
	if (right == MACH_PORT_RIGHT_SEND_ONCE)
		drop_once_locked(n);
	else
		port_destroy_receive_locked(n->port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_mod_refs(ipc_space_t task, mach_port_name_t name, mach_port_right_t right,
				 mach_port_delta_t delta)
{
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(name))
		return right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_SEND_ONCE
			     ? KERN_SUCCESS
			     : KERN_INVALID_NAME;
	port_lock();
	kern_return_t result = find_locked(name, &n);
	if (!result)
		result = mod_locked(n, right, delta);
	port_unlock();
	return result;
}

/* --- looking ----------------------------------------------------------------- */

static mach_port_type_t type_of(const struct port_name *n)
{
	mach_port_type_t type = n->type;

	if (n->dead_request)
		type |= MACH_PORT_TYPE_DNREQUEST;
	if (n->dead_request && n->wants_possible)
		type |= MACH_PORT_TYPE_SPREQUEST |
			(n->is_armed ? 0 : MACH_PORT_TYPE_SPREQUEST_DELAYED);
	return type;
}

kern_return_t mach_port_type(ipc_space_t task, mach_port_name_t name, mach_port_type_t *type)
{
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (name == MACH_PORT_NULL)
		return KERN_INVALID_NAME;
	if (!type)
		return KERN_INVALID_ARGUMENT;
	if (name == MACH_PORT_DEAD) {
		*type = MACH_PORT_TYPE_DEAD_NAME;
		return KERN_SUCCESS;
	}
	port_lock();
	kern_return_t result = find_locked(name, &n);
	if (!result)
		*type = type_of(n);
	port_unlock();
	return result;
}

kern_return_t mach_port_names(ipc_space_t task, mach_port_name_array_t *names,
			      mach_msg_type_number_t *names_count, mach_port_type_array_t *types,
			      mach_msg_type_number_t *types_count)
{
	mach_msg_type_number_t i = 0;
	size_t cursor = 0, size;
	struct port_name *n;

	if (task != mach_task_self_)
		return KERN_INVALID_TASK;
	if (!names || !names_count || !types || !types_count)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	size = port_name_count_locked() * sizeof(mach_port_name_t);
	mach_port_name_t *name_list = port_pages_new(size);
	mach_port_type_t *type_list = port_pages_new(size);
	if (!name_list || !type_list) {
		port_unlock();
		port_pages_free(name_list, size);
		port_pages_free(type_list, size);
		return KERN_RESOURCE_SHORTAGE;
	}
	while ((n = port_name_next_locked(&cursor))) {
		name_list[i] = n->name;
		type_list[i++] = type_of(n);
	}
	port_unlock();
	*names = name_list;
	*types = type_list;
	*names_count = *types_count = i;
	return KERN_SUCCESS;
}
