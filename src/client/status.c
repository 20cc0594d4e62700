// SPDX-License-Identifier: MIT
#include "client/status.h"

#include <mach/message.h>
#include <mach/mig_errors.h>

/* Failures that have nothing to do with who was asked. */
static IOReturn status_of_local(err_t err)
{
	switch (err) {
	case 0:
		return kIOReturnSuccess;
	case -ENOMEM:
	case -ENOBUFS:
		return kIOReturnNoMemory;
	case -EMFILE:
	case -ENFILE:
		return kIOReturnNoResources;
	case -EINVAL: /* a dictionary with a key that is no string: the other end could not rebuild it */
		return kIOReturnBadArgument;
	case -E2BIG:
	case -EMSGSIZE:
		return kIOReturnMessageTooLarge;
	default:
		return kIOReturnIPCError;
	}
}

IOReturn client_status_of_session(err_t err)
{
	if (err == -ENOTCONN)
		return MACH_SEND_INVALID_DEST;
	if (err == -EPIPE)
		return MIG_SERVER_DIED;
	return status_of_local(err);
}

IOReturn client_status_of_call(err_t err)
{
	if (err == -EPIPE)
		return kIOReturnOffline;
	return status_of_local(err);
}

IOReturn client_status_of_handle(err_t err)
{
	if (err == -ENOENT)
		return MACH_SEND_INVALID_DEST;
	if (err == -EINVAL)
		return kIOReturnBadArgument;
	return status_of_local(err);
}

IOReturn client_status_of_wake_port(err_t err)
{
	if (err == -EINVAL || err == -EPIPE || err == -ENOENT)
		return MACH_SEND_INVALID_RIGHT;
	return status_of_local(err);
}

IOReturn client_status_of_control(err_t err)
{
	switch (err) {
	case -ENOTCONN:
	case -EPIPE:
		return kIOReturnNotAttached;
	case -EPERM:
	case -EACCES:
		return kIOReturnNotPermitted;
	case -EPROTONOSUPPORT:
		return kIOReturnUnsupported;
	case -ETIMEDOUT:
		return kIOReturnTimeout;
	default:
		return status_of_local(err);
	}
}

bool client_status_is_transport(IOReturn status)
{
	return status == MACH_SEND_INVALID_DEST || status == MIG_SERVER_DIED ||
	       status == kIOReturnOffline;
}
