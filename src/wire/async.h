// SPDX-License-Identifier: MIT
/*
 * Asynchronous results (host -> client, over an inlet of class
 * WIRE_INLET_COMPLETIONS). The client's reference array never leaves the
 * client: a random token stands for it.
 */
#pragma once

#include "wire/message.h"

/* WIRE_COMPLETION, no reply */
struct wire_completion {
	uint64_t token;
	int32_t result;		    /* IOReturn */
	struct wire_u64s arguments; /* at most WIRE_ASYNC_ARGUMENTS_MAX */
};
/* WIRE_TOKEN_RELEASED, no reply: no completion for this token will follow */
struct wire_token_released {
	uint64_t token;
};
/* WIRE_QUEUE_WAKE (wire_empty), on an inlet of class WIRE_INLET_WAKEUPS: a data queue has become
 * non-empty */

/* WIRE_PORT_MESSAGE, no reply, on an inlet of class WIRE_INLET_WAKEUPS: a message of the driver's own
 * making, without rights */
struct wire_port_message {
	uint32_t id; /* msgh_id */
	struct wire_bytes data;
};

extern const struct wire_layout wire_port_message_layout;
extern const struct wire_layout wire_completion_layout, wire_token_released_layout;
extern const struct wire_layout wire_queue_wake_layout;
