// SPDX-License-Identifier: MIT
/* SHA-256: names for this machine that do not reveal what they are made from. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { BRIDGE_DIGEST_SIZE = 32 };

void bridge_digest(const void *data, size_t size, uint8_t ret_digest[BRIDGE_DIGEST_SIZE]);
