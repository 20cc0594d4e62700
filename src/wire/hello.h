// SPDX-License-Identifier: MIT
/* The greeting: the first message on every control connection. */
#pragma once

#include "wire/message.h"

/* client or provider -> registry */
struct wire_hello {
	uint32_t magic;	  /* WIRE_MAGIC */
	uint32_t version; /* WIRE_VERSION */
	uint32_t role;	  /* enum wire_role */
	uint32_t pid;	  /* for display; decisions use the socket's credentials */
	uint64_t
		token; /* providers started by the registry: as given on the command line; else 0 */
	const char *name; /* client: process name; provider: IOUserServerName, "bridge", ... */
};

/* Carries one descriptor: the status page. A wrong version is answered with status
 * kIOReturnUnsupported and the registry's own version, then the connection ends. */
struct wire_hello_reply {
	uint32_t version;
	uint32_t pid;	     /* of the registry process */
	uint64_t session;    /* number of this connection, unique in the session */
	uint64_t generation; /* of the registry: grows with each restart */
};

extern const struct wire_layout wire_hello_layout;
extern const struct wire_layout wire_hello_reply_layout;
