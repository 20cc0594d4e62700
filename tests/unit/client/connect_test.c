// SPDX-License-Identifier: MIT
/* Connections: opening, calls, asynchronous results, memory, and how they end. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "base/fd.h"
#include "client/connect.h"
#include "client/release.h"
#include "client/session.h"
#include "client/watcher.h"
#include "failing.h"
#include "fake.h"
#include "test.h"
#include "wire/async.h"
#include "wire/call.h"
#include "wire/notice.h"

static struct fake fake;
static io_service_t service;

static io_connect_t start(void)
{
	io_connect_t connect = 0;

	fake_start(&fake, NULL);
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_true(service != 0);
	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &connect), 0);
	test_true(connect != 0);
	return connect;
}

static void end(void)
{
	IOObjectRelease(service);
	fake_end(&fake);
}

TEST(spec_k06_k07_open_refuses)
{
	io_connect_t connect = 0, other = 7;
	io_registry_entry_t root;

	connect = start();
	root = IORegistryGetRootEntry(0);
	test_equal_error(IOServiceOpen(service, 0, 0, &other), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(root, mach_task_self(), 0, &other), kIOReturnBadArgument);
	other = 7;
	test_equal_error(IOServiceOpen(service, mach_task_self(), 1, &other),
			 kIOReturnNotPrivileged);
	test_equal(other, 0);
	test_equal_error(IOServiceOpen(0, mach_task_self(), 0, &other), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceOpen(connect, mach_task_self(), 0, &other), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, NULL), kIOReturnBadArgument);
	test_equal_error(IOServiceClose(connect), 0);
	test_equal(fake.closes, 1);
	test_equal_error(IOServiceClose(connect), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceClose(0), MACH_SEND_INVALID_DEST);
	/* A service is no connection, but loses its reference. */
	IOObjectRetain(root);
	test_equal_error(IOServiceClose(root), kIOReturnBadArgument);
	test_equal(IOObjectGetUserRetainCount(root), 1);
	IOObjectRelease(root);
	end();
}

TEST(calls_carry_scalars_and_structures)
{
	io_connect_t connect = start();
	uint64_t input[16], output[16] = { 0 };
	uint32_t n = 1;
	char text[16] = "";
	size_t size = sizeof(text);
	char *big = malloc(1 << 20), *big_back = malloc(1 << 20);

	for (int i = 0; i < 16; i++)
		input[i] = (1ull << 40) + i;
	test_equal_error(IOConnectCallScalarMethod(connect, 0, input, 16, output, &n), 0);
	test_equal(output[0], (16ull << 40) + 120);
	test_equal(n, 1);
	test_equal_error(IOConnectCallStructMethod(connect, 0, "abcdef", 6, text, &size), 0);
	test_equal(size, 6);
	test_equal(memcmp(text, "fedcba", 6), 0);
	memset(big, 1, 1 << 20);
	big[0] = 7;
	size = 1 << 20;
	test_equal_error(IOConnectCallStructMethod(connect, 0, big, 1 << 20, big_back, &size), 0);
	test_equal(size, 1 << 20);
	test_equal(big_back[(1 << 20) - 1], 7);
	/* spec J11, J12: no room asked for */
	test_equal_error(IOConnectCallMethod(connect, 0, input, 2, NULL, 0, NULL, NULL, NULL, NULL),
			 0);
	free(big);
	free(big_back);
	IOServiceClose(connect);
	end();
}

TEST(spec_j04_j05_boundary_of_inline_structures)
{
	io_connect_t connect = start();
	uint64_t seen[4];
	uint32_t n = 4;
	char in[4097] = "", out[5000];
	size_t size = 4096;

	test_equal(IOConnectCallMethod(connect, 6, NULL, 0, in, 4096, seen, &n, out, &size), 0);
	test_equal(seen[0], 0);
	test_equal(seen[1], 4096);
	size = 4097;
	n = 4;
	test_equal(IOConnectCallMethod(connect, 6, NULL, 0, in, 4097, seen, &n, out, &size), 0);
	test_equal(seen[0], 2 | 4);
	test_equal(seen[2], 4097);
	IOServiceClose(connect);
	end();
}

