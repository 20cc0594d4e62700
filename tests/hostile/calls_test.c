// SPDX-License-Identifier: MIT
/* Calls with selectors, counts, sizes and pointers that are none. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mach/mach.h>

#include "Hostile.h"
#include "Methods.h"
#include "Queue.h"
#include "arena.h"

static const uint32_t edges[] = { 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
enum { EDGES = sizeof(edges) / sizeof(*edges) };

static uint64_t entered(io_connect_t c, uint32_t selector, uint32_t n_out, unsigned which)
{
	uint64_t out[16];

	test_equal_error(IOConnectCallScalarMethod(c, selector, NULL, 0, out, &n_out), 0);
	return out[which];
}

/* --- P-A1 ------------------------------------------------------------------------------------------ */

static void call_beyond(uint32_t type, uint32_t first, kern_return_t expected)
{
	io_connect_t c = world_open("MethodsDriver", type);

	for (uint32_t i = 0; i < 8 + EDGES; i++) {
		uint32_t selector = i < 8 ? first + i : edges[i - 8];
		uint64_t in[16] = { 0 }, out[16] = { 0 };
		uint32_t n = 16;
		size_t size = sizeof(out);

		test_equal_error(IOConnectCallMethod(c, selector, in, 16, in, sizeof(in), out, &n,
						     out, &size),
				 expected);
		test_equal_error(
			IOConnectCallMethod(c, selector, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL),
			expected);
	}
	IOServiceClose(c);
}

HOSTILE(P_A1, selectors_that_are_none)
{
	arena_begin("Methods.dext", NULL);
	io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);
	uint64_t before = entered(c, METHODS_COUNTS, METHODS_N, METHODS_N_ENTERED);

	call_beyond(METHODS_TABLE, METHODS_SELECTORS, kIOReturnBadArgument);
	call_beyond(METHODS_2022, METHODS_2022_NULL + 1, kIOReturnBadArgument);
	call_beyond(METHODS_LEGACY, 1000, kIOReturnUnsupported);
	call_beyond(METHODS_LEGACY_OLD, 1000, kIOReturnUnsupported);
	call_beyond(METHODS_BASE, 0, kIOReturnUnsupported);
	for (uint32_t i = 0; i < EDGES; i++)
		test_equal(IOConnectTrap6(c, edges[i], 1, 2, 3, 4, 5, 6), 0); /* as on macOS */
	/* No function but the one that counts. */
	test_equal(entered(c, METHODS_COUNTS, METHODS_N, METHODS_N_ENTERED), before + 1);
	IOServiceClose(c);
	arena_end();
}

/* --- P-A2 ------------------------------------------------------------------------------------------ */

/* SUM {2,0,1,0} and COPY {0,16,0,16}: which counts get in, and nothing is written behind what was given. */
static void try_counts(io_connect_t c, uint32_t selector, uint32_t n_in, size_t in, uint32_t n_out,
		       size_t out)
{
	static uint64_t scalars[32];
	static uint8_t structure[(1 << 20) + 1];
	uint64_t *scalars_out = arena_guarded(n_out * sizeof(uint64_t));
	uint8_t *structure_out = arena_guarded(out);
	bool fits = selector == HOSTILE_SUM ? n_in == 2 && !in && n_out == 1 && !out
					    : !n_in && in == 16 && !n_out && out == 16;
	uint32_t n = n_out;
	size_t size = out;
	uint64_t before = entered(c, HOSTILE_ENTERED, 1, 0);
	kern_return_t status =
		IOConnectCallMethod(c, selector, scalars, n_in, structure, in, scalars_out, &n,
				    out ? structure_out : NULL, &size);

	test_equal_error(status, fits ? 0 : kIOReturnBadArgument);
	test_equal(entered(c, HOSTILE_ENTERED, 1, 0), before + fits);
	arena_guarded_free(scalars_out, n_out * sizeof(uint64_t));
	arena_guarded_free(structure_out, out);
}

