// SPDX-License-Identifier: MIT
/* K: opening, closing and what happens in between. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "methods.h"
#include "test.h"
#include "world.h"

static io_connect_t c;

static void begin(uint32_t type)
{
	methods_start();
	c = methods_open(type);
}

static void end(void)
{
	IOServiceClose(c);
	world_stop();
}

static kern_return_t call_three(io_connect_t connect)
{
	return IOConnectCallScalarMethod(connect, METHODS_THREE, NULL, 0, NULL, NULL);
}

TEST(K01)
{
	methods_start();
	test_equal_error(methods_try("MethodsPlain", 0), kIOReturnUnsupported);
	test_equal_error(methods_try("MethodsPlain", 0x636f6f6b), kIOReturnUnsupported);
	world_stop();
}

TEST(K02_the_class_that_the_property_names)
{
	methods_start();
	io_connect_t by_class = world_open("MethodsByClass", 1234);
	uint64_t out[5];

	methods_call(by_class, METHODS_IDENTITY, NULL, 0, out, 5);
	test_equal(out[3], 1234);
	IOServiceClose(by_class);
	test_equal_error(methods_try("MethodsNumberClass", 0), kIOReturnUnsupported);
	world_stop();
}

TEST(K03)
{
	methods_start();
	test_equal_error(methods_try("MethodsUnknownClass", 0), kIOReturnNoMemory);
	test_equal_error(methods_try("MethodsNoClientClass", 0), kIOReturnUnsupported);
	world_stop();
}

/* User clients below the service. */
static int count_children(const char *class_name)
{
	io_service_t service = world_service(class_name);
	io_iterator_t children = 0;
	io_registry_entry_t child;
	int n = 0;

	test_equal(IORegistryEntryGetChildIterator(service, kIOServicePlane, &children), 0);
	while ((child = IOIteratorNext(children))) {
		n++;
		IOObjectRelease(child);
	}
	IOObjectRelease(children);
	IOObjectRelease(service);
	return n;
}

TEST(K04)
{
	begin(METHODS_TABLE);
	uint64_t starts = methods_count(c, METHODS_N_STARTS);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	test_equal_error(methods_try("MethodsDriver", METHODS_NO_INIT), kIOReturnBadArgument);
	test_equal_error(methods_try("MethodsDriver", METHODS_NO_START), kIOReturnUnsupported);
	test_equal(count_children("MethodsDriver"), 1);
	test_equal(methods_count(c, METHODS_N_STARTS), starts);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes);
	test_equal(methods_count(c, METHODS_N_STOPS), 0);
	/* the same through the default */
	test_equal_error(methods_try("MethodsByClass", METHODS_NO_INIT), kIOReturnBadArgument);
	test_equal_error(methods_try("MethodsByClass", METHODS_NO_START), kIOReturnUnsupported);
	test_equal(count_children("MethodsByClass"), 0);
	end();
}

TEST(K05)
{
	methods_start();
	test_equal_error(methods_try("MethodsFour", 0), 0);
	test_equal_error(methods_try("MethodsFour", 100), kIOReturnUnsupported);
	/* with the property a refusal is not even noticed */
	test_equal_error(methods_try("MethodsFourDefault", 100), 0);
	test_equal_error(methods_try("MethodsDriver", METHODS_EXCLUSIVE), kIOReturnExclusiveAccess);
	test_equal_error(methods_try("MethodsDriver", METHODS_NOTHING), kIOReturnError);
	world_stop();
}

/* Not under its start: that has the object until it has returned. */
TEST(K04_a_user_client_may_end_its_provider)
{
	methods_start();
	pid_t host = world_host_pid("org.portico.test.Methods");

	test_equal_error(methods_try("MethodsDriver", METHODS_ENDS_PROVIDER), kIOReturnUnsupported);
	test_equal_error(methods_try("MethodsByClass", METHODS_TABLE), 0);
	test_equal(world_host_pid("org.portico.test.Methods"), host);
	world_stop();
}

