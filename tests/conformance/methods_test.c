// SPDX-License-Identifier: MIT
/* J: external methods and traps. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "methods.h"
#include "test.h"
#include "world.h"

static io_connect_t c;

static void begin(uint32_t type)
{
	methods_start();
	c = methods_open(type);
}

static void end(void)
{
	IOServiceClose(c);
	world_stop();
}

static kern_return_t sum_with(uint32_t n_in, uint32_t n_out)
{
	uint64_t in[16] = { 2, 3 }, out[16] = { 0 };

	return IOConnectCallScalarMethod(c, METHODS_SUM, in, n_in, out, &n_out);
}

TEST(J01)
{
	begin(METHODS_TABLE);
	test_equal_error(sum_with(2, 1), 0);
	test_equal_error(sum_with(1, 1), kIOReturnBadArgument);
	test_equal_error(sum_with(3, 1), kIOReturnBadArgument);
	test_equal_error(sum_with(2, 0), kIOReturnBadArgument);
	end();
}

TEST(J01_a_structure_where_none_is_expected)
{
	uint64_t in[2] = { 2, 3 }, out = 0;
	char bytes[5000] = { 0 };
	uint32_t n = 1;
	size_t size = 1;

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallMethod(c, METHODS_SUM, in, 2, bytes, 1, &out, &n, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(
		IOConnectCallMethod(c, METHODS_SUM, in, 2, NULL, 0, &out, &n, bytes, &size),
		kIOReturnBadArgument);
	/* by descriptor, the length of which counts */
	test_equal_error(IOConnectCallMethod(c, METHODS_SUM, in, 2, bytes, sizeof(bytes), &out, &n,
					     NULL, NULL),
			 kIOReturnBadArgument);
	end();
}

static kern_return_t copy16(size_t in_size, size_t out_size)
{
	char in[32] = "0123456789abcdef", out[32] = "";
	size_t n = out_size;
	kern_return_t result = IOConnectCallStructMethod(c, METHODS_COPY16, in, in_size, out, &n);

	if (!result)
		test_equal_text(out, "0123456789abcdef");
	return result;
}

TEST(J02_variable_counts_and_sizes)
{
	static char bytes[6000];
	uint64_t in[16] = { 0 }, out[16];

	begin(METHODS_TABLE);
	for (uint32_t i = 0; i <= 16; i += 4) {
		size_t sizes[] = { i, 4096, 4097, 6000 };
		uint32_t n = 16 - i;

		for (size_t k = 0; k < 4; k++) {
			size_t size = sizes[3 - k];

			test_equal_error(IOConnectCallMethod(c, METHODS_LOOK, in, i, bytes,
							     sizes[k], out, &n, bytes, &size),
					 0);
			test_equal(methods_saw(c, METHODS_SEEN_SCALARS), i);
			test_equal(methods_saw(c, METHODS_SEEN_SIZE) +
					   methods_saw(c, METHODS_SEEN_DESCRIPTOR_LENGTH),
				   sizes[k]);
			test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_SIZE) +
					   methods_saw(c, METHODS_SEEN_OUTPUT_DESCRIPTOR_LENGTH),
				   sizes[3 - k]);
		}
	}
	end();
}

TEST(J03)
{
	begin(METHODS_TABLE);
	test_equal_error(copy16(16, 16), 0);
	test_equal_error(copy16(15, 16), kIOReturnBadArgument);
	test_equal_error(copy16(17, 16), kIOReturnBadArgument);
	test_equal_error(copy16(16, 15), kIOReturnBadArgument);
	test_equal_error(copy16(16, 17), kIOReturnBadArgument);
	end();
}

TEST(J04)
{
	char bytes[4097] = { 0 };

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, bytes, 4096, NULL, NULL), 0);
	test_equal(methods_saw(c, METHODS_SEEN_STRUCTURE), true);
	test_equal(methods_saw(c, METHODS_SEEN_SIZE), 4096);
	test_equal(methods_saw(c, METHODS_SEEN_DESCRIPTOR), false);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, bytes, 4097, NULL, NULL), 0);
	test_equal(methods_saw(c, METHODS_SEEN_STRUCTURE), false);
	test_equal(methods_saw(c, METHODS_SEEN_SIZE), 0);
	test_equal(methods_saw(c, METHODS_SEEN_DESCRIPTOR), true);
	test_equal(methods_saw(c, METHODS_SEEN_DESCRIPTOR_LENGTH), 4097);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, NULL, 0, NULL, NULL), 0);
	test_equal(methods_saw(c, METHODS_SEEN_STRUCTURE), false);
	test_equal(methods_saw(c, METHODS_SEEN_DESCRIPTOR), false);
	test_equal(methods_saw(c, METHODS_SEEN_VERSION), 2);
	end();
}

