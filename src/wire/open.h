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
	uint32_t flags;	      /* WIRE_OPEN_CLIENT_MEMORY */
};

/* What the registry knows of the client, from its socket and the session's policy. */
enum {
	WIRE_OPEN_ADMINISTRATOR = 1, /* the subject holds the administrator privilege */
	WIRE_OPEN_LOCAL_USER = 2,    /* privileges "local", "console", "secureprocess", */
	WIRE_OPEN_CONSOLE_USER = 4,  /* "consolesession" */
	WIRE_OPEN_SECURE_PROCESS = 8,
	WIRE_OPEN_CONSOLE_SESSION = 16,
	WIRE_OPEN_AUTHORIZED = 32,     /* the last one that was authorized for the service */
	WIRE_OPEN_DRIVER_ACCESS = 64,  /* may open services of DriverKit's kind */
	WIRE_OPEN_CLIENT_MEMORY = 128, /* the driver's bundle declares that it asks for memory of
					* its clients by address */
	WIRE_OPEN_UNSTATED = 256,      /* may open what demands nothing: owner, root, by a grant */
};

/* WIRE_OPEN_CLIENT (registry -> host), one descriptor -> wire_open_client_reply */
struct wire_open_client {
	uint64_t service;     /* entry ID of the driver's service */
	uint64_t user_client; /* entry ID chosen for the new user client */
	uint64_t proof;	      /* as of an entry that the host has published itself */
	uint32_t type;
	uint32_t flags;		/* WIRE_OPEN_* */
	uint32_t pid, uid, gid; /* of the client, from its socket */
	const char *process;	/* its name */
	CFTypeRef entitlements; /* dictionary */
};
/* The registry attaches the user client below SERVICE with these. */
struct wire_open_client_reply {
	const char *class_name;
	CFTypeRef properties; /* dictionary */
};

/* WIRE_AUTHORIZE (client -> registry), for IOServiceAuthorize -> wire_empty */
struct wire_authorize_request {
	uint64_t service;
	uint32_t options;
};

extern const struct wire_layout wire_authorize_request_layout;
extern const struct wire_layout wire_open_request_layout, wire_open_reply_layout;
extern const struct wire_layout wire_open_client_layout, wire_open_client_reply_layout;
