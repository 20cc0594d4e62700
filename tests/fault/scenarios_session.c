// SPDX-License-Identifier: MIT
/* The client library against the three sample drivers. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOMessage.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "control.h"
#include "scenario.h"
#include "test.h"

enum { ADD, REVERSE = 3, ADD_LATER = 4, REPEAT = 5 };
enum { CHECKSUM, FILL };
enum { SELF_TEST = 3 };

void scenario_wait_quiet(void)
{
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
}

bool scenario_await(const char *class_name, bool (*give_up)(void))
{
	io_service_t service;

	while (!(service = IOServiceGetMatchingService(kIOMainPortDefault,
						       IOServiceMatching(class_name)))) {
		if (give_up && give_up())
			return false;
		poll(NULL, 0, 10);
	}
	IOObjectRelease(service);
	return true;
}

void scenario_await_all(void)
{
	scenario_await("CalculatorDriver", NULL);
	scenario_await("MirrorDriver", NULL);
	scenario_await("ProcessMonitor", NULL);
}

static io_service_t find(const char *class_name)
{
	CFMutableDictionaryRef matching = IOServiceMatching(class_name);

	if (!MADE(matching))
		return 0;
	io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault, matching);
	/* A host that has seen a fault may end a while later. */
	while (!service && scenario_host_may_end && !fault_is_armed()) {
		scenario_await(class_name, NULL);
		service = IOServiceGetMatchingService(kIOMainPortDefault,
						      IOServiceMatching(class_name));
	}
	return MADE(service) ? service : 0;
}

/* Of a host that has seen a fault and ends, while its service can still be found. */
static bool is_ending(IOReturn status)
{
	return status == (IOReturn)kIOReturnOffline && scenario_host_may_end && !fault_is_armed();
}

static io_connect_t open_service(const char *class_name)
{
	io_connect_t connect = 0;
	io_service_t service;
	IOReturn status;

	do {
		service = find(class_name);
		if (!service)
			return 0;
		status = IOServiceOpen(service, mach_task_self(), 0, &connect);
		IOObjectRelease(service);
	} while (is_ending(status));
	/* A registry that cannot tell who asks refuses; a driver without memory has no client. */
	if (!WORKED_OR(status, status == (IOReturn)kIOReturnNotPermitted ? kIOReturnNotPermitted
									 : kIOReturnUnsupported))
		connect = 0;
	return connect;
}

static void run_look_up(void)
{
	io_iterator_t iterator = 0;
	io_service_t service;
	io_name_t name;
	io_string_t path;
	uint64_t id;
	int n = 0;

	CFMutableDictionaryRef matching = IOServiceMatching("IOService");
	if (MADE(matching) &&
	    WORKED(IOServiceGetMatchingServices(kIOMainPortDefault, matching, &iterator))) {
		while ((service = IOIteratorNext(iterator))) {
			(void)WORKED(IOObjectGetClass(service, name));
			/* Of a driver whose host has ended meanwhile there is none (nor a path). */
			(void)WORKED_OR(IORegistryEntryGetName(service, name),
					kIOReturnBadArgument);
			(void)WORKED(IORegistryEntryGetRegistryEntryID(service, &id));
			if (WORKED_OR(IORegistryEntryGetPath(service, kIOServicePlane, path),
				      kIOReturnBadArgument)) {
				io_registry_entry_t same =
					IORegistryEntryFromPath(kIOMainPortDefault, path);

				if (MADE(same))
					IOObjectRelease(same);
			}
			IOObjectRelease(service);
			n++;
		}
		(void)MADE(n >= 3);
		IOObjectRelease(iterator);
	}
}

