// SPDX-License-Identifier: MIT
/* Completions in great numbers: in order, all of them, however they are received and whoever dies. */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>
#include <portico/port.h>

#include "Torrent.h"
#include "test.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MANY = 50000 };
#else
enum { MANY = 1000000 };
#endif
enum { THREADS = 8, QUEUED_MAX = 65534 + 1024 };

/* What one call has got. */
struct call {
	uint64_t expected;     /* completions, 0: until the abort */
	_Atomic uint64_t seen; /* in order */
	_Atomic int aborted;
};

static atomic_int n_open; /* calls with less than they expect */
static dispatch_semaphore_t all_seen;
static CFRunLoopRef loop_to_stop;

static void end_call(void)
{
	if (atomic_fetch_sub(&n_open, 1) != 1)
		return;
	if (all_seen)
		dispatch_semaphore_signal(all_seen);
	if (loop_to_stop)
		CFRunLoopStop(loop_to_stop);
}

static void completed(void *refcon, IOReturn result, void **arguments, uint32_t n)
{
	struct call *call = refcon;
	uint64_t index = (uint64_t)(uintptr_t)arguments[0];

	test_equal(atomic_load(&call->aborted), 0);
	if (n == 0) {
		test_equal_error(result, kIOReturnAborted);
		atomic_store(&call->aborted, 1);
		end_call();
		return;
	}
	test_equal(n, 3);
	test_equal_error(result, 0);
	test_equal(index, atomic_load(&call->seen));
	if (atomic_fetch_add(&call->seen, 1) + 1 == call->expected)
		end_call();
}

static kern_return_t receive(IONotificationPortRef port, mach_msg_option_t option)
{
	union {
		mach_msg_header_t header;
		char space[4096];
	} m;
	kern_return_t result = mach_msg(&m.header, MACH_RCV_MSG | option, 0, sizeof(m),
					IONotificationPortGetMachPort(port), 0, 0);

	if (!result)
		IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	return result;
}

static void start(io_connect_t c, IONotificationPortRef port, struct call *call, uint64_t count,
		  bool insists)
{
	uint64_t in[2] = { count, insists };
	io_async_ref64_t reference = { 0 };
	kern_return_t status;
	uint32_t n = 0;

	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)completed;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)call;
	atomic_fetch_add(&n_open, 1);
	for (;;) {
		status = IOConnectCallAsyncScalarMethod(
			c, TORRENT_STREAM, IONotificationPortGetMachPort(port), reference,
			kIOAsyncCalloutCount, in, 2, NULL, &n);
		if (status != kIOReturnNoResources)
			break;
		/* Others have filled the queue. */
		test_equal_error(receive(port, 0), 0);
	}
	test_equal_error(status, 0);
}

static void get_counts(io_connect_t c, uint64_t out[3])
{
	uint32_t n = 3;

	test_equal_error(IOConnectCallScalarMethod(c, TORRENT_COUNTS, NULL, 0, out, &n), 0);
}

static void await_driver(io_connect_t c, uint64_t out[3])
{
	do
		get_counts(c, out);
	while (out[2]);
}

static io_connect_t begin(void)
{
	atomic_store(&n_open, 0);
	world_start_with_bundle("Torrent.dext");
	return world_open("Torrent", 0);
}

static void end(io_connect_t c, IONotificationPortRef port)
{
	IOServiceClose(c);
	if (port)
		IONotificationPortDestroy(port);
	world_stop();
}

TEST(a_million_with_mach_msg)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct call call = { .expected = MANY };

	start(c, port, &call, MANY, true);
	while (atomic_load(&n_open))
		test_equal_error(receive(port, 0), 0);
	test_equal(call.seen, MANY);
	end(c, port);
}

TEST(a_million_on_a_dispatch_queue)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	dispatch_queue_t queue = dispatch_queue_create("completions", DISPATCH_QUEUE_SERIAL);
	struct call call = { .expected = MANY };

	all_seen = dispatch_semaphore_create(0);
	IONotificationPortSetDispatchQueue(port, queue);
	start(c, port, &call, MANY, true);
	dispatch_semaphore_wait(all_seen, DISPATCH_TIME_FOREVER);
	test_equal(call.seen, MANY);
	end(c, port);
	dispatch_release(queue);
	dispatch_release(all_seen);
	all_seen = NULL;
}

TEST(a_million_on_a_run_loop)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct call call = { .expected = MANY };

	loop_to_stop = CFRunLoopGetCurrent();
	CFRunLoopAddSource(loop_to_stop, IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	start(c, port, &call, MANY, true);
	while (atomic_load(&n_open))
		CFRunLoopRun();
	test_equal(call.seen, MANY);
	loop_to_stop = NULL;
	end(c, port);
}