TEST(J05)
{
	uint64_t in[2] = { 0x5a, 4096 };
	unsigned char bytes[4097] = { 0 };
	size_t n = 4097;

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, NULL, 0, bytes, &n), 0);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT), false);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_SIZE), 0);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_DESCRIPTOR), true);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_DESCRIPTOR_LENGTH), 4097);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_DESCRIPTOR_SIZE), 4097);
	test_equal(n, 4097);
	test_equal_error(
		IOConnectCallMethod(c, METHODS_FILL_MEMORY, in, 2, NULL, 0, NULL, NULL, bytes, &n),
		0);
	test_equal(n, 4096); /* as the driver says */
	test_equal(bytes[0], 0x5a);
	test_equal(bytes[4095], 0x5a);
	n = 4096;
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, NULL, 0, bytes, &n), 0);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_DESCRIPTOR), false);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_SIZE), 4096);
	end();
}

TEST(J06)
{
	uint64_t in[17] = { 0 };

	begin(METHODS_TABLE);
	uint64_t before = methods_count(c, METHODS_N_ENTERED);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_LOOK, in, 17, NULL, NULL),
			 MIG_ARRAY_TOO_LARGE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_LOOK, in, UINT32_MAX, NULL, NULL),
			 MIG_ARRAY_TOO_LARGE);
	test_equal(methods_count(c, METHODS_N_ENTERED), before + 1); /* this question alone */
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_LOOK, in, 16, NULL, NULL), 0);
	test_equal(methods_saw(c, METHODS_SEEN_SCALARS), 16);
	end();
}

TEST(J07)
{
	uint64_t out[20];
	uint32_t n = 20;

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_LOOK, NULL, 0, out, &n), 0);
	test_equal(n, 16);
	test_equal(methods_saw(c, METHODS_SEEN_SCALARS_OUT), 16);
	end();
}

TEST(J08_fewer_scalars_than_asked_for)
{
	uint64_t in[2] = { 2, 0 }, out[4] = { 7, 7, 7, 7 };
	uint32_t n = 4;

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_PRODUCE, in, 2, out, &n), 0);
	test_equal(n, 2);
	test_equal(out[1], 0x55);
	test_equal(out[2], 7); /* beyond what came back nothing changes */
	in[0] = 0;
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_PRODUCE, in, 2, out, &n), 0);
	test_equal(n, 0);
	end();
}

TEST(J09)
{
	uint64_t out[3] = { 7, 7, 7 };
	unsigned char bytes[8] = "xxxxxxx";
	uint32_t n = 2;
	size_t size = 4;

	begin(METHODS_TABLE);
	test_equal_error(
		IOConnectCallMethod(c, METHODS_LOOK, NULL, 0, NULL, 0, out, &n, bytes, &size), 0);
	test_equal(n, 2);
	test_equal(out[0] | out[1], 0);
	test_equal(out[2], 7);
	test_equal(size, 4);
	test_equal(bytes[0] | bytes[3], 0); /* and so are structures here */
	test_equal(bytes[4], 'x');
	end();
}

TEST(J10)
{
	uint64_t in[2] = { 0, 3 };
	char bytes[9] = "xxxxxxxx";
	size_t n = 8;

	begin(METHODS_TABLE);
	test_equal_error(
		IOConnectCallMethod(c, METHODS_PRODUCE, in, 2, NULL, 0, NULL, NULL, bytes, &n), 0);
	test_equal(n, 3);
	test_equal_text(bytes, "UUUxxxxx");
	end();
}

TEST(J11)
{
	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_LOOK, NULL, 0, NULL, NULL), 0);
	test_equal(methods_saw(c, METHODS_SEEN_SCALARS_OUT), 0);
	end();
}

