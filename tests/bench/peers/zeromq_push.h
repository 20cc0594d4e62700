// SPDX-License-Identifier: MIT
/* Roles of bench-zeromq that go one way. */
#pragma once

#include <stdint.h>

int zeromq_push(uint64_t unused);
int zeromq_push_cold(uint64_t unused);
