// SPDX-License-Identifier: MIT
/* Property values that are well-formed, as bytes (wire/value.h). */
#pragma once

#include "fuzz.h"

/* At most MAX bytes at DATA, a multiple of 4; 0: too little room. Mostly a dictionary. */
size_t fuzz_new_value(struct fuzz_chance *chance, uint8_t *data, size_t max);
/* Put another value in the place of one that is somewhere in the SIZE bytes at DATA. */
size_t fuzz_change_value(struct fuzz_chance *chance, uint8_t *data, size_t size, size_t max);
