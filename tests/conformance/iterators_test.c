// SPDX-License-Identifier: MIT
/* Iterators: spec 11.3. */
#include <poll.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

/* The next of IT is E. */
static bool next_is(io_iterator_t it, io_object_t e)
{
	io_object_t next = IOIteratorNext(it);

	IOObjectRelease(next);
	return next == e;
}

static io_iterator_t walk_from(io_registry_entry_t e, const char *plane, IOOptionBits options)
{
	io_iterator_t it = 0;

	test_equal_error(IORegistryEntryCreateIterator(e, plane, options, &it), 0);
	test_true(it != 0);
	return it;
}

static io_iterator_t find_all(const char *class_name)
{
	io_iterator_t it = 0;

	test_equal_error(IOServiceGetMatchingServices(0, IOServiceMatching(class_name), &it), 0);
	return it;
}

static io_service_t publish(io_connect_t stage, const char *key, const char *parent)
{
	return stage_publish_service(
		stage, NULL, "key=%s parent=%s name=%s class=StageLeaf register", key, parent, key);
}

/* --- snapshots -------------------------------------------------------------------------- */

TEST(C01)
{
	io_connect_t stage = stage_begin();
	io_service_t s[3];
	io_iterator_t it;

	for (int i = 0; i < 3; i++)
		s[i] = stage_publish_service(stage, NULL, "key=%d class=StageLeaf register", i);
	it = find_all("StageLeaf");
	for (int i = 0; i < 3; i++)
		test_true(next_is(it, s[i]));
	for (int i = 0; i < 3; i++)
		test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	IOObjectRelease(it);
	for (int i = 0; i < 3; i++)
		IOObjectRelease(s[i]);
	stage_end(stage);
}

TEST(C02)
{
	io_connect_t stage = stage_begin();
	io_service_t a = publish(stage, "a", "driver"), b = publish(stage, "b", "driver");
	io_iterator_t it = find_all("StageLeaf");

	test_true(next_is(it, a));
	test_true(next_is(it, b));
	test_equal(IOIteratorNext(it), 0);
	IOIteratorReset(it);
	test_true(next_is(it, a));
	IOIteratorReset(it);
	test_true(next_is(it, a));
	test_true(next_is(it, b));
	IOObjectRelease(it);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(C02_a_snapshot_does_not_change)
{
	io_connect_t stage = stage_begin();
	io_service_t a = publish(stage, "a", "driver"), b;
	io_iterator_t it = find_all("StageLeaf");

	b = publish(stage, "b", "driver");
	test_true(next_is(it, a));
	test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	IOObjectRelease(it);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(C03_what_has_become_inactive_is_returned_alive)
{
	io_connect_t stage = stage_begin();
	io_iterator_t it;
	io_service_t a, b, held;
	uint64_t id = stage_publish(stage, NULL, "key=a class=StageLeaf register"), other = 0;

	b = stage_publish_service(stage, NULL, "key=b class=StageLeaf register");
	held = stage_service(id);
	it = find_all("StageLeaf");
	stage_do(stage, NULL, "terminate key=a");
	while (!IORegistryEntryGetRegistryEntryID(held, &other)) /* its name dies */
		poll(NULL, 0, 1);
	a = IOIteratorNext(it);
	test_true(a != 0 && a != held);
	test_equal_error(IORegistryEntryGetRegistryEntryID(a, &other), 0);
	test_equal(other, id);
	test_true(IOObjectConformsTo(a, "StageLeaf"));
	test_reset_baseline(); /* what is known about a class is kept */
	test_true(next_is(it, b));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	test_equal_error(IORegistryEntryGetRegistryEntryID(a, &other), 0);
	IOObjectRelease(a);
	IOObjectRelease(b);
	IOObjectRelease(held);
	stage_end(stage);
}

/* --- changes ------------------------------------------------------------------------------ */

TEST(C04)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     b = publish(stage, "b", "top"), c;
	io_iterator_t it = walk_from(top, kIOServicePlane, 0);

	test_true(next_is(it, a));
	test_true(IOIteratorIsValid(it));
	c = publish(stage, "c", "top");
	test_true(!IOIteratorIsValid(it));
	test_equal(IOIteratorNext(it), 0);
	test_true(!IOIteratorIsValid(it));
	IOIteratorReset(it);
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, a));
	test_true(next_is(it, b));
	test_true(next_is(it, c));
	test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(b);
	IOObjectRelease(c);
	stage_end(stage);
}

