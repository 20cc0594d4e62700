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
/* WIRE_COMPLETIONS_OPEN (client -> host) -> wire_empty. Two descriptors: like WIRE_INLET_OPEN for an
 * inlet of class WIRE_INLET_COMPLETIONS, and the memory of a completion ring (completion_ring.h). The
 * host then puts completions into the ring alone. A host that does not like the memory says
 * kIOReturnUnsupported: the inlet can be opened without one. */
struct wire_completions_open {
	uint32_t inlet;
};
/* WIRE_RING_WAKE (wire_empty), on an inlet with a ring, no reply: host -> client, the reader slept
 * and there are records; client -> host, there is room. */

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
extern const struct wire_layout wire_completions_open_layout, wire_ring_wake_layout;
extern const struct wire_layout wire_queue_wake_layout;
