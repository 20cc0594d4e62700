// SPDX-License-Identifier: MIT
#include "wire/open.h"

#include "wire/layout.h"

static const struct wire_field open_request_fields[] = {
	WIRE_U64(wire_open_request, service),
	WIRE_U32(wire_open_request, type),
};
WIRE_LAYOUT(wire_open_request, wire_open_request, WIRE_OPEN, 0, open_request_fields);

static const struct wire_field open_reply_fields[] = {
	WIRE_U64(wire_open_reply, user_client),
	WIRE_U32(wire_open_reply, flags),
};
WIRE_LAYOUT(wire_open_reply, wire_open_reply, WIRE_OPEN, 1, open_reply_fields);

static const struct wire_field open_client_fields[] = {
	WIRE_U64(wire_open_client, service),
	WIRE_U64(wire_open_client, user_client),
	WIRE_U64(wire_open_client, proof),
	WIRE_U32(wire_open_client, type),
	WIRE_U32(wire_open_client, flags),
	WIRE_U32(wire_open_client, pid),
	WIRE_U32(wire_open_client, uid),
	WIRE_U32(wire_open_client, gid),
	WIRE_TEXT(wire_open_client, process, WIRE_NAME_MAX),
	WIRE_OBJECT(wire_open_client, entitlements),
};
WIRE_LAYOUT(wire_open_client, wire_open_client, WIRE_OPEN_CLIENT, 1, open_client_fields);

static const struct wire_field open_client_reply_fields[] = {
	WIRE_TEXT(wire_open_client_reply, class_name, WIRE_NAME_MAX),
	WIRE_OBJECT(wire_open_client_reply, properties),
};
WIRE_LAYOUT(wire_open_client_reply, wire_open_client_reply, WIRE_OPEN_CLIENT, 0,
	    open_client_reply_fields);

static const struct wire_field authorize_request_fields[] = {
	WIRE_U64(wire_authorize_request, service),
	WIRE_U32(wire_authorize_request, options),
};
WIRE_LAYOUT(wire_authorize_request, wire_authorize_request, WIRE_AUTHORIZE, 0,
	    authorize_request_fields);
