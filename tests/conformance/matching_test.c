// SPDX-License-Identifier: MIT
/* Finding services and matching dictionaries: spec 11.4. */
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

static CFMutableDictionaryRef new_dictionary(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

/* Services that MATCHING (consumed) finds, in order; the caller releases them. */
static int find(CFDictionaryRef matching, io_service_t *services, int max)
{
	io_iterator_t it = 0;
	io_service_t s;
	int n = 0;

	test_equal_error(IOServiceGetMatchingServices(0, matching, &it), 0);
	while ((s = IOIteratorNext(it))) {
		test_true(n < max);
		services[n++] = s;
	}
	IOObjectRelease(it);
	return n;
}

static int count(CFDictionaryRef matching)
{
	io_service_t services[4096];
	int n = find(matching, services, 4096);

	for (int i = 0; i < n; i++)
		IOObjectRelease(services[i]);
	return n;
}

/* MATCHING (consumed) finds the service S alone. */
static bool finds_only(CFDictionaryRef matching, io_service_t s)
{
	io_service_t found[2] = { 0, 0 };
	int n = find(matching, found, 2);

	for (int i = 0; i < n; i++)
		IOObjectRelease(found[i]);
	return n == 1 && found[0] == s;
}

/* {IOProviderClass: CLASS_NAME, KEY: VALUE}; takes VALUE. */
static CFMutableDictionaryRef with(const char *class_name, const char *key, CFTypeRef value)
{
	CFMutableDictionaryRef d = IOServiceMatching(class_name);
	CFStringRef name = stage_text(key);

	CFDictionarySetValue(d, name, value);
	CFRelease(name);
	CFRelease(value);
	return d;
}

/* Whether S matches MATCHING (consumed). */
static bool fits(io_service_t s, CFDictionaryRef matching)
{
	boolean_t matches = 5;

	test_equal_error(IOServiceMatchPropertyTable(s, matching, &matches), 0);
	CFRelease(matching);
	return matches;
}

static CFDictionaryRef pair(const char *key, CFTypeRef value)
{
	return stage_dictionary(key, value, NULL);
}

/* --- consumption and bad dictionaries -------------------------------------------------- */

static int n_released;

static const void *retain_value(CFAllocatorRef allocator, const void *value)
{
	return value;
}

static void release_value(CFAllocatorRef allocator, const void *value)
{
	n_released++;
	CFRelease(value);
}

TEST(D01)
{
	io_connect_t stage = stage_begin();
	static const char *const classes[] = { "Stage", "NoSuchClass" };
	CFDictionaryValueCallBacks counting = kCFTypeDictionaryValueCallBacks;

	counting.retain = retain_value;
	counting.release = release_value;
	for (int i = 0; i < 4; i++) {
		CFMutableDictionaryRef d = CFDictionaryCreateMutable(
			NULL, 0, &kCFTypeDictionaryKeyCallBacks, &counting);
		io_iterator_t it = 0;

		CFDictionarySetValue(d, CFSTR(kIOProviderClassKey), stage_text(classes[i % 2]));
		n_released = 0;
		if (i < 2)
			IOObjectRelease(IOServiceGetMatchingService(0, d));
		else
			test_equal_error(IOServiceGetMatchingServices(0, d, &it), 0);
		test_equal(n_released, 1);
		IOObjectRelease(it);
	}
	stage_end(stage);
}

TEST(D01_after_an_error_as_well)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef d = IOServiceMatching("Stage");

	CFRetain(d);
	test_equal_error(IOServiceGetMatchingServices(0, d, NULL), kIOReturnBadArgument);
	test_equal(CFGetRetainCount(d), 1);
	CFRelease(d);
	stage_end(stage);
}

TEST(D02)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef d = IOServiceMatching("Stage");

	CFRetain(d);
	io_service_t s = IOServiceGetMatchingService(0, d);
	test_true(s != 0);
	test_equal(CFGetRetainCount(d), 1);
	CFRelease(d);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D03)
{
	io_connect_t stage = stage_begin();
	io_iterator_t it = 77;

	test_equal(IOServiceGetMatchingService(0, NULL), 0);
	test_equal_error(IOServiceGetMatchingServices(0, NULL, &it), kIOReturnBadArgument);
	test_equal(it, 77);
	stage_end(stage);
}

