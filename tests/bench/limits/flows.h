// SPDX-License-Identifier: MIT
/* One-way limits, for flow_hot and flow_cold. */
#pragma once

#include "flow.h"

/* flow_wake.c: records of 64 bytes to a receiver that sleeps when there is none */
extern const struct flow flow_ring, flow_eventfd_each, flow_socket_each, flow_pipe_each;
/* flow_memory.c: records of any size to a receiver that does not sleep */
extern const struct flow flow_copies, flow_plain;
