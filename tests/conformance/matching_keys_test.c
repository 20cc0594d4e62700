// SPDX-License-Identifier: MIT
/* Keys of matching dictionaries about properties, names, places and relatives: spec 11.4. */
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

/* {IOPropertyMatch: {KEY: VALUE}}; takes VALUE. */
static CFDictionaryRef property(const char *key, CFTypeRef value)
{
	return pair(kIOPropertyMatchKey, pair(key, value));
}

/* --- properties -------------------------------------------------------------------------------- */

/* One service with KEY = VALUE (consumed). */
static io_service_t publish_with(io_connect_t stage, const char *key, CFTypeRef value)
{
	CFMutableDictionaryRef properties = stage_dictionary(key, value, NULL);
	io_service_t s =
		stage_publish_service(stage, properties, "key=%s class=StageLeaf register", key);

	CFRelease(properties);
	return s;
}

TEST(D19)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(1));
	int8_t one = 1, two = 2;

	test_true(fits(s, property("k", CFNumberCreate(NULL, kCFNumberSInt8Type, &one))));
	test_true(!fits(s, property("k", CFNumberCreate(NULL, kCFNumberSInt8Type, &two))));
	test_true(finds_only(property("k", CFNumberCreate(NULL, kCFNumberSInt8Type, &one)), s));
	test_true(!fits(s, property("k", stage_text("1"))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D20_numbers_by_value_and_by_nothing_else)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(-1));
	int16_t narrow = -1;

	test_true(fits(s, property("k", CFNumberCreate(NULL, kCFNumberSInt16Type, &narrow))));
	test_true(!fits(s, property("k", stage_number(1))));
	test_true(!fits(s, property("k", stage_text("-1"))));
	test_true(!fits(s, property("k", CFRetain(kCFBooleanTrue))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D21)
{
	io_connect_t stage = stage_begin();
	io_service_t yes = publish_with(stage, "yes", CFRetain(kCFBooleanTrue));
	io_service_t one = publish_with(stage, "one", stage_number(1));

	test_true(fits(yes, property("yes", CFRetain(kCFBooleanTrue))));
	test_true(!fits(yes, property("yes", CFRetain(kCFBooleanFalse))));
	test_true(!fits(yes, property("yes", stage_number(1))));
	test_true(!fits(one, property("one", CFRetain(kCFBooleanTrue))));
	IOObjectRelease(yes);
	IOObjectRelease(one);
	stage_end(stage);
}

static CFArrayRef two_values(CFTypeRef a, CFTypeRef b)
{
	CFTypeRef both[] = { a, b };
	CFArrayRef array = CFArrayCreate(NULL, both, 2, &kCFTypeArrayCallBacks);

	CFRelease(a);
	CFRelease(b);
	return array;
}

TEST(D22)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(1));

	test_true(fits(s, pair(kIOPropertyMatchKey, two_values(pair("k", stage_number(7)),
							       pair("k", stage_number(1))))));
	test_true(!fits(s, pair(kIOPropertyMatchKey, two_values(pair("k", stage_number(7)),
								pair("k", stage_number(8))))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D22_as_a_set)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(1));
	CFTypeRef good = pair("k", stage_number(1)), bad = pair("k", stage_number(2));
	CFTypeRef both[] = { bad, good };
	CFSetRef set = CFSetCreate(NULL, both, 2, &kCFTypeSetCallBacks);

	test_true(finds_only(pair(kIOPropertyMatchKey, set), s));
	CFRelease(good);
	CFRelease(bad);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D23)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(1));

	test_true(!fits(s, pair(kIOPropertyMatchKey,
				CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks))));
	test_true(fits(s, pair(kIOPropertyMatchKey, new_dictionary())));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D23_every_pair_has_to_hold)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(1));

	test_true(
		!fits(s, pair(kIOPropertyMatchKey, stage_dictionary("k", stage_number(1), "missing",
								    stage_number(1), NULL))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D24)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "k", stage_number(1));

	test_true(fits(s, pair(kIOPropertyExistsMatchKey, stage_text("k"))));
	test_true(!fits(s, pair(kIOPropertyExistsMatchKey, stage_text("a"))));
	test_true(fits(s, pair(kIOPropertyExistsMatchKey, stage_texts("a", "k", NULL))));
	test_true(!fits(s, pair(kIOPropertyExistsMatchKey, stage_texts("a", "b", NULL))));
	stage_do(stage, NULL, "remove key=k property=k");
	test_true(!fits(s, pair(kIOPropertyExistsMatchKey, stage_text("k"))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D24_properties_of_a_user_service)
{
	io_connect_t stage = stage_begin();
	io_service_t s =
		publish_with(stage, "IOUserServiceProperties", pair("inner", stage_number(3)));

	test_true(fits(s, pair(kIOPropertyExistsMatchKey, stage_text("inner"))));
	test_true(fits(s, property("inner", stage_number(3))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D25)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "s", CFDataCreate(NULL, (const UInt8 *)"abc", 4));
	io_service_t t = publish_with(stage, "t", CFDataCreate(NULL, (const UInt8 *)"abc\0", 5));

	test_true(fits(s, property("s", stage_text("abc"))));
	test_true(!fits(s, property("s", stage_text("ab"))));
	test_true(!fits(t, property("t", stage_text("abc"))));
	IOObjectRelease(s);
	IOObjectRelease(t);
	stage_end(stage);
}

TEST(D25_the_other_way_round)
{
	io_connect_t stage = stage_begin();
	io_service_t s = publish_with(stage, "s", stage_text("abc"));

	test_true(fits(s, property("s", CFDataCreate(NULL, (const UInt8 *)"abc", 3))));
	test_true(fits(s, property("s", CFDataCreate(NULL, (const UInt8 *)"abc", 4))));
	test_true(!fits(s, property("s", stage_text("ABC"))));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D25_collections)
{
	io_connect_t stage = stage_begin();
	io_service_t a = publish_with(stage, "a", stage_texts("x", "y", NULL));
	io_service_t d = publish_with(stage, "d", pair("n", stage_number(1)));
	int8_t one = 1;

	test_true(fits(a, property("a", stage_texts("x", "y", NULL))));
	test_true(!fits(a, property("a", stage_texts("y", "x", NULL))));
	test_true(!fits(a, property("a", stage_texts("x", NULL))));
	test_true(
		fits(d, property("d", pair("n", CFNumberCreate(NULL, kCFNumberSInt8Type, &one)))));
	test_true(!fits(d, property("d", new_dictionary())));
	IOObjectRelease(a);
	IOObjectRelease(d);
	stage_end(stage);
}

/* --- names and places ---------------------------------------------------------------------------- */

TEST(D26)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=fixture register");

	test_true(finds_only(pair(kIONameMatchKey, stage_texts("x", "fixture", NULL)), s));
	test_true(finds_only(IOServiceNameMatching("fixture"), s));
	test_equal(count(IOServiceNameMatching("Fixture")), 0);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D26_an_unnamed_service_has_the_name_of_its_class)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");

	test_true(finds_only(IOServiceNameMatching("StageLeaf"), s));
	stage_do(stage, NULL, "name key=a name=renamed");
	test_true(finds_only(IOServiceNameMatching("renamed"), s));
	test_equal(count(IOServiceNameMatching("StageLeaf")), 0);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D27)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary(
		"compatible", CFDataCreate(NULL, (const UInt8 *)"vendor,chip\0generic", 20), NULL);
	io_service_t plain =
		stage_publish_service(stage, properties, "key=a name=fixture register");
	io_service_t tree = stage_publish_service(stage, properties, "key=b name=fixtree register");

	stage_do(stage, NULL, "attach key=b parent=root plane=IODeviceTree");
	test_true(finds_only(IOServiceNameMatching("fix*"), tree));
	test_true(finds_only(IOServiceNameMatching("generic"), tree));
	test_true(finds_only(IOServiceNameMatching("vendor*"), tree));
	test_true(!fits(plain, IOServiceNameMatching("generic")));
	IOObjectRelease(plain);
	IOObjectRelease(tree);
	CFRelease(properties);
	stage_end(stage);
}

