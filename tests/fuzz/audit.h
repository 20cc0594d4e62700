// SPDX-License-Identifier: MIT
/* Nothing may be left of an input when its target has finished with it. */
#pragma once

#include "fuzz.h"

/* Run RUN, then again where CF objects or descriptors are more than before: what a library keeps is made
 * once, what leaks is left each time. */
void fuzz_audited(void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size);
