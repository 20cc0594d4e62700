// SPDX-License-Identifier: MIT
/* Handles, connections and ports that end at the wrong moment. P-L1, P-L6: ../system/slot_races_test.c. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "Hostile.h"
#include "Methods.h"
#include "Queue.h"
#include "arena.h"

static kern_return_t echo(io_connect_t c, uint64_t number)
{
	uint64_t out = 0;
	uint32_t n = 1;

	return IOConnectCallScalarMethod(c, FIXTURE_ECHO, &number, 1, &out, &n);
}

static int send_refs(mach_port_t port)
{
	mach_port_urefs_t refs = 0;

	return mach_port_get_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, &refs) ? -1
										       : (int)refs;
}

/* --- P-A5 ------------------------------------------------------------------------------------------ */

static kern_return_t call_async(io_connect_t c, uint32_t selector, mach_port_t wake,
				uint64_t *reference, uint32_t count, uint64_t argument,
				uint32_t n_in)
{
	return IOConnectCallAsyncScalarMethod(c, selector, wake, reference, count, &argument, n_in,
					      NULL, NULL);
}

HOSTILE(P_A5, references_and_wake_ports_that_are_none)
{
	static const uint32_t counts[] = { 0, 1, 8, 9, 0x80000000, UINT32_MAX };
	uint64_t reference[16] = { 0 }, sum[2] = { 1, 2 }, out;
	uint32_t n;

	arena_begin("Methods.dext", NULL);
	io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);
	io_connect_t strict = world_open("MethodsDriver", METHODS_2022);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t wake = IONotificationPortGetMachPort(port), dead = 0;
	int refs = send_refs(wake);

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
	for (uint64_t round = test_rounds(4, 1000); round--;) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
			kern_return_t status =
				call_async(c, METHODS_LOOK, wake, reference, counts[i], 0, 0);

			/* None at all is a mistake of the caller's; more than eight never leave it. */
			test_equal_error(status, counts[i] == 0	 ? kIOReturnBadArgument
						 : counts[i] > 8 ? MIG_ARRAY_TOO_LARGE
								 : 0);
		}
		test_true(call_async(c, METHODS_LOOK, dead, reference, 3, 0, 0) != 0);
		test_true(call_async(c, METHODS_LOOK, 0x7654321, reference, 3, 0, 0) != 0);
		call_async(c, METHODS_LOOK, MACH_PORT_NULL, reference, 3, 0, 0);
		n = 1;
		test_equal_error(IOConnectCallAsyncScalarMethod(strict, METHODS_2022_SYNC, wake,
								reference, 3, sum, 2, &out, &n),
				 kIOReturnBadArgument);
		test_true(call_async(c, METHODS_FAIL_LATER, wake, reference, 3, 0, 1) != 0);
		test_equal_error(call_async(c, METHODS_FORGET, wake, reference, 3, 0, 1), 0);
	}
	test_equal(send_refs(wake), refs);
	mach_port_deallocate(mach_task_self(), dead);
	IONotificationPortDestroy(port);
	IOServiceClose(strict);
	IOServiceClose(c);
	arena_end();
}

/* --- P-L2 ------------------------------------------------------------------------------------------ */

HOSTILE(P_L2, handles_that_are_closed_or_none)
{
	arena_begin("Fixture.dext", NULL);
	io_connect_t other = world_open("FixtureDriver", 0);
	io_service_t service = world_service("FixtureDriver");

	for (uint64_t round = test_rounds(50, 2000); round--;) {
		io_connect_t c = world_open("FixtureDriver", 0);

		for (uint64_t i = 0; i < round % 20; i++)
			test_equal_error(echo(c, i), 0);
		test_equal_error(IOServiceClose(c), 0);
		test_true(IOServiceClose(c) != 0);
		test_true(echo(c, 1) != 0);
		test_true(IOConnectRelease(c) != 0);
		test_true(IOServiceClose(0) != 0);
		test_true(IOServiceClose(MACH_PORT_DEAD) != 0);
		test_true(IOServiceClose(service) != 0);
		test_true(echo(service, 1) != 0);
		c = world_open("FixtureDriver", 0);
		test_equal_error(IOObjectRelease(c), 0);
		test_true(echo(c, 1) != 0);
		test_true(IOServiceClose(c) != 0);
		test_equal_error(echo(other, 1), 0);
	}
	IOObjectRelease(service);
	IOServiceClose(other);
	arena_end();
}