TEST(errors_leave_outputs_alone)
{
	io_connect_t connect = start();
	uint64_t input[17] = { 0 }, output[2] = { 5, 6 };
	uint32_t n = 1;
	size_t size = 5000000000;
	char byte = 9;

	test_equal_error(IOConnectCallScalarMethod(connect, 1, input, 1, output, &n), 0x12345678);
	test_equal(output[0], 5);
	test_equal(n, 1);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, input, 17, output, &n),
			 MIG_ARRAY_TOO_LARGE);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 1, output, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(connect, 0, NULL, 1, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(connect, 0, NULL, 0, &byte, &size),
			 kIOReturnIPCError);
	test_equal(size, 5000000000);
	/* spec J30 */
	test_equal_error(IOConnectCallScalarMethod(connect, 2, NULL, 0, output, &n),
			 MIG_ARRAY_TOO_LARGE);
	test_equal(output[0], 1);
	test_equal(output[1], 6);
	/* spec J23 and wrong families */
	n = 1;
	test_equal_error(IOConnectCallScalarMethod(0, 0, NULL, 0, output, &n),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectCallScalarMethod(service, 0, NULL, 0, output, &n),
			 kIOReturnBadArgument);
	IOServiceClose(connect);
	end();
}

TEST(closed_connection_is_no_destination_whatever_is_asked)
{
	io_connect_t connect = start();
	size_t size = 5000000000;
	char byte = 9;

	IOConnectAddRef(connect);
	test_equal_error(IOServiceClose(connect), 0);
	test_equal_error(IOConnectCallStructMethod(connect, 0, NULL, 0, &byte, &size),
			 MACH_SEND_INVALID_DEST);
	test_equal(size, 5000000000);
	IOConnectRelease(connect);
	end();
}

TEST(spec_j19_variable_output)
{
	io_connect_t connect = start();
	void *data = (void *)1;
	size_t size = (size_t)kIOConnectMethodVarOutputSize;
	char in[10000];

	memset(in, 3, sizeof(in));
	test_equal_error(IOConnectCallStructMethod(connect, 0, in, sizeof(in), &data, &size), 0);
	test_equal(size, sizeof(in));
	test_equal(((char *)data)[9999], 3);
	test_equal(vm_deallocate(mach_task_self(), (vm_address_t)data, size), 0);
	size = (size_t)kIOConnectMethodVarOutputSize;
	data = (void *)1;
	test_equal_error(IOConnectCallStructMethod(connect, 1, in, 1, &data, &size), 0x12345678);
	test_true(data == NULL && size == 0);
	IOServiceClose(connect);
	end();
}

TEST(lying_host_loses_the_connection)
{
	io_connect_t connect = start();
	uint64_t output[2] = { 5, 6 };
	uint32_t n = 2;

	test_equal_error(IOConnectCallScalarMethod(connect, 3, NULL, 0, output, &n),
			 kIOReturnIPCError);
	test_equal(output[0], 5);
	test_equal(output[1], 6);
	test_equal(n, 2);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 0, output, &n),
			 MACH_SEND_INVALID_DEST);
	test_equal(IOObjectRelease(connect), 0);
	end();
}

TEST(dying_host_ends_calls)
{
	io_connect_t connect = start();

	test_equal_error(IOConnectCallScalarMethod(connect, 4, NULL, 0, NULL, NULL),
			 kIOReturnOffline);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectAddRef(connect), KERN_INVALID_RIGHT);
	test_equal_error(IOServiceClose(connect), MACH_SEND_INVALID_DEST);
	test_equal(IOObjectRelease(connect), KERN_INVALID_NAME);
	end();
}

/* Between the hang-up and the death of the name: no mappings, so the handle stands for nothing. */
TEST(spec_k16_lost_connection_without_mappings_is_no_destination)
{
	io_connect_t connect = start();
	struct client_connection *connection;

	test_equal_error(client_connection_find(connect, &connection), 0);
	atomic_store(&connection->lost, true);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	atomic_store(&connection->lost, false);
	client_connection_unref(connection);
	test_equal_error(IOServiceClose(connect), 0);
	end();
}

TEST(last_release_is_a_close)
{
	io_connect_t connect = start();

	test_equal(IOConnectAddRef(connect), 0);
	test_equal(IOConnectRelease(connect), 0);
	test_equal(IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, NULL), 0);
	test_equal(IOConnectRelease(connect), 0);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	end();
}

TEST(other_requests)
{
	io_connect_t connect = start();
	io_service_t same = 0;

	test_equal(IOConnectGetService(connect, &same), 0);
	test_equal(same, service);
	IOObjectRelease(same);
	test_equal_error(IOConnectGetService(connect, NULL), kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperties(connect, NULL), kIOReturnUnsupported);
	test_equal_error(IOConnectSetCFProperty(connect, CFSTR("a"), CFSTR("b")),
			 kIOReturnUnsupported);
	test_equal_error(IOConnectAddClient(connect, service), kIOReturnBadArgument);
	test_equal_error(IOConnectAddClient(connect, connect), kIOReturnUnsupported);
	test_equal(IOConnectTrap6(connect, 3, 1, 2, 3, 4, 5, 6), 21);
	test_equal(IOConnectTrap0(connect, 3), 0);
	test_equal_error(IOConnectTrap1(0, 0, 1), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap1(service, 0, 1), kIOReturnBadArgument);
	IOServiceClose(connect);
	end();
}

