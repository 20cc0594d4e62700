// SPDX-License-Identifier: MIT
/* The task's operations on its names (spec 8.2). */
#include <stdlib.h>
#include <string.h>

#include "port/port_internal.h"

mach_port_t mach_task_self_ = 0x103;
mach_port_t bootstrap_port = 0x107;
static struct port *host_port;

mach_port_t (mach_task_self)(void)
{
	return mach_task_self_;
}

static void host_retain(void *object)
{
	(void)object;
}

static void host_no_senders(void *object)
{
	(void)object;
}

mach_port_t mach_host_self(void)
{
	static const struct port_object_ops ops = { host_retain, host_no_senders };
	struct port_name *n = NULL;

	port_lock();
	if ((host_port && !host_port->dead) || !port_new_locked(&host_port)) {
		host_port->kind = UINT32_MAX;
		host_port->object = &host_port;
		host_port->ops = &ops;
		if (port_add_send_uref_locked(host_port, &n))
			n = NULL;
	}
	mach_port_t name = n ? n->name : MACH_PORT_NULL;
	port_unlock();
	return name;
}

static bool is_own(ipc_space_t task)
{
	return task == mach_task_self_;
}

/* Names that stand for the task itself and the bootstrap server: never released. */
static bool is_permanent(mach_port_name_t name)
{
	return name == mach_task_self_ || name == bootstrap_port;
}

kern_return_t mach_port_allocate(ipc_space_t task, mach_port_right_t right, mach_port_name_t *name)
{
	struct port *port = NULL;
	struct port_name *n;
	err_t err = 0;

	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (right != MACH_PORT_RIGHT_RECEIVE && right != MACH_PORT_RIGHT_PORT_SET &&
	    right != MACH_PORT_RIGHT_DEAD_NAME)
		return KERN_INVALID_VALUE;
	if (!name)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	if (right != MACH_PORT_RIGHT_DEAD_NAME)
		err = port_new_locked(&port);
	if (!err)
		err = port_name_new_locked(port, MACH_PORT_TYPE(right), &n);
	if (!err) {
		*name = n->name;
		if (port) {
			port->name = n->name;
			port->is_set = right == MACH_PORT_RIGHT_PORT_SET;
			port->has_receive = right == MACH_PORT_RIGHT_RECEIVE;
		} else {
			n->urefs = 1;
		}
	}
	/* The name has its own reference. */
	if (port)
		port_put_off_unref_locked(port);
	port_unlock();
	return err ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

/* Put a right that was taken out of POLY under NAME. */
static kern_return_t insert_locked(mach_port_name_t name, struct port_right *right)
{
	struct port_name *n = port_name_find_locked(name);
	struct port_name *made;

	if (!right->port)
		return KERN_INVALID_CAPABILITY;
	if (n && n->port != right->port)
		return KERN_NAME_EXISTS;
	if (right->port->name && right->port->name != name)
		return KERN_RIGHT_EXISTS;
	/* A name of the caller's choice for a port that has none yet cannot be had: names are ours. */
	if (!n)
		return KERN_INVALID_VALUE;
	if (right->disposition == MACH_MSG_TYPE_MOVE_SEND) {
		if (n->urefs >= PORT_UREFS_MAX)
			return KERN_UREFS_OVERFLOW;
		if (port_add_send_uref_locked(right->port, &made))
			return KERN_RESOURCE_SHORTAGE;
		return KERN_SUCCESS;
	}
	if (right->disposition == MACH_MSG_TYPE_MOVE_RECEIVE) {
		n->type |= MACH_PORT_TYPE_RECEIVE;
		right->port->has_receive = true;
		struct port *port = right->port;
		right->port = NULL;
		port_put_off_unref_locked(port);
		return KERN_SUCCESS;
	}
	return KERN_NAME_EXISTS;
}

kern_return_t mach_port_insert_right(ipc_space_t task, mach_port_name_t name, mach_port_t poly,
				     mach_msg_type_name_t poly_poly)
{
	struct port_right right = { 0 };

	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(poly))
		return KERN_INVALID_CAPABILITY;
	port_lock();
	struct port_name *n = port_name_find_locked(name), *p = port_name_find_locked(poly);
	kern_return_t result = KERN_SUCCESS;
	if (p && n && n != p && n->port != p->port)
		result = KERN_NAME_EXISTS;
	else if (p && n == p && poly_poly == MACH_MSG_TYPE_MOVE_RECEIVE && p->type & MACH_PORT_TYPE_RECEIVE)
		goto out; /* it is there already */
	if (!result)
		result = port_copyin_locked(poly, poly_poly, &right);
	if (!result)
		result = insert_locked(name, &right);
	port_right_release_locked(&right);
out:
	port_unlock();
	return result;
}

