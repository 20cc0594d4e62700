// SPDX-License-Identifier: MIT
/* B: the main port, handles of objects and their references, classes. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

static mach_port_t new_port(void)
{
	mach_port_t name = 0;

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name), 0);
	return name;
}

/* With a send right: a name that messages can be sent to. */
static mach_port_t new_send_port(void)
{
	mach_port_t name = new_port();

	test_equal(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	return name;
}

static void drop_port(mach_port_t name)
{
	test_equal(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1), 0);
}

static mach_port_t dead_name(void)
{
	mach_port_t name = new_send_port();

	drop_port(name);
	return name;
}

/* --- main port --------------------------------------------------------------------- */

TEST(B01)
{
	mach_port_t p = 0, q = 0, r = 0;

	world_start();
	test_equal(IOMainPort(MACH_PORT_NULL, &p), 0);
	test_equal(IOMainPort(bootstrap_port, &q), 0);
	test_equal(IOMasterPort(MACH_PORT_NULL, &r), 0);
	test_true(p != 0);
	test_equal(p, q);
	test_equal(p, r);
	test_equal_error(IOMainPort(0, NULL), kIOReturnBadArgument);
	test_equal_error(IOMasterPort(0, NULL), kIOReturnBadArgument);
	io_service_t s = IOServiceGetMatchingService(p, IOServiceMatching("IOResources"));
	test_true(s != 0);
	IOObjectRelease(s);
	for (int i = 0; i < 3; i++)
		test_equal(mach_port_deallocate(mach_task_self(), p), 0);
	world_stop();
}

TEST(B02)
{
	world_start();
	mach_port_t other = new_send_port();
	CFMutableDictionaryRef matching = IOServiceMatching("IOResources");
	io_iterator_t it = 77;

	CFRetain(matching);
	test_equal_error(IOServiceGetMatchingServices(other, matching, &it),
			 kIOReturnNotPrivileged);
	test_equal(CFGetRetainCount(matching), 1);
	test_equal(it, 77);
	CFRetain(matching);
	test_equal(IOServiceGetMatchingService(other, matching), 0);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	drop_port(other);
	mach_port_deallocate(mach_task_self(), other);
	world_stop();
}

TEST(B02_every_call_with_a_main_port)
{
	world_start();
	mach_port_t other = new_send_port(), dead = dead_name(), p = 0;
	io_service_t resources = IOServiceGetMatchingService(0, IOServiceMatching("IOResources"));
	/* what is no main port, and what a call on it gives */
	const struct {
		mach_port_t port;
		kern_return_t status;
	} bad[] = { { other, kIOReturnNotPrivileged },
		    { resources, kIOReturnNotPrivileged },
		    { dead, MACH_SEND_INVALID_DEST },
		    { 0x1234567, MACH_SEND_INVALID_DEST } };
	uint32_t busy;
	io_iterator_t it = 77;

	for (int i = 0; i < 4; i++) {
		CFMutableDictionaryRef matching = IOServiceMatching("IOResources");

		CFRetain(matching);
		test_equal_error(IOServiceGetMatchingServices(bad[i].port, matching, &it),
				 bad[i].status);
		test_equal(CFGetRetainCount(matching), 1);
		CFRelease(matching);
		test_equal_error(IOKitGetBusyState(bad[i].port, &busy), bad[i].status);
		test_equal_error(IOKitWaitQuiet(bad[i].port, NULL), bad[i].status);
		test_equal(IORegistryGetRootEntry(bad[i].port), 0);
		test_equal(IORegistryEntryFromPath(bad[i].port, "IOService:/"), 0);
		test_equal_error(IORegistryCreateIterator(bad[i].port, kIOServicePlane, 0, &it),
				 bad[i].status);
	}
	test_equal(it, 77);
	test_equal(IOMainPort(0, &p), 0);
	test_equal_error(IOKitGetBusyState(p, &busy), 0);
	mach_port_deallocate(mach_task_self(), p);
	IOObjectRelease(resources);
	mach_port_deallocate(mach_task_self(), dead);
	drop_port(other);
	mach_port_deallocate(mach_task_self(), other);
	world_stop();
}

/* --- references ------------------------------------------------------------------------ */

static io_service_t calculator(void)
{
	io_service_t s = IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));

	test_true(s != 0);
	return s;
}