TEST(J12)
{
	char bytes[8];

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, NULL, 0, bytes, NULL), 0);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_SIZE), 0);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT), false);
	test_equal(methods_saw(c, METHODS_SEEN_OUTPUT_DESCRIPTOR), false);
	end();
}

TEST(J13)
{
	char bytes[8];
	size_t n = 5000000000;

	begin(METHODS_TABLE);
	uint64_t calls = methods_saw(c, METHODS_SEEN_CALLS);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, NULL, 0, bytes, &n),
			 kIOReturnIPCError);
	test_equal(n, 5000000000);
	test_equal(methods_saw(c, METHODS_SEEN_CALLS), calls);
	end();
}

/* A call of the 2022 table. */
static kern_return_t call_2022(uint32_t selector, uint32_t n_in, bool async, mach_port_t wake)
{
	uint64_t in[3] = { 2, 3, 4 }, out = 0, reference[3] = { 0 };
	uint32_t n = 1;

	return async ? IOConnectCallAsyncScalarMethod(c, selector, wake, reference, 3, in, n_in,
						      &out, &n)
		     : IOConnectCallScalarMethod(c, selector, in, n_in, &out, &n);
}

TEST(J14_the_2022_table)
{
	begin(METHODS_2022);
	test_equal_error(call_2022(METHODS_2022_SYNC, 2, false, 0), 0);
	test_equal_error(call_2022(METHODS_2022_SYNC, 1, false, 0), kIOReturnBadArgument);
	test_equal_error(call_2022(4, 2, false, 0), kIOReturnBadArgument); /* beyond its end */
	test_equal_error(call_2022(UINT32_MAX, 2, false, 0), kIOReturnBadArgument);
	io_connect_t plain = methods_open(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(plain, METHODS_NULL_TABLE, NULL, 0, NULL, NULL),
			 kIOReturnError);
	test_equal_error(
		IOConnectCallScalarMethod(plain, METHODS_OUT_OF_TABLE, NULL, 0, NULL, NULL),
		kIOReturnBadArgument);
	IOServiceClose(plain);
	end();
}

TEST(J15)
{
	mach_port_t port = 0;

	begin(METHODS_2022);
	test_equal(IOCreateReceivePort(kOSAsyncCompleteMessageID, &port), 0);
	test_equal_error(call_2022(METHODS_2022_SYNC, 2, true, port), kIOReturnBadArgument);
	test_equal_error(call_2022(METHODS_2022_SYNC, 2, true, 0), 0);
	test_equal_error(call_2022(METHODS_2022_ASYNC, 2, true, port), 0);
	test_equal_error(call_2022(METHODS_2022_ASYNC, 2, false, 0), 0); /* nobody minds */
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	end();
}

TEST(J16_check_entitlement)
{
	mach_port_t port = 0;

	begin(METHODS_2022);
	test_equal_error(call_2022(METHODS_2022_NEEDS, 2, false, 0), kIOReturnNotPrivileged);
	/* sizes come first, then allowAsync */
	test_equal_error(call_2022(METHODS_2022_NEEDS, 1, false, 0), kIOReturnBadArgument);
	test_equal(IOCreateReceivePort(kOSAsyncCompleteMessageID, &port), 0);
	test_equal_error(call_2022(METHODS_2022_NEEDS, 2, true, port), kIOReturnBadArgument);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	end();
}

TEST(J17)
{
	uint64_t in[2] = { 0 };

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_NULL, in, 1, NULL, NULL),
			 kIOReturnNoCompletion);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_NULL, in, 2, NULL, NULL),
			 kIOReturnBadArgument);
	io_connect_t other = methods_open(METHODS_2022);
	IOServiceClose(c);
	c = other;
	test_equal_error(call_2022(METHODS_2022_NULL, 2, false, 0), kIOReturnNoCompletion);
	end();
}

