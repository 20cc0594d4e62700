// SPDX-License-Identifier: MIT
/* Properties, neighbours and nodes of entries: spec 11.5. */
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

static bool has_text(CFTypeRef value, const char *text)
{
	CFStringRef wanted = stage_text(text);
	bool same = value && CFEqual(value, wanted);

	CFRelease(wanted);
	return same;
}

/* Whether the property KEY of E is the text; consumes nothing. */
static bool property_is(io_registry_entry_t e, CFStringRef key, const char *text)
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(e, key, NULL, 0);
	bool same = has_text(value, text);

	if (value)
		CFRelease(value);
	return same;
}

/* --- properties -------------------------------------------------------------------------- */

TEST(E19)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary(
		"string", stage_text("s"), "data", CFDataCreate(NULL, (const UInt8 *)"d", 1),
		"number", stage_number32(-1), "wide", stage_number(-1), "boolean",
		CFRetain(kCFBooleanTrue), "array", stage_texts("x", NULL), "dict",
		stage_dictionary("k", stage_text("v"), NULL), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	static const char *const keys[] = { "string",  "data",	"number", "wide",
					    "boolean", "array", "dict" };
	const CFTypeID types[] = { CFStringGetTypeID(),	   CFDataGetTypeID(),
				   CFNumberGetTypeID(),	   CFNumberGetTypeID(),
				   CFBooleanGetTypeID(),   CFArrayGetTypeID(),
				   CFDictionaryGetTypeID() };

	for (int i = 0; i < 7; i++) {
		CFStringRef key = stage_text(keys[i]);
		CFTypeRef value = IORegistryEntryCreateCFProperty(s, key, NULL, 0xffffffff);

		test_true(value && CFGetTypeID(value) == types[i]);
		test_true(CFEqual(value, CFDictionaryGetValue(properties, key)));
		CFRelease(value);
		CFRelease(key);
	}
	test_true(IORegistryEntryCreateCFProperty(s, CFSTR("none"), NULL, 0) == NULL);
	test_true(IORegistryEntryCreateCFProperty(s, NULL, NULL, 0) == NULL);
	test_true(IORegistryEntryCreateCFProperty(0, CFSTR("string"), NULL, 0) == NULL);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E20_a_change_is_seen_at_once)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");

	for (int i = 0; i < 20; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		CFMutableDictionaryRef change = stage_dictionary("k", stage_text(text), NULL);
		stage_do(stage, change, "set key=a");
		test_true(property_is(s, CFSTR("k"), text));
		CFRelease(change);
	}
	stage_do(stage, NULL, "remove key=a property=k");
	test_true(IORegistryEntryCreateCFProperty(s, CFSTR("k"), NULL, 0) == NULL);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E20_what_is_too_deep_is_not_set)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");

	test_equal_error(stage_try(stage, NULL, NULL, "nest key=a property=deep levels=100"),
			 kIOReturnMessageTooLarge);
	test_true(IORegistryEntryCreateCFProperty(s, CFSTR("deep"), NULL, 0) == NULL);
	/* Nor is it kept for later: the next registry hears of it as it was. */
	stage_do(stage, NULL, "nest key=a property=deep levels=60");
	CFTypeRef deep = IORegistryEntryCreateCFProperty(s, CFSTR("deep"), NULL, 0);
	test_true(deep != NULL);
	CFRelease(deep);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E20_live_properties_are_computed_at_each_read)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFMutableDictionaryRef all = NULL;
	int32_t n[3] = { 0, 0, 0 };

	stage_do(stage, NULL, "live key=a property=Ticks");
	for (int i = 0; i < 2; i++) {
		CFTypeRef value = IORegistryEntryCreateCFProperty(s, CFSTR("Ticks"), NULL, 0);

		test_true(value && CFNumberGetValue(value, kCFNumberSInt32Type, &n[i]));
		CFRelease(value);
	}
	test_equal_error(IORegistryEntryCreateCFProperties(s, &all, NULL, 0), 0);
	test_true(CFNumberGetValue(CFDictionaryGetValue(all, CFSTR("Ticks")), kCFNumberSInt32Type,
				   &n[2]));
	test_true(n[0] < n[1] && n[1] < n[2]);
	CFRelease(all);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E21)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary("p", stage_text("abc"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	io_struct_inband_t bytes = "xxx";
	uint32_t n = 4;

	test_equal_error(IORegistryEntryGetProperty(s, "p", bytes, &n), 0);
	test_equal(n, 4);
	test_equal(memcmp(bytes, "abc", 4), 0);
	n = 3;
	test_equal_error(IORegistryEntryGetProperty(s, "p", bytes, &n), kIOReturnIPCError);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E22_bytes_of_other_types)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary(
		"data", CFDataCreate(NULL, (const UInt8 *)"\0\1\2", 3), "yes",
		CFRetain(kCFBooleanTrue), "no", CFRetain(kCFBooleanFalse), "array",
		stage_texts("x", NULL), "dict", stage_dictionary("k", stage_text("v"), NULL), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	io_struct_inband_t bytes;
	uint32_t n = sizeof(bytes);

	test_equal_error(IORegistryEntryGetProperty(s, "data", bytes, &n), 0);
	test_equal(n, 3);
	test_equal(memcmp(bytes, "\0\1\2", 3), 0);
	n = sizeof(bytes);
	test_equal_error(IORegistryEntryGetProperty(s, "yes", bytes, &n), 0);
	test_equal(n, 4);
	test_equal_text(bytes, "Yes");
	n = sizeof(bytes);
	test_equal_error(IORegistryEntryGetProperty(s, "no", bytes, &n), 0);
	test_equal(n, 3);
	test_equal_text(bytes, "No");
	n = sizeof(bytes);
	test_equal_error(IORegistryEntryGetProperty(s, "array", bytes, &n), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetProperty(s, "dict", bytes, &n), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetProperty(s, "none", bytes, &n), kIOReturnNoResources);
	test_equal_error(IORegistryEntryGetProperty(s, "data", NULL, &n), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetProperty(s, "data", bytes, NULL), kIOReturnBadArgument);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E23)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFMutableDictionaryRef numbers = stage_dictionary("n", stage_number32(0x01020304), "w",
							  stage_number(0x0102030405060708), NULL);
	io_struct_inband_t bytes;
	uint32_t n = 4;

	test_equal_error(IORegistryEntrySetCFProperties(s, numbers), 0);
	test_equal_error(IORegistryEntryGetProperty(s, "n", bytes, &n), 0);
	test_equal(n, 4);
	test_equal(memcmp(bytes, "\4\3\2\1", 4), 0);
	n = 8;
	test_equal_error(IORegistryEntryGetProperty(s, "w", bytes, &n), 0);
	test_equal(n, 8);
	test_equal(memcmp(bytes, "\10\7\6\5\4\3\2\1", 8), 0);
	n = 7;
	test_equal_error(IORegistryEntryGetProperty(s, "w", bytes, &n), kIOReturnIPCError);
	CFRelease(numbers);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E24_user_service_properties)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary(
		"IOUserServiceProperties",
		stage_dictionary("inner", stage_text("i"), "both", stage_text("i"), NULL), "both",
		stage_text("o"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");

	test_true(property_is(s, CFSTR("inner"), "i"));
	test_true(property_is(s, CFSTR("both"), "o"));
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E25)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary("a", stage_text("1"), "b", stage_text("2"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	CFArrayRef keys =
		IORegistryEntryCreateCFProperty(s, CFSTR(kIORegistryEntryPropertyKeysKey), NULL, 0);

	test_true(keys && CFGetTypeID(keys) == CFArrayGetTypeID());
	test_equal(CFArrayGetCount(keys), 2);
	test_true(CFArrayContainsValue(keys, CFRangeMake(0, 2), CFSTR("a")));
	test_true(CFArrayContainsValue(keys, CFRangeMake(0, 2), CFSTR("b")));
	CFRelease(keys);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

/* Whether a search from E with OPTIONS finds TEXT under "P"; NULL: nothing. */
static bool search_finds(io_registry_entry_t e, const char *plane, IOOptionBits options,
			 const char *text)
{
	CFTypeRef value = IORegistryEntrySearchCFProperty(e, plane, CFSTR("P"), NULL, options);
	bool good = text ? has_text(value, text) : value == NULL;

	if (value)
		CFRelease(value);
	return good;
}

/* Each of the values may be sent, all of them at once may not. */
TEST(E25_more_than_an_answer_holds)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFMutableArrayRef many = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFMutableDictionaryRef all = NULL;

	for (int i = 0; i < 70000; i++)
		CFArrayAppendValue(many, kCFBooleanTrue);
	for (int i = 0; i < 2; i++) {
		CFMutableDictionaryRef change =
			stage_dictionary(i ? "two" : "one", CFRetain(many), NULL);

		stage_do(stage, change, "set key=a");
		CFRelease(change);
	}
	test_equal_error(IORegistryEntryCreateCFProperties(s, &all, NULL, 0),
			 kIOReturnMessageTooLarge);
	stage_do(stage, NULL, "live key=a property=Ticks");
	test_equal_error(IORegistryEntryCreateCFProperties(s, &all, NULL, 0),
			 kIOReturnMessageTooLarge);
	CFTypeRef one = IORegistryEntryCreateCFProperty(s, CFSTR("one"), NULL, 0);
	test_true(one && CFEqual(one, many));
	CFRelease(one);
	CFRelease(many);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E26)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = stage_dictionary("P", stage_text("parent"), NULL);
	io_service_t child;

	stage_publish(stage, p, "key=a register");
	stage_publish(stage, NULL, "key=b parent=a register");
	child = stage_publish_service(stage, NULL, "key=c parent=b register");
	test_true(search_finds(child, kIOServicePlane, 3, "parent"));
	test_true(search_finds(child, kIOServicePlane, 2, NULL));
	test_true(search_finds(child, kIOServicePlane, 0, NULL));
	test_true(search_finds(child, kIOServicePlane, 1, NULL));
	test_true(search_finds(child, kIOUSBPlane, 3, NULL));
	CFRelease(p);
	IOObjectRelease(child);
	stage_end(stage);
}

TEST(E26_in_another_plane)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = stage_dictionary("P", stage_text("usb parent"), NULL);
	io_service_t child = stage_publish_service(stage, NULL, "key=c register");

	stage_publish(stage, p, "key=a register");
	stage_do(stage, NULL, "attach key=a parent=root plane=IOUSB");
	stage_do(stage, NULL, "attach key=c parent=a plane=IOUSB");
	test_true(search_finds(child, kIOUSBPlane, 3, "usb parent"));
	test_true(search_finds(child, kIOServicePlane, 3, NULL));
	CFRelease(p);
	IOObjectRelease(child);
	stage_end(stage);
}