TEST(D04)
{
	io_connect_t stage = stage_begin();
	CFNumberRef number = stage_number32(1);
	CFMutableDictionaryRef odd = new_dictionary();
	io_iterator_t it = 77;

	CFDictionarySetValue(odd, number, number);
	CFRetain(odd);
	test_equal_error(IOServiceGetMatchingServices(0, odd, &it), kIOReturnBadArgument);
	test_equal(it, 77);
	test_equal(CFGetRetainCount(odd), 1);
	CFRelease(odd);
	CFRelease(number);
	stage_end(stage);
}

TEST(D04_in_the_other_calls)
{
	io_connect_t stage = stage_begin();
	CFNumberRef number = stage_number32(1);
	CFMutableDictionaryRef odd = new_dictionary(), outer = new_dictionary();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t it = 77;
	boolean_t matches;

	CFDictionarySetValue(odd, number, number);
	CFDictionarySetValue(outer, CFSTR("inner"), odd);
	CFRetain(odd);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification, odd, NULL,
							  NULL, &it),
			 kIOReturnBadArgument);
	test_equal(it, 77);
	test_equal(CFGetRetainCount(odd), 2); /* ours and OUTER's */
	test_equal_error(IOServiceMatchPropertyTable(s, odd, &matches), kIOReturnBadArgument);
	test_equal_error(IORegistryEntrySetCFProperties(s, odd), kIOReturnBadArgument);
	test_equal_error(IORegistryEntrySetCFProperties(s, outer), kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperties(stage, odd), kIOReturnBadArgument);
	IONotificationPortDestroy(port);
	IOObjectRelease(s);
	CFRelease(outer);
	CFRelease(odd);
	CFRelease(number);
	stage_end(stage);
}

TEST(D05)
{
	io_connect_t stage = stage_begin();
	CFStringRef text = stage_text("no dictionary at all, but long enough to be an object");
	io_iterator_t it = 77;

	CFRetain(text);
	test_equal_error(IOServiceGetMatchingServices(0, (CFDictionaryRef)(CFTypeRef)text, &it),
			 kIOReturnBadArgument);
	test_equal(CFGetRetainCount(text), 1);
	test_equal(it, 77);
	CFRelease(text);
	stage_end(stage);
}

TEST(D06)
{
	io_connect_t stage = stage_begin();
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
	io_iterator_t it = 77;

	CFDataSetLength(data, 5 * 1024 * 1024);
	CFMutableDictionaryRef big = with("Stage", "Extra", data);
	CFRetain(big);
	test_equal_error(IOServiceGetMatchingServices(0, big, &it), kIOReturnMessageTooLarge);
	test_equal(CFGetRetainCount(big), 1);
	test_equal(it, 77);
	CFRelease(big);
	stage_end(stage);
}

TEST(D06_three_mebibytes_are_not_too_large)
{
	io_connect_t stage = stage_begin();
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);

	CFDataSetLength(data, 3 * 1024 * 1024);
	test_equal(count(with("Stage", "Extra", data)), 1);
	stage_end(stage);
}

TEST(D07_another_port_is_no_main_port)
{
	io_connect_t stage = stage_begin();
	mach_port_t port = 0;
	io_iterator_t it = 77;
	CFMutableDictionaryRef d = IOServiceMatching("Stage");

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	CFRetain(d);
	CFRetain(d);
	test_equal(IOServiceGetMatchingService(port, d), 0);
	test_equal_error(IOServiceGetMatchingServices(port, d, &it), kIOReturnNotPrivileged);
	test_equal(it, 77);
	test_equal(CFGetRetainCount(d), 1);
	CFRelease(d);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_deallocate(mach_task_self(), port);
	stage_end(stage);
}

