// SPDX-License-Identifier: MIT
/* N01 to N05, N19 to N24, N28: busy state, registration and termination of services. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>

#include "life.h"
#include "test.h"
#include "world.h"

static uint32_t busy_of(io_service_t service)
{
	uint32_t busy = 77;

	test_equal_error(IOServiceGetBusyState(service, &busy), 0);
	return busy;
}

static uint64_t state_of(io_service_t service)
{
	uint64_t state = 77;

	test_equal_error(IOServiceGetState(service, &state), 0);
	return state;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- busy state --------------------------------------------------------------------- */

TEST(N01)
{
	struct life l = life_begin();
	io_service_t s = stage_publish_service(l.stage, NULL, "key=a register");

	test_equal(busy_of(s), 0);
	test_equal_error(IOServiceWaitQuiet(s, NULL), 0);
	test_equal_error(IOServiceWaitQuiet(s, &(mach_timespec_t){ 0, 0 }), 0);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	IOObjectRelease(s);
	life_end(&l);
}

TEST(N02_waiting_for_quiet)
{
	struct life l = life_begin();
	io_service_t s = stage_publish_service(l.stage, NULL, "key=a register");
	mach_timespec_t none = { 0, 0 }, little = { 0, 20 * 1000 * 1000 }, long_time = { 3600, 0 };

	stage_do(l.stage, NULL, "busy key=a delta=1");
	test_equal_error(IOServiceWaitQuiet(s, &none), kIOReturnTimeout);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, &none), kIOReturnTimeout);
	uint64_t before = now_ns();
	test_equal_error(IOServiceWaitQuiet(s, &little), kIOReturnTimeout);
	test_true(now_ns() - before >= 20 * 1000 * 1000);
	test_equal_error(IOKitWaitQuietWithOptions(kIOMainPortDefault, &little, 1),
			 kIOReturnTimeout);
	stage_do(l.stage, NULL, "busy key=a delta=-1");
	test_equal_error(IOServiceWaitQuiet(s, &long_time), 0);
	test_equal_error(IOServiceWaitQuiet(0, NULL), MACH_SEND_INVALID_DEST);
	IOObjectRelease(s);
	life_end(&l);
}

struct waiting {
	io_service_t service; /* 0: the machine */
	kern_return_t status;
};

static void *wait_quiet(void *context)
{
	struct waiting *w = context;

	w->status = w->service ? IOServiceWaitQuiet(w->service, NULL)
			       : IOKitWaitQuiet(kIOMainPortDefault, NULL);
	return NULL;
}

TEST(N02_waiters_are_woken)
{
	struct life l = life_begin();
	io_service_t s = stage_publish_service(l.stage, NULL, "key=a register");
	struct waiting waits[4] = { { s, 1 }, { s, 1 }, { 0, 1 }, { 0, 1 } };
	pthread_t threads[4];

	stage_do(l.stage, NULL, "busy key=a delta=2");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, wait_quiet, &waits[i]);
	stage_do(l.stage, NULL, "busy key=a delta=-1");
	test_equal_error(IOServiceWaitQuiet(s, &(mach_timespec_t){ 0, 0 }), kIOReturnTimeout);
	stage_do(l.stage, NULL, "busy key=a delta=-1");
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		test_equal_error(waits[i].status, 0);
	}
	IOObjectRelease(s);
	life_end(&l);
}

TEST(N03)
{
	struct life l = life_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	uint64_t state = 77, accumulated = 77;
	uint32_t busy = 77;

	test_equal_error(IOServiceGetBusyState(root, &busy), kIOReturnBadArgument);
	test_equal(busy, 0);
	busy = 77;
	test_equal_error(IOServiceGetBusyState(0, &busy), MACH_SEND_INVALID_DEST);
	test_equal(busy, 0);
	busy = 77;
	test_equal_error(IOServiceGetBusyStateAndTime(root, &state, &busy, &accumulated),
			 kIOReturnBadArgument);
	test_equal(state, 0);
	test_equal(busy, 0);
	test_equal(accumulated, 0);
	state = 77;
	test_equal_error(IOServiceGetState(root, &state), kIOReturnBadArgument);
	test_equal(state, 0);
	test_equal_error(IOServiceWaitQuiet(root, NULL), kIOReturnBadArgument);
	IOObjectRelease(root);
	life_end(&l);
}