/* --- asynchronous calls ----------------------------------------------------------- */

static int n_calls;
static IOReturn last_result;
static uint64_t last_arguments[16];
static uint32_t n_last;

static void callback0(void *refcon, IOReturn result)
{
	test_true(refcon == &n_calls);
	n_calls++;
	last_result = result;
	n_last = 0;
}

static void callback2(void *refcon, IOReturn result, void *a, void *b)
{
	callback0(refcon, result);
	last_arguments[0] = (uintptr_t)a;
	last_arguments[1] = (uintptr_t)b;
	n_last = 2;
}

static void callback_many(void *refcon, IOReturn result, void **arguments, uint32_t n)
{
	callback0(refcon, result);
	memcpy(last_arguments, arguments, n * sizeof(void *));
	n_last = n;
}

static IOReturn call_async(io_connect_t connect, mach_port_t port, void *fn)
{
	io_async_ref64_t reference = { 0, (uintptr_t)fn, (uintptr_t)&n_calls };

	return IOConnectCallAsyncScalarMethod(connect, 5, port, reference, kIOAsyncCalloutCount,
					      NULL, 0, NULL, NULL);
}

static void receive_one(mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		char body[400];
	} message;

	test_equal_error(mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message), port, 0, 0),
			 0);
	IODispatchCalloutFromMessage(NULL, &message.header, NULL);
}

static bool is_quiet(mach_port_t port)
{
	char buffer[500];

	return mach_msg((mach_msg_header_t *)buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			sizeof(buffer), port, 0, 0) == MACH_RCV_TIMED_OUT;
}

TEST(spec_i01_completions_choose_the_callback)
{
	io_connect_t connect = start();
	IONotificationPortRef notify = IONotificationPortCreate(0);
	mach_port_t port = IONotificationPortGetMachPort(notify);
	uint64_t arguments[16];

	for (int i = 0; i < 16; i++)
		arguments[i] = (1ull << 50) + i;
	test_equal_error(call_async(connect, port, (void *)callback0), 0);
	fake_send_completion(&fake, fake.last_token, kIOReturnBusy, NULL, 0);
	receive_one(port);
	test_equal(n_calls, 1);
	test_equal_error(last_result, kIOReturnBusy);
	test_equal_error(call_async(connect, port, (void *)callback2), 0);
	fake_send_completion(&fake, fake.last_token, 0, arguments, 2);
	receive_one(port);
	test_equal(last_arguments[1], (1ull << 50) + 1);
	test_equal_error(call_async(connect, port, (void *)callback_many), 0);
	for (int i = 0; i < 5; i++)
		fake_send_completion(&fake, fake.last_token, 0, arguments, 16);
	for (int i = 0; i < 5; i++)
		receive_one(port);
	test_equal(n_calls, 7);
	test_equal(n_last, 16);
	test_equal(last_arguments[15], (1ull << 50) + 15);
	/* K19: tokens that were never given */
	fake_send_completion(&fake, fake.last_token + 1, 0, NULL, 0);
	fake_send_completion(&fake, 0, 0, NULL, 0);
	test_true(is_quiet(port));
	IOServiceClose(connect);
	IONotificationPortDestroy(notify);
	end();
}

TEST(spec_i04_to_i06_references)
{
	io_connect_t connect = start();
	uint64_t seen[4], reference[9] = { 0 };
	uint32_t n = 4;
	mach_port_t port;

	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	test_equal_error(IOConnectCallAsyncScalarMethod(connect, 6, 0, NULL, 0, NULL, 0, seen, &n),
			 0);
	test_equal(seen[3], 1);
	test_equal(seen[0], 1);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(connect, 6, port, reference, 0, NULL, 0, seen, &n),
		kIOReturnBadArgument);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(connect, 6, port, NULL, 3, NULL, 0, seen, &n),
		kIOReturnBadArgument);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(connect, 6, port, reference, 9, NULL, 0, seen, &n),
		MIG_ARRAY_TOO_LARGE);
	test_equal_error(IOConnectCallAsyncScalarMethod(connect, 6, service, reference, 3, NULL, 0,
							seen, &n),
			 MACH_SEND_INVALID_RIGHT);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	test_equal_error(
		IOConnectCallAsyncScalarMethod(connect, 6, port, reference, 3, NULL, 0, seen, &n),
		MACH_SEND_INVALID_RIGHT);
	IOServiceClose(connect);
	end();
}

