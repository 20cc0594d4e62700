// SPDX-License-Identifier: MIT
/* A: sizes, offsets and numbers that programs and drivers compile in. */
#include <IOKit/IOKitLib.h>

#include <stddef.h>

#include <IOKit/IODataQueueClient.h>
#include <mach/mach.h>

#include "test.h"

TEST(A01)
{
	test_equal(sizeof(io_name_t), 128);
	test_equal(sizeof(io_string_t), 512);
	test_equal(sizeof(io_struct_inband_t), 4096);
	test_equal(sizeof(io_async_ref64_t), 64);
	test_equal(sizeof(io_scalar_inband64_t), 128);
}

TEST(A02)
{
	test_equal(sizeof(mach_msg_header_t), 24);
	test_equal(sizeof(mach_msg_port_descriptor_t), 12);
	test_equal(sizeof(mach_msg_body_t), 4);
}

TEST(A03)
{
	test_equal(sizeof(OSNotificationHeader64), 72);
	test_equal(offsetof(OSNotificationHeader64, reference), 8);
	test_equal(offsetof(OSNotificationHeader64, content), 72);
}

TEST(A04)
{
	test_equal(sizeof(IOServiceInterestContent64), 12);
	test_equal(offsetof(IOServiceInterestContent64, messageArgument), 4);
}

TEST(A05)
{
	test_equal(sizeof(IOAsyncCompletionContent), 4);
	test_equal(offsetof(IOAsyncCompletionContent, args), 4);
}

/* A06 is in driver_types_test.c. */

TEST(A07)
{
	test_equal(DATA_QUEUE_MEMORY_HEADER_SIZE, 12);
	test_equal(DATA_QUEUE_ENTRY_HEADER_SIZE, 4);
	test_equal(DATA_QUEUE_MEMORY_APPENDIX_SIZE, 28);
	test_equal(offsetof(IODataQueueMemory, head), 4);
	test_equal(offsetof(IODataQueueMemory, tail), 8);
	test_equal(offsetof(IODataQueueMemory, queue), 12);
}

/* IOKitLib.h is the first include of this file: what it must bring is used here. */
TEST(A09)
{
	CFDictionaryRef dictionary = NULL;
	mach_port_t port = MACH_PORT_NULL;
	dispatch_queue_t queue = NULL;
	CFRunLoopSourceRef source = NULL;

	test_true(!dictionary && !port && !queue && !source);
	test_equal(kIOMainPortDefault, 0);
	test_equal(kIOMasterPortDefault, 0);
}

TEST(A11)
{
	test_equal(err_get_system(kIOReturnNoDevice), 0x38);
	test_equal(err_get_sub(kIOReturnNoDevice), 0);
	test_equal(err_get_code(kIOReturnNoDevice), 0x2c0);
}

TEST(A12)
{
	test_equal_error(iokit_vendor_specific_err(5), 0xe3ff8005);
}

TEST_MAIN
