// SPDX-License-Identifier: MIT
/*
 * The calling end of a connection: many threads call, replies come in any
 * order. There is no reader thread: one of the waiting callers reads for all
 * (it hands other callers their replies and passes the reading on when its own
 * has come). When the peer goes, every waiter returns at once.
 *
 * On this socket the peer sends nothing but replies, and questions where
 * somebody serves them (wire_channel_serve); anything else, a reply to no
 * request, a second reply or one with wrong descriptors ends the channel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/frame.h"

struct wire_channel;

/* Takes SOCKET on success and failure. PAYLOAD_MAX bounds replies. */
err_t wire_channel_new(int socket, uint64_t payload_max, struct wire_channel **ret_channel);
/* From now on FN answers what the peer asks, on the thread of a caller that waits for a reply. A failure
 * ends the channel; BLOCK: it may wait for room, else -EAGAIN says that there is none and it is called
 * again. Before the first call. */
typedef err_t (*wire_channel_fn)(void *context, int socket, struct wire_frame *frame, bool block);
void wire_channel_serve(struct wire_channel *channel, wire_channel_fn fn, void *context);
struct wire_channel *wire_channel_ref(struct wire_channel *channel);
struct wire_channel *wire_channel_unref(struct wire_channel *channel);
/* Shut the connection down: all waiters return -EPIPE, all later calls too. Any thread. */
void wire_channel_close(struct wire_channel *channel);
bool wire_channel_is_closed(struct wire_channel *channel);
/* It was closed because the peer broke the protocol, not because it went. */
bool wire_channel_is_broken(struct wire_channel *channel);
/* For watching hang-up only (EPOLLRDHUP, never EPOLLIN). Borrowed. */
int wire_channel_fd(struct wire_channel *channel);

/*
 * Send a request and wait for its reply, without a time limit (hang-up ends the wait).
 * N_FDS descriptors are borrowed. RET_STATUS gets the status of the reply (an IOReturn). When it
 * is 0 (kIOReturnSuccess) and REPLY_LAYOUT is given, the reply is decoded into RET_REPLY, whose
 * texts and bytes point into FRAME. FRAME is initialised and finished by the caller and may be
 * reused from call to call; descriptors of the reply are in it. On a non-zero status the payload
 * is ignored.
 * 0; -EPIPE the peer has gone or broke the protocol; -EMSGSIZE, -EINVAL, -ENOMEM, -EMFILE: the
 * request could not be sent and nothing reached the peer.
 */
err_t wire_channel_call(struct wire_channel *channel, const struct wire_layout *layout,
			const void *request, const int *fds, size_t n_fds,
			const struct wire_layout *reply_layout, void *ret_reply,
			struct wire_frame *frame, int32_t *ret_status);
/* The same in two steps. The reply waits in the socket, or where another caller has put it, until it is
 * asked for. */
struct wire_channel_call;
err_t wire_channel_begin(struct wire_channel *channel, const struct wire_layout *layout,
			 const void *request, struct wire_channel_call **ret_call);
/* Waits for the reply and frees CALL; the rest as in wire_channel_call. */
err_t wire_channel_finish(struct wire_channel_call *call, const struct wire_layout *reply_layout,
			  void *ret_reply, struct wire_frame *frame, int32_t *ret_status);
/* The same with a limit (loop_now_ns): when it has passed, the channel is closed, this call returns
 * -ETIMEDOUT and all others -EPIPE, and the channel has expired. */
err_t wire_channel_call_until(struct wire_channel *channel, const struct wire_layout *layout,
			      const void *request, const struct wire_layout *reply_layout,
			      void *ret_reply, struct wire_frame *frame, int32_t *ret_status,
			      uint64_t until_ns);
/* It was closed because an answer did not come in time. */
bool wire_channel_is_expired(struct wire_channel *channel);
/* A request that wants no reply. -EAGAIN: the peer has not read what is before it until UNTIL_NS (0: wait for ever);
 * nothing has been sent. */
err_t wire_channel_post(struct wire_channel *channel, const struct wire_layout *layout,
			const void *request, uint64_t until_ns);
