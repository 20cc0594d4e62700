// SPDX-License-Identifier: MIT
/* IONotificationPort*: one receive right, four ways to be called. */
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <CoreFoundation/CFMachPort.h>
#include <IOKit/IOKitLib.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "base/futex.h"
#include "base/loop.h"
#include "client/handle.h"
#include "client/message.h"
#include "port/port.h"

/* Most messages that one run of a dispatch handler delivers, so that others on the queue get on. */
enum { PUMP_MAX = 999 };
/* Most bytes of a message, and of a message with its trailer. */
enum { MESSAGE_MAX = 8192 - MAX_TRAILER_SIZE, BUFFER_SIZE = 8192 };

/* How long a destruction waits for callbacks that run on other threads. It cannot wait for ever: one of them may
 * itself wait for whoever destroys. */
#define DESTROY_WAIT_NS 100000000ull

struct IONotificationPort {
	mach_port_t main_port; /* 0, or a reference of ours */
	mach_port_t wake_port; /* receive right */
	/* Any thread may ask for the first two, which are made once, and set the last. */
	_Atomic(CFMachPortRef) mach_port;
	_Atomic(CFRunLoopSourceRef) run_loop_source;
	_Atomic(dispatch_source_t) dispatch_source;
	/* One for the port itself and one for each dispatch source that is not cancelled through yet. The
	 * receive right goes with the last. */
	atomic_uint n_receivers;
	/* One for each of them, one for the CFMachPort and one for each run of the dispatch handler. */
	atomic_uint refs;
	_Atomic uint32_t n_runs;  /* of callbacks: of the handler, or in a run loop */
	atomic_bool is_destroyed; /* who destroys it may wait for them */
};

/* Whose callback runs in this thread, and in how many runs, each inside the other. For a comparison alone: one that is
 * left by longjmp leaves it behind. */
static _Thread_local struct IONotificationPort *running;
static _Thread_local uint32_t n_running;

static void release(struct IONotificationPort *notify)
{
	if (atomic_fetch_sub(&notify->refs, 1) == 1)
		free(notify);
}

static void retain_receiver(struct IONotificationPort *notify)
{
	atomic_fetch_add(&notify->n_receivers, 1);
	atomic_fetch_add(&notify->refs, 1);
}

static void release_receiver(struct IONotificationPort *notify)
{
	if (atomic_fetch_sub(&notify->n_receivers, 1) == 1) {
		mach_port_mod_refs(mach_task_self(), notify->wake_port, MACH_PORT_RIGHT_RECEIVE,
				   -1);
		if (notify->main_port)
			mach_port_deallocate(mach_task_self(), notify->main_port);
	}
	release(notify);
}

IONotificationPortRef IONotificationPortCreate(mach_port_t mainPort)
{
	struct IONotificationPort *notify;

	if (client_handle_check_main_port(mainPort))
		return NULL;
	notify = calloc(1, sizeof(*notify));
	if (!notify)
		return NULL;
	retain_receiver(notify);
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &notify->wake_port)) {
		free(notify);
		return NULL;
	}
	if (mainPort && !mach_port_mod_refs(mach_task_self(), mainPort, MACH_PORT_RIGHT_SEND, 1))
		notify->main_port = mainPort;
	return notify;
}

/* --- runs of callbacks ------------------------------------------------------------- */

struct run {
	struct IONotificationPort *notify, *outer;
	uint32_t n_outer;
};

/* Counted before it asks whether the port is destroyed, or its source cancelled: that comes before the count is looked
 * at. */
static void begin_run(struct run *run, struct IONotificationPort *notify)
{
	atomic_fetch_add(&notify->n_runs, 1);
	*run = (struct run){ notify, running, n_running };
	n_running = running == notify ? n_running + 1 : 1;
	running = notify;
}

static void end_run(const struct run *run)
{
	struct IONotificationPort *notify = run->notify;

	running = run->outer;
	n_running = run->n_outer;
	atomic_fetch_sub(&notify->n_runs, 1);
	if (atomic_load(&notify->is_destroyed))
		futex_wake(&notify->n_runs, INT_MAX);
}