HOSTILE(P_A2, counts_and_sizes_that_do_not_match)
{
	static const size_t sizes[] = { 0, 15, 16, 17, 4095, 4096, 4097, 1 << 20 };

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);

	for (uint32_t selector = HOSTILE_SUM; selector <= HOSTILE_COPY; selector++) {
		for (uint32_t n = 0; n <= 16; n++) {
			try_counts(c, selector, n, 0, 1, 0);
			try_counts(c, selector, 2, 0, n, 0);
			try_counts(c, selector, n, 16, 0, 16);
			try_counts(c, selector, 0, 16, n, 16);
		}
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			try_counts(c, selector, 0, sizes[i], 0, 16);
			try_counts(c, selector, 0, 16, 0, sizes[i]);
			try_counts(c, selector, 2, sizes[i], 1, 0);
		}
	}
	for (int i = 0; i < 2; i++) {
		uint64_t in[2] = { 0 }, out = 0;
		uint32_t n = i ? UINT32_MAX : 17;

		test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_SUM, in, i ? UINT32_MAX : 17,
							   &out, &n),
				 MIG_ARRAY_TOO_LARGE); /* never leaves the client */
	}
	IOServiceClose(c);
	arena_end();
}

/* What the driver fills is what was given, to the last byte and no further. */
HOSTILE(P_A2, outputs_end_where_the_buffers_end)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 48, 4095, 4096, 4097, 9000, 1 << 20 };

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);

	for (int round = 0; round < 2; round++) /* by the socket, and by slots */
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			uint8_t *in = arena_guarded(sizes[i]), *out = arena_guarded(sizes[i]);
			uint64_t *scalars = arena_guarded(3 * sizeof(uint64_t));
			uint32_t n = 3;
			size_t size = sizes[i];

			test_equal_error(IOConnectCallMethod(c, HOSTILE_ANY, NULL, 0, in, sizes[i],
							     scalars, &n, out, &size),
					 0);
			test_equal(size, sizes[i]);
			test_equal(out[0], 0x3c);
			test_equal(out[size - 1], 0x3c);
			arena_guarded_free(scalars, 3 * sizeof(uint64_t));
			arena_guarded_free(out, sizes[i]);
			arena_guarded_free(in, sizes[i]);
		}
	IOServiceClose(c);
	arena_end();
}

/* --- P-A3 ------------------------------------------------------------------------------------------ */

/* A queue there is has room for what it says; one that cannot be is refused. */
static void try_queue(uint64_t kind, uint64_t a, uint64_t b)
{
	io_connect_t c = world_open("QueueDriver", 0);
	uint64_t in[3] = { kind, a, b }, out[2] = { 0 }, stored = 0;
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	uint32_t n = 2;

	test_equal_error(IOConnectCallScalarMethod(c, QUEUE_CREATE, in, 3, out, &n), 0);
	bool by_entries = kind == QUEUE_SHARED_ENTRIES || kind == QUEUE_PLAIN_ENTRIES;
	uint64_t bytes = by_entries ? a * (b + 4) : a; /* exact: both have 32 bits */
	if (out[0]) {
		test_true(out[1] >= bytes || by_entries);
		test_true(bytes <= UINT32_MAX);
		test_equal_error(IOConnectMapMemory64(c, 0, mach_task_self(), &address, &size,
						      kIOMapAnywhere),
				 0);
		test_true(size >= out[1] + 12);
		n = 1;
		test_equal_error(IOConnectCallMethod(c, QUEUE_ENQUEUE, NULL, 0, "12345678", 8,
						     &stored, &n, NULL, NULL),
				 0);
		test_equal(stored, out[1] >= 12);
	}
	IOServiceClose(c);
}

HOSTILE(P_A3, queues_whose_size_does_not_fit)
{
	static const uint32_t pairs[][2] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 0, 1 },
		{ 1, 0xffffffff },
		{ 0xffffffff, 1 },
		{ 0xffffffff, 0xffffffff },
		{ 0x10000, 0x10000 },
		{ 0x10000, 0xfffc },
		{ 0x40000000, 0 },
		{ 0x3fffffff, 0 },
		{ 0x20000000, 4 },
		{ 1, 0xfffffffb },
		{ 1, 0xfffffffc },
		{ 0x10001, 0xfffd },
		{ 2, 0x7ffffffc },
		{ 0x80000000, 2 },
		{ 0x33333334, 1 },
		{ 16, 16 },
	};

	arena_begin("Queue.dext", NULL);
	arena_audit();
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		for (uint64_t kind = QUEUE_SHARED; kind <= QUEUE_PLAIN_ENTRIES; kind++) {
			/* One that is possible and would fill the machine proves nothing. */
			uint64_t bytes = kind == QUEUE_SHARED || kind == QUEUE_PLAIN
					       ? pairs[i][0]
					       : (uint64_t)pairs[i][0] * (pairs[i][1] + 4ull);
			if (bytes < 64 << 20 || bytes > UINT32_MAX - 64)
				try_queue(kind, pairs[i][0], pairs[i][1]);
		}
	arena_end();
}