TEST(J18)
{
	static char bytes[5000];
	size_t n = sizeof(bytes);

	begin(METHODS_BASE);
	test_equal_error(IOConnectCallScalarMethod(c, 0, NULL, 0, NULL, NULL),
			 kIOReturnUnsupported);
	test_equal_error(IOConnectCallStructMethod(c, 0, bytes, 4096, NULL, NULL),
			 kIOReturnUnsupported);
	test_equal_error(IOConnectCallStructMethod(c, 0, bytes, 4097, NULL, NULL),
			 kIOReturnIPCError);
	test_equal_error(IOConnectCallStructMethod(c, 0, NULL, 0, bytes, &n), kIOReturnIPCError);
	end();
}

/* Legacy tables, with a target of the client's choice and with one of the method's. */
static void check_legacy_scalars(void)
{
	uint64_t in[7] = { 2, 0xffffffff00000003, 3, 4, 5, 6, 7 }, out[2] = { 0 };
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, out, &n), 0);
	test_equal(out[0], 5); /* cut to 32 bits */
	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 1, out, &n), kIOReturnBadArgument);
	n = 2;
	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, out, &n), kIOReturnBadArgument);
	n = 1;
	test_equal_error(IOConnectCallScalarMethod(c, 5, in, 2, out, &n), kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, 6, in, 2, out, &n), 0); /* foreground */
	test_equal_error(IOConnectCallScalarMethod(c, 7, in, 2, out, &n), kIOReturnUnsupported);
}