TEST(K06)
{
	io_connect_t none = 77;

	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	test_equal_error(IOServiceOpen(s, 0, 0, &none), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(s, 0x7654321, 0, &none), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(s, mach_task_self(), 0, NULL), kIOReturnBadArgument);
	IOObjectRelease(s);
	end();
}

TEST(K07)
{
	io_connect_t none = 77;
	io_iterator_t it = 0;

	begin(METHODS_TABLE);
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	io_service_t resources = world_service("IOResources");
	test_equal_error(IOServiceOpen(root, mach_task_self(), 0, &none), kIOReturnBadArgument);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("IOService"), &it), 0);
	test_equal_error(IOServiceOpen(it, mach_task_self(), 0, &none), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(c, mach_task_self(), 0, &none), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(resources, mach_task_self(), 0, &none),
			 kIOReturnUnsupported);
	none = 77;
	test_equal_error(IOServiceOpen(0, mach_task_self(), 0, &none), MACH_SEND_INVALID_DEST);
	test_equal(none, 77); /* on transport failure it stays */
	IOObjectRelease(it);
	IOObjectRelease(resources);
	IOObjectRelease(root);
	end();
}

TEST(K07_a_user_client_is_a_service_that_nobody_opens)
{
	io_registry_entry_t child = 0;
	io_connect_t none = 77;

	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	test_equal(IORegistryEntryGetChildEntry(s, kIOServicePlane, &child), 0);
	test_equal_error(IOServiceOpen(child, mach_task_self(), 0, &none), kIOReturnUnsupported);
	test_equal(none, 0);
	IOObjectRelease(child);
	IOObjectRelease(s);
	end();
}

/* The service when it has been terminated, its handle kept alive by a notification. */
static io_service_t terminate_service(void)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t it = 0;
	io_service_t gone;
	uint64_t service = 1;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal(IOServiceAddMatchingNotification(
			   port, kIOTerminatedNotification, IOServiceMatching("MethodsDriver"),
			   (IOServiceMatchingCallback)(void *)getpid, NULL, &it),
		   0);
	while ((gone = IOIteratorNext(it)))
		IOObjectRelease(gone);
	methods_call(c, METHODS_TERMINATE, &service, 1, NULL, 0);
	while (!(gone = IOIteratorNext(it)))
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	IOObjectRelease(it);
	IONotificationPortDestroy(port);
	return gone;
}

TEST(K08)
{
	io_connect_t none = 77;

	begin(METHODS_TABLE);
	io_service_t gone = terminate_service();
	test_equal_error(IOServiceOpen(gone, mach_task_self(), 0, &none), kIOReturnUnsupported);
	test_equal(none, 0);
	IOObjectRelease(gone);
	end();
}

TEST(K09)
{
	begin(METHODS_STAYS);
	io_connect_t other = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(other, METHODS_N_CLOSES);
	test_equal(IOConnectAddRef(c), 0);
	test_equal_error(IOServiceClose(c), 0); /* whatever clientClose returns */
	test_equal(methods_count(other, METHODS_N_CLOSES), closes + 1);
	test_equal_error(call_three(c), kIOReturnBadArgument); /* nothing after the close */
	test_equal_error(IOServiceClose(c), 0);
	test_equal(methods_count(other, METHODS_N_CLOSES), closes + 1);
	test_equal_error(IOServiceClose(c), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceClose(0), MACH_SEND_INVALID_DEST);
	c = other;
	end();
}

TEST(K10)
{
	begin(METHODS_TABLE);
	io_connect_t shared = methods_open(METHODS_SHARED);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	test_equal(IOConnectAddRef(shared), 0);
	test_equal_error(IOServiceClose(shared), 0);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	test_equal_error(IOServiceClose(shared), 0);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 2);
	end();
}

TEST(K11_a_client_that_overrides_nothing)
{
	begin(METHODS_TABLE);
	io_connect_t base = methods_open(METHODS_BASE);
	test_equal(count_children("MethodsDriver"), 2);
	test_equal(IOConnectAddRef(base), 0);
	test_equal_error(IOServiceClose(base), 0);
	test_equal(count_children("MethodsDriver"), 2); /* the default does not end it */
	test_equal_error(IOServiceClose(base), 0);
	end();
}

