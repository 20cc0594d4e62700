// SPDX-License-Identifier: MIT
/* Notifications: matching, interest, and the four ways in which they arrive. */
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
#include <portico/port.h>

#include "client/message.h"
#include "client/session.h"
#include "fake.h"
#include "test.h"
#include "wire/notice.h"
#include "wire/tray.h"

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
							  IOServiceMatching("FixtureDriver"),
							  matched, &fake, &iterator),
			 0);
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
				  IONotificationPortGetMachPort(notify), 0, 0),
			 0);
	IODispatchCalloutFromMessage(NULL, message, NULL);
}

static bool is_quiet(void)
{
	_Alignas(8) char buffer[512];

	return mach_msg((mach_msg_header_t *)buffer, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			sizeof(buffer), IONotificationPortGetMachPort(notify), 0,
			0) == MACH_RCV_TIMED_OUT;
}

TEST(draining_arms)
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

TEST(what_comes_along_is_not_asked_for)
{
	start();
	add_matching();
	test_equal(drain(iterator), 2);
	uint64_t subscription = fake.subscription;
	unsigned n_next = fake.n_next;
	fake_send_notices(&fake, &subscription, 1, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	receive_one();
	test_equal(atomic_load(&n_calls), 1);
	test_equal(n_drained, 2);
	test_equal(fake.n_next, n_next);
	fake_wait(&fake, fake.n_armed == 1);
	/* something has become pending since, for whomever: then it is asked for */
	fake_send_notices(&fake, &subscription, 1, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	fake.page->news_generation++;
	receive_one();
	test_equal(atomic_load(&n_calls), 2);
	test_equal(fake.n_next, n_next + 1);
	test_equal(fake.n_armed, 1);
	IOObjectRelease(iterator);
	end();
}

static struct wire_tray_reader tray;
static struct wire_tray_record laid_down[WIRE_TRAY_SLOTS];

static bool accept_tray(struct fake *f, int socket, struct wire_frame *frame)
{
	int fd;

	if (frame->header.type != WIRE_TRAY_OPEN)
		return false;
	fd = wire_frame_take_fd(frame, 0);
	test_equal(wire_tray_attach(&tray, fd), 0);
	close(fd);
	fake_reply_status(socket, frame, 0);
	return true;
}

/* How many grants of what N of the fake stands for lie there, with those that were sent. */
static void give_back(struct wire_tray_record record)
{
	pthread_mutex_lock(&fake.lock);
	fake.released[record.id - WIRE_ROOT_ID] += record.n_grants;
	pthread_mutex_unlock(&fake.lock);
}

static size_t take_tray(void)
{
	size_t n;

	test_equal(wire_tray_take(&tray, laid_down, &n), 0);
	return n;
}

/* With a tray neither arming nor giving back is a message. */
TEST(what_is_laid_down_is_not_sent)
{
	start();
	fake.hook = accept_tray;
	add_matching();
	test_equal(drain(iterator), 2);
	uint64_t subscription = fake.subscription;
	unsigned n_next = fake.n_next;
	fake_send_notices(&fake, &subscription, 1, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	receive_one(); /* its services were given back before the tray was there */
	test_equal(take_tray(), 1);
	test_equal(laid_down[0].id, subscription);
	test_equal(laid_down[0].n_grants, 0);
	fake_send_notices(&fake, &subscription, 1, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	receive_one();
	test_equal(take_tray(), 3);
	for (int i = 0; i < 2; i++) {
		test_equal(laid_down[i].id, FAKE_ID(i ? FAKE_USER_CLIENT : FAKE_MACHINE));
		test_equal(laid_down[i].n_grants, 1);
		give_back(laid_down[i]);
	}
	test_equal(laid_down[2].id, subscription);
	test_equal(fake.n_next, n_next);
	test_equal(fake.n_armed, 0);
	IOObjectRelease(iterator);
	end();
	wire_tray_detach(&tray);
}

/* News between the last service and the arming: the registry may have looked at the tray before. */
static bool publish_with_tray(struct fake *f, int socket, struct wire_frame *frame)
{
	if (frame->header.type == WIRE_TRAY_OPEN)
		f->page->news_generation++;
	return accept_tray(f, socket, frame);
}

TEST(news_while_arming_are_asked_for)
{
	start();
	fake.hook = publish_with_tray;
	add_matching();
	test_equal(drain(iterator), 2);
	uint64_t subscription = fake.subscription;
	unsigned n_next = fake.n_next;
	fake_send_notices(&fake, &subscription, 1, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	receive_one();
	test_equal(take_tray(), 1);
	test_equal(fake.n_next, n_next + 1);
	IOObjectRelease(iterator);
	end();
	wire_tray_detach(&tray);
}

/* It is told once, and what does not fit is sent. */
TEST(a_full_tray_is_no_obstacle)
{
	io_service_t service;

	start();
	fake.hook = accept_tray;
	add_matching();
	test_equal(drain(iterator), 2);
	uint64_t subscription = fake.subscription;
	fake_send_notices(&fake, &subscription, 1, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	receive_one();
	for (int i = 0; i < 3 * WIRE_TRAY_SLOTS; i++) {
		service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
		IOObjectRelease(service);
	}
	size_t n = take_tray();
	test_equal(n, WIRE_TRAY_SLOTS);
	for (size_t i = 0; i < n; i++)
		if (laid_down[i].n_grants)
			give_back(laid_down[i]);
	IOObjectRelease(iterator);
	end(); /* which counts */
	wire_tray_detach(&tray);
}

/* One datagram for five, of which two are unknown: each of the others is called once, in order, and no
 * grant is lost (which the end of each test counts). */
TEST(several_notices_in_one_message)
{
	io_iterator_t others[2];
	uint64_t subscriptions[5] = { 0, 0, 12345, 0, 54321 };

	start();
	add_matching();
	test_equal(drain(iterator), 2);
	subscriptions[1] = fake.subscription;
	for (int i = 0; i < 2; i++) {
		test_equal(IOServiceAddMatchingNotification(notify, kIOMatchedNotification,
							    IOServiceMatching("FixtureDriver"),
							    matched, &fake, &others[i]),
			   0);
		drain(others[i]);
		subscriptions[i ? 3 : 0] = fake.subscription;
	}
	fake_send_notices(&fake, subscriptions, 5, 101, FAKE_MACHINE, FAKE_USER_CLIENT);
	fake_send_notice(&fake, 101); /* comes after all of them */
	receive_one();
	test_equal(last_iterator, others[0]);
	receive_one();
	test_equal(last_iterator, iterator);
	receive_one();
	test_equal(last_iterator, others[1]);
	test_equal(atomic_load(&n_calls), 3);
	test_equal(n_drained, 2);
	receive_one();
	test_equal(last_iterator, others[1]);
	test_equal(n_drained, 0);
	test_true(is_quiet());
	IOObjectRelease(others[0]);
	IOObjectRelease(others[1]);
	IOObjectRelease(iterator);
	end();
}

TEST(bad_arguments)
{
	CFMutableDictionaryRef matching = IOServiceMatching("x");
	io_iterator_t it = 7;

	start();
	CFRetain(matching);
	test_equal_error(IOServiceAddMatchingNotification(notify, "IOServiceNope", matching,
							  matched, NULL, &it),
			 kIOReturnUnsupported);
	test_equal(it, 7);
	test_equal(CFGetRetainCount(matching), 1);
	test_equal_error(IOServiceAddMatchingNotification(notify, kIOMatchedNotification, NULL,
							  matched, NULL, &it),
			 kIOReturnBadArgument);
	CFRetain(matching);
	test_equal_error(IOServiceAddMatchingNotification(NULL, kIOMatchedNotification, matching,
							  matched, NULL, &it),
			 kIOReturnBadArgument);
	CFRetain(matching);
	test_equal_error(IOServiceAddNotification(0, kIOMatchedNotification, matching, 0, 5, &it),
			 MACH_SEND_INVALID_RIGHT);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	end();
}

TEST(released_iterator_is_not_called)
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

TEST(raw_message)
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
						  &iterator),
			 0);
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

TEST(interest_arguments)
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
							  interested, NULL, &notifier),
			 0);
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

static void release_service(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	test_equal(service, *(io_service_t *)refcon);
	test_equal(IOObjectGetUserRetainCount(service), 2);
	IOObjectRelease(service);
	atomic_fetch_add(&n_calls, 1);
}

TEST(two_notifiers_and_a_borrowed_service)
{
	io_service_t service;
	io_object_t notifiers[2];

	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	for (int i = 0; i < 2; i++)
		test_equal_error(IOServiceAddInterestNotification(
					 notify, service, kIOGeneralInterest,
					 i ? release_service : interested, &service, &notifiers[i]),
				 0);
	fake.subscription = 1;
	fake_send_interest(&fake, FAKE_SERVICE, 5, 0, NULL, 0);
	fake.subscription = 2;
	fake_send_interest(&fake, FAKE_SERVICE, 6, 0, NULL, 0);
	receive_one();
	test_equal(last_type, 5);
	test_equal(IOObjectGetUserRetainCount(service), 1);
	receive_one();
	test_equal(atomic_load(&n_calls), 2);
	/* What the callback released was ours. */
	test_equal(IOObjectGetUserRetainCount(service), 0);
	/* A released notifier is not called, whatever comes. */
	IOObjectRelease(notifiers[1]);
	fake_send_interest(&fake, FAKE_SERVICE, 7, 0, NULL, 0);
	test_true(is_quiet());
	IOObjectRelease(notifiers[0]);
	end();
}

TEST(interest_errors)
{
	io_registry_entry_t root;
	io_service_t service;
	io_object_t notifier = 7;

	start();
	root = IORegistryGetRootEntry(0);
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceAddInterestNotification(notify, root, kIOGeneralInterest,
							  interested, NULL, &notifier),
			 kIOReturnBadArgument);
	test_equal_error(IOServiceAddInterestNotification(notify, service, "IONope", interested,
							  NULL, &notifier),
			 kIOReturnUnsupported);
	test_equal_error(IOServiceAddInterestNotification(notify, 0, kIOGeneralInterest, interested,
							  NULL, &notifier),
			 MACH_SEND_INVALID_DEST);
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

/* Of one that has ended nothing can be given out any more; that is not the end of the others. */
TEST(one_that_has_ended_is_passed_over)
{
	start();
	io_service_t service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	add_matching();
	fake_send_dead(&fake, FAKE_SERVICE);
	/* With this message its end has come. */
	fake_send_notice(&fake, 101);
	while (is_quiet())
		sched_yield();
	test_equal(drain(iterator), 1);
	test_equal(fake.n_next, 1);
	fake.pending[0] = FAKE_MACHINE;
	fake.n_pending = 1;
	fake_send_notice(&fake, 101);
	receive_one();
	test_equal(n_drained, 1);
	IOObjectRelease(service);
	IOObjectRelease(iterator);
	end();
}

/* --- the ways of delivery -------------------------------------------------------- */

TEST(run_loop)
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

TEST(dispatch_queues)
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
							  interested, NULL, &notifier),
			 0);
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

