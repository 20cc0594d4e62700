// SPDX-License-Identifier: MIT
/* SHA-256: names and proofs that do not reveal what they are made from. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32 };

void digest_of(const void *data, size_t size, uint8_t ret_digest[DIGEST_SIZE]);
