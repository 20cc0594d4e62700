// SPDX-License-Identifier: MIT
/* Sizes, offsets and values that programs compile in. */
#include <IOKit/IOKitLib.h>

#include <stddef.h>

#include <IOKit/IOBSD.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>

#include "test.h"

TEST(spec_a01_to_a05_sizes)
{
	test_equal(sizeof(io_name_t), 128);
	test_equal(sizeof(io_string_t), 512);
	test_equal(sizeof(io_struct_inband_t), 4096);
	test_equal(sizeof(io_async_ref64_t), 64);
	test_equal(sizeof(io_scalar_inband64_t), 128);
	test_equal(sizeof(mach_msg_header_t), 24);
	test_equal(sizeof(mach_msg_port_descriptor_t), 12);
	test_equal(sizeof(mach_msg_body_t), 4);
	test_equal(sizeof(OSNotificationHeader64), 72);
	test_equal(offsetof(OSNotificationHeader64, reference), 8);
	test_equal(offsetof(OSNotificationHeader64, content), 72);
	test_equal(sizeof(IOServiceInterestContent64), 12);
	test_equal(offsetof(IOServiceInterestContent64, messageArgument), 4);
	test_equal(sizeof(IOAsyncCompletionContent), 4);
	test_equal(offsetof(IOAsyncCompletionContent, args), 4);
}

TEST(spec_a07_data_queue_layout)
{
	test_equal(DATA_QUEUE_MEMORY_HEADER_SIZE, 12);
	test_equal(DATA_QUEUE_ENTRY_HEADER_SIZE, 4);
	test_equal(DATA_QUEUE_MEMORY_APPENDIX_SIZE, 28);
	test_equal(offsetof(IODataQueueMemory, head), 4);
	test_equal(offsetof(IODataQueueMemory, tail), 8);
	test_equal(offsetof(IODataQueueMemory, queue), 12);
}

TEST(spec_a09_umbrella_header_brings_the_types)
{
	CFDictionaryRef dictionary = NULL;
	mach_port_t port = MACH_PORT_NULL;
	dispatch_queue_t queue = NULL;
	CFRunLoopSourceRef source = NULL;

	test_true(!dictionary && !port && !queue && !source);
	test_equal(kIOMainPortDefault, 0);
	test_equal(kIOMasterPortDefault, 0);
}

TEST(spec_a11_a12_error_numbers)
{
	test_equal(err_get_system(kIOReturnNoDevice), 0x38);
	test_equal(err_get_sub(kIOReturnNoDevice), 0);
	test_equal(err_get_code(kIOReturnNoDevice), 0x2c0);
	test_equal_error(iokit_vendor_specific_err(5), 0xe3ff8005);
	test_equal(kIOReturnBadArgument, -536870206);
	test_equal_error(kIOReturnNotFound, 0xe00002f0);
	test_equal_error(kIOReturnInvalid, 0xe0000001);
	test_equal_error(kIOMessageServiceIsTerminated, 0xe0000010);
	test_equal_error(kIOMessageServiceBusyStateChange, 0xe0000120);
}

TEST(notification_numbers)
{
	test_equal(kOSNotificationMessageID, 53);
	test_equal(kOSAsyncCompleteMessageID, 57);
	test_equal(kIOAsyncCalloutFuncIndex, 1);
	test_equal(kIOAsyncCalloutRefconIndex, 2);
	test_equal(kIOAsyncCalloutCount, 3);
	test_equal(kIOMatchingCalloutCount, 3);
	test_equal(kIOInterestCalloutCount, 4);
	test_equal(kIOServiceMessageNotificationType, 160);
	test_equal_text(kIOFirstMatchNotification, "IOServiceFirstMatch");
	test_equal_text(kIOBSDNameKey, "BSD Name");
	test_equal(kIOConnectMethodVarOutputSize, -3);
}

TEST_MAIN
