// SPDX-License-Identifier: MIT
/* Reading the registry: spec 11.5. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

static uint64_t id_of(io_registry_entry_t e)
{
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(e, &id), 0);
	return id;
}

/* FORMAT is the path of E and of nothing else. */
static bool resolves(io_registry_entry_t e, const char *path)
{
	io_registry_entry_t found = IORegistryEntryFromPath(kIOMainPortDefault, path);
	bool same = found == e;

	IOObjectRelease(found);
	return same;
}

/* --- IDs ------------------------------------------------------------------------------- */

TEST(E01)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);

	test_equal(id_of(root), 0x100000100);
	test_equal_error(IORegistryEntryGetRegistryEntryID(root, NULL), kIOReturnBadArgument);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(E02)
{
	io_connect_t stage = stage_begin();
	uint64_t a = stage_publish(stage, NULL, "key=a"), b = stage_publish(stage, NULL, "key=b");

	test_true(a > 0x100000100 && b > a);
	stage_do(stage, NULL, "terminate key=b");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	test_true(stage_publish(stage, NULL, "key=c") > b);
	stage_end(stage);
}

TEST(E03)
{
	io_connect_t stage = stage_begin();
	uint64_t id = stage_publish(stage, NULL, "key=a class=StageLeaf name=n register");
	io_service_t s = stage_service(id);
	io_name_t name;

	stage_do(stage, NULL, "attach key=a parent=root plane=StagePlane");
	test_true(IORegistryEntryInPlane(s, "StagePlane"));
	stage_do(stage, NULL, "detach key=a parent=root plane=StagePlane");
	test_true(!IORegistryEntryInPlane(s, "StagePlane"));
	stage_do(stage, NULL, "detach key=a parent=driver plane=IOService");
	test_equal(id_of(s), id);
	test_true(!IORegistryEntryInPlane(s, kIOServicePlane));
	test_equal_error(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, "n");
	test_true(IORegistryEntryCopyPath(s, kIOServicePlane) == NULL);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E04)
{
	uint64_t id = 5;
	mach_port_t port = 0;
	io_connect_t stage = stage_begin();

	test_equal_error(IORegistryEntryGetRegistryEntryID(0, &id), MACH_SEND_INVALID_DEST);
	test_equal(id, 0);
	id = 5;
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	test_equal_error(IORegistryEntryGetRegistryEntryID(port, &id), kIOReturnBadArgument);
	test_equal(id, 0);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_deallocate(mach_task_self(), port);
	stage_end(stage);
}

/* --- paths ------------------------------------------------------------------------------ */

