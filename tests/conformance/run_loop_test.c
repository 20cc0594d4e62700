// SPDX-License-Identifier: MIT
/* R: run loops, ports in them, and the dispatch slice. foundation_test.c has the values. */
#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>
#include <portico/session.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "test.h"
#include "world.h"

static char trace[1024];

static void note(const char *what)
{
	strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
}

/* The main thread's loop is never empty in a common mode, so most of this runs on another. */
static void on_thread(void *(*body)(void *))
{
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, body, NULL), 0);
	pthread_join(thread, NULL);
}

static void perform(void *info)
{
	note(info);
}

static CFRunLoopSourceRef source_new(const char *name, CFIndex order)
{
	CFRunLoopSourceContext context = { .info = (void *)name, .perform = perform };

	return CFRunLoopSourceCreate(NULL, order, &context);
}

/* --- results of a run ---------------------------------------------------------------- */

static void *empty_mode(void *unused)
{
	CFAbsoluteTime start = CFAbsoluteTimeGetCurrent();

	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 1, false), kCFRunLoopRunFinished);
	test_true(CFAbsoluteTimeGetCurrent() - start < 0.9);
	return unused;
}

TEST(R07)
{
	on_thread(empty_mode);
}

static void *observed_mode(void *unused)
{
	CFRunLoopObserverRef observer =
		CFRunLoopObserverCreate(NULL, kCFRunLoopAllActivities, TRUE, 0, NULL, NULL);

	CFRunLoopAddObserver(CFRunLoopGetCurrent(), observer, CFSTR("custom"));
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, false), kCFRunLoopRunFinished);
	test_equal(CFRunLoopRunInMode(kCFRunLoopCommonModes, 60, false), kCFRunLoopRunFinished);
	CFRunLoopObserverInvalidate(observer);
	CFRelease(observer);
	return unused;
}

TEST(R07_observers_do_not_keep_a_mode_alive)
{
	on_thread(observed_mode);
}

static void *quiet_source(void *unused)
{
	CFRunLoopSourceRef source = source_new("", 0);
	CFAbsoluteTime start;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("custom"));
	start = CFAbsoluteTimeGetCurrent();
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0.1, false), kCFRunLoopRunTimedOut);
	test_true(CFAbsoluteTimeGetCurrent() - start >= 0.0999);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0, false), kCFRunLoopRunTimedOut);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), -1, false), kCFRunLoopRunTimedOut);
	CFRunLoopSourceInvalidate(source);
	CFRelease(source);
	return unused;
}

TEST(R08)
{
	on_thread(quiet_source);
}

static void *handled_source(void *unused)
{
	CFRunLoopSourceRef source = source_new("s", 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("custom"));
	CFRunLoopSourceSignal(source);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, true), kCFRunLoopRunHandledSource);
	test_equal_text(trace, "s");
	/* Not signalled again: nothing is handled. */
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0.01, true), kCFRunLoopRunTimedOut);
	test_equal_text(trace, "s");
	CFRunLoopSourceInvalidate(source);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, true), kCFRunLoopRunFinished);
	CFRelease(source);
	return unused;
}

TEST(R08_a_handled_source_ends_the_run_when_asked)
{
	on_thread(handled_source);
}

static dispatch_semaphore_t entered;
static CFRunLoopRef loop;

static void on_entry(CFRunLoopObserverRef observer, CFRunLoopActivity activity, void *info)
{
	(void)observer;
	(void)activity;
	(void)info;
	dispatch_semaphore_signal(entered);
}

static void *stopped_loop(void *unused)
{
	CFRunLoopSourceRef source = source_new("", 0);
	CFRunLoopObserverRef observer =
		CFRunLoopObserverCreate(NULL, kCFRunLoopEntry, TRUE, 0, on_entry, NULL);

	loop = CFRunLoopGetCurrent();
	CFRunLoopAddSource(loop, source, CFSTR("custom"));
	/* With no run in progress it does not count for a later one. */
	CFRunLoopStop(loop);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0.01, false), kCFRunLoopRunTimedOut);
	CFRunLoopAddObserver(loop, observer, CFSTR("custom"));
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, false), kCFRunLoopRunStopped);
	CFRunLoopObserverInvalidate(observer);
	CFRunLoopSourceInvalidate(source);
	CFRelease(observer);
	CFRelease(source);
	return unused;
}

