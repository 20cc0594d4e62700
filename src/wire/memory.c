// SPDX-License-Identifier: MIT
#include "wire/memory.h"

#include "wire/layout.h"

static const struct wire_field map_request_fields[] = {
	WIRE_U32(wire_map_request, memory_type),
	WIRE_U32(wire_map_request, options),
};
WIRE_LAYOUT(wire_map_request, wire_map_request, WIRE_MAP, 0, map_request_fields);

static const struct wire_field map_reply_fields[] = {
	WIRE_U64(wire_map_reply, size),	      WIRE_U64(wire_map_reply, memory),
	WIRE_U32(wire_map_reply, flags),      WIRE_U32(wire_map_reply, options),
	WIRE_OBJECT(wire_map_reply, context),
};
WIRE_LAYOUT(wire_map_reply, wire_map_reply, WIRE_MAP, 1, map_reply_fields);

static const struct wire_field unmap_request_fields[] = {
	WIRE_U32(wire_unmap_request, memory_type),
};
WIRE_LAYOUT(wire_unmap_request, wire_unmap_request, WIRE_UNMAP, 0, unmap_request_fields);

static const struct wire_field set_notification_port_fields[] = {
	WIRE_U32(wire_set_notification_port, type),
	WIRE_U32(wire_set_notification_port, inlet),
	WIRE_U64(wire_set_notification_port, reference),
};
WIRE_LAYOUT(wire_set_notification_port, wire_set_notification_port, WIRE_SET_NOTIFICATION_PORT, 0,
	    set_notification_port_fields);