/* --- P-L3 ------------------------------------------------------------------------------------------ */

struct closing {
	io_connect_t connect;
	IONotificationPortRef port;
	dispatch_queue_t queue;
	dispatch_semaphore_t done;
	atomic_uint calls;
};

static void close_here(void *refcon, IOReturn result, void *argument)
{
	struct closing *closing = refcon;

	(void)result;
	(void)argument;
	if (atomic_fetch_add(&closing->calls, 1))
		return;
	IOServiceClose(closing->connect);
	dispatch_semaphore_signal(closing->done);
}

/* In a completion, on the queue that is being drained, with more of them waiting behind it. */
HOSTILE(P_L3, close_on_the_queue_that_is_drained)
{
	arena_begin("Hostile.dext", NULL);
	struct closing closing = { .queue = dispatch_queue_create("closing", NULL),
				   .done = dispatch_semaphore_create(0) };

	for (uint64_t round = test_rounds(20, 2000); round--;) {
		uint64_t reference[8] = { [kIOAsyncCalloutFuncIndex] = (uintptr_t)close_here,
					  [kIOAsyncCalloutRefconIndex] = (uintptr_t)&closing };

		closing.connect = world_open("HostileDriver", 0);
		closing.port = IONotificationPortCreate(kIOMainPortDefault);
		atomic_store(&closing.calls, 0);
		test_equal_error(call_async(closing.connect, HOSTILE_KEEP,
					    IONotificationPortGetMachPort(closing.port), reference,
					    kIOAsyncCalloutCount, 0, 0),
				 0);
		for (uint64_t i = 0; i < 5; i++)
			arena_ask(closing.connect, HOSTILE_COMPLETE, i);
		IONotificationPortSetDispatchQueue(closing.port, closing.queue);
		dispatch_semaphore_wait(closing.done, DISPATCH_TIME_FOREVER);
		IONotificationPortDestroy(closing.port);
		dispatch_sync_f(closing.queue, NULL, (dispatch_function_t)(void *)getpid);
	}
	dispatch_release(closing.done);
	dispatch_release(closing.queue);
	arena_end();
}

static void close_in_source(void *context)
{
	struct closing *closing = context;

	if (atomic_fetch_add(&closing->calls, 1))
		return;
	IOServiceClose(closing->connect);
	dispatch_semaphore_signal(closing->done);
}

/* In the handler of the source that a data queue's port feeds. */
HOSTILE(P_L3, close_in_the_handler_of_a_queue)
{
	arena_begin("Queue.dext", NULL);
	struct closing closing = { .queue = dispatch_queue_create("closing", NULL),
				   .done = dispatch_semaphore_create(0) };

	for (uint64_t round = test_rounds(20, 2000); round--;) {
		uint64_t in[3] = { QUEUE_SHARED, 4096, 0 }, out[2];
		mach_port_t port = IODataQueueAllocateNotificationPort();
		dispatch_source_t source;
		uint32_t n = 2;

		closing.connect = world_open("QueueDriver", 0);
		atomic_store(&closing.calls, 0);
		test_equal_error(IOConnectSetNotificationPort(closing.connect, 0, port, 0), 0);
		test_equal_error(
			IOConnectCallScalarMethod(closing.connect, QUEUE_CREATE, in, 3, out, &n),
			0);
		source = dispatch_source_create(DISPATCH_SOURCE_TYPE_MACH_RECV, port, 0,
						closing.queue);
		dispatch_set_context(source, &closing);
		dispatch_source_set_event_handler_f(source, close_in_source);
		dispatch_resume(source);
		in[0] = 3;
		in[1] = 16;
		IOConnectCallScalarMethod(closing.connect, QUEUE_FILL, in, 2, out,
					  &(uint32_t){ 1 });
		dispatch_semaphore_wait(closing.done, DISPATCH_TIME_FOREVER);
		dispatch_source_cancel(source);
		dispatch_sync_f(closing.queue, NULL, (dispatch_function_t)(void *)getpid);
		dispatch_release(source);
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	}
	dispatch_release(closing.done);
	dispatch_release(closing.queue);
	arena_end();
}

