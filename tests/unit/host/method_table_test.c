// SPDX-License-Identifier: MIT
#include "test.h"

#include <IOKit/IOUserClient.h>

#include "host/host_internal.h"

static IOReturn ran(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	*(void **)target = reference;
	return 0x12345678;
}

static IOReturn yes(void *context, const char *name)
{
	++*(int *)context;
	return kIOReturnSuccess;
}

static IOReturn no(void *context, const char *name)
{
	++*(int *)context;
	return kIOReturnNotPrivileged;
}

TEST(spec_j01_each_count_and_size_must_match)
{
	static const uint32_t values[] = { 0, 1, 15, 16, 17, kIOUCVariableStructureSize };
	enum { N = sizeof(values) / sizeof(*values) };

	for (unsigned i = 0; i < N * N * 4; i++) {
		uint32_t check = values[i % N], actual = values[i / N % N];
		IOExternalMethodDispatch dispatch = { ran, 2, 3, 4, 5 };
		IOExternalMethodArguments arguments = {
			.scalarInputCount = 2,
			.structureInputSize = 3,
			.scalarOutputCount = 4,
			.structureOutputSize = 5,
		};
		uint32_t *checks[] = { &dispatch.checkScalarInputCount,
				       &dispatch.checkStructureInputSize,
				       &dispatch.checkScalarOutputCount,
				       &dispatch.checkStructureOutputSize };
		uint32_t *actuals[] = { &arguments.scalarInputCount, &arguments.structureInputSize,
					&arguments.scalarOutputCount,
					&arguments.structureOutputSize };

		*checks[i / N / N] = check;
		*actuals[i / N / N] = actual;
		test_equal_error(host_method_table_check(&dispatch, &arguments),
				 check == kIOUCVariableStructureSize || check == actual
					 ? kIOReturnSuccess
					 : kIOReturnBadArgument);
	}
}

TEST(descriptors_decide_the_size)
{
	IOMemoryDescriptor *memory = host_memory_wrap(NULL, NULL, 5000);
	IOExternalMethodDispatch dispatch = { ran, 0, 5000, 0, 0 };
	IOExternalMethodArguments arguments = { .structureInputDescriptor = memory };

	test_equal_error(host_method_table_check(&dispatch, &arguments), kIOReturnSuccess);
	dispatch.checkStructureInputSize = 0;
	test_equal_error(host_method_table_check(&dispatch, &arguments), kIOReturnBadArgument);
	dispatch = (IOExternalMethodDispatch){ ran, 0, 0, 0, 5000 };
	arguments = (IOExternalMethodArguments){ .structureOutputDescriptor = memory };
	test_equal_error(host_method_table_check(&dispatch, &arguments), kIOReturnSuccess);
	dispatch.checkStructureOutputSize = 4096;
	test_equal_error(host_method_table_check(&dispatch, &arguments), kIOReturnBadArgument);
	IOMemoryDescriptorRelease(memory);
}

TEST(spec_j17_an_entry_without_function)
{
	IOExternalMethodDispatch dispatch = { NULL, 1, 0, 0, 0 };
	IOExternalMethodArguments arguments = { .scalarInputCount = 1 };

	test_equal_error(host_method_table_check(&dispatch, &arguments), kIOReturnNoCompletion);
	arguments.scalarInputCount = 0;
	test_equal_error(host_method_table_check(&dispatch, &arguments), kIOReturnBadArgument);
}

