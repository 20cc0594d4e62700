// SPDX-License-Identifier: MIT
/* Reading and writing properties of entries. */
#pragma once

#include <CoreFoundation/CFBase.h>
#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

struct client_entry;

/* The caller releases the value, which is never NULL on success. */
IOReturn client_property_copy(struct client_entry *entry, const char *key, const char *plane,
			      uint32_t options, CFTypeRef *ret_value);
/* SET_ALL with a dictionary of NAME alone. */
kern_return_t client_property_set_one(io_object_t handle, CFStringRef name, CFTypeRef value,
				      kern_return_t (*set_all)(io_object_t, CFTypeRef));
