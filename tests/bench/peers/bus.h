// SPDX-License-Identifier: MIT
/* Message buses of our own, for the life of a contestant: dbus-daemon and dbus-broker. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum bus_kind { BUS_DAEMON, BUS_BROKER };

/* Start one. True with its address; false with the reason in ADDRESS. */
bool bus_start(enum bus_kind kind, char *address, size_t size);
/* Remove its folder. The processes end with this one. */
void bus_stop(void);