TEST(B03)
{
	world_start();
	io_service_t s = calculator();
	mach_port_t receive = new_port();

	test_equal(IOObjectRelease(s), 0);
	test_equal_error(IOObjectRelease(s), KERN_INVALID_NAME);
	test_equal_error(IOObjectRetain(s), KERN_INVALID_NAME);
	test_equal_error(IOObjectRelease(receive), KERN_INVALID_RIGHT);
	drop_port(receive);
	world_stop();
}

TEST(B04)
{
	world_start();
	test_equal(IOObjectRelease(0), 0);
	test_equal(IOObjectRetain(0), 0);
	test_equal(IOObjectRelease(MACH_PORT_DEAD), 0);
	world_stop();
}

TEST(B05)
{
	world_start();
	io_service_t s = calculator();

	test_equal(IOObjectGetUserRetainCount(s), 1);
	test_equal(IOObjectRetain(s), 0);
	test_equal(IOObjectGetUserRetainCount(s), 2);
	test_equal(IOObjectRelease(s), 0);
	test_equal(IOObjectGetUserRetainCount(s), 1);
	test_equal(IOObjectRelease(s), 0);
	test_equal(IOObjectGetUserRetainCount(s), 0);
	world_stop();
}

TEST(B06)
{
	world_start();
	io_service_t a = calculator(), b = calculator();

	test_equal(a, b);
	test_true(IOObjectIsEqualTo(a, b));
	test_equal(IOObjectGetUserRetainCount(a), 2);
	IOObjectRelease(a);
	IOObjectRelease(b);
	world_stop();
}

/* However an object is found, it has one name. */
TEST(B07_one_name_on_every_way)
{
	world_start();
	io_service_t s = calculator();
	io_registry_entry_t again, parent = 0;
	io_iterator_t it = 0;
	io_string_t path;
	bool seen = false;

	test_equal_error(IORegistryEntryGetPath(s, kIOServicePlane, path), 0);
	again = IORegistryEntryFromPath(0, path);
	test_equal(again, s);
	IOObjectRelease(again);
	test_equal_error(IORegistryEntryGetParentEntry(s, kIOServicePlane, &parent), 0);
	test_equal_error(IORegistryEntryGetChildIterator(parent, kIOServicePlane, &it), 0);
	while ((again = IOIteratorNext(it))) {
		seen |= again == s;
		IOObjectRelease(again);
	}
	test_true(seen);
	test_equal(IOObjectGetUserRetainCount(s), 1);
	IOObjectRelease(it);
	IOObjectRelease(parent);
	IOObjectRelease(s);
	world_stop();
}

/* Names are not given out again at once, and are no small numbers. */
TEST(B07_a_released_name_is_stale)
{
	world_start();
	io_service_t first = calculator(), later;
	io_name_t name = "kept";

	test_true(first > 255);
	IOObjectRelease(first);
	later = IOServiceGetMatchingService(0, IOServiceMatching("MirrorDriver"));
	test_true(later != first);
	test_equal_error(IOObjectGetClass(first, name), MACH_SEND_INVALID_DEST);
	test_equal_text(name, "kept");
	IOObjectRelease(later);
	world_stop();
}

TEST(B08)
{
	world_start();
	io_service_t s = calculator();
	io_iterator_t it = 0;

	test_true(IOObjectGetKernelRetainCount(s) >= 1);
	test_true(IOObjectGetRetainCount(s) >= 1);
	test_equal(IOObjectGetKernelRetainCount(0), 0);
	test_equal(IOObjectGetRetainCount(0), 0);
	test_equal(IOObjectGetKernelRetainCount(0x1234567), 0);
	test_equal_error(IOServiceGetMatchingServices(0, IOServiceMatching("IOService"), &it), 0);
	test_true(IOObjectGetKernelRetainCount(it) >= 1);
	IOObjectRelease(it);
	IOObjectRelease(s);
	world_stop();
}

TEST(B09)
{
	world_start();
	test_equal(IOObjectGetUserRetainCount(0), 1);
	test_equal(IOObjectGetUserRetainCount(0x1234567), 0);
	world_stop();
}

TEST(B10_equality_is_that_of_names)
{
	world_start();
	io_service_t s = calculator();

	test_true(IOObjectIsEqualTo(s, s));
	test_true(!IOObjectIsEqualTo(s, 0));
	test_true(IOObjectIsEqualTo(0, 0));
	test_true(IOObjectIsEqualTo(0x1234567, 0x1234567));
	IOObjectRelease(s);
	world_stop();
}

