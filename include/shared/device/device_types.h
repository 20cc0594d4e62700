/* SPDX-License-Identifier: MIT */
/*
 * Names, strings and argument arrays of the I/O Kit interface: their sizes are
 * part of every prototype that uses them.
 */
#ifndef _DEVICE_DEVICE_TYPES_H
#define _DEVICE_DEVICE_TYPES_H

#include <stdint.h>
#include <mach/mach_types.h>

typedef char io_name_t[128];   /* including the NUL */
typedef char io_string_t[512]; /* including the NUL */
typedef char io_string_inband_t[4096];
typedef char io_struct_inband_t[4096];

typedef uint64_t io_user_scalar_t;
typedef uint64_t io_user_reference_t;
typedef int io_scalar_inband_t[16];
typedef uint64_t io_scalar_inband64_t[16];
/* What comes back with every asynchronous result: word 0 is reserved, 1 the callback, 2 its
 * refcon, the others are the caller's. */
typedef io_user_reference_t io_async_ref_t[8];
typedef io_user_reference_t io_async_ref64_t[8];

/* Ask for a structure whose size the driver decides: see IOConnectCallMethod. */
#define kIOConnectMethodVarOutputSize (-3)

#endif
