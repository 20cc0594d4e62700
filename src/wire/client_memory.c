// SPDX-License-Identifier: MIT
#include "wire/client_memory.h"

#include "wire/layout.h"

static const struct wire_field client_memory_fields[] = {
	WIRE_U64(wire_client_memory, address),
	WIRE_U64(wire_client_memory, size),
	WIRE_BYTES(wire_client_memory, data, WIRE_CLIENT_MEMORY_MAX),
};
WIRE_LAYOUT(wire_client_memory, wire_client_memory, WIRE_CLIENT_MEMORY, 0, client_memory_fields);

static const struct wire_field client_memory_reply_fields[] = {
	WIRE_BYTES(wire_client_memory_reply, data, WIRE_CLIENT_MEMORY_MAX),
};
WIRE_LAYOUT(wire_client_memory_reply, wire_client_memory_reply, WIRE_CLIENT_MEMORY, 0,
	    client_memory_reply_fields);
