// SPDX-License-Identifier: MIT
/* The names of the process. */
#include <stdlib.h>

#include "base/map.h"
#include "port/port_internal.h"

static struct map names = MAP_INIT;
static uint32_t counter;

struct port_name *port_name_find_locked(mach_port_name_t name)
{
	return MACH_PORT_VALID(name) ? map_find(&names, name) : NULL;
}

/* Sparse, never small like a descriptor. The odd factor makes this a permutation, so that a freed
 * name comes back only after four thousand million others: a stale name does not meet a new port.
 */
static mach_port_name_t next_name(void)
{
	mach_port_name_t name;

	do
		name = ++counter * 0x9e3779b1u;
	while (name + 1 <= 0x10000 /* MACH_PORT_DEAD among them */ || map_find(&names, name));
	return name;
}

err_t port_name_new_locked(struct port *port, mach_port_type_t type, mach_port_name_t wanted,
			   struct port_name **ret)
{
	struct port_name *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->name = wanted ? wanted : next_name();
	n->type = type;
	list_init(&n->once);
	if (map_set(&names, n->name, n)) {
		free(n);
		return -ENOMEM;
	}
	n->port = port_ref(port);
	if (type & MACH_PORT_TYPE_SEND_ONCE)
		list_add(&port->once_names, &n->once);
	else if (port)
		port->name = n->name;
	*ret = n;
	return 0;
}

static void detach(struct port_name *n)
{
	struct port *port = n->port;

	list_remove(&n->once);
	n->port = NULL;
	if (!port)
		return;
	if (port->name == n->name)
		port->name = MACH_PORT_NULL;
	port_unref_locked(port);
}

static _Atomic uint64_t generation;

const _Atomic uint64_t *port_name_generation(void)
{
	return &generation;
}

void port_name_generation_grow(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_release);
}

void port_name_free_locked(struct port_name *n)
{
	struct port *request = n->dead_request;
	mach_port_name_t name = n->name;

	map_remove(&names, name);
	port_name_generation_grow();
	detach(n);
	free(n);
	if (request)
		port_notify_locked(request, MACH_NOTIFY_PORT_DELETED, name);
}

void port_name_die_locked(struct port_name *n)
{
	struct port *request = n->dead_request;

	if (n->type & MACH_PORT_TYPE_SEND_ONCE)
		n->urefs = 1;
	n->type = MACH_PORT_TYPE_DEAD_NAME;
	port_name_generation_grow();
	n->dead_request = NULL;
	detach(n);
	if (!request)
		return;
	/* The notification brings one more reference to the dead name. */
	if (n->urefs < PORT_UREFS_MAX)
		n->urefs++;
	port_notify_locked(request, MACH_NOTIFY_DEAD_NAME, n->name);
}

struct port_name *port_name_next_locked(size_t *cursor)
{
	return map_next(&names, cursor, NULL);
}

size_t port_name_count_locked(void)
{
	return names.count;
}

size_t port_count_names(void)
{
	port_lock();
	size_t n = names.count;
	port_unlock();
	return n;
}

mach_port_name_t port_name_pin(struct port *port)
{
	mach_port_name_t name;

	port_lock();
	err_t err = port_add_send_uref_locked(port, &name);
	if (!err)
		port_name_find_locked(name)->pinned = true;
	port_unlock();
	return err ? MACH_PORT_NULL : name;
}

void port_names_forget_locked(void)
{
	port_name_generation_grow();
	size_t cursor = 0;
	struct port_name *n;

	while ((n = map_next(&names, &cursor, NULL)))
		if (!n->pinned) {
			map_remove(&names, n->name);
			free(n);
		}
}
