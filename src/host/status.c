// SPDX-License-Identifier: MIT
/* IOReturn as errno. */
#include <IOKit/IOService.h>

#include <errno.h>

/* Linux has no EPWROFF, EDEVERR and EBADMACHO: the nearest stand for them. */
static const struct {
	IOReturn status;
	int error;
} table[] = {
	{ kIOReturnSuccess, 0 },
	{ kIOReturnNoMemory, ENOMEM },
	{ kIOReturnNoDevice, ENXIO },
	{ kIOReturnVMError, EFAULT },
	{ kIOReturnNotPermitted, EPERM },
	{ kIOReturnNotPrivileged, EACCES },
	{ kIOReturnIOError, EIO },
	{ kIOReturnNotWritable, EROFS },
	{ kIOReturnBadArgument, EINVAL },
	{ kIOReturnUnsupported, ENOTSUP },
	{ kIOReturnBusy, EBUSY },
	{ kIOReturnNoPower, EHOSTDOWN },
	{ kIOReturnDeviceError, EREMOTEIO },
	{ kIOReturnTimeout, ETIMEDOUT },
	{ kIOReturnMessageTooLarge, EMSGSIZE },
	{ kIOReturnNoSpace, ENOSPC },
	{ kIOReturnCannotLock, ENOLCK },
	{ kIOReturnBadMessageID, EINVAL },
	{ kIOReturnNoCompletion, EINVAL },
	{ kIOReturnNotAligned, EINVAL },
	{ kIOReturnNotReady, EBUSY },
	{ kIOReturnRLDError, ELIBBAD },
	{ kIOReturnPortExists, EEXIST },
	{ kIOReturnStillOpen, EEXIST },
	{ kIOReturnExclusiveAccess, EACCES },
	{ kIOReturnLockedRead, EACCES },
	{ kIOReturnLockedWrite, EACCES },
	{ kIOReturnNotOpen, EACCES },
	{ kIOReturnNotReadable, EACCES },
	{ kIOReturnCannotWire, ENOMEM },
	{ kIOReturnNoResources, ENOMEM },
	{ kIOReturnAborted, EBUSY },
	{ kIOReturnOffline, EBUSY },
	{ kIOReturnNotResponding, EBUSY },
	{ kIOReturnBadMedia, ENXIO },
	{ kIOReturnNoMedia, ENXIO },
	{ kIOReturnNotAttached, ENXIO },
	{ kIOReturnUnformattedMedia, ENXIO },
};

/* unix_err(errno): system 0, subsystem 3. */
enum { UNIX_ERROR = 3 << 14, UNIX_ERROR_MASK = ~0x3fff };

int IOServiceErrnoFromReturn(IOReturn status)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].status == status)
			return table[i].error;
	if ((status & UNIX_ERROR_MASK) == UNIX_ERROR)
		return status & ~UNIX_ERROR_MASK;
	return EIO;
}