TEST(E05)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	io_string_t path;
	io_name_t name;

	test_equal_error(IORegistryEntryGetName(root, name), 0);
	test_equal_text(name, "Root");
	test_equal_error(IORegistryEntryGetPath(root, kIOServicePlane, path), kIOReturnBadArgument);
	test_true(IORegistryEntryCopyPath(root, kIOServicePlane) == NULL);
	test_true(!IOObjectConformsTo(root, kIOServiceClass));
	test_reset_baseline(); /* what is known about a class is kept */
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(E06_the_top_of_a_plane)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0), machine, first = 0;
	io_string_t path;

	machine = IORegistryEntryFromPath(0, "IOService:/");
	test_true(machine != 0);
	test_equal_error(IORegistryEntryGetChildEntry(root, kIOServicePlane, &first), 0);
	test_equal(first, machine);
	test_equal_error(IORegistryEntryGetPath(machine, kIOServicePlane, path), 0);
	test_equal_text(path, "IOService:/");
	test_true(IOObjectConformsTo(machine, "IOPlatformExpertDevice"));
	test_reset_baseline(); /* what is known about a class is kept */
	test_true(resolves(machine, "IODeviceTree:/"));
	IOObjectRelease(first);
	IOObjectRelease(machine);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(E07)
{
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service(kIOResourcesClass);

	test_true(resolves(resources, "IOService:/IOResources"));
	test_equal(IORegistryEntryFromPath(0, "IOService:/IOResources/"), 0);
	test_equal(IORegistryEntryFromPath(0, "IOService:/IOResources//"), 0);
	test_equal(IORegistryEntryFromPath(0, "IOService://IOResources"), 0);
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST(E08)
{
	io_connect_t stage = stage_begin();
	static const char *const bad[] = { "IOService/IOResources",
					   "/IOResources",
					   "Nope:/IOResources",
					   "",
					   "IOService",
					   "IOService:",
					   "IOService:IOResources",
					   "IOService:/NoSuchEntry",
					   "IOService:/IOResources/none",
					   "IOServiceIOServiceIOServiceIOServiceIOService:/" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (IORegistryEntryFromPath(0, bad[i]))
			test_fail(__FILE__, __LINE__, "\"%s\" was found", bad[i]);
	test_equal(IORegistryEntryFromPath(0, NULL), 0);
	test_equal(IORegistryEntryCopyFromPath(0, NULL), 0);
	stage_end(stage);
}

#define STAGE_PATH "IOService:/IOResources/Stage/"

TEST(E09)
{
	io_connect_t stage = stage_begin();
	io_service_t s =
		stage_publish_service(stage, NULL, "key=a name=usb location=14000000 register");

	test_true(resolves(s, STAGE_PATH "usb@14000000"));
	test_true(resolves(s, STAGE_PATH "usb@0014000000"));
	test_true(resolves(s, STAGE_PATH "usb"));
	test_true(resolves(s, STAGE_PATH "@14000000"));
	test_true(resolves(s, STAGE_PATH "usb@14000000,0"));
	test_equal(IORegistryEntryFromPath(0, STAGE_PATH "usb@14"), 0);
	test_equal(IORegistryEntryFromPath(0, STAGE_PATH "us"), 0);
	test_equal(IORegistryEntryFromPath(0, STAGE_PATH "usb2"), 0);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E09_locations_are_lists_of_hexadecimal_numbers)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=n location=1a,2 register");

	test_true(resolves(s, STAGE_PATH "n@1A,2"));
	test_true(resolves(s, STAGE_PATH "n@01a,02,0"));
	test_true(resolves(s, STAGE_PATH "n@1a:2"));
	test_equal(IORegistryEntryFromPath(0, STAGE_PATH "n@1a"), 0);
	test_equal(IORegistryEntryFromPath(0, STAGE_PATH "n@1a,3"), 0);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E10)
{
	io_connect_t stage = stage_begin();
	io_service_t one = stage_publish_service(stage, NULL, "key=a name=hub location=1 register");
	io_service_t two = stage_publish_service(stage, NULL, "key=b name=hub location=2 register");

	test_true(resolves(one, STAGE_PATH "hub"));
	test_true(resolves(two, STAGE_PATH "hub@2"));
	test_true(resolves(two, STAGE_PATH "@2"));
	test_true(resolves(one, STAGE_PATH "@1"));
	IOObjectRelease(one);
	IOObjectRelease(two);
	stage_end(stage);
}

TEST(E11_planes_have_paths_of_their_own)
{
	io_connect_t stage = stage_begin();
	io_service_t a, b;
	io_string_t path;

	stage_publish(stage, NULL, "key=top name=top register");
	a = stage_publish_service(stage, NULL, "key=a name=a location=1 register");
	b = stage_publish_service(stage, NULL, "key=b name=b register");
	stage_do(stage, NULL, "attach key=top parent=root plane=IOUSB");
	stage_do(stage, NULL, "attach key=a parent=top plane=IOUSB");
	stage_do(stage, NULL, "attach key=b parent=a plane=IOUSB");
	stage_do(stage, NULL, "name key=a name=planar plane=IOUSB");
	stage_do(stage, NULL, "location key=a location=2 plane=IOUSB");
	test_equal_error(IORegistryEntryGetPath(b, kIOUSBPlane, path), 0);
	test_equal_text(path, "IOUSB:/planar@2/b");
	test_true(resolves(b, path));
	test_equal_error(IORegistryEntryGetPath(a, kIOServicePlane, path), 0);
	test_equal_text(path, STAGE_PATH "a@1");
	test_equal_error(IORegistryEntryGetPath(a, kIOPowerPlane, path), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetPath(a, "Nope", path), kIOReturnBadArgument);
	IOObjectRelease(a);
	IOObjectRelease(b);
	stage_end(stage);
}

TEST(E11_aliases_of_the_device_tree)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef aliases = stage_dictionary("disk", stage_text("/bus/disk@1"), NULL);
	io_service_t s;
	io_string_t path;

	stage_publish(stage, aliases, "key=aliases name=aliases register");
	stage_publish(stage, NULL, "key=bus name=bus register");
	s = stage_publish_service(stage, NULL, "key=a name=disk location=1 register");
	stage_do(stage, NULL, "attach key=aliases parent=machine plane=IODeviceTree");
	stage_do(stage, NULL, "attach key=bus parent=machine plane=IODeviceTree");
	stage_do(stage, NULL, "attach key=a parent=bus plane=IODeviceTree");
	test_true(resolves(s, "IODeviceTree:/bus/disk@1"));
	test_true(resolves(s, "IODeviceTree:disk"));
	test_equal(IORegistryEntryFromPath(0, "IODeviceTree:none"), 0);
	test_equal(IORegistryEntryFromPath(0, "IOService:disk"), 0);
	/* What is at or below an alias is called by it. */
	test_equal_error(IORegistryEntryGetPath(s, kIODeviceTreePlane, path), 0);
	test_equal_text(path, "IODeviceTree:disk");
	io_service_t part = stage_publish_service(stage, NULL, "key=p name=part register");
	stage_do(stage, NULL, "attach key=p parent=a plane=IODeviceTree");
	test_equal_error(IORegistryEntryGetPath(part, kIODeviceTreePlane, path), 0);
	test_equal_text(path, "IODeviceTree:disk/part");
	test_true(resolves(part, path));
	IOObjectRelease(part);
	CFRelease(aliases);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E12)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=n location=5 register");
	io_string_t path;

	test_equal_error(IORegistryEntryGetPath(s, kIOServicePlane, path), 0);
	test_equal_text(path, STAGE_PATH "n@5");
	test_true(resolves(s, path));
	test_equal_error(IORegistryEntryGetPath(s, kIOServicePlane, NULL), kIOReturnBadArgument);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E12_no_name_has_a_slash)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=a/b register");
	io_string_t path;

	test_equal_error(IORegistryEntryGetPath(s, kIOServicePlane, path), 0);
	test_equal_text(path, STAGE_PATH "a:b");
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E13)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t e;
	io_string_t path;
	char parent[16] = "driver";

	for (int i = 0; i < 6; i++) {
		stage_publish(stage, NULL, "key=c%d parent=%s name=%0100d", i, parent, i);
		snprintf(parent, sizeof(parent), "c%d", i);
	}
	stage_do(stage, NULL, "register key=c5");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	e = stage_service(stage_do(stage, NULL, "id key=c5"));
	test_equal_error(IORegistryEntryGetPath(e, kIOServicePlane, path), kIOReturnBadArgument);
	CFStringRef text = IORegistryEntryCopyPath(e, kIOServicePlane);
	test_equal(CFStringGetLength(text), strlen(STAGE_PATH) + 6 * 101 - 1);
	io_registry_entry_t found = IORegistryEntryCopyFromPath(0, text);
	test_equal(found, e);
	IOObjectRelease(found);
	CFRelease(text);
	IOObjectRelease(e);
	stage_end(stage);
}

