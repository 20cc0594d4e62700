// SPDX-License-Identifier: MIT
/* Reading and writing properties of entries. */
#pragma once

#include <CoreFoundation/CFBase.h>
#include <IOKit/IOReturn.h>

struct client_entry;

/* The caller releases the value, which is never NULL on success. */
IOReturn client_property_copy(struct client_entry *entry, const char *key, const char *plane,
			      uint32_t options, CFTypeRef *ret_value);
