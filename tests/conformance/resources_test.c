// SPDX-License-Identifier: MIT
/* Who may do what to IOResources, and who sits at the console: spec 11.15, as far as it is about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

static CFTypeRef root_value(CFStringRef key)
{
	io_registry_entry_t root = IORegistryGetRootEntry(0);
	CFTypeRef value = IORegistryEntryCreateCFProperty(root, key, NULL, 0);

	IOObjectRelease(root);
	return value;
}

/* Say that our user sits at the console, or (ON_CONSOLE false) is logged in elsewhere. */
static void log_in(bool on_console)
{
	io_service_t resources = world_service(kIOResourcesClass);
	CFMutableDictionaryRef session = stage_dictionary(
		"kCGSSessionUserIDKey", stage_number32((int32_t)getuid()), "kCGSSessionUserNameKey",
		stage_text("somebody"), "kCGSSessionOnConsoleKey",
		CFRetain(on_console ? kCFBooleanTrue : kCFBooleanFalse), "kCGSessionLoginDoneKey",
		CFRetain(kCFBooleanTrue), NULL);
	CFArrayRef users = CFArrayCreate(NULL, (const void **)&session, 1, &kCFTypeArrayCallBacks);

	test_equal_error(IORegistryEntrySetCFProperty(resources, CFSTR("IOConsoleUsers"), users),
			 0);
	CFRelease(users);
	CFRelease(session);
	IOObjectRelease(resources);
}

static void nobody(void)
{
	io_service_t resources = world_service(kIOResourcesClass);
	CFArrayRef users = CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);

	test_equal_error(IORegistryEntrySetCFProperty(resources, CFSTR("IOConsoleUsers"), users),
			 0);
	CFRelease(users);
	IOObjectRelease(resources);
}

TEST(P07)
{
	io_connect_t stage = stage_begin(), connect;

	if (getuid())
		test_skip("needs root");
	nobody();
	connect = stage_open();
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=console"),
			 kIOReturnNotPrivileged);
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=nonsense"),
			 kIOReturnUnsupported);
	IOServiceClose(connect);
	log_in(true);
	connect = stage_open();
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=console"), 0);
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=secureprocess"), 0);
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=local"), 0);
	IOServiceClose(connect);
	log_in(false);
	connect = stage_open();
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=console"),
			 kIOReturnNotPrivileged);
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=secureprocess"),
			 kIOReturnNotPrivileged);
	test_equal_error(stage_try(connect, NULL, NULL, "privilege name=foreground"), 0);
	IOServiceClose(connect);
	stage_end(stage);
}

TEST(P07_the_root_shows_who_sits_there)
{
	io_connect_t stage = stage_begin();
	CFTypeRef users, locked;

	if (getuid())
		test_skip("needs root");
	nobody();
	locked = root_value(CFSTR("IOConsoleLocked"));
	test_true(locked == kCFBooleanTrue);
	log_in(true);
	users = root_value(CFSTR("IOConsoleUsers"));
	test_true(users && CFGetTypeID(users) == CFArrayGetTypeID());
	test_equal(CFArrayGetCount(users), 1);
	locked = root_value(CFSTR("IOConsoleLocked"));
	test_true(locked == kCFBooleanFalse);
	CFRelease(users);
	stage_end(stage);
}

TEST(P08)
{
	world_withhold_privileges();
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service(kIOResourcesClass);
	CFTypeRef value;

	test_equal_error(IORegistryEntrySetCFProperty(resources, CFSTR("StageKey"), CFSTR("v")),
			 kIOReturnNotPrivileged);
	value = IORegistryEntryCreateCFProperty(resources, CFSTR("StageKey"), NULL, 0);
	test_true(value == NULL);
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST(P08_with_the_entitlement)
{
	static char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/grants", test_folder());
	file = fopen(path, "we");
	test_true(file != NULL);
	fprintf(file,
		"[Grant resources]\n"
		"Entitlement = com.apple.private.iokit.ioresources.setproperty\n"
		"Allow = uid:%u\n",
		(unsigned)getuid());
	fclose(file);
	test_equal(chmod(path, 0600), 0);
	setenv("PORTICO_POLICY", path, 1);
	world_withhold_privileges();
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service(kIOResourcesClass);
	CFTypeRef value;

	test_equal_error(IORegistryEntrySetCFProperty(resources, CFSTR("StageKey"), CFSTR("v")), 0);
	value = IORegistryEntryCreateCFProperty(resources, CFSTR("StageKey"), NULL, 0);
	test_true(value && CFEqual(value, CFSTR("v")));
	CFRelease(value);
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST(P08_by_root)
{
	io_connect_t stage = stage_begin();
	io_service_t resources = world_service(kIOResourcesClass);
	CFTypeRef value;

	if (getuid())
		test_skip("needs root");
	test_equal_error(IORegistryEntrySetCFProperty(resources, CFSTR("StageKey"), CFSTR("v")), 0);
	value = IORegistryEntryCreateCFProperty(resources, CFSTR("StageKey"), NULL, 0);
	test_true(value && CFEqual(value, CFSTR("v")));
	CFRelease(value);
	test_equal_error(IORegistryEntrySetCFProperties(resources, CFSTR("no dictionary")),
			 kIOReturnBadArgument);
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST(P08_default_resources_open_nothing)
{
	io_connect_t stage = stage_begin(), connect = 9;
	io_service_t resources = world_service(kIOResourcesClass);

	test_equal_error(IOServiceOpen(resources, mach_task_self(), 0, &connect),
			 kIOReturnUnsupported);
	test_equal(connect, 0);
	IOObjectRelease(resources);
	stage_end(stage);
}

TEST_MAIN
