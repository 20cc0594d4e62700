// SPDX-License-Identifier: MIT
/* The call flow against the Calculator's contract: open, call, refuse, close. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { ADD, DIVIDE, STATISTICS, REVERSE, ADD_LATER, REPEAT, FAIL_LATER, SLEEP, OPENS };

TEST(adds_modulo_2_64)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { UINT64_MAX, 3 }, out[1] = { 0 };
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), 0);
	test_equal(out[0], 2);
	test_equal(n, 1);
	test_equal_error(IOServiceClose(c), 0);
	world_stop();
}

TEST(spec_j01_wrong_counts_are_bad_arguments_and_leave_outputs_alone)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[17] = { 1, 2, 3 }, out[2] = { 77, 77 };
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 1, out, &n), kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 3, out, &n), kIOReturnBadArgument);
	n = 0;
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), kIOReturnBadArgument);
	n = 2;
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), kIOReturnBadArgument);
	test_equal(n, 2);
	test_equal(out[0], 77);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 17, out, &n), (uint32_t)-307);
	n = 1;
	test_equal_error(IOConnectCallScalarMethod(c, 9, in, 2, out, &n), kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, UINT32_MAX, in, 2, out, &n),
			 kIOReturnBadArgument);
	IOServiceClose(c);
	world_stop();
}

TEST(divides_with_remainder_and_refuses_zero)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 17, 5 }, out[2] = { 0, 0 };
	uint32_t n = 2;

	test_equal_error(IOConnectCallScalarMethod(c, DIVIDE, in, 2, out, &n), 0);
	test_equal(out[0], 3);
	test_equal(out[1], 2);
	in[1] = 0;
	out[0] = 9;
	test_equal_error(IOConnectCallScalarMethod(c, DIVIDE, in, 2, out, &n),
			 kIOReturnBadArgument);
	test_equal(out[0], 9);
	IOServiceClose(c);
	world_stop();
}

TEST(statistics_of_doubles)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	double in[3] = { 1, 2, 6 }, out[4] = { 0 };
	size_t n = sizeof(out);

	test_equal_error(IOConnectCallStructMethod(c, STATISTICS, in, sizeof(in), out, &n), 0);
	test_equal(n, sizeof(out));
	test_true(out[0] == 9 && out[1] == 3 && out[2] == 1 && out[3] == 6);
	/* what is no number shows, wherever it stands */
	for (int i = 0; i < 3; i++) {
		double odd[3] = { 1, 2, 6 };

		odd[i] = __builtin_nan("");
		test_equal_error(
			IOConnectCallStructMethod(c, STATISTICS, odd, sizeof(odd), out, &n), 0);
		test_true(out[0] != out[0] && out[1] != out[1] && out[2] != out[2] &&
			  out[3] != out[3]);
	}
	test_equal_error(IOConnectCallStructMethod(c, STATISTICS, in, 12, out, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, STATISTICS, NULL, 0, out, &n),
			 kIOReturnBadArgument);
	n = 31;
	test_equal_error(IOConnectCallStructMethod(c, STATISTICS, in, 24, out, &n),
			 kIOReturnBadArgument);
	IOServiceClose(c);
	world_stop();
}

static void reverse_of(io_connect_t c, size_t size)
{
	unsigned char *in = malloc(size + 1), *out = calloc(1, size + 1);
	size_t n = size;

	test_true(in && out);
	for (size_t i = 0; i < size; i++)
		in[i] = (unsigned char)(i * 31 + (i >> 8));
	out[size] = 0xa5;
	test_equal_error(IOConnectCallStructMethod(c, REVERSE, in, size, out, &n), 0);
	test_equal(n, size);
	for (size_t i = 0; i < size; i++)
		if (out[i] != in[size - 1 - i])
			test_fail(__FILE__, __LINE__, "byte %zu of %zu is wrong", i, size);
	test_equal(out[size], 0xa5);
	free(in);
	free(out);
}

TEST(spec_j04_structures_of_every_size_class_both_ways)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	size_t sizes[] = { 1, 8, 4095, 4096, 4097, 16384, 32768, 65536, 1 << 20, 64 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (!test_is_slow() || sizes[i] <= 1 << 20)
			reverse_of(c, sizes[i]);
	IOServiceClose(c);
	world_stop();
}

TEST(spec_j13_output_above_4_gib_is_an_ipc_error)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	char byte = 1;
	size_t n = 5000000000u;

	test_equal_error(IOConnectCallStructMethod(c, REVERSE, &byte, 1, &byte, &n),
			 kIOReturnIPCError);
	test_equal(n, 5000000000u);
	IOServiceClose(c);
	world_stop();
}

TEST(open_types_and_privilege)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_connect_t c = 1;

	test_equal_error(IOServiceOpen(s, mach_task_self(), 2, &c), kIOReturnUnsupported);
	test_equal(c, 0);
	test_equal_error(IOServiceOpen(s, 0, 0, &c), kIOReturnBadArgument);
	test_equal_error(IOServiceOpen(0, mach_task_self(), 0, &c), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceOpen(s, mach_task_self(), 1, &c),
			 getuid() ? kIOReturnNotPrivileged : 0);
	if (c)
		IOServiceClose(c);
	IOObjectRelease(s);
	world_stop();
}

