// SPDX-License-Identifier: MIT
/* Asynchronous calls: the same events through run loop, dispatch queue, mach_msg and poll. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>
#include <portico/port.h>

#include "test.h"
#include "world.h"

enum { ADD, ADD_LATER = 4, REPEAT = 5, FAIL_LATER = 6, OPENS = 8 };

struct record {
	_Atomic int calls[4]; /* by callback kind */
	_Atomic int total;
	uint64_t argument;
	uint64_t next_index;
	_Atomic bool in_order;
	_Atomic uint32_t result;
	dispatch_semaphore_t done;
	dispatch_queue_t queue;
	int wanted;
};

static int queue_key;

static void note(struct record *r, int kind, IOReturn result)
{
	if (r->queue && dispatch_get_specific(&queue_key) != r)
		test_fail(__FILE__, __LINE__, "callback on a foreign queue");
	atomic_fetch_add(&r->calls[kind], 1);
	atomic_store(&r->result, (uint32_t)result);
	if (atomic_fetch_add(&r->total, 1) + 1 == r->wanted && r->done)
		dispatch_semaphore_signal(r->done);
}

static void none(void *refcon, IOReturn result)
{
	note(refcon, 0, result);
}

static void one(void *refcon, IOReturn result, void *argument)
{
	((struct record *)refcon)->argument = (uint64_t)(uintptr_t)argument;
	note(refcon, 1, result);
}

static void many(void *refcon, IOReturn result, void **arguments, uint32_t n)
{
	struct record *r = refcon;
	uint64_t index;

	test_equal(n, 3);
	memcpy(&index, &arguments[0], sizeof(index));
	if (index != r->next_index++)
		atomic_store(&r->in_order, false);
	note(r, 3, result);
}

static void fill(io_async_ref64_t reference, void *callback, void *refcon)
{
	memset(reference, 0, sizeof(io_async_ref64_t));
	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)callback;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)refcon;
}

static kern_return_t start(io_connect_t c, IONotificationPortRef port, uint32_t selector,
			   const uint64_t *in, uint32_t n_in, void *callback, struct record *r)
{
	io_async_ref64_t reference;
	uint32_t n_out = 0;

	fill(reference, callback, r);
	return IOConnectCallAsyncScalarMethod(c, selector, IONotificationPortGetMachPort(port),
					      reference, kIOAsyncCalloutCount, in, n_in, NULL,
					      &n_out);
}

/* One of each: addLater (1 argument), repeat (3 arguments, five times), failLater (none). */
static void start_all(io_connect_t c, IONotificationPortRef port, struct record *r)
{
	uint64_t add[3] = { 40, 2, 1000 }, repeat[2] = { 5, 1000 };
	uint64_t fail[2] = { (uint32_t)kIOReturnNoSpace, 1000 };

	atomic_store(&r->in_order, true);
	r->wanted = 7;
	test_equal_error(start(c, port, ADD_LATER, add, 3, (void *)one, r), 0);
	test_equal_error(start(c, port, REPEAT, repeat, 2, (void *)many, r), 0);
	test_equal_error(start(c, port, FAIL_LATER, fail, 2, (void *)none, r), 0);
}

static void check_all(struct record *r)
{
	test_equal(r->total, 7);
	test_equal(r->calls[0], 1);
	test_equal(r->calls[1], 1);
	test_equal(r->calls[3], 5);
	test_equal(r->argument, 42);
	test_true(r->in_order);
}

TEST(on_a_dispatch_queue)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	struct record r = { .done = dispatch_semaphore_create(0) };
	dispatch_queue_t queue = dispatch_queue_create("results", DISPATCH_QUEUE_SERIAL);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	r.queue = queue;
	dispatch_queue_set_specific(queue, &queue_key, &r, NULL);
	IONotificationPortSetDispatchQueue(port, queue);
	start_all(c, port, &r);
	dispatch_semaphore_wait(r.done, DISPATCH_TIME_FOREVER);
	check_all(&r);
	IOServiceClose(c);
	IONotificationPortDestroy(port);
	dispatch_release(queue);
	dispatch_release(r.done);
	world_stop();
}

