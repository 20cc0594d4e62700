// SPDX-License-Identifier: MIT
/*
 * Asynchronous calls. The reference array stays here; the driver gets a token.
 * A call that was accepted has its token until the driver releases it or goes
 * away: then it completes with kIOReturnAborted (not with
 * PORTICO_STRICT_ASYNC=1, where nothing comes, as on macOS).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>

struct client_call;
struct client_connection;
struct client_inlet;
struct wire_call_request;

struct client_async {
	struct client_inlet *inlet; /* NULL: no wake port */
	uint64_t token;
};

/* Check the reference, register it and fill REQUEST's part. Nothing is kept on failure. */
IOReturn client_async_begin(struct client_async *async, struct client_connection *connection,
			    const struct client_call *call, struct wire_call_request *request);
/* The method has returned: a refused call gives its token back. */
void client_async_end(struct client_async *async, bool accepted);
