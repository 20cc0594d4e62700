// SPDX-License-Identifier: MIT
/* Active matching and the catalogue: spec 11.14, as far as it is about them. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCFSerialize.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitServer.h>
#include <mach/mach.h>

#include "../drivers/Stage.dext/Stage.h"
#include "stage.h"
#include "test.h"
#include "world.h"

/* A personality of the Stage bundle for StageLeaf services; more pairs as in stage_dictionary. */
#define PERSONALITY(name, ...) \
	stage_dictionary("CFBundleIdentifier", stage_text(STAGE_IDENTIFIER), "IOClass", \
			 stage_text("StageDriver"), "IOProviderClass", stage_text("StageLeaf"), \
			 "IOUserServerName", stage_text(STAGE_IDENTIFIER), "StageName", \
			 stage_text(name), ##__VA_ARGS__, NULL)

static kern_return_t send_data(uint32_t flag, CFTypeRef value)
{
	CFDataRef data =
		CFPropertyListCreateData(NULL, value, kCFPropertyListXMLFormat_v1_0, 0, NULL);
	kern_return_t result =
		IOCatalogueSendData(kIOMainPortDefault, flag, (const char *)CFDataGetBytePtr(data),
				    (uint32_t)CFDataGetLength(data));

	CFRelease(data);
	return result;
}

static uint32_t generation(void)
{
	uint32_t n = 0;

	test_equal_error(IOCatlogueGetGenCount(kIOMainPortDefault, &n), 0);
	return n;
}

/* Add up to three personalities (consumed) at once. */
static void add(CFTypeRef a, CFTypeRef b, CFTypeRef c)
{
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFTypeRef all[] = { a, b, c };

	for (int i = 0; i < 3; i++)
		if (all[i]) {
			CFArrayAppendValue(array, all[i]);
			CFRelease(all[i]);
		}
	test_equal_error(send_data(kIOCatalogAddDrivers, array), 0);
	CFRelease(array);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
}

/* The events since the session began; the drivers' ends come a little later than the rest, and those of
 * several in any order: OTHERWISE is as good as EXPECTED. */
static void check_events_either(io_connect_t stage, const char *expected, const char *otherwise)
{
	char *events = stage_read(stage);

	for (int i = 0; i < 1000 && strcmp(events, expected) && strcmp(events, otherwise); i++) {
		free(events);
		poll(NULL, 0, 5);
		events = stage_read(stage);
	}
	if (strcmp(events, otherwise))
		test_equal_text(events, expected);
	free(events);
}

static void check_events(io_connect_t stage, const char *expected)
{
	check_events_either(stage, expected, expected);
}

/* The driver that has started as NAME; 0: none. */
static io_service_t driver_called(const char *name)
{
	CFMutableDictionaryRef pair = stage_dictionary("StageName", stage_text(name), NULL);
	CFMutableDictionaryRef d = IOServiceMatching("StageDriver");

	CFDictionarySetValue(d, CFSTR(kIOPropertyMatchKey), pair);
	CFRelease(pair);
	return IOServiceGetMatchingService(kIOMainPortDefault, d);
}

static int64_t number_of(io_service_t s, const char *key)
{
	CFStringRef name = stage_text(key);
	CFTypeRef value = IORegistryEntryCreateCFProperty(s, name, NULL, 0);
	int64_t n = -1;

	test_true(value && CFGetTypeID(value) == CFNumberGetTypeID());
	CFNumberGetValue(value, kCFNumberSInt64Type, &n);
	CFRelease(value);
	CFRelease(name);
	return n;
}

static bool has_text(io_service_t s, const char *key, const char *text)
{
	CFStringRef name = stage_text(key), wanted = stage_text(text);
	CFTypeRef value = IORegistryEntryCreateCFProperty(s, name, NULL, 0);
	bool equal = value && CFEqual(value, wanted);

	if (value)
		CFRelease(value);
	CFRelease(name);
	CFRelease(wanted);
	return equal;
}

#define SCORE(n) "IOProbeScore", stage_number32(n)
#define REGISTERS "StageStart", stage_text("register")

/* --- competition ---------------------------------------------------------------------- */

TEST(N06)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1", SCORE(100)), PERSONALITY("P2", SCORE(200)), NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P2\nprobe P2\ninit P1\nprobe P1\nstart P2\nfree P1\n");
	stage_end(stage);
}