TEST(dead_driver_aborts_outstanding_calls_once)
{
	io_connect_t connect = start();
	IONotificationPortRef notify = IONotificationPortCreate(0);
	mach_port_t port = IONotificationPortGetMachPort(notify);

	for (int i = 0; i < 3; i++)
		test_equal_error(call_async(connect, port, (void *)callback0), 0);
	fake_wait(&fake, fake.host_inlets[WIRE_INLET_COMPLETIONS] >= 0);
	fake_kill_host(&fake);
	for (int i = 0; i < 3; i++) {
		receive_one(port);
		test_equal_error(last_result, kIOReturnAborted);
	}
	test_equal(n_calls, 3);
	test_true(is_quiet(port));
	IOServiceClose(connect);
	IONotificationPortDestroy(notify);
	end();
}

/* The host holds the next call until the test says how it ends. */
static _Atomic int held, held_ends; /* 1: successfully, 2: with an error */

static bool hold_call(struct fake *f, int socket, struct wire_frame *frame)
{
	if (frame->header.type != WIRE_CALL || !atomic_load(&held))
		return false;
	atomic_store(&held, 2);
	while (!atomic_load(&held_ends))
		sched_yield();
	if (atomic_load(&held_ends) == 1)
		return false;
	fake_reply_status(socket, frame, kIOReturnBusy);
	return true;
}

struct held_call {
	pthread_t thread;
	io_connect_t connect;
	mach_port_t port;
	IOReturn status;
};

static void *call_held(void *context)
{
	struct held_call *call = context;

	call->status = call_async(call->connect, call->port, (void *)callback0);
	return NULL;
}

/* A call in the driver's hands whose completion inlet the driver has closed. */
static void begin_held(struct held_call *call, IONotificationPortRef notify)
{
	call->connect = start();
	fake.hook = hold_call;
	call->port = IONotificationPortGetMachPort(notify);
	atomic_store(&held, 1);
	pthread_create(&call->thread, NULL, call_held, call);
	while (atomic_load(&held) != 2)
		sched_yield();
	fake_wait(&fake, fake.host_inlets[WIRE_INLET_COMPLETIONS] >= 0);
	fake.host_inlets[WIRE_INLET_COMPLETIONS] =
		fd_close(fake.host_inlets[WIRE_INLET_COMPLETIONS]);
	test_true(is_quiet(call->port));
}

static void end_held(struct held_call *call, int how)
{
	atomic_store(&held_ends, how);
	pthread_join(call->thread, NULL);
	atomic_store(&held, 0);
}

TEST(refused_call_is_not_aborted)
{
	IONotificationPortRef notify = IONotificationPortCreate(0);
	struct held_call call;

	begin_held(&call, notify);
	end_held(&call, 2);
	test_equal_error(call.status, kIOReturnBusy);
	test_true(is_quiet(call.port));
	IOServiceClose(call.connect);
	IONotificationPortDestroy(notify);
	end();
}

TEST(call_that_is_accepted_too_late_is_aborted_once)
{
	IONotificationPortRef notify = IONotificationPortCreate(0);
	struct held_call call;

	begin_held(&call, notify);
	end_held(&call, 1);
	test_equal_error(call.status, 0);
	receive_one(call.port);
	test_equal_error(last_result, kIOReturnAborted);
	test_equal(n_calls, 1);
	test_true(is_quiet(call.port));
	IOServiceClose(call.connect);
	IONotificationPortDestroy(notify);
	end();
}

/* P-L5 */
TEST(accepted_call_whose_results_do_not_fit_never_completes)
{
	io_connect_t connect = start();
	IONotificationPortRef notify = IONotificationPortCreate(0);
	mach_port_t port = IONotificationPortGetMachPort(notify);
	io_async_ref64_t reference = { 0, (uintptr_t)callback0, 0 };
	uint64_t output[1];
	uint32_t n = 1;

	test_equal_error(IOConnectCallAsyncScalarMethod(connect, 2, port, reference,
							kIOAsyncCalloutCount, NULL, 0, output, &n),
			 MIG_ARRAY_TOO_LARGE);
	fake_send_completion(&fake, fake.last_token, 0, NULL, 0);
	test_true(is_quiet(port));
	fake_kill_host(&fake);
	test_true(is_quiet(port));
	IOServiceClose(connect);
	IONotificationPortDestroy(notify);
	end();
}