TEST(K12_the_type_reaches_the_driver)
{
	static const uint32_t types[] = { 100, 0x48494448, 0x80000000, UINT32_MAX };
	uint64_t out[5];

	begin(METHODS_TABLE);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		io_connect_t one = methods_open(types[i]);

		methods_call(one, METHODS_IDENTITY, NULL, 0, out, 5);
		test_equal(out[3], types[i]);
		test_equal(out[0], getpid());
		test_equal(out[1], geteuid());
		test_equal(out[2], getegid());
		IOServiceClose(one);
	}
	end();
}

TEST(K12_opening_twice_gives_two_clients)
{
	begin(METHODS_TABLE);
	io_connect_t other = methods_open(METHODS_TABLE);
	test_true(c != other);
	test_equal(count_children("MethodsDriver"), 2);
	uint64_t stops = methods_count(c, METHODS_N_STOPS);
	IOServiceClose(other);
	methods_await(c, METHODS_N_STOPS, stops + 1);
	test_equal_error(call_three(c), 0);
	end();
}

TEST(K13)
{
	begin(METHODS_TABLE);
	io_connect_t gone = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	test_equal(IOConnectAddRef(gone), 0);
	test_equal(IOConnectRelease(gone), 0);
	test_equal_error(call_three(gone), 0);
	test_equal(IOConnectRelease(gone), 0);
	methods_await(c, METHODS_N_CLOSES, closes + 1);
	test_equal_error(call_three(gone), MACH_SEND_INVALID_DEST);
	test_equal(IOConnectRelease(gone), KERN_INVALID_NAME);
	/* a death of its own replaces the close */
	gone = methods_open(METHODS_DIES_OWN);
	test_equal(IOConnectRelease(gone), 0);
	methods_await(c, METHODS_N_DIED_OWN, 1);
	methods_await(c, METHODS_N_FREES, 2);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	test_equal(methods_count(c, METHODS_N_DISORDER), 0);
	end();
}

/* Once closed, a client does not die as well. */
TEST(K13_a_close_is_no_death)
{
	begin(METHODS_TABLE);
	io_connect_t one = methods_open(METHODS_DIES_OWN);
	uint64_t frees = methods_count(c, METHODS_N_FREES);
	test_equal_error(IOServiceClose(one), 0);
	methods_await(c, METHODS_N_FREES, frees + 1);
	test_equal(methods_count(c, METHODS_N_DIED_OWN), 0);
	end();
}

static pid_t in_child(uint32_t selector)
{
	pid_t child = fork();

	if (child == 0) {
		io_connect_t own = methods_open(METHODS_TABLE);

		_exit(IOConnectCallScalarMethod(own, selector, NULL, 0, NULL, NULL) ? 1 : 0);
	}
	test_true(child > 0);
	return child;
}

TEST(K14)
{
	int status = 1;

	begin(METHODS_TABLE);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	pid_t child = in_child(METHODS_THREE);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	methods_await(c, METHODS_N_CLOSES, closes + 1);
	methods_await(c, METHODS_N_FREES, 1);
	end();
}

TEST(K15)
{
	int status;

	begin(METHODS_TABLE);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	pid_t child = in_child(METHODS_HOLD);
	methods_await(c, METHODS_N_HELD, 1);
	kill(child, SIGKILL);
	test_equal(waitpid(child, &status, 0), child);
	for (int i = 0; i < 100; i++)
		test_equal(methods_count(c, METHODS_N_CLOSES), closes);
	methods_call(c, METHODS_RELEASE, NULL, 0, NULL, 0);
	methods_await(c, METHODS_N_CLOSES, closes + 1);
	test_equal(methods_count(c, METHODS_N_OVERLAPS), 0);
	end();
}

/* Whatever a call under way says meanwhile. */
static void await_status(io_connect_t connect, uint32_t status)
{
	while ((uint32_t)call_three(connect) != status)
		;
}

