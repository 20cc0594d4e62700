// SPDX-License-Identifier: MIT
/*
 * The machine itself: what the firmware, the kernel and the installation say
 * about it, as the properties of the IOPlatformExpertDevice node.
 */
#pragma once

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"

struct bridge_platform_roots {
	const char *sysfs; /* "/sys" */
	const char *etc;   /* "/etc" */
};

enum { BRIDGE_PLATFORM_NAME_SIZE = 128 };

/* The real folders; PORTICO_SYSFS replaces the first. */
struct bridge_platform_roots bridge_platform_roots(void);
/* Read everything. RET_PROPERTIES is owned by the caller: IOPlatformUUID and IOPlatformSerialNumber
 * (strings, always there), model, manufacturer, product-name, version, board-id, compatible,
 * target-type (data, NUL-terminated), clock-frequency (data, 4 bytes little endian). RET_NAME is the
 * node's name: the model, without '/'. -ENOMEM. */
err_t bridge_platform_read(const struct bridge_platform_roots *roots,
			   CFMutableDictionaryRef *ret_properties,
			   char ret_name[BRIDGE_PLATFORM_NAME_SIZE]);
