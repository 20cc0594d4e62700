// SPDX-License-Identifier: MIT
/* Opening a driver for a measurement. */
#pragma once

#include <IOKit/IOKitLib.h>

/* Wait until the service of that class is there and open it with type 0; 0 after a message. */
io_connect_t bench_service_open(const char *class_name);
