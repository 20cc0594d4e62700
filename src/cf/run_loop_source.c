// SPDX-License-Identifier: MIT
#include "cf/run_loop_internal.h"

#include <mach/mach.h>
#include <poll.h>
#include <stdlib.h>

#include "port/port.h"

static void source_fini(void *object)
{
	CFRunLoopSourceRef s = object;

	/* It is in no mode any more: a mode would hold a reference. */
	if (s->context.v0.release)
		s->context.v0.release(s->context.v0.info);
}

static bool source_equal(const void *a, const void *b)
{
	const struct __CFRunLoopSource *x = a, *y = b;

	return x->context.v0.version == y->context.v0.version && x->context.v0.equal &&
	       x->context.v0.equal == y->context.v0.equal &&
	       x->context.v0.equal(x->context.v0.info, y->context.v0.info);
}

static CFHashCode source_hash(const void *object)
{
	const struct __CFRunLoopSource *s = object;

	return s->context.v0.hash ? s->context.v0.hash(s->context.v0.info)
				  : (CFHashCode)(uintptr_t)s->context.v0.info;
}

const struct cf_class cf_run_loop_source_class = {
	.name = "CFRunLoopSource",
	.fini = source_fini,
	.equal = source_equal,
	.hash = source_hash,
};

CFTypeID CFRunLoopSourceGetTypeID(void)
{
	return CF_TYPE_RUN_LOOP_SOURCE;
}

CFRunLoopSourceRef CFRunLoopSourceCreate(CFAllocatorRef allocator, CFIndex order,
					 CFRunLoopSourceContext *context)
{
	CFRunLoopSourceRef s;

	if (!context || (context->version != 0 && context->version != 1))
		return NULL;
	s = cf_object_new_in(allocator, CF_TYPE_RUN_LOOP_SOURCE, sizeof *s);
	if (!s)
		return NULL;
	s->item.kind = RUN_SOURCE;
	s->item.order = order;
	s->item.valid = true;
	if (context->version == 0)
		s->context.v0 = *context;
	else
		s->context.v1 = *(const CFRunLoopSourceContext1 *)context;
	if (context->retain)
		s->context.v0.info = (void *)context->retain(context->info);
	return s;
}

CFRunLoopSourceRef run_source_new(CFIndex order, const CFRunLoopSourceContext1 *context,
				  const struct run_source_ops *ops)
{
	CFRunLoopSourceRef s = CFRunLoopSourceCreate(kCFAllocatorSystemDefault, order,
						     (CFRunLoopSourceContext *)context);

	if (s)
		s->ops = ops;
	return s;
}

CFIndex CFRunLoopSourceGetOrder(CFRunLoopSourceRef source)
{
	if (!cf_is(source, CF_TYPE_RUN_LOOP_SOURCE))
		return 0;
	return source->item.order;
}

void CFRunLoopSourceInvalidate(CFRunLoopSourceRef source)
{
	if (!cf_is(source, CF_TYPE_RUN_LOOP_SOURCE))
		return;
	run_item_invalidate(&source->item);
}

Boolean CFRunLoopSourceIsValid(CFRunLoopSourceRef source)
{
	Boolean valid;

	if (!cf_is(source, CF_TYPE_RUN_LOOP_SOURCE))
		return FALSE;
	run_lock();
	valid = source->item.valid;
	run_unlock();
	return valid;
}

void CFRunLoopSourceGetContext(CFRunLoopSourceRef source, CFRunLoopSourceContext *context)
{
	if (!cf_is(source, CF_TYPE_RUN_LOOP_SOURCE) || !context)
		return;
	if (context->version != source->context.v0.version)
		cf_abort("CFRunLoopSourceGetContext: the context's version is not the source's");
	if (context->version == 0)
		*context = source->context.v0;
	else
		*(CFRunLoopSourceContext1 *)context = source->context.v1;
}

void CFRunLoopSourceSignal(CFRunLoopSourceRef source)
{
	if (!cf_is(source, CF_TYPE_RUN_LOOP_SOURCE))
		return;
	run_lock();
	if (source->item.valid)
		source->signalled = true;
	run_unlock();
}

Boolean CFRunLoopContainsSource(CFRunLoopRef rl, CFRunLoopSourceRef source, CFRunLoopMode mode)
{
	return run_item_is_in(rl, (struct run_item *)source, CF_TYPE_RUN_LOOP_SOURCE, mode);
}

void CFRunLoopAddSource(CFRunLoopRef rl, CFRunLoopSourceRef source, CFRunLoopMode mode)
{
	run_item_add(rl, (struct run_item *)source, CF_TYPE_RUN_LOOP_SOURCE, mode);
}

void CFRunLoopRemoveSource(CFRunLoopRef rl, CFRunLoopSourceRef source, CFRunLoopMode mode)
{
	run_item_remove(rl, (struct run_item *)source, CF_TYPE_RUN_LOOP_SOURCE, mode);
}

/* --- performing ------------ */

