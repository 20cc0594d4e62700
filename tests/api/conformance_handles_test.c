// SPDX-License-Identifier: MIT
/* Main port, object handles and iterators: spec 11.2 and 11.3, against the real daemons. */
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

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

TEST(spec_b01_the_main_port_is_one)
{
	mach_port_t p = 0, q = 0;

	world_start();
	test_equal(IOMainPort(MACH_PORT_NULL, &p), 0);
	test_equal(IOMasterPort(bootstrap_port, &q), 0);
	test_true(p != 0);
	test_equal(p, q);
	test_equal_error(IOMainPort(0, NULL), kIOReturnBadArgument);
	test_equal_error(IOMasterPort(0, NULL), kIOReturnBadArgument);
	io_service_t s = IOServiceGetMatchingService(p, IOServiceMatching("IOResources"));
	test_true(s != 0);
	IOObjectRelease(s);
	test_equal(mach_port_deallocate(mach_task_self(), p), 0);
	test_equal(mach_port_deallocate(mach_task_self(), q), 0);
	world_stop();
}

TEST(spec_b02_another_port_is_not_privileged)
{
	world_start();
	mach_port_t other = new_send_port();
	mach_port_t dead = dead_name();
	CFMutableDictionaryRef matching = IOServiceMatching("IOResources");
	io_iterator_t it = 77;
	uint32_t busy;

	CFRetain(matching);
	test_equal_error(IOServiceGetMatchingServices(other, matching, &it),
			 kIOReturnNotPrivileged);
	test_equal(CFGetRetainCount(matching), 1);
	CFRetain(matching);
	test_equal(IOServiceGetMatchingService(other, matching), 0);
	test_equal(CFGetRetainCount(matching), 1);
	CFRetain(matching);
	test_equal_error(IOServiceGetMatchingServices(dead, matching, &it), MACH_SEND_INVALID_DEST);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	test_equal_error(IOKitGetBusyState(other, &busy), kIOReturnNotPrivileged);
	test_equal(IORegistryGetRootEntry(other), 0);
	test_equal(IORegistryEntryFromPath(other, "IOService:/"), 0);
	test_equal_error(IORegistryCreateIterator(other, kIOServicePlane, 0, &it),
			 kIOReturnNotPrivileged);
	mach_port_deallocate(mach_task_self(), dead);
	drop_port(other);
	mach_port_deallocate(mach_task_self(), other);
	world_stop();
}

TEST(spec_b03_b04_b05_b06_b09_references)
{
	world_start();
	io_service_t s = IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));
	mach_port_t plain = new_port();

	test_equal(IOObjectGetUserRetainCount(s), 1);
	test_equal(IOObjectRetain(s), 0);
	test_equal(IOObjectGetUserRetainCount(s), 2);
	test_equal(IOObjectRelease(s), 0);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver")), s);
	test_equal(IOObjectGetUserRetainCount(s), 2);
	test_equal(IOObjectRelease(s), 0);
	test_equal(IOObjectRelease(s), 0);
	test_equal(IOObjectRelease(s), KERN_INVALID_NAME);
	test_equal(IOObjectGetUserRetainCount(s), 0);
	test_equal(IOObjectRelease(0), 0);
	test_equal(IOObjectRetain(0), 0);
	test_equal(IOObjectRelease(MACH_PORT_DEAD), 0);
	test_equal(IOObjectGetUserRetainCount(0), 1);
	test_equal(IOObjectRelease(plain), KERN_INVALID_RIGHT);
	drop_port(plain);
	world_stop();
}

