// SPDX-License-Identifier: MIT
/* Matching and waiting (client -> registry). */
#pragma once

#include "wire/message.h"

/* WIRE_FIND -> wire_entries_reply (possibly empty). kIOReturnBadArgument: MATCHING is no
 * dictionary. With REST, a number of the client's choice, at most WIRE_FOUND_MAX come; when that many
 * did, the others are kept under that number for WIRE_FIND_MORE. */
struct wire_find_request {
	uint32_t first_only;
	uint64_t rest;
	CFTypeRef matching;
};

/* The same message where the dictionary stays encoded. */
struct wire_find_packed {
	uint32_t first_only;
	uint64_t rest;
	struct wire_bytes matching; /* size 0: there is none */
};

/* WIRE_FIND_MORE -> wire_entries_reply: the next of a search's services. Fewer than WIRE_FOUND_MAX are
 * the last. The registry keeps the rests of few searches: none is left of an old one. */
struct wire_find_more {
	uint64_t rest;
};

/* WIRE_MATCH -> wire_number_reply (0 or 1). kIOReturnBadArgument: not a service. */
struct wire_match_request {
	uint64_t id;
	CFTypeRef matching;
};

/* WIRE_WAIT_QUIET -> wire_empty when quiet; kIOReturnTimeout. ID 0 is the whole machine.
 * TIMEOUT_NS UINT64_MAX waits for ever. */
struct wire_wait_quiet_request {
	uint64_t id;
	uint64_t timeout_ns;
};

/* WIRE_REQUEST_PROBE -> wire_empty: the status is the driver's. kIOReturnBadArgument: not a service;
 * kIOReturnUnsupported: nobody can be asked. */
struct wire_request_probe {
	uint64_t id;
	uint32_t options;
};

extern const struct wire_layout wire_find_more_layout, wire_find_packed_layout;
extern const struct wire_layout wire_find_request_layout, wire_match_request_layout;
extern const struct wire_layout wire_wait_quiet_request_layout, wire_request_probe_layout;
