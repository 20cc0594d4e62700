// SPDX-License-Identifier: MIT
/*
 * CFMachPort: a port name, a function, and the source that brings them
 * together. The table of valid ones holds no references; entries that are
 * about to go are recognised by their count.
 */
#include <CoreFoundation/CFMachPort.h>
#include <mach/mach.h>
#include <pthread.h>

#include "base/map.h"
#include "cf/run_loop_internal.h"

struct __CFMachPort {
	struct cf_object base;
	mach_port_t port;
	bool owns_rights;
	/* guarded by ports_lock */
	bool valid;
	CFRunLoopSourceRef source; /* retained until invalidation */
	CFMachPortInvalidationCallBack invalidated;
	CFMachPortCallBack callout;
	CFMachPortContext context;
	struct run_info info;
};

/* Ports may be made in a child of fork. */
static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
CF_FREE_AFTER_FORK(ports_lock)
static struct map ports = MAP_INIT; /* by name */
static void port_fini(void *object);

const struct cf_class cf_mach_port_class = { .name = "CFMachPort", .fini = port_fini };

CFTypeID CFMachPortGetTypeID(void)
{
	return CF_TYPE_MACH_PORT;
}

static void rights_release(mach_port_t port)
{
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_deallocate(mach_task_self(), port); /* the send right, a dead name now */
}

static void release_info(CFMachPortRef p)
{
	if (p->context.info && p->context.release)
		p->context.release(p->context.info);
}

/* What ends with validity. */
struct rest {
	CFRunLoopSourceRef source;
	CFMachPortInvalidationCallBack invalidated;
	bool is_unused; /* the info */
};

/* The caller made it invalid. */
static void port_end(CFMachPortRef p, const struct rest *rest)
{
	if (rest->invalidated)
		rest->invalidated(p, p->context.info);
	if (rest->source) {
		CFRunLoopSourceInvalidate(rest->source);
		CFRelease(rest->source);
	}
	if (rest->is_unused)
		release_info(p);
	if (p->owns_rights)
		rights_release(p->port);
}

static bool port_make_invalid(CFMachPortRef p, struct rest *ret_rest)
{
	bool was_valid;

	pthread_mutex_lock(&ports_lock);
	was_valid = p->valid;
	p->valid = false;
	if (was_valid && map_find(&ports, p->port) == p)
		map_remove(&ports, p->port);
	*ret_rest = (struct rest){ p->source, p->invalidated, run_info_end(&p->info) };
	p->source = NULL;
	p->invalidated = NULL;
	pthread_mutex_unlock(&ports_lock);
	return was_valid;
}

static void port_fini(void *object)
{
	struct rest rest;

	/* A source would hold a reference. The callback cannot be given a port that is going. */
	if (port_make_invalid(object, &rest)) {
		rest.invalidated = NULL;
		port_end(object, &rest);
	}
}

void CFMachPortInvalidate(CFMachPortRef port)
{
	struct rest rest;

	if (!cf_is(port, CF_TYPE_MACH_PORT))
		return;
	CFRetain(port);
	if (port_make_invalid(port, &rest))
		port_end(port, &rest);
	CFRelease(port);
}

static bool name_is_alive(mach_port_t name)
{
	mach_port_type_t type;

	return MACH_PORT_VALID(name) &&
	       mach_port_type(mach_task_self(), name, &type) == KERN_SUCCESS &&
	       (type & MACH_PORT_TYPE_PORT_RIGHTS);
}

static bool port_is_marked_valid(CFMachPortRef port)
{
	bool valid;

	pthread_mutex_lock(&ports_lock);
	valid = port->valid;
	pthread_mutex_unlock(&ports_lock);
	return valid;
}

Boolean CFMachPortIsValid(CFMachPortRef port)
{
	if (!cf_is(port, CF_TYPE_MACH_PORT))
		return FALSE;
	if (!port_is_marked_valid(port))
		return false;
	if (name_is_alive(port->port))
		return true;
	CFMachPortInvalidate(port);
	return false;
}

/* The valid CFMachPort for NAME, retained, or NULL. Locked. */
static CFMachPortRef port_find_locked(mach_port_t name)
{
	CFMachPortRef p = map_find(&ports, name);

	return p && cf_object_try_retain(p) ? p : NULL;
}

static CFMachPortRef port_new(CFAllocatorRef allocator, mach_port_t name,
			      CFMachPortCallBack callout, CFMachPortContext *context,
			      bool owns_rights)
{
	CFMachPortRef p = cf_object_new_in(allocator, CF_TYPE_MACH_PORT, sizeof *p);

	if (!p)
		return NULL;
	p->port = name;
	p->callout = callout;
	p->owns_rights = owns_rights;
	if (context) {
		p->context = *context;
		if (context->retain)
			p->context.info = (void *)context->retain(context->info);
	}
	return p;
}

