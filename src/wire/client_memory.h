// SPDX-License-Identifier: MIT
/* Memory of a client that a driver names by address (host -> client, on the data plane, while a
 * method runs). */
#pragma once

#include "wire/message.h"

/* WIRE_CLIENT_MEMORY -> wire_client_memory_reply: read SIZE bytes at ADDRESS, or, with SIZE 0, write
 * DATA there. kIOReturnVMError: not all of it can be accessed so. */
struct wire_client_memory {
	uint64_t address;
	uint64_t size;
	struct wire_bytes data;
};
struct wire_client_memory_reply {
	struct wire_bytes data;
};

extern const struct wire_layout wire_client_memory_layout, wire_client_memory_reply_layout;