TEST(N04)
{
	struct life l = life_begin();
	uint32_t busy = 77;

	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal_error(IOKitGetBusyState(kIOMainPortDefault, &busy), 0);
	test_equal(busy, 0);
	life_end(&l);
}

TEST(N05)
{
	struct life l = life_begin();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");
	io_service_t b = stage_publish_service(l.stage, NULL, "key=b parent=a register");
	io_registry_entry_t machine = IORegistryEntryFromPath(kIOMainPortDefault, "IOService:/");
	uint32_t busy;

	stage_do(l.stage, NULL, "busy key=b delta=1");
	test_equal(busy_of(b), 1);
	test_equal(busy_of(a), 1);
	test_equal(busy_of(machine), 1);
	stage_do(l.stage, NULL, "busy key=b delta=1"); /* no transition: nothing goes up */
	test_equal(busy_of(b), 2);
	test_equal(busy_of(a), 1);
	stage_do(l.stage, NULL, "busy key=a delta=1"); /* a's own, and its busy child */
	test_equal(busy_of(a), 2);
	test_equal(busy_of(machine), 1);
	stage_do(l.stage, NULL, "busy key=b delta=-2");
	test_equal(busy_of(b), 0);
	test_equal(busy_of(a), 1);
	stage_do(l.stage, NULL, "busy key=a delta=-1");
	test_equal(busy_of(a), 0);
	test_equal_error(IOKitGetBusyState(kIOMainPortDefault, &busy), 0);
	test_equal(busy, 0);
	IOObjectRelease(machine);
	IOObjectRelease(a);
	IOObjectRelease(b);
	life_end(&l);
}

TEST(N05_more_than_ten_bits)
{
	struct life l = life_begin();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");

	for (int i = 0; i < 3; i++)
		stage_do(l.stage, NULL, "busy key=a delta=1000");
	test_equal(busy_of(a), 1023);
	stage_do(l.stage, NULL, "busy key=a delta=-1000");
	stage_do(l.stage, NULL, "busy key=a delta=-1000");
	test_equal(busy_of(a), 1000);
	stage_do(l.stage, NULL, "busy key=a delta=-1000");
	test_equal(busy_of(a), 0);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, &(mach_timespec_t){ 5, 0 }), 0);
	IOObjectRelease(a);
	life_end(&l);
}

TEST(N05_time_is_accumulated_while_busy)
{
	struct life l = life_begin();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");
	uint64_t state, before, during, after, still;
	uint32_t busy;

	test_equal_error(IOServiceGetBusyStateAndTime(a, &state, &busy, &before), 0);
	test_equal(state, 0x1e);
	test_equal(busy, 0);
	stage_do(l.stage, NULL, "busy key=a delta=1");
	uint64_t begun = now_ns();
	test_equal_error(IOServiceWaitQuiet(a, &(mach_timespec_t){ 0, 30 * 1000 * 1000 }),
			 kIOReturnTimeout);
	uint64_t waited = now_ns() - begun;
	test_equal_error(IOServiceGetBusyStateAndTime(a, &state, &busy, &during), 0);
	test_equal(busy, 1);
	test_true(during - before >= waited);
	stage_do(l.stage, NULL, "busy key=a delta=-1");
	test_equal_error(IOServiceGetBusyStateAndTime(a, &state, &busy, &after), 0);
	test_true(after >= during);
	test_equal_error(IOServiceWaitQuiet(a, NULL), 0);
	test_equal_error(IOServiceGetBusyStateAndTime(a, &state, &busy, &still), 0);
	test_equal(still, after);
	IOObjectRelease(a);
	life_end(&l);
}

