// SPDX-License-Identifier: MIT
/*
 * Plug-in interfaces of services (spec 9.6). The driver shows the properties
 * that a test gives it; the plug-in notes what is done with its instances.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCFPlugIn.h>
#include <IOKit/IOKitLib.h>

#include "../harness/world.h"
#include "../plugins/Fixture.plugin/Fixture.h"
#include "test.h"

static const char *const type_text[] = {
	NULL,
	"F1870000-0000-4000-8000-000000000001",
	"F1870000-0000-4000-8000-000000000002",
	"F1870000-0000-4000-8000-000000000003",
	"F1870000-0000-4000-8000-000000000004",
	"F1870000-0000-4000-8000-000000000005",
	"F1870000-0000-4000-8000-000000000006",
	"F1870000-0000-4000-8000-000000000007",
};

static CFStringRef string(const char *text)
{
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

/* Give the service a property; VALUE is released. */
static void show(io_service_t service, const char *name, CFTypeRef value)
{
	CFStringRef key = string(name);

	test_equal_error(IORegistryEntrySetCFProperty(service, key, value), 0);
	CFRelease(key);
	CFRelease(value);
}

/* IOCFPlugInTypes with one entry. */
static void plug(io_service_t service, const char *type, const char *name)
{
	CFMutableDictionaryRef types = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFStringRef key = string(type), value = string(name);

	CFDictionarySetValue(types, key, value);
	CFRelease(key);
	CFRelease(value);
	show(service, kIOCFPlugInTypesKey, types);
}

static io_service_t begin(void)
{
	setenv("PORTICO_PLUGINS", test_built("tests/plugins"), 1);
	world_start_with_bundle("Plugged.dext");
	return world_service("PluggedDriver");
}

static void end(io_service_t service)
{
	IOObjectRelease(service);
	world_stop();
}

/* The log of the plug-in at PATH, which is loaded by now. */
static char *log_of(const char *path)
{
	CFURLRef url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
							       (CFIndex)strlen(path), TRUE);
	CFBundleRef bundle = CFBundleCreate(NULL, url);
	char *log = CFBundleGetDataPointerForName(bundle, CFSTR("fixture_log"));

	test_true(log != NULL);
	CFRelease(bundle);
	CFRelease(url);
	return log;
}

static char *fixture_log(void)
{
	return log_of(test_built("tests/plugins/Fixture.plugin"));
}

static kern_return_t create(io_service_t service, unsigned char type,
			    IOCFPlugInInterface ***interface, SInt32 *score)
{
	return IOCreatePlugInInterfaceForService(service, FIXTURE_TYPE(type),
						 kIOCFPlugInInterfaceID, interface, score);
}

/* Make one of the fixture's types, named by the bundle's name. */
static kern_return_t create_by_name(io_service_t service, unsigned char type,
				    IOCFPlugInInterface ***interface, SInt32 *score)
{
	plug(service, type_text[type], "Fixture.plugin");
	return create(service, type, interface, score);
}

TEST(R18)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = (void *)1;
	SInt32 score = 42;

	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), kIOReturnUnsupported);
	test_true(interface == (void *)1);
	test_equal(score, 42);
	end(service);
}

TEST(R18_no_entry_for_the_type)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface;
	SInt32 score;

	plug(service, type_text[FIXTURE_ONE], "Fixture.plugin");
	test_equal_error(create(service, FIXTURE_ORDERS, &interface, &score), kIOReturnUnsupported);
	/* The property is no dictionary, the value no text, the key no UUID. */
	show(service, kIOCFPlugInTypesKey, CFRetain(kCFBooleanTrue));
	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), kIOReturnUnsupported);
	plug(service, "no UUID", "Fixture.plugin");
	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), kIOReturnUnsupported);
	plug(service, type_text[FIXTURE_ONE], "");
	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), kIOReturnUnsupported);
	end(service);
}

TEST(R18_no_factory_for_the_type)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface;
	SInt32 score;

	test_equal_error(create_by_name(service, FIXTURE_NOTHING, &interface, &score),
			 kIOReturnUnsupported);
	end(service);
}