TEST(E13_just_short_enough)
{
	io_connect_t stage = stage_begin();
	io_string_t path;
	/* "IOService:/IOResources/Stage/" has 29 bytes. */
	static const int lengths[] = { 100, 100, 100, 100, 72 };
	io_service_t e;

	for (int longer = 0; longer < 20; longer++) {
		char parent[16] = "driver";
		size_t length = strlen(STAGE_PATH) - 1;

		for (int i = 0; i < 5; i++) {
			int n = lengths[i] + (i == 4 ? longer : 0);

			stage_publish(stage, NULL, "key=%d.%d parent=%s name=%0*d", longer, i,
				      parent, n, longer);
			snprintf(parent, sizeof(parent), "%d.%d", longer, i);
			length += (size_t)n + 1;
		}
		stage_do(stage, NULL, "register key=%d.4", longer);
		test_equal_error(IOKitWaitQuiet(0, NULL), 0);
		e = stage_service(stage_do(stage, NULL, "id key=%d.4", longer));
		kern_return_t result = IORegistryEntryGetPath(e, kIOServicePlane, path);
		/* About 510 bytes: never more than fit with their end, never less than 505. */
		if (length <= 505)
			test_equal_error(result, 0);
		if (length >= 511)
			test_equal_error(result, kIOReturnBadArgument);
		if (!result)
			test_equal(strlen(path), length);
		IOObjectRelease(e);
	}
	stage_end(stage);
}

TEST(E14)
{
	io_connect_t stage = stage_begin();
	char parent[16] = "driver";
	io_registry_entry_t e, found;

	for (int i = 0; i < 50; i++) {
		stage_publish(stage, NULL, "key=c%d parent=%s name=%0100d", i, parent, i);
		snprintf(parent, sizeof(parent), "c%d", i);
	}
	stage_do(stage, NULL, "register key=c49");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	e = stage_service(stage_do(stage, NULL, "id key=c49"));
	CFStringRef text = IORegistryEntryCopyPath(e, kIOServicePlane);
	test_true(text && CFStringGetLength(text) > 5000);
	found = IORegistryEntryCopyFromPath(0, text);
	test_equal(found, e);
	CFRelease(text);
	IOObjectRelease(found);
	IOObjectRelease(e);
	stage_end(stage);
}

/* --- names and locations ---------------------------------------------------------------- */

