// SPDX-License-Identifier: MIT
/*
 * Notification ports, dispatching of messages and their layout: spec 11.6 to 11.9 and 2.7. The
 * messages are made here, as the system sends them, so every form is seen on every way.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

struct completion {
	mach_msg_header_t header;
	OSNotificationHeader64 notification;
	unsigned char content[8 + 16 * 8];
};

struct interest {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t service;
	unsigned char rest[72 + 4 + 64 + 16];
};

static mach_port_t send_right(IONotificationPortRef port)
{
	mach_port_t name = IONotificationPortGetMachPort(port);

	test_true(name != 0);
	test_equal(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	return name;
}

static void fill(struct completion *m, mach_port_t to, void *callback, void *refcon, unsigned n)
{
	uint64_t words[16];

	memset(m, 0, sizeof(*m));
	m->header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	m->header.msgh_size = (mach_msg_size_t)(104 + 8 * n);
	m->header.msgh_remote_port = to;
	m->header.msgh_id = kOSNotificationMessageID;
	m->notification.size = 4 + 8 * n;
	m->notification.type = kIOAsyncCompletionNotificationType;
	m->notification.reference[kIOAsyncCalloutFuncIndex] = (uint64_t)(uintptr_t)callback;
	m->notification.reference[kIOAsyncCalloutRefconIndex] = (uint64_t)(uintptr_t)refcon;
	for (unsigned i = 0; i < 16; i++)
		words[i] = 0x1122334400000000u + i;
	memcpy(m->content + 4, words, 8 * n);
}

static void post(mach_port_t to, void *callback, void *refcon)
{
	struct completion m;

	fill(&m, to, callback, refcon, 0);
	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, 0, 0, 0), 0);
}

/* --- callbacks by number of arguments -------------------------------------------- */

static int kind = -1;
static uint64_t seen[16];
static uint32_t n_seen;

static void none(void *refcon, IOReturn result)
{
	kind = 0;
	test_equal(refcon, seen);
	test_equal(result, 0);
}

static void one(void *refcon, IOReturn result, void *a)
{
	none(refcon, result);
	kind = 1;
	seen[0] = (uint64_t)(uintptr_t)a;
}

static void two(void *refcon, IOReturn result, void *a, void *b)
{
	one(refcon, result, a);
	kind = 2;
	seen[1] = (uint64_t)(uintptr_t)b;
}

static void many(void *refcon, IOReturn result, void **arguments, uint32_t n)
{
	none(refcon, result);
	kind = 3;
	n_seen = n;
	memcpy(seen, arguments, n * sizeof(*seen)); /* they need not be aligned */
}

TEST(spec_i01_i20_arguments_choose_the_callback)
{
	struct completion m;
	void *const callbacks[] = { (void *)none, (void *)one, (void *)two, (void *)many };

	for (unsigned n = 0; n <= 16; n++) {
		unsigned want = n < 3 ? n : 3;

		memset(seen, 0, sizeof(seen));
		fill(&m, 0, callbacks[want], seen, n);
		m.header.msgh_remote_port = 0;
		IODispatchCalloutFromMessage(NULL, &m.header, NULL);
		test_equal(kind, want);
		for (unsigned i = 0; i < n; i++)
			test_equal(seen[i], 0x1122334400000000u + i);
		if (n > 2)
			test_equal(n_seen, n);
	}
}

static _Atomic int calls;

static void count(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	atomic_fetch_add(&calls, 1);
}

TEST(spec_g15_g17_other_messages_call_nobody)
{
	struct completion m;

	fill(&m, 0, (void *)count, NULL, 0);
	m.header.msgh_id = 54;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	m.header.msgh_id = kOSNotificationMessageID;
	m.notification.type = 161;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	m.notification.type = 0;
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	fill(&m, 0, NULL, NULL, 0); /* no callback: skipped */
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	for (mach_msg_size_t size = 0; size < 104; size += 4) {
		fill(&m, 0, (void *)count, NULL, 0);
		m.header.msgh_size = size; /* cut short */
		if (size < 96)
			IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	}
	test_equal(calls, 0);
}

/* --- interest --------------------------------------------------------------------- */

static void *argument;
static char argument_bytes[64];
static size_t argument_size;
static uint32_t message_type;
static io_service_t sender;

static void on_message(void *refcon, io_service_t service, uint32_t type, void *arg)
{
	(void)refcon;
	message_type = type;
	sender = service;
	argument = arg;
	if (argument_size >= 16)
		memcpy(argument_bytes, arg, argument_size);
}

