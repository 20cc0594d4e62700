// SPDX-License-Identifier: MIT
/* Calls that the sample drivers do not have: any size out, traps, locking, properties. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "test.h"
#include "world.h"

static void begin(void)
{
	world_start_with(test_built("tests/drivers"));
}

static kern_return_t variable(io_connect_t c, uint64_t n, unsigned char **ret_bytes,
			      size_t *ret_size)
{
	void *bytes = (void *)1;
	size_t size = (size_t)kIOConnectMethodVarOutputSize;
	kern_return_t result =
		IOConnectCallMethod(c, FIXTURE_VARIABLE, &n, 1, NULL, 0, NULL, NULL, &bytes, &size);

	*ret_bytes = bytes;
	*ret_size = size;
	return result;
}

TEST(output_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 4096, 4097, 1000000 };
	unsigned char *bytes;
	size_t size;

	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		test_equal_error(variable(c, sizes[i], &bytes, &size), 0);
		test_equal(size, sizes[i]);
		for (size_t k = 0; k < size; k++)
			test_equal(bytes[k], k & 255);
		if (size)
			test_equal_error(vm_deallocate(mach_task_self(), (vm_address_t)bytes, size),
					 0);
	}
	test_equal_error(variable(c, FIXTURE_NOTHING, &bytes, &size), kIOReturnUnderrun);
	test_equal_error(variable(c, FIXTURE_NO_DATA, &bytes, &size), kIOReturnUnderrun);
	/* the same method with a fixed buffer */
	uint64_t n = 8;
	unsigned char small[16];
	size = sizeof(small);
	test_equal_error(
		IOConnectCallMethod(c, FIXTURE_VARIABLE, &n, 1, NULL, 0, NULL, NULL, small, &size),
		kIOReturnBadArgument);
	IOServiceClose(c);
	world_stop();
}

TEST(traps)
{
	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);

	test_equal(IOConnectTrap0(c, 0), 0);
	test_equal(IOConnectTrap1(c, 0, 1), 1);
	test_equal(IOConnectTrap2(c, 0, 1, 2), 21);
	test_equal(IOConnectTrap3(c, 0, 1, 2, 3), 321);
	test_equal(IOConnectTrap4(c, 0, 1, 2, 3, 4), 4321);
	test_equal(IOConnectTrap5(c, 0, 1, 2, 3, 4, 5), 54321);
	test_equal(IOConnectTrap6(c, 0, 1, 2, 3, 4, 5, 6), 654321);
	/* without a function, without a trap: nothing runs */
	test_equal_error(IOConnectTrap1(c, 1, 5), 0);
	test_equal_error(IOConnectTrap1(c, 99, 5), 0);
	IOServiceClose(c);
	test_equal_error(IOConnectTrap0(c, 0), kIOReturnBadArgument);
	world_stop();
}

struct caller {
	io_connect_t connect;
	uint32_t selector;
	int times;
	uint64_t most;
	kern_return_t result;
};

static void *call_again_and_again(void *context)
{
	struct caller *caller = context;
	uint32_t n = caller->selector == FIXTURE_PASS;

	for (int i = 0; i < caller->times && !caller->result; i++)
		caller->result = IOConnectCallScalarMethod(caller->connect, caller->selector, NULL,
							   0, &caller->most, &n);
	return NULL;
}

static uint64_t call_in_parallel(io_connect_t c, uint32_t selector, int threads, int times)
{
	struct caller callers[8] = { 0 };
	pthread_t ids[8];
	uint64_t most = 0;

	for (int i = 0; i < threads; i++) {
		callers[i] = (struct caller){ c, selector, times, 0, 0 };
		test_equal(pthread_create(&ids[i], NULL, call_again_and_again, &callers[i]), 0);
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		test_equal_error(callers[i].result, 0);
		most = callers[i].most > most ? callers[i].most : most;
	}
	return most;
}

/* Both calls return only when both are inside. */
TEST(spec_j21_methods_run_in_parallel)
{
	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);

	call_in_parallel(c, FIXTURE_MEET, 2, 1);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j21_single_thread_methods_run_one_at_a_time)
{
	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_ALONE);

	test_equal(call_in_parallel(c, FIXTURE_PASS, 8, 200), 1);
	IOServiceClose(c);
	world_stop();
}

