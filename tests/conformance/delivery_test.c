// SPDX-License-Identifier: MIT
/* G: the ways in which a notification port delivers. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOMessage.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

static IONotificationPortRef port;
static dispatch_semaphore_t done;
static _Atomic int calls, inside, overlaps, wanted;

static void noop(void *context)
{
	(void)context;
}

static void end(io_connect_t stage)
{
	stage_end(stage);
}

/* --- messages made here, as the system sends them -------------------------------------------- */

struct completion {
	mach_msg_header_t header;
	OSNotificationHeader64 notification;
	IOReturn result;
	char pad[4];
};

static mach_port_t send_right(IONotificationPortRef p)
{
	mach_port_t name = IONotificationPortGetMachPort(p);

	test_true(name != 0);
	test_equal(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	return name;
}

static void fill(struct completion *m, mach_port_t to, void *callback, void *refcon)
{
	memset(m, 0, sizeof(*m));
	m->header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	m->header.msgh_size = sizeof(*m);
	m->header.msgh_remote_port = to;
	m->header.msgh_id = kOSNotificationMessageID;
	m->notification.size = 4;
	m->notification.type = kIOAsyncCompletionNotificationType;
	m->notification.reference[kIOAsyncCalloutFuncIndex] = (uint64_t)(uintptr_t)callback;
	m->notification.reference[kIOAsyncCalloutRefconIndex] = (uint64_t)(uintptr_t)refcon;
}

static void post(mach_port_t to, void *callback, void *refcon)
{
	struct completion m;

	fill(&m, to, callback, refcon);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, 0, 0, 0), 0);
}

/* As many as there will be may wait. */
static void raise_limit(mach_port_t name)
{
	mach_port_limits_t limits = { .mpl_qlimit = MACH_PORT_QLIMIT_MAX };

	test_equal(mach_port_set_attributes(mach_task_self(), name, MACH_PORT_LIMITS_INFO,
					    (mach_port_info_t)&limits, MACH_PORT_LIMITS_INFO_COUNT),
		   0);
}

static void count(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	if (atomic_fetch_add(&inside, 1))
		atomic_fetch_add(&overlaps, 1);
	sched_yield();
	atomic_fetch_sub(&inside, 1);
	if (atomic_fetch_add(&calls, 1) + 1 == atomic_load(&wanted) && done)
		dispatch_semaphore_signal(done);
}

static void wait_done(void)
{
	test_equal(dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER), 0);
}

static void await_end_of(mach_port_t name)
{
	mach_port_type_t type = 0;

	do {
		test_equal(mach_port_type(mach_task_self(), name, &type), 0);
	} while (type & MACH_PORT_TYPE_RECEIVE && !sched_yield());
	test_equal(type, MACH_PORT_TYPE_DEAD_NAME);
}

/* Destroyed, and gone: a dispatch source ends on its queue. */
static void finish(IONotificationPortRef p)
{
	mach_port_t name = send_right(p);

	IONotificationPortDestroy(p);
	await_end_of(name);
	mach_port_deallocate(mach_task_self(), name);
}

/* What queues and sources make once and keep is there before the leaks are counted. */
static io_connect_t begin(void)
{
	io_connect_t stage = stage_begin();
	IONotificationPortRef p = IONotificationPortCreate(kIOMainPortDefault);
	dispatch_queue_t q = dispatch_queue_create("warm up", NULL);
	mach_port_t to = send_right(p);

	done = dispatch_semaphore_create(0);
	wanted = 1;
	IONotificationPortSetDispatchQueue(p, q);
	post(to, (void *)count, NULL);
	wait_done();
	calls = wanted = 0;
	finish(p);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_sync_f(q, NULL, noop);
	dispatch_release(q);
	test_reset_baseline();
	return stage;
}

/* --- run loop --------------------------------------------------------------------------------- */

static pthread_t called_on;
static bool in_loop, was_in_loop;

static void note_thread(void *refcon, io_iterator_t iterator)
{
	io_service_t s;

	(void)refcon;
	while ((s = IOIteratorNext(iterator)))
		IOObjectRelease(s);
	called_on = pthread_self();
	was_in_loop = in_loop;
	calls++;
}

static io_iterator_t add(IONotificationPortRef to, IOServiceMatchingCallback callback, void *refcon)
{
	io_iterator_t it = 0;

	test_equal_error(IOServiceAddMatchingNotification(to, kIOPublishNotification,
							  IOServiceMatching("StageNub"), callback,
							  refcon, &it),
			 0);
	test_equal(IOIteratorNext(it), 0);
	return it;
}