TEST(E27)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = stage_dictionary("P", stage_text("parent"), NULL);
	CFMutableDictionaryRef own = stage_dictionary("P", stage_text("own"), NULL);
	io_service_t child;

	stage_publish(stage, p, "key=a register");
	child = stage_publish_service(stage, own, "key=b parent=a register");
	for (IOOptionBits options = 0; options < 4; options++)
		test_true(search_finds(child, kIOServicePlane, options, "own"));
	CFRelease(p);
	CFRelease(own);
	IOObjectRelease(child);
	stage_end(stage);
}

TEST(E27_a_plane_that_is_not_there)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef own = stage_dictionary("P", stage_text("own"), NULL);
	io_service_t top = stage_publish_service(stage, own, "key=a register");
	io_service_t child = stage_publish_service(stage, NULL, "key=b parent=a register");

	for (IOOptionBits options = 0; options < 4; options++) {
		test_true(search_finds(top, "Nope", options, "own"));
		test_true(search_finds(child, "Nope", options, NULL));
	}
	CFRelease(own);
	IOObjectRelease(top);
	IOObjectRelease(child);
	stage_end(stage);
}

TEST(E28)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef p = stage_dictionary("P", stage_text("child"), NULL);
	io_service_t top = stage_publish_service(stage, NULL, "key=a register");

	stage_publish(stage, NULL, "key=b parent=a register");
	stage_publish(stage, p, "key=c parent=b register");
	test_true(search_finds(top, kIOServicePlane, 1, "child"));
	test_true(search_finds(top, kIOServicePlane, 0, NULL));
	test_true(search_finds(top, kIOServicePlane, 2, NULL));
	CFRelease(p);
	IOObjectRelease(top);
	stage_end(stage);
}

