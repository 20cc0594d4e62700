// SPDX-License-Identifier: MIT
/*
 * One message over one socket: header, payload, descriptors. Sending never
 * blocks unless asked to and never raises SIGPIPE. Receiving always offers room
 * for the most descriptors the kernel can deliver, closes what is too much and
 * reports it; all received descriptors are close-on-exec and belong to the
 * frame until somebody takes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"
#include "wire/message.h"

enum { WIRE_FRAME_STACK = 2048 }; /* smaller messages are encoded without the heap */

struct wire_frame {
	struct wire_header header;
	struct bytes payload; /* 8-byte aligned storage; reused by the next receive */
	int fds[WIRE_FDS_MAX];
	size_t n_fds; /* without the memory file, which is consumed here */
	/* Asked before a payload of SIZE bytes is read from a memory file; NULL: it may be. */
	bool (*may_read)(void *context, uint64_t size);
	void *may_read_context;
	/* It said no, or this process has no room for the descriptors: payload or descriptors are not there. */
	bool is_refused;
	/* The user whose messages are received, for base/foreign.h. */
	uid_t sender;
};

#define WIRE_FRAME_INIT \
	{ \
		.n_fds = 0 \
	}

/* Close untaken descriptors and forget the contents; memory is kept for reuse. */
void wire_frame_clear(struct wire_frame *frame);
void wire_frame_fini(struct wire_frame *frame);
/* Hand over descriptor INDEX; -1 when there is none. */
int wire_frame_take_fd(struct wire_frame *frame, size_t index);

/* Receive one message. BLOCK: wait for one. PAYLOAD_MAX bounds the payload.
 * 0; -EAGAIN nothing there; -EPIPE the peer has gone; -EBADMSG the message was malformed,
 * truncated or carried too many descriptors, or others than local sockets and memory, or any while the sender
 * may not send some (the caller ends the connection); -ENOMEM. */
err_t wire_frame_receive(int socket, struct wire_frame *frame, uint64_t payload_max, bool block);

/* Send header and payload with N_FDS borrowed descriptors. HEADER->size and the memory flag are
 * set here. 0; -EAGAIN the socket is full (only when !BLOCK); -EPIPE; -EMSGSIZE; -ENOMEM;
 * -EMFILE (also for the kernel's ETOOMANYREFS). */
err_t wire_frame_send(int socket, struct wire_header *header, const void *payload, size_t size,
		      const int *fds, size_t n_fds, bool block);

/* The same for a payload that is there, behind room for the header, which OUT begins with. */
err_t wire_frame_send_encoded(int socket, struct wire_header *header, const struct bytes *out,
			      const int *fds, size_t n_fds, bool block);

/* Encode MESSAGE and send it: requests, events (ID 0) and replies. A reply to a request with ID 0
 * is not sent. -EINVAL: wrong number of descriptors for LAYOUT (a reply with a non-zero STATUS may
 * carry fewer), no type. MESSAGE may be NULL when LAYOUT has no fields or STATUS is not zero. */
err_t wire_send(int socket, const struct wire_layout *layout, uint32_t id, const void *message,
		const int *fds, size_t n_fds, bool block);
err_t wire_reply(int socket, const struct wire_header *request, const struct wire_layout *layout,
		 int32_t status, const void *message, const int *fds, size_t n_fds, bool block);
/* Check that FRAME has LAYOUT's descriptor count and decode its payload. -EBADMSG; -EMFILE: it is refused. */
err_t wire_frame_decode(const struct wire_frame *frame, const struct wire_layout *layout,
			void *ret_message);
