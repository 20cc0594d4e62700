// SPDX-License-Identifier: MIT
/*
 * Encoded values, read where they lie: what is kept by the hundred thousand is
 * kept as it came over the wire and no object is made for what nobody asks for.
 *
 * wire_packed_check accepts exactly what wire_value_decode does; the other
 * functions are for values that it has accepted. Nothing here owns anything:
 * results point into the bytes that were given.
 */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CFBase.h>

#include "wire/message.h"

/* DATA is one well-formed value and nothing else. -EBADMSG, -ENOMEM. */
err_t wire_packed_check(struct wire_bytes value);
/* A new object for a checked value; NULL: no memory. */
CFTypeRef wire_packed_copy(struct wire_bytes value);

bool wire_packed_is_dictionary(struct wire_bytes value);
/* Of a checked value. */
enum wire_value_kind wire_packed_kind(struct wire_bytes value);
/* The bytes of a checked string or data object. */
struct wire_bytes wire_packed_blob(struct wire_bytes value);
/* The number of a checked integer or boolean, and of a checked number as a double. */
int64_t wire_packed_integer(struct wire_bytes value);
double wire_packed_real(struct wire_bytes value);
/* The pairs of a checked dictionary, from wire_packed_begin on. */
struct wire_packed_pair {
	struct wire_bytes key;	 /* its text, without a NUL */
	struct wire_bytes value; /* encoded */
	const uint8_t *next, *end;
};
struct wire_packed_pair wire_packed_begin(struct wire_bytes dictionary);
/* False at the end. */
bool wire_packed_next(struct wire_packed_pair *pair);
/* The value of KEY in a checked value; false when that is no dictionary or has no such key. */
bool wire_packed_find(struct wire_bytes dictionary, const char *key, size_t key_size,
		      struct wire_bytes *ret_value);