/* What the dispatch workers keep for the life of the process is open from here on. */
static void warm_up(dispatch_queue_t queue)
{
	dispatch_semaphore_t done = dispatch_semaphore_create(0);

	dispatch_async_f(queue, done, signal_done);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_release(done);
}

/* Until what was submitted to QUEUE has run. */
static void wait_for_queue(dispatch_queue_t queue)
{
	dispatch_semaphore_t done = dispatch_semaphore_create(0);

	dispatch_barrier_async_f(queue, done, signal_done);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_release(done);
}

static atomic_int n_inside, n_overlaps;
static int wanted_inside;

static void count_inside(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	if (atomic_fetch_add(&n_inside, 1))
		atomic_fetch_add(&n_overlaps, 1);
	for (int i = 0; i < 20; i++)
		sched_yield();
	atomic_fetch_sub(&n_inside, 1);
	atomic_fetch_add(&n_calls, 1);
}

static io_object_t add_interest(IONotificationPortRef port, io_service_t service,
				IOServiceInterestCallback fn, void *refcon)
{
	io_object_t notifier = 0;

	test_equal_error(IOServiceAddInterestNotification(port, service, kIOGeneralInterest, fn,
							  refcon, &notifier),
			 0);
	return notifier;
}

TEST(one_port_on_a_concurrent_queue_does_not_overlap)
{
	dispatch_queue_t queue = dispatch_queue_create("many", DISPATCH_QUEUE_CONCURRENT);
	io_service_t service;
	io_object_t notifier;

	warm_up(queue);
	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	notifier = add_interest(notify, service, count_inside, NULL);
	IONotificationPortSetDispatchQueue(notify, queue);
	for (int i = 0; i < 100; i++)
		fake_send_interest(&fake, FAKE_SERVICE, 1, (uint64_t)i, NULL, 0);
	while (atomic_load(&n_calls) < 100)
		sched_yield();
	test_equal(atomic_load(&n_overlaps), 0);
	IOObjectRelease(notifier);
	IOObjectRelease(service);
	IONotificationPortSetDispatchQueue(notify, NULL);
	wait_for_queue(queue);
	dispatch_release(queue);
	test_reset_baseline();
	end();
}