TEST(E29)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary("list", stage_texts("x", NULL), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");

	for (int i = 0; i < 2; i++) {
		CFMutableArrayRef list = (CFMutableArrayRef)IORegistryEntryCreateCFProperty(
			s, CFSTR("list"), NULL, 0);

		test_equal(CFArrayGetCount(list), 1);
		CFArrayAppendValue(list, CFSTR("mine"));
		test_equal(CFArrayGetCount(list), 2);
		CFRelease(list);
	}
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E30_a_collection_of_an_attached_entry_does_not_change)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFArrayRef list;

	stage_do(stage, NULL, "grow key=a property=list");
	list = IORegistryEntryCreateCFProperty(s, CFSTR("list"), NULL, 0);
	test_true(list && CFGetTypeID(list) == CFArrayGetTypeID());
	test_equal(CFArrayGetCount(list), 1);
	CFRelease(list);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E31)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary("k", stage_text("v"), NULL);
	CFMutableDictionaryRef all = NULL, again = NULL;
	io_service_t s = stage_publish_service(stage, properties, "key=a register");

	test_equal_error(IORegistryEntryCreateCFProperties(s, &all, NULL, 0xffff), 0);
	test_equal(CFGetRetainCount(all), 1);
	CFDictionarySetValue(all, CFSTR("mine"), kCFBooleanTrue);
	CFDictionaryRemoveValue(all, CFSTR("k"));
	test_equal_error(IORegistryEntryCreateCFProperties(s, &again, NULL, 0), 0);
	test_true(CFEqual(again, properties));
	test_equal_error(IORegistryEntryCreateCFProperties(s, NULL, NULL, 0), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryCreateCFProperties(0, &all, NULL, 0),
			 MACH_SEND_INVALID_DEST);
	CFRelease(all);
	CFRelease(again);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

