// SPDX-License-Identifier: MIT
/*
 * A driver completes an asynchronous call over and over; the client is called
 * on a dispatch queue, or receives with mach_msg.
 */
#include "ours/ours.h"

#include <stdlib.h>

#include <IOKit/IOKitLib.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "contestant.h"
#include "drivers/BenchStream.dext/stream.h"
#include "ours/stream.h"
#include "timing.h"

static io_connect_t connection;
static IONotificationPortRef port;
static dispatch_semaphore_t done; /* NULL: this thread receives */

/* What is awaited; the receiving thread's while it lasts. */
static struct {
	uint64_t left, last;
	uint64_t *times; /* or NULL */
	size_t n_times;
	bool wrong;
} awaited;

static void completed(void *refcon, IOReturn result, void *argument)
{
	uint64_t word = (uint64_t)(uintptr_t)argument;

	if (awaited.times)
		awaited.times[awaited.n_times++] = bench_now_ns() - word;
	else if (awaited.last != UINT64_MAX && word != awaited.last + 1)
		awaited.wrong = true;
	awaited.last = word;
	awaited.wrong |= result != kIOReturnSuccess;
	if (!--awaited.left && done)
		dispatch_semaphore_signal(done);
}

static bool receive_here(void)
{
	union {
		mach_msg_header_t header;
		uint8_t space[1024];
	} message;
	mach_port_t name = IONotificationPortGetMachPort(port);

	while (awaited.left) {
		kern_return_t kr = mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message), name,
					    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);

		if (kr) {
			bench_complain("completion: mach_msg returned 0x%x", kr);
			return false;
		}
		IODispatchCalloutFromMessage(NULL, &message.header, port);
	}
	return true;
}

static bool receive(uint64_t n, uint64_t *times)
{
	awaited.left = n;
	awaited.last = UINT64_MAX;
	awaited.times = times;
	awaited.n_times = 0;
	awaited.wrong = false;
	if (!stream_send(connection, STREAM_COMPLETION, n, 0, times))
		return false;
	if (done)
		dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	else if (!receive_here())
		return false;
	if (awaited.wrong)
		bench_complain("completion: one is wrong");
	return !awaited.wrong;
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	return receive(n, NULL) ? bench_now_ns() - start : 0;
}

static size_t run_cold(uint64_t n, double *values)
{
	uint64_t *times = calloc(n, sizeof(*times)), began = bench_now_ns();
	size_t count = times && receive(n, times) ? bench_percentiles(times, n, began, values) : 0;

	free(times);
	return count;
}

static bool open_port(bool on_queue)
{
	io_async_ref64_t reference = { 0 };
	kern_return_t kr;

	connection = stream_open();
	port = IONotificationPortCreate(kIOMainPortDefault);
	if (!connection || !port)
		return false;
	if (on_queue) {
		done = dispatch_semaphore_create(0);
		IONotificationPortSetDispatchQueue(port, dispatch_queue_create("bench", NULL));
	}
	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)completed;
	kr = IOConnectCallAsyncScalarMethod(connection, STREAM_WATCH,
					    IONotificationPortGetMachPort(port), reference,
					    kIOAsyncCalloutCount, NULL, 0, NULL, NULL);
	if (kr)
		bench_complain("completion: the call was not accepted: 0x%x", kr);
	return !kr;
}

int ours_completion_queue(uint64_t unused)
{
	return open_port(true) ? bench_serve(run) : 1;
}

int ours_completion_queue_cold(uint64_t unused)
{
	return open_port(true) ? bench_serve_values(run_cold) : 1;
}

int ours_completion_message(uint64_t unused)
{
	return open_port(false) ? bench_serve(run) : 1;
}

int ours_completion_message_cold(uint64_t unused)
{
	return open_port(false) ? bench_serve_values(run_cold) : 1;
}
