// SPDX-License-Identifier: MIT
#include "wire/channel.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/ref.h"
#include "base/scope.h"

struct wire_channel {
	struct ref ref;
	int socket;
	pid_t owner; /* a forked child may close its descriptor, not the connection */
	uint64_t payload_max;
	atomic_bool closed, broken, expired;
	wire_channel_fn serve; /* NULL: the peer asks nothing; fixed */
	void *serve_context;
	pthread_mutex_t lock; /* guards all below */
	struct list calls;    /* without a reply yet */
	uint32_t last_id;
	bool is_read; /* one of the callers is in receive */
};

#define NEVER 0
enum { POLL_TRIES = 4 };

/* One call in progress; lives on its caller's stack or in a wire_channel_call. Guarded by the channel's
 * lock. */
struct call {
	struct list link;
	uint32_t id, type;
	uint64_t until_ns; /* NEVER: it waits as long as it takes */
	struct wire_frame *frame;
	bool is_done;
	bool is_waiting; /* on the condition */
	err_t err;
	pthread_cond_t changed;
};

struct wire_channel_call {
	struct wire_channel *channel;
	struct call call;
	struct wire_frame frame;
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

/* Not in the child of a fork, even of one that no handler heard of. */
static bool is_ours(const struct wire_channel *channel)
{
	return channel->owner == getpid();
}

void wire_channel_close(struct wire_channel *channel)
{
	atomic_store(&channel->closed, true);
	if (is_ours(channel)) {
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

bool wire_channel_is_expired(struct wire_channel *channel)
{
	return atomic_load(&channel->expired);
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

/* CALL has waited long enough: the others need not either. */
static void expire_locked(struct wire_channel *channel, struct call *call)
{
	atomic_store(&channel->expired, true);
	fail_locked(channel, -EPIPE);
	call->err = -ETIMEDOUT;
}

/* False: UNTIL_NS has passed before the socket has one of EVENTS. */
static bool await_socket(struct wire_channel *channel, short events, uint64_t until_ns)
{
	struct pollfd p = { .fd = channel->socket, .events = events };
	int n = 1, failures = 0;

	while (until_ns != NEVER) {
		uint64_t now = loop_now_ns();

		n = poll(&p, 1, now < until_ns ? (int)((until_ns - now) / 1000000) + 1 : 0);
		if (n > 0 || now >= until_ns)
			break;
		/* The system is short of memory; who has none for good must not go round for ever. */
		if (n < 0 && errno != EINTR && ++failures == POLL_TRIES)
			break;
	}
	return n > 0;
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

static bool is_late(const struct call *call)
{
	return call->until_ns != NEVER && loop_now_ns() >= call->until_ns;
}

/* A peer that asks and asks, or does not take its answers, does not keep a caller with a limit. */
static err_t serve(struct wire_channel *channel, const struct call *call, struct wire_frame *frame)
{
	bool block = call->until_ns == NEVER;
	err_t err;

	while ((err = channel->serve(channel->serve_context, channel->socket, frame, block)) ==
	       -EAGAIN)
		if (!await_socket(channel, POLLOUT, call->until_ns))
			break;
	wire_frame_clear(frame);
	return err == -EAGAIN || (!err && is_late(call)) ? -ETIMEDOUT : err;
}

/* A reply, or a question that has been answered: then the frame is empty again (true). */
static err_t receive(struct wire_channel *channel, struct call *call, bool *ret_served)
{
	struct wire_frame *frame = call->frame;
	err_t err = wire_frame_receive(channel->socket, frame, channel->payload_max, true);

	*ret_served = !err && channel->serve && !(frame->header.flags & WIRE_FLAG_REPLY);
	return *ret_served ? serve(channel, call, frame) : err;
}

/* Read for everybody until CALL has its reply; called and left with the lock held. */
static void read_replies_locked(struct wire_channel *channel, struct call *call)
{
	channel->is_read = true;
	while (!call->is_done) {
		pthread_mutex_unlock(&channel->lock);
		bool served = false;
		err_t err = await_socket(channel, POLLIN, call->until_ns)
				  ? receive(channel, call, &served)
				  : -ETIMEDOUT;
		pthread_mutex_lock(&channel->lock);
		if (err == -ETIMEDOUT)
			expire_locked(channel, call);
		else if (err)
			fail_locked(channel, err);
		else if (!served)
			hand_over_locked(channel, call->frame);
	}
	channel->is_read = false;
	promote_locked(channel);
}

static void init_monotonic(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* Until somebody has read the reply, or the socket is to be read by this caller. */
static void wait_locked(struct wire_channel *channel, struct call *call)
{
	struct timespec until = { (time_t)(call->until_ns / 1000000000),
				  (long)(call->until_ns % 1000000000) };

	if (call->until_ns == NEVER)
		pthread_cond_wait(&call->changed, &channel->lock);
	else if (pthread_cond_timedwait(&call->changed, &channel->lock, &until) == ETIMEDOUT &&
		 !call->is_done)
		expire_locked(channel, call);
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
			init_monotonic(&call->changed);
			call->is_waiting = true;
		}
		wait_locked(channel, call);
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

	if (frame->is_refused && !is_failure)
		return -EMFILE;
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

static err_t put_request(struct wire_channel *channel, const struct call *call,
			 const struct wire_layout *layout, const void *request, const int *fds,
			 size_t n_fds)
{
	bool waits = call->until_ns == NEVER;
	err_t err;

	while ((err = wire_send(channel->socket, layout, call->id, request, fds, n_fds, waits)) ==
	       -EAGAIN)
		if (!await_socket(channel, POLLOUT, call->until_ns)) {
			atomic_store(&channel->expired, true);
			wire_channel_close(channel);
			return -ETIMEDOUT;
		}
	if (err == -EPIPE)
		wire_channel_close(channel);
	return err;
}

static err_t send_request(struct wire_channel *channel, struct call *call,
			  const struct wire_layout *layout, const void *request, const int *fds,
			  size_t n_fds)
{
	if (wire_channel_is_closed(channel) || !is_ours(channel))
		return -EPIPE;
	wire_frame_clear(call->frame);
	begin_call(channel, call);
	err_t err = put_request(channel, call, layout, request, fds, n_fds);
	return err ? cancel_call(channel, call, err) : 0;
}

static err_t run(struct wire_channel *channel, const struct wire_layout *layout,
		 const void *request, const int *fds, size_t n_fds,
		 const struct wire_layout *reply_layout, void *ret_reply, struct wire_frame *frame,
		 int32_t *ret_status, uint64_t until_ns)
{
	struct call call = { .type = layout->type, .frame = frame, .until_ns = until_ns };
	err_t err = send_request(channel, &call, layout, request, fds, n_fds);

	if (!err)
		err = wait_for_reply(channel, &call);
	if (!err)
		err = decode_reply(channel, reply_layout, ret_reply, frame);
	if (err)
		return err;
	*ret_status = frame->header.status;
	return 0;
}

err_t wire_channel_call(struct wire_channel *channel, const struct wire_layout *layout,
			const void *request, const int *fds, size_t n_fds,
			const struct wire_layout *reply_layout, void *ret_reply,
			struct wire_frame *frame, int32_t *ret_status)
{
	return run(channel, layout, request, fds, n_fds, reply_layout, ret_reply, frame, ret_status,
		   NEVER);
}

err_t wire_channel_call_until(struct wire_channel *channel, const struct wire_layout *layout,
			      const void *request, const struct wire_layout *reply_layout,
			      void *ret_reply, struct wire_frame *frame, int32_t *ret_status,
			      uint64_t until_ns)
{
	return run(channel, layout, request, NULL, 0, reply_layout, ret_reply, frame, ret_status,
		   until_ns);
}

err_t wire_channel_begin(struct wire_channel *channel, const struct wire_layout *layout,
			 const void *request, struct wire_channel_call **ret_call)
{
	struct wire_channel_call *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct wire_channel_call){
		.channel = wire_channel_ref(channel),
		.call = { .type = layout->type, .frame = &c->frame },
		.frame = WIRE_FRAME_INIT,
	};
	err_t err = send_request(channel, &c->call, layout, request, NULL, 0);
	if (err) {
		wire_frame_fini(&c->frame);
		wire_channel_unref(c->channel);
		free(c);
		return err;
	}
	*ret_call = c;
	return 0;
}

err_t wire_channel_finish(struct wire_channel_call *c, const struct wire_layout *reply_layout,
			  void *ret_reply, struct wire_frame *frame, int32_t *ret_status)
{
	struct wire_frame other;
	err_t err = wait_for_reply(c->channel, &c->call);

	other = *frame;
	*frame = c->frame;
	c->frame = other;
	if (!err)
		err = decode_reply(c->channel, reply_layout, ret_reply, frame);
	if (!err)
		*ret_status = frame->header.status;
	wire_frame_fini(&c->frame);
	wire_channel_unref(c->channel);
	free(c);
	return err;
}

err_t wire_channel_post(struct wire_channel *channel, const struct wire_layout *layout,
			const void *request, uint64_t until_ns)
{
	bool waits = until_ns == NEVER;
	err_t err;

	if (wire_channel_is_closed(channel) || !is_ours(channel))
		return -EPIPE;
	do
		err = wire_send(channel->socket, layout, 0, request, NULL, 0, waits);
	while (err == -EAGAIN && await_socket(channel, POLLOUT, until_ns));
	if (err == -EPIPE)
		wire_channel_close(channel);
	return err;
}