TEST(R09)
{
	pthread_t thread;

	entered = dispatch_semaphore_create(0);
	test_equal(pthread_create(&thread, NULL, stopped_loop, NULL), 0);
	dispatch_semaphore_wait(entered, DISPATCH_TIME_FOREVER);
	CFRunLoopStop(loop);
	pthread_join(thread, NULL);
	dispatch_release(entered);
}

/* --- what a pass does ------------------------------------------------------------------ */

static void nested(void *info)
{
	CFRunLoopSourceSignal(*(CFRunLoopSourceRef *)info);
	note("(");
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0, false), kCFRunLoopRunTimedOut);
	note(")");
}

static void *nested_run(void *unused)
{
	CFRunLoopSourceRef outer, inner = source_new("i", 1);
	CFRunLoopSourceContext context = { .info = &outer, .perform = nested };

	outer = CFRunLoopSourceCreate(NULL, 0, &context);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), outer, CFSTR("custom"));
	CFRunLoopAddSource(CFRunLoopGetCurrent(), inner, CFSTR("custom"));
	CFRunLoopSourceSignal(outer);
	CFRunLoopSourceSignal(inner);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0, false), kCFRunLoopRunTimedOut);
	test_equal_text(trace, "(i)");
	CFRunLoopSourceInvalidate(outer);
	CFRunLoopSourceInvalidate(inner);
	CFRelease(outer);
	CFRelease(inner);
	return unused;
}

TEST(R10_nested_runs_do_not_reenter_a_source)
{
	on_thread(nested_run);
}

static void on_activity(CFRunLoopObserverRef observer, CFRunLoopActivity activity, void *info)
{
	(void)observer;
	(void)info;
	note(activity == kCFRunLoopEntry	   ? "e"
	     : activity == kCFRunLoopBeforeTimers  ? "t"
	     : activity == kCFRunLoopBeforeSources ? "s"
	     : activity == kCFRunLoopBeforeWaiting ? "w"
	     : activity == kCFRunLoopAfterWaiting  ? "a"
						   : "x");
}

static void *ordered_pass(void *unused)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	CFRunLoopSourceRef second = source_new("2", 2), first = source_new("1", 1);
	CFRunLoopObserverRef observer =
		CFRunLoopObserverCreate(NULL, kCFRunLoopAllActivities, TRUE, 0, on_activity, NULL);

	CFRunLoopAddSource(rl, second, CFSTR("custom"));
	CFRunLoopAddSource(rl, first, CFSTR("custom"));
	CFRunLoopAddObserver(rl, observer, CFSTR("custom"));
	CFRunLoopSourceSignal(second);
	CFRunLoopSourceSignal(first);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 0.01, false), kCFRunLoopRunTimedOut);
	/* One pass for the sources, one that sleeps. */
	test_equal_text(trace, "ets12tswax");
	CFRunLoopObserverInvalidate(observer);
	CFRunLoopSourceInvalidate(first);
	CFRunLoopSourceInvalidate(second);
	CFRelease(observer);
	CFRelease(first);
	CFRelease(second);
	return unused;
}

TEST(R10_observers_and_sources_in_order)
{
	on_thread(ordered_pass);
}

static void tick(CFRunLoopTimerRef timer, void *info)
{
	(void)timer;
	if (++*(int *)info == 3)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static void *timers(void *unused)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	int once = 0, often = 0;
	CFRunLoopTimerContext context = { .info = &once };
	CFAbsoluteTime now = CFAbsoluteTimeGetCurrent();
	CFRunLoopTimerRef single = CFRunLoopTimerCreate(NULL, now, 0, 0, 0, tick, &context);
	CFRunLoopTimerRef repeating;

	context.info = &often;
	repeating = CFRunLoopTimerCreate(NULL, now + 0.005, 0.005, 0, 0, tick, &context);
	CFRunLoopAddTimer(rl, single, kCFRunLoopDefaultMode);
	CFRunLoopAddTimer(rl, repeating, kCFRunLoopDefaultMode);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunStopped);
	test_equal(once, 1);
	test_equal(often, 3);
	test_true(!CFRunLoopTimerIsValid(single));
	test_true(CFRunLoopTimerIsValid(repeating));
	test_true(CFAbsoluteTimeGetCurrent() - now >= 0.0149);
	CFRunLoopTimerInvalidate(repeating);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunFinished);
	CFRelease(single);
	CFRelease(repeating);
	return unused;
}

