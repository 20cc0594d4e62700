// SPDX-License-Identifier: MIT
/*
 * Property values (CF objects) to bytes and back. Types: dictionary, array,
 * set, string, data, number, boolean; any other CF type is sent as a string
 * that describes it as not serializable. Bounded in depth, objects and bytes
 * (protocol.h). Integers of at most 32 bits come back as SInt32 numbers, wider
 * ones as SInt64, floats keep their width. Containers come back mutable.
 */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CFBase.h>

#include "base/bytes.h"
#include "base/err.h"

/* -EINVAL: VALUE is NULL or a dictionary has a key that is no string; -E2BIG: deeper, larger or
 * more objects than allowed. */
err_t wire_value_encode(CFTypeRef value, struct bytes *out);
/* A new object (caller releases). Reads exactly one value; -EBADMSG, -ENOMEM. */
err_t wire_value_decode(struct bytes_reader *in, CFTypeRef *ret_value);
/* Well-formed UTF-8. */
bool wire_value_is_text(const void *text, size_t n);