TEST(E15)
{
	io_connect_t stage = stage_begin();
	io_service_t none = stage_publish_service(stage, NULL, "key=a register");
	io_service_t some = stage_publish_service(stage, NULL, "key=b location=4,1 register");
	io_name_t name = "kept";

	test_equal_error(IORegistryEntryGetLocationInPlane(none, kIOServicePlane, name),
			 kIOReturnNotFound);
	test_equal_text(name, "kept");
	test_equal_error(IORegistryEntryGetLocationInPlane(some, kIOServicePlane, name), 0);
	test_equal_text(name, "4,1");
	stage_do(stage, NULL, "attach key=b parent=root plane=IOUSB");
	stage_do(stage, NULL, "location key=b location=7 plane=IOUSB");
	test_equal_error(IORegistryEntryGetLocationInPlane(some, kIOUSBPlane, name), 0);
	test_equal_text(name, "7");
	test_equal_error(IORegistryEntryGetLocationInPlane(some, NULL, name), 0);
	test_equal_text(name, "4,1");
	IOObjectRelease(none);
	IOObjectRelease(some);
	stage_end(stage);
}

TEST(E16)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");
	io_name_t name;

	test_equal_error(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, "StageLeaf");
	test_equal_error(IORegistryEntryGetName(s, NULL), kIOReturnBadArgument);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E16_names_among_the_first_properties)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary("IOName", stage_text("seeded"),
							     "IOLocation", stage_text("9"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	io_name_t name;

	test_equal_error(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, "seeded");
	test_equal_error(IORegistryEntryGetLocationInPlane(s, kIOServicePlane, name), 0);
	test_equal_text(name, "9");
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E16_long_names_are_cut_for_programs)
{
	io_connect_t stage = stage_begin();
	char text[201], cut[128];
	io_service_t s;
	io_name_t name;

	memset(text, 'n', 200);
	text[200] = '\0';
	snprintf(cut, sizeof(cut), "%.127s", text);
	s = stage_publish_service(stage, NULL, "key=a name=%s location=%s register", text, text);
	test_equal_error(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, cut);
	test_equal_error(IORegistryEntryGetLocationInPlane(s, kIOServicePlane, name), 0);
	test_equal_text(name, cut);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E17)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=global register");
	io_name_t name;

	stage_do(stage, NULL, "attach key=a parent=root plane=StagePlane");
	stage_do(stage, NULL, "name key=a name=planar plane=StagePlane");
	test_equal_error(IORegistryEntryGetNameInPlane(s, "StagePlane", name), 0);
	test_equal_text(name, "planar");
	test_equal_error(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, "global");
	test_equal_error(IORegistryEntryGetNameInPlane(s, NULL, name), 0);
	test_equal_text(name, "global");
	test_equal_error(IORegistryEntryGetNameInPlane(s, "Nope", name), 0);
	test_equal_text(name, "global");
	test_equal_error(IORegistryEntryGetNameInPlane(s, kIOServicePlane, name), 0);
	test_equal_text(name, "global");
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E18)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");

	test_true(IORegistryEntryInPlane(s, kIOServicePlane));
	test_true(!IORegistryEntryInPlane(s, kIOUSBPlane));
	test_true(IORegistryEntryInPlane(s, "Nope"));
	test_true(!IORegistryEntryInPlane(0, kIOServicePlane));
	stage_do(stage, NULL, "attach key=a parent=root plane=IOUSB");
	test_true(IORegistryEntryInPlane(s, kIOUSBPlane));
	stage_do(stage, NULL, "detach key=a parent=root plane=IOUSB");
	stage_do(stage, NULL, "detach key=a parent=driver plane=IOService");
	test_true(!IORegistryEntryInPlane(s, "Nope"));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E18_planes_of_drivers)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFDictionaryRef planes;

	stage_publish(stage, NULL, "key=a register");
	stage_do(stage, NULL, "attach key=a parent=root plane=StagePlane");
	planes = IORegistryEntryCreateCFProperty(root, CFSTR(kIORegistryPlanesKey), NULL, 0);
	static const char *const names[] = { kIOServicePlane, kIODeviceTreePlane, kIOUSBPlane,
					     kIOPowerPlane,   kIOAudioPlane,	  kIOFireWirePlane,
					     "StagePlane" };
	for (int i = 0; i < 7; i++) {
		CFStringRef name = stage_text(names[i]);

		test_true(CFDictionaryContainsKey(planes, name));
		CFRelease(name);
	}
	CFRelease(planes);
	test_equal_error(stage_try(stage, NULL, NULL, "attach key=a parent=root plane=a:b"),
			 kIOReturnBadArgument);
	test_equal_error(stage_try(stage, NULL, NULL,
				   "attach key=a parent=root "
				   "plane=abcdefghijklmnopqrstuvwxyzabcdef"),
			 kIOReturnBadArgument);
	test_equal_error(stage_try(stage, NULL, NULL, "attach key=a parent=a plane=StagePlane"),
			 kIOReturnBadArgument);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST_MAIN
