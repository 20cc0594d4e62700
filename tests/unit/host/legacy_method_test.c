// SPDX-License-Identifier: MIT
/* Methods of the time before dispatch tables: what reaches the function, in which parameter. */
#include <string.h>

#include <IOKit/IOUserClient.h>

#include "host/host_internal.h"
#include "test.h"

static void *seen[6];
static OSAsyncReference seen_reference;
static int calls;

static IOReturn note(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5, void *p6)
{
	void *all[6] = { p1, p2, p3, p4, p5, p6 };

	memcpy(seen, all, sizeof(seen));
	calls++;
	return 77;
}

static IOReturn note_async(IOService *target, OSAsyncReference reference, void *p1, void *p2,
			   void *p3, void *p4, void *p5, void *p6)
{
	memcpy(seen_reference, reference, sizeof(seen_reference));
	return note(target, p1, p2, p3, p4, p5, p6);
}

static IOExternalMethod method = { .func = note };
static IOExternalAsyncMethod async_method = { .func = note_async };

static IOExternalMethod *get(IOUserClient *client, IOService **target, uint32_t index)
{
	*target = index == 9 ? NULL : &client->service;
	return index > 9 ? NULL : &method;
}

static IOExternalAsyncMethod *get_async(IOUserClient *client, IOService **target, uint32_t index)
{
	*target = &client->service;
	return &async_method;
}

static const struct IODriverClass with_tables = {
	.name = "WithTables",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient =
		&(const struct IOUserClientOperations){
			.getTargetAndMethodForIndex = get,
			.getAsyncTargetAndMethodForIndex = get_async,
		},
};
static IOUserClient client = { .service = { .objectClass = &with_tables } };
static IOUserClient bare = { .service = { .objectClass = &IOUserClientBase } };

static void set(IOOptionBits flags, IOByteCount count0, IOByteCount count1)
{
	method.flags = async_method.flags = flags;
	method.count0 = async_method.count0 = count0;
	method.count1 = async_method.count1 = count1;
}

TEST(without_a_method_there_is_nothing)
{
	IOMemoryDescriptor *memory = host_memory_wrap(NULL, NULL, 5000);
	IOExternalMethodArguments arguments = { 0 };

	test_equal_error(IOUserClientExternalMethod(&bare, 0, &arguments, NULL, NULL, NULL),
			 kIOReturnUnsupported);
	test_equal_error(host_legacy_method_run(&client, 9, &arguments), kIOReturnUnsupported);
	test_equal_error(host_legacy_method_run(&client, 10, &arguments), kIOReturnUnsupported);
	arguments.structureInputDescriptor = memory;
	test_equal_error(host_legacy_method_run(&bare, 0, &arguments), kIOReturnIPCError);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnIPCError);
	IOMemoryDescriptorRelease(memory);
	test_equal(calls, 0);
}

TEST(scalars_in_and_out_share_six_parameters)
{
	uint64_t in[7] = { 1, 2, 0xffffffff00000003, 4, 5, 6, 7 }, out[6];
	IOExternalMethodArguments arguments = {
		.scalarInput = in,
		.scalarInputCount = 3,
		.scalarOutput = out,
		.scalarOutputCount = 2,
	};

	set(kIOUCScalarIScalarO, 3, 2);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal((uintptr_t)seen[0], 1);
	test_equal((uintptr_t)seen[2], 3); /* cut to 32 bits */
	test_equal((char *)seen[4] - (char *)seen[3], 4);
	set(kIOUCScalarIScalarO, 2, 2);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
	set(kIOUCScalarIScalarO, 3, 1);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
	/* scalars have no variable count */
	set(kIOUCScalarIScalarO, kIOUCVariableStructureSize, 2);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
	set(kIOUCScalarIScalarO, 7, 0);
	arguments.scalarInputCount = 7;
	arguments.scalarOutputCount = 0;
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
	set(1, 7, 0);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
	test_equal(calls, 1);
}

TEST(a_structure_follows_the_scalars)
{
	uint64_t in[6] = { 1, 2, 3, 4, 5, 6 };
	char bytes[8];
	IOExternalMethodArguments arguments = {
		.scalarInput = in,
		.scalarInputCount = 4,
		.structureInput = bytes,
		.structureInputSize = 8,
	};

	set(kIOUCScalarIStructI, 4, 8);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen[4], bytes);
	test_equal((uintptr_t)seen[5], 8);
	arguments.scalarInputCount = 5; /* no room for the size */
	set(kIOUCScalarIStructI, 5, kIOUCVariableStructureSize);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen[5], bytes);
	arguments.scalarInputCount = 6;
	set(kIOUCScalarIStructI, 6, 8);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
	arguments =
		(IOExternalMethodArguments){ .structureOutput = bytes, .structureOutputSize = 8 };
	set(kIOUCScalarIStructO, 0, 8);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen[0], bytes);
	test_equal(*(IOByteCount *)seen[1], 8);
	test_equal(seen[2], NULL);
	set(kIOUCScalarIStructO, 0, 9);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), kIOReturnBadArgument);
}

TEST(a_half_that_the_table_leaves_out_is_not_passed)
{
	char input[4], output[8];
	IOExternalMethodArguments arguments = {
		.structureInput = input,
		.structureInputSize = 4,
		.structureOutput = output,
		.structureOutputSize = 8,
	};

	set(kIOUCStructIStructO, 4, 8);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen[0], input);
	test_equal(seen[1], output);
	test_equal((uintptr_t)seen[2], 4);
	test_equal(*(IOByteCount *)seen[3], 8);
	arguments.structureInputSize = 0;
	set(kIOUCStructIStructO, 0, 8);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen[0], output);
	arguments.structureInputSize = 4;
	arguments.structureOutputSize = 0;
	set(kIOUCStructIStructO, 4, 0);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen[0], input);
	test_equal((uintptr_t)seen[1], 4);
	test_equal(seen[2], NULL);
}

TEST(asynchronous_methods_get_the_reference_in_narrow_words)
{
	uint64_t in[1] = { 9 };
	io_user_reference_t reference[3] = { 0x101, 0xabcdef0000000002, 3 };
	IOExternalMethodArguments arguments = {
		.asyncWakePort = 0x100,
		.asyncReference = reference,
		.asyncReferenceCount = 3,
		.scalarInput = in,
		.scalarInputCount = 1,
	};

	set(kIOUCScalarIScalarO, 1, 0);
	test_equal_error(host_legacy_method_run(&client, 0, &arguments), 77);
	test_equal(seen_reference[0], 0x101);
	test_equal(seen_reference[1], 2);
	test_equal(seen_reference[7], 0);
	test_equal((uintptr_t)seen[0], 9);
}

TEST_MAIN