TEST(G01)
{
	io_connect_t stage = begin();

	port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	io_iterator_t it = add(port, note_thread, NULL);
	stage_publish(stage, NULL, "key=a register");
	test_equal(calls, 0); /* nothing is called outside the loop */
	in_loop = true;
	while (!calls)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	in_loop = false;
	test_true(was_in_loop);
	test_true(pthread_equal(called_on, pthread_self()));
	IOObjectRelease(it);
	finish(port);
	end(stage);
}

TEST(G01_one_message_for_each_pass)
{
	io_connect_t stage = begin();

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	for (int i = 0; i < 5; i++)
		post(to, (void *)count, NULL);
	for (int i = 1; i <= 5; i++) {
		test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true),
			   kCFRunLoopRunHandledSource);
		test_equal(calls, i);
	}
	finish(port);
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

TEST(G01_another_mode_hears_nothing)
{
	io_connect_t stage = begin();

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	CFRunLoopSourceRef source = IONotificationPortGetRunLoopSource(port);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("private"));
	post(to, (void *)count, NULL);
	test_true(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true) != kCFRunLoopRunHandledSource);
	test_equal(calls, 0);
	test_equal(CFRunLoopRunInMode(CFSTR("private"), 5, true), kCFRunLoopRunHandledSource);
	test_equal(calls, 1);
	CFRunLoopRemoveSource(CFRunLoopGetCurrent(), source, CFSTR("private"));
	finish(port);
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

TEST(G02)
{
	world_start();
	port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopSourceRef source = IONotificationPortGetRunLoopSource(port);
	CFIndex before = CFGetRetainCount(source);

	test_true(source != NULL);
	test_equal(IONotificationPortGetRunLoopSource(port), source);
	test_equal(CFGetRetainCount(source), before);
	test_equal(CFRunLoopSourceGetOrder(source), 0);
	test_true(CFRunLoopSourceIsValid(source));
	CFRetain(source);
	IONotificationPortDestroy(port);
	test_true(!CFRunLoopSourceIsValid(source));
	CFRelease(source);
	world_stop();
}

TEST(G02_destroyed_while_scheduled)
{
	io_connect_t stage = begin();

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	CFRunLoopSourceRef source = IONotificationPortGetRunLoopSource(port);
	CFRetain(source);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode);
	post(to, (void *)count, NULL);
	IONotificationPortDestroy(port);
	test_true(!CFRunLoopContainsSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode));
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_equal(calls, 0);
	CFRelease(source);
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

/* --- dispatch queues ---------------------------------------------------------------------------- */

static char queue_key;

static void on_queue(void *refcon, IOReturn result)
{
	test_equal(dispatch_get_specific(&queue_key), refcon);
	count(NULL, result);
}

TEST(G03)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	dispatch_queue_set_specific(q, &queue_key, &queue_key, NULL);
	mach_port_t to = send_right(port);
	wanted = 200;
	IONotificationPortSetDispatchQueue(port, q);
	for (int i = 0; i < 200; i++)
		post(to, (void *)on_queue, &queue_key);
	wait_done();
	test_equal(calls, 200);
	test_equal(overlaps, 0);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

static void on_message(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)refcon;
	(void)service;
	(void)type;
	(void)argument;
	count(NULL, 0);
}

TEST(G04)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("concurrent", DISPATCH_QUEUE_CONCURRENT);
	io_object_t notifier = 0;

	port = IONotificationPortCreate(kIOMainPortDefault);
	io_service_t a = stage_publish_service(stage, NULL, "key=a register");
	test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest, on_message,
							  NULL, &notifier),
			 0);
	wanted = 100;
	IONotificationPortSetDispatchQueue(port, q);
	for (int i = 0; i < 100; i++)
		stage_do(stage, NULL, "message key=a type=1");
	wait_done();
	test_equal(calls, 100);
	test_equal(overlaps, 0);
	IOObjectRelease(notifier);
	finish(port);
	IOObjectRelease(a);
	dispatch_barrier_sync_f(q, NULL, noop);
	dispatch_release(q);
	end(stage);
}

static dispatch_semaphore_t here, there;

