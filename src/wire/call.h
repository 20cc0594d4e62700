// SPDX-License-Identifier: MIT
/* External methods (client -> host, on the data plane). */
#pragma once

#include "wire/message.h"

enum {
	WIRE_CALL_ASYNC = 1, /* token and inlet are valid */
	WIRE_CALL_INPUT_MEMORY =
		2, /* the structure came by address: the driver sees a descriptor */
	WIRE_CALL_OUTPUT_MEMORY = 4,   /* likewise for the output */
	WIRE_CALL_OUTPUT_VARIABLE = 8, /* kIOConnectMethodVarOutputSize */
};

/* WIRE_CALL -> wire_call_reply; the status is the driver's IOReturn */
struct wire_call_request {
	uint32_t selector;
	uint32_t flags;
	uint32_t scalar_output_count; /* capacity, at most WIRE_SCALARS_MAX */
	uint32_t inlet;		      /* of the wake port; 0: asynchronous call without wake port */
	uint64_t token; /* names the client's reference array; never 0 with an inlet */
	uint64_t structure_output_size; /* capacity */
	/* The client's array (1 to 8 words) for the driver to see; what counts is the token. */
	struct wire_u64s reference;
	struct wire_u64s scalars;
	struct wire_bytes structure;
};
struct wire_call_reply {
	uint32_t scalar_output_count; /* as the driver left it; scalars holds min(this, capacity) */
	uint64_t structure_output_size; /* as the driver left it */
	struct wire_u64s scalars;
	struct wire_bytes structure;
};

/* WIRE_TRAP -> wire_empty; the status is the trap's result */
struct wire_trap_request {
	uint32_t index;
	struct wire_u64s parameters; /* at most 6 */
};

/* WIRE_CLOSE (wire_empty) -> wire_empty, after clientClose has run */

/* WIRE_GET_SERVICE (wire_empty) -> wire_number_reply: entry ID */

/* WIRE_SET_CLIENT_PROPERTIES -> wire_empty */
struct wire_set_client_properties {
	CFTypeRef value;
};

/* WIRE_CONNECT_CLIENT -> wire_empty: the user client entry of the other connection */
struct wire_connect_client {
	uint64_t user_client;
};

/* WIRE_SLOTS with one descriptor -> wire_empty: memory for calls (slot.h), served from the answer on.
 * The host may refuse. */
struct wire_slots_request {
	uint64_t size; /* sizeof(struct wire_slots) */
};

extern const struct wire_layout wire_slots_layout;
extern const struct wire_layout wire_call_request_layout, wire_call_reply_layout;
extern const struct wire_layout wire_trap_request_layout, wire_close_layout;
extern const struct wire_layout wire_get_service_layout, wire_set_client_properties_layout;
extern const struct wire_layout wire_connect_client_layout;