TEST(C04_a_child_that_leaves)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     b = publish(stage, "b", "top");
	io_iterator_t it = walk_from(top, kIOServicePlane, 0);

	test_true(next_is(it, a));
	stage_do(stage, NULL, "detach key=b parent=top plane=IOService");
	test_true(!IOIteratorIsValid(it));
	test_equal(IOIteratorNext(it), 0);
	IOIteratorReset(it);
	test_true(next_is(it, a));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(C05)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     a1 = publish(stage, "a1", "a"), a2 = publish(stage, "a2", "a"),
		     b = publish(stage, "b", "top"), c;
	io_iterator_t it = walk_from(top, kIOServicePlane, kIORegistryIterateRecursively);

	test_true(next_is(it, a));
	test_true(next_is(it, a1));
	/* An outer level, and another subtree. */
	c = publish(stage, "c", "top");
	IOObjectRelease(publish(stage, "b1", "b"));
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, a2));
	test_true(IOIteratorIsValid(it));
	/* Back at the changed level the rest of it is skipped. */
	test_equal(IOIteratorNext(it), 0);
	test_true(!IOIteratorIsValid(it));
	IOIteratorReset(it);
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, a));
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(a1);
	IOObjectRelease(a2);
	IOObjectRelease(b);
	IOObjectRelease(c);
	stage_end(stage);
}

TEST(C05_once_invalid_it_goes_on_outside_and_no_deeper)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     a1 = publish(stage, "a1", "a"), b = publish(stage, "b", "top"),
		     b1 = publish(stage, "b1", "b"), c = publish(stage, "c", "top");
	io_iterator_t it = walk_from(top, kIOServicePlane, kIORegistryIterateRecursively);

	test_true(next_is(it, a));
	test_true(next_is(it, a1));
	IOObjectRelease(publish(stage, "a2", "a"));
	/* The inner level ends early, the outer one is as it was. */
	test_true(next_is(it, b));
	test_true(!IOIteratorIsValid(it));
	test_true(next_is(it, c));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(a1);
	IOObjectRelease(b);
	IOObjectRelease(b1);
	IOObjectRelease(c);
	stage_end(stage);
}

TEST(C05_below_the_last_one_nothing_has_been_read)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"), a1;
	io_iterator_t it = walk_from(top, kIOServicePlane, kIORegistryIterateRecursively);

	test_true(next_is(it, a));
	a1 = publish(stage, "a1", "a");
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, a1));
	test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(a1);
	stage_end(stage);
}

TEST(C05_properties_and_names_change_no_level)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     b = publish(stage, "b", "top");
	io_iterator_t it = walk_from(top, kIOServicePlane, 0);
	CFMutableDictionaryRef change = stage_dictionary("k", stage_text("v"), NULL);

	test_true(next_is(it, a));
	stage_do(stage, change, "set key=b");
	stage_do(stage, NULL, "name key=b name=other");
	stage_do(stage, NULL, "attach key=b parent=root plane=IOUSB");
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, b));
	CFRelease(change);
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

/* --- searches ------------------------------------------------------------------------------- */

TEST(C06)
{
	io_connect_t stage = stage_begin();
	io_iterator_t it = 77;

	test_equal_error(IOServiceGetMatchingServices(0, IOServiceMatching("NoSuchClass"), &it), 0);
	test_equal(it, 0);
	stage_end(stage);
}

TEST(C07_what_is_no_iterator)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish(stage, "a", "driver");

	test_equal(IOIteratorNext(s), 0);
	test_equal(IOIteratorNext(0), 0);
	test_true(!IOIteratorIsValid(s));
	test_true(!IOIteratorIsValid(0));
	IOIteratorReset(s);
	IOIteratorReset(0);
	test_equal_error(IORegistryIteratorEnterEntry(s), kIOReturnBadArgument);
	test_equal_error(IORegistryIteratorEnterEntry(0), MACH_SEND_INVALID_DEST);
	test_equal_error(IORegistryIteratorExitEntry(0), MACH_SEND_INVALID_DEST);
	IOObjectRelease(s);
	stage_end(stage);
}

