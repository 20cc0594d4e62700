// SPDX-License-Identifier: MIT
/* Roles of bench-sd-bus that tell many. */
#pragma once

#include <stdint.h>

int sd_bus_fan_daemon(uint64_t watchers);
int sd_bus_fan_broker(uint64_t watchers);