static void check_legacy_structures(void)
{
	uint64_t in = 0x41;
	char bytes[9] = "abcdefgh", back[9] = "";
	size_t n = 8;

	test_equal_error(IOConnectCallMethod(c, 2, &in, 1, NULL, 0, NULL, NULL, back, &n), 0);
	test_equal(n, 4);
	test_equal_text(back, "AAAA");
	n = 8;
	test_equal_error(IOConnectCallStructMethod(c, 3, bytes, 8, back, &n), 0);
	test_equal_text(back, "hgfedcba");
	n = 3;
	test_equal_error(IOConnectCallStructMethod(c, 3, bytes, 8, back, &n), kIOReturnNoSpace);
	test_equal_error(IOConnectCallMethod(c, 4, &in, 1, "\1\2\3\4", 4, NULL, NULL, NULL, NULL),
			 0x41 + 10);
	test_equal_error(IOConnectCallMethod(c, 4, &in, 1, bytes, 5, NULL, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	static char large[5000];
	test_equal_error(IOConnectCallStructMethod(c, 3, large, sizeof(large), back, &n),
			 kIOReturnIPCError);
}

TEST(J18_legacy_tables)
{
	uint64_t in[6] = { 1, 2, 3, 4, 5, 6 };

	begin(METHODS_LEGACY);
	check_legacy_scalars();
	check_legacy_structures();
	test_equal_error(IOConnectCallScalarMethod(c, 1, in, 6, NULL, NULL), 654321);
	test_equal_error(IOConnectTrap6(c, METHODS_TRAP_SUM, 1, 2, 3, 4, 5, 6), 21);
	end();
}

TEST(J18_older_legacy_tables)
{
	uint64_t in[6] = { 1, 2, 3, 4, 5, 6 };

	begin(METHODS_LEGACY_OLD);
	check_legacy_scalars();
	check_legacy_structures();
	/* a method without an object */
	test_equal_error(IOConnectCallScalarMethod(c, 1, in, 6, NULL, NULL), kIOReturnUnsupported);
	test_equal_error(IOConnectTrap6(c, METHODS_TRAP_SUM, 1, 2, 3, 4, 5, 6), 21);
	end();
}

static kern_return_t variable(uint64_t size, uint64_t status, unsigned char **ret_bytes,
			      size_t *ret_size)
{
	uint64_t in[2] = { size, status };
	void *bytes = (void *)1;
	size_t n = (size_t)kIOConnectMethodVarOutputSize;
	kern_return_t result =
		IOConnectCallMethod(c, METHODS_VARIABLE, in, 2, NULL, 0, NULL, NULL, &bytes, &n);

	*ret_bytes = bytes;
	*ret_size = n;
	return result;
}

TEST(J19)
{
	unsigned char *bytes;
	size_t n;

	begin(METHODS_TABLE);
	test_equal_error(variable(10000, 0, &bytes, &n), 0);
	test_equal(n, 10000);
	test_equal(bytes[9999], (unsigned char)9999);
	test_equal_error(vm_deallocate(mach_task_self(), (vm_address_t)bytes, n), 0);
	unsigned char page;
	test_true(mincore((void *)((uintptr_t)bytes & ~(uintptr_t)4095), 1, &page) != 0);
	test_equal_error(variable(UINT64_MAX, 0, &bytes, &n), kIOReturnUnderrun);
	test_equal(bytes, NULL);
	test_equal(n, 0);
	test_equal_error(variable(10000, kIOReturnNoDevice, &bytes, &n), kIOReturnNoDevice);
	test_equal(bytes, NULL);
	test_equal(n, 0);
	test_equal_error(IOConnectCallMethod(c, METHODS_LOOK, NULL, 0, NULL, 0, NULL, NULL, &bytes,
					     &(size_t){ (size_t)-3 }),
			 kIOReturnUnderrun);
	test_equal(methods_saw(c, METHODS_SEEN_VARIABLE), true);
	end();
}

TEST(J20)
{
	static const uint32_t codes[] = { 0x12345678, 1, 0xe00002c5, 0x10000003, 0xffffffff };

	begin(METHODS_TABLE);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		uint64_t in = codes[i];

		test_equal_error(IOConnectCallScalarMethod(c, METHODS_RETURN, &in, 1, NULL, NULL),
				 codes[i]);
	}
	test_equal_error(sum_with(2, 1), 0); /* whatever it looks like, it was the driver's */
	end();
}

struct repeat {
	pthread_t thread;
	uint64_t most;
};

static void *pass_often(void *context)
{
	struct repeat *repeat = context;

	for (int i = 0; i < 100; i++)
		repeat->most = methods_ask(c, METHODS_PASS);
	return NULL;
}

TEST(J21)
{
	struct repeat repeats[6];
	struct methods_caller one, two;

	begin(METHODS_TABLE);
	methods_begin(&one, c, METHODS_MEET); /* returns when both are inside */
	methods_begin(&two, c, METHODS_MEET);
	test_equal_error(methods_end(&one), 0);
	test_equal_error(methods_end(&two), 0);
	IOServiceClose(c);
	c = methods_open(METHODS_ALONE);
	for (int i = 0; i < 6; i++)
		test_equal(pthread_create(&repeats[i].thread, NULL, pass_often, &repeats[i]), 0);
	for (int i = 0; i < 6; i++) {
		pthread_join(repeats[i].thread, NULL);
		test_equal(repeats[i].most, 1);
	}
	end();
}

TEST(J21_without_locking)
{
	struct methods_caller one, two;
	mach_vm_address_t address = 0;
	mach_vm_size_t size;

	begin(METHODS_UNLOCKED);
	io_connect_t other = methods_open(METHODS_TABLE);
	methods_begin(&one, c, METHODS_MEET);
	methods_begin(&two, c, METHODS_MEET);
	test_equal_error(methods_end(&one), 0);
	test_equal_error(methods_end(&two), 0);
	/* neither memory nor a close waits for a method */
	methods_begin(&one, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	test_equal_error(IOConnectMapMemory64(c, METHODS_MEMORY, mach_task_self(), &address, &size,
					      kIOMapAnywhere),
			 0);
	uint64_t closes = methods_count(other, METHODS_N_CLOSES);
	uint64_t stops = methods_count(other, METHODS_N_STOPS);
	test_equal_error(IOServiceClose(c), 0);
	test_equal(methods_count(other, METHODS_N_CLOSES), closes + 1);
	/* but the end does, and others can open meanwhile */
	IOServiceClose(methods_open(METHODS_TABLE));
	methods_await(other, METHODS_N_STOPS, stops + 1);
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	methods_await(other, METHODS_N_STOPS, stops + 2);
	methods_end(&one);
	c = other;
	end();
}

static void *close_it(void *context)
{
	test_equal_error(IOServiceClose(*(io_connect_t *)context), 0);
	return NULL;
}

TEST(J22)
{
	struct methods_caller holding;
	pthread_t closing;

	begin(METHODS_TABLE);
	io_connect_t other = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(other, METHODS_N_CLOSES);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	test_equal(pthread_create(&closing, NULL, close_it, &c), 0);
	for (int i = 0; i < 20; i++)
		test_equal(methods_count(other, METHODS_N_CLOSES), closes);
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	pthread_join(closing, NULL);
	test_equal_error(methods_end(&holding), 0);
	test_equal(methods_count(other, METHODS_N_CLOSES), closes + 1);
	test_equal(methods_count(other, METHODS_N_OVERLAPS), 0);
	c = other;
	end();
}

TEST(J23)
{
	uint64_t out[4];
	uint32_t n = 4;

	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	test_equal_error(IOConnectCallMethod(0, 0, NULL, 0, NULL, 0, out, &n, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectCallScalarMethod(MACH_PORT_DEAD, 0, NULL, 0, out, &n),
			 MACH_SEND_INVALID_DEST);
	test_equal_error(IOConnectCallScalarMethod(s, 0, NULL, 0, out, &n), kIOReturnBadArgument);
	test_equal(n, 4);
	IOObjectRelease(s);
	end();
}

TEST(J24_traps_that_are_not_there)
{
	begin(METHODS_TABLE);
	io_service_t s = world_service("MethodsDriver");
	test_equal_error(IOConnectTrap0(c, 99), 0);
	test_equal_error(IOConnectTrap1(c, METHODS_TRAP_NULL, 1), 0);
	test_equal_error(IOConnectTrap1(c, METHODS_TRAP_NO_TARGET, 1), 0);
	test_equal_error(IOConnectTrap0(0, METHODS_TRAP_SUM), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap0(MACH_PORT_DEAD, METHODS_TRAP_SUM), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap0(0x1234567, METHODS_TRAP_SUM), kIOReturnBadArgument);
	test_equal_error(IOConnectTrap0(s, METHODS_TRAP_SUM), kIOReturnBadArgument);
	IOObjectRelease(s);
	end();
}

TEST(J25)
{
	begin(METHODS_TABLE);
	test_equal(IOConnectTrap0(c, METHODS_TRAP_SUM), 0);
	test_equal(IOConnectTrap1(c, METHODS_TRAP_SUM, 1), 1);
	test_equal(IOConnectTrap2(c, METHODS_TRAP_SUM, 1, 2), 3);
	test_equal(IOConnectTrap3(c, METHODS_TRAP_SUM, 1, 2, 3), 6);
	test_equal(IOConnectTrap4(c, METHODS_TRAP_SUM, 1, 2, 3, 4), 10);
	test_equal(IOConnectTrap5(c, METHODS_TRAP_SUM, 1, 2, 3, 4, 5), 15);
	test_equal(IOConnectTrap6(c, METHODS_TRAP_SUM, 1, 2, 3, 4, 5, 6), 21);
	end();
}

TEST(J25_traps_take_no_lock)
{
	struct methods_caller holding;

	begin(METHODS_ALONE);
	io_connect_t other = methods_open(METHODS_TABLE);
	methods_begin(&holding, c, METHODS_HOLD);
	methods_await(other, METHODS_N_HELD, 1);
	test_equal(IOConnectTrap1(c, METHODS_TRAP_SUM, 5), 5);
	methods_call(other, METHODS_RELEASE, NULL, 0, NULL, 0);
	test_equal_error(methods_end(&holding), 0);
	IOServiceClose(other);
	end();
}

TEST(J26)
{
	uint64_t in[2] = { 0x123456789abcdef0u, UINT64_MAX }, out = 0;

	begin(METHODS_TABLE);
	methods_call(c, METHODS_SUM, in, 2, &out, 1);
	test_equal(out, 0x123456789abcdeefu);
	end();
}

TEST(J27)
{
	char bytes[4096];

	begin(METHODS_TABLE);
	memset(bytes, 'k', sizeof(bytes));
	test_equal_error(IOConnectCallStructMethod(c, METHODS_KEEP, bytes, 4096, NULL, NULL), 0);
	test_true(methods_ask(c, METHODS_KEPT) != 0x6b6b6b6b6b6b6b6b);
	end();
}

TEST(J28)
{
	static const size_t sizes[] = { 4097, 100 * 1024 };
	char *bytes = malloc(100 * 1024);
	uint64_t in = 4000, out[2];

	begin(METHODS_TABLE);
	for (int i = 0; i < 2; i++) {
		memset(bytes, 'a', sizes[i]);
		test_equal_error(IOConnectCallStructMethod(c, METHODS_HOLD_MEMORY, bytes, sizes[i],
							   NULL, NULL),
				 0);
		memset(bytes, 'b', sizes[i]);
		methods_call(c, METHODS_HELD_MEMORY, &in, 1, out, 2);
		test_equal(out[0], 'a');
		test_equal(out[1], sizes[i]);
	}
	free(bytes);
	end();
}

TEST(J29_reserved_codes_and_failures_leave_outputs_alone)
{
	uint64_t in = 0, out[2] = { 7, 7 };
	static unsigned char bytes[5000];
	uint32_t n = 2;
	size_t size = 8;

	begin(METHODS_TABLE);
	for (int code = -325; code <= -300; code++) {
		in = (uint32_t)code;
		test_equal_error(IOConnectCallScalarMethod(c, METHODS_RETURN, &in, 1, NULL, NULL),
				 kIOReturnError);
	}
	in = (uint32_t)-326;
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_RETURN, &in, 1, NULL, NULL), -326);
	in = kIOReturnNoDevice;
	memset(bytes, 9, sizeof(bytes));
	test_equal_error(
		IOConnectCallMethod(c, METHODS_RETURN, &in, 1, NULL, 0, out, &n, bytes, &size),
		kIOReturnNoDevice);
	test_equal(n, 2);
	test_equal(out[0], 7);
	test_equal(size, 8);
	test_equal(bytes[0], 9);
	size = sizeof(bytes);
	test_equal_error(
		IOConnectCallMethod(c, METHODS_RETURN, &in, 1, NULL, 0, out, &n, bytes, &size),
		kIOReturnNoDevice);
	test_equal(size, sizeof(bytes));
	end();
}

TEST(J30)
{
	uint64_t in[2] = { 3, 0 }, out[4] = { 7, 7, 7, 7 };
	char bytes[9] = "xxxxxxxx";
	uint32_t n = 2;
	size_t size = 4;

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_PRODUCE, in, 2, out, &n),
			 MIG_ARRAY_TOO_LARGE);
	test_equal(out[2], 7);
	in[0] = UINT32_MAX;
	n = 2;
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_PRODUCE, in, 2, out, &n),
			 MIG_ARRAY_TOO_LARGE);
	test_equal(out[2], 7);
	in[0] = 0;
	in[1] = 5;
	test_equal_error(
		IOConnectCallMethod(c, METHODS_PRODUCE, in, 2, NULL, 0, NULL, NULL, bytes, &size),
		MIG_ARRAY_TOO_LARGE);
	test_equal(bytes[4], 'x');
	test_equal_error(sum_with(2, 1), 0);
	end();
}

