// SPDX-License-Identifier: MIT
#include "wire/call.h"

#include "wire/layout.h"

/* The structure is last, so that a large one is sent from where it lies (frame.c). */
static const struct wire_field call_request_fields[] = {
	WIRE_U32(wire_call_request, selector),
	WIRE_U32(wire_call_request, flags),
	WIRE_U32(wire_call_request, scalar_output_count),
	WIRE_U32(wire_call_request, inlet),
	WIRE_U64(wire_call_request, token),
	WIRE_U64(wire_call_request, structure_output_size),
	WIRE_U64S(wire_call_request, reference, WIRE_ASYNC_REFERENCE_MAX),
	WIRE_U64S(wire_call_request, scalars, WIRE_SCALARS_MAX),
	WIRE_BYTES(wire_call_request, structure, WIRE_STRUCTURE_MAX),
};
WIRE_LAYOUT_BOUND(wire_call_request, wire_call_request, WIRE_CALL, call_request_fields,
		  WIRE_CALL_MAX);

static const struct wire_field call_reply_fields[] = {
	WIRE_U32(wire_call_reply, scalar_output_count),
	WIRE_U64(wire_call_reply, structure_output_size),
	WIRE_U64S(wire_call_reply, scalars, WIRE_SCALARS_MAX),
	WIRE_BYTES(wire_call_reply, structure, WIRE_STRUCTURE_MAX),
};
WIRE_LAYOUT_BOUND(wire_call_reply, wire_call_reply, WIRE_CALL, call_reply_fields, WIRE_CALL_MAX);

static const struct wire_field trap_request_fields[] = {
	WIRE_U32(wire_trap_request, index),
	WIRE_U64S(wire_trap_request, parameters, WIRE_TRAP_PARAMETERS_MAX),
};
WIRE_LAYOUT(wire_trap_request, wire_trap_request, WIRE_TRAP, 0, trap_request_fields);

WIRE_LAYOUT_EMPTY(wire_close, WIRE_CLOSE);
WIRE_LAYOUT_EMPTY(wire_get_service, WIRE_GET_SERVICE);

static const struct wire_field slots_fields[] = {
	WIRE_U64(wire_slots_request, size),
};
WIRE_LAYOUT(wire_slots, wire_slots_request, WIRE_SLOTS, 1, slots_fields);

static const struct wire_field set_client_properties_fields[] = {
	WIRE_OBJECT(wire_set_client_properties, value),
};
WIRE_LAYOUT(wire_set_client_properties, wire_set_client_properties, WIRE_SET_CLIENT_PROPERTIES, 0,
	    set_client_properties_fields);

static const struct wire_field connect_client_fields[] = {
	WIRE_U64(wire_connect_client, user_client),
};
WIRE_LAYOUT(wire_connect_client, wire_connect_client, WIRE_CONNECT_CLIENT, 0,
	    connect_client_fields);
