// SPDX-License-Identifier: MIT
/* The task's own ports. */
#include <mach/mach_init.h>

#include "port/port_internal.h"

/* Ports that stand for something but take no messages; a kind of their own and no owner. */
enum { KIND_SYSTEM = UINT32_MAX };

mach_port_t mach_task_self_;
mach_port_t bootstrap_port;
static struct port *host;

static mach_port_name_t make_pinned(struct port **ret)
{
	if (port_new_object(KIND_SYSTEM, NULL, NULL, ret))
		return MACH_PORT_NULL;
	return port_name_pin(*ret);
}

/* Early, so that other libraries' constructors find them. */
__attribute__((constructor(200))) static void make_ports(void)
{
	static struct port *task, *bootstrap;

	mach_task_self_ = make_pinned(&task);
	bootstrap_port = make_pinned(&bootstrap);
	make_pinned(&host);
}

mach_port_t(mach_task_self)(void)
{
	return mach_task_self_;
}

mach_port_t mach_host_self(void)
{
	mach_port_name_t name;

	return port_make_send(host, &name) ? MACH_PORT_NULL : name;
}
