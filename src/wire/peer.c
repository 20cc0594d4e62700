// SPDX-License-Identifier: MIT
#include "wire/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/scope.h"

enum {
	ROUND_MAX = 64, /* messages of one peer before the others of the loop have their turn */
	PATIENCE = 64,	/* times the limits of the queue */
	MANY_EVERY = 8, /* rounds in which a second message is looked for all the same */
};

#define ROUND_NS (1000ull * 1000) /* a peer whose messages take long has its turn over earlier */

static const int32_t NO_RESOURCES = (int32_t)0xe00002be; /* kIOReturnNoResources */

struct wire_peer {
	struct loop *loop;
	int socket;
	uint64_t payload_max;
	const struct wire_peer_ops *ops;
	void *context;
	char *name;
	struct wire_frame frame;
	/* requests of ours */
	struct map calls; /* id -> struct call */
	uint32_t last_id;
	/* what the socket did not take */
	struct list queue;
	size_t queue_bytes, queue_count;
	size_t patience; /* times the limits */
	size_t parked;	 /* bytes of memory files that lie in the socket, perhaps */
	/* how it sends */
	unsigned n_rounds; /* of the loop in which it had something to say */
	bool is_streaming; /* more than one message in the last round */
	/* end */
	bool is_mute; /* nothing can be sent any more; what came before is still to be read */
	bool is_closed;
	struct loop_timer closed_timer;
};

struct call {
	uint32_t type;
	wire_peer_reply_fn fn;
	void *context;
};

struct queued {
	struct list link;
	struct wire_header header;
	int fds[WIRE_FDS_MAX];
	size_t n_fds;
	size_t size;
	bool is_refusal; /* without descriptors and payload */
	uint64_t payload[];
};

/* --- life ------------------------------------------------------------- */

static void handle_events(void *context, int fd, uint32_t events);
static int receive_some(struct wire_peer *peer, int n_max);
static void finish_close(void *context);

err_t wire_peer_new(struct loop *loop, int socket, uint64_t payload_max,
		    const struct wire_peer_ops *ops, void *context, const char *name,
		    struct wire_peer **ret_peer)
{
	scope_fd int fd = socket;
	scope_free struct wire_peer *peer = calloc(1, sizeof(*peer));
	scope_free char *name_copy = strdup(name);

	if (!peer || !name_copy) {
		foreign_end(take_fd(&fd), geteuid());
		return -ENOMEM;
	}
	*peer = (struct wire_peer){
		.loop = loop,
		.socket = fd,
		.payload_max = payload_max,
		.patience = 1,
		.ops = ops,
		.context = context,
	};
	list_init(&peer->queue);
	loop_timer_init(&peer->closed_timer, finish_close, peer);
	err_t err = loop_add_fd(loop, fd, EPOLLIN, handle_events, peer);
	if (err) {
		foreign_end(take_fd(&fd), geteuid());
		return err;
	}
	take_fd(&fd);
	peer->name = take_ptr(name_copy);
	*ret_peer = take_ptr(peer);
	return 0;
}

static struct queued *queued_free(struct queued *q)
{
	for (size_t i = 0; i < q->n_fds; i++)
		fd_close(q->fds[i]);
	free(q);
	return NULL;
}

/* Q waits no more. */
static void take_off(struct wire_peer *peer, struct queued *q)
{
	list_remove(&q->link);
	peer->queue_bytes -= q->size;
	peer->queue_count--;
	if (peer->ops->kept)
		peer->ops->kept(peer->context, q->size, q->n_fds);
	queued_free(q);
}

/* What was parked has been read, once nothing is unread. */
static void look_for_parked(struct wire_peer *peer)
{
	if (!peer->parked || fd_has_unread(peer->socket))
		return;
	if (peer->ops->parked)
		peer->ops->parked(peer->context, peer->parked);
	peer->parked = 0;
}

size_t wire_peer_unread(struct wire_peer *peer)
{
	look_for_parked(peer);
	return peer->parked;
}

/* A message of SIZE bytes is sent next. */
static bool park(struct wire_peer *peer, size_t size, bool must)
{
	if (size <= WIRE_INLINE_MAX)
		return true;
	look_for_parked(peer);
	if (peer->ops->park && !peer->ops->park(peer->context, size, must))
		return false;
	peer->parked += size;
	return true;
}

/* It was not sent after all. */
static void unpark(struct wire_peer *peer, size_t size)
{
	if (size <= WIRE_INLINE_MAX)
		return;
	if (peer->ops->parked)
		peer->ops->parked(peer->context, size);
	peer->parked -= size;
}

static void drop_queue(struct wire_peer *peer)
{
	list_for_each_safe(node, &peer->queue)
		take_off(peer, container_of(node, struct queued, link));
}