TEST(J30_null_arguments)
{
	uint64_t in[2] = { 1, 2 }, out = 0;
	uint32_t n = 1;
	size_t size = 4;
	char bytes[4];

	begin(METHODS_TABLE);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_SUM, NULL, 2, &out, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_SUM, in, 2, NULL, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, NULL, 4, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(c, METHODS_LOOK, bytes, 4, NULL, &size),
			 kIOReturnBadArgument);
	end();
}

/* --- memory of the program, by address ------------------------------------------------ */

struct accessed {
	uint64_t copied, sum, status;
};

static struct accessed access_memory(uint64_t mode, const void *a, size_t a_size, const void *b,
				     size_t b_size, uint8_t byte)
{
	uint64_t in[6] = { (uintptr_t)a, a_size, (uintptr_t)b, b_size, mode, byte }, out[3];

	methods_call(c, METHODS_CLIENT_MEMORY, in, 6, out, 3);
	return (struct accessed){ out[0], out[1], out[2] };
}

TEST(J28_memory_that_the_driver_names_by_address)
{
	unsigned char *bytes = malloc(100000), other[7] = { 1, 2, 3, 4, 5, 6, 7 };

	begin(METHODS_TABLE);
	memset(bytes, 1, 100000);
	struct accessed r = access_memory(METHODS_READ, bytes, 100000, other, 7, 0);
	test_equal_error(r.status, 0);
	test_equal(r.copied, 100007);
	test_equal(r.sum, 100028);
	r = access_memory(METHODS_WRITE, bytes + 1, 50000, other, 3, 9);
	test_equal(r.copied, 50003);
	test_equal(bytes[0], 1);
	test_equal(bytes[1], 9);
	test_equal(bytes[50000], 9);
	test_equal(bytes[50001], 1);
	test_equal(other[2], 9);
	test_equal(other[3], 4);
	r = access_memory(METHODS_READ_OTHERWISE, bytes, 10, NULL, 0, 0);
	test_equal_error(r.status, 0);
	test_equal(r.copied, 0);
	free(bytes);
	end();
}