/* P-X1: changed, repeated and late references; P-X2: other messages on the right for completions. */
TEST(spec_px1_px2_only_what_was_registered_is_called)
{
	io_connect_t connect = start();
	IONotificationPortRef notify = IONotificationPortCreate(0);
	mach_port_t port = IONotificationPortGetMachPort(notify);
	struct wire_token_released released;
	struct wire_notice notice = { .subscription = 1, .type = 101 };
	struct wire_empty nothing = { 0 };
	int socket;

	test_equal_error(call_async(connect, port, (void *)callback0), 0);
	fake_wait(&fake, fake.host_inlets[WIRE_INLET_COMPLETIONS] >= 0);
	socket = fake.host_inlets[WIRE_INLET_COMPLETIONS];
	for (int bit = 0; bit < 64; bit++)
		fake_send_completion(&fake, fake.last_token ^ 1ull << bit, 0, NULL, 0);
	test_equal(wire_send(socket, &wire_notice_layout, 0, &notice, NULL, 0, true), 0);
	test_equal(wire_send(socket, &wire_queue_wake_layout, 0, &nothing, NULL, 0, true), 0);
	test_true(is_quiet(port));
	fake_send_completion(&fake, fake.last_token, 0, NULL, 0);
	receive_one(port);
	test_equal(n_calls, 1);
	released.token = fake.last_token;
	test_equal(wire_send(socket, &wire_token_released_layout, 0, &released, NULL, 0, true), 0);
	for (int i = 0; i < 100; i++)
		fake_send_completion(&fake, fake.last_token, 0, NULL, 0);
	test_true(is_quiet(port));
	test_equal(n_calls, 1);
	/* What is no message at all ends the inlet; nothing waits, so nothing is aborted. */
	test_equal(send(socket, "junk", 4, MSG_NOSIGNAL), 4);
	test_true(is_quiet(port));
	IOServiceClose(connect);
	IONotificationPortDestroy(notify);
	end();
}

/* A time limit holds although a driver sends without end. */
static _Atomic int flood_ends;

static void *flood(void *context)
{
	struct wire_completion junk = { .token = 1 };

	while (!atomic_load(&flood_ends))
		wire_send(*(int *)context, &wire_completion_layout, 0, &junk, NULL, 0, false);
	return NULL;
}

TEST(flood_of_junk_does_not_hold_a_receiver)
{
	io_connect_t connect = start();
	IONotificationPortRef notify = IONotificationPortCreate(0);
	mach_port_t port = IONotificationPortGetMachPort(notify);
	pthread_t threads[2];

	test_equal_error(call_async(connect, port, (void *)callback0), 0);
	fake_wait(&fake, fake.host_inlets[WIRE_INLET_COMPLETIONS] >= 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, flood, &fake.host_inlets[WIRE_INLET_COMPLETIONS]);
	for (int i = 0; i < 200; i++)
		test_true(is_quiet(port));
	atomic_store(&flood_ends, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	IOServiceClose(connect);
	IONotificationPortDestroy(notify);
	end();
}

/* P-X3: replies with another number, to nothing, twice, with a descriptor, with another type. */
static _Atomic int lie;

static bool lie_about_call(struct fake *f, int socket, struct wire_frame *frame)
{
	struct wire_header header = frame->header;
	struct wire_call_reply answer = { 0 };
	int fd = 0;

	if (header.type != WIRE_CALL)
		return false;
	switch (atomic_load(&lie)) {
	case 0: /* another number */
		header.id++;
		break;
	case 1: /* another type */
		header.type = WIRE_MAP;
		break;
	case 2: /* no reply at all */
		header.flags = 0;
		wire_frame_send(socket, &header, NULL, 0, NULL, 0, true);
		return true;
	case 3: /* a descriptor */
		header.flags = WIRE_FLAG_REPLY;
		wire_frame_send(socket, &header, NULL, 0, &fd, 1, true);
		return true;
	case 4: /* no payload */
		header.flags = WIRE_FLAG_REPLY;
		header.status = 0;
		wire_frame_send(socket, &header, NULL, 0, NULL, 0, true);
		return true;
	case 5: /* short of a header */
		test_equal(send(socket, "abc", 3, MSG_NOSIGNAL), 3);
		return true;
	default: /* twice */
		wire_reply(socket, &header, &wire_call_reply_layout, 0, &answer, NULL, 0, true);
	}
	wire_reply(socket, &header, &wire_call_reply_layout, 0, &answer, NULL, 0, true);
	return true;
}

TEST(spec_px3_wrong_replies_end_the_connection_and_touch_nothing)
{
	for (int i = 0; i < 7; i++) {
		io_connect_t connect = start();
		uint64_t output[2] = { 5, 6 };
		uint32_t n = 2;
		char bytes[8] = "abcdefg";
		size_t size = 8;
		IOReturn status, next;

		atomic_store(&lie, i);
		fake.hook = lie_about_call;
		status =
			IOConnectCallMethod(connect, 0, NULL, 0, NULL, 0, output, &n, bytes, &size);
		/* Of two replies the first one is good. */
		test_equal_error(status, i == 6 ? 0 : kIOReturnIPCError);
		if (status) {
			test_true(output[0] == 5 && output[1] == 6 && n == 2 && size == 8);
			test_equal_text(bytes, "abcdefg");
		}
		next = IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, NULL);
		test_equal_error(next, i == 6 ? kIOReturnIPCError : MACH_SEND_INVALID_DEST);
		IOObjectRelease(connect);
		fake.hook = NULL;
		end();
	}
}