static bool source_begin_locked(CFRunLoopRef rl, CFRunLoopSourceRef s)
{
	if (s->context.v0.version != 0 || !s->signalled || !s->item.valid || s->performing == rl)
		return false;
	s->signalled = false;
	s->performing = rl;
	return true;
}

bool run_sources_perform(CFRunLoopRef rl, CFStringRef mode, bool only_one)
{
	struct run_set set;
	bool any = false;

	run_lock();
	set = run_snapshot_locked(rl, mode, RUN_SOURCE);
	for (size_t i = 0; i < set.count && !(any && only_one); i++) {
		CFRunLoopSourceRef s = (CFRunLoopSourceRef)set.items[i];

		if (!source_begin_locked(rl, s))
			continue;
		any = true;
		run_unlock();
		if (s->context.v0.perform)
			s->context.v0.perform(s->context.v0.info);
		run_lock();
		if (s->performing == rl)
			s->performing = NULL;
	}
	run_unlock();
	run_snapshot_free(&set);
	return any;
}

int run_source_descriptor(CFRunLoopSourceRef s, short *ret_events, struct port **ret_port)
{
	err_t err = -EINVAL;
	mach_port_t port;
	int fd;

	*ret_events = POLLIN;
	*ret_port = NULL;
	if (s->context.v0.version != 1 || !CFRunLoopSourceIsValid(s))
		return -1;
	if (s->ops && s->ops->poll)
		return s->ops->poll(s->context.v1.info, ret_events);
	port = s->context.v1.getPort ? s->context.v1.getPort(s->context.v1.info) : MACH_PORT_NULL;
	/* The reference keeps the descriptor while it is polled, so that its death is seen. */
	if (MACH_PORT_VALID(port) && port_from_receive_right(port, ret_port))
		*ret_port = NULL; /* a port set */
	if (MACH_PORT_VALID(port))
		err = port_descriptor(port, &fd);
	if (!err)
		return fd;
	*ret_port = port_unref(*ret_port);
	if (err != -EINVAL)
		return RUN_BLIND;
	if (s->ops && s->ops->dead)
		s->ops->dead(s->context.v1.info);
	return -1;
}

enum { USUAL_MESSAGE = 2048 };

/* The next message of PORT into ROOM, or else into memory to be freed by the caller; NULL when there is
 * none. */
static mach_msg_header_t *source_take_message(mach_port_t port, mach_msg_header_t *room,
					      bool comes_again)
{
	mach_msg_header_t *message = room, *larger;
	mach_msg_size_t size = USUAL_MESSAGE;
	mach_msg_return_t result;

	if (comes_again)
		result = port_receive_next(port, MACH_RCV_LARGE, message, size);
	else
		result = mach_msg(message, MACH_RCV_MSG | MACH_RCV_LARGE | MACH_RCV_TIMEOUT, 0,
				  size, port, 0, MACH_PORT_NULL);
	while (result == MACH_RCV_TOO_LARGE) {
		size = message->msgh_size + MAX_TRAILER_SIZE;
		larger = realloc(message == room ? NULL : message, size);
		if (!larger)
			break; /* it stays queued */
		message = larger;
		result = mach_msg(message, MACH_RCV_MSG | MACH_RCV_LARGE | MACH_RCV_TIMEOUT, 0,
				  size, port, 0, MACH_PORT_NULL);
	}
	if (result == MACH_MSG_SUCCESS)
		return message;
	if (message != room)
		free(message);
	return NULL;
}

static void source_send_reply(mach_msg_header_t *reply)
{
	if (mach_msg(reply, MACH_SEND_MSG, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL))
		mach_msg_destroy(reply);
	CFAllocatorDeallocate(kCFAllocatorSystemDefault, reply);
}

bool run_source_receive(CFRunLoopSourceRef s, short events, bool comes_again)
{
	_Alignas(8) char room[USUAL_MESSAGE];
	mach_msg_header_t *message;
	void *reply = NULL;

	if (!CFRunLoopSourceIsValid(s))
		return false;
	if (s->ops && s->ops->ready) {
		s->ops->ready(s->context.v1.info, events);
		return true;
	}
	message = source_take_message(s->context.v1.getPort(s->context.v1.info),
				      (mach_msg_header_t *)room, comes_again);
	if (!message)
		return false;
	if (s->context.v1.perform)
		reply = s->context.v1.perform(message, message->msgh_size,
					      kCFAllocatorSystemDefault, s->context.v1.info);
	if (reply)
		source_send_reply(reply);
	if ((char *)message != room)
		free(message);
	return true;
}

bool run_sources_signalled_locked(const struct run_mode *mode)
{
	for (size_t i = 0; i < mode->sets[RUN_SOURCE].count; i++) {
		const struct __CFRunLoopSource *s =
			(CFRunLoopSourceRef)mode->sets[RUN_SOURCE].items[i];

		if (s->context.v0.version == 0 && s->signalled)
			return true;
	}
	return false;
}
