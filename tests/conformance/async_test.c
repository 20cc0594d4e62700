// SPDX-License-Identifier: MIT
/* I: asynchronous calls and their completions. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "methods.h"
#include "test.h"
#include "world.h"

static io_connect_t c;
static IONotificationPortRef port;
static mach_port_t wake;

static void begin(void)
{
	methods_start();
	c = methods_open(METHODS_TABLE);
	port = IONotificationPortCreate(kIOMainPortDefault);
	wake = IONotificationPortGetMachPort(port);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
}

static void end(void)
{
	if (port)
		IONotificationPortDestroy(port);
	IOServiceClose(c);
	world_stop();
}

struct heard {
	int times;
	int prototype; /* how many arguments it has, 3 for the array */
	IOReturn result;
	uint32_t n;
	uint64_t args[16];
};

static void heard_some(void *context, int prototype, IOReturn result, void **args, uint32_t n)
{
	struct heard *heard = context;

	heard->times++;
	heard->prototype = prototype;
	heard->result = result;
	heard->n = n;
	for (uint32_t i = 0; i < n; i++)
		memcpy(&heard->args[i], &args[i], sizeof(uint64_t));
}

static void hear0(void *context, IOReturn result)
{
	heard_some(context, 0, result, NULL, 0);
}

static void hear1(void *context, IOReturn result, void *arg0)
{
	heard_some(context, 1, result, &arg0, 1);
}

static void hear2(void *context, IOReturn result, void *arg0, void *arg1)
{
	heard_some(context, 2, result, (void *[]){ arg0, arg1 }, 2);
}

static void hear_many(void *context, IOReturn result, void **args, uint32_t n)
{
	heard_some(context, 3, result, args, n);
}

static uint64_t callback_for(uint32_t n)
{
	return n == 0 ? (uintptr_t)hear0
	     : n == 1 ? (uintptr_t)hear1
	     : n == 2 ? (uintptr_t)hear2
		      : (uintptr_t)hear_many;
}

static void fill(io_async_ref64_t reference, uint32_t n, struct heard *heard)
{
	memset(reference, 0, sizeof(io_async_ref64_t));
	reference[kIOAsyncCalloutFuncIndex] = callback_for(n);
	reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)heard;
}

/* A call that the driver keeps in SLOT and will complete with N arguments. */
static void call_later(uint64_t slot, uint32_t n, struct heard *heard)
{
	io_async_ref64_t reference;

	fill(reference, n, heard);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LATER, wake, reference,
							kIOAsyncCalloutCount, &slot, 1, NULL, NULL),
			 0);
}

static uint32_t complete_through(io_connect_t connect, uint64_t slot, uint64_t n, uint32_t status,
				 uint64_t options)
{
	uint64_t in[4] = { slot, n, status, options }, out = 77;

	methods_call(connect, METHODS_COMPLETE, in, 4, &out, 1);
	return (uint32_t)out;
}

static void wait_for(const struct heard *heard, int times)
{
	while (heard->times < times)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
}

static void check_args(const struct heard *heard, uint32_t n)
{
	test_equal(heard->n, n);
	for (uint32_t i = 0; i < n; i++)
		test_equal(heard->args[i], 0x1111111100000000u + i);
}

static void forget(uint64_t slot)
{
	methods_call(c, METHODS_FORGET, &slot, 1, NULL, 0);
}

TEST(I01)
{
	static const uint32_t counts[] = { 0, 1, 2, 3, 16 };

	begin();
	for (size_t i = 0; i < 5; i++) {
		struct heard heard = { 0 };
		uint32_t n = counts[i];

		call_later(i, n, &heard);
		test_equal_error(complete_through(c, i, n, 0xe00002d8, 0), 0);
		wait_for(&heard, 1);
		test_equal(heard.prototype, n > 3 ? 3 : n);
		test_equal_error(heard.result, 0xe00002d8);
		check_args(&heard, n);
		forget(i);
	}
	end();
}