TEST(K16)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	begin(METHODS_TABLE);
	io_connect_t mapped = methods_open(METHODS_TABLE);
	test_equal_error(IOConnectMapMemory64(mapped, METHODS_MEMORY, mach_task_self(), &address,
					      &size, kIOMapAnywhere),
			 0);
	*(volatile char *)(uintptr_t)address = 6;
	IOObjectRelease(terminate_service());
	await_status(c, MACH_SEND_INVALID_DEST);
	await_status(mapped, kIOReturnBadArgument);
	test_equal_error(call_three(c), MACH_SEND_INVALID_DEST);
	test_equal_error(call_three(mapped), kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperties(mapped, kCFBooleanTrue), kIOReturnBadArgument);
	test_equal(*(volatile char *)(uintptr_t)address, 6); /* until the name is released */
	test_equal_error(IOServiceClose(mapped), 0);
	unsigned char page;
	test_true(mincore((void *)(uintptr_t)address, 1, &page) != 0);
	test_equal_error(IOServiceClose(c), MACH_SEND_INVALID_DEST);
	test_equal(IOConnectRelease(c), KERN_INVALID_NAME); /* the close released it */
	world_stop();
}

TEST(K17_a_client_that_ends_itself)
{
	uint64_t own = 0;

	begin(METHODS_TABLE);
	io_connect_t other = methods_open(METHODS_TABLE);
	uint64_t frees = methods_count(c, METHODS_N_FREES);
	methods_call(other, METHODS_TERMINATE, &own, 1, NULL, 0);
	methods_await(c, METHODS_N_FREES, frees + 1);
	await_status(other, MACH_SEND_INVALID_DEST);
	test_equal(IOObjectGetUserRetainCount(other), 0); /* a dead name ... */
	test_equal(IOObjectRelease(other), 0);		  /* ... that is still to be released */
	test_equal(methods_count(c, METHODS_N_DISORDER), 0);
	end();
}

TEST(K18)
{
	begin(METHODS_TABLE);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	uint64_t frees = methods_count(c, METHODS_N_FREES);
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	methods_await(c, METHODS_N_FREES, frees + 1);
	test_equal(methods_count(c, METHODS_N_DISORDER), 0);
	test_equal(count_children("MethodsDriver"), 1);
	end();
}

TEST(K19)
{
	io_service_t back = 77;

	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	io_connect_t base = methods_open(METHODS_BASE);
	test_equal_error(IOConnectGetService(base, &back), kIOReturnUnsupported);
	test_equal(back, 77);
	test_equal_error(IOConnectGetService(c, &back), 0);
	test_equal(back, s);
	test_equal(IOObjectGetUserRetainCount(s), 2);
	test_equal(IOObjectRelease(back), 0);
	test_equal_error(IOConnectGetService(s, &back), kIOReturnBadArgument);
	test_equal_error(IOConnectGetService(0, &back), MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectGetService(c, NULL), kIOReturnBadArgument);
	IOServiceClose(base);
	IOObjectRelease(s);
	end();
}

TEST(K20_clients_are_told_of_each_other)
{
	begin(METHODS_TABLE);
	io_connect_t other = methods_open(METHODS_TABLE), base = methods_open(METHODS_BASE);
	io_service_t s = world_service("MethodsDriver");
	test_equal_error(IOConnectAddClient(c, other), 0);
	test_equal(methods_count(c, METHODS_N_CONNECTED), 1);
	test_equal_error(IOConnectAddClient(c, c), 0);
	test_equal_error(IOConnectAddClient(base, c), kIOReturnUnsupported);
	test_equal_error(IOConnectAddClient(c, s), kIOReturnBadArgument);
	test_equal_error(IOConnectAddClient(c, 0), kIOReturnBadArgument);
	test_equal_error(IOConnectAddClient(s, c), kIOReturnBadArgument);
	test_equal_error(IOConnectAddClient(0, c), MACH_SEND_INVALID_DEST);
	IOObjectRelease(s);
	IOServiceClose(base);
	IOServiceClose(other);
	end();
}

static void check_port(uint64_t registered, uint64_t type, uint64_t reference)
{
	uint64_t out[3];

	methods_call(c, METHODS_PORT, NULL, 0, out, 3);
	test_equal(out[0], registered);
	test_equal(out[1], type);
	test_equal(out[2], reference);
}