static void meet_here(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	dispatch_semaphore_signal(there);
	dispatch_semaphore_wait(here, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_signal(done);
}

static void meet_there(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	dispatch_semaphore_signal(here);
	dispatch_semaphore_wait(there, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_signal(done);
}

TEST(G05)
{
	io_connect_t stage = begin();

	here = dispatch_semaphore_create(0);
	there = dispatch_semaphore_create(0);
	IONotificationPortRef a = IONotificationPortCreate(0), b = IONotificationPortCreate(0);
	dispatch_queue_t q = dispatch_queue_create("concurrent", DISPATCH_QUEUE_CONCURRENT);
	mach_port_t to_a = send_right(a), to_b = send_right(b);
	IONotificationPortSetDispatchQueue(a, q);
	IONotificationPortSetDispatchQueue(b, q);
	post(to_a, (void *)meet_here, NULL);
	post(to_b, (void *)meet_there, NULL);
	wait_done();
	wait_done();
	finish(a);
	finish(b);
	mach_port_deallocate(mach_task_self(), to_a);
	mach_port_deallocate(mach_task_self(), to_b);
	dispatch_barrier_sync_f(q, NULL, noop);
	dispatch_release(q);
	dispatch_release(here);
	dispatch_release(there);
	end(stage);
}

TEST(G06)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	wanted = 5;
	for (int i = 0; i < 5; i++)
		post(to, (void *)count, NULL);
	IONotificationPortSetDispatchQueue(port, q);
	wait_done();
	test_equal(calls, 5);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

TEST(G07_no_queue_no_calls)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	IONotificationPortSetDispatchQueue(port, NULL);
	IONotificationPortSetDispatchQueue(port, q);
	IONotificationPortSetDispatchQueue(port, NULL);
	dispatch_sync_f(q, NULL, noop);
	wanted = 3;
	for (int i = 0; i < 3; i++)
		post(to, (void *)count, NULL);
	dispatch_sync_f(q, NULL, noop);
	test_equal(calls, 0);
	IONotificationPortSetDispatchQueue(port, q);
	wait_done();
	test_equal(calls, 3);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

TEST(G07_a_suspended_queue_holds_messages_back)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	IONotificationPortSetDispatchQueue(port, q);
	dispatch_suspend(q);
	wanted = 5;
	for (int i = 0; i < 5; i++)
		post(to, (void *)count, NULL);
	test_equal(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 20000000)) != 0,
		   1);
	test_equal(calls, 0);
	dispatch_resume(q);
	wait_done();
	test_equal(calls, 5);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

static void stop_main(void *refcon, IOReturn result)
{
	count(refcon, result);
	CFRunLoopStop(CFRunLoopGetMain());
}

TEST(G07_the_main_queue)
{
	io_connect_t stage = begin();

	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_reset_baseline();
	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	IONotificationPortSetDispatchQueue(port, dispatch_get_main_queue());
	post(to, (void *)stop_main, NULL);
	while (!calls)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, false);
	test_equal(calls, 1);
	mach_port_type_t type = 0;
	IONotificationPortDestroy(port);
	/* The cancel handler runs on the main queue as well. */
	do {
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.01, true);
		test_equal(mach_port_type(mach_task_self(), to, &type), 0);
	} while (type & MACH_PORT_TYPE_RECEIVE);
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

static dispatch_queue_t queues[2];

TEST(G08)
{
	io_connect_t stage = begin();

	for (int i = 0; i < 2; i++)
		queues[i] = dispatch_queue_create(i ? "second" : "first", NULL);
	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	raise_limit(to);
	wanted = 1000;
	for (int i = 0; i < 1000; i++) {
		post(to, (void *)count, NULL);
		if (i % 10 == 0)
			IONotificationPortSetDispatchQueue(port, queues[i / 10 % 2]);
	}
	wait_done();
	for (int i = 0; i < 2; i++)
		dispatch_sync_f(queues[i], NULL, noop);
	test_equal(calls, 1000);
	finish(port);
	for (int i = 0; i < 2; i++) {
		dispatch_sync_f(queues[i], NULL, noop);
		dispatch_release(queues[i]);
	}
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

TEST(G08_the_same_queue_again)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	raise_limit(to);
	wanted = 100;
	for (int i = 0; i < 100; i++) {
		IONotificationPortSetDispatchQueue(port, q);
		post(to, (void *)count, NULL);
	}
	wait_done();
	dispatch_sync_f(q, NULL, noop);
	test_equal(calls, 100);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

/* --- destroying -------------------------------------------------------------------------------- */

static void destroy(void *refcon, IOReturn result)
{
	(void)result;
	atomic_fetch_add(&calls, 1);
	IONotificationPortDestroy(refcon);
	if (done)
		dispatch_semaphore_signal(done);
}

TEST(G09)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	for (int i = 0; i < 4; i++)
		post(to, (void *)destroy, port);
	IONotificationPortSetDispatchQueue(port, q);
	wait_done();
	await_end_of(to);
	test_equal(calls, 1); /* nothing is called after it */
	mach_port_deallocate(mach_task_self(), to);
	dispatch_sync_f(q, NULL, noop);
	dispatch_release(q);
	end(stage);
}

