// SPDX-License-Identifier: MIT
#include "client/async.h"

#include <stdlib.h>
#include <string.h>

#include <mach/mig_errors.h>

#include "client/call.h"
#include "client/connect.h"
#include "client/inlet.h"
#include "client/message.h"
#include "client/status.h"
#include "wire/async.h"
#include "wire/call.h"

static IOReturn check_reference(const struct client_call *call)
{
	if (call->n_reference > kOSAsyncRef64Count)
		return MIG_ARRAY_TOO_LARGE;
	if (!call->reference != !call->n_reference)
		return kIOReturnBadArgument;
	return kIOReturnSuccess;
}

static IOReturn open_inlet(struct client_connection *connection, mach_port_t wake_port,
			   uint32_t *ret_number, struct client_inlet **ret_inlet)
{
	struct port *port;
	err_t err = port_from_receive_right(wake_port, &port);

	if (err)
		return client_status_of_wake_port(err);
	err = client_inlet_open(&connection->inlets, connection->channel, WIRE_INLET_COMPLETIONS,
				port, ret_number, ret_inlet);
	port_unref(port);
	if (err == -EPIPE && wire_channel_is_closed(connection->channel)) {
		client_connection_lose(connection);
		return client_status_of_call(err);
	}
	return client_status_of_wake_port(err);
}

IOReturn client_async_begin(struct client_async *async, struct client_connection *connection,
			    const struct client_call *call, struct wire_call_request *request)
{
	static const uint64_t none[1];
	OSAsyncReference64 reference = { 0 };
	IOReturn status = check_reference(call);
	err_t err;

	if (status)
		return status;
	request->flags |= WIRE_CALL_ASYNC;
	request->reference = call->n_reference
				   ? (struct wire_u64s){ call->reference, call->n_reference }
				   : (struct wire_u64s){ none, 1 };
	if (call->wake_port == MACH_PORT_NULL)
		return kIOReturnSuccess;
	if (atomic_load(&connection->lost))
		return client_connection_lost_status(connection);
	if (call->n_reference)
		memcpy(reference, call->reference, call->n_reference * sizeof(uint64_t));
	status = open_inlet(connection, call->wake_port, &request->inlet, &async->inlet);
	if (status)
		return status;
	err = client_inlet_add_token(async->inlet, reference, &async->token);
	if (err) {
		async->inlet = client_inlet_unref(async->inlet);
		return client_status_of_call(err);
	}
	request->token = async->token;
	return kIOReturnSuccess;
}

static bool is_strict(void)
{
	const char *value = getenv("PORTICO_STRICT_ASYNC");

	return value && !strcmp(value, "1");
}

/* The driver went away right after it had accepted the call. */
static void abort_late(struct client_inlet *inlet, const OSAsyncReference64 reference)
{
	struct port_message *message;

	if (!is_strict() &&
	    !client_message_new_completion(kIOReturnAborted, reference, NULL, 0, &message))
		port_send(inlet->port, message);
}

void client_async_end(struct client_async *async, bool accepted)
{
	OSAsyncReference64 reference;

	if (!async->inlet)
		return;
	if (!accepted)
		client_inlet_remove_token(async->inlet, async->token, NULL);
	else if (!client_inlet_accept_token(async->inlet, async->token, reference))
		abort_late(async->inlet, reference);
	async->inlet = client_inlet_unref(async->inlet);
}

/* --- completions ------------------------------------------------------------------ */

/* The driver has gone: one last message for each call that still waits. */
static err_t abort_one(struct client_inlet *inlet, struct port_message **ret_message)
{
	OSAsyncReference64 reference;

	if (!client_inlet_take_token(inlet, reference) || is_strict())
		return -EPIPE;
	return client_message_new_completion(kIOReturnAborted, reference, NULL, 0, ret_message);
}

static err_t receive_completion(struct client_inlet *inlet, struct wire_frame *frame,
				struct port_message **ret_message)
{
	struct wire_completion completion;
	OSAsyncReference64 reference;
	err_t err = wire_frame_decode(frame, &wire_completion_layout, &completion);

	if (err)
		return err;
	/* A token that was never given, or not for this inlet, or has been given back. */
	if (!client_inlet_find_token(inlet, completion.token, reference))
		return -EAGAIN;
	return client_message_new_completion(completion.result, reference,
					     completion.arguments.items,
					     (uint32_t)completion.arguments.count, ret_message);
}

static err_t receive_released(struct client_inlet *inlet, struct wire_frame *frame)
{
	struct wire_token_released released;
	err_t err = wire_frame_decode(frame, &wire_token_released_layout, &released);

	if (err)
		return err;
	client_inlet_remove_token(inlet, released.token, NULL);
	return -EAGAIN;
}

err_t client_async_receive(void *context, int socket, struct port_message **ret_message)
{
	struct client_inlet *inlet = context;
	struct wire_frame frame = WIRE_FRAME_INIT;
	err_t err = -EAGAIN;

	for (int n = 0; err == -EAGAIN && !inlet->broken && n < CLIENT_INLET_FRAMES; n++) {
		err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);
		if (err)
			break;
		if (frame.header.type == WIRE_COMPLETION)
			err = receive_completion(inlet, &frame, ret_message);
		else if (frame.header.type == WIRE_TOKEN_RELEASED)
			err = receive_released(inlet, &frame);
		else
			err = -EAGAIN;
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	if (err && err != -EAGAIN)
		inlet->broken = true;
	return inlet->broken ? abort_one(inlet, ret_message) : err;
}
