// SPDX-License-Identifier: MIT
#include "wire/hello.h"

#include "wire/layout.h"

static const struct wire_field hello_fields[] = {
	WIRE_U32(wire_hello, magic), WIRE_U32(wire_hello, version),
	WIRE_U32(wire_hello, role),  WIRE_U32(wire_hello, pid),
	WIRE_U64(wire_hello, token), WIRE_TEXT(wire_hello, name, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_hello, wire_hello, WIRE_HELLO, 0, hello_fields);

static const struct wire_field hello_reply_fields[] = {
	WIRE_U32(wire_hello_reply, version),
	WIRE_U32(wire_hello_reply, pid),
	WIRE_U64(wire_hello_reply, session),
	WIRE_U64(wire_hello_reply, generation),
};
WIRE_LAYOUT(wire_hello_reply, wire_hello_reply, WIRE_HELLO, 1, hello_reply_fields);
