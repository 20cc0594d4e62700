// SPDX-License-Identifier: MIT
/* Roles of bench-sd-bus that send signals. */
#pragma once

#include <stdint.h>

int sd_bus_signal(uint64_t unused);
int sd_bus_signal_cold(uint64_t unused);
