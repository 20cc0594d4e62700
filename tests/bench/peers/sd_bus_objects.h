// SPDX-License-Identifier: MIT
/* The role of bench-sd-bus with an object manager. */
#pragma once

#include <stdint.h>

int sd_bus_objects(uint64_t objects);