TEST(N06_categories_compete_by_themselves)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("A1", SCORE(1), "IOMatchCategory", stage_text("A")),
	    PERSONALITY("B1", SCORE(2), "IOMatchCategory", stage_text("B")),
	    PERSONALITY("A2", SCORE(3), "IOMatchCategory", stage_text("A")));
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
#define PROBED "init A2\nprobe A2\ninit B1\nprobe B1\ninit A1\nprobe A1\nstart A2\n"
	/* All are probed before one is started. */
	check_events_either(stage, PROBED "free A1\nstart B1\n", PROBED "start B1\nfree A1\n");
	stage_end(stage);
}

TEST(N07)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1", SCORE(100)),
	    PERSONALITY("P2", SCORE(200), "StageStart", CFRetain(kCFBooleanFalse)), NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P2\nprobe P2\ninit P1\nprobe P1\nstart P2\nfree P2\nstart P1\n");
	stage_end(stage);
}

TEST(N08)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1", SCORE(100)),
	    PERSONALITY("P2", SCORE(200), "StageProbe", CFRetain(kCFBooleanFalse)), NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P2\nprobe P2\nfree P2\ninit P1\nprobe P1\nstart P1\n");
	stage_end(stage);
}

TEST(N08_init_refuses)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1", SCORE(100)),
	    PERSONALITY("P2", SCORE(200), "StageInit", CFRetain(kCFBooleanFalse)), NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P2\nfree P2\ninit P1\nprobe P1\nstart P1\n");
	stage_end(stage);
}

TEST(N09)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1", SCORE(100), "StageProbe", stage_number32(300), REGISTERS),
	    PERSONALITY("P2", SCORE(200)), NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P2\nprobe P2\ninit P1\nprobe P1\nstart P1\nfree P2\n");
	io_service_t driver = driver_called("P1");
	test_true(driver != 0);
	test_equal(number_of(driver, kIOProbeScoreKey), 300);
	IOObjectRelease(driver);
	stage_end(stage);
}

TEST(N09_the_family_has_its_say)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef device = stage_dictionary("idVendor", stage_number32(1), "idProduct",
							 stage_number32(2), NULL);
	CFMutableDictionaryRef vendor = PERSONALITY("vendor", "idVendor", stage_number32(1)),
			       both = PERSONALITY("both", "idVendor", stage_number32(1),
						  "idProduct", stage_number32(2)),
			       other = PERSONALITY("other", "idVendor", stage_number32(7));
	CFStringRef usb = CFSTR("IOUSBHostDevice");

	CFDictionarySetValue(vendor, CFSTR(kIOProviderClassKey), usb);
	CFDictionarySetValue(both, CFSTR(kIOProviderClassKey), usb);
	CFDictionarySetValue(other, CFSTR(kIOProviderClassKey), usb);
	add(vendor, both, other);
	stage_publish(stage, device, "key=a class=IOUSBHostDevice register");
	check_events(stage,
		     "init both\nprobe both\ninit vendor\nprobe vendor\nstart both\nfree vendor\n");
	CFRelease(device);
	stage_end(stage);
}

TEST(N09_so_has_the_driver_that_published_the_service)
{
	io_connect_t stage = stage_begin();

	/* StagePicky takes those whose StageTaste is its own, and scores them by StageBonus. */
	CFMutableDictionaryRef first = PERSONALITY("first", SCORE(5), "StageTaste",
						   stage_text("x")),
			       second = PERSONALITY("second", SCORE(1), "StageTaste",
						    stage_text("x"), "StageBonus",
						    stage_number32(10)),
			       third = PERSONALITY("third", SCORE(9), "StageTaste",
						   stage_text("y"));
	CFStringRef picky = CFSTR("StagePicky");
	CFMutableDictionaryRef taste = stage_dictionary("StageTaste", stage_text("x"), NULL);

	CFDictionarySetValue(first, CFSTR(kIOProviderClassKey), picky);
	CFDictionarySetValue(second, CFSTR(kIOProviderClassKey), picky);
	CFDictionarySetValue(third, CFSTR(kIOProviderClassKey), picky);
	add(first, second, third);
	stage_publish(stage, taste, "key=a class=StagePicky register");
	check_events(stage, "init second\nprobe second\ninit first\nprobe first\nstart second\n"
			    "free first\n");
	CFRelease(taste);
	stage_end(stage);
}

