// SPDX-License-Identifier: MIT
/* Memory types of the Mirror driver: shared both ways, read-only, refused. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { CHECKSUM, FILL };

static uint32_t crc32_of(const unsigned char *p, size_t n)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

static unsigned char *map(io_connect_t c, uint32_t type, mach_vm_size_t expected)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	test_equal_error(
		IOConnectMapMemory64(c, type, mach_task_self(), &address, &size, kIOMapAnywhere),
		0);
	test_equal(size, expected);
	test_equal(address & 4095, 0);
	return (unsigned char *)(uintptr_t)address;
}

TEST(spec_l11_memory_is_shared_both_ways)
{
	world_start();
	io_connect_t c = world_open("MirrorDriver", 0);
	unsigned char *p = map(c, 0, 1 << 20);
	uint64_t in[3] = { 100, 50, 0x5a }, out[1] = { 0 };
	uint32_t n = 1, none = 0;

	test_equal(p[0], 0);
	memcpy(p, "123456789", 9);
	in[0] = 0;
	in[1] = 9;
	test_equal_error(IOConnectCallScalarMethod(c, CHECKSUM, in, 2, out, &n), 0);
	test_equal(out[0], 0xcbf43926);
	in[0] = 1000;
	in[1] = 50;
	test_equal_error(IOConnectCallScalarMethod(c, FILL, in, 3, NULL, &none), 0);
	test_equal(p[999], 0);
	test_equal(p[1000], 0x5a);
	test_equal(p[1049], 0x5a);
	test_equal(p[1050], 0);
	in[0] = 0;
	in[1] = 1 << 20;
	test_equal_error(IOConnectCallScalarMethod(c, CHECKSUM, in, 2, out, &n), 0);
	test_equal(out[0], crc32_of(p, 1 << 20));
	in[1] = (1 << 20) + 1;
	test_equal_error(IOConnectCallScalarMethod(c, CHECKSUM, in, 2, out, &n),
			 kIOReturnBadArgument);
	in[0] = UINT64_MAX;
	in[1] = 2;
	test_equal_error(IOConnectCallScalarMethod(c, CHECKSUM, in, 2, out, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectUnmapMemory64(c, 0, mach_task_self(), (uintptr_t)p), 0);
	IOServiceClose(c);
	world_stop();
}

TEST(buffers_of_two_connections_are_private)
{
	world_start();
	io_connect_t a = world_open("MirrorDriver", 0), b = world_open("MirrorDriver", 0);
	unsigned char *pa = map(a, 0, 1 << 20), *pb = map(b, 0, 1 << 20);

	pa[5] = 1;
	test_equal(pb[5], 0);
	test_true(pa != pb);
	IOServiceClose(a);
	IOServiceClose(b);
	world_stop();
}

TEST(the_shared_counter_rises)
{
	world_start();
	io_connect_t a = world_open("MirrorDriver", 0), b = world_open("MirrorDriver", 0);
	const _Atomic uint64_t *pa = (void *)map(a, 1, 64 << 10), *pb = (void *)map(b, 1, 64 << 10);
	uint64_t first = atomic_load(pa);

	while (atomic_load(pa) == first)
		usleep(200);
	test_true(atomic_load(pb) > first);
	IOServiceClose(a);
	IOServiceClose(b);
	world_stop();
}

/* Mappings of shared memory. */
static int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "/memfd:") != NULL;
	fclose(maps);
	return n;
}

TEST(open_map_unmap_close_cycles_leave_nothing)
{
	world_start();
	int cycles = test_is_slow() ? 100 : 1000, maps = 0;

	for (int i = 0; i < cycles; i++) {
		io_connect_t c = world_open("MirrorDriver", 0);
		unsigned char *p = map(c, 0, 1 << 20);

		p[i] = 1;
		if (i & 1)
			IOConnectUnmapMemory64(c, 0, mach_task_self(), (uintptr_t)p);
		IOServiceClose(c);
		if (i == 10)
			maps = count_maps();
	}
	/* The last connections' own may still be there when drivers run here. */
	test_true(count_maps() <= maps + 10);
	world_stop();
}

static void *map_until_closed(void *context)
{
	io_connect_t c = *(io_connect_t *)context;
	mach_vm_address_t at = 0;
	mach_vm_size_t size = 0;

	while (!IOConnectMapMemory64(c, 1, mach_task_self(), &at, &size, kIOMapAnywhere))
		;
	return NULL;
}

TEST(a_close_on_one_thread_ends_the_maps_of_another)
{
	world_start();
	for (int i = 0; i < (test_is_slow() ? 50 : 300); i++) {
		io_connect_t c = world_open("MirrorDriver", 0);
		pthread_t thread;

		test_equal(pthread_create(&thread, NULL, map_until_closed, &c), 0);
		test_equal_error(IOServiceClose(c), 0);
		pthread_join(thread, NULL);
	}
	world_stop();
}

TEST_MAIN
