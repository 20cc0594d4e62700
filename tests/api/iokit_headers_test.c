// SPDX-License-Identifier: MIT
/* Sizes, offsets and values that programs compile in. */
#include <IOKit/IOKitLib.h>

#include <stddef.h>

#include <IOKit/IOBSD.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>

#include "test.h"

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