TEST(K21)
{
	mach_port_t port = IODataQueueAllocateNotificationPort();

	begin(METHODS_TABLE);
	io_connect_t base = methods_open(METHODS_BASE);
	test_equal_error(IOConnectSetNotificationPort(base, 0, port, 0), kIOReturnUnsupported);
	test_equal_error(IOConnectSetNotificationPort(c, 7, port, 0x123456789abc), 0);
	check_port(1, 7, 0x123456789abc);
	test_equal_error(IOConnectSetNotificationPort(c, 99, port, 0), kIOReturnNoSpace);
	check_port(1, 7, 0x123456789abc);
	test_equal_error(IOConnectSetNotificationPort(c, 8, MACH_PORT_NULL, 5), 0);
	check_port(0, 8, 5);
	IOServiceClose(base);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	end();
}

struct own_message {
	mach_msg_header_t header;
	unsigned char data[8192];
};

static kern_return_t receive(mach_port_t port, struct own_message *m)
{
	return mach_msg(&m->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(*m), port, 10000, 0);
}

static uint32_t post(uint64_t id, uint64_t size)
{
	uint64_t in[2] = { id, size }, out = 0;

	methods_call(c, METHODS_POST, in, 2, &out, 1);
	return (uint32_t)out;
}

TEST(K21_messages_of_the_drivers_own)
{
	mach_port_t port = 0;
	struct own_message m;

	begin(METHODS_TABLE);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal_error(IOConnectSetNotificationPort(c, 0, port, 0), 0);
	static const uint32_t sizes[] = { 0, 4, 5, 4096 };
	for (size_t i = 0; i < 4; i++) {
		test_equal_error(post(0x80000001u + i, sizes[i]), 0);
		test_equal_error(receive(port, &m), 0);
		test_equal(m.header.msgh_id, (int32_t)(0x80000001u + i));
		test_equal(m.header.msgh_size, 24 + ((sizes[i] + 3) & ~3u));
		test_equal(m.header.msgh_remote_port, 0);
		for (uint32_t k = 0; k < sizes[i]; k++)
			test_equal(m.data[k], (unsigned char)(k + 1));
	}
	test_equal_error(post(1, 4097), kIOReturnMessageTooLarge);
	/* order is kept, among wake-ups too */
	test_equal_error(methods_ask(c, METHODS_WAKE), 0);
	test_equal_error(post(5, 4), 0);
	test_equal_error(post(6, 4), 0);
	test_equal_error(receive(port, &m), 0);
	test_equal_error(receive(port, &m), 0);
	test_equal_error(receive(port, &m), 0);
	test_equal(m.header.msgh_id, 6);
	uint32_t status;
	while (!(status = post(1, 4096)))
		; /* nobody receives: it is told, never blocked */
	test_equal_error(status, 0x10000004);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	while ((status = post(1, 4)) == 0x10000004)
		;
	test_equal_error(status, 0x10000003);
	end();
}

static void hear_message(CFMachPortRef port, void *message, CFIndex size, void *info)
{
	const struct own_message *m = message;

	test_equal(m->header.msgh_id, 42);
	test_equal(m->data[0], 1);
	++*(int *)info;
}

TEST(K21_a_drivers_message_on_a_run_loop)
{
	int heard = 0;
	CFMachPortContext context = { .info = &heard };

	begin(METHODS_TABLE);
	CFMachPortRef port = CFMachPortCreate(NULL, hear_message, &context, NULL);
	CFRunLoopSourceRef source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode);
	test_equal_error(IOConnectSetNotificationPort(c, 0, CFMachPortGetPort(port), 0), 0);
	test_equal_error(post(42, 4), 0);
	while (!heard)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	CFMachPortInvalidate(port);
	CFRelease(source);
	CFRelease(port);
	end();
}

struct drained {
	mach_port_t port;
	dispatch_semaphore_t done;
	int32_t id;
};

static void drain(void *context)
{
	struct drained *drained = context;
	struct own_message m;

	if (receive(drained->port, &m))
		return;
	drained->id = m.header.msgh_id;
	dispatch_semaphore_signal(drained->done);
}