TEST(I02)
{
	struct heard heard = { 0 };

	begin();
	call_later(0, 3, &heard);
	test_equal_error(complete_through(c, 0, 17, 0, 0), kIOReturnMessageTooLarge);
	test_equal_error(complete_through(c, 0, UINT32_MAX, 0, 0), kIOReturnMessageTooLarge);
	test_equal_error(complete_through(c, 0, 16, 5, 0), 0);
	wait_for(&heard, 1);
	test_equal(heard.times, 1);
	test_equal(heard.result, 5);
	forget(0);
	end();
}

TEST(I03)
{
	struct heard heard = { 0 };
	io_async_ref64_t reference;
	uint64_t slot = 0, words[8];

	begin();
	fill(reference, 0, &heard);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, 0, reference, 3, NULL, 0,
							NULL, NULL),
			 0);
	test_equal(methods_saw(c, METHODS_SEEN_WAKE_PORT), 0);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LATER, 0, reference, 3, &slot, 1,
							NULL, NULL),
			 0);
	test_equal_error(complete_through(c, 0, 0, 0, 0), 0);
	/* as macOS: even what is too large is a success when nobody would get it */
	test_equal_error(complete_through(c, 0, 17, 0, 0), 0);
	methods_call(c, METHODS_WORDS, &slot, 1, words, 8);
	test_equal(words[0] & ~3ull, 0);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_equal(heard.times, 0);
	forget(0);
	end();
}

TEST(I04)
{
	begin();
	test_equal_error(
		IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, wake, NULL, 0, NULL, 0, NULL, NULL),
		0);
	test_equal(methods_saw(c, METHODS_SEEN_REFERENCES), 1);
	test_true(methods_saw(c, METHODS_SEEN_WAKE_PORT) != 0);
	end();
}

TEST(I05)
{
	io_async_ref64_t reference = { 0 };

	begin();
	uint64_t entered = methods_count(c, METHODS_N_ENTERED);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, wake, reference, 0, NULL,
							0, NULL, NULL),
			 kIOReturnBadArgument);
	/* hardened: macOS crashes */
	test_equal_error(
		IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, wake, NULL, 3, NULL, 0, NULL, NULL),
		kIOReturnBadArgument);
	test_equal(methods_count(c, METHODS_N_ENTERED), entered + 1);
	end();
}

TEST(I06)
{
	uint64_t reference[9] = { 0 };

	begin();
	uint64_t entered = methods_count(c, METHODS_N_ENTERED);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, wake, reference, 9, NULL,
							0, NULL, NULL),
			 MIG_ARRAY_TOO_LARGE);
	test_equal(methods_count(c, METHODS_N_ENTERED), entered + 1);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, wake, reference, 8, NULL,
							0, NULL, NULL),
			 0);
	test_equal(methods_saw(c, METHODS_SEEN_REFERENCES), 8);
	end();
}

TEST(I07)
{
	struct heard heard = { 0 };
	io_async_ref64_t reference;
	uint64_t slot = 0, words[8];

	begin();
	fill(reference, 0, &heard);
	reference[0] = 0x7777;
	reference[3] = 33; /* beyond the count */
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LATER, wake, reference, 3, &slot,
							1, NULL, NULL),
			 0);
	test_equal(reference[0], 0x7777); /* the caller's own array stays */
	methods_call(c, METHODS_WORDS, &slot, 1, words, 8);
	test_true((words[0] & ~3ull) != 0);
	test_equal(words[0] & 1, 1);
	test_equal(words[1], reference[1]);
	test_equal(words[2], reference[2]);
	test_equal(words[3], 0);
	test_equal(words[7], 0);
	forget(0);
	end();
}