static void fill_interest(struct interest *m, mach_port_t service, const void *bytes, size_t n)
{
	OSNotificationHeader64 h = { .size = 76 };
	unsigned char *p = m->rest;
	size_t carried = n ? (n + 3) / 4 * 4 : 8;

	memset(m, 0, sizeof(*m));
	h.type = kIOServiceMessageNotificationType |
		 (natural_t)((n & 3) << kIOKitNoticationTypeSizeAdjShift);
	h.reference[kIOInterestCalloutFuncIndex] = (uint64_t)(uintptr_t)on_message;
	m->header.msgh_bits = MACH_MSGH_BITS_COMPLEX;
	m->header.msgh_size = (mach_msg_size_t)(116 + carried);
	m->header.msgh_id = kOSNotificationMessageID;
	m->body.msgh_descriptor_count = 1;
	m->service.name = service;
	m->service.disposition = MACH_MSG_TYPE_MOVE_SEND;
	m->service.type = MACH_MSG_PORT_DESCRIPTOR;
	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), &(uint32_t){ 0xe0000130 }, 4);
	if (n)
		memcpy(p + sizeof(h) + 4, bytes, n);
}

TEST(spec_g16_h02_h03_interest_by_value_and_by_pointer)
{
	struct interest m;
	unsigned char bytes[64];
	mach_port_t service;
	mach_port_urefs_t before = 0, after = 0;

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &service), 0);
	for (int i = 0; i < 64; i++)
		bytes[i] = (unsigned char)(0x81 + i);
	for (size_t n = 4; n <= 64; n += 4) {
		uint64_t value = 0;

		argument_size = n;
		mach_port_insert_right(mach_task_self(), service, service, MACH_MSG_TYPE_MAKE_SEND);
		mach_port_insert_right(mach_task_self(), service, service, MACH_MSG_TYPE_MAKE_SEND);
		mach_port_get_refs(mach_task_self(), service, MACH_PORT_RIGHT_SEND, &before);
		fill_interest(&m, service, bytes, n);
		IODispatchCalloutFromMessage(NULL, &m.header, NULL);
		mach_port_get_refs(mach_task_self(), service, MACH_PORT_RIGHT_SEND, &after);
		test_equal(after, before - 1); /* what the message carried, and no more */
		test_equal(sender, service);
		test_equal_error(message_type, 0xe0000130);
		memcpy(&value, bytes, n < 8 ? n : 8);
		if (n < 16)
			test_equal(argument, value);
		else
			test_equal(memcmp(argument_bytes, bytes, n), 0);
	}
	mach_port_mod_refs(mach_task_self(), service, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs(mach_task_self(), service, MACH_PORT_RIGHT_DEAD_NAME, -(int)after);
}

/* --- ports ---------------------------------------------------------------- */

static dispatch_semaphore_t done;
static _Atomic int inside, overlaps, wanted;

static void serial(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	if (atomic_fetch_add(&inside, 1))
		atomic_fetch_add(&overlaps, 1);
	sched_yield();
	atomic_fetch_sub(&inside, 1);
	if (atomic_fetch_add(&calls, 1) + 1 == atomic_load(&wanted))
		dispatch_semaphore_signal(done);
}

static void start_world_and_warm_up(void)
{
	world_start();
	done = dispatch_semaphore_create(0);
	test_reset_baseline();
}

TEST(spec_g04_g06_one_port_never_overlaps_itself)
{
	start_world_and_warm_up();
	IONotificationPortRef port = IONotificationPortCreate(0);
	dispatch_queue_t queue = dispatch_queue_create("concurrent", DISPATCH_QUEUE_CONCURRENT);
	mach_port_t to = send_right(port);

	wanted = 105;
	for (int i = 0; i < 5; i++)
		post(to, (void *)serial, NULL); /* before there is a queue */
	IONotificationPortSetDispatchQueue(port, queue);
	for (int i = 0; i < 100; i++)
		post(to, (void *)serial, NULL);
	test_equal(dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER), 0);
	test_equal(calls, 105);
	test_equal(overlaps, 0);
	IONotificationPortDestroy(port);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(queue);
	world_stop();
}

static dispatch_semaphore_t here, there;