static void counts(io_connect_t c, uint64_t out[FIXTURE_COUNTS])
{
	uint32_t n = FIXTURE_COUNTS;

	test_equal_error(IOConnectCallScalarMethod(c, FIXTURE_COUNT, NULL, 0, out, &n), 0);
}

static void await_count(io_connect_t c, int which, uint64_t value)
{
	uint64_t out[FIXTURE_COUNTS];

	do
		counts(c, out);
	while (out[which] != value);
}

static void *close_it(void *context)
{
	test_equal_error(IOServiceClose(*(io_connect_t *)context), 0);
	return NULL;
}

TEST(spec_j22_close_waits_for_the_method_in_progress)
{
	uint64_t out[FIXTURE_COUNTS];
	pthread_t holding, closing;
	uint32_t none = 0;

	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);
	io_connect_t other = world_open("FixtureDriver", FIXTURE_PLAIN);
	struct caller caller = { c, FIXTURE_HOLD, 1, 0, 0 };
	counts(other, out);
	uint64_t closes = out[FIXTURE_CLOSES];
	test_equal(pthread_create(&holding, NULL, call_again_and_again, &caller), 0);
	await_count(other, FIXTURE_HELD, 1);
	test_equal(pthread_create(&closing, NULL, close_it, &c), 0);
	for (int i = 0; i < 100; i++) {
		counts(other, out);
		test_equal(out[FIXTURE_CLOSES], closes);
	}
	test_equal_error(IOConnectCallScalarMethod(other, FIXTURE_RELEASE, NULL, 0, NULL, &none),
			 0);
	pthread_join(holding, NULL);
	pthread_join(closing, NULL);
	test_equal_error(caller.result, 0);
	await_count(other, FIXTURE_CLOSES, closes + 1);
	counts(other, out);
	test_equal(out[FIXTURE_OVERLAPS], 0);
	IOServiceClose(other);
	world_stop();
}

TEST(spec_k23_properties_of_a_connection)
{
	begin();
	io_connect_t c = world_open("FixtureDriver", FIXTURE_PLAIN);

	test_equal_error(IOConnectSetCFProperties(c, kCFBooleanTrue), 0);
	test_equal_error(IOConnectSetCFProperties(c, kCFBooleanFalse), kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperty(c, CFSTR("a"), kCFBooleanTrue),
			 kIOReturnBadArgument);
	IOServiceClose(c);
	world_stop();
}

TEST(live_properties_are_computed_at_each_read)
{
	int before = 0, after = 0;
	CFMutableDictionaryRef all;

	begin();
	io_service_t service = world_service("FixtureDriver");
	CFTypeRef value = IORegistryEntryCreateCFProperty(service, CFSTR("Ticks"), NULL, 0);
	test_true(value != NULL);
	CFNumberGetValue(value, kCFNumberIntType, &before);
	CFRelease(value);
	test_reset_baseline(); /* the registry keeps the last value */
	test_equal_error(IORegistryEntryCreateCFProperties(service, &all, NULL, 0), 0);
	value = CFDictionaryGetValue(all, CFSTR("Ticks"));
	test_true(value != NULL);
	CFNumberGetValue(value, kCFNumberIntType, &after);
	test_equal(after, before + 1);
	CFRelease(all);
	IOObjectRelease(service);
	world_stop();
}

TEST(spec_e34_the_driver_decides_about_properties)
{
	begin();
	io_service_t service = world_service("FixtureDriver");
	const void *key = CFSTR("Echo"), *text = CFSTR("hello");
	CFDictionaryRef good =
		CFDictionaryCreate(NULL, &key, &text, 1, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);

	test_equal_error(IORegistryEntrySetCFProperties(service, good), 0);
	test_reset_baseline(); /* the session keeps the value */
	test_equal_error(IORegistryEntrySetCFProperties(service, good), 0);
	CFTypeRef value = IORegistryEntryCreateCFProperty(service, CFSTR("Echo"), NULL, 0);
	test_true(value && CFEqual(value, text));
	CFRelease(value);
	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("Other"), text),
			 kIOReturnNotPermitted);
	test_equal_error(IORegistryEntrySetCFProperties(service, CFSTR("text")),
			 kIOReturnBadArgument);
	CFRelease(good);
	IOObjectRelease(service);
	world_stop();
}

TEST_MAIN