/* --- P-L4, P-L8 ------------------------------------------------------------------------------------ */

struct count {
	IONotificationPortRef port;
	atomic_uint calls;
	atomic_bool destroyed;
};

static void on_message(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	struct count *count = refcon;

	(void)service;
	(void)type;
	(void)argument;
	test_true(!atomic_load(&count->destroyed));
	atomic_fetch_add(&count->calls, 1);
}

struct teller {
	io_connect_t connect;
	atomic_bool ends;
};

static void *tell_all_the_time(void *context)
{
	struct teller *teller = context;
	uint64_t in[2] = { 0xe0000001, 7 };

	while (!atomic_load(&teller->ends)) {
		test_equal_error(
			IOConnectCallScalarMethod(teller->connect, FIXTURE_TELL, in, 2, NULL, NULL),
			0);
		sched_yield();
	}
	return NULL;
}

static void destroy_here(void *context)
{
	struct count *count = context;

	IONotificationPortDestroy(count->port);
	atomic_store(&count->destroyed, true);
}

static io_object_t begin_counting(struct count *count, io_service_t service)
{
	io_object_t interest = 0;

	count->port = IONotificationPortCreate(kIOMainPortDefault);
	test_equal_error(IOServiceAddInterestNotification(count->port, service, kIOGeneralInterest,
							  on_message, count, &interest),
			 0);
	return interest;
}

/* After the destruction has returned, on the queue of the callbacks or on another thread, none of them begins. */
HOSTILE(P_L8, ports_destroyed_while_callbacks_run)
{
	const uint64_t rounds = test_rounds(200, 100000);
	pthread_t thread;

	arena_begin("Fixture.dext", NULL);
	struct teller teller = { .connect = world_open("FixtureDriver", 0) };
	io_service_t service = world_service("FixtureDriver");
	dispatch_queue_t queue = dispatch_queue_create("callbacks", NULL);

	test_equal(pthread_create(&thread, NULL, tell_all_the_time, &teller), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		struct count count = { 0 };
		io_object_t interest = begin_counting(&count, service);

		IONotificationPortSetDispatchQueue(count.port, queue);
		if (i % 8 == 0)
			while (!atomic_load(&count.calls))
				sched_yield();
		if (i % 2)
			dispatch_sync_f(queue, &count, destroy_here);
		else
			destroy_here(&count);
		dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
		IOObjectRelease(interest);
	}
	atomic_store(&teller.ends, true);
	pthread_join(thread, NULL);
	dispatch_release(queue);
	IOObjectRelease(service);
	IOServiceClose(teller.connect);
	arena_count(rounds * 3);
	arena_end();
}

struct slow {
	atomic_bool is_running, may_end, has_ended;
};

