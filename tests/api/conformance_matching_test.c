// SPDX-License-Identifier: MIT
/* Finding services and reading the registry: spec 11.4 and 11.5, against the real daemons. */
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

static CFMutableDictionaryRef new_dictionary(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

/* How many services MATCHING (consumed) finds. */
static int count_matches(CFDictionaryRef matching)
{
	io_iterator_t it = 0;
	io_service_t s;
	int n = 0;

	test_equal_error(IOServiceGetMatchingServices(0, matching, &it), 0);
	while ((s = IOIteratorNext(it))) {
		n++;
		IOObjectRelease(s);
	}
	IOObjectRelease(it);
	return n;
}

TEST(spec_d01_d02_one_reference_is_consumed)
{
	world_start();
	static const char *const names[] = { "CalculatorDriver", "NoSuchClass" };
	io_iterator_t it;

	for (int i = 0; i < 2; i++) {
		CFMutableDictionaryRef d = IOServiceMatching(names[i]);

		CFRetain(d);
		CFRetain(d);
		IOObjectRelease(IOServiceGetMatchingService(0, d));
		test_equal(CFGetRetainCount(d), 2);
		it = 0;
		test_equal(IOServiceGetMatchingServices(0, d, &it), 0);
		test_equal(CFGetRetainCount(d), 1);
		IOObjectRelease(it);
		test_equal_error(IOServiceGetMatchingServices(0, d, NULL), kIOReturnBadArgument);
	}
	world_stop();
}

TEST(spec_d03_null_matches_nothing)
{
	world_start();
	io_iterator_t it = 77;
	boolean_t m = 5;
	io_service_t s = world_service("CalculatorDriver");

	test_equal(IOServiceGetMatchingService(0, NULL), 0);
	test_equal_error(IOServiceGetMatchingServices(0, NULL, &it), kIOReturnBadArgument);
	test_equal(it, 77);
	test_equal_error(IOServiceMatchPropertyTable(s, NULL, &m), kIOReturnBadArgument);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_d04_d05_no_matching_dictionary)
{
	world_start();
	int one = 1;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &one);
	CFMutableDictionaryRef odd = new_dictionary();
	CFStringRef text =
		CFStringCreateWithCString(NULL, "no dictionary at all", kCFStringEncodingUTF8);
	io_iterator_t it = 77;

	CFDictionarySetValue(odd, number, number);
	CFRetain(odd);
	test_equal_error(IOServiceGetMatchingServices(0, odd, &it), kIOReturnBadArgument);
	test_equal(CFGetRetainCount(odd), 1);
	CFRetain(text);
	test_equal_error(IOServiceGetMatchingServices(0, (CFDictionaryRef)(CFTypeRef)text, &it),
			 kIOReturnBadArgument);
	test_equal(CFGetRetainCount(text), 1);
	test_equal(it, 77);
	CFRelease(text);
	CFRelease(odd);
	CFRelease(number);
	world_stop();
}

TEST(spec_d06_more_than_4_mib_is_too_large)
{
	world_start();
	CFMutableDictionaryRef big = IOServiceMatching("CalculatorDriver");
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
	io_iterator_t it = 77;

	CFDataSetLength(data, 5 * 1024 * 1024);
	CFDictionarySetValue(big, CFSTR("Extra"), data);
	CFRelease(data);
	CFRetain(big);
	test_equal_error(IOServiceGetMatchingServices(0, big, &it), kIOReturnMessageTooLarge);
	test_equal(CFGetRetainCount(big), 1);
	test_equal(it, 77);
	CFRelease(big);
	world_stop();
}