/* So that its caller may free what callbacks use. */
static void await_runs(struct IONotificationPort *notify)
{
	uint64_t now = loop_now_ns(), end = now + DESTROY_WAIT_NS;
	uint32_t n, own = running == notify ? n_running : 0;

	for (; (n = atomic_load(&notify->n_runs)) > own && now < end; now = loop_now_ns()) {
		struct timespec left = { 0, (long)(end - now) };

		futex_wait(&notify->n_runs, n, &left);
	}
}

/* --- run loop -------------------------------------------------------------------- */

static void run_loop_callback(CFMachPortRef port, void *message, CFIndex size, void *info)
{
	struct IONotificationPort *notify = info;
	struct run run;

	/* A callback that ends its thread is waited for in vain. */
	begin_run(&run, notify);
	if (atomic_load(&notify->is_destroyed))
		mach_msg_destroy(message);
	else
		client_message_dispatch(message);
	end_run(&run);
}

static const void *retain_info(const void *info)
{
	atomic_fetch_add(&((struct IONotificationPort *)(uintptr_t)info)->refs, 1);
	return info;
}

static void release_info(const void *info)
{
	release((struct IONotificationPort *)(uintptr_t)info);
}

/* The one with our callback; retained. NULL: somebody else's would get our messages. */
static CFMachPortRef copy_mach_port(struct IONotificationPort *notify)
{
	CFMachPortContext context = { 0, notify, retain_info, release_info, NULL };
	Boolean is_known = false;
	CFMachPortRef port = CFMachPortCreateWithPort(NULL, notify->wake_port, run_loop_callback,
						      &context, &is_known);

	if (!port || !is_known)
		return port;
	/* Another thread may have made it just now. */
	CFMachPortGetContext(port, &context);
	if (context.retain == retain_info)
		return port;
	CFRelease(port);
	return NULL;
}

CFRunLoopSourceRef IONotificationPortGetRunLoopSource(IONotificationPortRef notify)
{
	CFRunLoopSourceRef source = notify ? atomic_load(&notify->run_loop_source) : NULL;
	CFRunLoopSourceRef no_source = NULL;
	CFMachPortRef port, no_port = NULL;

	if (!notify || source || atomic_load(&notify->is_destroyed))
		return source;
	port = copy_mach_port(notify);
	if (!port)
		return NULL;
	source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	/* Whoever comes second has made the same ones. */
	if (!atomic_compare_exchange_strong(&notify->mach_port, &no_port, port))
		CFRelease(port);
	if (source && !atomic_compare_exchange_strong(&notify->run_loop_source, &no_source, source))
		CFRelease(source);
	return source;
}

/* --- dispatch queue ----------------------------------------------------------------- */

struct pump {
	struct IONotificationPort *notify;
	dispatch_source_t source;
};

static bool receive(mach_port_t port, mach_msg_header_t *buffer)
{
	for (;;) {
		kern_return_t result = port_receive_next(port, 0, buffer, BUFFER_SIZE);

		if (result == KERN_SUCCESS)
			return true;
		/* A message that no notification can be was destroyed: go on with the next. */
		if (result != MACH_RCV_TOO_LARGE)
			return false;
	}
}

static void pump_all(struct pump *pump)
{
	/* A callback may destroy the port and run its own loop: nothing of PUMP is used after one without
	 * asking whether the source is cancelled; it lives until the cancel handler has run. */
	_Alignas(8) char buffer[BUFFER_SIZE];
	mach_msg_header_t *message = (mach_msg_header_t *)buffer;

	for (int n = 0; n < PUMP_MAX; n++) {
		if (dispatch_source_testcancel(pump->source) ||
		    !receive(pump->notify->wake_port, message))
			return;
		if (message->msgh_size > MESSAGE_MAX)
			mach_msg_destroy(message);
		else if (message->msgh_id == kOSNotificationMessageID)
			client_message_dispatch(message);
		else
			mach_msg_destroy(message);
	}
}

static void end_pump_run(void *context)
{
	const struct run *run = context;
	struct IONotificationPort *notify = run->notify;

	end_run(run);
	release(notify);
}

static void pump_run(void *context)
{
	struct pump *pump = context;
	struct run run;

	atomic_fetch_add(&pump->notify->refs, 1);
	begin_run(&run, pump->notify);
	/* A callback may end its thread. */
	pthread_cleanup_push(end_pump_run, &run);
	pump_all(pump);
	pthread_cleanup_pop(true);
}

