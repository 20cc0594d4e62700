// SPDX-License-Identifier: MIT
/* Notifications: matching, interest, and the four ways in which they arrive. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>
#include <portico/port.h>

#include "client/session.h"
#include "fake.h"
#include "test.h"

static struct fake fake;
static IONotificationPortRef notify;
static io_iterator_t iterator;

static atomic_int n_calls;
static int n_drained;
static io_iterator_t last_iterator;
static io_service_t last_service;
static uint32_t last_type;
static uint64_t last_argument;
static char last_bytes[64];

static int drain(io_iterator_t it)
{
	io_object_t object;
	int n = 0;

	while ((object = IOIteratorNext(it))) {
		IOObjectRelease(object);
		n++;
	}
	return n;
}

static void matched(void *refcon, io_iterator_t it)
{
	test_true(refcon == &fake);
	last_iterator = it;
	n_drained = drain(it);
	atomic_fetch_add(&n_calls, 1);
}

static void interested(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	last_service = service;
	last_type = type;
	last_argument = (uintptr_t)argument;
	if (type == 77)
		memcpy(last_bytes, argument, sizeof(last_bytes));
	atomic_fetch_add(&n_calls, 1);
}

static void start(void)
{
	fake_start(&fake, NULL);
	notify = IONotificationPortCreate(kIOMainPortDefault);
	test_true(notify != NULL);
}

static void add_matching(void)
{
	test_equal_error(IOServiceAddMatchingNotification(notify, kIOFirstMatchNotification,
							  IOServiceMatching("FixtureDriver"), matched,
							  &fake, &iterator), 0);
}

static void end(void)
{
	IONotificationPortDestroy(notify);
	fake_end(&fake);
}

static void receive_one(void)
{
	_Alignas(8) char buffer[512];
	mach_msg_header_t *message = (mach_msg_header_t *)buffer;

	test_equal_error(mach_msg(message, MACH_RCV_MSG, 0, sizeof(buffer),
				  IONotificationPortGetMachPort(notify), 0, 0), 0);
	IODispatchCalloutFromMessage(NULL, message, NULL);
}

static bool is_quiet(void)
{
	_Alignas(8) char buffer[512];

	return mach_msg((mach_msg_header_t *)buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			sizeof(buffer), IONotificationPortGetMachPort(notify), 0, 0) ==
	       MACH_RCV_TIMED_OUT;
}

TEST(spec_f01_f03_draining_arms)
{
	start();
	add_matching();
	test_equal(IOIteratorIsValid(iterator), 1);
	test_equal(drain(iterator), 2);
	test_equal(fake.n_next, 1);
	test_equal(drain(iterator), 0);
	/* Others than those that were there. */
	fake.pending[0] = FAKE_MACHINE;
	fake.n_pending = 1;
	fake_send_notice(&fake, 101);
	receive_one();
	test_equal(atomic_load(&n_calls), 1);
	test_equal(last_iterator, iterator);
	test_equal(n_drained, 1);
	test_equal(IOObjectGetUserRetainCount(iterator), 1);
	IOIteratorReset(iterator);
	test_equal(drain(iterator), 0);
	IOObjectRelease(iterator);
	end();
}

TEST(spec_f07_f08_bad_arguments)
{
	CFMutableDictionaryRef matching = IOServiceMatching("x");
	io_iterator_t it = 7;

	start();
	CFRetain(matching);
	test_equal_error(IOServiceAddMatchingNotification(notify, "IOServiceNope", matching, matched,
							  NULL, &it), kIOReturnUnsupported);
	test_equal(it, 7);
	test_equal(CFGetRetainCount(matching), 1);
	test_equal_error(IOServiceAddMatchingNotification(notify, kIOMatchedNotification, NULL,
							  matched, NULL, &it), kIOReturnBadArgument);
	CFRetain(matching);
	test_equal_error(IOServiceAddMatchingNotification(NULL, kIOMatchedNotification, matching,
							  matched, NULL, &it), kIOReturnBadArgument);
	CFRetain(matching);
	test_equal_error(IOServiceAddNotification(0, kIOMatchedNotification, matching, 0, 5, &it),
			 MACH_SEND_INVALID_RIGHT);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	end();
}