static void meet(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	atomic_fetch_add(&n_inside, 1);
	while (atomic_load(&n_inside) < wanted_inside)
		sched_yield();
	atomic_fetch_add(&n_calls, 1);
}

TEST(two_ports_on_a_concurrent_queue_overlap)
{
	dispatch_queue_t queue = dispatch_queue_create("many", DISPATCH_QUEUE_CONCURRENT);
	IONotificationPortRef second = IONotificationPortCreate(0);
	io_service_t service;
	io_object_t notifiers[2];

	warm_up(queue);
	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	wanted_inside = 2;
	notifiers[0] = add_interest(notify, service, meet, NULL);
	fake_send_interest(&fake, FAKE_SERVICE, 1, 0, NULL, 0);
	notifiers[1] = add_interest(second, service, meet, NULL);
	fake_send_interest(&fake, FAKE_SERVICE, 1, 0, NULL, 0);
	IONotificationPortSetDispatchQueue(notify, queue);
	IONotificationPortSetDispatchQueue(second, queue);
	while (atomic_load(&n_calls) < 2)
		sched_yield();
	for (int i = 0; i < 2; i++)
		IOObjectRelease(notifiers[i]);
	IOObjectRelease(service);
	IONotificationPortDestroy(second);
	IONotificationPortSetDispatchQueue(notify, NULL);
	wait_for_queue(queue);
	dispatch_release(queue);
	test_reset_baseline();
	end();
}

