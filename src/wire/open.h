// SPDX-License-Identifier: MIT
/*
 * Opening a connection. The registry makes a socket pair, gives one end to the
 * driver host with WIRE_OPEN_CLIENT and, when the host agrees, the other to the
 * client, and steps back.
 */
#pragma once

#include "wire/message.h"

/* WIRE_OPEN (client -> registry) -> wire_open_reply with one descriptor (the data plane) */
struct wire_open_request {
	uint64_t service;
	uint32_t type;
};
struct wire_open_reply {
	uint64_t user_client; /* entry ID; granted once */
};

enum { WIRE_OPEN_ADMINISTRATOR = 1 }; /* the subject holds the administrator privilege */

/* WIRE_OPEN_CLIENT (registry -> host), one descriptor -> wire_open_client_reply */
struct wire_open_client {
	uint64_t service;     /* entry ID of the driver's service */
	uint64_t user_client; /* entry ID chosen for the new user client */
	uint32_t type;
	uint32_t flags;		/* WIRE_OPEN_* */
	uint32_t pid, uid, gid; /* of the client, from its socket */
	const char *process;	/* its name */
};
/* The registry attaches the user client below SERVICE with these. */
struct wire_open_client_reply {
	const char *class_name;
	CFTypeRef properties; /* dictionary */
};

extern const struct wire_layout wire_open_request_layout, wire_open_reply_layout;
extern const struct wire_layout wire_open_client_layout, wire_open_client_reply_layout;