/* --- neighbours ------------------------------------------------------------------------------ */

TEST(E32)
{
	io_connect_t stage = stage_begin();
	io_service_t a = stage_publish_service(stage, NULL, "key=a register");
	io_service_t b = stage_publish_service(stage, NULL, "key=b register");
	io_service_t child = stage_publish_service(stage, NULL, "key=c parent=a register");
	io_registry_entry_t e = 0;
	io_iterator_t it = 0;

	stage_do(stage, NULL, "attach key=c parent=b plane=IOService");
	test_equal_error(IORegistryEntryGetParentIterator(child, kIOServicePlane, &it), 0);
	e = IOIteratorNext(it);
	test_equal(e, a);
	IOObjectRelease(e);
	e = IOIteratorNext(it);
	test_equal(e, b);
	IOObjectRelease(e);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	test_equal_error(IORegistryEntryGetParentEntry(child, kIOServicePlane, &e), 0);
	test_equal(e, a);
	IOObjectRelease(e);
	test_equal_error(IORegistryEntryGetChildEntry(b, kIOServicePlane, &e), 0);
	test_equal(e, child);
	IOObjectRelease(e);
	/* Without the first one the second is the first. */
	stage_do(stage, NULL, "detach key=c parent=a plane=IOService");
	test_equal_error(IORegistryEntryGetParentEntry(child, kIOServicePlane, &e), 0);
	test_equal(e, b);
	IOObjectRelease(e);
	IOObjectRelease(a);
	IOObjectRelease(b);
	IOObjectRelease(child);
	stage_end(stage);
}

TEST(E33)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	io_registry_entry_t e = 9, root = IORegistryGetRootEntry(0);
	io_iterator_t it = 0;

	test_equal_error(IORegistryEntryGetChildEntry(s, kIOServicePlane, &e), kIOReturnNoDevice);
	test_equal(e, 0);
	test_equal_error(IORegistryEntryGetChildIterator(s, kIOServicePlane, &it), 0);
	test_true(it != 0);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	it = 0;
	test_equal_error(IORegistryEntryGetChildIterator(s, kIOUSBPlane, &it), 0);
	test_true(it != 0);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	e = 9;
	test_equal_error(IORegistryEntryGetParentEntry(root, kIOServicePlane, &e),
			 kIOReturnNoDevice);
	test_equal(e, 0);
	e = 9;
	test_equal_error(IORegistryEntryGetChildEntry(0, kIOServicePlane, &e),
			 MACH_SEND_INVALID_DEST);
	test_equal(e, 0);
	IOObjectRelease(root);
	IOObjectRelease(s);
	stage_end(stage);
}

/* --- setting properties ------------------------------------------------------------------------ */