TEST(strict_async_has_no_aborts)
{
	io_connect_t connect;
	IONotificationPortRef notify = IONotificationPortCreate(0);
	mach_port_t port = IONotificationPortGetMachPort(notify);

	setenv("PORTICO_STRICT_ASYNC", "1", 1);
	connect = start();
	test_equal_error(call_async(connect, port, (void *)callback0), 0);
	fake_wait(&fake, fake.host_inlets[WIRE_INLET_COMPLETIONS] >= 0);
	fake_kill_host(&fake);
	test_true(is_quiet(port));
	IOServiceClose(connect);
	IONotificationPortDestroy(notify);
	end();
}

/* --- memory ------------------------------------------------------------------------- */

static IOReturn map(io_connect_t connect, uint32_t type, mach_vm_address_t *address,
		    mach_vm_size_t *size)
{
	return IOConnectMapMemory64(connect, type, mach_task_self(), address, size, kIOMapAnywhere);
}

TEST(spec_l01_to_l09_mapping)
{
	io_connect_t connect = start();
	mach_vm_address_t a = 0, b = 0, fixed;
	mach_vm_size_t size = 0;

	test_equal_error(map(connect, 0, &a, &size), 0);
	test_equal(size, 8000);
	memcpy((void *)a, "shared", 7);
	test_equal_text(fake.memory, "shared");
	test_equal_error(map(connect, 0, &b, &size), 0);
	test_equal(a, b);
	fixed = a;
	test_equal_error(IOConnectMapMemory64(connect, 1, mach_task_self(), &fixed, &size, 0),
			 kIOReturnBadArgument);
	test_equal_error(map(connect, 2, &b, &size), kIOReturnBadArgument);
	test_equal_error(map(connect, 3, &b, &size), kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(connect, 0, 0, &b, &size, 1), kIOReturnBadArgument);
	test_equal_error(map(connect, 0, NULL, &size), kIOReturnBadArgument);
	test_equal_error(IOConnectUnmapMemory64(connect, 0, mach_task_self(), a), 0);
	test_equal_error(IOConnectUnmapMemory64(connect, 0, mach_task_self(), a),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectUnmapMemory64(connect, 2, mach_task_self(), a), kIOReturnNoSpace);
	test_equal_error(IOConnectUnmapMemory64(connect, 4, mach_task_self(), a), 0);
	fixed = a;
	test_equal_error(IOConnectMapMemory64(connect, 1, mach_task_self(), &fixed, &size, 0), 0);
	test_equal(fixed, a);
	IOServiceClose(connect);
	end();
}

TEST(spec_k16_mappings_outlive_the_driver)
{
	io_connect_t connect = start();
	mach_vm_address_t address = 0;
	mach_vm_size_t size;

	test_equal_error(map(connect, 0, &address, &size), 0);
	test_equal_error(IOConnectCallScalarMethod(connect, 4, NULL, 0, NULL, NULL),
			 kIOReturnOffline);
	test_equal_error(IOConnectCallScalarMethod(connect, 0, NULL, 0, NULL, NULL),
			 kIOReturnBadArgument);
	memcpy((void *)address, "still here", 11);
	test_equal_error(IOServiceClose(connect), 0);
	test_equal_error(IOServiceClose(connect), MACH_SEND_INVALID_DEST);
	end();
}

/* The hang-up arrives together with the answer: there is a mapping or an error, and never an address where nothing
 * is. */