TEST(K21_a_drivers_message_for_a_dispatch_source)
{
	dispatch_queue_t queue = dispatch_queue_create("messages", NULL);
	struct drained drained = { .done = dispatch_semaphore_create(0) };

	begin(METHODS_TABLE);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &drained.port), 0);
	dispatch_source_t source =
		dispatch_source_create(DISPATCH_SOURCE_TYPE_MACH_RECV, drained.port, 0, queue);
	dispatch_set_context(source, &drained);
	dispatch_source_set_event_handler_f(source, drain);
	dispatch_resume(source);
	test_equal_error(IOConnectSetNotificationPort(c, 0, drained.port, 0), 0);
	test_equal_error(post(77, 8), 0);
	dispatch_semaphore_wait(drained.done, DISPATCH_TIME_FOREVER);
	test_equal(drained.id, 77);
	dispatch_source_cancel(source);
	dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
	dispatch_release(source);
	dispatch_release(queue);
	dispatch_release(drained.done);
	mach_port_mod_refs(mach_task_self(), drained.port, MACH_PORT_RIGHT_RECEIVE, -1);
	end();
}

TEST(K22)
{
	mach_port_t dead = 0;

	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	test_equal_error(IOConnectSetNotificationPort(c, 0, s, 0), 0x1000000a);
	test_equal_error(IOConnectSetNotificationPort(c, 0, 0x7654321, 0), 0x1000000a);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
	test_equal_error(IOConnectSetNotificationPort(c, 0, dead, 0), 0x1000000a);
	test_equal_error(IOConnectSetNotificationPort(0, 0, 0, 0), MACH_SEND_INVALID_DEST);
	check_port(0, 0, 0);
	mach_port_deallocate(mach_task_self(), dead);
	IOObjectRelease(s);
	end();
}

TEST(K23)
{
	begin(METHODS_TABLE);
	io_connect_t base = methods_open(METHODS_BASE);
	test_equal_error(IOConnectSetCFProperty(base, CFSTR("ok"), kCFBooleanTrue),
			 kIOReturnUnsupported);
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("ok"), kCFBooleanTrue), 0);
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("other"), kCFBooleanTrue),
			 kIOReturnNotFound);
	test_equal_error(IOConnectSetCFProperties(c, kCFBooleanTrue), kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperties(c, NULL), kIOReturnUnsupported);
	test_equal_error(IOConnectSetCFProperties(0, kCFBooleanTrue), MACH_SEND_INVALID_DEST);
	IOServiceClose(base);
	end();
}

TEST(K23_the_client_lists_what_may_be_set)
{
	begin(METHODS_ALLOWABLE);
	uint64_t before = methods_count(c, METHODS_N_SET);
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("other"), kCFBooleanTrue),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperties(c, kCFBooleanTrue), kIOReturnNotPermitted);
	test_equal(methods_count(c, METHODS_N_SET), before);
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("ok"), kCFBooleanTrue), 0);
	end();
}

static void *set_ok(void *context)
{
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("ok"), kCFBooleanTrue), 0);
	return NULL;
}

TEST(K23_with_and_without_its_lock)
{
	struct methods_caller holding;
	pthread_t setting;

	begin(METHODS_TABLE);
	io_connect_t other = methods_open(METHODS_TABLE);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	set_ok(NULL); /* beside the method */
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	test_equal_error(methods_end(&holding), 0);
	test_equal(methods_count(other, METHODS_N_OVERLAPS), 1);
	IOServiceClose(c);
	c = methods_open(METHODS_SET_LOCKED);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	uint64_t before = methods_count(other, METHODS_N_SET);
	test_equal(pthread_create(&setting, NULL, set_ok, NULL), 0);
	for (int i = 0; i < 100; i++)
		test_equal(methods_count(other, METHODS_N_SET), before);
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	test_equal_error(methods_end(&holding), 0);
	pthread_join(setting, NULL);
	test_equal(methods_count(other, METHODS_N_OVERLAPS), 1);
	IOServiceClose(other);
	end();
}