TEST(R18_no_bundle_of_that_name)
{
	static const char *const names[] = { "Missing.plugin", "../plugins/Fixture.plugin",
					     "./Fixture.plugin/../Fixture.plugin", "/",
					     "/nowhere/Fixture.plugin" };
	io_service_t service = begin();
	IOCFPlugInInterface **interface;
	SInt32 score;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		plug(service, type_text[FIXTURE_ONE], names[i]);
		test_equal_error(create(service, FIXTURE_ONE, &interface, &score),
				 kIOReturnUnsupported);
	}
	end(service);
}

TEST(R18_dead_and_null_service)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface;
	SInt32 score;

	test_equal_error(create(0, FIXTURE_ONE, &interface, &score), kIOReturnUnsupported);
	test_equal_error(create(MACH_PORT_DEAD, FIXTURE_ONE, &interface, &score),
			 kIOReturnUnsupported);
	test_equal_error(create(service, FIXTURE_ONE, NULL, &score), kIOReturnBadArgument);
	end(service);
}

TEST(R19)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score = 0;

	test_equal_error(create_by_name(service, FIXTURE_ORDERS, &interface, &score), 0);
	test_true(interface != NULL);
	test_equal(score, 10);
	test_equal_text(fixture_log(),
			"probe ten;probe twenty;start twenty;free twenty;start ten;");
	test_equal_error(IODestroyPlugInInterface(interface), 0);
	end(service);
}

TEST(R19_probe_refuses)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score = 0;

	test_equal_error(create_by_name(service, FIXTURE_REFUSE, &interface, &score),
			 kIOReturnNoResources);
	test_true(interface == NULL);
	test_equal_text(fixture_log(), "probe refuse;free refuse;");
	end(service);
}

TEST(R19_equal_orders_keep_their_sequence)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score = 0;

	test_equal_error(create_by_name(service, FIXTURE_EQUAL, &interface, &score), 0);
	test_equal(score, 5);
	test_equal_text(fixture_log(),
			"probe refuse;free refuse;probe left;probe right;start left;free right;");
	test_equal((*interface)->Release(interface), 0);
	end(service);
}

TEST(R19_none_starts)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = (void *)1;
	SInt32 score = 42;

	test_equal_error(create_by_name(service, FIXTURE_LAZY, &interface, &score),
			 kIOReturnNoResources);
	test_true(interface == (void *)1);
	test_equal(score, 42);
	test_equal_text(fixture_log(),
			"probe lazy;probe idle;start lazy;free lazy;start idle;free idle;");
	end(service);
}

TEST(R19_factories_that_fail)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;

	/* One returns nothing, one does not exist, one lacks the interface; the score is not wanted. */
	test_equal_error(create_by_name(service, FIXTURE_BROKEN, &interface, NULL), 0);
	test_equal_text(fixture_log(), "free plain;probe one;start one;");
	(*interface)->Release(interface);
	end(service);
}

TEST(R19_another_interface_type)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score;

	plug(service, type_text[FIXTURE_ONE], "Fixture.plugin");
	test_equal_error(IOCreatePlugInInterfaceForService(service, FIXTURE_TYPE(FIXTURE_ONE),
							   FIXTURE_TYPE(FIXTURE_LAZY), &interface,
							   &score),
			 kIOReturnNoResources);
	test_equal_text(fixture_log(), "free one;");
	end(service);
}

TEST(R19_personality)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score = 0;

	plug(service, type_text[FIXTURE_ONE], "Choosy.plugin");
	show(service, "Flavour", string("sweet"));
	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), kIOReturnUnsupported);
	show(service, "Flavour", string("sour"));
	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), 0);
	test_equal_text(log_of(test_built("tests/plugins/Choosy.plugin")), "probe one;start one;");
	(*interface)->Release(interface);
	end(service);
}

TEST(R19_forms_of_the_name)
{
	char absolute[PATH_MAX], nested[PATH_MAX + 2];
	const char *names[] = { "Fixture.plugin", absolute, nested,
				"Family.kext/Contents/PlugIns/Fixture.plugin" };
	io_service_t service = begin();

	snprintf(absolute, sizeof(absolute), "%s", test_built("tests/plugins/Fixture.plugin"));
	snprintf(nested, sizeof(nested), "%s/", absolute);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		IOCFPlugInInterface **interface = NULL;
		SInt32 score = 0;

		plug(service, type_text[FIXTURE_ONE], names[i]);
		test_equal_error(create(service, FIXTURE_ONE, &interface, &score), 0);
		test_equal(score, 1);
		(*interface)->Release(interface);
	}
	end(service);
}