static void pump_cancelled(void *context)
{
	struct pump *pump = context;

	release_receiver(pump->notify);
	dispatch_release(pump->source);
	free(pump);
}

/* Takes NEW, which may be NULL; the last one ends. */
static void replace_source(struct IONotificationPort *notify, dispatch_source_t new)
{
	dispatch_source_t old = atomic_exchange(&notify->dispatch_source, new);

	if (!old)
		return;
	dispatch_source_cancel(old);
	dispatch_release(old);
}

void IONotificationPortSetDispatchQueue(IONotificationPortRef notify, dispatch_queue_t queue)
{
	struct pump *pump;
	dispatch_source_t source;

	if (!notify)
		return;
	replace_source(notify, NULL);
	if (!queue)
		return;
	pump = malloc(sizeof(*pump));
	source = pump ? dispatch_source_create(DISPATCH_SOURCE_TYPE_MACH_RECV, notify->wake_port, 0,
					       queue)
		      : NULL;
	if (!source) {
		free(pump);
		return;
	}
	/* Ours, too: once it is resumed a callback may destroy the port. */
	atomic_fetch_add(&notify->refs, 1);
	retain_receiver(notify);
	pump->notify = notify;
	pump->source = source;
	dispatch_retain(source);
	dispatch_set_context(source, pump);
	dispatch_source_set_event_handler_f(source, pump_run);
	dispatch_source_set_cancel_handler_f(source, pump_cancelled);
	/* Another thread may replace it at once, or destroy the port, which does not see it. */
	dispatch_retain(source);
	replace_source(notify, source);
	dispatch_resume(source);
	dispatch_release(source);
	if (atomic_load(&notify->is_destroyed))
		replace_source(notify, NULL);
	release(notify);
}

/* --- the rest -------------------------------------------------------------------------- */

void IONotificationPortDestroy(IONotificationPortRef notify)
{
	CFRunLoopSourceRef source;
	CFMachPortRef port;

	if (!notify)
		return;
	atomic_store(&notify->is_destroyed, true);
	port = atomic_exchange(&notify->mach_port, NULL);
	source = atomic_exchange(&notify->run_loop_source, NULL);
	if (port) {
		CFMachPortInvalidate(port);
		CFRelease(port);
	}
	if (source)
		CFRelease(source);
	replace_source(notify, NULL);
	await_runs(notify);
	release_receiver(notify);
}

mach_port_t IONotificationPortGetMachPort(IONotificationPortRef notify)
{
	return notify ? notify->wake_port : MACH_PORT_NULL;
}

kern_return_t IONotificationPortSetImportanceReceiver(IONotificationPortRef notify)
{
	return notify ? KERN_SUCCESS : kIOReturnBadArgument;
}

void IODispatchCalloutFromMessage(void *unused, mach_msg_header_t *msg, void *reference)
{
	client_message_dispatch(msg);
}

kern_return_t OSGetNotificationFromMessage(mach_msg_header_t *msg, uint32_t index, uint32_t *type,
					   uintptr_t *reference, void **content, vm_size_t *size)
{
	OSNotificationHeader64 *notification;

	if (!msg)
		return kIOReturnBadArgument;
	if (msg->msgh_id != kOSNotificationMessageID)
		return kIOReturnBadMessageID;
	if (msg->msgh_size < sizeof(*msg) + sizeof(*notification) || index != 0)
		return kIOReturnNoResources;
	notification = (OSNotificationHeader64 *)(msg + 1);
	if (type)
		*type = notification->type & kIOKitNoticationTypeMask;
	if (reference)
		*reference = (uintptr_t)notification->reference[0];
	if (size)
		*size = notification->size;
	if (content)
		*content = notification->size ? (void *)notification->content : NULL;
	return KERN_SUCCESS;
}

kern_return_t IOCreateReceivePort(uint32_t msgType, mach_port_t *recvPort)
{
	if (!recvPort ||
	    (msgType != kOSNotificationMessageID && msgType != kOSAsyncCompleteMessageID))
		return kIOReturnBadArgument;
	return mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, recvPort);
}