TEST(N11)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = PERSONALITY("P");

	CFDictionaryRemoveValue(p, CFSTR(kIOProviderClassKey));
	add(p, NULL, NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	char *events = stage_read(stage);
	test_equal_text(events, "");
	free(events);
	stage_end(stage);
}

TEST(N12_in_each_of_the_formats)
{
	io_connect_t stage = stage_begin();
	static const CFOptionFlags formats[] = { 0, kIOCFSerializeToBinary };
	uint32_t before = generation();

	for (int i = 0; i < 3; i++) {
		CFMutableDictionaryRef p = PERSONALITY("P", "Number", stage_number(i));
		CFArrayRef array =
			CFArrayCreate(NULL, (const void **)&p, 1, &kCFTypeArrayCallBacks);
		CFDataRef data =
			i < 2 ? IOCFSerialize(array, formats[i])
			      : CFPropertyListCreateData(NULL, array,
							 kCFPropertyListBinaryFormat_v1_0, 0, NULL);

		test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDriversNoMatch,
						     (const char *)CFDataGetBytePtr(data),
						     (uint32_t)CFDataGetLength(data)),
				 0);
		test_equal(generation(), before + 1 + (uint32_t)i);
		CFRelease(data);
		CFRelease(array);
		CFRelease(p);
	}
	stage_end(stage);
}

TEST(N12)
{
	io_connect_t stage = stage_begin();
	uint32_t before = generation(), once;

	add(PERSONALITY("P"), NULL, NULL);
	once = generation();
	test_equal(once, before + 1);
	add(PERSONALITY("P"), PERSONALITY("P"), NULL);
	test_equal(generation(), once);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P\nprobe P\nstart P\n");
	stage_end(stage);
}

TEST(N13)
{
	io_connect_t stage = stage_begin();

	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	add(PERSONALITY("P", REGISTERS), NULL, NULL);
	check_events(stage, "init P\nprobe P\nstart P\n");
	io_service_t driver = driver_called("P");
	test_true(driver != 0);
	IOObjectRelease(driver);
	stage_end(stage);
}

TEST(N13_but_not_without_matching)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = PERSONALITY("P");
	CFArrayRef array = CFArrayCreate(NULL, (const void **)&p, 1, &kCFTypeArrayCallBacks);

	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	test_equal_error(send_data(kIOCatalogAddDriversNoMatch, array), 0);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	char *events = stage_read(stage);
	test_equal_text(events, "");
	free(events);
	stage_do(stage, NULL, "register key=a");
	check_events(stage, "init P\nprobe P\nstart P\n");
	CFRelease(array);
	CFRelease(p);
	stage_end(stage);
}

TEST(N13_a_taken_category_is_left_alone)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1"), NULL, NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	add(PERSONALITY("P2", SCORE(1000)), NULL, NULL);
	check_events(stage, "init P1\nprobe P1\nstart P1\n");
	stage_end(stage);
}

TEST(N14)
{
	io_connect_t stage = stage_begin();
	uint32_t before;

	add(PERSONALITY("P", REGISTERS), NULL, NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	io_service_t driver = driver_called("P");
	test_true(driver != 0);
	before = generation();
	CFDictionaryRef which = stage_dictionary("StageName", stage_text("P"), NULL);
	test_equal_error(send_data(kIOCatalogRemoveDrivers, which), 0);
	test_equal(generation(), before + 1);
	test_equal_error(send_data(kIOCatalogRemoveDrivers, which), 0);
	test_equal(generation(), before + 1);
	IOObjectRelease(driver);
	driver = driver_called("P");
	test_true(driver != 0);
	/* A new service finds it no more. */
	stage_publish(stage, NULL, "key=b class=StageLeaf register");
	check_events(stage, "init P\nprobe P\nstart P\n");
	CFRelease(which);
	IOObjectRelease(driver);
	stage_end(stage);
}

TEST(N16)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P1", SCORE(7)), PERSONALITY("P2", SCORE(7)), PERSONALITY("P3", SCORE(7)));
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
#define ALL_PROBED "init P1\nprobe P1\ninit P2\nprobe P2\ninit P3\nprobe P3\nstart P1\n"
	check_events_either(stage, ALL_PROBED "free P2\nfree P3\n",
			    ALL_PROBED "free P3\nfree P2\n");
	stage_end(stage);
}

