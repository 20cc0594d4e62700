// SPDX-License-Identifier: MIT
#include "wire/query.h"

#include "wire/layout.h"

static const struct wire_field find_request_fields[] = {
	WIRE_U32(wire_find_request, first_only),
	WIRE_U64(wire_find_request, rest),
	WIRE_OBJECT(wire_find_request, matching),
};
WIRE_LAYOUT(wire_find_request, wire_find_request, WIRE_FIND, 0, find_request_fields);

static const struct wire_field find_packed_fields[] = {
	WIRE_U32(wire_find_packed, first_only),
	WIRE_U64(wire_find_packed, rest),
	WIRE_PACKED(wire_find_packed, matching),
};
WIRE_LAYOUT(wire_find_packed, wire_find_packed, WIRE_FIND, 0, find_packed_fields);

static const struct wire_field find_more_fields[] = {
	WIRE_U64(wire_find_more, rest),
};
WIRE_LAYOUT(wire_find_more, wire_find_more, WIRE_FIND_MORE, 0, find_more_fields);

static const struct wire_field match_request_fields[] = {
	WIRE_U64(wire_match_request, id),
	WIRE_OBJECT(wire_match_request, matching),
};
WIRE_LAYOUT(wire_match_request, wire_match_request, WIRE_MATCH, 0, match_request_fields);

static const struct wire_field wait_quiet_request_fields[] = {
	WIRE_U64(wire_wait_quiet_request, id),
	WIRE_U64(wire_wait_quiet_request, timeout_ns),
};
WIRE_LAYOUT(wire_wait_quiet_request, wire_wait_quiet_request, WIRE_WAIT_QUIET, 0,
	    wait_quiet_request_fields);

static const struct wire_field request_probe_fields[] = {
	WIRE_U64(wire_request_probe, id),
	WIRE_U32(wire_request_probe, options),
};
WIRE_LAYOUT(wire_request_probe, wire_request_probe, WIRE_REQUEST_PROBE, 0, request_probe_fields);
