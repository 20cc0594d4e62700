// SPDX-License-Identifier: MIT
/* Services by name, within the process. */
#include <stdlib.h>
#include <string.h>

#include <mach/mach_error.h>
#include <servers/bootstrap.h>

#include "port/port_internal.h"

struct service {
	struct list link;
	struct port_right right; /* a send right */
	name_t name;
};

static struct list services = LIST_INIT(services);

static struct service *free_locked(struct service *s)
{
	list_remove(&s->link);
	port_right_release_locked(&s->right);
	free(s);
	return NULL;
}

/* Those whose port has died, or stayed behind in fork, are gone. */
static struct service *find_locked(const char *name)
{
	struct service *s;

	list_for_each(node, &services) {
		s = container_of(node, struct service, link);
		if (!strcmp(s->name, name))
			return s->right.port->dead ? free_locked(s) : s;
	}
	return NULL;
}

static struct service *add_locked(const char *name, mach_port_t port,
				  mach_msg_type_name_t disposition)
{
	struct service *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	strcpy(s->name, name);
	if (port_right_copyin_locked(port, disposition, &s->right) || !s->right.port) {
		free(s);
		return NULL;
	}
	list_add(&services, &s->link);
	return s;
}

static kern_return_t check(mach_port_t bp, const char *name)
{
	if (!port_is_kind(bp, PORT_KIND_BOOTSTRAP))
		return MACH_SEND_INVALID_DEST;
	if (!name || strlen(name) >= sizeof(name_t))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	return BOOTSTRAP_SUCCESS;
}

kern_return_t bootstrap_look_up(mach_port_t bp, const char *service_name, mach_port_t *sp)
{
	kern_return_t result = check(bp, service_name);
	mach_port_name_t name;

	if (result)
		return result;
	if (!sp)
		return KERN_INVALID_ARGUMENT;
	*sp = MACH_PORT_NULL;
	port_lock();
	struct service *s = find_locked(service_name);
	if (!s)
		result = BOOTSTRAP_UNKNOWN_SERVICE;
	else if (port_add_send_uref_locked(s->right.port, &name))
		result = BOOTSTRAP_NO_MEMORY;
	else
		*sp = name;
	port_unlock();
	return result;
}

kern_return_t bootstrap_check_in(mach_port_t bp, const char *service_name, mach_port_t *sp)
{
	kern_return_t result = check(bp, service_name);
	mach_port_t port = MACH_PORT_NULL;

	if (result)
		return result;
	if (!sp)
		return KERN_INVALID_ARGUMENT;
	*sp = MACH_PORT_NULL;
	if (mach_port_allocate(mach_task_self_, MACH_PORT_RIGHT_RECEIVE, &port))
		return BOOTSTRAP_NO_MEMORY;
	port_lock();
	if (find_locked(service_name))
		result = BOOTSTRAP_SERVICE_ACTIVE;
	else if (!add_locked(service_name, port, MACH_MSG_TYPE_MAKE_SEND))
		result = BOOTSTRAP_NO_MEMORY;
	port_unlock();
	if (result)
		mach_port_destroy(mach_task_self_, port);
	else
		*sp = port;
	return result;
}

kern_return_t bootstrap_register(mach_port_t bp, const char *service_name, mach_port_t sp)
{
	kern_return_t result = check(bp, service_name);

	if (result)
		return result;
	port_lock();
	struct service *s = find_locked(service_name);
	if (sp == MACH_PORT_NULL && s)
		free_locked(s);
	else if (sp == MACH_PORT_NULL)
		result = BOOTSTRAP_UNKNOWN_SERVICE;
	else if (s)
		result = BOOTSTRAP_NAME_IN_USE;
	else if (port_right_check_locked(sp, MACH_MSG_TYPE_COPY_SEND))
		result = MACH_SEND_INVALID_RIGHT;
	else if (!add_locked(service_name, sp, MACH_MSG_TYPE_COPY_SEND))
		result = BOOTSTRAP_NO_MEMORY;
	port_unlock();
	return result;
}

const char *bootstrap_strerror(kern_return_t r)
{
	switch (r) {
	case BOOTSTRAP_SUCCESS:
		return "success";
	case BOOTSTRAP_NOT_PRIVILEGED:
		return "not privileged";
	case BOOTSTRAP_NAME_IN_USE:
		return "the name is in use";
	case BOOTSTRAP_UNKNOWN_SERVICE:
		return "no such service";
	case BOOTSTRAP_SERVICE_ACTIVE:
		return "the service is provided already";
	case BOOTSTRAP_BAD_COUNT:
		return "bad count";
	case BOOTSTRAP_NO_MEMORY:
		return "out of memory";
	case BOOTSTRAP_NO_CHILDREN:
		return "no children";
	default:
		return mach_error_string(r);
	}
}
