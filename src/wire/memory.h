// SPDX-License-Identifier: MIT
/* Memory types and notification ports (client -> host, on the data plane). */
#pragma once

#include "wire/message.h"

enum { WIRE_MAP_READ_ONLY = 1 };

/* WIRE_MAP -> wire_map_reply with one descriptor: sealed memory (shm_verify it). All failures are
 * reported as kIOReturnBadArgument by the client library. */
struct wire_map_request {
	uint32_t memory_type;
	uint32_t options; /* the caller's IOMap options */
};
struct wire_map_reply {
	uint64_t size;	   /* bytes of the memory type, not rounded */
	uint64_t memory;   /* number of the descriptor object: equal for equal objects */
	uint32_t flags;	   /* WIRE_MAP_READ_ONLY */
	uint32_t options;  /* the driver's options */
	CFTypeRef context; /* what the memory is: a dictionary, or NULL */
};
/* WIRE_UNMAP -> wire_number_reply: number of the descriptor object, 0 when there was none */
struct wire_unmap_request {
	uint32_t memory_type;
};

/* WIRE_SET_NOTIFICATION_PORT -> wire_empty. INLET of class WIRE_INLET_WAKEUPS; 0 unregisters. */
struct wire_set_notification_port {
	uint32_t type;
	uint32_t inlet;
	uint64_t reference;
};

extern const struct wire_layout wire_map_request_layout, wire_map_reply_layout;
extern const struct wire_layout wire_unmap_request_layout;
extern const struct wire_layout wire_set_notification_port_layout;