TEST(N05_busy_while_a_driver_starts)
{
	struct life l = life_begin();
	uint64_t id = life_publish(&l, "a", "d", "LifeHold");
	io_service_t stage = world_service("Stage");
	uint32_t busy;

	test_equal(IOServiceGetMatchingService(0, IORegistryEntryIDMatching(id)), 0);
	test_equal_error(IOKitGetBusyState(kIOMainPortDefault, &busy), 0);
	test_true(busy > 0);
	test_equal(busy_of(stage), 1);
	life_do(&l, "release d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	IOObjectRelease(stage_service(id));
	IOObjectRelease(stage);
	life_end(&l);
}

/* --- registration ---------------------------------------------------------------------- */

TEST(N19)
{
	struct life l = life_begin();
	uint64_t id = stage_do(l.stage, NULL, "publish key=a name=loose");

	stage_do(l.stage, NULL, "detach key=a parent=driver plane=IOService");
	stage_do(l.stage, NULL, "register key=a");
	test_equal(IOServiceGetMatchingService(0, IORegistryEntryIDMatching(id)), 0);
	world_await_log("is not attached to the root");
	/* Attached again it may be registered. */
	stage_do(l.stage, NULL, "attach key=a parent=driver plane=IOService");
	stage_do(l.stage, NULL, "register key=a");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	IOObjectRelease(stage_service(id));
	life_end(&l);
}

TEST(N19_states)
{
	struct life l = life_begin();
	uint64_t id = stage_do(l.stage, NULL, "publish key=a name=quiet");
	io_registry_entry_t stage = world_service("Stage"), a = 0;

	test_equal_error(IORegistryEntryGetChildEntry(stage, kIOServicePlane, &a), 0);
	uint64_t found = 0;
	io_iterator_t it;
	test_equal_error(IORegistryEntryGetChildIterator(stage, kIOServicePlane, &it), 0);
	IOObjectRelease(a);
	while ((a = IOIteratorNext(it))) {
		IORegistryEntryGetRegistryEntryID(a, &found);
		if (found == id)
			break;
		IOObjectRelease(a);
	}
	IOObjectRelease(it);
	test_true(a != 0);
	test_equal(state_of(a), 0);
	stage_do(l.stage, NULL, "register key=a");
	test_equal_error(IOServiceWaitQuiet(a, NULL), 0);
	test_equal(state_of(a), kIOServiceRegisteredState | kIOServiceMatchedState |
					kIOServiceFirstPublishState | kIOServiceFirstMatchState);
	IOObjectRelease(a);
	IOObjectRelease(stage);
	life_end(&l);
}

TEST(N19_synchronous_registration_returns_when_the_drivers_run)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("d");

	stage_do(l.stage, properties, "publish key=a");
	stage_do(l.stage, NULL, "register key=a options=2");
	test_true(life_has(&l, "start d"));
	test_equal(life_do(&l, "inactive d"), 0);
	/* And again: nothing new starts. */
	stage_do(l.stage, NULL, "register key=a options=2");
	test_equal(life_count(&l, "start d"), 1);
	CFRelease(properties);
	life_end(&l);
}

/* --- termination ------------------------------------------------------------------------- */

/* A handle that a Terminated notification has claimed. */
struct claim {
	IONotificationPortRef port;
	io_iterator_t iterator;
};

