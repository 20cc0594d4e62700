// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/scope.h"
#include "base/shm.h"

enum {
	OTHER_CONTROL = 1024,	/* bytes of what else a sender may have switched on */
	KERNEL_FDS_MAX = 253,	/* SCM_MAX_FD: the most that one message can deliver */
	KEEP_MAX = 1024 * 1024, /* larger payload buffers are not kept for reuse */
};

_Static_assert(sizeof(struct wire_header) == 24, "the header has no padding");

/* --- the frame -------------------------------------------------------- */

/* A payload buffer that nobody uses just now. Programs ask with a frame of their own each time, and
 * allocating so large a piece costs a noticeable part of a question. */
static _Atomic(uint8_t *) spare;

static void release_payload(struct bytes *payload)
{
	if (payload->capacity == WIRE_INLINE_MAX)
		payload->data =
			atomic_exchange_explicit(&spare, payload->data, memory_order_acq_rel);
	bytes_fini(payload);
}

static void drop_fds(struct wire_frame *frame)
{
	for (size_t i = 0; i < frame->n_fds; i++)
		foreign_discard(frame->fds[i], frame->sender);
	frame->n_fds = 0;
}

void wire_frame_clear(struct wire_frame *frame)
{
	drop_fds(frame);
	frame->header = (struct wire_header){ 0 };
	bytes_clear(&frame->payload);
	if (frame->payload.capacity > KEEP_MAX)
		bytes_fini(&frame->payload);
}

void wire_frame_fini(struct wire_frame *frame)
{
	wire_frame_clear(frame);
	release_payload(&frame->payload);
}

int wire_frame_take_fd(struct wire_frame *frame, size_t index)
{
	return index < frame->n_fds ? take_fd(&frame->fds[index]) : -1;
}

err_t wire_frame_decode(const struct wire_frame *frame, const struct wire_layout *layout,
			void *ret_message)
{
	if (frame->is_refused || frame->n_fds != layout->n_fds) {
		memset(ret_message, 0, layout->size);
		return frame->is_refused ? -EMFILE : -EBADMSG;
	}
	return wire_message_decode(layout, frame->payload.data, frame->payload.size, ret_message);
}

/* Room for N bytes that need not keep what the buffer holds. */
static err_t reserve(struct bytes *payload, size_t n)
{
	if (payload->capacity >= n)
		return 0;
	release_payload(payload);
	if (n == WIRE_INLINE_MAX)
		payload->data = atomic_exchange_explicit(&spare, NULL, memory_order_acq_rel);
	if (!payload->data)
		payload->data = malloc(n);
	if (!payload->data)
		return -ENOMEM;
	payload->capacity = n;
	return 0;
}

/* --- receiving -------------------------------------------------------- */

static err_t wait_for(int socket, short events)
{
	struct pollfd p = { .fd = socket, .events = events };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? err_from_errno() : 0;
}

static err_t error_of_socket(int error)
{
	return fd_is_end(error) ? -EPIPE : -error;
}

/* One recvmsg that does not give up for reasons that pass. */
static err_t receive_datagram(int socket, struct msghdr *msg, bool block, size_t *ret_size)
{
	int flags = MSG_CMSG_CLOEXEC | (block ? 0 : MSG_DONTWAIT);
	const size_t control_size = msg->msg_controllen;

	for (;;) {
		msg->msg_controllen = control_size;
		ssize_t n = recvmsg(socket, msg, flags);
		if (n >= 0) {
			*ret_size = (size_t)n;
			return 0;
		}
		/* The peer closed with our messages unread. The kernel says so once, before what is
		 * still queued for us. */
		if (errno == EINTR || errno == ECONNRESET)
			continue;
		if (errno != EAGAIN)
			return error_of_socket(errno);
		if (!block)
			return -EAGAIN;
		/* Somebody who shares the open file made it non-blocking. */
		err_t err = wait_for(socket, POLLIN);
		if (err)
			return err;
	}
}

/* Control data was cut although there was room for all that comes: this process may not open any more descriptors. That is not the sender's fault, who asked for them or was asked. */
static void refuse(struct wire_frame *frame)
{
	drop_fds(frame);
	frame->is_refused = true;
}

/* Collect the descriptors of MSG, at most WIRE_FDS_MAX; close the others. What is neither a local socket nor memory no
 * message has a use for. */
static err_t collect_fds(struct msghdr *msg, struct wire_frame *frame)
{
	err_t err = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		/* A local socket has no other level than SOL_SOCKET. */
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (frame->n_fds < WIRE_FDS_MAX && foreign_is_tame(fd)) {
				frame->fds[frame->n_fds++] = fd_raise(fd);
			} else {
				foreign_discard(fd, frame->sender);
				err = -EBADMSG;
			}
		}
	}
	return err;
}

