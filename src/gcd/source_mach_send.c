// SPDX-License-Identifier: MIT
/* Sources that hear of the death of a port to which there is a send right. */
#include "gcd/gcd_internal.h"

#include "base/fd.h"
#include "port/port.h"

#include <mach/notify.h>
#include <sys/epoll.h>

static bool check_send_right(uintptr_t handle, uintptr_t mask)
{
	return MACH_PORT_VALID((mach_port_t)handle) && handle <= UINT32_MAX &&
	       mask == DISPATCH_MACH_SEND_DEAD;
}

static void notification_ready(struct gcd_watch *watch, uint32_t events)
{
	struct dispatch_source_s *s = container_of(watch, struct dispatch_source_s, watch);
	mach_dead_name_notification_t n;

	(void)events;
	if (mach_msg(&n.not_header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(n), s->notify_port,
		     0, MACH_PORT_NULL)) {
		gcd_watch_rearm(watch);
		return;
	}
	/* The notification brought a reference of its own; a name that was only given back tells
	 * nothing. */
	if (n.not_header.msgh_id != MACH_NOTIFY_DEAD_NAME)
		return;
	mach_port_deallocate(mach_task_self(), n.not_port);
	gcd_source_fire(s, DISPATCH_MACH_SEND_DEAD);
}

/* With the port the request ends. */
static void notification_uninstall(struct dispatch_source_s *s)
{
	mach_port_t previous = MACH_PORT_NULL;

	gcd_watch_remove(&s->watch);
	s->watch.fd = fd_close(s->watch.fd);
	if (!s->notify_port)
		return;
	if (!mach_port_request_notification(mach_task_self(), (mach_port_name_t)s->handle,
					    MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
					    MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous))
		mach_port_deallocate(mach_task_self(), previous);
	mach_port_mod_refs(mach_task_self(), s->notify_port, MACH_PORT_RIGHT_RECEIVE, -1);
	s->notify_port = MACH_PORT_NULL;
}

static err_t watch_port(struct dispatch_source_s *s)
{
	int borrowed;
	err_t err = port_descriptor(s->notify_port, &borrowed);

	if (!err)
		err = fd_dup(borrowed, &s->watch.fd);
	if (err)
		return err;
	s->watch.events = EPOLLIN;
	s->watch.ready = notification_ready;
	return gcd_watch_add(&s->watch);
}

static err_t notification_install(struct dispatch_source_s *s)
{
	mach_port_t previous = MACH_PORT_NULL;
	err_t err;

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &s->notify_port))
		return -ENOMEM;
	/* 1: a name that is dead already is told at once. */
	if (mach_port_request_notification(mach_task_self(), (mach_port_name_t)s->handle,
					   MACH_NOTIFY_DEAD_NAME, 1, s->notify_port,
					   MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous)) {
		notification_uninstall(s);
		return -EINVAL;
	}
	if (MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
	err = watch_port(s);
	if (err)
		notification_uninstall(s);
	return err;
}

const struct dispatch_source_type_s _dispatch_source_type_mach_send = {
	.check = check_send_right,
	.install = notification_install,
	.uninstall = notification_uninstall,
	.merge = GCD_MERGE_OR,
};