TEST(spec_b08_kernel_retain_count)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");

	test_true(IOObjectGetKernelRetainCount(s) >= 1);
	test_true(IOObjectGetRetainCount(s) >= 1);
	test_equal(IOObjectGetKernelRetainCount(0), 0);
	test_equal(IOObjectGetRetainCount(0), 0);
	test_equal(IOObjectGetKernelRetainCount(0x1234567), 0);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_b11_closing_a_service_handle_drops_one_reference)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");

	IOObjectRetain(s);
	test_equal_error(IOServiceClose(s), kIOReturnBadArgument);
	test_equal(IOObjectGetUserRetainCount(s), 1);
	test_equal_error(IOServiceClose(0), MACH_SEND_INVALID_DEST);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_b12_b18_classes_of_bad_handles)
{
	world_start();
	mach_port_t plain = new_send_port(), silent = new_port(), dead = dead_name();
	/* no right to send to any of these */
	const mach_port_t none[] = { 0, MACH_PORT_DEAD, 0x1234567, dead, silent };
	io_name_t name = "kept";

	for (int i = 0; i < 5; i++) {
		test_equal_error(IOObjectGetClass(none[i], name), MACH_SEND_INVALID_DEST);
		test_true(IOObjectCopyClass(none[i]) == NULL);
		test_true(_IOObjectCopyClass(none[i], 0) == NULL);
		test_equal_error(_IOObjectGetClass(none[i], 0, name), MACH_SEND_INVALID_DEST);
		test_equal(IOObjectConformsTo(none[i], "OSObject"), 0);
		test_equal(IOIteratorNext(none[i]), 0);
		test_equal(IOIteratorIsValid(none[i]), 0);
		IOIteratorReset(none[i]);
	}
	test_equal_text(name, "kept");
	test_equal_error(IOObjectGetClass(plain, name), kIOReturnBadArgument);
	test_true(IOObjectCopyClass(plain) == NULL);
	io_service_t s = world_service("CalculatorDriver");
	test_equal_error(IOObjectGetClass(s, NULL), kIOReturnBadArgument);
	test_equal_error(_IOObjectGetClass(s, 0, NULL), kIOReturnBadArgument);
	test_equal(IOObjectConformsTo(s, NULL), 0);
	IOObjectRelease(s);
	mach_port_deallocate(mach_task_self(), dead);
	drop_port(plain);
	mach_port_deallocate(mach_task_self(), plain);
	drop_port(silent);
	world_stop();
}

TEST(spec_b14_class_chain)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	static const char *const chain[] = { "CalculatorDriver", "IOService", "IORegistryEntry",
					     "OSObject" };
	CFStringRef text;

	for (int i = 0; i < 4; i++) {
		if (i == 2)
			test_reset_baseline(); /* what is known about a class is kept */
		test_true(IOObjectConformsTo(s, chain[i]));
		test_true(_IOObjectConformsTo(s, chain[i], kIOClassNameOverrideNone));
	}
	test_true(!IOObjectConformsTo(s, "IOUserClient"));
	test_true(!IOObjectConformsTo(s, ""));
	text = IOObjectCopyClass(s);
	test_true(CFEqual(text, CFSTR("CalculatorDriver")));
	CFRelease(text);
	text = _IOObjectCopyClass(s, kIOClassNameOverrideNone);
	test_true(CFEqual(text, CFSTR("CalculatorDriver")));
	CFRelease(text);
	test_true(IOObjectIsEqualTo(s, s));
	test_true(!IOObjectIsEqualTo(s, 0));
	test_true(IOObjectIsEqualTo(0, 0));
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_b16_superclasses_and_bundles)
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
	text = IOObjectCopyBundleIdentifierForClass(CFSTR("CalculatorDriver"));
	test_true(text && CFEqual(text, CFSTR("org.portico.driver.Calculator")));
	CFRelease(text);
	test_reset_baseline(); /* what is known about a class is kept */
	test_true(IOObjectCopyBundleIdentifierForClass(CFSTR("NoSuchClass")) == NULL);
	test_true(IOObjectCopyBundleIdentifierForClass(NULL) == NULL);
	world_stop();
}

TEST(spec_b19_dead_names_are_counted)
{
	mach_port_t dead = dead_name();

	test_equal(IOObjectRetain(dead), 0);
	test_equal(IOObjectRelease(dead), 0);
	test_equal(IOObjectRelease(dead), 0);
	test_equal(IOObjectRelease(dead), KERN_INVALID_NAME);
}

TEST(spec_b20_receive_ports)
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
	test_equal_error(IOCreateReceivePort(54, &p), kIOReturnBadArgument);
	test_equal_error(IOCreateReceivePort(0, &p), kIOReturnBadArgument);
	test_equal_error(IOCreateReceivePort(kOSNotificationMessageID, NULL), kIOReturnBadArgument);
}

TEST_MAIN