/* One uref less of a send right, send-once right or dead name. */
static kern_return_t drop_uref_locked(struct port_name *n)
{
	if (n->type & MACH_PORT_TYPE_DEAD_NAME) {
		if (--n->urefs == 0)
			port_name_free_locked(n);
		return KERN_SUCCESS;
	}
	if (n->type & MACH_PORT_TYPE_SEND_ONCE) {
		struct port *port = port_ref(n->port);

		port_name_free_locked(n);
		port_drop_once_locked(port, true);
		return KERN_SUCCESS;
	}
	if (!(n->type & MACH_PORT_TYPE_SEND))
		return KERN_INVALID_RIGHT;
	struct port *port = port_ref(n->port);
	if (--n->urefs == 0) {
		n->type &= ~MACH_PORT_TYPE_SEND;
		if (port_name_is_all_gone_locked(n))
			port_name_free_locked(n);
	}
	port_drop_sender_locked(port);
	port_put_off_unref_locked(port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_deallocate(ipc_space_t task, mach_port_name_t name)
{
	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name) || is_permanent(name))
		return KERN_SUCCESS;
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	kern_return_t result = n ? drop_uref_locked(n) : KERN_INVALID_NAME;
	port_unlock();
	return result;
}

/* The receive right or set under N goes. Its inlets are finished after the lock. */
static void destroy_receive_locked(struct port_name *n, struct list *inlets)
{
	struct port *port = port_ref(n->port);

	port_remove_inlets_locked(port, inlets);
	port_kill_locked(port);
	port_put_off_unref_locked(port);
}

kern_return_t mach_port_destroy(ipc_space_t task, mach_port_name_t name)
{
	struct list inlets;
	kern_return_t result = KERN_SUCCESS;

	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name) || is_permanent(name))
		return KERN_SUCCESS;
	list_init(&inlets);
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (!n) {
		result = KERN_INVALID_NAME;
	} else if (n->type & (MACH_PORT_TYPE_DEAD_NAME | MACH_PORT_TYPE_SEND_ONCE)) {
		n->urefs = 1;
		drop_uref_locked(n);
	} else {
		while (n && n->type & MACH_PORT_TYPE_SEND) {
			drop_uref_locked(n);
			n = port_name_find_locked(name);
		}
		if (n)
			destroy_receive_locked(n, &inlets);
	}
	port_unlock();
	port_finish_inlets(&inlets);
	return result;
}

kern_return_t mach_port_get_refs(ipc_space_t task, mach_port_name_t name, mach_port_right_t right,
				 mach_port_urefs_t *refs)
{
	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (right >= MACH_PORT_RIGHT_NUMBER || !refs)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(name)) {
		if (right != MACH_PORT_RIGHT_SEND && right != MACH_PORT_RIGHT_SEND_ONCE)
			return KERN_INVALID_NAME;
		*refs = 1;
		return KERN_SUCCESS;
	}
	if (is_permanent(name)) {
		*refs = right == MACH_PORT_RIGHT_SEND;
		return KERN_SUCCESS;
	}
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (n) {
		bool counted = right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME;

		*refs = !(n->type & MACH_PORT_TYPE(right)) ? 0 : counted ? n->urefs : 1;
	}
	port_unlock();
	return n ? KERN_SUCCESS : KERN_INVALID_NAME;
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
		return KERN_SUCCESS;
	}
	for (; delta < 0; delta++)
		drop_uref_locked(n);
	return KERN_SUCCESS;
}

