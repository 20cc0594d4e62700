// SPDX-License-Identifier: MIT
/* F: matching notifications. Those of the end of services: terminated_notifications_test.c. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

#include "life.h"
#include "test.h"
#include "world.h"

/* One notification and what its callback saw. */
struct watch {
	io_iterator_t iterator;
	int calls, drained;
	uint64_t ids[64]; /* in the order of Next */
	bool lazy;	  /* the callback does not drain */
};

static IONotificationPortRef port;

static uint64_t id_of(io_registry_entry_t e)
{
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(e, &id), 0);
	return id;
}

static int drain(struct watch *w)
{
	io_service_t s;
	int n = 0;

	while ((s = IOIteratorNext(w->iterator))) {
		if (w->drained < 64)
			w->ids[w->drained] = id_of(s);
		w->drained++;
		n++;
		IOObjectRelease(s);
	}
	return n;
}

static void on_match(void *refcon, io_iterator_t iterator)
{
	struct watch *w = refcon;

	test_equal(iterator, w->iterator);
	w->calls++;
	if (!w->lazy)
		drain(w);
}

static void open_port(void)
{
	port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
}

/* TYPE for services of the class StageNub (or MATCHING, consumed), not drained. */
static void watch(struct watch *w, const char *type, CFDictionaryRef matching)
{
	test_equal_error(IOServiceAddMatchingNotification(
				 port, type, matching ? matching : IOServiceMatching("StageNub"),
				 on_match, w, &w->iterator),
			 0);
	test_true(w->iterator != 0);
}

static void unwatch(struct watch *w)
{
	test_equal_error(IOObjectRelease(w->iterator), 0);
}

static void await_calls(struct watch *w, int n)
{
	while (w->calls < n)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(w->calls, n);
}

/* Everything that is on its way has come when the machine is quiet and nothing more is received. */
static void settle(void)
{
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	while (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true) == kCFRunLoopRunHandledSource)
		;
}

static uint64_t publish(struct life *l, const char *key)
{
	uint64_t id = stage_do(l->stage, NULL, "publish key=%s register", key);

	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	return id;
}