TEST(I08_all_eight_words_come_back)
{
	struct heard heard = { 0 };
	struct {
		mach_msg_header_t header;
		uint8_t rest[512];
	} m;
	io_async_ref64_t reference;
	uint64_t slot = 0, words[8], got[8];
	mach_port_t plain = 0;

	begin();
	test_equal(IOCreateReceivePort(kOSAsyncCompleteMessageID, &plain), 0);
	fill(reference, 0, &heard);
	for (int i = 3; i < 8; i++)
		reference[i] = 100u + (unsigned)i;
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LATER, plain, reference, 8,
							&slot, 1, NULL, NULL),
			 0);
	methods_call(c, METHODS_WORDS, &slot, 1, words, 8);
	test_equal(words[7], 107);
	test_equal_error(complete_through(c, 0, 1, 0, 0), 0);
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), plain, 10000, 0), 0);
	memcpy(got, (uint8_t *)&m + 24 + 8, sizeof(got)); /* OSNotificationHeader64.reference */
	test_equal(got[0], 0);
	for (int i = 1; i < 8; i++)
		test_equal(got[i], reference[i]);
	forget(0);
	mach_port_mod_refs(mach_task_self(), plain, MACH_PORT_RIGHT_RECEIVE, -1);
	end();
}

TEST(I09)
{
	struct heard heard = { 0 };
	io_async_ref64_t reference;
	uint64_t slot = 0;

	begin();
	fill(reference, 0, &heard);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_FAIL_LATER, wake, reference, 3,
							&slot, 1, NULL, NULL),
			 kIOReturnNoDevice);
	/* the right has gone with the failure */
	test_equal_error(complete_through(c, 0, 0, 0, 0), 0x10000003);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_equal(heard.times, 0);
	forget(0);
	end();
}

static void signal_heard(void *context, IOReturn result, void **args, uint32_t n)
{
	dispatch_semaphore_signal(context);
}

TEST(I10)
{
	dispatch_semaphore_t done = dispatch_semaphore_create(0);
	dispatch_queue_t queue = dispatch_queue_create("completions", NULL);
	io_async_ref64_t reference = { 0 };
	uint64_t in[2] = { 5, 0 }, out = 77;
	uint32_t n = 1;

	begin();
	int before = test_count_fds();
	IONotificationPortRef own = IONotificationPortCreate(kIOMainPortDefault);
	IONotificationPortSetDispatchQueue(own, queue);
	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)signal_heard;
	reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)done;
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_NOW,
							IONotificationPortGetMachPort(own),
							reference, 3, in, 2, &out, &n),
			 0);
	test_equal_error(out, 0); /* what sending said */
	test_equal(dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER), 0);
	IONotificationPortDestroy(own);
	while (test_count_fds() > before) /* the port goes on its queue */
		sched_yield();
	end();
	dispatch_release(queue);
	dispatch_release(done);
}

static void sum_of_all(void *context, IOReturn result, void **args, uint32_t n)
{
	uintptr_t sum = 0;

	for (int i = 0; i < kMaxAsyncArgs; i++)
		sum += (uintptr_t)args[i];
	*(uintptr_t *)context = sum + n + (uint32_t)result;
}

/* What the death of a driver looks like for a callback that expects arguments. */
TEST(I01_a_completion_without_arguments_can_be_looked_at)
{
	struct {
		mach_msg_header_t header;
		OSNotificationHeader64 notification;
		IOReturn result;
		uint32_t pad;
	} message = {
		.header = { .msgh_size = sizeof(message), .msgh_id = kOSNotificationMessageID },
		.notification = { .size = 4, .type = kIOAsyncCompletionNotificationType },
		.result = kIOReturnAborted,
	};
	uintptr_t sum = 1;

	message.notification.reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)sum_of_all;
	message.notification.reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)&sum;
	IODispatchCalloutFromMessage(NULL, &message.header, NULL);
	test_equal(sum, (uint32_t)kIOReturnAborted);
}