static void run_walk(void)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault), entry, parent;
	io_iterator_t iterator = 0;
	int n = 0;

	if (!MADE(root))
		return;
	if (WORKED(IORegistryEntryCreateIterator(root, kIOServicePlane,
						 kIORegistryIterateRecursively, &iterator))) {
		while ((entry = IOIteratorNext(iterator))) {
			if (WORKED_OR(
				    IORegistryEntryGetParentEntry(entry, kIOServicePlane, &parent),
				    kIOReturnNoDevice))
				IOObjectRelease(parent);
			IOObjectRelease(entry);
			n++;
		}
		(void)MADE(n >= 3);
		IOObjectRelease(iterator);
	}
	if (WORKED(IORegistryEntryGetChildIterator(root, kIOServicePlane, &iterator))) {
		while ((entry = IOIteratorNext(iterator)))
			IOObjectRelease(entry);
		IOObjectRelease(iterator);
	}
	IOObjectRelease(root);
}

static void run_properties(void)
{
	io_service_t service = find("CalculatorDriver");
	CFMutableDictionaryRef all = NULL;
	CFTypeRef value;

	if (!service)
		return;
	if (WORKED_OR(IORegistryEntryCreateCFProperties(service, &all, kCFAllocatorDefault, 0),
		      kIOReturnBadArgument)) {
		value = CFDictionaryGetValue(all, CFSTR("Operations"));
		test_true(value && CFGetTypeID(value) == CFArrayGetTypeID());
		CFRelease(all);
	}
	value = IORegistryEntryCreateCFProperty(service, CFSTR("Operations"), kCFAllocatorDefault,
						0);
	if (MADE(value)) {
		test_equal(CFGetTypeID(value), CFArrayGetTypeID());
		CFRelease(value);
	}
	value = IORegistryEntrySearchCFProperty(
		service, kIOServicePlane, CFSTR("IOClass"), kCFAllocatorDefault,
		kIORegistryIterateRecursively | kIORegistryIterateParents);
	if (MADE(value))
		CFRelease(value);
	IOObjectRelease(service);
}

static void reverse(io_connect_t c, size_t size)
{
	unsigned char *in = malloc(size), *out = malloc(size);
	size_t n = size;

	for (size_t i = 0; i < size; i++)
		in[i] = (unsigned char)(i * 31 + (i >> 8));
	if (WORKED(IOConnectCallStructMethod(c, REVERSE, in, size, out, &n))) {
		test_equal(n, size);
		for (size_t i = 0; i < size; i++)
			if (out[i] != in[size - 1 - i])
				test_fail(__FILE__, __LINE__, "byte %zu of %zu is wrong", i, size);
	}
	free(in);
	free(out);
}

static void run_call(void)
{
	io_connect_t c = open_service("CalculatorDriver");
	uint64_t in[2] = { 40, 2 }, out[1] = { 0 };
	uint32_t n = 1;

	if (!c)
		return;
	/* The first calls go over the socket, the others through the slots. */
	for (int i = 0; i < 20; i++, n = 1)
		if (WORKED(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n)))
			test_equal(out[0], 42);
	reverse(c, 16);
	reverse(c, 4096);
	reverse(c, 32 << 10);
	reverse(c, 1 << 20);
	(void)WORKED(IOServiceClose(c));
}

struct sum {
	int calls;
	uint64_t value;
	bool on_run_loop;
	dispatch_semaphore_t done;
};

static void take_sum(void *refcon, IOReturn result, void *argument)
{
	struct sum *sum = refcon;

	/* The connection may be over before the sum. */
	sum->value = WORKED(result) ? (uint64_t)(uintptr_t)argument : 42;
	sum->calls++;
	if (sum->on_run_loop)
		CFRunLoopStop(CFRunLoopGetCurrent());
	else
		dispatch_semaphore_signal(sum->done);
}

enum { MOMENT_NS = 50000000, MOMENTS = 6 };

/* What may not come because of a fault is waited for a while, everything else until the watchdog. */
static bool has_waited(int moments)
{
	return moments >= MOMENTS && fault_is_armed() && fault_was_hit();
}

