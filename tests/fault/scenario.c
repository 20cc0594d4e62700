// SPDX-License-Identifier: MIT
#include "scenario.h"

#include <stdint.h>

#include "control.h"
#include "test.h"

bool scenario_host_may_end;

/* What the documents name for shortage and for a peer that is gone. */
static bool is_documented(IOReturn status)
{
	static const uint32_t documented[] = {
		kIOReturnNoMemory,
		kIOReturnNoResources,
		kIOReturnNoSpace,
		kIOReturnIPCError,
		kIOReturnOffline,
		kIOReturnAborted,
		kIOReturnNotReady,
		kIOReturnVMError,
		kIOReturnTimeout,
		kIOReturnError,
		kIOReturnCannotWire,
		0x10000003 /* MACH_SEND_INVALID_DEST */,
		(uint32_t)-308 /* MIG_SERVER_DIED */,
		3 /* KERN_NO_SPACE */,
		6 /* KERN_RESOURCE_SHORTAGE */,
	};

	for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
		if ((uint32_t)status == documented[i])
			return true;
	return false;
}

bool scenario_worked(IOReturn status, const char *what, int line)
{
	if (!status)
		return true;
	if (!fault_is_armed() || !fault_was_hit())
		test_fail("scenario", line, "%s is 0x%08x without a fault", what, status);
	if (!is_documented(status))
		test_fail("scenario", line, "%s is 0x%08x", what, status);
	return false;
}

bool scenario_worked_or(IOReturn status, IOReturn documented, const char *what, int line)
{
	if (status == documented && fault_is_armed() && fault_was_hit())
		return false;
	return scenario_worked(status, what, line);
}

bool scenario_made(bool is_there, const char *what, int line)
{
	if (!is_there && (!fault_is_armed() || !fault_was_hit()))
		test_fail("scenario", line, "%s is nothing without a fault", what);
	return is_there;
}