TEST(E34)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties = stage_dictionary(
		kIORegistryEntryAllowableSetPropertiesKey, stage_texts("a", "b", NULL), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");
	CFMutableDictionaryRef both =
		stage_dictionary("a", stage_text("1"), "c", stage_text("2"), NULL);

	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("c"), CFSTR("v")),
			 kIOReturnBadArgument);
	test_equal_error(IORegistryEntrySetCFProperties(s, CFSTR("no dictionary")),
			 kIOReturnNotPermitted);
	/* The whole request is refused. */
	test_equal_error(IORegistryEntrySetCFProperties(s, both), kIOReturnBadArgument);
	test_true(IORegistryEntryCreateCFProperty(s, CFSTR("a"), NULL, 0) == NULL);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("b"), CFSTR("v")), 0);
	test_true(property_is(s, CFSTR("b"), "v"));
	CFRelease(both);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E34_a_list_that_is_none)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef properties =
		stage_dictionary(kIORegistryEntryAllowableSetPropertiesKey, stage_text("a"), NULL);
	io_service_t s = stage_publish_service(stage, properties, "key=a register");

	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("a"), CFSTR("v")),
			 kIOReturnNotPermitted);
	CFRelease(properties);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E35)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFMutableDictionaryRef d = stage_dictionary("a", stage_text("v"), NULL);
	io_registry_entry_t root = IORegistryGetRootEntry(0);

	stage_do(stage, NULL, "seal key=a");
	test_equal_error(IORegistryEntrySetCFProperties(s, d), kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("a"), CFSTR("v")),
			 kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperties(s, NULL), kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperties(root, d), kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperties(0, d), MACH_SEND_INVALID_DEST);
	IOObjectRelease(root);
	CFRelease(d);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E36_what_the_driver_says_is_the_result)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFNumberRef busy = stage_number32(kIOReturnBusy);

	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("Refuse"), busy), kIOReturnBusy);
	test_equal_error(IORegistryEntrySetCFProperties(s, CFSTR("text")), kIOReturnBadArgument);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("k"), CFSTR("v")), 0);
	test_true(property_is(s, CFSTR("k"), "v"));
	CFRelease(busy);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E37_more_than_4_mib_is_too_large)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);

	CFDataSetLength(data, 4096 * 1024 + 1);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("k"), data),
			 kIOReturnMessageTooLarge);
	CFDataSetLength(data, 3 * 1024 * 1024);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("k"), data), 0);
	CFTypeRef back = IORegistryEntryCreateCFProperty(s, CFSTR("k"), NULL, 0);
	test_true(back && CFEqual(back, data));
	CFRelease(back);
	CFRelease(data);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E38)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	float f = 1.5f;
	double d = 2.5, back = 0;
	CFNumberRef narrow = CFNumberCreate(NULL, kCFNumberFloatType, &f);
	CFNumberRef wide = CFNumberCreate(NULL, kCFNumberDoubleType, &d);
	CFNumberRef value;

	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("f"), narrow), 0);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("d"), wide), 0);
	value = IORegistryEntryCreateCFProperty(s, CFSTR("f"), NULL, 0);
	test_true(value && CFNumberIsFloatType(value));
	test_equal(CFNumberGetByteSize(value), 4);
	test_true(CFNumberGetValue(value, kCFNumberDoubleType, &back) && back == 1.5);
	CFRelease(value);
	value = IORegistryEntryCreateCFProperty(s, CFSTR("d"), NULL, 0);
	test_true(value && CFNumberIsFloatType(value));
	test_equal(CFNumberGetByteSize(value), 8);
	test_true(CFNumberGetValue(value, kCFNumberDoubleType, &back) && back == 2.5);
	CFRelease(value);
	CFRelease(narrow);
	CFRelease(wide);
	IOObjectRelease(s);
	stage_end(stage);
}

TEST(E39)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a register");
	CFDateRef date = CFDateCreate(NULL, 0);

	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("when"), date), 0);
	CFTypeRef value = IORegistryEntryCreateCFProperty(s, CFSTR("when"), NULL, 0);
	test_true(value && CFGetTypeID(value) == CFStringGetTypeID());
	CFRange found = CFStringFind(value, CFSTR("not serializable"), kCFCompareCaseInsensitive);
	test_true(found.location != kCFNotFound);
	CFRelease(value);
	CFRelease(date);
	IOObjectRelease(s);
	stage_end(stage);
}

/* --- the root ------------------------------------------------------------------------------------- */