/* Enter a new object as the one for its name, unless there is one. Takes P. */
static CFMachPortRef port_enter(CFMachPortRef p, Boolean *ret_existed)
{
	CFMachPortRef existing;
	bool entered = false;

	pthread_mutex_lock(&ports_lock);
	existing = port_find_locked(p->port);
	if (!existing)
		entered = !map_set(&ports, p->port, p);
	p->valid = entered;
	pthread_mutex_unlock(&ports_lock);
	*ret_existed = existing != NULL;
	if (entered)
		return p;
	release_info(p);
	CFRelease(p);
	return existing;
}

CFMachPortRef CFMachPortCreateWithPort(CFAllocatorRef allocator, mach_port_t portNum,
				       CFMachPortCallBack callout, CFMachPortContext *context,
				       Boolean *shouldFreeInfo)
{
	CFMachPortRef p;
	Boolean existed = true;

	if (shouldFreeInfo)
		*shouldFreeInfo = true;
	if (!name_is_alive(portNum))
		return NULL;
	pthread_mutex_lock(&ports_lock);
	p = port_find_locked(portNum);
	pthread_mutex_unlock(&ports_lock);
	/* An old one whose rights died: the name means another port now. */
	if (!p) {
		p = port_new(allocator, portNum, callout, context, false);
		if (p)
			p = port_enter(p, &existed);
	}
	if (shouldFreeInfo)
		*shouldFreeInfo = existed;
	return p;
}

CFMachPortRef CFMachPortCreate(CFAllocatorRef allocator, CFMachPortCallBack callout,
			       CFMachPortContext *context, Boolean *shouldFreeInfo)
{
	Boolean existed = false;
	mach_port_t port;
	CFMachPortRef p;

	if (shouldFreeInfo)
		*shouldFreeInfo = true;
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port))
		return NULL;
	if (mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND)) {
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
		return NULL;
	}
	p = port_new(allocator, port, callout, context, true);
	if (p)
		p = port_enter(p, &existed);
	if (!p)
		rights_release(port);
	if (shouldFreeInfo)
		*shouldFreeInfo = !p;
	return p;
}

mach_port_t CFMachPortGetPort(CFMachPortRef port)
{
	if (!cf_is(port, CF_TYPE_MACH_PORT))
		return MACH_PORT_NULL;
	return port->port;
}

void CFMachPortGetContext(CFMachPortRef port, CFMachPortContext *context)
{
	if (cf_is(port, CF_TYPE_MACH_PORT) && context)
		*context = port->context;
}

CFMachPortInvalidationCallBack CFMachPortGetInvalidationCallBack(CFMachPortRef port)
{
	CFMachPortInvalidationCallBack callout;

	if (!cf_is(port, CF_TYPE_MACH_PORT))
		return NULL;
	pthread_mutex_lock(&ports_lock);
	callout = port->invalidated;
	pthread_mutex_unlock(&ports_lock);
	return callout;
}

void CFMachPortSetInvalidationCallBack(CFMachPortRef port, CFMachPortInvalidationCallBack callout)
{
	bool valid;

	if (!cf_is(port, CF_TYPE_MACH_PORT))
		return;
	pthread_mutex_lock(&ports_lock);
	valid = port->valid;
	if (valid)
		port->invalidated = callout;
	pthread_mutex_unlock(&ports_lock);
	if (!valid && callout)
		callout(port, port->context.info);
}

/* --- the source ------------------------------------------------------------------ */

static mach_port_t source_port(void *info)
{
	return ((CFMachPortRef)info)->port;
}

static bool begin_call(CFMachPortRef p)
{
	bool valid;

	pthread_mutex_lock(&ports_lock);
	valid = p->valid;
	p->info.n_calls += valid;
	pthread_mutex_unlock(&ports_lock);
	return valid;
}

static void end_call(CFMachPortRef p)
{
	bool is_last;

	pthread_mutex_lock(&ports_lock);
	is_last = run_info_leave(&p->info);
	pthread_mutex_unlock(&ports_lock);
	if (is_last)
		release_info(p);
}

static void *source_perform(void *message, CFIndex size, CFAllocatorRef allocator, void *info)
{
	CFMachPortRef p = info;

	(void)allocator;
	CFRetain(p);
	if (p->callout && begin_call(p)) {
		p->callout(p, message, size, p->context.info);
		end_call(p);
	}
	CFRelease(p);
	return NULL;
}

static void source_dead(void *info)
{
	CFMachPortInvalidate(info);
}

static const struct run_source_ops source_ops = { .dead = source_dead };

CFRunLoopSourceRef CFMachPortCreateRunLoopSource(CFAllocatorRef allocator, CFMachPortRef port,
						 CFIndex order)
{
	CFRunLoopSourceContext1 context = {
		.version = 1,
		.info = port,
		.retain = CFRetain,
		.release = CFRelease,
		.getPort = source_port,
		.perform = source_perform,
	};
	CFRunLoopSourceRef new, source = NULL;

	(void)allocator;
	if (!CFMachPortIsValid(port))
		return NULL;
	new = run_source_new(order, &context, &source_ops);
	pthread_mutex_lock(&ports_lock);
	if (port->valid) {
		if (!port->source) {
			port->source = new;
			new = NULL;
		}
		source = (CFRunLoopSourceRef)cf_keep(port->source);
	}
	pthread_mutex_unlock(&ports_lock);
	cf_drop(new);
	return source;
}