TEST(F01)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	uint64_t a = publish(&l, "a"), b = publish(&l, "b");
	watch(&w, kIOFirstMatchNotification, NULL);
	settle();
	test_equal(w.calls, 0);
	test_equal(drain(&w), 2);
	test_true((w.ids[0] == a && w.ids[1] == b) || (w.ids[0] == b && w.ids[1] == a));
	settle();
	test_equal(w.calls, 0);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F02_initial_sets_of_all_types)
{
	struct life l = life_begin();
	static const struct {
		const char *type;
		int registered, matched; /* in the initial set while its driver starts, and after */
	} types[] = {
		{ kIOPublishNotification, 1, 1 },    { kIOFirstPublishNotification, 1, 1 },
		{ kIOMatchedNotification, 0, 1 },    { kIOFirstMatchNotification, 0, 1 },
		{ kIOTerminatedNotification, 0, 0 }, { kIOWillTerminateNotification, 0, 0 },
	};

	open_port();
	stage_do(l.stage, NULL, "publish key=unregistered");
	life_publish(&l, "a", "d", "LifeHold");
	for (int i = 0; i < 6; i++) {
		struct watch w = { 0 };

		watch(&w, types[i].type, NULL);
		test_equal(drain(&w), types[i].registered);
		unwatch(&w);
	}
	life_do(&l, "release d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	for (int i = 0; i < 6; i++) {
		struct watch w = { 0 };

		watch(&w, types[i].type, NULL);
		test_equal(drain(&w), types[i].matched);
		unwatch(&w);
	}
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F03)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	publish(&l, "a");
	watch(&w, kIOFirstMatchNotification, NULL);
	test_equal(drain(&w), 1);
	uint64_t c = publish(&l, "c");
	await_calls(&w, 1);
	test_equal(w.drained, 2);
	test_equal(w.ids[1], c);
	settle();
	test_equal(w.calls, 1);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F04_not_drained_not_called)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	publish(&l, "a");
	watch(&w, kIOFirstMatchNotification, NULL);
	uint64_t b = publish(&l, "b");
	settle();
	test_equal(w.calls, 0);
	/* The latest first, although the initial set has not been read. */
	test_equal(drain(&w), 2);
	test_equal(w.ids[0], b);
	uint64_t c = publish(&l, "c");
	await_calls(&w, 1);
	test_equal(w.ids[2], c);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F05)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	watch(&w, kIOFirstMatchNotification, NULL);
	test_equal(drain(&w), 0);
	uint64_t x = publish(&l, "x"), y = publish(&l, "y");
	await_calls(&w, 1);
	test_equal(w.drained, 2);
	test_equal(w.ids[0], y);
	test_equal(w.ids[1], x);
	settle();
	test_equal(w.calls, 1);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F06)
{
	struct life l = life_begin();
	struct watch w = { .lazy = true };

	open_port();
	watch(&w, kIOFirstMatchNotification, NULL);
	test_equal(drain(&w), 0);
	uint64_t x = publish(&l, "x"), y = publish(&l, "y");
	await_calls(&w, 1);
	io_service_t s = IOIteratorNext(w.iterator);
	test_equal(id_of(s), y);
	IOObjectRelease(s);
	uint64_t z = publish(&l, "z");
	settle();
	test_equal(w.calls, 1);
	/* The new one is on top of what was left. */
	test_equal(drain(&w), 2);
	test_equal(w.ids[0], z);
	test_equal(w.ids[1], x);
	publish(&l, "last");
	await_calls(&w, 2);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F07)
{
	struct life l = life_begin();
	static const char *const types[] = { "IOServiceNope", "", "IOServicePublished" };

	open_port();
	for (int i = 0; i < 3; i++) {
		CFMutableDictionaryRef matching = IOServiceMatching("IOResources");
		io_iterator_t iterator = 99;

		CFRetain(matching);
		test_equal_error(IOServiceAddMatchingNotification(port, types[i], matching,
								  on_match, NULL, &iterator),
				 kIOReturnUnsupported);
		test_equal(iterator, 99);
		test_equal(CFGetRetainCount(matching), 1);
		CFRelease(matching);
	}
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F08)
{
	struct life l = life_begin();
	io_iterator_t iterator = 99;

	open_port();
	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification, NULL,
							  on_match, NULL, &iterator),
			 kIOReturnBadArgument);
	test_equal(iterator, 99);
	test_equal_error(IOServiceAddNotification(kIOMainPortDefault, kIOMatchedNotification, NULL,
						  IONotificationPortGetMachPort(port), 0,
						  &iterator),
			 kIOReturnBadArgument);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F08_the_dictionary_is_given_back_at_once)
{
	struct life l = life_begin();
	CFMutableDictionaryRef matching = IOServiceMatching("StageOther");
	io_iterator_t iterator;

	open_port();
	CFRetain(matching);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification, matching,
							  on_match, NULL, &iterator),
			 0);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F13)
{
	struct life l = life_begin();
	static const char *const types[] = { kIOPublishNotification, kIOMatchedNotification,
					     kIOFirstPublishNotification,
					     kIOFirstMatchNotification };
	struct watch w[4] = { 0 };

	open_port();
	uint64_t id = publish(&l, "a");
	for (int i = 0; i < 4; i++) {
		watch(&w[i], types[i], NULL);
		test_equal(drain(&w[i]), 1);
	}
	for (int round = 1; round <= 3; round++) {
		stage_do(l.stage, NULL, "register key=a");
		await_calls(&w[0], round);
		await_calls(&w[1], round);
		settle();
		test_equal(w[0].drained, 1 + round);
		test_equal(w[1].drained, 1 + round);
		test_equal(w[0].ids[round], id);
		test_equal(w[2].calls + w[3].calls, 0);
	}
	for (int i = 0; i < 4; i++)
		unwatch(&w[i]);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F13_registered_while_matching_is_matched_once)
{
	struct life l = life_begin();
	struct watch published = { 0 }, matched = { 0 };

	open_port();
	watch(&published, kIOPublishNotification, NULL);
	watch(&matched, kIOMatchedNotification, NULL);
	test_equal(drain(&published) + drain(&matched), 0);
	life_publish(&l, "a", "d", "LifeHold");
	await_calls(&published, 1);
	stage_do(l.stage, NULL, "register key=a");
	stage_do(l.stage, NULL, "register key=a");
	test_equal(matched.calls, 0);
	life_do(&l, "release d");
	await_calls(&matched, 1);
	settle();
	test_equal(matched.calls, 1);
	test_equal(matched.drained, 1);
	test_true(published.drained >= 2);
	unwatch(&published);
	unwatch(&matched);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F14)
{
	struct life l = life_begin();
	struct watch published = { 0 }, matched = { 0 };

	open_port();
	watch(&published, kIOPublishNotification, NULL);
	watch(&matched, kIOMatchedNotification, NULL);
	test_equal(drain(&published) + drain(&matched), 0);
	uint64_t id = life_publish(&l, "a", "d", "LifeHold");
	await_calls(&published, 1);
	test_equal(published.ids[0], id);
	while (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true) == kCFRunLoopRunHandledSource)
		;
	test_equal(matched.calls, 0);
	life_do(&l, "release d");
	await_calls(&matched, 1);
	test_equal(matched.ids[0], id);
	unwatch(&published);
	unwatch(&matched);
	IONotificationPortDestroy(port);
	life_end(&l);
}