TEST(D28_locations)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a location=1A register");

	test_true(fits(s, pair(kIOLocationMatchKey, stage_text("1A"))));
	test_true(!fits(s, pair(kIOLocationMatchKey, stage_text("1a"))));
	test_true(finds_only(pair(kIOLocationMatchKey, stage_text("1A")), s));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D28_a_location_dictionary_is_about_the_device_that_names_a_place)
{
	io_connect_t stage = stage_begin();
	io_service_t none, below;

	none = stage_publish_service(stage, NULL, "key=a register");
	stage_publish(stage, NULL, "key=pci class=IOPCIDevice name=bridge register");
	stage_publish(stage, NULL, "key=b parent=pci register");
	below = stage_publish_service(stage, NULL, "key=c parent=b register");
	test_true(!fits(none, pair(kIOLocationMatchKey, IOServiceNameMatching("bridge"))));
	test_true(fits(below, pair(kIOLocationMatchKey, IOServiceNameMatching("bridge"))));
	test_true(!fits(below, pair(kIOLocationMatchKey, IOServiceNameMatching("other"))));
	IOObjectRelease(none);
	IOObjectRelease(below);
	stage_end(stage);
}

TEST(D29_paths)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=here location=2 register");
	io_string_t path;

	test_equal_error(IORegistryEntryGetPath(s, kIOServicePlane, path), 0);
	test_true(finds_only(pair(kIOPathMatchKey, stage_text(path)), s));
	test_equal(count(pair(kIOPathMatchKey, stage_text("IOService:/nowhere"))), 0);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D29_bsd_names_and_numbers)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary(
		kIOBSDNameKey, stage_text("disk7"), kIOBSDMajorKey, stage_number32(8),
		kIOBSDMinorKey, stage_number32(16), kIOBSDUnitKey, stage_number32(7), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a class=IOMedia register");

	test_true(finds_only(IOBSDNameMatching(0, 0, "disk7"), s));
	test_equal(count(IOBSDNameMatching(0, 0, "disk8")), 0);
	test_true(finds_only(pair(kIOBSDMajorKey, stage_number(8)), s));
	test_true(finds_only(pair(kIOBSDMinorKey, stage_number(16)), s));
	test_true(finds_only(pair(kIOBSDUnitKey, stage_number(7)), s));
	test_equal(count(pair(kIOBSDUnitKey, stage_number(8))), 0);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D29_compatible_properties)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary("k", stage_text("new"), "IOCompatibilityProperties",
				 stage_dictionary("IOClass", stage_text("StageOldName"), "k",
						  stage_text("old"), NULL),
				 NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a class=StageLeaf register");
	CFMutableDictionaryRef d = IOServiceMatching("StageOldName");

	test_equal(count(IOServiceMatching("StageOldName")), 0);
	CFDictionarySetValue(d, CFSTR("IOCompatibilityMatch"), kCFBooleanTrue);
	test_true(finds_only(d, s));
	d = (CFMutableDictionaryRef)property("k", stage_text("old"));
	test_true(!fits(s, d));
	d = (CFMutableDictionaryRef)property("k", stage_text("old"));
	CFDictionarySetValue(d, CFSTR("IOCompatibilityMatch"), kCFBooleanTrue);
	test_true(fits(s, d));
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

/* --- relatives -------------------------------------------------------------------------------------- */

TEST(D30)
{
	io_connect_t stage = stage_begin();
	io_service_t bus, child, grandchild;

	bus = stage_publish_service(stage, NULL, "key=bus class=StageLeaf register");
	child = stage_publish_service(stage, NULL, "key=a parent=bus register");
	grandchild = stage_publish_service(stage, NULL, "key=b parent=a register");
	test_true(fits(grandchild, pair(kIOParentMatchKey, IOServiceMatching("StageLeaf"))));
	test_true(fits(child, pair(kIOParentMatchKey, IOServiceMatching("StageLeaf"))));
	test_true(!fits(bus, pair(kIOParentMatchKey, IOServiceMatching("StageLeaf"))));
	test_equal(count(pair(kIOParentMatchKey, IOServiceMatching("StageLeaf"))), 2);
	test_true(!fits(grandchild, pair(kIOParentMatchKey, IOServiceMatching("IOUSBHostDevice"))));
	IOObjectRelease(bus);
	IOObjectRelease(child);
	IOObjectRelease(grandchild);
	stage_end(stage);
}

TEST(D30_nested)
{
	io_connect_t stage = stage_begin();
	io_service_t s;
	CFMutableDictionaryRef inner, outer;

	stage_publish(stage, NULL, "key=1 class=StageLeaf name=top register");
	stage_publish(stage, NULL, "key=2 parent=1 name=middle register");
	stage_publish(stage, NULL, "key=3 parent=2 name=middle register");
	s = stage_publish_service(stage, NULL, "key=4 parent=3 register");
	for (int i = 0; i < 3; i++) {
		/* [a middle one, or the leaf, below] ... */
		inner = i == 0 ? IOServiceNameMatching("top") : IOServiceNameMatching("middle");
		outer = i == 2 ? IOServiceNameMatching("top") : IOServiceNameMatching("middle");
		CFDictionarySetValue(outer, CFSTR(kIOParentMatchKey), inner);
		CFRelease(inner);
		test_equal(fits(s, pair(kIOParentMatchKey, outer)), i != 2);
	}
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D30_the_family_of_the_parent_has_its_say)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary("idVendor", stage_number32(5), NULL);
	io_service_t s;

	stage_publish(stage, properties, "key=a class=IOUSBHostDevice register");
	s = stage_publish_service(stage, NULL, "key=b parent=a class=StageLeaf register");
	test_true(fits(s, pair(kIOParentMatchKey,
			       with("IOUSBHostDevice", "idVendor", stage_number32(5)))));
	test_true(!fits(s, pair(kIOParentMatchKey,
				with("IOUSBHostDevice", "idVendor", stage_number32(6)))));
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D30_many_parents_take_no_time)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef d = IOServiceNameMatching("nowhere");
	io_service_t s;

	stage_publish(stage, NULL, "key=0 register");
	for (int i = 1; i < 40; i++)
		stage_publish(stage, NULL, "key=%d parent=%d", i, i - 1);
	stage_do(stage, NULL, "register key=39");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	s = stage_service(stage_do(stage, NULL, "id key=39"));
	for (int i = 0; i < 25; i++) {
		CFMutableDictionaryRef outer = IOServiceMatching("IOService");

		CFDictionarySetValue(outer, CFSTR(kIOParentMatchKey), d);
		CFRelease(d);
		d = outer;
	}
	test_true(!fits(s, d));
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D31)
{
	io_connect_t stage = stage_begin();
	io_service_t one = world_service("IOResources");
	io_service_t none = stage_publish_service(stage, NULL, "key=a register");

	/* The Stage driver itself was started by matching. */
	test_true(fits(one, pair(kIOMatchedServiceCountKey, stage_number32(1))));
	test_true(!fits(one, pair(kIOMatchedServiceCountKey, stage_number32(0))));
	test_true(fits(none, pair(kIOMatchedServiceCountKey, stage_number32(0))));
	test_true(!fits(none, pair(kIOMatchedServiceCountKey, stage_number32(1))));
	IOObjectRelease(one);
	IOObjectRelease(none);
	stage_end(stage);
}