TEST(G09_on_a_concurrent_queue)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("concurrent", DISPATCH_QUEUE_CONCURRENT);

	for (int round = 1; round <= 50; round++) {
		port = IONotificationPortCreate(kIOMainPortDefault);
		mach_port_t to = send_right(port);
		for (int i = 0; i < 3; i++)
			post(to, (void *)destroy, port);
		IONotificationPortSetDispatchQueue(port, q);
		wait_done();
		await_end_of(to);
		test_equal(calls, round);
		mach_port_deallocate(mach_task_self(), to);
	}
	dispatch_barrier_sync_f(q, NULL, noop);
	dispatch_release(q);
	end(stage);
}

TEST(G09_in_a_run_loop)
{
	io_connect_t stage = begin();

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	for (int i = 0; i < 4; i++)
		post(to, (void *)destroy, port);
	while (!calls)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_equal(calls, 1);
	await_end_of(to);
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

TEST(G10)
{
	io_connect_t stage = begin();
	io_object_t notifier = 0;

	port = IONotificationPortCreate(kIOMainPortDefault);
	io_service_t a = stage_publish_service(stage, NULL, "key=a register");
	io_iterator_t it = 0;
	test_equal_error(IOServiceAddMatchingNotification(port, kIOPublishNotification,
							  IOServiceMatching("StageNub"),
							  note_thread, NULL, &it),
			 0);
	test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest, on_message,
							  NULL, &notifier),
			 0);
	IONotificationPortDestroy(port);
	/* The iterator still pops, what is sent goes nowhere. */
	test_equal(IOIteratorNext(it), a);
	IOObjectRelease(a);
	test_equal(IOIteratorNext(it), 0);
	stage_publish(stage, NULL, "key=b register");
	stage_do(stage, NULL, "message key=a type=1");
	test_equal(IOObjectRelease(it), 0);
	test_equal(IOObjectRelease(notifier), 0);
	test_equal(calls, 0);
	IOObjectRelease(a);
	end(stage);
}

TEST(G11_destroyed_with_messages_waiting)
{
	io_connect_t stage = begin();
	io_object_t notifier = 0;

	port = IONotificationPortCreate(kIOMainPortDefault);
	io_service_t a = stage_publish_service(stage, NULL, "key=a register");
	io_iterator_t it = 0;
	test_equal_error(IOServiceAddMatchingNotification(port, kIOPublishNotification,
							  IOServiceMatching("StageNub"),
							  note_thread, NULL, &it),
			 0);
	IOObjectRelease(IOIteratorNext(it));
	test_equal(IOIteratorNext(it), 0);
	test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest, on_message,
							  NULL, &notifier),
			 0);
	stage_publish(stage, NULL, "key=b register");
	for (int i = 0; i < 10; i++)
		stage_do(stage, NULL, "message key=a type=1");
	/* The rights that the messages carry go with them: the leak checks would tell. */
	IONotificationPortDestroy(port);
	IOObjectRelease(notifier);
	IOObjectRelease(it);
	test_equal(IOObjectGetUserRetainCount(a), 1);
	IOObjectRelease(a);
	test_equal(calls, 0);
	end(stage);
}

TEST(G11_any_order_of_destruction)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);
	io_service_t a = stage_publish_service(stage, NULL, "key=a register");

	for (int order = 0; order < 6; order++) {
		static const char orders[6][3] = { "abc", "acb", "bac", "bca", "cab", "cba" };
		io_object_t notifier = 0;
		io_iterator_t it = 0;

		port = IONotificationPortCreate(kIOMainPortDefault);
		IONotificationPortSetDispatchQueue(port, q);
		test_equal_error(IOServiceAddMatchingNotification(port, kIOPublishNotification,
								  IOServiceMatching("StageNub"),
								  note_thread, NULL, &it),
				 0);
		test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest,
								  on_message, NULL, &notifier),
				 0);
		for (int i = 0; i < 3; i++) {
			if (orders[order][i] == 'a')
				IONotificationPortDestroy(port);
			else
				test_equal(IOObjectRelease(orders[order][i] == 'b' ? it : notifier),
					   0);
		}
	}
	IOObjectRelease(a);
	dispatch_sync_f(q, NULL, noop);
	dispatch_release(q);
	end(stage);
}

