// SPDX-License-Identifier: MIT
/*
 * Run-loop sources that tell of power sources. A notification port on a queue of
 * its own hears of services that come, go or send messages; it signals the
 * source, which calls the program on the program's run loop. The source owns the
 * watch.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/ps/IOPowerSources.h>
#include <dispatch/dispatch.h>

enum { LOOPS_MAX = 16 };

struct watch {
	IOPowerSourceCallbackType callback;
	void *context;
	bool is_limited;
	CFStringRef providing; /* at the last call; on the run loop only */
	dispatch_queue_t queue;
	IONotificationPortRef port;
	io_iterator_t iterators[2];
	CFMutableArrayRef notifiers;   /* numbers; on the queue only */
	pthread_mutex_t lock;	       /* guards what follows */
	CFRunLoopSourceRef source;     /* borrowed; NULL: ended */
	CFRunLoopRef loops[LOOPS_MAX]; /* where it is scheduled; retained */
};

static void watch_free(struct watch *w)
{
	for (int i = 0; i < LOOPS_MAX; i++)
		if (w->loops[i])
			CFRelease(w->loops[i]);
	if (w->notifiers)
		CFRelease(w->notifiers);
	if (w->queue)
		dispatch_release(w->queue);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* --- on the queue ---------------------------------------------------------------------- */

static void tell(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->source) {
		CFRunLoopSourceSignal(w->source);
		for (int i = 0; i < LOOPS_MAX; i++)
			if (w->loops[i])
				CFRunLoopWakeUp(w->loops[i]);
	}
	pthread_mutex_unlock(&w->lock);
}

static void service_said(void *context, io_service_t service, uint32_t type, void *argument)
{
	tell(context);
}

/* From now on the service's messages count as well. */
static void listen_to(struct watch *w, io_service_t service)
{
	io_object_t notifier = IO_OBJECT_NULL;
	CFNumberRef number;

	if (IOServiceAddInterestNotification(w->port, service, kIOGeneralInterest, service_said, w,
					     &notifier) != kIOReturnSuccess)
		return;
	number = CFNumberCreate(NULL, kCFNumberSInt32Type, &notifier);
	if (number) {
		CFArrayAppendValue(w->notifiers, number);
		CFRelease(number);
	} else {
		IOObjectRelease(notifier);
	}
}

static bool drain(struct watch *w, io_iterator_t iterator, bool are_new)
{
	io_service_t service;
	bool any = false;

	while ((service = IOIteratorNext(iterator))) {
		if (are_new)
			listen_to(w, service);
		IOObjectRelease(service);
		any = true;
	}
	return any;
}

static void sources_came(void *context, io_iterator_t iterator)
{
	if (drain(context, iterator, true))
		tell(context);
}

static void sources_went(void *context, io_iterator_t iterator)
{
	if (drain(context, iterator, false))
		tell(context);
}

static void arm(void *context)
{
	struct watch *w = context;

	if (IOServiceAddMatchingNotification(w->port, kIOFirstMatchNotification,
					     IOServiceMatching("IOPMPowerSource"), sources_came, w,
					     &w->iterators[0]) == kIOReturnSuccess)
		drain(w, w->iterators[0], true);
	if (IOServiceAddMatchingNotification(w->port, kIOTerminatedNotification,
					     IOServiceMatching("IOPMPowerSource"), sources_went, w,
					     &w->iterators[1]) == kIOReturnSuccess)
		drain(w, w->iterators[1], false);
}

static void end(void *context)
{
	struct watch *w = context;
	CFIndex n = CFArrayGetCount(w->notifiers);

	for (CFIndex i = 0; i < n; i++) {
		io_object_t notifier = IO_OBJECT_NULL;

		CFNumberGetValue(CFArrayGetValueAtIndex(w->notifiers, i), kCFNumberSInt32Type,
				 &notifier);
		IOObjectRelease(notifier);
	}
	IOObjectRelease(w->iterators[0]);
	IOObjectRelease(w->iterators[1]);
	IONotificationPortDestroy(w->port);
}

/* --- on the program's run loop -------------------------------------------------------------- */

static void perform(void *info)
{
	struct watch *w = info;

	if (w->is_limited) {
		CFStringRef now = IOPSGetProvidingPowerSourceType(NULL);

		if (CFEqual(now, w->providing))
			return;
		w->providing = now;
	}
	w->callback(w->context);
}

static void set_loop(struct watch *w, CFRunLoopRef from, CFRunLoopRef to)
{
	int i = 0;

	pthread_mutex_lock(&w->lock);
	while (i < LOOPS_MAX && w->loops[i] != from)
		i++;
	if (i < LOOPS_MAX)
		w->loops[i] = to;
	pthread_mutex_unlock(&w->lock);
	if (i < LOOPS_MAX && to)
		CFRetain(to);
	if (i < LOOPS_MAX && from)
		CFRelease(from);
}

static void schedule(void *info, CFRunLoopRef rl, CFStringRef mode)
{
	set_loop(info, NULL, rl);
}

static void cancel(void *info, CFRunLoopRef rl, CFStringRef mode)
{
	set_loop(info, rl, NULL);
}

/* The source's end. */
static void release(const void *info)
{
	struct watch *w = (struct watch *)info;

	pthread_mutex_lock(&w->lock);
	w->source = NULL;
	pthread_mutex_unlock(&w->lock);
	dispatch_sync_f(w->queue, w, end);
	watch_free(w);
}

static struct watch *watch_new(IOPowerSourceCallbackType callback, void *context, bool is_limited)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->callback = callback;
	w->context = context;
	w->is_limited = is_limited;
	w->providing = is_limited ? IOPSGetProvidingPowerSourceType(NULL) : NULL;
	pthread_mutex_init(&w->lock, NULL);
	w->queue = dispatch_queue_create("power sources", NULL);
	w->notifiers = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	w->port = w->queue && w->notifiers ? IONotificationPortCreate(kIOMainPortDefault) : NULL;
	if (w->port)
		return w;
	watch_free(w);
	return NULL;
}

static CFRunLoopSourceRef create(IOPowerSourceCallbackType callback, void *context, bool is_limited)
{
	struct watch *w = callback ? watch_new(callback, context, is_limited) : NULL;
	CFRunLoopSourceContext source_context = { .info = w,
						  .release = release,
						  .schedule = schedule,
						  .cancel = cancel,
						  .perform = perform };
	CFRunLoopSourceRef source = w ? CFRunLoopSourceCreate(NULL, 0, &source_context) : NULL;

	if (!source) {
		if (w) {
			IONotificationPortDestroy(w->port);
			watch_free(w);
		}
		return NULL;
	}
	w->source = source;
	IONotificationPortSetDispatchQueue(w->port, w->queue);
	/* What is there at this moment is known when this returns. */
	dispatch_sync_f(w->queue, w, arm);
	return source;
}

CFRunLoopSourceRef IOPSNotificationCreateRunLoopSource(IOPowerSourceCallbackType callback,
						       void *context)
{
	return create(callback, context, false);
}

CFRunLoopSourceRef IOPSCreateLimitedPowerNotification(IOPowerSourceCallbackType callback,
						      void *context)
{
	return create(callback, context, true);
}
