// SPDX-License-Identifier: MIT
/* A06: what drivers compile in; their headers and those of programs do not go together. */
#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

#include <stddef.h>

#include "test.h"

TEST(A06)
{
	test_equal(sizeof(IOExternalMethodDispatch), 24);
	test_equal(sizeof(IOExternalMethodDispatch2022), 40);
	test_equal(sizeof(IOExternalMethodArguments), 248);
	test_equal(offsetof(IOExternalMethodArguments, version), 0);
	test_equal(kIOExternalMethodArgumentsCurrentVersion, 2);
}

TEST_MAIN