/* --- by hand ----------------------------------------------------------------------------------- */

TEST(G12_received_and_dispatched_by_hand)
{
	io_connect_t stage = begin();
	struct {
		mach_msg_header_t header;
		char rest[512];
	} m;

	port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t it = add(port, note_thread, NULL);
	stage_publish(stage, NULL, "key=a register");
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m),
				  IONotificationPortGetMachPort(port), 0, MACH_PORT_NULL),
			 0);
	test_equal(calls, 0);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(calls, 1);
	test_equal(IOObjectGetUserRetainCount(it), 1);
	/* And nothing more. */
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m),
				  IONotificationPortGetMachPort(port), 0, MACH_PORT_NULL),
			 MACH_RCV_TIMED_OUT);
	IOObjectRelease(it);
	finish(port);
	end(stage);
}

TEST(G13_one_port_for_everything)
{
	io_connect_t stage = begin();
	io_object_t notifier = 0;

	port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	io_service_t a = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");
	io_iterator_t it = add(port, note_thread, NULL);
	mach_port_t to = send_right(port);
	test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest, on_message,
							  NULL, &notifier),
			 0);
	stage_publish(stage, NULL, "key=b register");
	stage_do(stage, NULL, "message key=a type=1");
	post(to, (void *)count, NULL);
	while (calls < 3)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	test_equal(calls, 3);
	IOObjectRelease(notifier);
	IOObjectRelease(it);
	IOObjectRelease(a);
	finish(port);
	mach_port_deallocate(mach_task_self(), to);
	end(stage);
}

static int depth, deepest;

static void nest(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	calls++;
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (calls == 1)
		while (calls < 3)
			CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	depth--;
}

TEST(G14)
{
	io_connect_t stage = begin();
	IONotificationPortRef a = IONotificationPortCreate(0), b = IONotificationPortCreate(0);
	mach_port_t to_a = send_right(a), to_b = send_right(b);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(a),
			   kCFRunLoopDefaultMode);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(b),
			   kCFRunLoopDefaultMode);
	post(to_a, (void *)nest, NULL);
	post(to_b, (void *)nest, NULL);
	post(to_a, (void *)nest, NULL);
	while (calls < 3)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	test_equal(deepest, 2);
	finish(a);
	finish(b);
	mach_port_deallocate(mach_task_self(), to_a);
	mach_port_deallocate(mach_task_self(), to_b);
	end(stage);
}

TEST(G15)
{
	struct completion m;

	fill(&m, 0, (void *)count, NULL);
	m.header.msgh_id = 54;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	m.header.msgh_id = kOSAsyncCompleteMessageID;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(calls, 0);
	m.header.msgh_id = kOSNotificationMessageID;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(calls, 1);
}

TEST(G15_on_the_wake_port)
{
	io_connect_t stage = begin();
	struct completion m;
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	fill(&m, to, (void *)count, NULL);
	m.header.msgh_id = 54;
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, 0, 0, 0), 0);
	wanted = 1;
	post(to, (void *)count, NULL);
	IONotificationPortSetDispatchQueue(port, q);
	wait_done();
	test_equal(calls, 1);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

/* --- rights of messages ------------------------------------------------------------------------- */

struct interest {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t service;
	unsigned char rest[72 + 4 + 64];
};

static void fill_interest(struct interest *m, mach_port_t service, uint32_t type)
{
	OSNotificationHeader64 h = { .size = 76, .type = type };

	memset(m, 0, sizeof(*m));
	h.reference[kIOInterestCalloutFuncIndex] = (uint64_t)(uintptr_t)on_message;
	m->header.msgh_bits = MACH_MSGH_BITS_COMPLEX;
	m->header.msgh_size = 124;
	m->header.msgh_id = kOSNotificationMessageID;
	m->body.msgh_descriptor_count = 1;
	m->service.name = service;
	m->service.disposition = MACH_MSG_TYPE_MOVE_SEND;
	m->service.type = MACH_MSG_PORT_DESCRIPTOR;
	memcpy(m->rest, &h, sizeof(h));
}