TEST(K24)
{
	begin(METHODS_TABLE);
	io_connect_t yields = methods_open(METHODS_STAYS);
	test_equal(methods_ask_with(c, METHODS_OPEN, 0), true);
	test_equal(methods_ask_with(yields, METHODS_OPEN, 0), false);
	test_equal(methods_count(c, METHODS_N_REQUESTS), 0);
	test_equal(methods_ask_with(yields, METHODS_OPEN, 1), false); /* it does not yield */
	test_equal(methods_count(c, METHODS_N_REQUESTS), 1);
	test_equal(methods_ask(yields, METHODS_CLOSE), true); /* not its own to close */
	test_equal(methods_ask(c, METHODS_CLOSE), false);
	test_equal(methods_ask_with(yields, METHODS_OPEN, 0), true);
	test_equal(methods_ask_with(c, METHODS_OPEN, 1), true);
	test_equal(methods_count(c, METHODS_N_REQUESTS), 2);
	IOServiceClose(c);
	while (!methods_ask_with(yields, METHODS_OPEN, 0))
		; /* what goes does not keep it */
	c = yields;
	end();
}

TEST(K25)
{
	begin(METHODS_TABLE);
	test_equal(methods_ask_with(c, METHODS_OPEN, 0), true);
	test_equal(methods_ask_with(c, METHODS_OPEN, 0), false);
	end();
}

static void check_text(io_registry_entry_t entry, CFStringRef key, const char *expected)
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(entry, key, NULL, 0);
	char text[256] = "";

	test_true(value != NULL);
	CFStringGetCString(value, text, sizeof(text), kCFStringEncodingUTF8);
	CFRelease(value);
	test_equal_text(text, expected);
}

TEST(K26)
{
	io_registry_entry_t child = 0;
	io_iterator_t it = 77;
	io_name_t name;
	char creator[256];

	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	test_equal(IORegistryEntryGetChildEntry(s, kIOServicePlane, &child), 0);
	test_true(IOObjectConformsTo(child, "MethodsUserClient"));
	test_true(IOObjectConformsTo(child, "IOUserClient"));
	test_equal_error(IORegistryEntryGetName(child, name), 0);
	test_equal_text(name, "MethodsUserClient");
	snprintf(creator, sizeof(creator), "pid %d, %s", (int)getpid(),
		 program_invocation_short_name);
	check_text(child, CFSTR("IOUserClientCreator"), creator);
	CFTypeRef locking = IORegistryEntryCreateCFProperty(
		child, CFSTR("IOUserClientDefaultLocking"), NULL, 0);
	test_equal(locking, kCFBooleanTrue); /* the published default */
	CFRelease(locking);
	test_equal(IORegistryEntryCreateCFProperty(
			   child, CFSTR("IOUserClientDefaultLockingSetProperties"), NULL, 0),
		   NULL);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("IOUserClient"), &it), 0);
	test_equal(it, 0);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("MethodsUserClient"), &it), 0);
	test_equal(it, 0);
	IOObjectRelease(child);
	uint64_t frees = methods_count(c, METHODS_N_FREES);
	io_connect_t other = methods_open(METHODS_TABLE);
	IOServiceClose(c);
	methods_await(other, METHODS_N_FREES, frees + 1);
	c = other;
	IOObjectRelease(s);
	test_reset_baseline(); /* the library remembers classes */
	end();
}

TEST(K26_the_order_of_a_whole_life)
{
	begin(METHODS_TABLE);
	for (uint64_t i = 1; i <= 20; i++) {
		io_connect_t one = methods_open(METHODS_TABLE);

		test_equal_error(call_three(one), 0);
		if (i & 1)
			IOServiceClose(one);
		else
			IOConnectRelease(one);
		methods_await(c, METHODS_N_FREES, i);
		test_equal(methods_count(c, METHODS_N_CLOSES), i);
		test_equal(methods_count(c, METHODS_N_WILLS), i);
		test_equal(methods_count(c, METHODS_N_DIDS), i);
		test_equal(methods_count(c, METHODS_N_STOPS), i);
	}
	test_equal(methods_count(c, METHODS_N_DISORDER), 0);
	end();
}

TEST_MAIN
