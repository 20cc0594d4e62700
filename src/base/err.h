// SPDX-License-Identifier: MIT
/*
 * Error policy of everything below the public API.
 *
 * A function that can fail returns err_t: 0 or a negative errno value. Output
 * parameters are written on success and only then. Outcomes that are no
 * failures travel in ret_ parameters, never as positive numbers. errno itself
 * is turned into a return value at the system call and not looked at again.
 * IOReturn appears only in client/status.c, host/call_server.c and where a
 * driver's or the registry's verdict is carried unchanged.
 */
#pragma once

#include <errno.h>

typedef int err_t;

/* The error of the system call that just failed. */
static inline err_t err_from_errno(void)
{
	return errno > 0 ? -errno : -EIO;
}
