// SPDX-License-Identifier: MIT
/*
 * The serving end of a connection on an event loop, also able to make requests
 * of its own: the registry's end of clients and providers, and the providers'
 * end of the registry. Single-threaded: everything happens on the loop's
 * thread. Sending never blocks: what the socket does not take is queued, and a
 * peer whose queue grows over its limit is cut off.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "wire/frame.h"

struct wire_peer;

/* A request or event has come. The frame is borrowed for the time of the call (take the
 * descriptors that you keep). Return 0, or a negative errno to end the connection: -EBADMSG logs
 * the peer as malformed. Requests with id != 0 must get exactly one wire_peer_reply, now or
 * later (keep the header). */
typedef err_t (*wire_peer_message_fn)(void *context, struct wire_peer *peer,
				      struct wire_frame *frame);
/* The connection has ended (peer gone, malformed message, over limit, or wire_peer_close). Called
 * once, from the loop, never from inside another call of this module; the peer may be freed in it.
 * Outstanding wire_peer_call callbacks have been called before with -EPIPE. */
typedef void (*wire_peer_closed_fn)(void *context, struct wire_peer *peer);
/* The answer to a wire_peer_call. ERR is 0 or -EPIPE; FRAME is NULL on error. The peer may be closed
 * in it, not freed. */
typedef void (*wire_peer_reply_fn)(void *context, err_t err, struct wire_frame *frame);

/* A message of BYTES and N_FDS descriptors waits for the peer; IS_ALONE: nothing else does. False: it
 * may not, and the connection ends. */
typedef bool (*wire_peer_keep_fn)(void *context, size_t bytes, size_t n_fds, bool is_alone);
/* It does not wait any more; once for each that might. */
typedef void (*wire_peer_kept_fn)(void *context, size_t bytes, size_t n_fds);

struct wire_peer_ops {
	wire_peer_message_fn message;
	wire_peer_closed_fn closed;
	/* May be NULL: then WIRE_QUEUE_* bounds what waits. */
	wire_peer_keep_fn keep;
	wire_peer_kept_fn kept;
	/* A large message of BYTES is about to be sent, whose memory file stays until it is read. False: it may
	 * not, unless it MUST. Both may be NULL. */
	bool (*park)(void *context, size_t bytes, bool must);
	void (*parked)(void *context, size_t bytes);
	bool (*may_log)(void *context); /* that the peer has done wrong; NULL: always */
};

/* Takes SOCKET on success and failure. NAME appears in log lines (copied). */
err_t wire_peer_new(struct loop *loop, int socket, uint64_t payload_max,
		    const struct wire_peer_ops *ops, void *context, const char *name,
		    struct wire_peer **ret_peer);
/* Accepts NULL, returns NULL. Outstanding wire_peer_call callbacks are called with -EPIPE, the
 * closed callback is not. Not from inside its message callback: use wire_peer_close there. */
struct wire_peer *wire_peer_free(struct wire_peer *peer);
/* End the connection; the closed callback follows from the loop. */
void wire_peer_close(struct wire_peer *peer);
/* Let 64 times as much wait for the peer: one whose requests we answer, so that it asked for what
 * waits, and whose loss would end us. */
void wire_peer_set_patient(struct wire_peer *peer);
/* Whose descriptors come in through it, if not those of a process of our own user. */
void wire_peer_set_sender(struct wire_peer *peer, uid_t uid);
/* Bytes of large messages that the peer has not read yet. */
size_t wire_peer_unread(struct wire_peer *peer);
int wire_peer_socket(struct wire_peer *peer);
/* Messages that the socket has not taken yet. */
bool wire_peer_has_waiting(const struct wire_peer *peer);
/* Questions that it has not answered. */
size_t wire_peer_count_calls(const struct wire_peer *peer);
const char *wire_peer_name(struct wire_peer *peer);

/* Send an event or request without an answer. Descriptors are borrowed (duplicated if queued).
 * Errors mean that nothing was sent; over-limit closes the peer and returns -EPIPE; -EMFILE: too many
 * descriptors are on their way, or too much that is large is not read. */
err_t wire_peer_send(struct wire_peer *peer, const struct wire_layout *layout, const void *message,
		     const int *fds, size_t n_fds);
/* The same. What there is no memory for has to be followed by a reply with a status, which needs next to
 * none: without even that the connection ends. */
err_t wire_peer_reply(struct wire_peer *peer, const struct wire_header *request,
		      const struct wire_layout *layout, int32_t status, const void *message,
		      const int *fds, size_t n_fds);
/* Decode what PEER has answered. -EBADMSG: it was malformed, which is logged with what it was ABOUT and ends the
 * connection; -ENOMEM is no fault of the peer's. */
err_t wire_peer_decode_answer(struct wire_peer *peer, const struct wire_frame *frame,
			      const struct wire_layout *layout, void *ret_answer,
			      const char *about);
/* Ask the peer; FN is called once from the loop. On a returned error FN is not called. */
err_t wire_peer_call(struct wire_peer *peer, const struct wire_layout *layout, const void *message,
		     const int *fds, size_t n_fds, wire_peer_reply_fn fn, void *context);