TEST(spec_k16_a_mapping_that_comes_with_the_end)
{
	io_connect_t connect = start();
	int n_mapped = 0;

	for (int i = 0; i < 24; i++) { /* the fake has threads for so many */
		mach_vm_address_t address = 0;
		mach_vm_size_t size;
		kern_return_t status = map(connect, 5, &address, &size);

		if (!status) {
			sched_yield();
			memcpy((void *)address, "still here", 11);
			n_mapped++;
		} else {
			test_equal_error(status, MACH_SEND_INVALID_DEST);
		}
		IOServiceClose(connect);
		test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &connect), 0);
	}
	printf("# mapped: %d of 24\n", n_mapped);
	test_equal_error(IOServiceClose(connect), 0);
	end();
}

/* K1: the size that counts is that of the mapping, whatever the shared field says later. */
TEST(queue_size_in_shared_memory_is_not_trusted)
{
	io_connect_t connect = start();
	mach_vm_address_t address = 0;
	mach_vm_size_t size;
	IODataQueueMemory *shared = fake.memory;
	uint32_t room = 4096;
	char out[4096];

	shared->queueSize = 64;
	test_equal_error(map(connect, 0, &address, &size), 0);
	shared->queueSize = 0x7fffffff;
	shared->head = 0;
	shared->tail = 1 << 20;
	shared->queue[0].size = 1 << 19;
	test_equal_error(IODataQueueDequeue((void *)address, out, &room), kIOReturnError);
	test_true(IODataQueuePeek((void *)address) == NULL);
	IOServiceClose(connect);
	end();
}

/* A connection that cannot be watched leaves no name behind. */
TEST(an_open_without_memory_leaves_nothing)
{
	extern size_t port_count_names(void);
	io_connect_t connect = start();
	size_t n_names = port_count_names();

	test_each_shortage(s)
	{
		io_connect_t other = IO_OBJECT_NULL;

		test_shortage_begin(&s);
		kern_return_t status = IOServiceOpen(service, mach_task_self(), 0, &other);

		test_true(!test_shortage_end(&s) || !status == (other != IO_OBJECT_NULL));
		if (!status)
			IOServiceClose(other);
		else
			test_equal(port_count_names(), n_names);
	}
	IOServiceClose(connect);
	IOObjectRelease(service);
	client_session_end();
	fake_stop(&fake);
	/* A link that found no memory has ended, and what was granted over it. */
	memcpy(fake.released, fake.granted, sizeof(fake.released));
	fake_free(&fake);
}

TEST(what_cannot_be_given_back_now_is_given_back_later)
{
	io_connect_t connect = start();
	struct client_session *session;

	test_equal_error(client_session_get(&session), 0);
	fake.granted[FAKE_USER_CLIENT]++;
	client_session_release(session->epoch, WIRE_ROOT_ID + FAKE_USER_CLIENT, 1, true);
	test_fail_call("send", 0, ENOMEM);
	test_fail_call("sendmsg", 0, ENOMEM);
	client_release_flush(NULL);
	test_true(test_calls_failed());
	client_session_unref(session);
	IOServiceClose(connect);
	end(); /* which counts */
}

static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int n = -2;

	test_true(tasks);
	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n;
}

/* Nor does a session that has ended start a thread for what it could not give back. */
TEST(what_cannot_be_given_back_at_the_end_ends_with_it)
{
#if defined(__SANITIZE_THREAD__)
	test_skip("the sanitizer starts threads of its own");
#endif
	int n_threads = count_threads();
	io_connect_t connect = start();
	struct client_session *session;

	test_equal_error(client_session_get(&session), 0);
	IOServiceClose(connect);
	IOObjectRelease(service);
	client_release_flush(NULL);
	client_session_release(session->epoch, WIRE_ROOT_ID + FAKE_USER_CLIENT, 1, true);
	client_session_unref(session);
	test_fail_call("send", 0, ENOMEM);
	test_fail_call("sendmsg", 0, ENOMEM);
	client_watcher_end(); /* which would send it */
	client_session_end();
	test_true(test_calls_failed());
	fake_stop(&fake);
	for (int i = 0; i < 100 && count_threads() > n_threads; i++)
		poll(NULL, 0, 10); /* those that were joined take a moment to go */
	test_equal(count_threads(), n_threads);
	fake_free(&fake);
}