TEST(R10_timers_once_and_repeating)
{
	on_thread(timers);
}

/* --- ports in a loop ----------------------------------------------------------------------- */

static int n_messages;

static void on_message(CFMachPortRef port, void *message, CFIndex size, void *info)
{
	(void)port;
	(void)info;
	test_true(size >= (CFIndex)sizeof(mach_msg_header_t));
	test_equal(((mach_msg_header_t *)message)->msgh_id, 7);
	n_messages++;
}

static void send_to(mach_port_t port)
{
	mach_msg_header_t m = {
		MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), sizeof(m), port, 0, 0, 7
	};

	test_equal_error(mach_msg(&m, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0), 0);
}

static void *invalidated_port(void *unused)
{
	CFMachPortContext context = { 0 };
	CFMachPortRef port = CFMachPortCreate(NULL, on_message, &context, NULL);
	CFRunLoopSourceRef source = CFMachPortCreateRunLoopSource(NULL, port, 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("custom"));
	send_to(CFMachPortGetPort(port));
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, true), kCFRunLoopRunHandledSource);
	test_equal(n_messages, 1);
	send_to(CFMachPortGetPort(port));
	CFMachPortInvalidate(port);
	test_true(!CFMachPortIsValid(port));
	test_true(!CFRunLoopSourceIsValid(source));
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 60, true), kCFRunLoopRunFinished);
	test_equal(n_messages, 1);
	CFRelease(source);
	CFRelease(port);
	return unused;
}

TEST(R12)
{
	on_thread(invalidated_port);
}

TEST(R11_one_port_object_for_each_name)
{
	Boolean should_free = FALSE;
	CFMachPortContext other = { .info = &n_messages }, context = { 0 };
	CFMachPortRef port = CFMachPortCreate(NULL, on_message, &context, &should_free), again;

	test_true(!should_free);
	again = CFMachPortCreateWithPort(NULL, CFMachPortGetPort(port), NULL, &other, &should_free);
	test_true(again == port && should_free);
	CFMachPortGetContext(again, &context);
	test_true(context.info == NULL); /* the old one */
	test_true(CFMachPortCreateWithPort(NULL, 0x7fffff00, on_message, NULL, NULL) == NULL);
	CFRelease(again);
	CFMachPortInvalidate(port);
	CFRelease(port);
}

static int n_invalidated;

static void on_invalid(CFMachPortRef port, void *info)
{
	(void)port;
	test_true(info == &n_invalidated);
	n_invalidated++;
}

TEST(R11_a_dead_right_invalidates_its_port)
{
	CFMachPortContext context = { .info = &n_invalidated };
	mach_port_t name = MACH_PORT_NULL;
	CFMachPortRef port;
	CFRunLoopSourceRef source;

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name), 0);
	port = CFMachPortCreateWithPort(NULL, name, on_message, &context, NULL);
	source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFMachPortSetInvalidationCallBack(port, on_invalid);
	test_true(CFMachPortIsValid(port));
	test_equal(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	test_true(!CFMachPortIsValid(port));
	test_true(!CFRunLoopSourceIsValid(source));
	test_equal(n_invalidated, 1);
	CFRelease(source);
	CFRelease(port);
}

/* --- dispatch -------------------------------------------------------------------------------- */

static dispatch_semaphore_t in_event, leave_event, cancelled;
static atomic_int n_events, n_cancels;
static int queue_key;

static void event_handler(void *context)
{
	(void)context;
	dispatch_semaphore_signal(in_event);
	dispatch_semaphore_wait(leave_event, DISPATCH_TIME_FOREVER);
	atomic_fetch_add(&n_events, 1);
}