static void ignore(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

static struct claim claim(const char *name)
{
	struct claim c = { IONotificationPortCreate(kIOMainPortDefault), 0 };

	test_equal_error(IOServiceAddMatchingNotification(c.port, kIOTerminatedNotification,
							  IOServiceMatching(name), ignore, NULL,
							  &c.iterator),
			 0);
	test_equal(IOIteratorNext(c.iterator), 0);
	return c;
}

static void unclaim(struct claim *c)
{
	io_service_t s;

	while ((s = IOIteratorNext(c->iterator)))
		IOObjectRelease(s);
	IOObjectRelease(c->iterator);
	IONotificationPortDestroy(c->port);
}

TEST(N20)
{
	struct life l = life_begin();
	struct claim claimed = claim("IOService");
	uint64_t id = life_publish(&l, "a", "d", ""), same = 0;
	io_service_t a = stage_service(id);
	io_registry_entry_t child = 9;

	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "free d");
	life_expect_order(&l, "will d", "message d e0000010 0");
	life_expect_order(&l, "message d e0000010 0", "did d");
	life_expect_order(&l, "did d", "stop d");
	life_expect_order(&l, "stop d", "finalize d");
	life_expect_order(&l, "finalize d", "free d");
	for (const char *const *what =
		     (const char *[]){ "will d", "did d", "stop d", "free d", NULL };
	     *what; what++)
		test_equal(life_count(&l, *what), 1);
	test_equal_error(IOServiceWaitQuiet(a, NULL), 0);
	test_equal_error(IORegistryEntryGetRegistryEntryID(a, &same), 0);
	test_equal(same, id);
	test_equal(state_of(a), kIOServiceInactiveState);
	test_equal_error(IORegistryEntryGetChildEntry(a, kIOServicePlane, &child),
			 kIOReturnNoDevice);
	test_equal(IORegistryEntryInPlane(a, kIOServicePlane), 0);
	IOObjectRelease(a);
	unclaim(&claimed);
	life_end(&l);
}

TEST(N20_a_stack_ends_from_the_provider_down_and_from_the_leaves_up)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("low");
	CFStringRef high = stage_text("high");

	CFDictionarySetValue(properties, CFSTR("LifeBelow"), high);
	stage_do(l.stage, properties, "publish key=a register");
	CFRelease(high);
	CFRelease(properties);
	life_await(&l, "start high");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "free low");
	life_expect_order(&l, "will low", "will high");
	life_expect_order(&l, "will high", "did high");
	life_expect_order(&l, "did high", "did low");
	life_expect_order(&l, "stop high", "stop low");
	life_expect_order(&l, "free high", "stop low");
	life_end(&l);
}

TEST(N20_the_driver_terminates_itself)
{
	struct life l = life_begin();
	uint64_t id = life_publish(&l, "a", "d", "LifeOpen");

	test_equal(life_do(&l, "terminate d 0"), 0);
	life_await(&l, "free d");
	life_expect_order(&l, "will d", "did d");
	life_expect_order(&l, "did d", "stop d");
	test_equal(life_count(&l, "stop d"), 1);
	/* It was no reason to end its provider, and has closed it. */
	io_service_t a = stage_service(id);
	test_equal(state_of(a) & kIOServiceInactiveState, 0);
	stage_do(l.stage, NULL, "register key=a");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(life_count(&l, "start d"), 2);
	test_equal(life_do(&l, "isopen d"), 3);
	IOObjectRelease(a);
	life_end(&l);
}

/* What start uses is there until it has returned, and is stopped then. */
TEST(N20_the_driver_terminates_itself_in_start)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeEnd");
	life_await(&l, "free d");
	life_expect_order(&l, "start d", "stop d");
	test_equal(life_count(&l, "start d"), 1);
	test_equal(life_count(&l, "stop d"), 1);
	life_end(&l);
}

TEST(N20_a_provider_ends_while_start_waits)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("low");
	CFStringRef high = stage_text("high");

	CFDictionarySetValue(properties, CFSTR("LifeBelow"), high);
	CFDictionarySetValue(properties, CFSTR("LifeWait"), kCFBooleanTrue);
	stage_do(l.stage, properties, "publish key=a register");
	CFRelease(high);
	CFRelease(properties);
	life_await(&l, "start high");
	stage_do(l.stage, NULL, "terminate key=a");
	life_do(&l, "release high");
	life_await(&l, "free low");
	life_expect_order(&l, "stop high", "stop low");
	test_equal(life_count(&l, "stop low"), 1);
	life_end(&l);
}