TEST(spec_f17_released_iterator_is_not_called)
{
	mach_port_t name;

	start();
	add_matching();
	drain(iterator);
	fake_send_notice(&fake, 101);
	name = iterator;
	IOObjectRelease(iterator);
	if (!is_quiet())
		test_fail(__FILE__, __LINE__, "a message for a notifier that is gone");
	test_equal(atomic_load(&n_calls), 0);
	test_equal(IOObjectRelease(name), KERN_INVALID_NAME);
	end();
}

TEST(spec_f22_raw_message)
{
	_Alignas(8) char buffer[512];
	mach_msg_header_t *message = (mach_msg_header_t *)buffer;
	mach_port_t port;
	uint32_t type;
	uintptr_t reference;
	void *content = &type;
	vm_size_t size = 9;

	start();
	test_equal(IOCreateReceivePort(kOSNotificationMessageID, &port), 0);
	test_equal_error(IOCreateReceivePort(54, &port), kIOReturnBadArgument);
	test_equal_error(IOServiceAddNotification(0, kIOPublishNotification,
						  IOServiceMatching("FixtureDriver"), port, 0x1234,
						  &iterator), 0);
	drain(iterator);
	fake_send_notice(&fake, 100);
	test_equal_error(mach_msg(message, MACH_RCV_MSG, 0, sizeof(buffer), port, 0, 0), 0);
	test_equal(message->msgh_id, 53);
	test_equal(message->msgh_size, 96);
	test_equal(message->msgh_remote_port, iterator);
	test_equal(OSGetNotificationFromMessage(message, 0, &type, &reference, &content, &size), 0);
	test_equal(type, 100);
	test_equal(reference, 0x1234);
	test_equal(size, 0);
	test_true(content == NULL);
	test_equal_error(OSGetNotificationFromMessage(message, 1, NULL, NULL, NULL, NULL),
			 kIOReturnNoResources);
	message->msgh_size = 95;
	test_equal_error(OSGetNotificationFromMessage(message, 0, NULL, NULL, NULL, NULL),
			 kIOReturnNoResources);
	message->msgh_id = 57;
	test_equal_error(OSGetNotificationFromMessage(message, 0, NULL, NULL, NULL, NULL),
			 kIOReturnBadMessageID);
	mach_port_deallocate(mach_task_self(), iterator);
	IOObjectRelease(iterator);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	end();
}

TEST(spec_h02_to_h06_interest_arguments)
{
	io_service_t service;
	io_object_t notifier;
	char bytes[64];
	uint32_t four = 0x80000000;
	uint64_t first;

	for (int i = 0; i < 64; i++)
		bytes[i] = (char)(i + 1);
	memcpy(&first, bytes, 8);
	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceAddInterestNotification(notify, service, kIOGeneralInterest,
							  interested, NULL, &notifier), 0);
	fake_send_interest(&fake, FAKE_SERVICE, kIOMessageServiceIsSuspended, 42, NULL, 0);
	receive_one();
	test_equal(last_service, service);
	test_equal_error(last_type, kIOMessageServiceIsSuspended);
	test_equal(last_argument, 42);
	fake_send_interest(&fake, FAKE_SERVICE, 1, 0, &four, 4);
	receive_one();
	test_equal(last_argument, 0x80000000ull);
	for (uint32_t size = 8; size < 16; size++) {
		fake_send_interest(&fake, FAKE_SERVICE, 1, 0, bytes, size);
		receive_one();
		test_equal(last_argument, first);
	}
	for (uint32_t size = 16; size <= 64; size++) {
		memset(last_bytes, 0, sizeof(last_bytes));
		fake_send_interest(&fake, FAKE_SERVICE, 77, 0, bytes, size);
		receive_one();
		test_equal(memcmp(last_bytes, bytes, size), 0);
	}
	test_equal(IOObjectGetUserRetainCount(service), 1);
	test_equal(IOIteratorNext(notifier), 0);
	test_equal(IOIteratorIsValid(notifier), 1);
	IOObjectRelease(notifier);
	IOObjectRelease(service);
	end();
}

TEST(spec_h07_h09_interest_errors)
{
	io_registry_entry_t root;
	io_service_t service;
	io_object_t notifier = 7;

	start();
	root = IORegistryGetRootEntry(0);
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceAddInterestNotification(notify, root, kIOGeneralInterest, interested,
							  NULL, &notifier), kIOReturnBadArgument);
	test_equal_error(IOServiceAddInterestNotification(notify, service, "IONope", interested, NULL,
							  &notifier), kIOReturnUnsupported);
	test_equal_error(IOServiceAddInterestNotification(notify, 0, kIOGeneralInterest, interested,
							  NULL, &notifier), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceAddInterestNotification(NULL, service, kIOGeneralInterest,
							  interested, NULL, &notifier),
			 kIOReturnBadArgument);
	IOObjectRelease(service);
	IOObjectRelease(root);
	end();
}