static bool add_later(io_connect_t c, IONotificationPortRef port, struct sum *sum)
{
	uint64_t in[3] = { 40, 2, 1000 };
	io_async_ref64_t reference = { 0 };
	uint32_t n = 0;

	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)take_sum;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)sum;
	return WORKED(IOConnectCallAsyncScalarMethod(c, ADD_LATER,
						     IONotificationPortGetMachPort(port), reference,
						     kIOAsyncCalloutCount, in, 3, NULL, &n));
}

/* Sums live on: a completion of an abandoned wait would have to find its own. */
static void run_async_on_run_loop(void)
{
	static struct sum sums[4];
	io_connect_t c = open_service("CalculatorDriver");
	IONotificationPortRef port = c ? IONotificationPortCreate(kIOMainPortDefault) : NULL;
	CFRunLoopSourceRef source = port ? IONotificationPortGetRunLoopSource(port) : NULL;

	if (c && MADE(port) && MADE(source)) {
		CFRunLoopRef loop = CFRunLoopGetCurrent();

		if (MADE(loop))
			CFRunLoopAddSource(loop, source, kCFRunLoopDefaultMode);
		if (loop && MADE(CFRunLoopContainsSource(loop, source, kCFRunLoopDefaultMode)))
			for (int i = 0; i < 4; i++) {
				sums[i] = (struct sum){ .on_run_loop = true };
				if (!add_later(c, port, &sums[i]))
					continue;
				for (int n = 0; !sums[i].calls && !has_waited(n); n++)
					CFRunLoopRunInMode(kCFRunLoopDefaultMode, MOMENT_NS / 1e9,
							   false);
				/* It comes once the shortage is over. */
				if (!sums[i].calls)
					fault_relieve();
				while (!sums[i].calls)
					CFRunLoopRunInMode(kCFRunLoopDefaultMode, MOMENT_NS / 1e9,
							   false);
				test_equal(sums[i].calls, 1);
				test_equal(sums[i].value, 42);
			}
	}
	if (port)
		IONotificationPortDestroy(port);
	if (c)
		(void)WORKED(IOServiceClose(c));
}

static void run_async_on_queue(void)
{
	static struct sum sum;
	io_connect_t c = open_service("CalculatorDriver");
	IONotificationPortRef port = c ? IONotificationPortCreate(kIOMainPortDefault) : NULL;
	dispatch_queue_t queue = port ? dispatch_queue_create("sums", NULL) : NULL;

	sum = (struct sum){ .done = dispatch_semaphore_create(0) };
	if (c && MADE(port) && MADE(queue) && MADE(sum.done)) {
		IONotificationPortSetDispatchQueue(port, queue);
		if (add_later(c, port, &sum)) {
			/* No callback can come where the queue could not be set. */
			bool late = true;

			for (int i = 0; late && !has_waited(i); i++)
				late = dispatch_semaphore_wait(
					       sum.done,
					       dispatch_time(DISPATCH_TIME_NOW, MOMENT_NS)) != 0;
			if (MADE(!late)) {
				test_equal(sum.calls, 1);
				test_equal(sum.value, 42);
			}
		}
	}
	if (port)
		IONotificationPortDestroy(port);
	if (c)
		(void)WORKED(IOServiceClose(c));
	if (queue) {
		dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
		dispatch_release(queue);
	}
	if (sum.done)
		dispatch_release(sum.done);
}

static bool maps(io_connect_t c, uint32_t type, mach_vm_address_t *address, mach_vm_size_t *size)
{
	return WORKED_OR(
		IOConnectMapMemory64(c, type, mach_task_self(), address, size, kIOMapAnywhere),
		kIOReturnBadArgument);
}

/* A connection that has lost its driver is there for its mappings alone: calls of it are refused. */
#define WORKED_MAPPED(call) WORKED_OR(call, kIOReturnBadArgument)

