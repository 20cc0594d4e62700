// SPDX-License-Identifier: MIT
#include "wire/channel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/ref.h"
#include "base/scope.h"

struct wire_channel {
	struct ref ref;
	int socket;
	pid_t owner; /* a forked child may close its descriptor, not the connection */
	uint64_t payload_max;
	atomic_bool closed, broken;
	wire_channel_fn serve; /* NULL: the peer asks nothing; fixed */
	void *serve_context;
	pthread_mutex_t lock; /* guards all below */
	struct list calls;    /* without a reply yet */
	uint32_t last_id;
	bool is_read; /* one of the callers is in receive */
};

/* One call in progress; lives on its caller's stack. Guarded by the channel's lock. */
struct call {
	struct list link;
	uint32_t id, type;
	struct wire_frame *frame;
	bool is_done;
	bool is_waiting; /* on the condition */
	err_t err;
	pthread_cond_t changed;
};

err_t wire_channel_new(int socket, uint64_t payload_max, struct wire_channel **ret_channel)
{
	struct wire_channel *channel = calloc(1, sizeof(*channel));

	if (!channel) {
		fd_close(socket);
		return -ENOMEM;
	}
	ref_init(&channel->ref);
	channel->socket = socket;
	channel->owner = getpid();
	channel->payload_max = payload_max;
	pthread_mutex_init(&channel->lock, NULL);
	list_init(&channel->calls);
	*ret_channel = channel;
	return 0;
}

void wire_channel_serve(struct wire_channel *channel, wire_channel_fn fn, void *context)
{
	channel->serve = fn;
	channel->serve_context = context;
}

struct wire_channel *wire_channel_ref(struct wire_channel *channel)
{
	ref_get(&channel->ref);
	return channel;
}

struct wire_channel *wire_channel_unref(struct wire_channel *channel)
{
	if (!channel || !ref_put(&channel->ref))
		return NULL;
	wire_channel_close(channel);
	fd_close(channel->socket);
	pthread_mutex_destroy(&channel->lock);
	free(channel);
	return NULL;
}

void wire_channel_close(struct wire_channel *channel)
{
	atomic_store(&channel->closed, true);
	if (channel->owner == getpid()) {
		/* Wakes the reading caller, who wakes the others, and all that are sending. */
		shutdown(channel->socket, SHUT_RDWR);
	} else {
		/* The connection is the parent's. Its lock may be held by a thread that is not here. */
		channel->socket = fd_close(channel->socket);
	}
}

bool wire_channel_is_closed(struct wire_channel *channel)
{
	return atomic_load(&channel->closed);
}

bool wire_channel_is_broken(struct wire_channel *channel)
{
	return atomic_load(&channel->broken);
}

int wire_channel_fd(struct wire_channel *channel)
{
	return channel->socket;
}

static struct call *find_call(struct wire_channel *channel, uint32_t id)
{
	list_for_each(node, &channel->calls) {
		struct call *call = container_of(node, struct call, link);

		if (call->id == id)
			return call;
	}
	return NULL;
}

static void begin_call(struct wire_channel *channel, struct call *call)
{
	scope_lock(&channel->lock);

	do {
		call->id = ++channel->last_id;
	} while (!call->id || find_call(channel, call->id));
	list_add(&channel->calls, &call->link);
}

static void finish_locked(struct call *call, err_t err)
{
	list_remove(&call->link);
	call->err = err;
	call->is_done = true;
	if (call->is_waiting)
		pthread_cond_signal(&call->changed);
}

static void fail_locked(struct wire_channel *channel, err_t err)
{
	if (err == -EBADMSG)
		atomic_store(&channel->broken, true);
	wire_channel_close(channel);
	list_for_each_safe(node, &channel->calls)
		finish_locked(container_of(node, struct call, link), -EPIPE);
}

/* The channel has no reader: let a caller that sleeps take over. One that is still sending will see
 * for itself. */
static void promote_locked(struct wire_channel *channel)
{
	list_for_each(node, &channel->calls) {
		struct call *call = container_of(node, struct call, link);

		if (call->is_waiting) {
			pthread_cond_signal(&call->changed);
			return;
		}
	}
}