kern_return_t mach_port_mod_refs(ipc_space_t task, mach_port_name_t name, mach_port_right_t right,
				 mach_port_delta_t delta)
{
	struct list inlets;
	kern_return_t result = KERN_SUCCESS;

	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(name))
		return right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_SEND_ONCE ? KERN_SUCCESS :
											     KERN_INVALID_NAME;
	if (is_permanent(name))
		return right == MACH_PORT_RIGHT_SEND ? KERN_SUCCESS : KERN_INVALID_RIGHT;
	list_init(&inlets);
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (!n)
		result = KERN_INVALID_NAME;
	else if (!(n->type & MACH_PORT_TYPE(right)))
		result = KERN_INVALID_RIGHT;
	else if (right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME)
		result = mod_counted_locked(n, delta);
	else if (delta != 0 && delta != -1)
		result = KERN_INVALID_VALUE;
	else if (delta && right == MACH_PORT_RIGHT_SEND_ONCE)
		drop_uref_locked(n);
	else if (delta)
		destroy_receive_locked(n, &inlets);
	port_unlock();
	port_finish_inlets(&inlets);
	return result;
}

kern_return_t mach_port_type(ipc_space_t task, mach_port_name_t name, mach_port_type_t *type)
{
	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (name == MACH_PORT_NULL)
		return KERN_INVALID_NAME;
	if (!type)
		return KERN_INVALID_ARGUMENT;
	if (name == MACH_PORT_DEAD || is_permanent(name)) {
		*type = name == MACH_PORT_DEAD ? MACH_PORT_TYPE_DEAD_NAME : MACH_PORT_TYPE_SEND;
		return KERN_SUCCESS;
	}
	port_lock();
	struct port_name *n = port_name_find_locked(name);
	if (n)
		*type = n->type | (n->dead_request ? MACH_PORT_TYPE_DNREQUEST : 0);
	port_unlock();
	return n ? KERN_SUCCESS : KERN_INVALID_NAME;
}

kern_return_t mach_port_names(ipc_space_t task, mach_port_name_array_t *names,
			      mach_msg_type_number_t *names_count, mach_port_type_array_t *types,
			      mach_msg_type_number_t *types_count)
{
	vm_address_t name_memory = 0, type_memory = 0;
	mach_msg_type_number_t i = 0;
	size_t cursor = 0, n;
	struct port_name *name;

	if (!is_own(task))
		return KERN_INVALID_TASK;
	if (!names || !names_count || !types || !types_count)
		return KERN_INVALID_ARGUMENT;
	port_lock();
	n = port_name_count_locked();
	if (vm_allocate(task, &name_memory, (n + 1) * sizeof(**names), VM_FLAGS_ANYWHERE) ||
	    vm_allocate(task, &type_memory, (n + 1) * sizeof(**types), VM_FLAGS_ANYWHERE)) {
		port_unlock();
		if (name_memory)
			vm_deallocate(task, name_memory, (n + 1) * sizeof(**names));
		return KERN_RESOURCE_SHORTAGE;
	}
	while (i < n && (name = port_name_next_locked(&cursor))) {
		((mach_port_name_t *)name_memory)[i] = name->name;
		((mach_port_type_t *)type_memory)[i++] = name->type;
	}
	port_unlock();
	*names = (mach_port_name_t *)name_memory;
	*types = (mach_port_type_t *)type_memory;
	*names_count = *types_count = i;
	return KERN_SUCCESS;
}