TEST(I11)
{
	struct heard heard = { 0 };

	begin();
	call_later(0, 0, &heard);
	for (uint32_t i = 1; i <= 5; i++)
		test_equal_error(complete_through(c, 0, 0, i, 0), 0);
	for (int i = 1; i <= 5; i++) {
		wait_for(&heard, i);
		test_equal(heard.result, i);
	}
	forget(0);
	end();
}

static void call_again(void *context, IOReturn result)
{
	struct heard *heard = context;

	heard->times++;
	test_true(methods_count(c, METHODS_N_ENTERED) > 0); /* a call from inside the callback */
	if (heard->times < 3) {
		io_async_ref64_t reference = { 0, (uintptr_t)call_again, (uintptr_t)heard };
		uint64_t in[2] = { 0, 0 }, out;
		uint32_t n = 1;

		test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_NOW, wake, reference, 3,
								in, 2, &out, &n),
				 0);
	}
}

TEST(I12_calls_from_inside_a_callback)
{
	struct heard heard = { 0 };
	io_async_ref64_t reference = { 0, (uintptr_t)call_again, (uintptr_t)&heard };
	uint64_t in[2] = { 0, 0 }, out;
	uint32_t n = 1;

	begin();
	test_equal_error(
		IOConnectCallAsyncScalarMethod(c, METHODS_NOW, wake, reference, 3, in, 2, &out, &n),
		0);
	wait_for(&heard, 3);
	end();
}

TEST(I13)
{
	struct heard heard = { 0 };
	uint32_t status;

	begin();
	call_later(0, 0, &heard);
	IONotificationPortDestroy(port);
	port = NULL;
	/* the receive right goes when nobody uses the port any more */
	while ((status = complete_through(c, 0, 0, 0, 0)) == 0)
		;
	test_equal_error(status, 0x10000003);
	test_equal(heard.times, 0);
	forget(0);
	end();
}

TEST(I14)
{
	struct heard heard = { 0 };
	uint32_t status = 0;
	int sent = 0, waiting = 0;

	begin();
	call_later(0, 1, &heard);
	/* Some fit into the way there; then no more does. */
	while ((status = complete_through(c, 0, 1, 0, 1)) == 0)
		test_true(++sent < 100000);
	test_equal_error(status, 0x10000004);
	for (; waiting < 20; waiting++)
		test_equal_error(complete_through(c, 0, 1, 0, 0), 0);
	wait_for(&heard, sent + waiting);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_equal(heard.times, sent + waiting);
	forget(0);
	end();
}

TEST(I15)
{
	struct heard heard = { 0 };
	io_async_ref64_t reference;
	uint64_t slot = 0, out = 0;
	uint32_t n = 1;
	char bytes[4] = "xxx";
	size_t size = 3;

	begin();
	fill(reference, 1, &heard);
	test_equal_error(IOConnectCallAsyncMethod(c, METHODS_LATER, wake, reference, 3, &slot, 1,
						  NULL, 0, &out, &n, bytes, &size),
			 0);
	test_equal(out, 4711);
	test_equal(n, 1);
	test_equal_text(bytes, "now");
	test_equal_error(complete_through(c, 0, 1, 0, 0), 0);
	wait_for(&heard, 1);
	check_args(&heard, 1);
	forget(0);
	end();
}

TEST(I16)
{
	struct heard heard = { 0 };
	uint64_t in[3] = { 0, 0x1234, 0x5678 }, words[8], before[8];

	begin();
	call_later(0, 0, &heard);
	methods_call(c, METHODS_WORDS, in, 1, before, 8);
	methods_call(c, METHODS_SET_WORDS, in, 3, NULL, 0);
	methods_call(c, METHODS_WORDS, in, 1, words, 8);
	test_equal(words[0], before[0]);
	test_equal(words[1], 0x1234);
	test_equal(words[2], 0x5678);
	/* what the driver writes there calls nothing in the program */
	test_equal_error(complete_through(c, 0, 0, 9, 0), 0);
	wait_for(&heard, 1);
	test_equal(heard.result, 9);
	forget(0);
	end();
}