static void meet_here(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	dispatch_semaphore_signal(there);
	dispatch_semaphore_wait(here, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_signal(done);
}

static void meet_there(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	dispatch_semaphore_signal(here);
	dispatch_semaphore_wait(there, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_signal(done);
}

TEST(spec_g05_two_ports_on_a_concurrent_queue_overlap)
{
	start_world_and_warm_up();
	here = dispatch_semaphore_create(0);
	there = dispatch_semaphore_create(0);
	IONotificationPortRef a = IONotificationPortCreate(0), b = IONotificationPortCreate(0);
	dispatch_queue_t queue = dispatch_queue_create("concurrent", DISPATCH_QUEUE_CONCURRENT);
	mach_port_t to_a = send_right(a), to_b = send_right(b);

	IONotificationPortSetDispatchQueue(a, queue);
	IONotificationPortSetDispatchQueue(b, queue);
	post(to_a, (void *)meet_here, NULL);
	post(to_b, (void *)meet_there, NULL);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	IONotificationPortDestroy(a);
	IONotificationPortDestroy(b);
	mach_port_deallocate(mach_task_self(), to_a);
	mach_port_deallocate(mach_task_self(), to_b);
	dispatch_release(queue);
	dispatch_release(here);
	dispatch_release(there);
	world_stop();
}

static void destroy(void *refcon, IOReturn result)
{
	(void)result;
	atomic_fetch_add(&calls, 1);
	IONotificationPortDestroy(refcon);
	dispatch_semaphore_signal(done);
}

TEST(spec_g09_destroyed_inside_its_callback)
{
	start_world_and_warm_up();
	IONotificationPortRef port = IONotificationPortCreate(0);
	dispatch_queue_t queue = dispatch_queue_create("serial", NULL);
	mach_port_t to = send_right(port);
	mach_port_type_t type = 0;

	for (int i = 0; i < 4; i++)
		post(to, (void *)destroy, port);
	IONotificationPortSetDispatchQueue(port, queue);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	do {
		test_equal(mach_port_type(mach_task_self(), to, &type), 0);
	} while (type & MACH_PORT_TYPE_RECEIVE && !sched_yield());
	test_equal(type & MACH_PORT_TYPE_DEAD_NAME, MACH_PORT_TYPE_DEAD_NAME);
	test_equal(calls, 1);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_release(queue);
	world_stop();
}

static void on_match(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

TEST(spec_g10_iterators_outlive_their_port)
{
	start_world_and_warm_up();
	IONotificationPortRef port = IONotificationPortCreate(0);
	io_service_t s = world_service("MirrorDriver");
	io_iterator_t it = 0;
	io_object_t notifier = 0;

	test_equal(IOServiceAddMatchingNotification(port, kIOPublishNotification,
						    IOServiceMatching("MirrorDriver"), on_match,
						    NULL, &it),
		   0);
	test_equal(IOServiceAddInterestNotification(port, s, kIOGeneralInterest, on_message, NULL,
						    &notifier),
		   0);
	IONotificationPortDestroy(port);
	test_equal(IOIteratorNext(it), s);
	test_equal(IOObjectRelease(s), 0);
	test_equal(IOIteratorNext(it), 0);
	test_equal(IOObjectRelease(it), 0);
	test_equal(IOObjectRelease(notifier), 0);
	IOObjectRelease(s);
	world_stop();
}

static IONotificationPortRef nested_port;
static int depth, deepest;

static void nest(void *refcon, IOReturn result)
{
	(void)refcon;
	(void)result;
	calls++;
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (calls == 1)
		while (calls < 2)
			CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	depth--;
}

TEST(spec_g14_nested_run_loops_deliver_the_next_message)
{
	start_world_and_warm_up();
	nested_port = IONotificationPortCreate(0);
	IONotificationPortRef other = IONotificationPortCreate(0);
	mach_port_t to = send_right(nested_port), to_other = send_right(other);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(nested_port),
			   kCFRunLoopDefaultMode);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(other),
			   kCFRunLoopDefaultMode);
	post(to, (void *)nest, NULL);
	post(to_other, (void *)nest, NULL);
	while (calls < 2)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	test_equal(deepest, 2);
	IONotificationPortDestroy(nested_port);
	IONotificationPortDestroy(other);
	mach_port_deallocate(mach_task_self(), to);
	mach_port_deallocate(mach_task_self(), to_other);
	world_stop();
}

/* --- 1500 messages ---------------------------------------------------------------------------- */

static _Atomic int block_saw;

static void note_block(void *context)
{
	(void)context;
	atomic_store(&block_saw, atomic_load(&calls));
}

static void count_to(void *refcon, IOReturn result)
{
	(void)result;
	int n = atomic_fetch_add(&calls, 1) + 1;

	if (n == 1)
		dispatch_async_f(refcon, NULL, note_block);
	if (n == 1500)
		dispatch_semaphore_signal(done);
}

TEST(spec_g18_other_blocks_get_their_turn)
{
	start_world_and_warm_up();
	IONotificationPortRef port = IONotificationPortCreate(0);
	dispatch_queue_t queue = dispatch_queue_create("serial", NULL);
	mach_port_limits_t limits = { .mpl_qlimit = MACH_PORT_QLIMIT_MAX };
	mach_port_t to = send_right(port);

	test_equal(mach_port_set_attributes(mach_task_self(), to, MACH_PORT_LIMITS_INFO,
					    (mach_port_info_t)&limits, MACH_PORT_LIMITS_INFO_COUNT),
		   0);
	dispatch_suspend(queue);
	IONotificationPortSetDispatchQueue(port, queue);
	for (int i = 0; i < 1024; i++)
		post(to, (void *)count_to, queue);
	dispatch_resume(queue);
	for (int i = 1024; i < 1500; i++)
		post(to, (void *)count_to, queue);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	dispatch_sync_f(queue, NULL, note_block);
	test_equal(calls, 1500);
	IONotificationPortDestroy(port);
	mach_port_deallocate(mach_task_self(), to);
	dispatch_sync_f(queue, NULL, note_block);
	dispatch_release(queue);
	world_stop();
}

TEST_MAIN