TEST(spec_d10_d11_d12_d13_d16_dictionaries)
{
	char path[600];
	long long id = 0;
	CFMutableDictionaryRef d = IOServiceMatching("x");

	test_equal(CFDictionaryGetCount(d), 1);
	test_true(CFEqual(CFDictionaryGetValue(d, CFSTR("IOProviderClass")), CFSTR("x")));
	CFDictionarySetValue(d, CFSTR("more"), kCFBooleanTrue);
	test_equal(CFGetRetainCount(d), 1);
	CFRelease(d);
	d = IOServiceNameMatching("y");
	test_equal(CFDictionaryGetCount(d), 1);
	test_true(CFEqual(CFDictionaryGetValue(d, CFSTR("IONameMatch")), CFSTR("y")));
	CFRelease(d);
	test_true(IOBSDNameMatching(0, 0, NULL) == NULL);
	d = IOBSDNameMatching(0, 0, "disk0");
	test_equal(CFDictionaryGetCount(d), 1);
	test_true(CFEqual(CFDictionaryGetValue(d, CFSTR("BSD Name")), CFSTR("disk0")));
	CFRelease(d);
	d = IORegistryEntryIDMatching(0x100000123);
	CFNumberRef n = CFDictionaryGetValue(d, CFSTR("IORegistryEntryID"));
	test_equal(CFNumberGetType(n), kCFNumberSInt64Type);
	test_true(CFNumberGetValue(n, kCFNumberSInt64Type, &id));
	test_equal(id, 0x100000123);
	CFRelease(d);
	memset(path, 'p', sizeof(path));
	path[499] = 0;
	test_true(IOOpenFirmwarePathMatching(0, 0, path) == NULL);
	path[498] = 0;
	d = IOOpenFirmwarePathMatching(0, 0, path);
	test_true(d != NULL);
	test_equal(CFStringGetLength(CFDictionaryGetValue(d, CFSTR("IOPathMatch"))), 511);
	CFRelease(d);
	test_true(IOServiceMatching(NULL) == NULL);
	test_true(IOServiceNameMatching(NULL) == NULL);
	test_true(IOOpenFirmwarePathMatching(0, 0, NULL) == NULL);
}

TEST(spec_d14_d15_by_id)
{
	world_start();
	io_service_t s = world_service("MirrorDriver"), found;
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	uint64_t id = 0;

	test_equal(IORegistryEntryGetRegistryEntryID(s, &id), 0);
	found = IOServiceGetMatchingService(0, IORegistryEntryIDMatching(id));
	test_equal(found, s);
	IOObjectRelease(found);
	test_equal(count_matches(IORegistryEntryIDMatching(id)), 1);
	test_equal(IORegistryEntryGetRegistryEntryID(root, &id), 0);
	test_equal(count_matches(IORegistryEntryIDMatching(id)), 0);
	test_equal(count_matches(IORegistryEntryIDMatching(0)), 0);
	IOObjectRelease(root);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_d17_d18_d35_empty_unknown_and_resources)
{
	world_start();
	CFMutableDictionaryRef d = IOServiceMatching("CalculatorDriver");

	test_true(count_matches(new_dictionary()) >= 5);
	CFDictionarySetValue(d, CFSTR("SomeUnknownKey"), CFSTR("v"));
	test_equal(count_matches(d), 1);
	d = IOServiceMatching("IOResources");
	test_equal(count_matches(d), 1);
	world_stop();
}

TEST(spec_d22_d23_d24_property_forms)
{
	world_start();
	CFMutableDictionaryRef good = new_dictionary(), bad = new_dictionary(), d;
	CFTypeRef both[2] = { bad, good };
	CFStringRef keys[2] = { CFSTR("NoSuchProperty"), CFSTR("Operations") };
	CFArrayRef list = CFArrayCreate(NULL, both, 2, &kCFTypeArrayCallBacks);
	CFArrayRef empty = CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);
	CFArrayRef key_list = CFArrayCreate(NULL, (const void **)keys, 2, &kCFTypeArrayCallBacks);
	CFMutableDictionaryRef none = new_dictionary();

	CFDictionarySetValue(good, CFSTR("IOMatchCategory"), CFSTR("CalculatorDriver"));
	CFDictionarySetValue(bad, CFSTR("IOMatchCategory"), CFSTR("Other"));
	const struct {
		CFStringRef key;
		CFTypeRef value;
		int matches;
	} cases[] = {
		{ CFSTR(kIOPropertyMatchKey), good, 1 },
		{ CFSTR(kIOPropertyMatchKey), bad, 0 },
		{ CFSTR(kIOPropertyMatchKey), list, 1 },
		{ CFSTR(kIOPropertyMatchKey), empty, 0 },
		{ CFSTR(kIOPropertyMatchKey), none, 1 },
		{ CFSTR(kIOPropertyExistsMatchKey), keys[1], 1 },
		{ CFSTR(kIOPropertyExistsMatchKey), keys[0], 0 },
		{ CFSTR(kIOPropertyExistsMatchKey), key_list, 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		d = IOServiceMatching("CalculatorDriver");
		CFDictionarySetValue(d, cases[i].key, cases[i].value);
		if (count_matches(d) != cases[i].matches)
			test_fail(__FILE__, __LINE__, "case %zu", i);
	}
	CFRelease(good);
	CFRelease(bad);
	CFRelease(none);
	CFRelease(list);
	CFRelease(empty);
	CFRelease(key_list);
	world_stop();
}