static mach_port_urefs_t refs_of(mach_port_t name)
{
	mach_port_urefs_t refs = 0;

	test_equal_error(mach_port_get_refs(mach_task_self(), name, MACH_PORT_RIGHT_SEND, &refs),
			 0);
	return refs;
}

/* One more right of the name, which the message carries, and what is left after it. */
static void expect_released(uint32_t type, int n_calls)
{
	mach_port_t service = 0;
	struct interest m;

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &service), 0);
	for (int i = 0; i < 2; i++)
		mach_port_insert_right(mach_task_self(), service, service, MACH_MSG_TYPE_MAKE_SEND);
	fill_interest(&m, service, type);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(refs_of(service), 1);
	test_equal(calls, n_calls);
	mach_port_mod_refs(mach_task_self(), service, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs(mach_task_self(), service, MACH_PORT_RIGHT_DEAD_NAME, -1);
}

TEST(G16)
{
	expect_released(kIOServiceMessageNotificationType, 1);
}

TEST(G17)
{
	expect_released(161, 0);
	expect_released(0, 0);
	expect_released(99, 0);
	expect_released(199, 0);
	expect_released(0xfff, 0);
}

/* Whose function is 0 is not called; its rights are released all the same. */
TEST(G17_no_function)
{
	struct completion m;
	mach_port_t service = 0;
	struct interest i;

	fill(&m, 0, NULL, NULL);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &service), 0);
	for (int n = 0; n < 2; n++)
		mach_port_insert_right(mach_task_self(), service, service, MACH_MSG_TYPE_MAKE_SEND);
	fill_interest(&i, service, kIOServiceMessageNotificationType);
	memset(i.rest + 8, 0, 64);
	IODispatchCalloutFromMessage(NULL, &i.header, NULL);
	test_equal(refs_of(service), 1);
	mach_port_mod_refs(mach_task_self(), service, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs(mach_task_self(), service, MACH_PORT_RIGHT_DEAD_NAME, -1);
}

/* --- a long queue --------------------------------------------------------------------------------- */

static _Atomic int block_saw;

static void note_block(void *context)
{
	(void)context;
	atomic_store(&block_saw, atomic_load(&calls));
}

static void count_to_1500(void *refcon, IOReturn result)
{
	int n;

	(void)result;
	n = atomic_fetch_add(&calls, 1) + 1;
	if (n == 1)
		dispatch_async_f(refcon, NULL, note_block);
	if (n == 1500)
		dispatch_semaphore_signal(done);
}

TEST(G18)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);

	port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t to = send_right(port);
	raise_limit(to);
	dispatch_suspend(q);
	IONotificationPortSetDispatchQueue(port, q);
	/* Almost all are there before the handler runs. */
	for (int i = 0; i < MACH_PORT_QLIMIT_MAX && i < 1500; i++)
		post(to, (void *)count_to_1500, q);
	dispatch_resume(q);
	for (int i = MACH_PORT_QLIMIT_MAX; i < 1500; i++)
		post(to, (void *)count_to_1500, q);
	wait_done();
	dispatch_sync_f(q, NULL, noop);
	test_equal(calls, 1500);
	/* The block that the first message has queued ran after one handler run. */
	test_equal(block_saw, 999);
	finish(port);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(q);
	end(stage);
}

TEST(G18_two_ports_share_a_queue)
{
	io_connect_t stage = begin();
	dispatch_queue_t q = dispatch_queue_create("serial", NULL);
	IONotificationPortRef a = IONotificationPortCreate(0), b = IONotificationPortCreate(0);
	mach_port_t to_a = send_right(a), to_b = send_right(b);

	raise_limit(to_a);
	raise_limit(to_b);
	wanted = 400;
	IONotificationPortSetDispatchQueue(a, q);
	IONotificationPortSetDispatchQueue(b, q);
	for (int i = 0; i < 200; i++) {
		post(to_a, (void *)count, NULL);
		post(to_b, (void *)count, NULL);
	}
	wait_done();
	test_equal(calls, 400);
	test_equal(overlaps, 0);
	finish(a);
	finish(b);
	dispatch_sync_f(q, NULL, noop);
	mach_port_deallocate(mach_task_self(), to_a);
	mach_port_deallocate(mach_task_self(), to_b);
	dispatch_release(q);
	end(stage);
}

TEST_MAIN