TEST(on_a_run_loop)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	struct record r = { .wanted = 0 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopSourceRef source = IONotificationPortGetRunLoopSource(port);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode);
	start_all(c, port, &r);
	while (r.total < 7)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	check_all(&r);
	IOServiceClose(c);
	IONotificationPortDestroy(port);
	world_stop();
}

static void receive_one(mach_port_t port)
{
	union {
		mach_msg_header_t header;
		char space[8192];
	} m;

	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0), 0);
	test_equal(m.header.msgh_id, kOSNotificationMessageID);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
}

TEST(with_mach_msg)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	struct record r = { .wanted = 0 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	start_all(c, port, &r);
	while (r.total < 7)
		receive_one(IONotificationPortGetMachPort(port));
	check_all(&r);
	IOServiceClose(c);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST(with_poll)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	struct record r = { .wanted = 0 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t name = IONotificationPortGetMachPort(port);
	struct pollfd p = { .fd = portico_port_get_descriptor(name), .events = POLLIN };

	test_true(p.fd >= 0);
	start_all(c, port, &r);
	while (r.total < 7) {
		union {
			mach_msg_header_t header;
			char space[8192];
		} m;

		test_equal(poll(&p, 1, -1), 1);
		if (mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), name, 0,
			     0) == 0)
			IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	}
	check_all(&r);
	IOServiceClose(c);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST(close_aborts_what_is_outstanding)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	struct record r = { .wanted = 1 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	uint64_t in[3] = { 1, 2, 3600ull * 1000000000 }, out[4];
	uint32_t n = 4;

	test_equal_error(start(c, port, ADD_LATER, in, 3, (void *)none, &r), 0);
	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, out, &n), 0);
	test_equal(out[3], 1);
	IOServiceClose(c);
	while (!r.total)
		receive_one(IONotificationPortGetMachPort(port));
	test_equal_error(r.result, kIOReturnAborted);
	IONotificationPortDestroy(port);
	world_stop();
}

static void call_again(void *refcon, IOReturn result, void *argument)
{
	io_connect_t c = *(io_connect_t *)refcon;
	uint64_t in[2] = { (uint64_t)(uintptr_t)argument, 1 }, out[1] = { 0 };
	uint32_t n = 1;

	test_equal_error(result, 0);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), 0);
	test_equal(out[0], 43);
	CFRunLoopStop(CFRunLoopGetCurrent());
}

TEST(a_callback_may_call_on_the_same_connection)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	uint64_t in[3] = { 40, 2, 0 };
	io_async_ref64_t reference;
	uint32_t n = 0;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	fill(reference, (void *)call_again, &c);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, ADD_LATER,
							IONotificationPortGetMachPort(port),
							reference, 3, in, 3, NULL, &n),
			 0);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 30, false), kCFRunLoopRunStopped);
	IOServiceClose(c);
	IONotificationPortDestroy(port);
	world_stop();
}

/* P-L4: completions in flight while the port of the next call is another, and ports come and go. */
struct slot {
	IONotificationPortRef port;
	int expected, seen;
	bool gone;
};

static struct slot *now_receiving;

static void check_slot(void *refcon, IOReturn result, void *argument)
{
	struct slot *slot = refcon;

	test_true(slot == now_receiving && !slot->gone);
	test_equal((uint64_t)(uintptr_t)argument, 42);
	slot->seen++;
}

static void receive_slot(struct slot *slot)
{
	now_receiving = slot;
	while (slot->seen < slot->expected)
		receive_one(IONotificationPortGetMachPort(slot->port));
}

