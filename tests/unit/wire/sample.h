// SPDX-License-Identifier: MIT
/* Contents for any message: filled from its table, so that no layout can be forgotten. */
#pragma once

#include <stdbool.h>

#include "wire/message.h"

enum sample_size {
	SAMPLE_EMPTY, /* zeros, "", NULL, nothing */
	SAMPLE_SMALL,
	SAMPLE_LARGEST, /* every bounded field at its limit; byte strings at most 64 KiB */
};

/* A message of LAYOUT in new memory; sample_free frees it and what it points at. */
void *sample_new(const struct wire_layout *layout, enum sample_size size, uint64_t seed);
void sample_free(const struct wire_layout *layout, void *message);
bool sample_is_equal(const struct wire_layout *layout, const void *a, const void *b);
bool sample_has_value(const struct wire_layout *layout);
/* A dictionary with one of everything. */
CFTypeRef sample_value(uint64_t seed);
