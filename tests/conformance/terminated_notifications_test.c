// SPDX-License-Identifier: MIT
/* F09 to F12, F25, F26: notifications of the end of services. */
#include <signal.h>
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

static uint64_t publish(struct life *l, const char *key)
{
	uint64_t id = stage_do(l->stage, NULL, "publish key=%s register", key);

	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	return id;
}

static io_service_t kept;

static void keep_first(void *refcon, io_iterator_t iterator)
{
	io_service_t s;

	(void)refcon;
	while ((s = IOIteratorNext(iterator))) {
		if (kept)
			IOObjectRelease(s);
		else
			kept = s;
	}
}

static io_iterator_t claim(const char *type)
{
	io_iterator_t iterator = 0;

	test_equal_error(IOServiceAddMatchingNotification(port, type, IOServiceMatching("StageNub"),
							  keep_first, NULL, &iterator),
			 0);
	test_equal(IOIteratorNext(iterator), 0);
	return iterator;
}

static void await_kept(void)
{
	while (!kept)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
}

TEST(F09)
{
	struct life l = life_begin();
	struct watch w = { 0 }, will = { 0 };

	open_port();
	publish(&l, "a");
	watch(&w, kIOTerminatedNotification, NULL);
	watch(&will, kIOWillTerminateNotification, NULL);
	test_equal(drain(&w), 0);
	test_equal(drain(&will), 0);
	unwatch(&w);
	unwatch(&will);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F10)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = stage_dictionary("Mark", stage_number(7), NULL);
	io_name_t name;
	uint64_t state = 0;

	open_port();
	io_service_t a = stage_publish_service(l.stage, properties, "key=a name=dying register");
	uint64_t id = id_of(a);
	io_iterator_t it = claim(kIOTerminatedNotification);
	stage_do(l.stage, NULL, "terminate key=a");
	await_kept();
	test_equal(kept, a);
	test_true(IOObjectIsEqualTo(kept, a));
	test_equal(id_of(kept), id);
	test_equal(IOObjectGetUserRetainCount(a), 2);
	CFTypeRef mark = IORegistryEntryCreateCFProperty(a, CFSTR("Mark"), NULL, 0);
	test_true(mark && CFGetTypeID(mark) == CFNumberGetTypeID());
	CFRelease(mark);
	test_equal_error(IORegistryEntryGetName(a, name), 0);
	test_equal_text(name, "dying");
	test_equal_error(IOObjectGetClass(a, name), 0);
	test_equal_text(name, "StageNub");
	test_equal_error(IOServiceGetState(a, &state), 0);
	test_equal(state, kIOServiceInactiveState);
	IOObjectRelease(it);
	/* The claim stays with the service when the notification goes. */
	test_equal(id_of(a), id);
	IOObjectRelease(kept);
	IOObjectRelease(a);
	CFRelease(properties);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F11)
{
	struct life l = life_begin();
	io_name_t name;
	uint64_t id = 0;

	open_port();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");
	mach_port_type_t type = 0;
	stage_do(l.stage, NULL, "terminate key=a");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal_error(IORegistryEntryGetRegistryEntryID(a, &id), MACH_SEND_INVALID_DEST);
	test_equal_error(IOObjectGetClass(a, name), MACH_SEND_INVALID_DEST);
	test_equal_error(mach_port_type(mach_task_self(), a, &type), 0);
	test_equal(type, MACH_PORT_TYPE_DEAD_NAME);
	test_equal(IOObjectGetUserRetainCount(a), 0);
	test_equal_error(IOObjectRelease(a), 0);
	test_equal_error(IOObjectRelease(a), KERN_INVALID_NAME);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F11_another_class_does_not_claim)
{
	struct life l = life_begin();
	struct watch w = { 0 };
	uint64_t id = 0;

	open_port();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");
	watch(&w, kIOTerminatedNotification, IOServiceMatching("IOMedia"));
	test_equal(drain(&w), 0);
	stage_do(l.stage, NULL, "terminate key=a");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal_error(IORegistryEntryGetRegistryEntryID(a, &id), MACH_SEND_INVALID_DEST);
	IOObjectRelease(a);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F12_a_service_that_was_not_held)
{
	struct life l = life_begin();
	uint64_t state = 0;

	open_port();
	uint64_t id = publish(&l, "a");
	io_iterator_t it = claim(kIOTerminatedNotification);
	stage_do(l.stage, NULL, "terminate key=a");
	await_kept();
	test_equal(id_of(kept), id);
	test_equal_error(IOServiceGetState(kept, &state), 0);
	test_equal(state, kIOServiceInactiveState);
	test_equal(IOServiceGetMatchingService(0, IORegistryEntryIDMatching(id)), 0);
	IOObjectRelease(kept);
	IOObjectRelease(it);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F12_will_terminate_comes_after_terminated)
{
	struct life l = life_begin();
	struct watch will = { 0 }, terminated = { 0 };

	open_port();
	uint64_t id = publish(&l, "a");
	watch(&will, kIOWillTerminateNotification, NULL);
	watch(&terminated, kIOTerminatedNotification, NULL);
	test_equal(drain(&will), 0);
	test_equal(drain(&terminated), 0);
	stage_do(l.stage, NULL, "terminate key=a");
	while (!terminated.calls) {
		test_equal(will.calls, 0);
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	}
	await_calls(&will, 1);
	test_equal(will.ids[0], id);
	test_equal(terminated.ids[0], id);
	unwatch(&will);
	unwatch(&terminated);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F25)
{
	struct life l = life_begin();
	struct watch w = { 0 };

	open_port();
	publish(&l, "a");
	uint64_t b = publish(&l, "b");
	stage_do(l.stage, NULL, "terminate key=a");
	watch(&w, kIOFirstMatchNotification, NULL);
	test_equal(drain(&w), 1);
	test_equal(w.ids[0], b);
	unwatch(&w);
	IONotificationPortDestroy(port);
	life_end(&l);
}

TEST(F26)
{
	struct life l = life_begin();
	struct watch nubs = { 0 }, drivers = { 0 };

	open_port();
	uint64_t a = publish(&l, "a"), b = publish(&l, "b");
	io_service_t held = stage_service(a);
	watch(&nubs, kIOTerminatedNotification, NULL);
	watch(&drivers, kIOTerminatedNotification, IOServiceMatching("Stage"));
	test_equal(drain(&nubs) + drain(&drivers), 0);
	pid_t host = world_host_pid("org.portico.test.Stage");
	test_equal(kill(host, SIGKILL), 0);
	while (nubs.drained < 2 || drivers.drained < 1)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(nubs.drained, 2);
	test_true(nubs.ids[0] == a || nubs.ids[0] == b);
	/* As for an orderly end: the handle of what was announced stays good. */
	test_equal(id_of(held), a);
	IOObjectRelease(held);
	unwatch(&nubs);
	unwatch(&drivers);
	IONotificationPortDestroy(port);
	IOServiceClose(l.stage);
	IOServiceClose(l.life);
	world_stop();
}

TEST_MAIN