static void fail_calls(struct wire_peer *peer)
{
	size_t cursor = 0;
	uint64_t id;
	struct call *call;

	/* A callback cannot add calls: the peer is closed. */
	while ((call = map_next(&peer->calls, &cursor, &id))) {
		map_remove(&peer->calls, id);
		call->fn(call->context, -EPIPE, NULL);
		free(call);
	}
}

struct wire_peer *wire_peer_free(struct wire_peer *peer)
{
	if (!peer)
		return NULL;
	wire_peer_close(peer);
	loop_timer_stop(&peer->closed_timer);
	fail_calls(peer);
	map_fini(&peer->calls);
	wire_frame_fini(&peer->frame);
	/* Who keeps it for longer counts it himself (wire_peer_unread). */
	if (peer->parked && peer->ops->parked)
		peer->ops->parked(peer->context, peer->parked);
	foreign_end(peer->socket, peer->frame.sender);
	free(peer->name);
	free(peer);
	return NULL;
}

void wire_peer_close(struct wire_peer *peer)
{
	if (peer->is_closed)
		return;
	peer->is_closed = true;
	loop_remove_fd(peer->loop, peer->socket);
	/* What was sent stays readable at the other end. */
	shutdown(peer->socket, SHUT_RDWR);
	drop_queue(peer);
	loop_timer_start(peer->loop, &peer->closed_timer, 0);
}

/* The other end takes no more. What it sent before it went is waiting, perhaps its last word, and
 * is read from the loop before the end is reported. */
static void hang_up(struct wire_peer *peer)
{
	if (peer->is_closed || peer->is_mute)
		return;
	peer->is_mute = true;
	drop_queue(peer);
	loop_timer_start(peer->loop, &peer->closed_timer, 0);
}

static void finish_close(void *context)
{
	struct wire_peer *peer = context;

	if (!peer->is_closed) {
		/* The others have their turn in between, however much it has left behind. */
		if (receive_some(peer, ROUND_MAX))
			loop_timer_start(peer->loop, &peer->closed_timer, loop_now_ns() + 1);
		else
			wire_peer_close(peer);
		return; /* and comes again */
	}
	fail_calls(peer);
	peer->ops->closed(peer->context, peer);
}

void wire_peer_set_patient(struct wire_peer *peer)
{
	peer->patience = PATIENCE;
}

bool wire_peer_has_waiting(const struct wire_peer *peer)
{
	return peer->queue_count != 0;
}

size_t wire_peer_count_calls(const struct wire_peer *peer)
{
	return peer->calls.count;
}

void wire_peer_set_sender(struct wire_peer *peer, uid_t uid)
{
	peer->frame.sender = uid;
}

int wire_peer_socket(struct wire_peer *peer)
{
	return peer->socket;
}

const char *wire_peer_name(struct wire_peer *peer)
{
	return peer->name;
}

static void complain(struct wire_peer *peer, const char *what)
{
	if (!peer->ops->may_log || peer->ops->may_log(peer->context))
		log_warning("%s: %s; the connection is closed", peer->name, what);
}

/* --- receiving -------------------------------------------------------- */

static void close_malformed(struct wire_peer *peer, const char *what)
{
	complain(peer, what);
	wire_peer_close(peer);
}

err_t wire_peer_decode_answer(struct wire_peer *peer, const struct wire_frame *frame,
			      const struct wire_layout *layout, void *ret_answer, const char *about)
{
	err_t err = wire_frame_decode(frame, layout, ret_answer);

	if (err == -EBADMSG) {
		log_warning("%s: malformed answer %s", wire_peer_name(peer), about);
		wire_peer_close(peer);
	}
	return err;
}

static void handle_reply(struct wire_peer *peer)
{
	const struct wire_header *h = &peer->frame.header;
	struct call *call = map_find(&peer->calls, h->id);

	if (!call || call->type != h->type) {
		close_malformed(peer, "answer to no request");
		return;
	}
	/* There is no room for what the answer came with. */
	if (peer->frame.is_refused)
		peer->frame.header.status = NO_RESOURCES;
	map_remove(&peer->calls, h->id);
	call->fn(call->context, 0, &peer->frame);
	free(call);
}

static void handle_message(struct wire_peer *peer)
{
	uint32_t type = peer->frame.header.type;
	err_t err = peer->frame.is_refused && peer->frame.header.id
			  ? wire_peer_reply(peer, &peer->frame.header, &wire_empty_layout,
					    NO_RESOURCES, NULL, NULL, 0)
			  : peer->ops->message(peer->context, peer, &peer->frame);

	if (err == -EBADMSG) {
		char what[WIRE_NAME_MAX];

		snprintf(what, sizeof(what), "malformed %s (0x%x)", wire_type_name(type), type);
		complain(peer, what);
	}
	if (err)
		wire_peer_close(peer);
}