TEST(D08)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(s, &id), 0);
	stage_do(stage, NULL, "terminate key=a");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("StageLeaf")), 0);
	test_equal(IOServiceGetMatchingService(0, IORegistryEntryIDMatching(id)), 0);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D09_not_registered_is_not_found)
{
	io_connect_t stage = stage_begin();

	stage_publish(stage, NULL, "key=a class=StageLeaf name=quiet");
	test_equal(count(IOServiceMatching("StageLeaf")), 0);
	test_equal(count(IOServiceNameMatching("quiet")), 0);
	stage_do(stage, NULL, "register key=a");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	test_equal(count(IOServiceMatching("StageLeaf")), 1);
	stage_end(stage);
}

/* --- makers ------------------------------------------------------------------------------- */

/* D has one key, KEY, with the string VALUE, can be changed, and is held once. Released. */
static void check_maker(CFMutableDictionaryRef d, const char *key, const char *value)
{
	CFStringRef k = stage_text(key), v = stage_text(value);

	test_equal(CFDictionaryGetCount(d), 1);
	test_true(CFEqual(CFDictionaryGetValue(d, k), v));
	test_equal(CFGetRetainCount(d), 1);
	CFDictionarySetValue(d, CFSTR("more"), kCFBooleanTrue);
	test_equal(CFDictionaryGetCount(d), 2);
	CFRelease(d);
	CFRelease(k);
	CFRelease(v);
}

TEST(D10)
{
	check_maker(IOServiceMatching("x"), "IOProviderClass", "x");
	test_true(IOServiceMatching(NULL) == NULL);
}

TEST(D10_any_bytes_are_text)
{
	CFMutableDictionaryRef d = IOServiceMatching("\x8e\xff");
	CFStringRef text = CFDictionaryGetValue(d, CFSTR(kIOProviderClassKey));

	test_equal(CFStringGetLength(text), 2);
	test_equal(CFStringGetCharacterAtIndex(text, 0), 0xe9); /* MacRoman */
	CFRelease(d);
}

TEST(D11)
{
	check_maker(IOServiceNameMatching("y"), "IONameMatch", "y");
	test_true(IOServiceNameMatching(NULL) == NULL);
}

TEST(D12)
{
	test_true(IOBSDNameMatching(0, 0, NULL) == NULL);
	check_maker(IOBSDNameMatching(0, 0, "disk0"), "BSD Name", "disk0");
	check_maker(IOBSDNameMatching(77, 0xffff, "disk0"), "BSD Name", "disk0");
}

TEST(D13)
{
	CFMutableDictionaryRef d = IORegistryEntryIDMatching(0xf00000123);
	CFNumberRef n = CFDictionaryGetValue(d, CFSTR("IORegistryEntryID"));
	int64_t id = 0;

	test_equal(CFDictionaryGetCount(d), 1);
	test_equal(CFNumberGetType(n), kCFNumberSInt64Type);
	test_true(CFNumberGetValue(n, kCFNumberSInt64Type, &id));
	test_equal(id, 0xf00000123);
	CFRelease(d);
}

TEST(D14)
{
	io_connect_t stage = stage_begin();
	uint64_t id = stage_publish(stage, NULL, "key=a register");
	io_service_t s = stage_service(id);

	test_true(finds_only(IORegistryEntryIDMatching(id), s));
	test_equal(count(IORegistryEntryIDMatching(0)), 0);
	test_equal(count(IORegistryEntryIDMatching(id + 1000)), 0);
	test_true(!fits(s, IORegistryEntryIDMatching(id + 1)));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D14_other_keys_hold_as_well)
{
	io_connect_t stage = stage_begin();
	uint64_t id = stage_publish(stage, NULL, "key=a class=StageLeaf register");
	CFMutableDictionaryRef d = IORegistryEntryIDMatching(id);

	CFDictionarySetValue(d, CFSTR(kIOProviderClassKey), CFSTR("StageOther"));
	test_equal(count(d), 0);
	d = IORegistryEntryIDMatching(id);
	CFDictionarySetValue(d, CFSTR(kIOProviderClassKey), CFSTR("StageBase"));
	test_equal(count(d), 1);
	stage_end(stage);
}