static void destroy_port_inside(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	IONotificationPortDestroy(notify);
	atomic_fetch_add(&n_calls, 1);
}

static bool name_exists(mach_port_t name)
{
	mach_port_type_t type;

	return mach_port_type(mach_task_self(), name, &type) == 0;
}

TEST(port_destroyed_inside_its_callback)
{
	dispatch_queue_t queue = dispatch_queue_create("one", NULL);
	mach_port_t wake_port;
	io_service_t service;
	io_object_t notifier;

	warm_up(queue);
	start();
	wake_port = IONotificationPortGetMachPort(notify);
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	notifier = add_interest(notify, service, destroy_port_inside, NULL);
	for (int i = 0; i < 10; i++)
		fake_send_interest(&fake, FAKE_SERVICE, 1, 0, NULL, 0);
	IONotificationPortSetDispatchQueue(notify, queue);
	while (name_exists(wake_port))
		sched_yield();
	wait_for_queue(queue);
	test_equal(atomic_load(&n_calls), 1);
	/* G10 */
	test_equal(IOObjectRelease(notifier), 0);
	IOObjectRelease(service);
	dispatch_release(queue);
	test_reset_baseline();
	fake.granted[FAKE_SERVICE] = fake.released[FAKE_SERVICE] = 0; /* nine were never read */
	client_session_end();
	fake_stop(&fake);
	fake.granted[FAKE_SERVICE] = fake.released[FAKE_SERVICE];
	fake_free(&fake);
}

static int depth, deepest;
static uint64_t seen[8];

static void run_nested(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	int n = atomic_fetch_add(&n_calls, 1);

	seen[n] = (uintptr_t)argument;
	if (++depth > deepest)
		deepest = depth;
	if (n == 0)
		while (atomic_load(&n_calls) < 3)
			CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	depth--;
}