static const char *why_not_received(const struct wire_peer *peer, err_t err)
{
	if (err != -EBADMSG)
		return "message could not be received";
	return foreign_is_crowded(peer->frame.sender)
		     ? "descriptors, while too many of its user's cannot be closed"
		     : "malformed message";
}

/* How many there were. */
static int receive_some(struct wire_peer *peer, int n_max)
{
	uint64_t until = n_max > 1 ? loop_now_ns() + ROUND_NS : 0;
	int n = 0;

	for (; n < n_max && !peer->is_closed; n++) {
		if (n && loop_now_ns() > until)
			break;
		err_t err =
			wire_frame_receive(peer->socket, &peer->frame, peer->payload_max, false);

		if (err == -EAGAIN)
			break;
		if (err == -EPIPE) {
			wire_peer_close(peer);
		} else if (err) {
			close_malformed(peer, why_not_received(peer, err));
		} else if (peer->frame.header.flags & WIRE_FLAG_REPLY) {
			handle_reply(peer);
		} else {
			handle_message(peer);
		}
	}
	wire_frame_clear(&peer->frame);
	return n;
}

/* Who asks one question after the other has sent one at most when it is heard; but on the same processor
 * it runs as soon as it has its answer, and the next one is there at once. Looking for a second message is
 * a system call in vain or saves two: that is done while it helps, else now and then. */
static void receive_round(struct wire_peer *peer)
{
	look_for_parked(peer);
	bool many = peer->is_streaming || ++peer->n_rounds % MANY_EVERY == 0;

	peer->is_streaming = receive_some(peer, many ? ROUND_MAX : 1) > 1;
}

/* --- sending ---------------------------------------------------------- */

static void watch_output(struct wire_peer *peer, bool wanted)
{
	if (loop_change_fd(peer->loop, peer->socket, EPOLLIN | (wanted ? EPOLLOUT : 0)))
		wire_peer_close(peer);
}

/* A reply whose descriptors nobody may send just now says so instead. */
static bool become_refusal(struct queued *q)
{
	if (!(q->header.flags & WIRE_FLAG_REPLY) || q->is_refusal)
		return false;
	q->is_refusal = true;
	q->header.status = NO_RESOURCES;
	return true;
}

static void flush(struct wire_peer *peer)
{
	while (!list_is_empty(&peer->queue)) {
		struct queued *q = list_first(&peer->queue, struct queued, link);
		size_t size = q->is_refusal ? 0 : q->size;

		park(peer, size, true);
		err_t err = wire_frame_send(peer->socket, &q->header, q->payload, size, q->fds,
					    q->is_refusal ? 0 : q->n_fds, false);
		if (err)
			unpark(peer, size);

		if (err == -EAGAIN)
			return;
		if (err == -EPIPE) {
			hang_up(peer);
			return;
		}
		if (err == -EMFILE && become_refusal(q))
			continue;
		if (err) {
			/* A message was promised and is lost: the peer must not go on without it. */
			wire_peer_close(peer);
			return;
		}
		take_off(peer, q);
	}
	watch_output(peer, false);
}

static void handle_events(void *context, int fd, uint32_t events)
{
	struct wire_peer *peer = context;

	if (events & EPOLLOUT)
		flush(peer);
	if (!peer->is_closed && events & ~EPOLLOUT)
		receive_round(peer);
}

/* A message that is alone may be larger than the limit. */
static bool may_wait(const struct wire_peer *peer, size_t size, size_t n_fds)
{
	bool is_alone = !peer->queue_count;

	if (peer->ops->keep)
		return peer->ops->keep(peer->context, size, n_fds, is_alone);
	return is_alone || (peer->queue_bytes + size <= peer->patience * WIRE_QUEUE_BYTES_MAX &&
			    peer->queue_count < peer->patience * WIRE_QUEUE_MESSAGES_MAX);
}

/* What is behind the header in OUT is the payload. */
static err_t enqueue(struct wire_peer *peer, const struct wire_header *header,
		     const struct bytes *out, const int *fds, size_t n_fds)
{
	size_t size = out->size - sizeof(*header);

	if (!may_wait(peer, size, n_fds)) {
		complain(peer, "does not read its messages");
		wire_peer_close(peer);
		return -EPIPE;
	}
	struct queued *q = malloc(sizeof(*q) + size);
	if (!q) {
		if (peer->ops->kept)
			peer->ops->kept(peer->context, size, n_fds);
		return -ENOMEM;
	}
	*q = (struct queued){ .header = *header, .size = size };
	if (size)
		memcpy(q->payload, out->data + sizeof(*header), size);
	for (; q->n_fds < n_fds; q->n_fds++) {
		err_t err = fd_dup(fds[q->n_fds], &q->fds[q->n_fds]);

		if (err) {
			if (peer->ops->kept)
				peer->ops->kept(peer->context, size, n_fds);
			queued_free(q);
			return err;
		}
	}
	list_add(&peer->queue, &q->link);
	peer->queue_bytes += size;
	peer->queue_count++;
	watch_output(peer, true);
	return peer->is_closed ? -EPIPE : 0;
}

