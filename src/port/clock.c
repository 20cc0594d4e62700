// SPDX-License-Identifier: MIT
/* Absolute time. */
#include <errno.h>
#include <time.h>

#include <mach/clock.h>
#include <mach/mach_host.h>
#include <mach/mach_time.h>

#include "port/port_internal.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t mach_absolute_time(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t mach_approximate_time(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t mach_continuous_time(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t mach_continuous_approximate_time(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

kern_return_t mach_timebase_info(mach_timebase_info_t info)
{
	if (!info)
		return KERN_INVALID_ARGUMENT;
	info->numer = info->denom = 1;
	return KERN_SUCCESS;
}

kern_return_t mach_wait_until(uint64_t deadline)
{
	struct timespec until = { (time_t)(deadline / 1000000000u),
				  (long)(deadline % 1000000000u) };

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR
		     ? KERN_ABORTED
		     : KERN_SUCCESS;
}

/* --- clocks of the host -------------------------------------------------------- */

static struct port *clock_ports[2];

__attribute__((constructor(201))) static void make_clocks(void)
{
	for (uintptr_t id = SYSTEM_CLOCK; id <= CALENDAR_CLOCK; id++)
		port_make_pinned(PORT_KIND_CLOCK, (void *)id, &clock_ports[id]);
}

kern_return_t host_get_clock_service(host_t host, clock_id_t clock_id, clock_serv_t *clock_serv)
{
	mach_port_name_t name;

	if (!port_is_kind(host, PORT_KIND_HOST) || clock_id < SYSTEM_CLOCK ||
	    clock_id > CALENDAR_CLOCK || !clock_serv)
		return KERN_INVALID_ARGUMENT;
	if (port_make_send(clock_ports[clock_id], &name))
		return KERN_RESOURCE_SHORTAGE;
	*clock_serv = name;
	return KERN_SUCCESS;
}

/* -1: no clock. */
static clockid_t clock_of(clock_serv_t name)
{
	clockid_t clock = -1;

	port_lock();
	const struct port_name *n = port_name_find_locked(name);
	if (n && n->type & MACH_PORT_TYPE_SEND && n->port->kind == PORT_KIND_CLOCK)
		clock = n->port->object ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	port_unlock();
	return clock;
}

kern_return_t clock_get_time(clock_serv_t clock_serv, mach_timespec_t *cur_time)
{
	clockid_t clock = clock_of(clock_serv);
	struct timespec t;

	if (clock < 0 || !cur_time)
		return KERN_INVALID_ARGUMENT;
	clock_gettime(clock, &t);
	*cur_time = (mach_timespec_t){ (unsigned)t.tv_sec, (int)t.tv_nsec };
	return KERN_SUCCESS;
}

kern_return_t clock_get_attributes(clock_serv_t clock_serv, clock_flavor_t flavor,
				   clock_attr_t clock_attr, mach_msg_type_number_t *clock_attrCnt)
{
	clockid_t clock = clock_of(clock_serv);
	struct timespec t;

	if (clock < 0 || !clock_attr || !clock_attrCnt)
		return KERN_INVALID_ARGUMENT;
	if (*clock_attrCnt < 1)
		return KERN_FAILURE;
	if (flavor != CLOCK_GET_TIME_RES)
		return KERN_INVALID_VALUE;
	clock_getres(clock, &t);
	*clock_attr = (int)t.tv_nsec;
	*clock_attrCnt = 1;
	return KERN_SUCCESS;
}

/* --- for the slice ------------------------------------------------------------- */

uint64_t port_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t port_deadline_ns(mach_msg_timeout_t timeout_ms)
{
	return port_now_ns() + (uint64_t)timeout_ms * 1000000u;
}