TEST(N20_terminating_with_rematch)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "");
	test_equal(life_do(&l, "terminate d 0x10"), 0);
	while (life_count(&l, "start d") < 2)
		;
	test_equal(life_count(&l, "free d"), 1);
	life_end(&l);
}

TEST(N20_a_synchronous_end)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "");
	stage_do(l.stage, NULL, "terminate key=a options=2");
	test_true(life_has(&l, "free d"));
	/* Of something nobody stands on, on the driver's side of it. */
	life_publish(&l, "b", "e", "");
	test_equal(life_do(&l, "nub e 2"), 0);
	test_equal(IOServiceGetMatchingService(0, IOServiceNameMatching("short-lived")), 0);
	life_end(&l);
}

TEST(N20_termination_during_start_waits_for_it)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeHold");
	stage_do(l.stage, NULL, "terminate key=a");
	test_true(!life_has(&l, "will d"));
	life_do(&l, "release d");
	life_await(&l, "free d");
	life_expect_order(&l, "start d", "will d");
	life_expect_order(&l, "did d", "stop d");
	test_equal(life_count(&l, "stop d"), 1);
	life_end(&l);
}

TEST(N20_no_stop_without_a_start)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeRefuse");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	stage_do(l.stage, NULL, "terminate key=a");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_true(!life_has(&l, "stop d"));
	test_equal(life_count(&l, "free d"), 1);
	life_end(&l);
}

TEST(N20_the_providers_host_dies)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen");
	pid_t host = world_host_pid("org.portico.test.Stage");
	test_true(host > 0);
	test_equal(kill(host, SIGKILL), 0);
	life_await(&l, "free d");
	life_expect_order(&l, "will d", "did d");
	life_expect_order(&l, "did d", "message d e0000100 0");
	life_expect_order(&l, "message d e0000100 0", "stop d");
	test_equal(life_count(&l, "stop d"), 1);
	IOServiceClose(l.life);
	IOServiceClose(l.stage);
	world_stop();
}

TEST(N21)
{
	struct life l = life_begin();
	struct claim claimed = claim("StageNub");
	uint64_t id = life_publish(&l, "a", "d", "LifeOpen LifeKeep");
	io_service_t a = stage_service(id);

	test_equal(life_do(&l, "isopen d"), 3);
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "message d e0000100 0");
	life_expect_order(&l, "did d", "message d e0000100 0");
	test_true(!life_has(&l, "stop d"));
	/* Still there, although it is inactive: not detached, and busy. */
	test_equal(state_of(a), kIOServiceInactiveState);
	test_equal(IORegistryEntryInPlane(a, kIOServicePlane), 1);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, &(mach_timespec_t){ 0, 0 }),
			 kIOReturnTimeout);
	life_do(&l, "close d");
	life_await(&l, "free d");
	life_expect_order(&l, "stop d", "free d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(IORegistryEntryInPlane(a, kIOServicePlane), 0);
	IOObjectRelease(a);
	unclaim(&claimed);
	life_end(&l);
}

TEST(N21_who_closes_when_asked_is_stopped_at_once)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "free d");
	life_expect_order(&l, "did d", "message d e0000100 0");
	life_expect_order(&l, "message d e0000100 0", "stop d");
	life_end(&l);
}

TEST(N21_others_need_not_wait)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("d");
	CFStringRef second = stage_text("e");

	CFDictionarySetValue(properties, CFSTR("LifeTwice"), second);
	CFDictionarySetValue(properties, CFSTR("LifeKeep"), kCFBooleanTrue);
	stage_do(l.stage, properties, "publish key=a register");
	life_await(&l, "start e");
	life_await(&l, "start d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(life_do(&l, "open d 0"), 1);
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "free e");
	test_true(!life_has(&l, "stop d"));
	life_do(&l, "close d");
	life_await(&l, "free d");
	CFRelease(second);
	CFRelease(properties);
	life_end(&l);
}