TEST(nested_run_delivers_the_other_messages)
{
	io_service_t service;
	io_object_t notifier;

	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	test_reset_baseline();
	start();
	service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	notifier = add_interest(notify, service, run_nested, NULL);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(notify),
			   kCFRunLoopDefaultMode);
	for (int i = 1; i <= 3; i++)
		fake_send_interest(&fake, FAKE_SERVICE, 1, (uint64_t)i, NULL, 0);
	while (atomic_load(&n_calls) < 3)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true), kCFRunLoopRunTimedOut);
	test_equal(atomic_load(&n_calls), 3);
	for (uint64_t i = 0; i < 3; i++)
		test_equal(seen[i], i + 1);
	test_equal(deepest, 2);
	IOObjectRelease(notifier);
	IOObjectRelease(service);
	end();
}

static dispatch_queue_t busy_queue;
static int n_before_block;

static void note_count(void *context)
{
	n_before_block = atomic_load(&n_calls);
}

static void completed(void *refcon, IOReturn result)
{
	if (atomic_fetch_add(&n_calls, 1) == 0)
		dispatch_async_f(busy_queue, NULL, note_count);
}

static void send_completions(mach_port_t name, void *fn, int n)
{
	OSAsyncReference64 reference = { 0 };
	struct port_message *message;
	struct port *port;

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)fn;
	test_equal(port_from_receive_right(name, &port), 0);
	while (n--) {
		test_equal(client_message_new_completion(0, reference, NULL, 0, &message), 0);
		port_send(port, message);
	}
	port_unref(port);
}

TEST(others_on_the_queue_get_their_turn)
{
	busy_queue = dispatch_queue_create("busy", NULL);
	warm_up(busy_queue);
	notify = IONotificationPortCreate(0);
	send_completions(IONotificationPortGetMachPort(notify), (void *)completed, 1500);
	IONotificationPortSetDispatchQueue(notify, busy_queue);
	while (atomic_load(&n_calls) < 1500)
		sched_yield();
	wait_for_queue(busy_queue);
	test_equal(n_before_block, 999);
	IONotificationPortDestroy(notify);
	wait_for_queue(busy_queue);
	dispatch_release(busy_queue);
	test_reset_baseline();
}

static void count_completion(void *refcon, IOReturn result)
{
	atomic_fetch_add(&n_calls, 1);
}

static void destroy_notify(void *context)
{
	IONotificationPortDestroy(context);
}

/* P-L8: on the queue of its callbacks a destroyed port is silent at once; on any other thread nothing
 * bad happens. */
TEST(ports_destroyed_while_callbacks_run)
{
	dispatch_queue_t queue = dispatch_queue_create("callbacks", NULL);
	int rounds = test_is_slow() ? 200 : 2000;
	size_t names;

	warm_up(queue);
	names = port_count_names();
	for (int i = 0; i < rounds; i++) {
		IONotificationPortRef port = IONotificationPortCreate(0);
		mach_port_t name = IONotificationPortGetMachPort(port);
		int calls;

		IONotificationPortSetDispatchQueue(port, queue);
		send_completions(name, (void *)count_completion, 5);
		if (i % 2) {
			IONotificationPortDestroy(port);
			continue;
		}
		dispatch_sync_f(queue, port, destroy_notify);
		calls = atomic_load(&n_calls);
		wait_for_queue(queue);
		test_equal(atomic_load(&n_calls), calls);
	}
	while (port_count_names() > names)
		wait_for_queue(queue);
	test_true(atomic_load(&n_calls) <= 5 * rounds);
	dispatch_release(queue);
	test_reset_baseline();
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

static atomic_int release_now;

static void *release_iterator(void *context)
{
	while (!atomic_load(&release_now))
		;
	IOObjectRelease(iterator);
	return NULL;
}

TEST(session_ends_while_its_last_iterator_is_released)
{
	for (int i = 0; i < 100; i++) {
		pthread_t thread;

		start();
		add_matching();
		drain(iterator);
		atomic_store(&release_now, 0);
		pthread_create(&thread, NULL, release_iterator, NULL);
		atomic_store(&release_now, 1);
		for (int spin = 0; spin < i * 50; spin++)
			atomic_load(&release_now);
		client_session_end();
		pthread_join(thread, NULL);
		/* If its end came first, the handle was a dead name. */
		IONotificationPortDestroy(notify);
		fake_stop(&fake);
		fake_free(&fake);
	}
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
