// SPDX-License-Identifier: MIT
#include <IOKit/IOService.h>

#include <errno.h>

#include <mach/error.h>

#include "test.h"

TEST(each_status_has_an_errno)
{
	test_equal(IOServiceErrnoFromReturn(kIOReturnSuccess), 0);
	test_equal(IOServiceErrnoFromReturn(kIOReturnNoMemory), ENOMEM);
	test_equal(IOServiceErrnoFromReturn(kIOReturnNotPermitted), EPERM);
	test_equal(IOServiceErrnoFromReturn(kIOReturnNotPrivileged), EACCES);
	test_equal(IOServiceErrnoFromReturn(kIOReturnExclusiveAccess), EACCES);
	test_equal(IOServiceErrnoFromReturn(kIOReturnOffline), EBUSY);
	test_equal(IOServiceErrnoFromReturn(kIOReturnNotAttached), ENXIO);
	test_equal(IOServiceErrnoFromReturn(kIOReturnTimeout), ETIMEDOUT);
	test_equal(IOServiceErrnoFromReturn(kIOReturnError), EIO);
	test_equal(IOServiceErrnoFromReturn(kIOReturnUnderrun), EIO);
	test_equal(IOServiceErrnoFromReturn(12345), EIO);
}

TEST(unix_errors_are_their_own)
{
	test_equal(IOServiceErrnoFromReturn(unix_err(ENOENT)), ENOENT);
	test_equal(IOServiceErrnoFromReturn(unix_err(EMSGSIZE)), EMSGSIZE);
}

TEST_MAIN
