// SPDX-License-Identifier: MIT
/* Sizes and values that drivers compile in. */
#include <IOKit/IODriver.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOService.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>

#include <stddef.h>

#include "test.h"

TEST(spec_10_8_of_drivers)
{
	test_equal((uint32_t)kIOUCVariableStructureSize, 0xffffffff);
	test_equal(kIOExternalMethodScalarInputCountMax, 16);
	test_equal(kIOExternalMethodScalarOutputCountMax, 16);
	test_equal(kIOUserNotifyMaxMessageSize, 64);
	test_equal(kIOUserNotifyOptionCanDrop, 1);
	test_equal(kIOUCAsync64Flag, 1);
	test_equal(kIOUCAsyncErrorLoggedFlag, 2);
	test_equal(kIOUCAsync0Flags, 3);
	test_equal_text(kIOClientPrivilegeLocalUser, "local");
	test_equal_text(kIOClientPrivilegeAdministrator, "root");
}

TEST_MAIN