TEST(I17)
{
	io_async_ref64_t reference = { 0 };
	size_t size = (size_t)-3;
	void *bytes = NULL;

	begin();
	test_equal_error(IOConnectCallAsyncMethod(c, METHODS_LOOK, wake, reference, 3, NULL, 0,
						  NULL, 0, NULL, NULL, &bytes, &size),
			 kIOReturnIPCError);
	test_equal(size, (size_t)-3);
	end();
}

TEST(I18_wake_ports_that_cannot_be_used)
{
	io_async_ref64_t reference = { 0 };
	mach_port_t dead = 0;

	begin();
	uint64_t entered = methods_count(c, METHODS_N_ENTERED);
	io_service_t s = world_service("MethodsDriver");
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, s, reference, 3, NULL, 0,
							NULL, NULL),
			 0x1000000a);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, 0x7654321, reference, 3,
							NULL, 0, NULL, NULL),
			 0x1000000a);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_LOOK, dead, reference, 3, NULL,
							0, NULL, NULL),
			 0x1000000a);
	test_equal(methods_count(c, METHODS_N_ENTERED), entered + 1);
	mach_port_deallocate(mach_task_self(), dead);
	IOObjectRelease(s);
	end();
}

TEST(I19_a_completion_after_the_close)
{
	struct heard heard = { 0 };

	begin();
	io_connect_t other = methods_open(METHODS_TABLE);
	call_later(0, 1, &heard);
	uint64_t stops = methods_count(other, METHODS_N_STOPS);
	test_equal_error(IOServiceClose(c), 0);
	c = other;
	methods_await(c, METHODS_N_STOPS, stops + 1);
	test_equal_error(complete_through(c, 0, 1, 3, 0), 0);
	wait_for(&heard, 1);
	test_equal(heard.result, 3);
	check_args(&heard, 1);
	forget(0);
	end();
}

TEST(I19_a_released_reference)
{
	struct heard heard = { 0 };

	begin();
	call_later(0, 0, &heard);
	forget(0);
	uint64_t in[4] = { 0 }, out;
	uint32_t n = 1;
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_COMPLETE, in, 4, &out, &n),
			 kIOReturnNotFound);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_equal(heard.times, 0);
	end();
}

TEST(I19_the_driver_dies)
{
	struct heard heard = { 0 };

	begin();
	call_later(0, 0, &heard);
	pid_t host = world_host_pid("org.portico.test.Methods");
	test_true(host > 0);
	kill(host, SIGKILL);
	wait_for(&heard, 1);
	test_equal_error(heard.result, kIOReturnAborted);
	end();
}

TEST(I20)
{
	struct heard heard = { 0 };

	begin();
	call_later(0, 3, &heard);
	test_equal_error(complete_through(c, 0, 3, 0, 0), 0);
	wait_for(&heard, 1);
	check_args(&heard, 3);
	forget(0);
	end();
}

static void hear_legacy(void *context, IOReturn result, void *arg0)
{
	heard_some(context, 1, result, &arg0, 1);
}

TEST(I20_legacy_tables_complete_too)
{
	struct heard heard = { 0 };
	io_async_ref64_t reference = { 0, (uintptr_t)hear_legacy, (uintptr_t)&heard };
	uint64_t in = 0x42;

	begin();
	io_connect_t legacy = methods_open(METHODS_LEGACY);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(legacy, 0, wake, reference, 3, &in, 1, NULL, NULL),
		0);
	wait_for(&heard, 1);
	test_equal(heard.args[0], 0x42);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(legacy, 1, wake, reference, 3, &in, 1, NULL, NULL),
		kIOReturnUnsupported);
	IOServiceClose(legacy);
	end();
}

TEST_MAIN