static void run_map(void)
{
	io_connect_t c = open_service("MirrorDriver");
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	uint64_t in[3] = { 0, 9, 0x5a }, out[1] = { 0 };
	uint32_t n = 1, none = 0;

	if (!c)
		return;
	if (maps(c, 0, &address, &size)) {
		unsigned char *p = (unsigned char *)(uintptr_t)address;

		test_equal(size, 1 << 20);
		memcpy(p, "123456789", 9);
		if (WORKED_MAPPED(IOConnectCallScalarMethod(c, CHECKSUM, in, 2, out, &n)))
			test_equal(out[0], 0xcbf43926);
		if (WORKED_MAPPED(IOConnectCallScalarMethod(c, FILL, in, 3, NULL, &none)))
			test_equal(p[8], 0x5a);
		(void)WORKED_MAPPED(IOConnectUnmapMemory64(c, 0, mach_task_self(), address));
	}
	if (maps(c, 1, &address, &size))
		(void)WORKED_MAPPED(IOConnectUnmapMemory64(c, 1, mach_task_self(), address));
	(void)WORKED(IOServiceClose(c));
}

static void run_queue(void)
{
	io_connect_t c = open_service("ProcessMonitor");
	mach_port_t port = c ? IODataQueueAllocateNotificationPort() : 0;
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	uint64_t records = 10;
	uint32_t none = 0;

	if (!c)
		return;
	if (MADE(port) && WORKED(IOConnectSetNotificationPort(c, 0, port, 0)) &&
	    maps(c, 0, &address, &size)) {
		IODataQueueMemory *queue = (IODataQueueMemory *)(uintptr_t)address;

		if (WORKED_MAPPED(
			    IOConnectCallScalarMethod(c, SELF_TEST, &records, 1, NULL, &none)))
			for (uint64_t i = 0; i < records; i++) {
				char record[48];
				uint32_t n = sizeof(record);

				if (!IODataQueueDataAvailable(queue) &&
				    !WORKED(IODataQueueWaitForAvailableData(queue, port)))
					break;
				test_equal_error(IODataQueueDequeue(queue, record, &n), 0);
				test_equal(n, sizeof(record));
			}
		(void)WORKED_MAPPED(IOConnectUnmapMemory64(c, 0, mach_task_self(), address));
	}
	if (port)
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	(void)WORKED(IOServiceClose(c));
}

static void drain(void *refcon, io_iterator_t iterator)
{
	io_service_t service;

	while ((service = IOIteratorNext(iterator))) {
		IOObjectRelease(service);
		++*(int *)refcon;
	}
}

static void take_interest(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)service;
	(void)type;
	(void)argument;
	++*(int *)refcon;
}

static void run_notify(void)
{
	static int n_services, n_messages;
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;
	io_object_t interest = 0;

	if (!MADE(port))
		return;
	CFMutableDictionaryRef matching = IOServiceMatching("CalculatorDriver");
	n_services = 0;
	if (MADE(matching) &&
	    WORKED(IOServiceAddMatchingNotification(port, kIOFirstMatchNotification, matching,
						    drain, &n_services, &iterator))) {
		drain(&n_services, iterator);
		(void)MADE(n_services == 1);
		IOObjectRelease(iterator);
	}
	io_service_t service = find("CalculatorDriver");
	if (service &&
	    WORKED_OR(IOServiceAddInterestNotification(port, service, kIOGeneralInterest,
						       take_interest, &n_messages, &interest),
		      kIOReturnBadArgument))
		IOObjectRelease(interest);
	if (service)
		IOObjectRelease(service);
	IONotificationPortDestroy(port);
}

const struct scenario scenarios_of_session[] = {
	{ "look up", run_look_up },
	{ "walk", run_walk },
	{ "properties", run_properties },
	{ "call", run_call },
	{ "async on a run loop", run_async_on_run_loop },
	{ "async on a queue", run_async_on_queue },
	{ "map", run_map },
	{ "queue", run_queue },
	{ "notify", run_notify },
	{ NULL, NULL },
};