TEST(spec_d32_d33_match_property_table)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFMutableDictionaryRef d = IOServiceMatching("IOService"),
			       other = IOServiceMatching("MirrorDriver");
	boolean_t m = 5;

	test_equal(IOServiceMatchPropertyTable(s, d, &m), 0);
	test_equal(m, 1);
	test_equal(IOServiceMatchPropertyTable(s, other, &m), 0);
	test_equal(m, 0);
	test_equal(CFGetRetainCount(d), 1);
	test_equal_error(IOServiceMatchPropertyTable(root, d, &m), kIOReturnBadArgument);
	test_equal_error(IOServiceMatchPropertyTable(s, d, NULL), kIOReturnBadArgument);
	test_equal_error(IOServiceMatchPropertyTable(0, d, &m), MACH_SEND_INVALID_DEST);
	CFRelease(d);
	CFRelease(other);
	IOObjectRelease(root);
	IOObjectRelease(s);
	world_stop();
}

/* --- registry ---------------------------------------------------------------------- */

TEST(spec_e01_e02_e04_ids)
{
	world_start();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	uint64_t id = 0;

	test_equal(IORegistryEntryGetRegistryEntryID(root, &id), 0);
	test_equal(id, 0x100000100);
	id = 5;
	test_equal_error(IORegistryEntryGetRegistryEntryID(0, &id), MACH_SEND_INVALID_DEST);
	test_equal(id, 0);
	test_equal_error(IORegistryEntryGetRegistryEntryID(root, NULL), kIOReturnBadArgument);
	IOObjectRelease(root);
	world_stop();
}

TEST(spec_e05_e07_e08_names_and_paths)
{
	world_start();
	io_registry_entry_t root = IORegistryGetRootEntry(0), e;
	io_name_t name;
	io_string_t path;
	static const char *const bad[] = { "IOService/A",
					   "/A",
					   "Nope:/A",
					   "",
					   "IOService",
					   "IOService:/IOResources/",
					   "IOService:/NoSuchEntry",
					   NULL };

	test_equal(IORegistryEntryGetName(root, name), 0);
	test_equal_text(name, "Root");
	test_equal_error(IORegistryEntryGetPath(root, kIOServicePlane, path), kIOReturnBadArgument);
	test_true(IORegistryEntryCopyPath(root, kIOServicePlane) == NULL);
	for (int i = 0; bad[i]; i++)
		if (IORegistryEntryFromPath(0, bad[i]))
			test_fail(__FILE__, __LINE__, "\"%s\" was found", bad[i]);
	test_equal(IORegistryEntryFromPath(0, NULL), 0);
	test_equal(IORegistryEntryCopyFromPath(0, NULL), 0);
	e = IORegistryEntryFromPath(0, "IOService:/IOResources");
	test_true(e != 0);
	test_equal(IORegistryEntryGetPath(e, kIOServicePlane, path), 0);
	test_equal_text(path, "IOService:/IOResources");
	test_equal_error(IORegistryEntryGetPath(e, "Nope", path), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetPath(e, kIOServicePlane, NULL), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetName(e, NULL), kIOReturnBadArgument);
	IOObjectRelease(e);
	IOObjectRelease(root);
	world_stop();
}