/* What it says of itself is not believed instead, and memory that comes back is asked for again. */
TEST(queue_inside_a_mapping_without_memory_is_an_error)
{
	io_connect_t connect = start();
	mach_vm_address_t address = 0;
	mach_vm_size_t size;
	uint32_t room = 64;
	char out[64];

	test_equal_error(map(connect, 0, &address, &size), 0);
	IODataQueueMemory *shared = (IODataQueueMemory *)((char *)fake.memory + size - 128);
	IODataQueueMemory *queue = (IODataQueueMemory *)(address + size - 128);
	shared->queueSize = 100;
	shared->head = shared->tail = 0;
	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		bool available = IODataQueueDataAvailable(queue);
		IODataQueueEntry *entry = IODataQueuePeek(queue);
		IOReturn put = IODataQueueEnqueue(queue, out, 4);
		IOReturn taken = IODataQueueDequeue(queue, out, &room);

		if (test_shortage_end(&s) && s.lasting) {
			test_equal_error(put, kIOReturnUnderrun);
			test_equal_error(taken, kIOReturnError);
		}
		test_true(!available && !entry);
	}
	test_equal_error(IODataQueueEnqueue(queue, out, 4), 0);
	test_true(IODataQueueDataAvailable(queue));
	IOServiceClose(connect);
	end();
}

TEST(queue_inside_a_mapping_is_bounded_by_it)
{
	io_connect_t connect = start();
	mach_vm_address_t address = 0;
	mach_vm_size_t size;
	IODataQueueMemory *shared;
	IODataQueueMemory *queue;
	uint32_t room = 64;
	char out[64];

	test_equal_error(map(connect, 0, &address, &size), 0);
	/* The last one of several queues, whose size is a lie. */
	shared = (IODataQueueMemory *)((char *)fake.memory + size - 128);
	queue = (IODataQueueMemory *)(address + size - 128);
	shared->queueSize = 0x7fffffff;
	shared->head = 4096;
	shared->tail = 8192;
	test_equal_error(IODataQueueDequeue(queue, out, &room), kIOReturnError);
	test_true(IODataQueuePeek(queue) == NULL);
	shared->head = shared->tail = 0;
	test_equal_error(IODataQueueEnqueue(queue, out, 120), kIOReturnOverrun);
	test_equal_error(IODataQueueEnqueue(queue, out, 64), 0);
	test_equal_error(IODataQueueDequeue(queue, out, &room), 0);
	test_equal(room, 64);
	IOServiceClose(connect);
	end();
}

TEST(wake_up_port_of_a_queue_goes_with_its_mapping)
{
	io_connect_t connect = start();
	mach_vm_address_t address = 0, again;
	mach_vm_size_t size;
	mach_port_t port = IODataQueueAllocateNotificationPort();
	IODataQueueMemory *shared = fake.memory;
	char data[8] = "";

	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	shared->queueSize = 256;
	test_equal_error(map(connect, 0, &address, &size), 0);
	test_equal_error(IODataQueueSetNotificationPort((void *)address, port), 0);
	test_equal_error(IODataQueueEnqueue((void *)address, data, 8), 0);
	test_true(!is_quiet(port));
	test_equal_error(IOConnectUnmapMemory64(connect, 0, mach_task_self(), address), 0);
	shared->head = shared->tail = 0;
	again = address;
	test_equal_error(IOConnectMapMemory64(connect, 0, mach_task_self(), &again, &size, 0), 0);
	test_equal(again, address);
	test_equal_error(IODataQueueEnqueue((void *)again, data, 8), 0);
	test_true(is_quiet(port));
	mach_port_destroy(mach_task_self(), port);
	IOServiceClose(connect);
	end();
}

TEST(spec_k22_notification_port)
{
	io_connect_t connect = start();
	mach_port_t port = IODataQueueAllocateNotificationPort();
	IODataQueueMemory queue = { 0 };

	test_equal_error(IOConnectSetNotificationPort(connect, 0, service, 0),
			 MACH_SEND_INVALID_RIGHT);
	/* The host of this test takes the inlet and then says that it wants no port. */
	test_equal_error(IOConnectSetNotificationPort(connect, 0, port, 0), kIOReturnUnsupported);
	fake_send_wake(&fake);
	fake_send_wake(&fake);
	test_equal_error(IODataQueueWaitForAvailableData(&queue, port), 0);
	/* K20: what is no wake-up does not get through. */
	fake.host_inlets[WIRE_INLET_COMPLETIONS] = fake.host_inlets[WIRE_INLET_WAKEUPS];
	fake_send_completion(&fake, 1, 0, NULL, 0);
	fake.host_inlets[WIRE_INLET_COMPLETIONS] = -1;
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	IOServiceClose(connect);
	end();
}

TEST_MAIN