/* --- resources --------------------------------------------------------------------------- */

TEST(N18)
{
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service("IOResources");
	CFMutableDictionaryRef p = PERSONALITY("P", "IOResourceMatch", stage_text("thing"),
					       "IOMatchCategory", stage_text("N18"));
	CFTypeRef matched;

	CFDictionarySetValue(p, CFSTR(kIOProviderClassKey), CFSTR(kIOResourcesClass));
	add(p, NULL, NULL);
	char *events = stage_read(stage);
	test_equal_text(events, "");
	free(events);
	stage_do(stage, NULL, "resource name=thing");
	check_events(stage, "init P\nprobe P\nstart P\n");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	matched = IORegistryEntryCreateCFProperty(resources, CFSTR(kIOResourceMatchedKey), NULL, 0);
	test_true(matched && CFArrayContainsValue(matched, CFRangeMake(0, CFArrayGetCount(matched)),
						  CFSTR("thing")));
	CFRelease(matched);
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST(N18_all_of_a_collection)
{
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service("IOResources");
	CFMutableDictionaryRef p =
		PERSONALITY("P", "IOResourceMatch", stage_texts("one", "two", NULL),
			    "IOMatchCategory", stage_text("N18"));

	CFDictionarySetValue(p, CFSTR(kIOProviderClassKey), CFSTR(kIOResourcesClass));
	add(p, NULL, NULL);
	stage_do(stage, NULL, "resource name=one");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	char *events = stage_read(stage);
	test_equal_text(events, "");
	free(events);
	stage_do(stage, NULL, "resource name=two");
	check_events(stage, "init P\nprobe P\nstart P\n");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	CFArrayRef matched =
		IORegistryEntryCreateCFProperty(resources, CFSTR(kIOResourceMatchedKey), NULL, 0);
	test_equal(CFArrayGetCount(matched), 2);
	CFRelease(matched);
	IOObjectRelease(resources);
	stage_end(stage);
}

/* --- what matching writes down ---------------------------------------------------------------- */

TEST(N17_properties_of_the_driver)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P", REGISTERS, "IONameMatch", stage_texts("no", "it", NULL), "Anything",
			stage_number(5)),
	    NULL, NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf name=it register");
	io_service_t driver = driver_called("P");
	test_true(driver != 0);
	test_true(has_text(driver, kIOMatchCategoryKey, kIODefaultMatchCategoryKey));
	test_true(has_text(driver, kIONameMatchedKey, "it"));
	test_true(has_text(driver, kIOClassKey, "StageDriver"));
	test_equal(number_of(driver, "Anything"), 5);
	test_equal(number_of(driver, kIOProbeScoreKey), 0);
	CFTypeRef personality =
		IORegistryEntryCreateCFProperty(driver, CFSTR(kIOMatchedPersonalityKey), NULL, 0);
	test_true(personality && CFGetTypeID(personality) == CFDictionaryGetTypeID());
	test_true(!CFDictionaryContainsKey(personality, CFSTR(kIOMatchCategoryKey)));
	CFRelease(personality);
	io_service_t provider = 0;
	test_equal_error(IORegistryEntryGetParentEntry(driver, kIOServicePlane, &provider), 0);
	test_equal(number_of(provider, kIODEXTMatchCountKey), 1);
	/* This one came later, the Stage's own with the session. */
	CFTypeRef boot = IORegistryEntryCreateCFProperty(driver, CFSTR("IOMatchedAtBoot"), NULL, 0);
	test_true(boot == NULL);
	IOObjectRelease(provider);
	IOObjectRelease(driver);
	driver = world_service("Stage");
	boot = IORegistryEntryCreateCFProperty(driver, CFSTR("IOMatchedAtBoot"), NULL, 0);
	test_true(boot == kCFBooleanTrue);
	CFRelease(boot);
	test_true(has_text(driver, "IOPersonalityPublisher", STAGE_IDENTIFIER));
	IOObjectRelease(driver);
	stage_end(stage);
}