TEST(D32)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a class=StageLeaf register");
	CFMutableDictionaryRef d = IOServiceMatching("StageBase");
	IONotificationPortRef port = IONotificationPortCreate(0);
	io_iterator_t it = 0;
	boolean_t m = 5;

	/* A Terminated notification keeps the name alive. */
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("StageLeaf"), NULL,
							  NULL, &it),
			 0);
	test_equal(IOIteratorNext(it), 0);
	stage_do(stage, NULL, "terminate key=a");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("StageLeaf")), 0);
	test_equal_error(IOServiceMatchPropertyTable(s, d, &m), 0);
	test_equal(m, TRUE);
	test_equal(CFGetRetainCount(d), 1);
	CFRelease(d);
	IOObjectRelease(it);
	IONotificationPortDestroy(port);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D33)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFMutableDictionaryRef d = new_dictionary();
	boolean_t m = 5;

	test_equal_error(IOServiceMatchPropertyTable(root, d, &m), kIOReturnBadArgument);
	test_equal_error(IOServiceMatchPropertyTable(0, d, &m), MACH_SEND_INVALID_DEST);
	/* The handle of a connection is none of an object. */
	test_equal_error(IOServiceMatchPropertyTable(stage, d, &m), kIOReturnBadArgument);
	test_equal_error(IOServiceMatchPropertyTable(root, NULL, &m), kIOReturnBadArgument);
	CFRelease(d);
	IOObjectRelease(root);
	stage_end(stage);
}