TEST(R19_forms_of_the_uuid)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score = 0;

	plug(service, "f1870000-0000-4000-8000-000000000002", "Fixture.plugin");
	test_equal_error(create(service, FIXTURE_ONE, &interface, &score), 0);
	(*interface)->Release(interface);
	/* A type that is equal, not the same object. */
	CFUUIDRef type =
		CFUUIDCreateFromString(NULL, CFSTR("F1870000-0000-4000-8000-000000000002"));
	test_equal_error(IOCreatePlugInInterfaceForService(service, type, kIOCFPlugInInterfaceID,
							   &interface, &score),
			 0);
	(*interface)->Release(interface);
	CFRelease(type);
	end(service);
}

/* A copy of the fixture's bundle in the test's folder, which others may not change. */
static void copy_bundle(char bundle[PATH_MAX])
{
	char command[3 * PATH_MAX];

	snprintf(bundle, PATH_MAX, "%s/Fixture.plugin", test_folder());
	snprintf(command, sizeof(command), "mkdir '%s' && cp '%s'/Info.plist '%s'/Fixture.so '%s'",
		 bundle, test_built("tests/plugins/Fixture.plugin"),
		 test_built("tests/plugins/Fixture.plugin"), bundle);
	test_equal(system(command), 0);
	test_equal(chmod(bundle, 0755), 0);
}

static void expect(io_service_t service, kern_return_t expected)
{
	IOCFPlugInInterface **interface = NULL;

	test_equal_error(create(service, FIXTURE_ONE, &interface, NULL), expected);
	if (interface)
		(*interface)->Release(interface);
}

TEST(R19_code_that_others_may_change_is_not_loaded)
{
	char bundle[PATH_MAX], file[PATH_MAX + 16];
	io_service_t service = begin();

	copy_bundle(bundle);
	plug(service, type_text[FIXTURE_ONE], bundle);
	test_equal(chmod(bundle, 0777), 0);
	expect(service, kIOReturnUnsupported);
	test_equal(chmod(bundle, 0775), 0);
	expect(service, kIOReturnUnsupported);
	test_equal(chmod(bundle, 0755), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(file, sizeof(file), "%s/%s", bundle, i ? "Info.plist" : "Fixture.so");
		test_equal(chmod(file, 0646), 0);
		expect(service, kIOReturnUnsupported);
		test_equal(chmod(file, 0644), 0);
	}
	expect(service, 0);
	end(service);
}

TEST(R19_code_of_another_user_is_not_loaded)
{
	char bundle[PATH_MAX], file[PATH_MAX + 16];
	io_service_t service;

	if (geteuid() != 0)
		test_skip("only root can give files away");
	service = begin();
	copy_bundle(bundle);
	plug(service, type_text[FIXTURE_ONE], bundle);
	test_equal(chown(bundle, 4711, 4711), 0);
	expect(service, kIOReturnUnsupported);
	test_equal(chown(bundle, 0, 0), 0);
	snprintf(file, sizeof(file), "%s/Fixture.so", bundle);
	test_equal(chown(file, 4711, 4711), 0);
	expect(service, kIOReturnUnsupported);
	/* Nor through a link in a folder of plug-ins. */
	test_equal(chown(file, 0, 0), 0);
	expect(service, 0);
	end(service);
}

TEST(R20)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score;

	test_equal_error(create_by_name(service, FIXTURE_ONE, &interface, &score), 0);
	test_equal((*interface)->version, 1);
	test_equal_error(IODestroyPlugInInterface(interface), kIOReturnBusy);
	test_equal_text(fixture_log(), "probe one;start one;stop one;free one;");
	end(service);
}

TEST(R20_release_without_stop)
{
	io_service_t service = begin();
	IOCFPlugInInterface **interface = NULL;
	SInt32 score;

	test_equal_error(create_by_name(service, FIXTURE_ONE, &interface, &score), 0);
	test_equal((*interface)->AddRef(interface), 2);
	test_equal_error(IODestroyPlugInInterface(interface), kIOReturnBusy);
	/* Somebody still has it, and its code is still there. */
	test_equal((*interface)->Release(interface), 0);
	test_equal_text(fixture_log(), "probe one;start one;stop one;free one;");
	end(service);
}

TEST_MAIN
