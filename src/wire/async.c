// SPDX-License-Identifier: MIT
#include "wire/async.h"

#include "wire/layout.h"

static const struct wire_field completion_fields[] = {
	WIRE_U64(wire_completion, token),
	WIRE_U32(wire_completion, result),
	WIRE_U64S(wire_completion, arguments, WIRE_ASYNC_ARGUMENTS_MAX),
};
WIRE_LAYOUT(wire_completion, wire_completion, WIRE_COMPLETION, 0, completion_fields);

static const struct wire_field token_released_fields[] = {
	WIRE_U64(wire_token_released, token),
};
WIRE_LAYOUT(wire_token_released, wire_token_released, WIRE_TOKEN_RELEASED, 0,
	    token_released_fields);

static const struct wire_field completions_open_fields[] = {
	WIRE_U32(wire_completions_open, inlet),
};
WIRE_LAYOUT(wire_completions_open, wire_completions_open, WIRE_COMPLETIONS_OPEN, 2,
	    completions_open_fields);

WIRE_LAYOUT_EMPTY(wire_ring_wake, WIRE_RING_WAKE);

WIRE_LAYOUT_EMPTY(wire_queue_wake, WIRE_QUEUE_WAKE);

static const struct wire_field port_message_fields[] = {
	WIRE_U32(wire_port_message, id),
	WIRE_BYTES(wire_port_message, data, WIRE_PORT_MESSAGE_MAX),
};
WIRE_LAYOUT(wire_port_message, wire_port_message, WIRE_PORT_MESSAGE, 0, port_message_fields);