static err_t check_header(const struct wire_header *h, uint64_t payload_max)
{
	bool is_reply = h->flags & WIRE_FLAG_REPLY;

	if (h->flags & ~WIRE_FLAGS_KNOWN || !h->type || h->size > payload_max)
		return -EBADMSG;
	return is_reply ? (h->id ? 0 : -EBADMSG) : (h->status ? -EBADMSG : 0);
}

/* The payload is in the last descriptor. It is read, never mapped: the sender may still write it. */
static err_t read_memory(struct wire_frame *frame)
{
	uint64_t size = frame->header.size;
	struct stat st;

	if (frame->is_refused)
		return 0;
	if (size <= WIRE_INLINE_MAX || !frame->n_fds)
		return -EBADMSG;
	scope_fd int fd = frame->fds[--frame->n_fds];
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || shm_verify(fd, size))
		return -EBADMSG;
	if (frame->may_read && !frame->may_read(frame->may_read_context, size)) {
		frame->is_refused = true;
		return 0;
	}
	err_t err = reserve(&frame->payload, size);
	if (err)
		return err;
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(fd, frame->payload.data + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EBADMSG;
		done += (size_t)n;
	}
	frame->payload.size = size;
	return 0;
}

err_t wire_frame_receive(int socket, struct wire_frame *frame, uint64_t payload_max, bool block)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(KERNEL_FDS_MAX * sizeof(int)) + OTHER_CONTROL];
	} control; /* not cleared: the kernel says how much it wrote */
	size_t size = 0;

	wire_frame_clear(frame);
	frame->is_refused = false;
	err_t err = reserve(&frame->payload, WIRE_INLINE_MAX);
	if (err)
		return err;
	struct iovec parts[] = {
		{ &frame->header, sizeof(frame->header) },
		{ frame->payload.data, WIRE_INLINE_MAX },
	};
	struct msghdr msg = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	if (foreign_is_crowded(frame->sender) && foreign_is_next(socket, block))
		return -EBADMSG;
	err = receive_datagram(socket, &msg, block, &size);
	if (err)
		return err;
	err = collect_fds(&msg, frame);
	if (!err && size == 0)
		err = -EPIPE;
	if (!err && (msg.msg_flags & MSG_TRUNC || size < sizeof(frame->header)))
		err = -EBADMSG;
	if (!err)
		err = check_header(&frame->header, payload_max);
	if (!err && msg.msg_flags & MSG_CTRUNC)
		refuse(frame);
	if (!err && frame->header.flags & WIRE_FLAG_MEMORY)
		err = size == sizeof(frame->header) ? read_memory(frame) : -EBADMSG;
	else if (!err && size - sizeof(frame->header) != frame->header.size)
		err = -EBADMSG;
	else if (!err)
		frame->payload.size = frame->header.size;
	if (err)
		wire_frame_clear(frame);
	return err;
}

/* --- sending ---------------------------------------------------------- */

static err_t error_of_send(int error)
{
	switch (error) {
	case ETOOMANYREFS:
	case EMFILE:
	case ENFILE:
		return -EMFILE;
	case ENOBUFS:
	case ENOMEM:
		return -ENOMEM;
	default:
		return error_of_socket(error);
	}
}

static err_t send_datagram(int socket, const struct msghdr *msg, bool block)
{
	int flags = MSG_NOSIGNAL | (block ? 0 : MSG_DONTWAIT);

	while (sendmsg(socket, msg, flags) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return error_of_send(errno);
		if (!block)
			return -EAGAIN;
		err_t err = wait_for(socket, POLLOUT);
		if (err)
			return err;
	}
	return 0;
}

static err_t write_memory(const struct iovec *parts, int n_parts, size_t size, int *ret_fd)
{
	off_t at = 0;
	scope_fd int fd = -1;
	err_t err = shm_create("portico-message", size, &fd);

	if (err)
		return err;
	for (int i = 0; i < n_parts; i++) {
		for (size_t done = 0; done < parts[i].iov_len;) {
			ssize_t n = pwrite(fd, (const char *)parts[i].iov_base + done,
					   parts[i].iov_len - done, at);

			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				return -ENOMEM;
			done += (size_t)n;
			at += n;
		}
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

static err_t send_with_fds(int socket, struct iovec *parts, int n_parts, const int *fds,
			   size_t n_fds, bool block)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = (size_t)n_parts };

	if (n_fds) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	return send_datagram(socket, &msg, block);
}

/* The same through a memory file: PARTS is all payload. */
static err_t send_by_memory(int socket, struct wire_header *header, const struct iovec *parts,
			    int n_parts, const int *fds, size_t n_fds, bool block)
{
	struct iovec head = { header, sizeof(*header) };
	int all[WIRE_FDS_MAX];
	scope_fd int memory = -1;

	if (n_fds + 1 > WIRE_FDS_MAX)
		return -EMSGSIZE;
	err_t err = write_memory(parts, n_parts, header->size, &memory);
	if (err)
		return err == -EMFILE || err == -ENFILE ? -EMFILE : -ENOMEM;
	if (n_fds)
		memcpy(all, fds, n_fds * sizeof(*fds));
	all[n_fds] = memory;
	header->flags |= WIRE_FLAG_MEMORY;
	return send_with_fds(socket, &head, 1, all, n_fds + 1, block);
}

