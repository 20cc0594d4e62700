// SPDX-License-Identifier: MIT
#include "wire/peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/scope.h"

enum {
	ROUND_MAX = 64,	 /* messages of one peer before the others of the loop have their turn */
	REST_MAX = 1024, /* more than the socket of a peer that has gone can hold */
	PATIENCE = 64,	 /* times the limits of the queue */
};

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
	uint64_t payload[];
};

/* --- life ------------------------------------------------------------- */

static void handle_events(void *context, int fd, uint32_t events);
static void receive_some(struct wire_peer *peer, int n_max);
static void finish_close(void *context);

err_t wire_peer_new(struct loop *loop, int socket, uint64_t payload_max,
		    const struct wire_peer_ops *ops, void *context, const char *name,
		    struct wire_peer **ret_peer)
{
	scope_fd int fd = socket;
	scope_free struct wire_peer *peer = calloc(1, sizeof(*peer));
	scope_free char *name_copy = strdup(name);

	if (!peer || !name_copy)
		return -ENOMEM;
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
	if (err)
		return err;
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

static void drop_queue(struct wire_peer *peer)
{
	list_for_each_safe(node, &peer->queue) {
		list_remove(node);
		queued_free(container_of(node, struct queued, link));
	}
	peer->queue_bytes = peer->queue_count = 0;
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
	fd_close(peer->socket);
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
		receive_some(peer, REST_MAX);
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

int wire_peer_socket(struct wire_peer *peer)
{
	return peer->socket;
}

const char *wire_peer_name(struct wire_peer *peer)
{
	return peer->name;
}

/* --- receiving -------------------------------------------------------- */

static void close_malformed(struct wire_peer *peer, const char *what)
{
	log_warning("%s: %s; the connection is closed", peer->name, what);
	wire_peer_close(peer);
}

static void handle_reply(struct wire_peer *peer)
{
	const struct wire_header *h = &peer->frame.header;
	struct call *call = map_find(&peer->calls, h->id);

	if (!call || call->type != h->type) {
		close_malformed(peer, "answer to no request");
		return;
	}
	map_remove(&peer->calls, h->id);
	call->fn(call->context, 0, &peer->frame);
	free(call);
}

static void handle_message(struct wire_peer *peer)
{
	uint32_t type = peer->frame.header.type;
	err_t err = peer->ops->message(peer->context, peer, &peer->frame);

	if (err == -EBADMSG)
		log_warning("%s: malformed %s (0x%x); the connection is closed", peer->name,
			    wire_type_name(type), type);
	if (err)
		wire_peer_close(peer);
}

static void receive_some(struct wire_peer *peer, int n_max)
{
	for (int i = 0; i < n_max && !peer->is_closed; i++) {
		err_t err =
			wire_frame_receive(peer->socket, &peer->frame, peer->payload_max, false);

		if (err == -EAGAIN)
			break;
		if (err == -EPIPE) {
			wire_peer_close(peer);
		} else if (err) {
			close_malformed(peer, err == -EBADMSG ? "malformed message"
							      : "message could not be received");
		} else if (peer->frame.header.flags & WIRE_FLAG_REPLY) {
			handle_reply(peer);
		} else {
			handle_message(peer);
		}
	}
	wire_frame_clear(&peer->frame);
}

/* --- sending ---------------------------------------------------------- */

static void watch_output(struct wire_peer *peer, bool wanted)
{
	if (loop_change_fd(peer->loop, peer->socket, EPOLLIN | (wanted ? EPOLLOUT : 0)))
		wire_peer_close(peer);
}

static void flush(struct wire_peer *peer)
{
	while (!list_is_empty(&peer->queue)) {
		struct queued *q = list_first(&peer->queue, struct queued, link);
		err_t err = wire_frame_send(peer->socket, &q->header, q->payload, q->size, q->fds,
					    q->n_fds, false);

		if (err == -EAGAIN)
			return;
		if (err == -EPIPE) {
			hang_up(peer);
			return;
		}
		if (err) {
			/* A message was promised and is lost: the peer must not go on without it. */
			wire_peer_close(peer);
			return;
		}
		peer->queue_bytes -= q->size;
		peer->queue_count--;
		list_remove(&q->link);
		queued_free(q);
	}
	watch_output(peer, false);
}

static void handle_events(void *context, int fd, uint32_t events)
{
	struct wire_peer *peer = context;

	if (events & EPOLLOUT)
		flush(peer);
	if (!peer->is_closed && events & ~EPOLLOUT)
		receive_some(peer, ROUND_MAX);
}

static err_t enqueue(struct wire_peer *peer, const struct wire_header *header,
		     const struct bytes *payload, const int *fds, size_t n_fds)
{
	/* A message that is alone may be larger than the limit. */
	if (peer->queue_count &&
	    (peer->queue_bytes + payload->size > peer->patience * WIRE_QUEUE_BYTES_MAX ||
	     peer->queue_count >= peer->patience * WIRE_QUEUE_MESSAGES_MAX)) {
		log_warning("%s: does not read its messages; the connection is closed", peer->name);
		wire_peer_close(peer);
		return -EPIPE;
	}
	struct queued *q = malloc(sizeof(*q) + payload->size);
	if (!q)
		return -ENOMEM;
	*q = (struct queued){ .header = *header, .size = payload->size };
	if (payload->size)
		memcpy(q->payload, payload->data, payload->size);
	for (; q->n_fds < n_fds; q->n_fds++) {
		err_t err = fd_dup(fds[q->n_fds], &q->fds[q->n_fds]);

		if (err) {
			queued_free(q);
			return err;
		}
	}
	list_add(&peer->queue, &q->link);
	peer->queue_bytes += payload->size;
	peer->queue_count++;
	watch_output(peer, true);
	return peer->is_closed ? -EPIPE : 0;
}

static err_t send_or_queue(struct wire_peer *peer, struct wire_header *header,
			   const struct wire_layout *layout, const void *message, const int *fds,
			   size_t n_fds)
{
	struct bytes payload = BYTES_INIT;
	err_t err = message ? wire_message_encode(layout, message, &payload) : 0;

	if (!err)
		err = list_is_empty(&peer->queue)
			    ? wire_frame_send(peer->socket, header, payload.data, payload.size, fds,
					      n_fds, false)
			    : -EAGAIN;
	if (err == -EAGAIN)
		err = enqueue(peer, header, &payload, fds, n_fds);
	if (err == -EPIPE)
		hang_up(peer);
	bytes_fini(&payload);
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
	return send_or_queue(peer, &header, layout, message, fds, n_fds);
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