TEST(spec_4_5_order_of_the_2022_checks)
{
	IOExternalMethodDispatch2022 table[] = {
		{ ran, 1, 0, 0, 0, false, NULL },
		{ ran, 0, 0, 0, 0, true, NULL },
		{ ran, 0, 0, 0, 0, false, "com.example.entitlement" },
		{ NULL, 0, 0, 0, 0, false, NULL },
	};
	IOExternalMethodArguments arguments = { 0 };
	int asked = 0;

	test_equal_error(host_method_table_check_2022(NULL, 9, 0, &arguments, yes, &asked),
			 kIOReturnError);
	test_equal_error(host_method_table_check_2022(table, 4, 4, &arguments, yes, &asked),
			 kIOReturnBadArgument);
	test_equal_error(
		host_method_table_check_2022(table, 4, UINT32_MAX, &arguments, yes, &asked),
		kIOReturnBadArgument);
	test_equal_error(host_method_table_check_2022(table, 4, 0, &arguments, yes, &asked),
			 kIOReturnBadArgument);
	test_equal_error(host_method_table_check_2022(table, 4, 1, &arguments, yes, &asked), 0);
	test_equal_error(host_method_table_check_2022(table, 4, 3, &arguments, yes, &asked),
			 kIOReturnNoCompletion);
	test_equal(asked, 0); /* only where the table names one */
	test_equal_error(host_method_table_check_2022(table, 4, 2, &arguments, yes, &asked), 0);
	test_equal_error(host_method_table_check_2022(table, 4, 2, &arguments, no, &asked),
			 kIOReturnNotPrivileged);
	test_equal(asked, 2);
}

TEST(spec_j15_asynchronous_only_where_allowed)
{
	IOExternalMethodDispatch2022 table[] = {
		{ ran, 0, 0, 0, 0, false, NULL },
		{ ran, 0, 0, 0, 0, true, NULL },
	};
	IOExternalMethodArguments arguments = { .asyncWakePort = 4 };

	test_equal_error(host_method_table_check_2022(table, 2, 0, &arguments, yes, NULL),
			 kIOReturnBadArgument);
	test_equal_error(host_method_table_check_2022(table, 2, 1, &arguments, yes, NULL), 0);
	arguments.asyncWakePort = 0;
	test_equal_error(host_method_table_check_2022(table, 2, 0, &arguments, yes, NULL), 0);
}

TEST(spec_j20_the_function_gets_target_and_its_code_returns)
{
	IOExternalMethodDispatch dispatch = { ran, 0, 0, 0, 0 };
	IOExternalMethodArguments arguments = { 0 };
	void *target = NULL;
	int reference;

	test_equal_error(
		IOUserClientExternalMethod(NULL, 0, &arguments, &dispatch, &target, &reference),
		0x12345678);
	test_equal((intptr_t)target, (intptr_t)&reference);
}

/* By either kind of table. */
TEST(what_does_not_fit_never_reaches_the_function)
{
	IOExternalMethodDispatch dispatch = { ran, 1, 0, 0, 0 };
	IOExternalMethodDispatch2022 table[] = { { ran, 0, 0, 0, 0, false, NULL } };
	IOExternalMethodArguments arguments = { 0 };
	void *target = NULL;
	int reference;

	test_equal_error(
		IOUserClientExternalMethod(NULL, 0, &arguments, &dispatch, &target, &reference),
		kIOReturnBadArgument);
	test_equal_error(IOUserClientDispatchExternalMethod(NULL, 1, &arguments, table, 1, &target,
							    &reference),
			 kIOReturnBadArgument);
	test_true(!target);
	test_equal_error(IOUserClientDispatchExternalMethod(NULL, 0, &arguments, table, 1, &target,
							    &reference),
			 0x12345678);
	test_equal((intptr_t)target, (intptr_t)&reference);
}

TEST(spec_4_10_reserved_codes_do_not_travel)
{
	test_equal_error(host_method_table_clean_status(-299), -299);
	test_equal_error(host_method_table_clean_status(-300), kIOReturnError);
	test_equal_error(host_method_table_clean_status(-305), kIOReturnError);
	test_equal_error(host_method_table_clean_status(-325), kIOReturnError);
	test_equal_error(host_method_table_clean_status(-326), -326);
	test_equal_error(host_method_table_clean_status(0), 0);
	test_equal_error(host_method_table_clean_status(kIOReturnAborted), kIOReturnAborted);
}

TEST_MAIN