TEST(N17_unknown_classes_are_left_out)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef none = PERSONALITY("none", SCORE(9)),
			       unknown = PERSONALITY("unknown", SCORE(8));

	CFDictionaryRemoveValue(none, CFSTR(kIOClassKey));
	CFDictionarySetValue(unknown, CFSTR(kIOClassKey), CFSTR("NoSuchClass"));
	add(none, unknown, PERSONALITY("P"));
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P\nprobe P\nstart P\n");
	stage_end(stage);
}

TEST(N17_a_superclass_of_the_provider_is_enough)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef base = PERSONALITY("base"), other = PERSONALITY("other");

	CFDictionarySetValue(base, CFSTR(kIOProviderClassKey), CFSTR("StageBase"));
	CFDictionarySetValue(other, CFSTR(kIOProviderClassKey), CFSTR("StageOther"));
	add(base, other, NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init base\nprobe base\nstart base\n");
	stage_end(stage);
}

TEST(N15_all_keys_of_a_personality_have_to_hold)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary("k", stage_number(1), NULL);

	add(PERSONALITY("good", SCORE(1), "IOPropertyMatch",
			stage_dictionary("k", stage_number(1), NULL)),
	    PERSONALITY("bad", SCORE(9), "IOPropertyMatch",
			stage_dictionary("k", stage_number(2), NULL)),
	    PERSONALITY("parent", SCORE(9), "IOParentMatch", IOServiceMatching("StageOther")));
	stage_publish(stage, properties, "key=a class=StageLeaf register");
	check_events(stage, "init good\nprobe good\nstart good\n");
	CFRelease(properties);
	stage_end(stage);
}

TEST(N22_a_driver_that_is_started_again)
{
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service(kIOResourcesClass), driver;
	uint64_t id = 0, old = 0;

	driver = world_service("Stage");
	test_equal_error(IORegistryEntryGetRegistryEntryID(driver, &old), 0);
	IOObjectRelease(driver);
	test_equal(kill(world_host_pid(STAGE_IDENTIFIER), SIGKILL), 0);
	do {
		driver = world_service("Stage");
		IORegistryEntryGetRegistryEntryID(driver, &id);
		IOObjectRelease(driver);
	} while (id == old || !id);
	test_equal(number_of(resources, kIORematchCountKey), 1);
	IOObjectRelease(resources);
	stage_end(stage);
}

/* --- the catalogue ------------------------------------------------------------------------------ */

TEST(N25)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef d = stage_dictionary("a", stage_text("b"), NULL);
	CFArrayRef none = CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);
	mach_port_t other = 0;

	test_equal_error(send_data(kIOCatalogStartMatching__Removed, none), KERN_NOT_SUPPORTED);
	test_equal_error(send_data(kIOCatalogRemoveKernelLinker__Removed, none),
			 KERN_NOT_SUPPORTED);
	test_equal_error(send_data(kIOCatalogKextdActive, none), KERN_NOT_SUPPORTED);
	test_equal_error(IOCatalogueSendData(0, kIOCatalogKextdFinishedLaunching, NULL, 0),
			 KERN_NOT_SUPPORTED);
	test_equal_error(send_data(kIOCatalogAddDrivers, d), kIOReturnBadArgument);
	test_equal_error(send_data(kIOCatalogAddDriversNoMatch, d), kIOReturnBadArgument);
	test_equal_error(send_data(kIOCatalogResetDrivers, d), kIOReturnBadArgument);
	test_equal_error(send_data(kIOCatalogRemoveDrivers, none), kIOReturnBadArgument);
	test_equal_error(send_data(11, none), kIOReturnBadArgument);
	test_equal_error(send_data(0, none), kIOReturnBadArgument);
	test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDrivers, NULL, 0),
			 kIOReturnBadArgument);
	test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDrivers, "x", 0),
			 kIOReturnBadArgument);
	test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDrivers, "<no list", 8),
			 kIOReturnNoMemory);
	test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDrivers, "junk", 4),
			 kIOReturnNoMemory);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &other);
	mach_port_insert_right(mach_task_self(), other, other, MACH_MSG_TYPE_MAKE_SEND);
	test_equal_error(IOCatalogueSendData(other, kIOCatalogAddDrivers, "x", 1),
			 kIOReturnNotPrivileged);
	mach_port_mod_refs(mach_task_self(), other, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_deallocate(mach_task_self(), other);
	CFRelease(d);
	CFRelease(none);
	stage_end(stage);
}