TEST(spec_k09_second_close_and_calls_after_close_are_errors)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 1, 2 }, out[1];
	uint32_t n = 1;

	test_equal_error(IOConnectAddRef(c), 0);
	test_equal_error(IOServiceClose(c), 0);
	test_true(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n) != 0);
	IOServiceClose(c);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceClose(c), MACH_SEND_INVALID_DEST);
	test_equal_error(IOServiceClose(0), MACH_SEND_INVALID_DEST);
	world_stop();
}

TEST(the_driver_counts_opens_and_closes)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t before[4], after[4];
	uint32_t n = 4;

	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, before, &n), 0);
	for (int i = 0; i < 10; i++)
		IOServiceClose(world_open("CalculatorDriver", 0));
	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, after, &n), 0);
	test_equal(after[0] - before[0], 10);
	test_equal(after[1] - before[1], 10);
	test_equal(after[2], 1);
	test_equal(after[3], 0);
	IOServiceClose(c);
	world_stop();
}

/* P-L1: calls and closes of one connection from many threads. */
enum { CALLERS = 6, CLOSERS = 4 };

struct rush {
	io_connect_t connect;
	atomic_bool go;
	atomic_int good;
};

static void *call_until_closed(void *context)
{
	struct rush *rush = context;

	for (;;) {
		uint64_t in[2] = { 40, 2 }, out[1] = { 0 };
		uint32_t n = 1;
		kern_return_t kr = IOConnectCallScalarMethod(rush->connect, ADD, in, 2, out, &n);

		if (kr)
			return NULL;
		test_equal(out[0], 42);
		atomic_fetch_add(&rush->good, 1);
	}
}

static void *close_soon(void *context)
{
	struct rush *rush = context;

	while (!atomic_load(&rush->go))
		sched_yield();
	IOServiceClose(rush->connect);
	return NULL;
}

static void rush_once(void)
{
	struct rush rush = { .connect = world_open("CalculatorDriver", 0) };
	pthread_t threads[CALLERS + CLOSERS];

	/* A reference for each close. */
	for (int i = 1; i < CLOSERS; i++)
		test_equal_error(IOConnectAddRef(rush.connect), 0);
	for (int i = 0; i < CALLERS + CLOSERS; i++)
		test_equal(pthread_create(&threads[i], NULL,
					  i < CALLERS ? call_until_closed : close_soon, &rush),
			   0);
	while (atomic_load(&rush.good) < CALLERS)
		sched_yield();
	atomic_store(&rush.go, true);
	for (int i = 0; i < CALLERS + CLOSERS; i++)
		pthread_join(threads[i], NULL);
	test_equal_error(IOConnectRelease(rush.connect), KERN_INVALID_NAME);
}

TEST(spec_pl1_calls_and_closes_from_many_threads)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t before[4], after[4];
	uint32_t n = 4;
	const int rounds = test_is_slow() ? 20 : 100;

	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, before, &n), 0);
	for (int i = 0; i < rounds; i++)
		rush_once();
	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, after, &n), 0);
	test_equal(after[0] - before[0], rounds);
	test_equal(after[1] - before[1], rounds);
	IOServiceClose(c);
	world_stop();
}

TEST(user_clients_are_seen_below_their_service)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_connect_t c = world_open("CalculatorDriver", 0);
	io_registry_entry_t child = 0;
	io_name_t name = "";

	test_equal_error(IORegistryEntryGetChildEntry(s, kIOServicePlane, &child), 0);
	test_equal_error(IOObjectGetClass(child, name), 0);
	test_equal_text(name, "CalculatorUserClient");
	CFTypeRef creator =
		IORegistryEntryCreateCFProperty(child, CFSTR("IOUserClientCreator"), NULL, 0);
	char text[128] = "", pid[32];

	test_true(creator && CFGetTypeID(creator) == CFStringGetTypeID());
	test_true(CFStringGetCString(creator, text, sizeof(text), kCFStringEncodingUTF8));
	snprintf(pid, sizeof(pid), "pid %d, ", (int)getpid());
	test_equal(strncmp(text, pid, strlen(pid)), 0);
	CFRelease(creator);
	IOObjectRelease(child);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("CalculatorUserClient")), 0);
	IOServiceClose(c);
	IOObjectRelease(s);
	world_stop();
}

TEST(the_operations_are_published)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	CFArrayRef operations = IORegistryEntryCreateCFProperty(s, CFSTR("Operations"), NULL, 0);

	test_true(operations && CFGetTypeID(operations) == CFArrayGetTypeID());
	test_equal(CFArrayGetCount(operations), 9);
	test_true(CFEqual(CFArrayGetValueAtIndex(operations, 0), CFSTR("add")));
	test_true(CFEqual(CFArrayGetValueAtIndex(operations, 8), CFSTR("opens")));
	CFRelease(operations);
	IOObjectRelease(s);
	world_stop();
}

TEST_MAIN