/* FRAME has been received by a caller: give it to the call that it answers. */
static void hand_over_locked(struct wire_channel *channel, struct wire_frame *frame)
{
	const struct wire_header *h = &frame->header;
	struct call *call = h->flags & WIRE_FLAG_REPLY ? find_call(channel, h->id) : NULL;

	if (!call || call->type != h->type) {
		fail_locked(channel, -EBADMSG);
		return;
	}
	if (call->frame != frame) {
		struct wire_frame other = *call->frame;

		*call->frame = *frame;
		*frame = other;
	}
	finish_locked(call, 0);
}

/* A reply, or a question that has been answered: then the frame is empty again (true). */
static err_t receive(struct wire_channel *channel, struct wire_frame *frame, bool *ret_served)
{
	err_t err = wire_frame_receive(channel->socket, frame, channel->payload_max, true);

	*ret_served = !err && channel->serve && !(frame->header.flags & WIRE_FLAG_REPLY);
	if (*ret_served) {
		err = channel->serve(channel->serve_context, channel->socket, frame);
		wire_frame_clear(frame);
	}
	return err;
}

/* Read for everybody until CALL has its reply; called and left with the lock held. */
static void read_replies_locked(struct wire_channel *channel, struct call *call)
{
	channel->is_read = true;
	while (!call->is_done) {
		pthread_mutex_unlock(&channel->lock);
		bool served;
		err_t err = receive(channel, call->frame, &served);
		pthread_mutex_lock(&channel->lock);
		if (err)
			fail_locked(channel, err);
		else if (!served)
			hand_over_locked(channel, call->frame);
	}
	channel->is_read = false;
	promote_locked(channel);
}

static err_t wait_for_reply(struct wire_channel *channel, struct call *call)
{
	scope_lock(&channel->lock);

	while (!call->is_done) {
		if (!channel->is_read) {
			read_replies_locked(channel, call);
			break;
		}
		if (!call->is_waiting) {
			pthread_cond_init(&call->changed, NULL);
			call->is_waiting = true;
		}
		pthread_cond_wait(&call->changed, &channel->lock);
	}
	if (call->is_waiting)
		pthread_cond_destroy(&call->changed);
	return call->err;
}

/* The request was not sent. */
static err_t cancel_call(struct wire_channel *channel, struct call *call, err_t err)
{
	scope_lock(&channel->lock);

	list_remove(&call->link);
	return err;
}

static err_t decode_reply(struct wire_channel *channel, const struct wire_layout *layout,
			  void *ret_reply, struct wire_frame *frame)
{
	uint32_t n_fds = layout ? layout->n_fds : 0;
	bool is_failure = frame->header.status != 0;
	err_t err = 0;

	if (is_failure ? frame->n_fds > n_fds : frame->n_fds != n_fds)
		err = -EBADMSG;
	else if (layout && !is_failure)
		err = wire_frame_decode(frame, layout, ret_reply);
	if (err == -EBADMSG) {
		atomic_store(&channel->broken, true);
		wire_channel_close(channel);
		err = -EPIPE;
	}
	return err;
}

err_t wire_channel_call(struct wire_channel *channel, const struct wire_layout *layout,
			const void *request, const int *fds, size_t n_fds,
			const struct wire_layout *reply_layout, void *ret_reply,
			struct wire_frame *frame, int32_t *ret_status)
{
	struct call call = { .type = layout->type, .frame = frame };

	if (wire_channel_is_closed(channel))
		return -EPIPE;
	wire_frame_clear(frame);
	begin_call(channel, &call);
	err_t err = wire_send(channel->socket, layout, call.id, request, fds, n_fds, true);
	if (err == -EPIPE)
		wire_channel_close(channel);
	if (err)
		return cancel_call(channel, &call, err);
	err = wait_for_reply(channel, &call);
	if (!err)
		err = decode_reply(channel, reply_layout, ret_reply, frame);
	if (err)
		return err;
	*ret_status = frame->header.status;
	return 0;
}

err_t wire_channel_post(struct wire_channel *channel, const struct wire_layout *layout,
			const void *request, const int *fds, size_t n_fds)
{
	if (wire_channel_is_closed(channel))
		return -EPIPE;
	err_t err = wire_send(channel->socket, layout, 0, request, fds, n_fds, true);
	if (err == -EPIPE)
		wire_channel_close(channel);
	return err;
}