TEST(N25_too_large)
{
	io_connect_t stage = stage_begin();
	char *huge = calloc(1, 4 * 1024 * 1024 + 1);

	test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDrivers, huge, 4 * 1024 * 1024 + 1),
			 kIOReturnMessageTooLarge);
	free(huge);
	stage_end(stage);
}

TEST(N25_without_the_entitlement)
{
	world_withhold_privileges();
	io_connect_t stage = stage_begin();
	uint32_t before = generation();

	add(PERSONALITY("P"), NULL, NULL);
	test_equal(generation(), before);
	test_equal_error(IOCatalogueSendData(0, kIOCatalogAddDrivers, "<no list", 8), 0);
	stage_end(stage);
}

TEST(N25_reset)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = PERSONALITY("Q");
	CFArrayRef array = CFArrayCreate(NULL, (const void **)&p, 1, &kCFTypeArrayCallBacks);

	add(PERSONALITY("P"), NULL, NULL);
	test_equal_error(send_data(kIOCatalogResetDrivers, array), 0);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init Q\nprobe Q\nstart Q\n");
	test_equal_error(IOCatalogueReset(0, 2), kIOReturnBadArgument);
	test_equal_error(IOCatalogueReset(0, kIOCatalogResetDefault), 0);
	stage_publish(stage, NULL, "key=b class=StageLeaf register");
	check_events(stage, "init Q\nprobe Q\nstart Q\n");
	CFRelease(array);
	CFRelease(p);
	stage_end(stage);
}

TEST(N25_get_data)
{
	io_connect_t stage = stage_begin();
	char *buffer = NULL;
	uint32_t size = 0;

	for (uint32_t kind = kIOCatalogGetContents; kind <= kIOCatalogGetROMMkextList; kind++)
		test_equal_error(IOCatalogueGetData(0, kind, &buffer, &size), KERN_NOT_SUPPORTED);
	test_equal_error(IOCatalogueGetData(0, 0, &buffer, &size), kIOReturnBadArgument);
	test_equal_error(IOCatalogueGetData(0, 5, &buffer, &size), kIOReturnBadArgument);
	stage_end(stage);
}

static char *name_of(const char *text)
{
	static io_name_t name;

	return strcpy(name, text);
}

TEST(N26)
{
	world_withhold_privileges();
	io_connect_t stage = stage_begin();

	test_equal_error(
		IOCatalogueTerminate(0, kIOCatalogModuleTerminate, name_of(STAGE_IDENTIFIER)),
		kIOReturnNotPrivileged);
	test_equal_error(IOCatalogueModuleLoaded(0, name_of(STAGE_IDENTIFIER)),
			 kIOReturnNotPrivileged);
	test_equal_error(IOCatalogueReset(0, kIOCatalogResetDefault), kIOReturnNotPrivileged);
	stage_end(stage);
}

TEST(N26_by_root)
{
	io_connect_t stage = stage_begin();

	add(PERSONALITY("P"), NULL, NULL);
	stage_publish(stage, NULL, "key=a class=StageLeaf register");
	check_events(stage, "init P\nprobe P\nstart P\n");
	test_equal_error(IOCatalogueTerminate(0, 77, name_of("x")), kIOReturnBadArgument);
	test_equal_error(
		IOCatalogueTerminate(0, kIOCatalogServiceTerminate, name_of("StageDriver")), 0);
	check_events(stage, "init P\nprobe P\nstart P\nstop P\nfree P\n");
	test_equal_error(
		IOCatalogueTerminate(0, kIOCatalogModuleTerminate, name_of("no.such.module")), 0);
	test_equal_error(IOCatalogueModuleLoaded(0, name_of(STAGE_IDENTIFIER)), 0);
	check_events(stage, "init P\nprobe P\nstart P\nstop P\nfree P\ninit P\nprobe P\nstart P\n");
	stage_end(stage);
}

TEST(N27)
{
	io_connect_t stage = stage_begin();
	uint32_t before = generation();

	test_true(before >= 1);
	test_equal(generation(), before);
	add(PERSONALITY("P"), NULL, NULL);
	test_true(generation() > before);
	test_equal_error(IOCatlogueGetGenCount(0, NULL), kIOReturnBadArgument);
	stage_end(stage);
}

TEST_MAIN
