// SPDX-License-Identifier: MIT
#include "client/async.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
	return client_connection_inlet_status(connection, wake_port, err);
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

/* --- the ring -------------------------------------------------------------------- */

enum { RELEASES_MAX = 64 }; /* that are passed over before one message */

/* The next completion in the ring as a message; its size. 0: none, or the inlet is broken. */
static size_t take_record(struct client_inlet *inlet, int socket,
			  uint8_t message[static CLIENT_COMPLETION_MAX])
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	OSAsyncReference64 reference;
	struct wire_ring_record record;
	size_t size = 0;
	err_t err = 0;

	if (!inlet->ring.memory || inlet->broken)
		return 0;
	for (int n = 0; !size && n < RELEASES_MAX; n++) {
		err = wire_ring_take(&inlet->ring, &record, arguments);
		if (err)
			break;
		if (record.kind == WIRE_RING_RELEASED)
			client_inlet_remove_token(inlet, record.token, NULL);
		else if (client_inlet_find_token(inlet, record.token, reference))
			size = client_message_put_completion(message, record.result, reference,
							     arguments, record.count);
	}
	inlet->broken = err == -EBADMSG;
	if (wire_ring_must_tell(&inlet->ring, false))
		wire_send(socket, &wire_ring_wake_layout, 0, NULL, NULL, 0, false);
	return size;
}

/* Drop what is first in the socket. With a ring there are wake-ups alone. */
static err_t receive_wake(struct client_inlet *inlet, int socket)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	err_t err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);

	wire_frame_fini(&frame);
	if (!err && inlet->ring.unread)
		inlet->ring.unread--;
	return err;
}

/* Ask to be woken by the next record, and let the socket not be readable for the last one: how many
 * wake-ups that were. -1: there is a record. */
static int go_to_sleep(struct client_inlet *inlet, int socket)
{
	struct wire_ring_reader *ring = &inlet->ring;
	bool is_empty = wire_ring_sleep(ring);
	int received = 0;

	for (int n = ring->unread - !is_empty; n > 0 && !receive_wake(inlet, socket); n--)
		received++;
	if (is_empty && wire_ring_must_tell(ring, true))
		wire_send(socket, &wire_ring_wake_layout, 0, NULL, NULL, 0, false);
	return is_empty ? received : -1;
}

/* After a message: the socket may be readable only if there is another. Releases are none. */
static void settle(struct client_inlet *inlet, int socket)
{
	struct wire_ring_record record;
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];

	for (int n = 0; n < RELEASES_MAX; n++) {
		switch (wire_ring_next_kind(&inlet->ring)) {
		case 0:
			if (go_to_sleep(inlet, socket) >= 0)
				return;
			break;
		case WIRE_RING_RELEASED:
			if (!wire_ring_take(&inlet->ring, &record, arguments) &&
			    record.kind == WIRE_RING_RELEASED)
				client_inlet_remove_token(inlet, record.token, NULL);
			break;
		default:
			return;
		}
	}
}

size_t client_async_take(void *context, int socket, bool exact,
			 uint8_t message[static PORT_SMALL_MESSAGE])
{
	struct client_inlet *inlet = context;
	size_t size = take_record(inlet, socket, message);

	if (size && exact)
		settle(inlet, socket);
	return size;
}

static err_t peek(int socket)
{
	char first;
	ssize_t n = recv(socket, &first, sizeof(first), MSG_PEEK | MSG_DONTWAIT);

	return n > 0 ? 0 : n == 0 ? -EPIPE : errno == EINTR ? -EAGAIN : err_from_errno();
}

/* The ring is empty and we sleep. 0: look there again. */
static err_t look_at_socket(struct client_inlet *inlet, int socket)
{
	err_t err = peek(socket);

	if (err == -EAGAIN)
		return err;
	/* A wake-up that we do not know of belongs to a record; so may the end of the sender. */
	if (!wire_ring_is_empty(&inlet->ring))
		return 0;
	return err ?: receive_wake(inlet, socket);
}