TEST(N21_the_driver_that_keeps_it_open_dies)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen LifeKeep");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "message d e0000100 0");
	pid_t host = world_host_pid("org.portico.test.Life");
	test_true(host > 0);
	test_equal(kill(host, SIGKILL), 0);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	IOServiceClose(l.life);
	stage_end(l.stage);
}

TEST(N22_a_driver_may_defer)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeDefer");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "did d");
	test_true(!life_has(&l, "stop d"));
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, &(mach_timespec_t){ 0, 20000000 }),
			 kIOReturnTimeout);
	test_true(!life_has(&l, "stop d"));
	life_do(&l, "continue d");
	life_await(&l, "free d");
	test_equal(life_count(&l, "stop d"), 1);
	test_true(!life_has(&l, "message d e0000100 0"));
	life_end(&l);
}

TEST(N22_with_another_provider_a_driver_stays)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "");
	life_publish(&l, "b", "e", "");
	test_equal(life_do(&l, "attach d e"), 0);
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "stop d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_true(life_has(&l, "will d active"));
	test_true(!life_has(&l, "free d"));
	/* Now the other one goes: no second stop. */
	stage_do(l.stage, NULL, "terminate key=b");
	life_await(&l, "free d");
	test_equal(life_count(&l, "stop d"), 1);
	life_end(&l);
}

TEST(N22_a_driver_that_stays_stops_when_it_has_closed_the_provider_that_goes)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen LifeKeep");
	life_publish(&l, "b", "e", "");
	test_equal(life_do(&l, "attach d e"), 0);
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "message d e0000100 0");
	test_true(!life_has(&l, "stop d"));
	life_do(&l, "close d");
	life_await(&l, "stop d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_true(!life_has(&l, "free d"));
	stage_do(l.stage, NULL, "terminate key=b");
	life_await(&l, "free d");
	test_equal(life_count(&l, "stop d"), 1);
	life_end(&l);
}

TEST(N23)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen LifeKeep");
	life_publish(&l, "b", "e", "");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "message d e0000100 0");
	test_equal(life_do(&l, "inactive d"), 1);
	/* Neither the service nor what stands on it takes anybody any more. */
	test_true(life_do(&l, "attach e d") != 0);
	life_do(&l, "close d");
	life_await(&l, "free d");
	life_end(&l);
}

TEST(N23_nothing_is_published_or_opened_below_what_ends)
{
	struct life l = life_begin();
	struct claim claimed = claim("LifeDriver");
	io_connect_t connect = 0;

	life_publish(&l, "a", "d", "LifeOpen LifeKeep");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	io_service_t d = world_service("LifeDriver");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "message d e0000100 0");
	test_true(life_do(&l, "nub d 0") != 0);
	test_equal_error(IOServiceOpen(d, mach_task_self(), 0, &connect), kIOReturnUnsupported);
	test_equal(connect, 0);
	life_do(&l, "close d");
	life_await(&l, "free d");
	IOObjectRelease(d);
	unclaim(&claimed);
	life_end(&l);
}

TEST(N24_exclusive_access_reaches_other_processes)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("d");
	CFStringRef second = stage_text("e");

	CFDictionarySetValue(properties, CFSTR("LifeTwice"), second);
	stage_do(l.stage, properties, "publish key=a register");
	life_await(&l, "start d");
	life_await(&l, "start e");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(life_do(&l, "isopen d"), 0);
	test_equal(life_do(&l, "open d 0"), 1);
	life_await(&l, "message e e0000101 0");
	test_true(!life_has(&l, "message d e0000101 0"));
	test_equal(life_do(&l, "isopen d"), 3);
	test_equal(life_do(&l, "isopen e"), 2);
	test_equal(life_do(&l, "open e 0"), 0);
	test_equal(life_do(&l, "open d 0"), 0); /* twice */
	life_do(&l, "close e");			/* not its own */
	test_equal(life_do(&l, "isopen d"), 3);
	life_do(&l, "close d");
	life_await(&l, "message e e0000110 0");
	test_equal(life_do(&l, "isopen e"), 0);
	/* Seized: the owner is asked and closes. */
	test_equal(life_do(&l, "open d 0"), 1);
	test_equal(life_do(&l, "open e 1"), 1);
	test_true(life_has(&l, "message d e0000100 1"));
	test_equal(life_do(&l, "isopen d"), 2);
	test_equal(life_do(&l, "isopen e"), 3);
	CFRelease(second);
	CFRelease(properties);
	life_end(&l);
}