TEST(D15)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	uint64_t id = 0;

	test_equal_error(IORegistryEntryGetRegistryEntryID(root, &id), 0);
	test_equal(IOServiceGetMatchingService(0, IORegistryEntryIDMatching(id)), 0);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(D16)
{
	char path[600];
	CFMutableDictionaryRef d;

	memset(path, 'p', sizeof(path));
	path[499] = 0; /* with "IODeviceTree:" 512 */
	test_true(IOOpenFirmwarePathMatching(0, 0, path) == NULL);
	path[498] = 0;
	d = IOOpenFirmwarePathMatching(0, 0, path);
	test_true(d != NULL);
	test_equal(CFStringGetLength(CFDictionaryGetValue(d, CFSTR("IOPathMatch"))), 511);
	CFRelease(d);
	check_maker(IOOpenFirmwarePathMatching(0, 0, "/chosen"), "IOPathMatch",
		    "IODeviceTree:/chosen");
	test_true(IOOpenFirmwarePathMatching(0, 0, NULL) == NULL);
}

TEST(D16_paths_of_the_device_tree)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary(kIOBSDNameKey, stage_text("disk9"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a name=disk register");
	io_name_t bsd = "kept";

	stage_do(stage, NULL, "attach key=a parent=machine plane=IODeviceTree");
	stage_do(stage, NULL, "location key=a location=3,0 plane=IODeviceTree");
	test_true(finds_only(IOOpenFirmwarePathMatching(0, 0, "/disk@3"), s));
	test_equal(count(IOOpenFirmwarePathMatching(0, 0, "/disk@4")), 0);
	test_equal_error(IOServiceOFPathToBSDName(0, "/nothing", bsd), KERN_FAILURE);
	test_equal_text(bsd, "kept");
	test_equal_error(IOServiceOFPathToBSDName(0, "/disk@3", bsd), 0);
	test_equal_text(bsd, "disk9");
	IOObjectRelease(s);
	CFRelease(properties);
	stage_end(stage);
}

/* --- class, order -------------------------------------------------------------------------- */

TEST(D17)
{
	io_connect_t stage = stage_begin();
	int before = count(new_dictionary());

	test_true(before >= 2);
	stage_publish(stage, NULL, "key=a register");
	test_equal(count(new_dictionary()), before + 1);
	stage_publish(stage, NULL, "key=b");
	test_equal(count(new_dictionary()), before + 1);
	stage_end(stage);
}

TEST(D17_classes_nest_where_their_first_instance_appeared)
{
	io_connect_t stage = stage_begin();
	/* Base, Leaf (below Middle), Other, then a second Leaf and a second Base. */
	static const char *const classes[] = { "StageBase", "StageLeaf", "StageOther", "StageLeaf",
					       "StageBase" };
	static const int order[] = { 0, 1, 3, 2, 4 };
	io_service_t made[5], found[5];

	for (int i = 0; i < 5; i++)
		made[i] = stage_publish_service(stage, NULL, "key=k%d class=%s register", i,
						classes[i]);
	test_equal(find(IOServiceMatching("StageBase"), found, 5), 5);
	for (int i = 0; i < 5; i++) {
		test_equal(found[i], made[order[i]]);
		IOObjectRelease(found[i]);
	}
	test_equal(count(IOServiceMatching("StageMiddle")), 2);
	io_service_t first = IOServiceGetMatchingService(0, IOServiceMatching("StageMiddle"));
	test_equal(first, made[1]);
	IOObjectRelease(first);
	for (int i = 0; i < 5; i++)
		IOObjectRelease(made[i]);
	stage_end(stage);
}

TEST(D18)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");

	test_true(finds_only(with("StageLeaf", "SomeUnknownKey", stage_text("v")), s));
	test_true(fits(s, pair("Foo", stage_text("bar"))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D18_a_wrong_type_makes_a_key_unknown)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");

	test_true(fits(s, pair(kIOProviderClassKey, stage_number(5))));
	test_true(fits(s, pair(kIOPathMatchKey, stage_number(5))));
	test_true(fits(s, pair(kIORegistryEntryIDKey, stage_text("5"))));
	test_true(fits(s, pair(kIOParentMatchKey, stage_text("5"))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D18_families_know_keys_of_their_own)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef device = stage_dictionary(
		"idVendor", stage_number32(0x5ac), "idProduct", stage_number32(0x1234),
		"bDeviceClass", stage_number32(9), "Content", stage_text("c"), NULL);
	CFMutableDictionaryRef media = stage_dictionary("Content", stage_text("c"), "Whole",
							CFRetain(kCFBooleanTrue), NULL);
	CFMutableDictionaryRef line =
		stage_dictionary("IOSerialBSDClientType", stage_text("IORS232SerialStream"), NULL);
	io_service_t usb =
		stage_publish_service(stage, device, "key=a class=IOUSBHostDevice register");
	io_service_t disk = stage_publish_service(stage, media, "key=b class=IOMedia register");
	io_service_t serial =
		stage_publish_service(stage, line, "key=c class=IOSerialBSDClient register");
	CFMutableDictionaryRef d;

	d = with("IOUSBHostDevice", "idVendor", stage_number32(0x5ac));
	CFDictionarySetValue(d, CFSTR("idProduct"),
			     CFDictionaryGetValue(device, CFSTR("idProduct")));
	test_true(finds_only(d, usb));
	test_equal(count(with("IOUSBHostDevice", "idVendor", stage_number(0x5ad))), 0);
	test_equal(count(with("IOUSBHostDevice", "idProduct", stage_text("*"))), 1);
	test_equal(count(with("IOUSBHostDevice", "bcdDevice", stage_text("*"))), 0);
	/* What another family compares is nothing to this one. */
	test_equal(count(with("IOUSBHostDevice", "Content", stage_text("x"))), 1);
	test_equal(count(with("IOMedia", "Content", stage_text("x"))), 0);
	test_equal(count(with("IOMedia", "Content", stage_text("c"))), 1);
	test_equal(count(with("IOMedia", "Whole", CFRetain(kCFBooleanFalse))), 0);
	test_equal(count(with("IOMedia", "Whole", CFRetain(kCFBooleanTrue))), 1);
	test_equal(count(with("IOSerialBSDClient", "IOSerialBSDClientType",
			      stage_text("IOSerialStream"))),
		   1);
	test_equal(count(with("IOSerialBSDClient", "IOSerialBSDClientType",
			      stage_text("IOModemSerialStream"))),
		   0);
	test_equal(count(with("IOSerialBSDClient", "IOSerialBSDClientType",
			      stage_text("IORS232SerialStream"))),
		   1);
	CFRelease(device);
	CFRelease(media);
	CFRelease(line);
	IOObjectRelease(usb);
	IOObjectRelease(disk);
	IOObjectRelease(serial);
	stage_end(stage);
}

TEST(D18_older_names_of_usb_devices)
{
	io_connect_t stage = stage_begin();
	io_service_t device =
		stage_publish_service(stage, NULL, "key=a class=IOUSBHostDevice register");
	io_service_t interface =
		stage_publish_service(stage, NULL, "key=b class=IOUSBHostInterface register");

	test_true(finds_only(IOServiceMatching("IOUSBDevice"), device));
	test_true(finds_only(IOServiceMatching("IOUSBInterface"), interface));
	test_true(IOObjectConformsTo(device, "IOUSBDevice"));
	test_true(!IOObjectConformsTo(device, "IOUSBInterface"));
	test_true(IOObjectConformsTo(device, "IOUSBHostDevice"));
	test_reset_baseline(); /* what is known about a class is kept */
	test_equal(count(IOServiceMatching("IOUSBNub")), 2);
	IOObjectRelease(device);
	IOObjectRelease(interface);
	stage_end(stage);
}

TEST(D18_what_passes_for_another_class)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary("IOClassNameOverride", stage_text("StageOldName"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a class=StageLeaf register");
	io_name_t name;

	test_true(finds_only(IOServiceMatching("StageOldName"), s));
	test_true(finds_only(IOServiceMatching("StageLeaf"), s));
	test_true(fits(s, IOServiceMatching("StageOldName")));
	test_equal_error(IOObjectGetClass(s, name), 0);
	test_equal_text(name, "StageOldName");
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST_MAIN