TEST(D34_nothing_to_match_with)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFMutableDictionaryRef d = new_dictionary(), odd = new_dictionary();
	CFNumberRef number = stage_number32(1);
	boolean_t m = 5;

	CFDictionarySetValue(odd, number, number);
	test_equal_error(IOServiceMatchPropertyTable(s, NULL, &m), kIOReturnBadArgument);
	test_equal_error(IOServiceMatchPropertyTable(s, d, NULL), kIOReturnBadArgument);
	test_equal(m, 5);
	test_equal_error(IOServiceMatchPropertyTable(s, d, &m), 0);
	test_equal(m, TRUE);
	test_equal(CFGetRetainCount(d), 1);
	CFRelease(number);
	CFRelease(odd);
	CFRelease(d);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(D35)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef d = IOServiceMatching("IOResources");
	io_service_t resources = world_service("IOResources");

	stage_do(stage, NULL, "resource name=StageThing");
	stage_publish(stage, NULL, "key=a register");
	test_true(finds_only(IOServiceMatching("IOResources"), resources));
	CFTypeRef wanted = pair("StageThing", stage_text("IOService"));
	CFDictionarySetValue(d, CFSTR(kIOPropertyMatchKey), wanted);
	CFRelease(wanted);
	test_equal(count(d), 0); /* the Stage publishes "true" */
	d = IOServiceMatching("IOResources");
	wanted = pair("StageThing", CFRetain(kCFBooleanTrue));
	CFDictionarySetValue(d, CFSTR(kIOPropertyMatchKey), wanted);
	CFRelease(wanted);
	test_true(finds_only(d, resources));
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST(D35_resources_that_are_waited_for)
{
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service("IOResources");

	test_true(!fits(resources, with("IOResources", kIOResourceMatchKey, stage_text("Later"))));
	stage_do(stage, NULL, "resource name=Later");
	test_true(fits(resources, with("IOResources", kIOResourceMatchKey, stage_text("Later"))));
	test_true(!fits(resources, with("IOResources", kIOResourceMatchKey,
					stage_texts("Later", "Never", NULL))));
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST_MAIN