/* --- walks ------------------------------------------------------------------------------------ */

TEST(C08)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	io_registry_entry_t machine = IORegistryEntryFromPath(0, "IOService:/");
	io_iterator_t it = walk_from(root, kIOServicePlane, 0);

	test_true(next_is(it, machine));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	test_equal_error(IORegistryCreateIterator(0, kIOServicePlane, 0, &it), 0);
	test_true(next_is(it, machine));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(machine);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(C09)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     shared = publish(stage, "shared", "a"),
		     below = publish(stage, "below", "shared"), b = publish(stage, "b", "top");
	io_iterator_t it;

	stage_do(stage, NULL, "attach key=shared parent=b plane=IOService");
	it = walk_from(top, kIOServicePlane, kIORegistryIterateRecursively);
	test_true(next_is(it, a));
	test_true(next_is(it, shared));
	test_true(next_is(it, below));
	test_true(next_is(it, b));
	/* Returned for each parent, entered once. */
	test_true(next_is(it, shared));
	test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	IOIteratorReset(it);
	test_true(next_is(it, a));
	test_true(next_is(it, shared));
	test_true(next_is(it, below));
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(b);
	IOObjectRelease(shared);
	IOObjectRelease(below);
	stage_end(stage);
}

TEST(C09_upwards)
{
	io_connect_t stage = stage_begin();
	io_service_t a = publish(stage, "a", "driver"), b = publish(stage, "b", "driver"),
		     child = publish(stage, "c", "a"), driver = world_service("Stage"),
		     resources = world_service(kIOResourcesClass);
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	io_registry_entry_t machine = IORegistryEntryFromPath(0, "IOService:/");
	io_iterator_t it;

	stage_do(stage, NULL, "attach key=c parent=b plane=IOService");
	it = walk_from(child, kIOServicePlane, kIORegistryIterateParents);
	test_true(next_is(it, a));
	test_true(next_is(it, b));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	it = walk_from(child, kIOServicePlane,
		       kIORegistryIterateParents | kIORegistryIterateRecursively);
	test_true(next_is(it, a));
	test_true(next_is(it, driver));
	test_true(next_is(it, resources));
	test_true(next_is(it, machine));
	test_true(next_is(it, root));
	test_true(next_is(it, b));
	test_true(next_is(it, driver));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(a);
	IOObjectRelease(b);
	IOObjectRelease(child);
	IOObjectRelease(driver);
	IOObjectRelease(resources);
	IOObjectRelease(machine);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(C09_in_a_plane_of_the_driver)
{
	io_connect_t stage = stage_begin();
	io_service_t a = publish(stage, "a", "driver"), b = publish(stage, "b", "driver");
	io_iterator_t it = 0;

	stage_do(stage, NULL, "attach key=a parent=root plane=StagePlane");
	stage_do(stage, NULL, "attach key=b parent=a plane=StagePlane");
	test_equal_error(
		IORegistryCreateIterator(0, "StagePlane", kIORegistryIterateRecursively, &it), 0);
	test_true(next_is(it, a));
	test_true(next_is(it, b));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(C10)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     a1 = publish(stage, "a1", "a"), b = publish(stage, "b", "top");
	io_iterator_t it = walk_from(top, kIOServicePlane, 0);

	test_true(next_is(it, a));
	test_equal_error(IORegistryIteratorEnterEntry(it), 0);
	test_true(next_is(it, a1));
	test_equal(IOIteratorNext(it), 0);
	test_equal_error(IORegistryIteratorExitEntry(it), 0);
	test_true(next_is(it, b));
	test_equal(IOIteratorNext(it), 0);
	test_equal_error(IORegistryIteratorExitEntry(it), kIOReturnNoDevice);
	test_true(IOIteratorIsValid(it));
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(a1);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(C10_entering_at_the_ends_of_a_list)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top");
	io_iterator_t it = walk_from(top, kIOServicePlane, 0);

	/* Before the first entry it is the start that is entered. */
	test_equal_error(IORegistryIteratorEnterEntry(it), 0);
	test_true(next_is(it, a));
	test_equal_error(IORegistryIteratorExitEntry(it), 0);
	test_true(next_is(it, a));
	test_equal(IOIteratorNext(it), 0);
	/* After the last there is nothing. */
	test_equal_error(IORegistryIteratorEnterEntry(it), 0);
	test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	test_equal_error(IORegistryIteratorExitEntry(it), 0);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	stage_end(stage);
}

TEST(C10_a_reset_leaves_all_levels)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"),
		     a1 = publish(stage, "a1", "a");
	io_iterator_t it = walk_from(top, kIOServicePlane, 0);

	test_true(next_is(it, a));
	test_equal_error(IORegistryIteratorEnterEntry(it), 0);
	test_true(next_is(it, a1));
	IOIteratorReset(it);
	test_true(next_is(it, a));
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(a1);
	stage_end(stage);
}