TEST(E40)
{
	io_connect_t stage = stage_begin();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFMutableDictionaryRef all = NULL;

	test_equal_error(IORegistryEntryCreateCFProperties(root, &all, NULL, 0), 0);
	CFTypeRef version = CFDictionaryGetValue(all, CFSTR(kIOKitBuildVersionKey));
	test_true(version && CFGetTypeID(version) == CFStringGetTypeID());
	version = CFDictionaryGetValue(all, CFSTR("OS Build Version"));
	test_true(version && CFGetTypeID(version) == CFStringGetTypeID());
	CFDictionaryRef planes = CFDictionaryGetValue(all, CFSTR(kIORegistryPlanesKey));
	test_true(planes && has_text(CFDictionaryGetValue(planes, CFSTR("IOUSB")), "IOUSB"));
	CFDictionaryRef diagnostics = CFDictionaryGetValue(all, CFSTR(kIOKitDiagnosticsKey));
	test_true(diagnostics && CFGetTypeID(diagnostics) == CFDictionaryGetTypeID());
	static const char *const amounts[] = { "Instance allocation", "Container allocation",
					       "IOMalloc allocation", "Pageable allocation" };
	for (int i = 0; i < 4; i++) {
		CFStringRef key = stage_text(amounts[i]);
		CFTypeRef n = CFDictionaryGetValue(diagnostics, key);

		test_true(n && CFGetTypeID(n) == CFNumberGetTypeID());
		test_equal(CFNumberGetType(n), kCFNumberSInt64Type);
		CFRelease(key);
	}
	CFDictionaryRef classes = CFDictionaryGetValue(diagnostics, CFSTR("Classes"));
	test_true(classes && CFGetTypeID(classes) == CFDictionaryGetTypeID());
	CFTypeRef n = CFDictionaryGetValue(classes, CFSTR("IOService"));
	test_true(n && CFGetTypeID(n) == CFNumberGetTypeID());
	CFTypeRef users = CFDictionaryGetValue(all, CFSTR("IOConsoleUsers"));
	test_true(users && CFGetTypeID(users) == CFArrayGetTypeID());
	CFTypeRef locked = CFDictionaryGetValue(all, CFSTR("IOConsoleLocked"));
	test_true(locked && CFGetTypeID(locked) == CFBooleanGetTypeID());
	CFRelease(all);
	IOObjectRelease(root);
	stage_end(stage);
}

static int32_t count_of(const char *class_name)
{
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFDictionaryRef diagnostics =
		IORegistryEntryCreateCFProperty(root, CFSTR(kIOKitDiagnosticsKey), NULL, 0);
	CFDictionaryRef classes = CFDictionaryGetValue(diagnostics, CFSTR("Classes"));
	CFStringRef name = stage_text(class_name);
	CFTypeRef number = CFDictionaryGetValue(classes, name);
	int32_t n = -1;

	if (number)
		CFNumberGetValue(number, kCFNumberSInt32Type, &n);
	CFRelease(name);
	CFRelease(diagnostics);
	IOObjectRelease(root);
	return n;
}

TEST(E41)
{
	io_connect_t stage = stage_begin();
	int32_t before, clients;

	stage_publish(stage, NULL, "key=a class=StageLeaf");
	before = count_of("StageLeaf");
	test_true(before >= 1);
	stage_publish(stage, NULL, "key=b class=StageLeaf");
	test_equal(count_of("StageLeaf"), before + 1);
	stage_do(stage, NULL, "terminate key=b");
	test_equal_error(IOKitWaitQuiet(0, NULL), 0);
	test_equal(count_of("StageLeaf"), before);
	clients = count_of("StageClient");
	io_connect_t more = stage_open();
	test_equal(count_of("StageClient"), clients + 1);
	IOServiceClose(more);
	stage_end(stage);
}

/* --- nodes ----------------------------------------------------------------------------------------- */

TEST(E42_descriptors_of_services)
{
	io_connect_t stage = stage_begin();
	CFMutableDictionaryRef names[] = {
		stage_dictionary(kIOBSDNameKey, stage_text("null"), NULL),
		stage_dictionary("IOCalloutDevice", stage_text("/dev/zero"), NULL),
		stage_dictionary(kIOBSDNameKey, stage_text("../etc/passwd"), NULL),
		stage_dictionary("IOCalloutDevice", stage_text("/etc/passwd"), NULL),
		stage_dictionary(kIOBSDNameKey, stage_text("no-such-node"), NULL),
		stage_dictionary(kIOBSDNameKey, stage_number(5), NULL),
		stage_dictionary("Other", stage_text("x"), NULL),
	};
	static const int errors[] = { 0, 0, EBADMSG, EBADMSG, ENOTSUP, EBADMSG, ENOTSUP };

	for (int i = 0; i < 7; i++) {
		io_service_t s = stage_publish_service(stage, names[i], "key=%d register", i);
		int fd = IOServiceOpenAsFileDescriptor(s, O_RDONLY);

		if (errors[i]) {
			test_equal(fd, -1);
			test_equal(errno, errors[i]);
		} else {
			test_true(fd >= 0);
			close(fd);
		}
		CFRelease(names[i]);
		IOObjectRelease(s);
	}
	test_equal(IOServiceOpenAsFileDescriptor(0, O_RDONLY), -1);
	test_equal(errno, EINVAL);
	stage_end(stage);
}

TEST_MAIN