TEST(spec_pl4_completions_reach_the_port_of_their_call)
{
	enum { PORTS = 4, GENERATIONS = 10, CALLS = 25 };
	static struct slot slots[PORTS][GENERATIONS];

	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[3] = { 40, 2, 0 };
	io_async_ref64_t reference;
	uint32_t n = 0;

	for (int generation = 0; generation < GENERATIONS; generation++) {
		for (int i = 0; i < PORTS; i++)
			slots[i][generation].port = IONotificationPortCreate(kIOMainPortDefault);
		for (int call = 0; call < CALLS * PORTS; call++) {
			struct slot *slot = &slots[call % PORTS][generation];

			in[2] = (uint64_t)(call % 7) * 20000;
			fill(reference, (void *)check_slot, slot);
			test_equal_error(IOConnectCallAsyncScalarMethod(
						 c, ADD_LATER,
						 IONotificationPortGetMachPort(slot->port),
						 reference, 3, in, 3, NULL, &n),
					 0);
			slot->expected++;
		}
		for (int i = 0; i < PORTS; i++) {
			/* The last one goes with completions still under way. */
			if (i < PORTS - 1)
				receive_slot(&slots[i][generation]);
			slots[i][generation].gone = true;
			IONotificationPortDestroy(slots[i][generation].port);
		}
	}
	IOServiceClose(c);
	world_stop();
}

/* P-L3: the connection is closed, and the port destroyed, by the callback itself. */
struct closing {
	io_connect_t connect;
	IONotificationPortRef port;
	int calls;
	dispatch_semaphore_t done;
};

static void close_inside(void *refcon, IOReturn result, void *argument)
{
	struct closing *closing = refcon;

	test_equal(closing->calls++, 0);
	test_equal_error(IOServiceClose(closing->connect), 0);
	IONotificationPortDestroy(closing->port);
	if (closing->done)
		dispatch_semaphore_signal(closing->done);
	else
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static void begin_closing(struct closing *closing)
{
	uint64_t in[3] = { 40, 2, 0 };
	io_async_ref64_t reference;
	uint32_t n = 0;

	closing->calls = 0;
	closing->connect = world_open("CalculatorDriver", 0);
	closing->port = IONotificationPortCreate(kIOMainPortDefault);
	fill(reference, (void *)close_inside, closing);
	/* The others are outstanding, or in the queue, when the first one closes. */
	for (int i = 0; i < 10; i++) {
		test_equal_error(
			IOConnectCallAsyncScalarMethod(closing->connect, ADD_LATER,
						       IONotificationPortGetMachPort(closing->port),
						       reference, 3, in, 3, NULL, &n),
			0);
		in[2] = i < 5 ? 0 : 3600ull * 1000000000;
	}
}

static void nothing(void *context)
{
}

TEST(spec_pl3_close_inside_a_callback)
{
	dispatch_queue_t queue = dispatch_queue_create("closing", NULL);
	struct closing closing = { 0 };

	world_start();
	for (int i = 0; i < 20; i++) {
		begin_closing(&closing);
		CFRunLoopAddSource(CFRunLoopGetCurrent(),
				   IONotificationPortGetRunLoopSource(closing.port),
				   kCFRunLoopDefaultMode);
		test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 30, false),
			   kCFRunLoopRunStopped);
		test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false),
			   CFRunLoopGetCurrent() == CFRunLoopGetMain() ? kCFRunLoopRunTimedOut
								       : kCFRunLoopRunFinished);
	}
	closing.done = dispatch_semaphore_create(0);
	for (int i = 0; i < 20; i++) {
		begin_closing(&closing);
		IONotificationPortSetDispatchQueue(closing.port, queue);
		dispatch_semaphore_wait(closing.done, DISPATCH_TIME_FOREVER);
		/* Behind the cancel handler. */
		dispatch_sync_f(queue, &closing, nothing);
	}
	dispatch_release(closing.done);
	dispatch_release(queue);
	world_stop();
}

TEST_MAIN