TEST(N24_an_owner_that_keeps_it_cannot_be_seized)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("d");
	CFStringRef second = stage_text("e");

	CFDictionarySetValue(properties, CFSTR("LifeTwice"), second);
	CFDictionarySetValue(properties, CFSTR("LifeKeep"), kCFBooleanTrue);
	stage_do(l.stage, properties, "publish key=a register");
	life_await(&l, "start d");
	life_await(&l, "start e");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(life_do(&l, "open d 0"), 1);
	test_equal(life_do(&l, "open e 1"), 0);
	test_true(life_has(&l, "message d e0000100 1"));
	test_equal(life_do(&l, "isopen d"), 3);
	CFRelease(second);
	CFRelease(properties);
	life_end(&l);
}

TEST(N24_an_owner_that_dies_has_closed)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen");
	test_equal(life_do(&l, "isopen d"), 3);
	pid_t host = world_host_pid("org.portico.test.Life");
	test_equal(kill(host, SIGKILL), 0);
	IOServiceClose(l.life);
	/* The host comes back, its driver starts and finds the service closed. */
	l.life = world_open("Life", 0);
	life_await(&l, "start d");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(life_do(&l, "isopen d"), 3);
	life_end(&l);
}

TEST(N24_a_service_may_admit_several)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("low");
	CFStringRef high = stage_text("high");

	CFDictionarySetValue(properties, CFSTR("LifeBelow"), high);
	stage_do(l.stage, properties, "publish key=a register");
	CFRelease(high);
	CFRelease(properties);
	life_await(&l, "start high");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	life_do(&l, "guard low 2");
	test_equal(life_do(&l, "open high 0"), 1);
	test_equal(life_do(&l, "open high 0"), 1);
	test_equal(life_do(&l, "open high 0"), 0);
	test_equal(life_do(&l, "isopen high"), 3);
	life_do(&l, "close high");
	test_equal(life_do(&l, "isopen high"), 0);
	life_end(&l);
}

/* --- probe --------------------------------------------------------------------------------- */

TEST(N28)
{
	struct life l = life_begin();
	io_service_t plain = stage_publish_service(l.stage, NULL, "key=a register");
	io_service_t resources = world_service("IOResources");
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);

	test_equal_error(IOServiceRequestProbe(plain, 0), kIOReturnUnsupported);
	test_equal_error(IOServiceRequestProbe(resources, 0), kIOReturnUnsupported);
	test_equal_error(IOServiceRequestProbe(root, 0), kIOReturnBadArgument);
	test_equal_error(IOServiceRequestProbe(0, 0), MACH_SEND_INVALID_DEST);
	IOObjectRelease(root);
	IOObjectRelease(resources);
	IOObjectRelease(plain);
	life_end(&l);
}

TEST(N28_a_driver_that_probes)
{
	struct life l = life_begin();
	CFMutableDictionaryRef properties = life_named("d");
	CFNumberRef answer = stage_number32((int32_t)kIOReturnNoDevice);

	CFDictionarySetValue(properties, CFSTR("LifeProbe"), answer);
	stage_do(l.stage, properties, "publish key=a register");
	life_await(&l, "start d");
	io_service_t d = world_service("LifeDriver");
	test_equal_error(IOServiceRequestProbe(d, 0x1234), kIOReturnNoDevice);
	test_true(life_has(&l, "probe d 1234"));
	IOObjectRelease(d);
	CFRelease(answer);
	CFRelease(properties);
	life_end(&l);
}

TEST_MAIN
