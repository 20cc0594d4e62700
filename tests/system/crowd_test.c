// SPDX-License-Identifier: MIT
/* Thousands of services of one driver: they come, are met by every kind of look-up, and go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { PUBLISH = 0, TERMINATE = 1, CRASH = 4 };
enum { MANY = 5000 };

static io_connect_t connection;

static void begin(void)
{
	world_start_with(test_built("tests/bench/drivers"));
	connection = world_open("BenchCrowd", 0);
}

static void end(void)
{
	IOServiceClose(connection);
	world_stop();
}

static void call(uint32_t selector, const uint64_t *scalar)
{
	uint32_t none = 0;

	test_equal_error(IOConnectCallScalarMethod(connection, selector, scalar, scalar ? 1 : 0,
						   NULL, &none),
			 0);
}

static void publish_many(void)
{
	uint64_t many = MANY;

	call(PUBLISH, &many);
}

static io_service_t find_one(CFDictionaryRef matching)
{
	return IOServiceGetMatchingService(kIOMasterPortDefault, matching);
}

static void await_none(void)
{
	struct timespec rest = { 0, 1000000 };
	io_service_t member;

	while ((member = find_one(IOServiceMatching("BenchMember")))) {
		IOObjectRelease(member);
		nanosleep(&rest, NULL); /* so that the others get on */
	}
}

/* The number of "member-N", -1 when NAME is no such name. */
static int number_of(const char *name)
{
	return strncmp(name, "member-", 7) ? -1 : atoi(name + 7);
}

/* Every member once, by name; releases ITERATOR. */
static void check_meets_all(io_iterator_t iterator)
{
	char *met = calloc(1, MANY);
	io_registry_entry_t entry;
	io_name_t name;
	int n = 0;

	while ((entry = IOIteratorNext(iterator))) {
		test_equal_error(IORegistryEntryGetName(entry, name), 0);
		int number = number_of(name);
		if (number >= 0) {
			test_true(number < MANY && !met[number]);
			met[number] = 1;
			n++;
		}
		IOObjectRelease(entry);
	}
	test_equal(n, MANY);
	test_true(IOIteratorIsValid(iterator));
	IOObjectRelease(iterator);
	free(met);
}

static io_iterator_t found(CFDictionaryRef matching)
{
	io_iterator_t iterator;

	test_equal_error(IOServiceGetMatchingServices(kIOMasterPortDefault, matching, &iterator),
			 0);
	return iterator;
}

static void check_walks(void)
{
	io_service_t crowd = find_one(IOServiceMatching("BenchCrowd"));
	io_iterator_t iterator;

	test_equal_error(IORegistryCreateIterator(kIOMasterPortDefault, kIOServicePlane,
						  kIORegistryIterateRecursively, &iterator),
			 0);
	check_meets_all(iterator);
	test_equal_error(IORegistryEntryCreateIterator(crowd, kIOServicePlane, 0, &iterator), 0);
	check_meets_all(iterator);
	test_equal_error(IORegistryEntryGetChildIterator(crowd, kIOServicePlane, &iterator), 0);
	check_meets_all(iterator);
	IOObjectRelease(crowd);
}

static void check_finds(void)
{
	io_service_t last = find_one(IOServiceNameMatching("member-0004999"));
	CFMutableDictionaryRef by_property = IOServiceMatching("BenchMember");
	CFMutableDictionaryRef pair = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	CFDictionarySetValue(pair, CFSTR("USB Serial Number"), CFSTR("PB0000004999"));
	CFDictionarySetValue(by_property, CFSTR(kIOPropertyMatchKey), pair);
	CFRelease(pair);
	io_service_t same = find_one(by_property);
	test_true(last != 0);
	test_equal(same, last);
	CFMutableDictionaryRef properties = NULL;
	test_equal_error(IORegistryEntryCreateCFProperties(last, &properties, NULL, 0), 0);
	test_equal(CFDictionaryGetCount(properties), 20);
	CFRelease(properties);
	IOObjectRelease(same);
	IOObjectRelease(last);
	check_meets_all(found(IOServiceMatching("BenchMember")));
}

/* What the registry counts for the class. */
static int count_instances(void)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMasterPortDefault);
	CFDictionaryRef diagnostics =
		IORegistryEntryCreateCFProperty(root, CFSTR(kIOKitDiagnosticsKey), NULL, 0);
	CFDictionaryRef classes = CFDictionaryGetValue(diagnostics, CFSTR("Classes"));
	CFNumberRef number = CFDictionaryGetValue(classes, CFSTR("BenchMember"));
	int n = 0;

	if (number)
		CFNumberGetValue(number, kCFNumberIntType, &n);
	CFRelease(diagnostics);
	IOObjectRelease(root);
	return n;
}

static void await_instances(int wanted)
{
	struct timespec rest = { 0, 1000000 };

	while (count_instances() != wanted)
		nanosleep(&rest, NULL);
}

TEST(thousands_come_are_met_and_go)
{
	begin();
	publish_many();
	test_equal(count_instances(), MANY);
	check_walks();
	check_finds();
	call(TERMINATE, NULL);
	await_none();
	/* nothing of them stays, here or there */
	await_instances(0);
	end();
}

TEST(their_place_can_be_taken_again)
{
	begin();
	publish_many();
	call(TERMINATE, NULL);
	publish_many();
	await_instances(MANY);
	check_meets_all(found(IOServiceMatching("BenchMember")));
	call(TERMINATE, NULL);
	await_instances(0);
	end();
}

TEST(thousands_die_with_their_host)
{
	uint32_t none = 0;

	if (!world_is_daemon())
		return;
	begin();
	publish_many();
	test_true(IOConnectCallScalarMethod(connection, CRASH, NULL, 0, NULL, &none) != 0);
	await_none();
	await_instances(0);
	/* and their driver comes back without them */
	IOObjectRelease(world_service("BenchCrowd"));
	end();
}

TEST(thousands_come_back_to_a_new_registry)
{
	uint64_t before, after;

	if (!world_is_daemon())
		return;
	begin();
	publish_many();
	io_service_t last = find_one(IOServiceNameMatching("member-0004999"));
	test_equal_error(IORegistryEntryGetRegistryEntryID(last, &before), 0);
	world_kill_registry();
	world_restart_registry();
	/* the last comes last */
	io_service_t again;
	struct timespec rest = { 0, 1000000 };
	while (!(again = find_one(IOServiceNameMatching("member-0004999"))))
		nanosleep(&rest, NULL);
	test_equal_error(IORegistryEntryGetRegistryEntryID(again, &after), 0);
	test_equal(before, after);
	test_equal(again, last);
	check_meets_all(found(IOServiceMatching("BenchMember")));
	IOObjectRelease(again);
	IOObjectRelease(last);
	end();
}

TEST_MAIN
