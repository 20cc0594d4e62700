// SPDX-License-Identifier: MIT
/* Dates as text: 2001-01-01T00:00:00Z, seconds since that moment as numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GREGORIAN_TEXT_SIZE 24

/* Whole seconds, rounded down. False outside the years 1 to 9999. */
bool cf_gregorian_format(double at, char text[GREGORIAN_TEXT_SIZE]);
bool cf_gregorian_parse(const char *text, size_t n, double *ret_at);
