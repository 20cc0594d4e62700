// SPDX-License-Identifier: MIT
/* One fuzz target. It returns 0 always and aborts when a promise is broken. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