static const char *order[16];
static int n_order;

static void note_order(void *refcon, io_iterator_t iterator)
{
	io_service_t s;

	while ((s = IOIteratorNext(iterator)))
		IOObjectRelease(s);
	order[n_order++] = refcon;
}

TEST(F14_the_order_of_the_kinds)
{
	struct life l = life_begin();
	/* Installed in another order than they fire in; two of one kind. */
	static const char *const types[] = { kIOFirstMatchNotification, kIOPublishNotification,
					     kIOMatchedNotification, kIOFirstPublishNotification,
					     kIOPublishNotification };
	static const char *const expected[] = { kIOFirstPublishNotification, kIOPublishNotification,
						kIOPublishNotification, kIOMatchedNotification,
						kIOFirstMatchNotification };
	io_iterator_t its[5];

	open_port();
	for (int i = 0; i < 5; i++) {
		test_equal_error(IOServiceAddMatchingNotification(
					 port, types[i], IOServiceMatching("StageNub"), note_order,
					 (void *)types[i], &its[i]),
				 0);
		test_equal(IOIteratorNext(its[i]), 0);
	}
	stage_do(l.stage, NULL, "publish key=a register");
	while (n_order < 5)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	for (int i = 0; i < 5; i++)
		test_equal_text(order[i], expected[i]);
	for (int i = 0; i < 5; i++)
		IOObjectRelease(its[i]);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F15)
{
	struct life l = life_begin();
	struct watch w = { 0 };
	CFMutableDictionaryRef matching = IOServiceMatching("StageNub");
	CFMutableDictionaryRef wanted = stage_dictionary("Ready", stage_number(1), NULL);

	CFDictionarySetValue(matching, CFSTR("IOPropertyMatch"), wanted);
	open_port();
	watch(&w, kIOPublishNotification, matching);
	test_equal(drain(&w), 0);
	uint64_t id = publish(&l, "a");
	stage_do(l.stage, wanted, "set key=a");
	settle();
	test_equal(w.calls, 0);
	stage_do(l.stage, NULL, "register key=a");
	await_calls(&w, 1);
	test_equal(w.ids[0], id);
	CFRelease(wanted);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F16)
{
	struct life l = life_begin();
	struct watch w = { 0 }, other = { 0 };

	open_port();
	watch(&w, kIOPublishNotification, NULL);
	test_equal(drain(&w), 0);
	unwatch(&w);
	watch(&other, kIOPublishNotification, NULL);
	test_equal(drain(&other), 0);
	publish(&l, "a");
	await_calls(&other, 1);
	settle();
	test_equal(w.calls, 0);
	unwatch(&other);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F17)
{
	struct life l = life_begin();
	struct watch w = { 0 };
	struct {
		mach_msg_header_t header;
		char rest[512];
	} m;
	mach_port_urefs_t refs = 0;

	port = IONotificationPortCreate(kIOMainPortDefault);
	watch(&w, kIOPublishNotification, NULL);
	test_equal(drain(&w), 0);
	publish(&l, "a");
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m),
				  IONotificationPortGetMachPort(port), 0, MACH_PORT_NULL),
			 0);
	test_equal(m.header.msgh_remote_port, w.iterator);
	test_equal_error(
		mach_port_get_refs(mach_task_self(), w.iterator, MACH_PORT_RIGHT_SEND, &refs), 0);
	test_equal(refs, 2);
	unwatch(&w);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(w.calls, 0);
	test_equal_error(
		mach_port_get_refs(mach_task_self(), w.iterator, MACH_PORT_RIGHT_SEND, &refs),
		KERN_INVALID_NAME);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F17_through_the_run_loop)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	watch(&w, kIOPublishNotification, NULL);
	test_equal(drain(&w), 0);
	publish(&l, "a");
	unwatch(&w);
	settle();
	test_equal(w.calls, 0);
	test_equal_error(IOObjectRelease(w.iterator), KERN_INVALID_NAME);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F18)
{
	struct life l = life_begin();
	struct watch a = { 0 }, b = { 0 }, other = { 0 };

	open_port();
	watch(&a, kIOMatchedNotification, NULL);
	watch(&b, kIOMatchedNotification, NULL);
	watch(&other, kIOMatchedNotification, IOServiceMatching("StageLeaf"));
	test_true(a.iterator != b.iterator);
	test_equal(drain(&a) + drain(&b) + drain(&other), 0);
	publish(&l, "a");
	await_calls(&a, 1); /* on_match compares the iterators */
	await_calls(&b, 1);
	test_equal(other.calls, 0);
	stage_do(l.stage, NULL, "publish key=leaf class=StageLeaf register");
	await_calls(&other, 1);
	settle();
	test_equal(a.calls, 1);
	unwatch(&a);
	unwatch(&b);
	unwatch(&other);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F19_an_iterator_does_not_go_back)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	publish(&l, "a");
	watch(&w, kIOPublishNotification, NULL);
	test_true(IOIteratorIsValid(w.iterator));
	test_equal(drain(&w), 1);
	IOIteratorReset(w.iterator);
	test_equal(drain(&w), 0);
	test_true(IOIteratorIsValid(w.iterator));
	/* Resetting has not disarmed it. */
	IOIteratorReset(w.iterator);
	publish(&l, "b");
	await_calls(&w, 1);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F19_pending_services_are_held)
{
	struct life l = life_begin();
	struct watch w = { .lazy = true };
	uint64_t state = 0;

	open_port();
	watch(&w, kIOPublishNotification, NULL);
	test_equal(drain(&w), 0);
	uint64_t id = publish(&l, "a");
	stage_do(l.stage, NULL, "terminate key=a");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	/* It was announced and still is, though it has ended meanwhile. */
	io_service_t s = IOIteratorNext(w.iterator);
	if (s) {
		if (!IOServiceGetState(s, &state)) {
			test_equal(state, kIOServiceInactiveState);
			test_equal(id_of(s), id);
		}
		IOObjectRelease(s);
	}
	test_equal(IOIteratorNext(w.iterator), 0);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

static void publish_many(struct life *l, int from, int n)
{
	for (int i = from; i < from + n; i++)
		stage_do(l->stage, NULL, "publish key=k%d register", i);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
}

TEST(F20)
{
	struct life l = life_begin();
	struct watch w = { .lazy = true };

	open_port();
	watch(&w, kIOPublishNotification, NULL);
	test_equal(drain(&w), 0);
	publish_many(&l, 0, 1100);
	await_calls(&w, 1);
	test_equal(drain(&w), 1024);
	settle();
	test_equal(w.calls, 1);
	/* And armed again. */
	publish(&l, "one-more");
	await_calls(&w, 2);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F20_the_initial_set_too)
{
	struct life l = life_begin();
	struct watch w = { 0 }, rest = { 0 };

	open_port();
	publish_many(&l, 0, 1000);
	watch(&w, kIOPublishNotification, NULL);
	publish_many(&l, 1000, 100); /* only 24 of them have room */
	test_equal(drain(&w), 1024);
	watch(&rest, kIOPublishNotification, NULL);
	test_equal(drain(&rest), 1024);
	unwatch(&w);
	unwatch(&rest);
	IONotificationPortDestroy(port);
	life_end(&l);
}

/* --- the race ------------------------------------------------------------------------- */

static struct life race;
static atomic_int race_turn, race_done;
static int race_rounds;

static void *race_publisher(void *context)
{
	(void)context;
	for (int i = 1; i <= race_rounds; i++) {
		while (atomic_load(&race_turn) < i)
			sched_yield();
		stage_do(race.stage, NULL, "publish key=r name=r%d register", i);
		atomic_store(&race_done, i);
	}
	return NULL;
}

TEST(F21)
{
	pthread_t thread;
	int initially = 0, later = 0;

	race = life_begin();
	race_rounds = test_is_slow() ? 500 : 10000;
	open_port();
	test_equal(pthread_create(&thread, NULL, race_publisher, NULL), 0);
	for (int i = 1; i <= race_rounds; i++) {
		struct watch w = { 0 };
		char name[16];

		snprintf(name, sizeof(name), "r%d", i);
		atomic_store(&race_turn, i);
		/* The installation wanders over the publication. */
		for (volatile int spin = 0; spin < i % 100 * 8000; spin++)
			;
		watch(&w, kIOFirstPublishNotification, IOServiceNameMatching(name));
		int first = drain(&w);
		if (!first)
			await_calls(&w, 1);
		test_equal(w.drained, 1);
		while (atomic_load(&race_done) < i)
			sched_yield();
		test_equal(drain(&w), 0);
		test_equal(w.calls, !first);
		initially += first;
		later += !first;
		unwatch(&w);
	}
	pthread_join(thread, NULL);
	printf("# %d in the initial set, %d announced\n", initially, later);
	IONotificationPortDestroy(port);
	life_end(&race);
}

/* --- raw -------------------------------------------------------------------------------- */

struct raw {
	mach_msg_header_t header;
	OSNotificationHeader64 notification;
	char trailer[MAX_TRAILER_SIZE];
};

static void receive(mach_port_t from, struct raw *m)
{
	test_equal_error(mach_msg(&m->header, MACH_RCV_MSG, 0, sizeof(*m), from, 0, MACH_PORT_NULL),
			 0);
}

TEST(F22)
{
	struct life l = life_begin();
	static const struct {
		const char *type;
		uint32_t number;
	} types[] = { { kIOPublishNotification, 100 },
		      { kIOFirstPublishNotification, 100 },
		      { kIOMatchedNotification, 101 },
		      { kIOFirstMatchNotification, 101 },
		      { kIOTerminatedNotification, 102 } };

	for (int i = 0; i < 5; i++) {
		mach_port_t p = 0;
		io_iterator_t it = 0;
		struct raw m;
		uint32_t type = 0;
		uintptr_t reference = 0;
		void *content = &m;
		vm_size_t size = 9;

		test_equal_error(IOCreateReceivePort(kOSNotificationMessageID, &p), 0);
		test_equal_error(IOServiceAddNotification(kIOMainPortDefault, types[i].type,
							  IOServiceMatching("StageNub"), p, 0x1234,
							  &it),
				 0);
		test_equal(IOIteratorNext(it), 0);
		publish(&l, "a");
		stage_do(l.stage, NULL, "terminate key=a");
		receive(p, &m);
		test_equal(m.header.msgh_id, kOSNotificationMessageID);
		test_equal(m.header.msgh_size, 96);
		test_equal(m.header.msgh_bits & MACH_MSGH_BITS_COMPLEX, 0);
		test_equal(m.header.msgh_remote_port, it);
		test_equal(m.header.msgh_local_port, p);
		test_equal(m.notification.size, 0);
		test_equal(m.notification.type, types[i].number);
		test_equal(m.notification.reference[0], 0x1234);
		for (int word = 1; word < 8; word++)
			test_equal(m.notification.reference[word], 0);
		test_equal_error(OSGetNotificationFromMessage(&m.header, 0, &type, &reference,
							      &content, &size),
				 0);
		test_equal(type, types[i].number);
		test_equal(reference, 0x1234);
		test_equal(size, 0);
		test_equal(content, NULL);
		mach_port_deallocate(mach_task_self(), m.header.msgh_remote_port);
		io_service_t s;
		while ((s = IOIteratorNext(it)))
			IOObjectRelease(s);
		IOObjectRelease(it);
		test_equal_error(
			mach_port_mod_refs(mach_task_self(), p, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	}
	life_end(&l);
}

TEST(F23_a_matching_message_of_a_notification_port)
{
	struct life l = life_begin();
	struct watch w = { 0 };
	struct raw m;

	port = IONotificationPortCreate(kIOMainPortDefault);
	watch(&w, kIOPublishNotification, NULL);
	test_equal(drain(&w), 0);
	publish(&l, "a");
	receive(IONotificationPortGetMachPort(port), &m);
	test_equal(m.notification.reference[0], 0);
	test_equal(m.notification.reference[kIOMatchingCalloutFuncIndex], (uintptr_t)on_match);
	test_equal(m.notification.reference[kIOMatchingCalloutRefconIndex], (uintptr_t)&w);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL);
	test_equal(w.calls, 1);
	test_equal(IOObjectGetUserRetainCount(w.iterator), 1);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F24)
{
	struct raw m = { .header = { .msgh_size = 96, .msgh_id = kOSNotificationMessageID } };
	uint32_t type = 0;
	uintptr_t reference = 0;
	void *content = NULL;
	vm_size_t size = 9;

	m.notification.type = 3u << kIOKitNoticationTypeSizeAdjShift | 150;
	m.notification.size = 12;
	m.notification.reference[0] = 0x1234;
	test_equal(OSGetNotificationFromMessage(&m.header, 0, &type, &reference, &content, &size),
		   0);
	test_equal(type, 150);
	test_equal(reference, 0x1234);
	test_equal(size, 12);
	test_equal(content, m.notification.content);
	test_equal(OSGetNotificationFromMessage(&m.header, 0, NULL, NULL, NULL, NULL), 0);
	test_equal_error(OSGetNotificationFromMessage(&m.header, 1, NULL, NULL, NULL, NULL),
			 kIOReturnNoResources);
	m.header.msgh_size = 95;
	test_equal_error(OSGetNotificationFromMessage(&m.header, 0, NULL, NULL, NULL, NULL),
			 kIOReturnNoResources);
	m.header.msgh_id = kOSAsyncCompleteMessageID;
	test_equal_error(OSGetNotificationFromMessage(&m.header, 0, NULL, NULL, NULL, NULL),
			 kIOReturnBadMessageID);
	test_equal_error(OSGetNotificationFromMessage(NULL, 0, NULL, NULL, NULL, NULL),
			 kIOReturnBadArgument);
}

TEST_MAIN