/* --- P-A4 ------------------------------------------------------------------------------------------ */

static void call_with_nulls(io_connect_t c)
{
	uint64_t scalars[2] = { 1, 2 };
	uint32_t n = 1;
	size_t size = 16;

	test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_SUM, NULL, 2, scalars, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_SUM, scalars, 2, NULL, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, HOSTILE_SUM, scalars, 2, scalars, NULL),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, HOSTILE_COPY, NULL, 16, scalars, &size),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, HOSTILE_COPY, scalars, 16, NULL, &size),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, HOSTILE_COPY, scalars, 16, scalars, NULL),
			 kIOReturnBadArgument);
	size = 1 << 20;
	test_equal_error(IOConnectCallStructMethod(c, HOSTILE_COPY, NULL, 1 << 20, NULL, &size),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(c, 0, mach_task_self(), NULL, NULL, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectGetService(c, NULL), kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperties(c, NULL), kIOReturnUnsupported);
}

HOSTILE(P_A4, null_pointers_with_counts)
{
	io_service_t service;

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);
	for (int i = 0; i < 16; i++)
		call_with_nulls(c);
	service = world_service("HostileDriver");
	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, NULL), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetName(service, NULL), kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetRegistryEntryID(service, NULL), kIOReturnBadArgument);
	IOObjectRelease(service);
	IOServiceClose(c);
	arena_end();
}

/* --- P-A6 ------------------------------------------------------------------------------------------ */

static void take_part(io_connect_t c, size_t room, uint64_t written, uint64_t reported)
{
	uint64_t in[2] = { written, reported };
	uint8_t *out = arena_guarded(room);
	size_t size = room;

	memset(out, 0xa5, room);
	test_equal_error(
		IOConnectCallMethod(c, HOSTILE_PART, in, 2, NULL, 0, NULL, NULL, out, &size), 0);
	test_equal(size, reported);
	for (size_t i = 0; i < room; i++)
		if (i < written && i < reported)
			test_equal(out[i], 0x3c);
		else
			test_true(out[i] == 0xa5 || out[i] == 0);
	arena_guarded_free(out, room);
}

HOSTILE(P_A6, outputs_that_are_written_in_part)
{
	static const size_t rooms[] = { 2, 64, 4096, 8192, 100000 };

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0), other = world_open("HostileDriver", 0);

	for (int round = 0; round < 12; round++)
		for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
			size_t room = rooms[i], size = room;
			uint8_t *full = malloc(room);

			/* What another got must not show. */
			test_equal_error(IOConnectCallMethod(other, HOSTILE_ANY, NULL, 0, NULL, 0,
							     NULL, NULL, full, &size),
					 0);
			free(full);
			take_part(c, room, room / 2, room / 2);
			take_part(c, room, room / 2, room);
			take_part(c, room, 0, room);
			take_part(c, room, room, room / 2);
			take_part(c, room, 0, 0);
		}
	IOServiceClose(other);
	IOServiceClose(c);
	arena_end();
}

/* Nothing of the host's comes along but what the driver has put where outputs belong. */
HOSTILE(P_A6, outputs_that_are_elsewhere)
{
	static const size_t rooms[] = { 2, 64, 4096, 8192, 100000 };

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);

	for (int round = 0; round < 12; round++)
		for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
			size_t size = rooms[i];
			uint8_t *out = malloc(size);
			uint64_t scalars[16];
			uint32_t n = 16;

			memset(out, 0xa5, size);
			memset(scalars, 0xa5, sizeof(scalars));
			test_equal_error(IOConnectCallMethod(c, HOSTILE_ELSEWHERE, NULL, 0, NULL, 0,
							     scalars, &n, out, &size),
					 0);
			test_equal(size, rooms[i]);
			for (size_t at = 0; at < size; at++)
				test_equal(out[at], 0);
			for (uint32_t at = 0; at < n; at++)
				test_equal(scalars[at], 0);
			free(out);
		}
	IOServiceClose(c);
	arena_end();
}

TEST_MAIN