TEST(J28_addresses_that_are_no_good)
{
	unsigned char *pages =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	begin(METHODS_TABLE);
	test_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	test_equal(mprotect(pages + 8192, 4096, PROT_READ), 0);
	test_equal(access_memory(METHODS_READ, pages, 10, pages + 4096, 10, 0).copied, 10);
	test_equal(access_memory(METHODS_READ, pages, 4097, NULL, 0, 0).copied, 0);
	test_equal(access_memory(METHODS_WRITE, pages + 8192, 1, NULL, 0, 5).copied, 0);
	test_equal(access_memory(METHODS_READ, pages + 8192, 1, NULL, 0, 5).copied, 1);
	test_equal(access_memory(METHODS_READ, NULL, 1, NULL, 0, 0).copied, 0);
	test_equal(access_memory(METHODS_READ, (void *)~4095ul, 8, NULL, 0, 0).copied, 0);
	/* wrapping around, empty, too long */
	test_equal_error(access_memory(METHODS_READ, (void *)~4095ul, 8192, NULL, 0, 0).status,
			 kIOReturnBadArgument);
	test_equal_error(access_memory(METHODS_READ, pages, 0, NULL, 0, 0).status,
			 kIOReturnBadArgument);
	test_equal_error(access_memory(METHODS_READ, pages, SIZE_MAX / 2, NULL, 0, 0).status,
			 kIOReturnBadArgument);
	test_equal_error(sum_with(2, 1), 0);
	munmap(pages, 3 * 4096);
	end();
}