static void run_slowly(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	struct slow *slow = refcon;

	atomic_store(&slow->is_running, true);
	while (!atomic_load(&slow->may_end))
		sched_yield();
	for (int i = 0; i < 1000; i++)
		sched_yield();
	atomic_store(&slow->has_ended, true);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void deliver_on_queue(IONotificationPortRef port, void *queue)
{
	IONotificationPortSetDispatchQueue(port, queue);
}

static void deliver_in_loop(IONotificationPortRef port, void *loop)
{
	CFRunLoopAddSource(loop, IONotificationPortGetRunLoopSource(port), kCFRunLoopDefaultMode);
}

/* What the callback uses may be freed then, unless it has taken a tenth of a second. */
static void destroy_while_it_runs(void (*deliver)(IONotificationPortRef, void *), void *where)
{
	io_connect_t c = world_open("FixtureDriver", 0);
	io_service_t service = world_service("FixtureDriver");
	uint64_t in[2] = { 0xe0000001, 7 };

	for (int i = 0; i < 20; i++) {
		IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
		struct slow slow = { false };
		io_object_t interest = 0;

		test_equal_error(IOServiceAddInterestNotification(port, service, kIOGeneralInterest,
								  run_slowly, &slow, &interest),
				 0);
		deliver(port, where);
		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_TELL, in, 2, NULL, NULL), 0);
		test_await(atomic_load(&slow.is_running));
		uint64_t before = now_ns();
		atomic_store(&slow.may_end, true);
		IONotificationPortDestroy(port);
		test_true(atomic_load(&slow.has_ended) || now_ns() - before >= 100000000);
		test_await(atomic_load(&slow.has_ended));
		IOObjectRelease(interest);
	}
	IOObjectRelease(service);
	IOServiceClose(c);
	arena_count(20 * 3);
}

HOSTILE(P_L8, a_destruction_waits_for_the_callback_that_runs)
{
	arena_begin("Fixture.dext", NULL);
	dispatch_queue_t queue = dispatch_queue_create("callbacks", NULL);

	destroy_while_it_runs(deliver_on_queue, queue);
	dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
	dispatch_release(queue);
	arena_end();
}

static void stay(CFRunLoopTimerRef timer, void *info)
{
}

static _Atomic(CFRunLoopRef) other_loop;

static void *run_other_loop(void *unused)
{
	CFRunLoopTimerRef timer = CFRunLoopTimerCreate(NULL, 1e12, 0, 0, 0, stay, NULL);

	CFRunLoopAddTimer(CFRunLoopGetCurrent(), timer, kCFRunLoopDefaultMode);
	CFRelease(timer);
	atomic_store(&other_loop, CFRunLoopGetCurrent());
	CFRunLoopRun();
	return NULL;
}

HOSTILE(P_L8, a_destruction_waits_for_the_callback_of_another_threads_loop)
{
	pthread_t thread;

	arena_begin("Fixture.dext", NULL);
	test_equal(pthread_create(&thread, NULL, run_other_loop, NULL), 0);
	test_await(atomic_load(&other_loop));
	destroy_while_it_runs(deliver_in_loop, atomic_load(&other_loop));
	CFRunLoopStop(atomic_load(&other_loop));
	pthread_join(thread, NULL);
	arena_end();
}

struct set_up {
	IONotificationPortRef port;
	dispatch_queue_t queue;
	pthread_barrier_t *begin;
	CFRunLoopSourceRef source;
};

static void *set_up(void *context)
{
	struct set_up *set_up = context;

	pthread_barrier_wait(set_up->begin);
	set_up->source = IONotificationPortGetRunLoopSource(set_up->port);
	for (int i = 0; i < 20; i++)
		IONotificationPortSetDispatchQueue(set_up->port, i % 3 ? set_up->queue : NULL);
	return NULL;
}