static void cancel_handler(void *context)
{
	test_true(dispatch_get_specific(&queue_key) == context);
	test_equal(atomic_load(&n_events), 1);
	atomic_fetch_add(&n_cancels, 1);
	dispatch_semaphore_signal(cancelled);
}

static void nothing(void *context)
{
	(void)context;
}

TEST(R15)
{
	dispatch_queue_t queue = dispatch_queue_create("R15", NULL);
	dispatch_source_t source =
		dispatch_source_create(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, queue);

	in_event = dispatch_semaphore_create(0);
	leave_event = dispatch_semaphore_create(0);
	cancelled = dispatch_semaphore_create(0);
	dispatch_queue_set_specific(queue, &queue_key, source, NULL);
	dispatch_set_context(source, source);
	dispatch_source_set_event_handler_f(source, event_handler);
	dispatch_source_set_cancel_handler_f(source, cancel_handler);
	dispatch_resume(source);
	dispatch_source_merge_data(source, 1);
	dispatch_semaphore_wait(in_event, DISPATCH_TIME_FOREVER);
	dispatch_source_cancel(source);
	dispatch_source_cancel(source);
	dispatch_source_merge_data(source, 1);
	test_equal(atomic_load(&n_cancels), 0);
	dispatch_semaphore_signal(leave_event);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	dispatch_sync_f(queue, NULL, nothing); /* what else was queued has run */
	test_equal(atomic_load(&n_events), 1);
	test_equal(atomic_load(&n_cancels), 1);
	dispatch_release(source);
	dispatch_release(queue);
	dispatch_release(in_event);
	dispatch_release(leave_event);
	dispatch_release(cancelled);
}

static void count_event(void *context)
{
	(void)context;
	atomic_fetch_add(&n_events, 1);
	dispatch_semaphore_signal(in_event);
}

TEST(R16)
{
	dispatch_queue_t queue = dispatch_queue_create("R16", NULL);
	dispatch_source_t source =
		dispatch_source_create(DISPATCH_SOURCE_TYPE_DATA_ADD, 0, 0, queue);

	in_event = dispatch_semaphore_create(0);
	dispatch_source_set_event_handler_f(source, count_event);
	dispatch_source_merge_data(source, 1);
	dispatch_sync_f(queue, NULL, nothing);
	test_equal(atomic_load(&n_events), 0);
	dispatch_resume(source);
	dispatch_semaphore_wait(in_event, DISPATCH_TIME_FOREVER);
	test_equal(atomic_load(&n_events), 1);
	dispatch_source_cancel(source);
	dispatch_release(source);
	dispatch_release(queue);
	dispatch_release(in_event);
}

/* --- IOKit on the main queue, the main thread in its run loop --------------------------------- */

static int n_terminated;

static void on_terminated(void *refcon, io_iterator_t iterator)
{
	io_service_t service;

	test_equal(getpid(), gettid());
	test_true(refcon == &n_terminated);
	while ((service = IOIteratorNext(iterator))) {
		IOObjectRelease(service);
		n_terminated++;
	}
	CFRunLoopStop(CFRunLoopGetMain());
}

static void stop_main(void *context)
{
	(void)context;
	CFRunLoopStop(CFRunLoopGetMain());
}

TEST(R17)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	CFStringRef text = NULL;
	io_iterator_t iterator = 0;

	test_true(CFRunLoopGetCurrent() == CFRunLoopGetMain());
	IONotificationPortSetDispatchQueue(port, dispatch_get_main_queue());
	test_equal(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
						    IOServiceMatching("MirrorDriver"),
						    on_terminated, &n_terminated, &iterator),
		   0);
	test_equal(IOIteratorNext(iterator), 0);
	test_equal(portico_session_unload(NULL, "org.portico.driver.Mirror", &text), 0);
	if (text)
		CFRelease(text);
	test_equal(n_terminated, 0); /* nothing runs before the loop does */
	CFRunLoopRun();
	test_true(n_terminated > 0);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	/* What it left on the queue runs there. */
	dispatch_async_f(dispatch_get_main_queue(), NULL, stop_main);
	CFRunLoopRun();
	world_stop();
}

TEST_MAIN