TEST(C11)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish(stage, "a", "driver");
	io_iterator_t it = find_all("StageLeaf"), children = 0;

	test_equal_error(IORegistryIteratorEnterEntry(it), kIOReturnBadArgument);
	test_equal_error(IORegistryIteratorExitEntry(it), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetChildIterator(s, kIOServicePlane, &children), 0);
	test_equal_error(IORegistryIteratorEnterEntry(children), kIOReturnBadArgument);
	IOObjectRelease(children);
	IOObjectRelease(it);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(C12_child_iterators_are_snapshots)
{
	io_connect_t stage = stage_begin();
	io_service_t top = publish(stage, "top", "driver"), a = publish(stage, "a", "top"), b;
	io_iterator_t it = 0;

	test_equal_error(IORegistryEntryGetChildIterator(top, kIOServicePlane, &it), 0);
	b = publish(stage, "b", "top");
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, a));
	test_equal(IOIteratorNext(it), 0);
	IOIteratorReset(it);
	test_true(next_is(it, a));
	IOObjectRelease(it);
	IOObjectRelease(top);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(C13)
{
	io_connect_t stage = stage_begin();
	IONotificationPortRef port = IONotificationPortCreate(0);
	io_service_t s = publish(stage, "a", "driver");
	io_iterator_t it = 0;

	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification,
							  IOServiceMatching("StageLeaf"), NULL,
							  NULL, &it),
			 0);
	test_true(IOIteratorIsValid(it));
	test_true(next_is(it, s));
	test_true(IOIteratorIsValid(it));
	test_equal(IOIteratorNext(it), 0);
	IOIteratorReset(it);
	test_equal(IOIteratorNext(it), 0);
	test_true(IOIteratorIsValid(it));
	IOObjectRelease(it);
	IONotificationPortDestroy(port);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(C14)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish(stage, "a", "driver"), found;
	io_iterator_t it;
	uint64_t id = 0;
	io_name_t name;

	IOObjectRelease(s);
	it = find_all("StageLeaf");
	found = IOIteratorNext(it);
	IOObjectRelease(it);
	test_equal_error(IORegistryEntryGetRegistryEntryID(found, &id), 0);
	test_equal_error(IORegistryEntryGetName(found, name), 0);
	test_equal_text(name, "a");
	IOObjectRelease(found);
	stage_end(stage);
}

TEST(C15)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0), e = 9;
	io_iterator_t it = 77;

	test_equal_error(IORegistryCreateIterator(0, "Nope", 0, &it), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryCreateIterator(root, "Nope", 0, &it), kIOReturnBadArgument);
	test_equal_error(IORegistryCreateIterator(0, NULL, 0, &it), kIOReturnBadArgument);
	test_equal(it, 77);
	test_equal_error(IORegistryEntryGetChildIterator(root, "Nope", &it), 0);
	test_equal(it, 0);
	it = 77;
	test_equal_error(IORegistryEntryGetParentIterator(root, "Nope", &it), 0);
	test_equal(it, 0);
	test_equal_error(IORegistryEntryGetChildEntry(root, "Nope", &e), kIOReturnNoDevice);
	test_equal(e, 0);
	test_equal_error(IORegistryCreateIterator(0, kIOServicePlane, 0, NULL),
			 kIOReturnBadArgument);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST_MAIN