TEST(spec_e14_long_paths)
{
	world_start();
	char text[6000];
	CFStringRef path;

	memset(text, 'x', sizeof(text));
	memcpy(text, "IOService:/", 11);
	text[5000] = 0;
	path = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
	test_equal(IORegistryEntryCopyFromPath(0, path), 0);
	CFRelease(path);
	path = CFSTR("IOService:/IOResources");
	io_registry_entry_t e = IORegistryEntryCopyFromPath(0, path);
	test_true(e != 0);
	CFStringRef copy = IORegistryEntryCopyPath(e, kIOServicePlane);
	test_true(copy && CFEqual(copy, path));
	CFRelease(copy);
	IOObjectRelease(e);
	world_stop();
}

TEST(spec_e15_e16_e17_e18_location_and_name)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_name_t name = "kept";

	test_equal_error(IORegistryEntryGetLocationInPlane(s, kIOServicePlane, name),
			 kIOReturnNotFound);
	test_equal_text(name, "kept");
	test_equal(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, "CalculatorDriver");
	test_equal(IORegistryEntryGetNameInPlane(s, NULL, name), 0);
	test_equal_text(name, "CalculatorDriver");
	test_equal(IORegistryEntryGetNameInPlane(s, "Nope", name), 0);
	test_equal_text(name, "CalculatorDriver");
	test_true(IORegistryEntryInPlane(s, kIOServicePlane));
	test_true(!IORegistryEntryInPlane(s, kIOUSBPlane));
	test_true(IORegistryEntryInPlane(s, "Nope"));
	test_true(!IORegistryEntryInPlane(0, kIOServicePlane));
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e19_e25_e29_e31_properties_are_copies)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	CFMutableDictionaryRef all = NULL, again = NULL;
	CFTypeRef keys;

	test_equal(IORegistryEntryCreateCFProperties(s, &all, NULL, 0xffff), 0);
	test_equal(CFGetRetainCount(all), 1);
	CFDictionaryRemoveAllValues(all);
	CFDictionarySetValue(all, CFSTR("Mine"), kCFBooleanTrue);
	test_equal(IORegistryEntryCreateCFProperties(s, &again, NULL, 0), 0);
	test_true(!CFDictionaryContainsKey(again, CFSTR("Mine")));
	keys = IORegistryEntryCreateCFProperty(s, CFSTR("Operations"), NULL, 0);
	test_equal(CFGetTypeID(keys), CFArrayGetTypeID());
	CFRelease(keys);
	keys = IORegistryEntryCreateCFProperty(s, CFSTR(kIORegistryEntryPropertyKeysKey), NULL, 0);
	test_true(keys && CFGetTypeID(keys) == CFArrayGetTypeID());
	test_equal(CFArrayGetCount(keys), CFDictionaryGetCount(again));
	CFRelease(keys);
	test_true(IORegistryEntryCreateCFProperty(s, CFSTR("NoSuchProperty"), NULL, 0) == NULL);
	test_true(IORegistryEntryCreateCFProperty(s, NULL, NULL, 0) == NULL);
	test_true(IORegistryEntryCreateCFProperty(0, CFSTR("IOClass"), NULL, 0) == NULL);
	test_equal_error(IORegistryEntryCreateCFProperties(s, NULL, NULL, 0), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryCreateCFProperties(0, &all, NULL, 0),
			 MACH_SEND_INVALID_DEST);
	CFRelease(all);
	CFRelease(again);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e21_property_bytes)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_struct_inband_t bytes;
	uint32_t n = 17;

	test_equal(IORegistryEntryGetProperty(s, kIOClassKey, bytes, &n), 0);
	test_equal(n, 17);
	test_equal_text(bytes, "CalculatorDriver");
	n = 16;
	test_equal_error(IORegistryEntryGetProperty(s, kIOClassKey, bytes, &n), kIOReturnIPCError);
	n = sizeof(bytes);
	test_equal_error(IORegistryEntryGetProperty(s, "Operations", bytes, &n),
			 kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetProperty(s, "NoSuchProperty", bytes, &n),
			 kIOReturnNoResources);
	test_equal_error(IORegistryEntryGetProperty(s, kIOClassKey, NULL, &n),
			 kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetProperty(s, kIOClassKey, bytes, NULL),
			 kIOReturnBadArgument);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e26_search)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_registry_entry_t machine = IORegistryEntryFromPath(0, "IOService:/");
	CFTypeRef value;

	value = IORegistryEntrySearchCFProperty(s, kIOServicePlane, CFSTR(kIORegistryPlanesKey),
						NULL, 3);
	test_true(value != NULL);
	CFRelease(value);
	test_true(!IORegistryEntrySearchCFProperty(s, kIOServicePlane, CFSTR(kIORegistryPlanesKey),
						   NULL, kIORegistryIterateParents));
	test_true(!IORegistryEntrySearchCFProperty(s, kIOServicePlane, CFSTR(kIORegistryPlanesKey),
						   NULL, 0));
	value = IORegistryEntrySearchCFProperty(machine, kIOServicePlane, CFSTR("Operations"), NULL,
						kIORegistryIterateRecursively);
	test_true(value != NULL);
	CFRelease(value);
	test_true(!IORegistryEntrySearchCFProperty(machine, kIOServicePlane, CFSTR("Operations"),
						   NULL, 0));
	IOObjectRelease(machine);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e32_e33_neighbours)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver"),
		     resources = world_service("IOResources");
	io_registry_entry_t e = 9;
	io_iterator_t it = 0;

	test_equal_error(IORegistryEntryGetChildEntry(s, kIOServicePlane, &e), kIOReturnNoDevice);
	test_equal(e, 0);
	test_equal(IORegistryEntryGetChildIterator(s, kIOServicePlane, &it), 0);
	test_true(it != 0);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	test_equal(IORegistryEntryGetParentEntry(s, kIOServicePlane, &e), 0);
	test_equal(e, resources);
	IOObjectRelease(e);
	test_equal(IORegistryEntryGetParentIterator(s, kIOServicePlane, &it), 0);
	e = IOIteratorNext(it);
	test_equal(e, resources);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(e);
	IOObjectRelease(it);
	e = 9;
	test_equal_error(IORegistryEntryGetChildEntry(0, kIOServicePlane, &e),
			 MACH_SEND_INVALID_DEST);
	test_equal(e, 0);
	IOObjectRelease(resources);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e34_e35_setting_properties)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	CFMutableDictionaryRef d = new_dictionary();

	CFDictionarySetValue(d, CFSTR("a"), kCFBooleanTrue);
	test_equal_error(IORegistryEntrySetCFProperties(s, d), kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperty(s, CFSTR("a"), kCFBooleanTrue),
			 kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperties(s, NULL), kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperties(0, d), MACH_SEND_INVALID_DEST);
	CFRelease(d);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_e40_root_properties)
{
	world_start();
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFMutableDictionaryRef all = NULL;

	test_equal(IORegistryEntryCreateCFProperties(root, &all, NULL, 0), 0);
	test_true(CFDictionaryContainsKey(all, CFSTR(kIOKitBuildVersionKey)));
	test_true(CFDictionaryContainsKey(all, CFSTR(kIORegistryPlanesKey)));
	CFDictionaryRef diagnostics = CFDictionaryGetValue(all, CFSTR(kIOKitDiagnosticsKey));
	test_true(diagnostics && CFGetTypeID(diagnostics) == CFDictionaryGetTypeID());
	CFDictionaryRef classes = CFDictionaryGetValue(diagnostics, CFSTR("Classes"));
	test_true(classes && CFGetTypeID(classes) == CFDictionaryGetTypeID());
	test_equal(CFGetTypeID(CFDictionaryGetValue(classes, CFSTR("CalculatorDriver"))),
		   CFNumberGetTypeID());
	CFRelease(all);
	IOObjectRelease(root);
	world_stop();
}

TEST_MAIN