/* Design 2: names die before the notification is heard. */
TEST(dead_name_comes_before_the_notice)
{
	io_service_t service;
	mach_port_type_t type;

	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	add_matching();
	drain(iterator);
	fake_send_dead(&fake, FAKE_SERVICE);
	fake_send_notice(&fake, 102);
	receive_one();
	test_equal(mach_port_type(mach_task_self(), service, &type), 0);
	test_equal(type, MACH_PORT_TYPE_DEAD_NAME);
	IOObjectRelease(service);
	IOObjectRelease(iterator);
	end();
}

/* --- the ways of delivery -------------------------------------------------------- */

TEST(spec_g01_g02_run_loop)
{
	CFRunLoopSourceRef source;

	/* What run loops keep for the life of the process is open from here on. */
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_reset_baseline();
	start();
	source = IONotificationPortGetRunLoopSource(notify);
	test_true(source && source == IONotificationPortGetRunLoopSource(notify));
	add_matching();
	drain(iterator);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode);
	fake_send_notice(&fake, 101);
	while (!atomic_load(&n_calls))
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(atomic_load(&n_calls), 1);
	IOObjectRelease(iterator);
	end();
}

static void signal_done(void *context)
{
	dispatch_semaphore_signal(context);
}

TEST(spec_g03_g08_dispatch_queues)
{
	dispatch_queue_t first = dispatch_queue_create("first", NULL);
	dispatch_queue_t second = dispatch_queue_create("second", NULL);
	dispatch_semaphore_t done = dispatch_semaphore_create(0);
	io_service_t service;
	io_object_t notifier;

	/* So is what the dispatch workers keep. */
	dispatch_sync_f(first, done, signal_done);
	dispatch_async_f(first, done, signal_done);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceAddInterestNotification(notify, service, kIOGeneralInterest,
							  interested, NULL, &notifier), 0);
	for (int i = 0; i < 50; i++)
		fake_send_interest(&fake, FAKE_SERVICE, 1, (uint64_t)i, NULL, 0);
	IONotificationPortSetDispatchQueue(notify, first);
	for (int i = 0; i < 50; i++)
		fake_send_interest(&fake, FAKE_SERVICE, 1, (uint64_t)i, NULL, 0);
	IONotificationPortSetDispatchQueue(notify, second);
	while (atomic_load(&n_calls) < 100) {
		dispatch_async_f(second, done, signal_done);
		dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	}
	test_equal(atomic_load(&n_calls), 100);
	IOObjectRelease(notifier);
	IOObjectRelease(service);
	IONotificationPortSetDispatchQueue(notify, NULL);
	/* Let the cancel handlers run. */
	dispatch_sync_f(first, done, signal_done);
	dispatch_sync_f(second, done, signal_done);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_release(first);
	dispatch_release(second);
	dispatch_release(done);
	test_reset_baseline();
	end();
}

TEST(descriptor_polls_readable)
{
	struct pollfd poll_fd = { .events = POLLIN };

	start();
	poll_fd.fd = portico_port_get_descriptor(IONotificationPortGetMachPort(notify));
	test_true(poll_fd.fd >= 0);
	add_matching();
	drain(iterator);
	test_equal(poll(&poll_fd, 1, 0), 0);
	fake_send_notice(&fake, 101);
	test_equal(poll(&poll_fd, 1, 10000), 1);
	receive_one();
	test_equal(atomic_load(&n_calls), 1);
	IOObjectRelease(iterator);
	end();
}

TEST(notifications_survive_a_new_registry)
{
	start();
	add_matching();
	test_equal(drain(iterator), 2);
	fake_stop(&fake);
	memset(fake.granted, 0, sizeof(fake.granted));
	memset(fake.released, 0, sizeof(fake.released));
	fake.n_next = 0;
	fake_restart(&fake);
	/* The watcher connects and arms by itself; the two services are no news. */
	fake_wait(&fake, fake.n_next > 0);
	fake.pending[0] = FAKE_MACHINE;
	fake.n_pending = 1;
	fake_send_notice(&fake, 101);
	receive_one();
	test_equal(n_drained, 1);
	IOObjectRelease(iterator);
	end();
}

TEST_MAIN