/* One message for each time that the descriptor is readable, and there always is one: the receive has
 * no time limit. */
TEST(a_million_with_poll)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct pollfd p = {
		.fd = portico_port_get_descriptor(IONotificationPortGetMachPort(port)),
		.events = POLLIN,
	};
	struct call call = { .expected = MANY };

	start(c, port, &call, MANY, true);
	while (atomic_load(&n_open)) {
		test_equal(poll(&p, 1, -1), 1);
		test_equal_error(receive(port, 0), 0);
	}
	test_equal(call.seen, MANY);
	test_equal(poll(&p, 1, 0), 0);
	end(c, port);
}

TEST(each_of_eight_driver_threads_is_in_order)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct call calls[THREADS] = { 0 };

	for (int i = 0; i < THREADS; i++)
		calls[i].expected = MANY / THREADS;
	for (int i = 0; i < THREADS; i++)
		start(c, port, &calls[i], MANY / THREADS, true);
	while (atomic_load(&n_open))
		test_equal_error(receive(port, 0), 0);
	for (int i = 0; i < THREADS; i++)
		test_equal(calls[i].seen, MANY / THREADS);
	end(c, port);
}

/* Bounded, counted, and what was accepted comes. */
TEST(who_does_not_read_gets_what_was_accepted)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct call call = { .expected = UINT64_MAX };
	uint64_t counts[3];

	start(c, port, &call, 3 * QUEUED_MAX, false);
	await_driver(c, counts);
	test_equal(counts[0] + counts[1], 3 * QUEUED_MAX);
	test_true(counts[0] >= 65534 && counts[0] <= QUEUED_MAX);
	while (call.seen < counts[0])
		test_equal_error(receive(port, 0), 0);
	test_equal_error(receive(port, MACH_RCV_TIMEOUT), MACH_RCV_TIMED_OUT);
	/* And it goes on as before. */
	atomic_store(&n_open, 0);
	call = (struct call){ .expected = 1000 };
	start(c, port, &call, 1000, true);
	while (atomic_load(&n_open))
		test_equal_error(receive(port, 0), 0);
	end(c, port);
}

TEST(a_port_is_destroyed_under_a_stream)
{
	io_connect_t c = begin();
	struct call call = { .expected = UINT64_MAX };
	uint64_t counts[3];

	for (int i = 0; i < 20; i++) {
		IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

		call = (struct call){ .expected = UINT64_MAX };
		start(c, port, &call, MANY, true);
		while (call.seen < (uint64_t)i * 100)
			test_equal_error(receive(port, 0), 0);
		IONotificationPortDestroy(port);
		/* The driver notices, and nothing comes any more. */
		await_driver(c, counts);
	}
	end(c, 0);
}

TEST(a_connection_is_closed_under_streams)
{
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct call calls[THREADS] = { 0 };
	uint64_t counts[3];

	for (int i = 0; i < THREADS; i++)
		start(c, port, &calls[i], UINT32_MAX, true);
	for (int i = 0; i < 5000; i++)
		test_equal_error(receive(port, 0), 0);
	IOServiceClose(c);
	/* A driver may complete calls of a connection that is closed. */
	for (int i = 0; i < 5000; i++)
		test_equal_error(receive(port, 0), 0);
	IONotificationPortDestroy(port);
	/* Now its threads hear that nobody listens. */
	c = world_open("Torrent", 0);
	await_driver(c, counts);
	end(c, 0);
}

TEST(the_host_is_killed_under_streams)
{
	if (!world_is_daemon()) {
		test_skip("kills a process");
		return;
	}
	io_connect_t c = begin();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	struct call calls[THREADS] = { 0 };

	for (int i = 0; i < THREADS; i++)
		start(c, port, &calls[i], UINT32_MAX, true);
	for (int i = 0; i < 5000; i++)
		test_equal_error(receive(port, 0), 0);
	test_equal(kill(world_host_pid("org.portico.test.Torrent"), SIGKILL), 0);
	/* What lies in the ring comes first, then exactly one abort for each call. */
	while (atomic_load(&n_open))
		test_equal_error(receive(port, 0), 0);
	for (int i = 0; i < THREADS; i++)
		test_equal(calls[i].aborted, 1);
	test_equal_error(receive(port, MACH_RCV_TIMEOUT), MACH_RCV_TIMED_OUT);
	end(c, port);
}

TEST_MAIN