static err_t send_at_once(struct wire_peer *peer, struct wire_header *header,
			  const struct bytes *out, const int *fds, size_t n_fds)
{
	size_t size = out->size - sizeof(*header);

	if (!park(peer, size, false))
		return -EMFILE;
	err_t err = wire_frame_send_encoded(peer->socket, header, out, fds, n_fds, false);
	if (err)
		unpark(peer, size);
	return err;
}

/* Encode into OUT behind room for the header, and send or queue it. */
static err_t encode_and_send(struct wire_peer *peer, struct wire_header *header,
			     const struct wire_layout *layout, const void *message,
			     struct bytes *out, const int *fds, size_t n_fds)
{
	bytes_grow(out, sizeof(*header));
	err_t err = message && !out->err ? wire_message_encode(layout, message, out) : out->err;

	if (!err)
		err = list_is_empty(&peer->queue) ? send_at_once(peer, header, out, fds, n_fds)
						  : -EAGAIN;
	if (err == -EAGAIN)
		err = enqueue(peer, header, out, fds, n_fds);
	return err;
}

static err_t send_or_queue(struct wire_peer *peer, struct wire_header *header,
			   const struct wire_layout *layout, const void *message, const int *fds,
			   size_t n_fds)
{
	uint64_t stack[WIRE_FRAME_STACK / sizeof(uint64_t)];
	struct bytes small = {
		.data = (uint8_t *)stack,
		.capacity = sizeof(stack),
		.limit = sizeof(stack), /* so that it is never reallocated */
	};
	struct bytes large = BYTES_INIT;
	err_t err = encode_and_send(peer, header, layout, message, &small, fds, n_fds);

	if (err == -EMSGSIZE) {
		err = encode_and_send(peer, header, layout, message, &large, fds, n_fds);
		bytes_fini(&large);
	}
	if (err == -EPIPE)
		hang_up(peer);
	return err;
}

err_t wire_peer_send(struct wire_peer *peer, const struct wire_layout *layout, const void *message,
		     const int *fds, size_t n_fds)
{
	struct wire_header header = { .type = layout->type };

	if (peer->is_closed || peer->is_mute)
		return -EPIPE;
	if (!layout->type || n_fds != layout->n_fds || (!message && layout->n_fields))
		return -EINVAL;
	return send_or_queue(peer, &header, layout, message, fds, n_fds);
}

err_t wire_peer_reply(struct wire_peer *peer, const struct wire_header *request,
		      const struct wire_layout *layout, int32_t status, const void *message,
		      const int *fds, size_t n_fds)
{
	struct wire_header header = {
		.type = request->type,
		.flags = WIRE_FLAG_REPLY,
		.id = request->id,
		.status = status,
	};

	if (!request->id)
		return 0;
	if (peer->is_closed || peer->is_mute)
		return -EPIPE;
	if (status ? n_fds > layout->n_fds : n_fds != layout->n_fds)
		return -EINVAL;
	if (!status && !message && layout->n_fields)
		return -EINVAL;
	err_t err = send_or_queue(peer, &header, layout, message, fds, n_fds);
	if (err == -ENOMEM && status) {
		/* Not even this can be said, and the peer waits for it. */
		wire_peer_close(peer);
		err = -EPIPE;
	}
	return err;
}

err_t wire_peer_call(struct wire_peer *peer, const struct wire_layout *layout, const void *message,
		     const int *fds, size_t n_fds, wire_peer_reply_fn fn, void *context)
{
	struct wire_header header = { .type = layout->type };
	scope_free struct call *call = malloc(sizeof(*call));

	if (peer->is_closed || peer->is_mute)
		return -EPIPE;
	if (!layout->type || n_fds != layout->n_fds || (!message && layout->n_fields))
		return -EINVAL;
	if (!call)
		return -ENOMEM;
	*call = (struct call){ layout->type, fn, context };
	do {
		header.id = ++peer->last_id;
	} while (!header.id || map_find(&peer->calls, header.id));
	err_t err = map_set(&peer->calls, header.id, call);
	if (err)
		return err;
	err = send_or_queue(peer, &header, layout, message, fds, n_fds);
	if (err)
		map_remove(&peer->calls, header.id);
	else
		take_ptr(call);
	return err;
}