/* An object handle and a connection to one user client are different ports. */
TEST(B10_connections_are_another_family)
{
	world_start();
	io_connect_t connect = world_open("CalculatorDriver", 0);
	io_service_t s = calculator();
	io_registry_entry_t client = 0;
	io_name_t name = "kept";
	uint64_t id;

	test_equal_error(IORegistryEntryGetChildEntry(s, kIOServicePlane, &client), 0);
	test_true(client && client != connect);
	test_true(!IOObjectIsEqualTo(client, connect));
	test_equal_error(IOObjectGetClass(connect, name), kIOReturnBadArgument);
	test_equal_text(name, "kept");
	test_equal_error(IORegistryEntryGetRegistryEntryID(connect, &id), kIOReturnBadArgument);
	test_equal(IOIteratorNext(connect), 0);
	test_equal_error(IOConnectCallScalarMethod(client, 0, NULL, 0, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(IOObjectGetClass(client, name), 0);
	test_equal_text(name, "CalculatorUserClient");
	IOObjectRelease(client);
	IOObjectRelease(s);
	IOServiceClose(connect);
	world_stop();
}

TEST(B11)
{
	world_start();
	io_service_t s = calculator();

	IOObjectRetain(s);
	test_equal_error(IOServiceClose(s), kIOReturnBadArgument);
	test_equal(IOObjectGetUserRetainCount(s), 1);
	test_equal_error(IOServiceClose(s), kIOReturnBadArgument);
	test_equal(IOObjectGetUserRetainCount(s), 0);
	test_equal_error(IOServiceClose(s), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceClose(0), MACH_SEND_INVALID_DEST);
	world_stop();
}

/* --- classes ------------------------------------------------------------------------------- */

TEST(B12)
{
	world_start();
	mach_port_t plain = new_send_port(), silent = new_port(), dead = dead_name();
	/* no right to send to any of these */
	const mach_port_t none[] = { 0, MACH_PORT_DEAD, 0x1234567, dead, silent };
	io_name_t name = "kept";

	for (int i = 0; i < 5; i++) {
		test_equal_error(IOObjectGetClass(none[i], name), MACH_SEND_INVALID_DEST);
		test_equal_error(_IOObjectGetClass(none[i], 0, name), MACH_SEND_INVALID_DEST);
		test_equal(IOObjectConformsTo(none[i], "OSObject"), 0);
		test_equal(IOIteratorNext(none[i]), 0);
		test_equal(IOIteratorIsValid(none[i]), 0);
		IOIteratorReset(none[i]);
	}
	test_equal_text(name, "kept");
	test_equal_error(IOObjectGetClass(plain, name), kIOReturnBadArgument);
	test_equal_error(IOObjectGetClass(0, NULL), kIOReturnBadArgument);
	mach_port_deallocate(mach_task_self(), dead);
	drop_port(plain);
	mach_port_deallocate(mach_task_self(), plain);
	drop_port(silent);
	world_stop();
}

TEST(B13_the_override_is_the_class)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary("IOClassNameOverride", stage_text("Foo"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	io_name_t name;

	test_equal_error(IOObjectGetClass(s, name), 0);
	test_equal_text(name, "Foo");
	test_equal_error(_IOObjectGetClass(s, kIOClassNameOverrideNone, name), 0);
	test_equal_text(name, "StageNub");
	CFStringRef text = IOObjectCopyClass(s);
	test_true(CFEqual(text, CFSTR("Foo")));
	CFRelease(text);
	text = _IOObjectCopyClass(s, kIOClassNameOverrideNone);
	test_true(CFEqual(text, CFSTR("StageNub")));
	CFRelease(text);
	IOObjectRelease(s);
	CFRelease(properties);
	stage_end(stage);
}

TEST(B14)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");
	static const char *const chain[] = { "StageLeaf", "StageMiddle",     "StageBase",
					     "IOService", "IORegistryEntry", "OSObject" };

	for (int i = 0; i < 6; i++) {
		test_true(IOObjectConformsTo(s, chain[i]));
		test_true(_IOObjectConformsTo(s, chain[i], kIOClassNameOverrideNone));
	}
	test_true(!IOObjectConformsTo(s, "IOUserClient"));
	test_true(!IOObjectConformsTo(s, "StageOther"));
	test_true(!IOObjectConformsTo(s, ""));
	test_true(!IOObjectConformsTo(s, NULL));
	test_reset_baseline(); /* what is known about a class is kept */
	IOObjectRelease(s);
	IOServiceClose(stage);
	world_stop();
}

TEST(B14_classes_of_iterators)
{
	io_connect_t stage = stage_begin();
	io_iterator_t it = 0;
	io_name_t name;

	test_equal_error(IOServiceGetMatchingServices(0, IOServiceMatching("IOService"), &it), 0);
	test_equal_error(IOObjectGetClass(it, name), 0);
	test_equal_text(name, "IOUserIterator");
	test_true(IOObjectConformsTo(it, "OSObject"));
	test_true(!IOObjectConformsTo(it, "IOService"));
	test_reset_baseline(); /* what is known about a class is kept */
	IOObjectRelease(it);
	IOServiceClose(stage);
	world_stop();
}

TEST(B15)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary("IOClassNameOverride", stage_text("Foo"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");

	test_true(IOObjectConformsTo(s, "Foo"));
	test_true(!_IOObjectConformsTo(s, "Foo", kIOClassNameOverrideNone));
	test_true(IOObjectConformsTo(s, "StageNub"));
	test_true(IOObjectConformsTo(s, "IOService"));
	test_true(!IOObjectConformsTo(s, "Fo"));
	test_reset_baseline(); /* what is known about a class is kept */
	IOObjectRelease(s);
	CFRelease(properties);
	IOServiceClose(stage);
	world_stop();
}

TEST(B16)
{
	world_start();
	CFStringRef text = IOObjectCopySuperclassForClass(CFSTR("IOService"));

	test_true(text && CFEqual(text, CFSTR("IORegistryEntry")));
	CFRelease(text);
	text = IOObjectCopySuperclassForClass(CFSTR("CalculatorDriver"));
	test_true(text && CFEqual(text, CFSTR("IOService")));
	CFRelease(text);
	test_true(IOObjectCopySuperclassForClass(CFSTR("NoSuchClass")) == NULL);
	test_true(IOObjectCopySuperclassForClass(NULL) == NULL);
	test_true(IOObjectCopySuperclassForClass(CFSTR("OSObject")) == NULL);
	test_reset_baseline(); /* what is known about a class is kept */
	world_stop();
}

TEST(B17_the_bundle_of_a_class)
{
	world_start();
	CFStringRef text = IOObjectCopyBundleIdentifierForClass(CFSTR("CalculatorDriver"));

	test_true(text && CFEqual(text, CFSTR("org.portico.driver.Calculator")));
	CFRelease(text);
	test_true(IOObjectCopyBundleIdentifierForClass(CFSTR("NoSuchClass")) == NULL);
	test_true(IOObjectCopyBundleIdentifierForClass(NULL) == NULL);
	test_reset_baseline(); /* what is known about a class is kept */
	world_stop();
}

TEST(B18)
{
	world_start();
	mach_port_t plain = new_send_port(), dead = dead_name();

	test_true(IOObjectCopyClass(0) == NULL);
	test_true(IOObjectCopyClass(plain) == NULL);
	test_true(IOObjectCopyClass(dead) == NULL);
	test_true(_IOObjectCopyClass(0, 0) == NULL);
	mach_port_deallocate(mach_task_self(), dead);
	drop_port(plain);
	mach_port_deallocate(mach_task_self(), plain);
	world_stop();
}

/* --- dead names ---------------------------------------------------------------------------- */

TEST(B19)
{
	io_connect_t stage = stage_begin();
	io_service_t h = stage_publish_service(stage, NULL, "key=a register");
	mach_port_type_t type = 0;
	mach_port_urefs_t refs = 0;

	stage_do(stage, NULL, "terminate key=a");
	while (!mach_port_type(mach_task_self(), h, &type) && type != MACH_PORT_TYPE_DEAD_NAME)
		IOKitWaitQuiet(kIOMainPortDefault, NULL);
	test_equal(IOObjectGetUserRetainCount(h), 0);
	test_equal(IOObjectRetain(h), 0);
	test_equal_error(mach_port_get_refs(mach_task_self(), h, MACH_PORT_RIGHT_DEAD_NAME, &refs),
			 0);
	test_equal(refs, 2);
	test_equal(IOObjectRelease(h), 0);
	test_equal(IOObjectRelease(h), 0);
	test_equal_error(IOObjectRelease(h), KERN_INVALID_NAME);
	stage_end(stage);
}

TEST(B19_all_references_die_together)
{
	io_connect_t stage = stage_begin();
	io_service_t h = stage_publish_service(stage, NULL, "key=a register");
	uint64_t id;

	for (int i = 0; i < 4; i++)
		test_equal(IOObjectRetain(h), 0);
	stage_do(stage, NULL, "terminate key=a");
	while (IORegistryEntryGetRegistryEntryID(h, &id) == KERN_SUCCESS)
		IOKitWaitQuiet(kIOMainPortDefault, NULL);
	for (int i = 0; i < 5; i++)
		test_equal(IOObjectRelease(h), 0);
	test_equal_error(IOObjectRelease(h), KERN_INVALID_NAME);
	stage_end(stage);
}

TEST(B20)
{
	mach_port_t p = 0;
	mach_port_type_t type = 0;

	for (uint32_t id = kOSNotificationMessageID; id <= kOSAsyncCompleteMessageID; id += 4) {
		test_equal(IOCreateReceivePort(id, &p), 0);
		test_equal(mach_port_type(mach_task_self(), p, &type), 0);
		test_true(type & MACH_PORT_TYPE_RECEIVE);
		test_true(!(type & MACH_PORT_TYPE_SEND));
		drop_port(p);
	}
	p = 77;
	test_equal_error(IOCreateReceivePort(54, &p), kIOReturnBadArgument);
	test_equal_error(IOCreateReceivePort(0, &p), kIOReturnBadArgument);
	test_equal(p, 77);
	test_equal_error(IOCreateReceivePort(kOSNotificationMessageID, NULL), kIOReturnBadArgument);
}

/* --- threads and processes -------------------------------------------------------------------- */

static io_service_t shared;

static void *use_and_release(void *context)
{
	uint64_t id, expected = *(uint64_t *)context;
	io_name_t name;

	for (int i = 0; i < 300; i++) {
		test_equal(IOObjectRetain(shared), 0);
		test_equal_error(IORegistryEntryGetRegistryEntryID(shared, &id), 0);
		test_equal(id, expected);
		test_equal_error(IOObjectGetClass(shared, name), 0);
		io_service_t again =
			IOServiceGetMatchingService(0, IORegistryEntryIDMatching(expected));
		test_equal(again, shared);
		test_equal(IOObjectRelease(again), 0);
		test_equal(IOObjectRelease(shared), 0);
	}
	return NULL;
}

TEST(B20_many_threads_use_one_handle)
{
	pthread_t threads[8];
	uint64_t id = 0;

	world_start();
	shared = calculator();
	test_equal_error(IORegistryEntryGetRegistryEntryID(shared, &id), 0);
	for (int i = 0; i < 8; i++)
		test_equal(pthread_create(&threads[i], NULL, use_and_release, &id), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	test_equal(IOObjectGetUserRetainCount(shared), 1);
	IOObjectRelease(shared);
	world_stop();
}

static void *find_and_drop(void *context)
{
	(void)context;
	for (int i = 0; i < 300; i++)
		IOObjectRelease(calculator());
	return NULL;
}

/* The name comes and goes with its last reference, whoever holds that. */
TEST(B20_threads_find_and_release_the_same_object)
{
	pthread_t threads[4];

	world_start();
	for (int i = 0; i < 4; i++)
		test_equal(pthread_create(&threads[i], NULL, find_and_drop, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	io_service_t s = calculator();
	test_equal(IOObjectGetUserRetainCount(s), 1);
	IOObjectRelease(s);
	world_stop();
}

TEST(B20_a_child_inherits_no_handles)
{
	world_start();
	io_service_t s = calculator();
	uint64_t id;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		io_name_t name;

		if ((uint32_t)IOObjectGetClass(s, name) != (uint32_t)MACH_SEND_INVALID_DEST)
			_exit(1);
		if (IOObjectRelease(s) != KERN_INVALID_NAME)
			_exit(2);
		/* and finds the registry again by itself */
		io_service_t own =
			IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));
		if (!own || IORegistryEntryGetRegistryEntryID(own, &id))
			_exit(3);
		_exit(0);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	/* The parent's are what they were. */
	test_equal_error(IORegistryEntryGetRegistryEntryID(s, &id), 0);
	test_equal(IOObjectGetUserRetainCount(s), 1);
	IOObjectRelease(s);
	world_stop();
}

TEST_MAIN