/* All get the one source of the port, and the last queue is that of the callbacks. */
HOSTILE(P_L8, a_port_that_many_threads_set_up)
{
	enum { THREADS = 4 };
	const uint64_t rounds = test_rounds(30, 3000);
	pthread_t threads[THREADS], teller_thread;
	struct set_up set_ups[THREADS];
	pthread_barrier_t begin;

	arena_begin("Fixture.dext", NULL);
	struct teller teller = { .connect = world_open("FixtureDriver", 0) };
	io_service_t service = world_service("FixtureDriver");
	dispatch_queue_t queue = dispatch_queue_create("callbacks", NULL);

	pthread_barrier_init(&begin, NULL, THREADS);
	test_equal(pthread_create(&teller_thread, NULL, tell_all_the_time, &teller), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		struct count count = { 0 };
		io_object_t interest = begin_counting(&count, service);

		for (int k = 0; k < THREADS; k++) {
			set_ups[k] = (struct set_up){ count.port, queue, &begin, NULL };
			pthread_create(&threads[k], NULL, set_up, &set_ups[k]);
		}
		for (int k = 0; k < THREADS; k++)
			pthread_join(threads[k], NULL);
		for (int k = 0; k < THREADS; k++)
			test_true(set_ups[k].source && set_ups[k].source == set_ups[0].source);
		IONotificationPortSetDispatchQueue(count.port, queue);
		unsigned calls = atomic_load(&count.calls);
		test_await(atomic_load(&count.calls) > calls);
		dispatch_sync_f(queue, &count, destroy_here);
		IOObjectRelease(interest);
	}
	atomic_store(&teller.ends, true);
	pthread_join(teller_thread, NULL);
	pthread_barrier_destroy(&begin);
	dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
	dispatch_release(queue);
	IOObjectRelease(service);
	IOServiceClose(teller.connect);
	arena_count(rounds * 3);
	arena_end();
}

struct heard {
	mach_port_t port;
	uint64_t expected, got;
};

static void on_completion(void *refcon, IOReturn result, void *argument)
{
	struct heard *heard = refcon;

	(void)result;
	(void)argument;
	heard->got++;
}

/* One connection, a new wake port for every call: each completion comes out of the port of its call. */
HOSTILE(P_L4, the_wake_port_changes_with_every_call)
{
	const uint64_t rounds = test_rounds(500, 10000);

	arena_begin("Methods.dext", NULL);
	io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);
	struct heard heard[METHODS_SLOTS] = { { 0 } };
	IONotificationPortRef ports[METHODS_SLOTS] = { NULL };

	for (uint64_t i = 0; i < rounds + METHODS_SLOTS; i++) {
		uint64_t slot = i % METHODS_SLOTS, in[4] = { slot }, out;
		uint64_t reference[8] = { [kIOAsyncCalloutFuncIndex] = (uintptr_t)on_completion,
					  [kIOAsyncCalloutRefconIndex] = (uintptr_t)&heard[slot] };
		uint32_t n = 1;

		if (ports[slot]) {
			/* Called METHODS_SLOTS calls ago, and completed now. */
			test_equal_error(
				IOConnectCallScalarMethod(c, METHODS_COMPLETE, in, 4, &out, &n), 0);
			test_equal(out, 0);
			test_equal_error(call_async(c, METHODS_FORGET, 0, reference, 1, slot, 1),
					 0);
			while (heard[slot].got != heard[slot].expected) {
				struct {
					mach_msg_header_t header;
					uint8_t rest[512];
				} message;

				test_equal_error(
					mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message),
						 IONotificationPortGetMachPort(ports[slot]), 0, 0),
					0);
				IODispatchCalloutFromMessage(NULL, &message.header, ports[slot]);
			}
			IONotificationPortDestroy(ports[slot]);
			ports[slot] = NULL;
		}
		if (i >= rounds)
			continue;
		ports[slot] = IONotificationPortCreate(kIOMainPortDefault);
		heard[slot].expected++;
		test_equal_error(call_async(c, METHODS_LATER,
					    IONotificationPortGetMachPort(ports[slot]), reference,
					    kIOAsyncCalloutCount, slot, 1),
				 0);
	}
	IOServiceClose(c);
	arena_count(rounds * 4);
	arena_end();
}

/* --- P-L5 ------------------------------------------------------------------------------------------ */