/* PARTS[0] begins with room for the header; the rest of it and the other parts are the payload. */
static err_t send_parts(int socket, struct wire_header *header, struct iovec *parts, int n_parts,
			const int *fds, size_t n_fds, bool block)
{
	uint64_t size = 0;

	for (int i = 0; i < n_parts; i++)
		size += parts[i].iov_len;
	header->size = size - sizeof(*header);
	header->flags &= ~WIRE_FLAG_MEMORY;
	if (header->size > WIRE_INLINE_MAX) {
		parts[0].iov_base = (char *)parts[0].iov_base + sizeof(*header);
		parts[0].iov_len -= sizeof(*header);
		return send_by_memory(socket, header, parts, n_parts, fds, n_fds, block);
	}
	if (n_fds > WIRE_FDS_MAX)
		return -EMSGSIZE;
	memcpy(parts[0].iov_base, header, sizeof(*header));
	/* Most messages: measurably cheaper than sendmsg. */
	if (n_parts == 1 && !n_fds &&
	    send(socket, parts[0].iov_base, parts[0].iov_len,
		 MSG_NOSIGNAL | (block ? 0 : MSG_DONTWAIT)) >= 0)
		return 0;
	return send_with_fds(socket, parts, n_parts, fds, n_fds, block);
}

err_t wire_frame_send(int socket, struct wire_header *header, const void *payload, size_t size,
		      const int *fds, size_t n_fds, bool block)
{
	struct wire_header room;
	struct iovec parts[2] = { { &room, sizeof(room) }, { (void *)payload, size } };

	return send_parts(socket, header, parts, size ? 2 : 1, fds, n_fds, block);
}

err_t wire_frame_send_encoded(int socket, struct wire_header *header, const struct bytes *out,
			      const int *fds, size_t n_fds, bool block)
{
	struct iovec part = { out->data, out->size };

	return send_parts(socket, header, &part, 1, fds, n_fds, block);
}

/* Encode into OUT, behind room for the header, and send. */
static err_t encode_and_send(int socket, struct wire_header *header,
			     const struct wire_layout *layout, const void *message,
			     struct bytes *out, const int *fds, size_t n_fds, bool block)
{
	static const char zeros[8];
	struct wire_bytes tail = { NULL, 0 };

	bytes_grow(out, sizeof(*header));
	err_t err = message ? wire_message_encode_split(layout, message, out, &tail) : out->err;
	if (err)
		return err;
	struct iovec parts[3] = {
		{ out->data, out->size },
		{ (void *)tail.data, tail.size },
		{ (void *)zeros, -tail.size & 7 },
	};
	int n_parts = tail.size ? 3 : 1;
	return send_parts(socket, header, parts, n_parts, fds, n_fds, block);
}

static err_t send_message(int socket, struct wire_header *header, const struct wire_layout *layout,
			  const void *message, const int *fds, size_t n_fds, bool block)
{
	uint64_t stack[WIRE_FRAME_STACK / sizeof(uint64_t)];
	struct bytes small = {
		.data = (uint8_t *)stack,
		.capacity = sizeof(stack),
		.limit = sizeof(stack), /* so that it is never reallocated */
	};
	struct bytes large = BYTES_INIT;
	err_t err = encode_and_send(socket, header, layout, message, &small, fds, n_fds, block);

	if (err == -EMSGSIZE) {
		err = encode_and_send(socket, header, layout, message, &large, fds, n_fds, block);
		bytes_fini(&large);
	}
	return err;
}

err_t wire_send(int socket, const struct wire_layout *layout, uint32_t id, const void *message,
		const int *fds, size_t n_fds, bool block)
{
	struct wire_header header = { .type = layout->type, .id = id };

	if (!layout->type || n_fds != layout->n_fds || (!message && layout->n_fields))
		return -EINVAL;
	return send_message(socket, &header, layout, message, fds, n_fds, block);
}

err_t wire_reply(int socket, const struct wire_header *request, const struct wire_layout *layout,
		 int32_t status, const void *message, const int *fds, size_t n_fds, bool block)
{
	struct wire_header header = {
		.type = request->type,
		.flags = WIRE_FLAG_REPLY,
		.id = request->id,
		.status = status,
	};

	if (!request->id)
		return 0;
	if (status ? n_fds > layout->n_fds : n_fds != layout->n_fds)
		return -EINVAL;
	if (!status && !message && layout->n_fields)
		return -EINVAL;
	return send_message(socket, &header, layout, message, fds, n_fds, block);
}
