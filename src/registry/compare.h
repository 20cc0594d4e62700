// SPDX-License-Identifier: MIT
/* When is a value that a dictionary wants equal to a property? Pure (spec 6.8). */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>

#include "wire/message.h"

/* Numbers by value, strings and data by bytes, collections member by member. False when one of them is
 * NULL. */
bool registry_compare_values(CFTypeRef wanted, CFTypeRef have);
/* The same where HAVE is a checked encoded value, of which an object is made only if need be. */
bool registry_compare_encoded(CFTypeRef wanted, struct wire_bytes have);
/* Of two checked encoded values. */
bool registry_compare_packed(struct wire_bytes wanted, struct wire_bytes have);
/* A number that all scalars share that may be equal to the encoded VALUE. False: it is no scalar, and
 * equal to none. */
bool registry_compare_hash(struct wire_bytes value, uint64_t *ret_hash);