/* It took the reference, then it failed: what it sends later reaches nobody. */
HOSTILE(P_L5, the_driver_fails_after_it_has_accepted)
{
	struct heard heard = { 0 };
	uint64_t reference[8] = { [kIOAsyncCalloutFuncIndex] = (uintptr_t)on_completion,
				  [kIOAsyncCalloutRefconIndex] = (uintptr_t)&heard };

	arena_begin("Methods.dext", NULL);
	io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t wake = IONotificationPortGetMachPort(port);
	int refs = send_refs(wake);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	for (uint64_t i = test_rounds(100, 20000); i--;) {
		uint64_t in[4] = { 3, 1 }, out;
		uint32_t n = 1;

		test_equal_error(call_async(c, METHODS_FAIL_LATER, wake, reference, 3, 3, 1),
				 kIOReturnNoDevice);
		IOConnectCallScalarMethod(c, METHODS_COMPLETE, in, 4, &out, &n);
		call_async(c, METHODS_FORGET, 0, reference, 1, 3, 1);
	}
	while (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true) == kCFRunLoopRunHandledSource)
		;
	test_equal(heard.got, 0);
	test_equal(send_refs(wake), refs);
	IONotificationPortDestroy(port);
	IOServiceClose(c);
	arena_end();
}

/* --- P-L7 ------------------------------------------------------------------------------------------ */

static void *hold(void *context)
{
	IOConnectCallScalarMethod(*(io_connect_t *)context, FIXTURE_HOLD, NULL, 0, NULL, NULL);
	return NULL;
}

static uint64_t count(io_connect_t c, unsigned which)
{
	uint64_t counts[FIXTURE_COUNTS];
	uint32_t n = FIXTURE_COUNTS;

	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, counts, &n), 0);
	return counts[which];
}

static uint64_t count_held(io_connect_t c)
{
	return count(c, FIXTURE_HELD);
}

static uint64_t count_stops(io_connect_t c)
{
	return count(c, FIXTURE_STOPS);
}

enum way { CLOSES, EXITS, IS_KILLED };

/* A child that is inside a method which does not return, and then leaves it by WAY; it says when. */
static _Noreturn void leave(enum way way, int told)
{
	io_connect_t c = world_open("FixtureDriver", 0);
	pthread_t thread;
	uint64_t began;

	alarm(20); /* so that a close that hangs is ended */
	pthread_create(&thread, NULL, hold, &c);
	while (!count_held(c))
		sched_yield();
	began = arena_now_ns();
	if (write(told, &began, sizeof(began)) != sizeof(began))
		_exit(1);
	if (way == CLOSES)
		IOServiceClose(c);
	if (way == EXITS &&
	    !test_is_slow()) /* a leak check would look at a process that is not at rest */
		exit(0);
	while (way == IS_KILLED)
		pause();
	_exit(0);
}

static void check_leaving(io_connect_t c, enum way way, struct arena_times *times)
{
	uint64_t began, closed;
	int told[2];

	test_equal(pipe2(told, O_CLOEXEC), 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		leave(way, told[1]);
	test_equal(read(told[0], &began, sizeof(began)), sizeof(began));
	if (way == IS_KILLED)
		kill(child, SIGKILL);
	test_equal(arena_wait(child), way == IS_KILLED ? 1000 + SIGKILL : 0);
	arena_took(times, arena_now_ns() - began);
	close(told[0]);
	close(told[1]);
	/* The method is inside still; when it returns the driver's part ends, too. */
	closed = count_stops(c);
	test_equal(count_held(c), 1);
	do
		test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_RELEASE, NULL, 0, NULL, NULL),
				 0);
	while (count_held(c) || count_stops(c) == closed);
}

HOSTILE(P_L7, a_method_that_does_not_return_is_left)
{
	struct arena_times times = { .what = "leaving a method", .promised_ns = 1000000000 };

	arena_begin("Fixture.dext", NULL);
	io_connect_t c = world_open("FixtureDriver", 0);

	for (uint64_t i = test_rounds(1, 30); i--;)
		for (enum way way = CLOSES; way <= IS_KILLED; way++)
			check_leaving(c, way, &times);
	arena_judge(&times);
	IOServiceClose(c);
	arena_end();
}

TEST_MAIN