TEST(J28_not_beyond_the_call)
{
	char bytes[10] = { 0 };

	begin(METHODS_TABLE);
	test_equal(access_memory(METHODS_KEEP_DESCRIPTOR, bytes, 10, NULL, 0, 0).copied, 10);
	test_equal(methods_ask(c, METHODS_KEPT_CLIENT_MEMORY), 0);
	test_equal_error(sum_with(2, 1), 0);
	end();
}

/* Nor can it be mapped; and who tried does not stay because of it. */
TEST(J28_not_to_be_mapped)
{
	char bytes[10] = { 0 };
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	begin(METHODS_TABLE);
	io_connect_t other = methods_open(METHODS_TABLE);
	uint64_t frees = methods_count(other, METHODS_N_FREES);

	test_equal(access_memory(METHODS_KEEP_DESCRIPTOR, bytes, 10, NULL, 0, 0).copied, 10);
	test_equal_error(IOConnectMapMemory64(c, METHODS_MEMORY_CLIENT, mach_task_self(), &address,
					      &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal(methods_ask(c, METHODS_KEPT_CLIENT_MEMORY), 0);
	IOServiceClose(c);
	methods_await(other, METHODS_N_FREES, frees + 1);
	IOServiceClose(other);
	world_stop();
}

/* A bundle that does not declare it. */
TEST(J28_not_for_every_driver)
{
	char folder[300], command[2048], bytes[10] = { 0 };
	const char *bundle = strdup(test_built("tests/drivers/Methods.dext"));

	snprintf(folder, sizeof(folder), "%s/modest", test_folder());
	snprintf(command, sizeof(command),
		 "mkdir -p %s/Methods.dext && cp %s/Methods.so %s/Methods.dext && "
		 "sed 's/PorticoClientMemory/Nothing/' %s/Info.plist > %s/Methods.dext/Info.plist",
		 folder, bundle, folder, bundle, folder);
	test_equal(system(command), 0);
	free((char *)bundle);
	world_start_with(folder);
	c = methods_open(METHODS_TABLE);
	test_equal_error(access_memory(METHODS_READ, bytes, 10, NULL, 0, 0).status,
			 kIOReturnNotPermitted);
	end();
}

TEST_MAIN