static err_t receive_from_ring(struct client_inlet *inlet, int socket, struct port_message *message)
{
	uint8_t bytes[CLIENT_COMPLETION_MAX];
	size_t size = 0;
	err_t err = 0;

	for (int n = 0; !err && !size && n < CLIENT_INLET_FRAMES; n++) {
		int received;

		size = take_record(inlet, socket, bytes);
		if (inlet->broken)
			return -EBADMSG;
		if (size)
			break;
		received = go_to_sleep(inlet, socket);
		if (received == 0)
			err = look_at_socket(inlet, socket);
		else if (received > 0)
			err = -EAGAIN; /* anything else is still readable */
	}
	if (!size)
		return err ?: -EAGAIN;
	settle(inlet, socket);
	port_message_refill(message, bytes, size);
	return 0;
}

/* --- without a ring --------------------------------------------------------------- */

static err_t receive_completion(struct client_inlet *inlet, struct wire_frame *frame,
				struct port_message *message)
{
	uint8_t bytes[CLIENT_COMPLETION_MAX];
	struct wire_completion completion;
	OSAsyncReference64 reference;
	err_t err = wire_frame_decode(frame, &wire_completion_layout, &completion);

	if (err)
		return err;
	/* A token that was never given, or not for this inlet, or has been given back. */
	if (!client_inlet_find_token(inlet, completion.token, reference))
		return -EAGAIN;
	if (completion.arguments.count > kMaxAsyncArgs)
		return -EMSGSIZE;
	size_t size = client_message_put_completion(bytes, completion.result, reference,
						    completion.arguments.items,
						    (uint32_t)completion.arguments.count);
	port_message_refill(message, bytes, size);
	return 0;
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

static err_t receive_from_socket(struct client_inlet *inlet, int socket,
				 struct port_message *message)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	err_t err = -EAGAIN;

	for (int n = 0; err == -EAGAIN && n < CLIENT_INLET_FRAMES; n++) {
		err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);
		if (err)
			break;
		if (frame.header.type == WIRE_COMPLETION)
			err = receive_completion(inlet, &frame, message);
		else if (frame.header.type == WIRE_TOKEN_RELEASED)
			err = receive_released(inlet, &frame);
		else
			err = -EAGAIN;
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	return err;
}

/* --- the end ------------------------------------------------------------------------ */

/* The driver has gone: one last message for each call that still waits. */
static err_t abort_one(struct client_inlet *inlet, struct port_message *message)
{
	uint8_t bytes[CLIENT_COMPLETION_MAX];
	OSAsyncReference64 reference;

	if (!client_inlet_take_token(inlet, reference) || is_strict())
		return -EPIPE;
	size_t size = client_message_put_completion(bytes, kIOReturnAborted, reference, NULL, 0);
	port_message_refill(message, bytes, size);
	return 0;
}

static err_t receive(struct client_inlet *inlet, int socket, struct port_message *message)
{
	err_t err = 0;

	if (inlet->broken)
		return abort_one(inlet, message);
	err = inlet->ring.memory ? receive_from_ring(inlet, socket, message)
				 : receive_from_socket(inlet, socket, message);
	if (err && err != -EAGAIN)
		inlet->broken = true;
	return inlet->broken ? abort_one(inlet, message) : err;
}

err_t client_async_receive(void *context, int socket, struct port_message **ret_message)
{
	static const uint8_t blank[CLIENT_COMPLETION_MAX];
	struct port_message *message;

	/* First: a completion is not taken before there is room for it. Until then it can be received. */
	if (port_message_new(blank, sizeof(blank), NULL, NULL, &message))
		return -EAGAIN;
	err_t err = receive(context, socket, message);
	if (err)
		port_message_free(message);
	else
		*ret_message = message;
	return err;
}
