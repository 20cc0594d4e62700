// SPDX-License-Identifier: MIT
#include "client/inlet.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/scope.h"
#include "wire/async.h"
#include "wire/notice.h"

/* Who does not read by then sees our end hang up, at the latest when the connection ends. */
#define CLOSE_NS (100ull * 1000 * 1000)

/* An asynchronous call. */
struct token {
	OSAsyncReference64 reference;
	bool accepted; /* the method has returned success */
};

/* Guards the lists of all sets: they are short and rarely touched. */
static pthread_mutex_t inlets_lock = PTHREAD_MUTEX_INITIALIZER;

void client_inlet_set_init(struct client_inlet_set *set)
{
	list_init(&set->list);
	set->last_number = 0;
}

void client_inlet_set_fini(struct client_inlet_set *set)
{
	struct list left = LIST_INIT(left);

	pthread_mutex_lock(&inlets_lock);
	list_for_each_safe(node, &set->list) {
		struct client_inlet *inlet = container_of(node, struct client_inlet, link);

		list_remove(node);
		inlet->set = NULL;
		if (inlet->removed)
			list_add(&left, node);
	}
	pthread_mutex_unlock(&inlets_lock);
	list_for_each_safe(node, &left)
		client_inlet_unref(container_of(node, struct client_inlet, link));
}

struct client_inlet *client_inlet_unref(struct client_inlet *inlet)
{
	size_t cursor = 0;
	void *token;

	if (!inlet || !ref_put(&inlet->refs))
		return NULL;
	while ((token = map_next(&inlet->tokens, &cursor, NULL)))
		free(token);
	map_fini(&inlet->tokens);
	wire_ring_destroy(&inlet->ring);
	wire_channel_unref(inlet->channel);
	port_unref(inlet->port);
	pthread_mutex_destroy(&inlet->lock);
	free(inlet);
	return NULL;
}

struct port *client_inlet_tell(struct client_inlet_set *set)
{
	scope_lock(&inlets_lock);
	list_for_each(node, &set->list) {
		struct client_inlet *inlet = container_of(node, struct client_inlet, link);

		if (inlet->inlet_class != WIRE_INLET_WAKEUPS || inlet->told)
			continue;
		inlet->told = true;
		return port_ref(inlet->port);
	}
	return NULL;
}

static void inlet_removed(void *context)
{
	struct client_inlet *inlet = context;
	struct wire_inlet_close message = { .inlet = inlet->number };
	bool stays;

	wire_ring_close(&inlet->ring);
	pthread_mutex_lock(&inlets_lock);
	/* The driver has closed it, perhaps with its end, which the connection will hear of. */
	stays = inlet->set && inlet->inlet_class == WIRE_INLET_WAKEUPS && inlet->broken;
	if (stays) {
		ref_get(&inlet->refs); /* the set's */
	} else {
		list_remove(&inlet->link);
		inlet->set = NULL;
	}
	inlet->removed = true;
	pthread_mutex_unlock(&inlets_lock);
	if (!wire_channel_is_closed(inlet->channel))
		wire_channel_post(inlet->channel, &wire_inlet_close_layout, &message,
				  loop_now_ns() + CLOSE_NS);
	client_inlet_unref(inlet);
}

static const struct port_inlet_ops notice_ops = { .receive = client_watch_receive,
						  .removed = inlet_removed,
						  .drain = client_watch_drain };
static const struct port_inlet_ops completion_ops = { client_async_receive, inlet_removed,
						      client_async_take };
static const struct port_inlet_ops wake_ops = { client_data_queue_receive, inlet_removed };

static const struct port_inlet_ops *ops_of(enum wire_inlet_class inlet_class)
{
	switch (inlet_class) {
	case WIRE_INLET_NOTICES:
		return &notice_ops;
	case WIRE_INLET_COMPLETIONS:
		return &completion_ops;
	default:
		return &wake_ops;
	}
}

static struct client_inlet *inlet_new(struct wire_channel *channel,
				      enum wire_inlet_class inlet_class, struct port *port,
				      uint32_t number)
{
	struct client_inlet *inlet = calloc(1, sizeof(*inlet));

	if (!inlet)
		return NULL;
	ref_init(&inlet->refs);
	list_init(&inlet->link);
	pthread_mutex_init(&inlet->lock, NULL);
	inlet->channel = wire_channel_ref(channel);
	inlet->port = port_ref(port);
	inlet->number = number;
	inlet->inlet_class = inlet_class;
	return inlet;
}

static struct client_inlet *find_locked(struct client_inlet_set *set,
					enum wire_inlet_class inlet_class, struct port *port)
{
	list_for_each(node, &set->list) {
		struct client_inlet *inlet = container_of(node, struct client_inlet, link);

		if (inlet->port == port && inlet->inlet_class == inlet_class && !inlet->removed)
			return inlet;
	}
	return NULL;
}

/* A refusal counts as a peer that cannot be used, unless it has a limit or no memory. */
static err_t offer_to(struct wire_channel *channel, const struct wire_layout *layout,
		      const void *message, const int *fds, size_t n_fds)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;
	err_t err = wire_channel_call(channel, layout, message, fds, n_fds, NULL, NULL, &frame,
				      &status);

	wire_frame_fini(&frame);
	if (!err && status)
		err = status == kIOReturnNoResources ? -EMFILE
		    : status == kIOReturnNoMemory    ? -ENOMEM
						     : -EPIPE;
	return err;
}

/* With memory for completions. Without it, here or there, they come over the socket. */
static err_t offer_ring(struct client_inlet *inlet, int socket)
{
	struct wire_completions_open message = { .inlet = inlet->number };
	int fds[2] = { socket };
	err_t err = wire_ring_create(&inlet->ring, &fds[1]);

	if (err)
		return err;
	err = offer_to(inlet->channel, &wire_completions_open_layout, &message, fds, 2);
	fd_close(fds[1]);
	if (err)
		wire_ring_destroy(&inlet->ring);
	return err;
}

/* Offer one end to the peer. */
static err_t offer(struct client_inlet *inlet, int socket)
{
	struct wire_inlet_open message = { .inlet = inlet->number,
					   .inlet_class = inlet->inlet_class };

	if (inlet->inlet_class == WIRE_INLET_COMPLETIONS && !offer_ring(inlet, socket))
		return 0;
	return offer_to(inlet->channel, &wire_inlet_open_layout, &message, &socket, 1);
}

static err_t inlet_connect(struct client_inlet *inlet)
{
	int sockets[2];
	err_t err = fd_socketpair(sockets);

	if (err)
		return err;
	/* Nothing that comes in has descriptors. */
	fd_pass_rights(sockets[0], false);
	err = offer(inlet, sockets[1]);
	fd_close(sockets[1]);
	if (err) {
		fd_close(sockets[0]);
		return err;
	}
	/* The port's reference; given back by inlet_removed. */
	ref_get(&inlet->refs);
	err = port_add_inlet(inlet->port, sockets[0], ops_of(inlet->inlet_class), inlet,
			     &inlet->inlet);
	if (err)
		client_inlet_unref(inlet);
	return err;
}

/* Two threads may open the same inlet at once: the first in the list is used, the other is dropped. */
static struct client_inlet *publish(struct client_inlet_set *set, struct client_inlet *inlet)
{
	struct client_inlet *other;

	scope_lock(&inlets_lock);
	other = find_locked(set, inlet->inlet_class, inlet->port);
	if (!other)
		other = inlet;
	if (other == inlet && !inlet->removed) {
		inlet->set = set;
		list_add(&set->list, &inlet->link);
	}
	ref_get(&other->refs);
	return other;
}

/* One in the list that the driver has closed, at the port of INLET, which is listed, too: whoever waits there is told by
 * that one. */
static struct client_inlet *take_closed(struct client_inlet_set *set,
					const struct client_inlet *inlet)
{
	scope_lock(&inlets_lock);
	list_for_each(node, &set->list) {
		struct client_inlet *old = container_of(node, struct client_inlet, link);

		if (inlet->set != set || !old->removed || old == inlet ||
		    old->port != inlet->port || old->inlet_class != inlet->inlet_class)
			continue;
		list_remove(node);
		old->set = NULL;
		return old;
	}
	return NULL;
}

static err_t open_new(struct client_inlet_set *set, struct wire_channel *channel,
		      enum wire_inlet_class inlet_class, struct port *port,
		      struct client_inlet **ret_inlet)
{
	struct client_inlet *inlet;
	uint32_t number;
	err_t err;

	pthread_mutex_lock(&inlets_lock);
	number = ++set->last_number;
	pthread_mutex_unlock(&inlets_lock);
	inlet = inlet_new(channel, inlet_class, port, number);
	if (!inlet)
		return -ENOMEM;
	err = inlet_connect(inlet);
	if (!err) {
		struct client_inlet *old;

		*ret_inlet = publish(set, inlet);
		while ((old = take_closed(set, *ret_inlet)))
			client_inlet_unref(old);
		if (*ret_inlet != inlet)
			port_remove_inlet(inlet->inlet);
	}
	client_inlet_unref(inlet);
	return err;
}

err_t client_inlet_open(struct client_inlet_set *set, struct wire_channel *channel,
			enum wire_inlet_class inlet_class, struct port *port, uint32_t *ret_number,
			struct client_inlet **ret_inlet)
{
	struct client_inlet *inlet;
	err_t err = 0;

	pthread_mutex_lock(&inlets_lock);
	inlet = find_locked(set, inlet_class, port);
	if (inlet)
		ref_get(&inlet->refs);
	pthread_mutex_unlock(&inlets_lock);
	if (!inlet)
		err = open_new(set, channel, inlet_class, port, &inlet);
	if (err)
		return err;
	*ret_number = inlet->number;
	if (ret_inlet)
		*ret_inlet = inlet;
	else
		client_inlet_unref(inlet);
	return 0;
}

/* 0: there is no randomness to be had. */
static uint64_t draw_locked(struct client_inlet *inlet)
{
	if (!inlet->n_random) {
		if (getrandom(inlet->random, sizeof(inlet->random), 0) != sizeof(inlet->random))
			return 0;
		inlet->n_random = CLIENT_INLET_RANDOM;
	}
	return inlet->random[--inlet->n_random] ?: 1;
}

err_t client_inlet_add_token(struct client_inlet *inlet, const OSAsyncReference64 reference,
			     uint64_t *ret_token)
{
	struct token *token = calloc(1, sizeof(*token));
	uint64_t number;
	err_t err;

	if (!token)
		return -ENOMEM;
	memcpy(token->reference, reference, sizeof(token->reference));
	scope_lock(&inlet->lock);
	do {
		number = draw_locked(inlet);
		if (!number) {
			free(token);
			return -EIO;
		}
	} while (map_find(&inlet->tokens, number));
	err = map_set(&inlet->tokens, number, token);
	if (err)
		free(token);
	else
		*ret_token = number;
	return err;
}

/* Freed. */
static void take_locked(struct client_inlet *inlet, uint64_t number, struct token *token,
			OSAsyncReference64 ret_reference)
{
	map_remove(&inlet->tokens, number);
	if (ret_reference)
		memcpy(ret_reference, token->reference, sizeof(token->reference));
	free(token);
}

bool client_inlet_accept_token(struct client_inlet *inlet, uint64_t number,
			       OSAsyncReference64 ret_reference)
{
	scope_lock(&inlet->lock);
	struct token *token = map_find(&inlet->tokens, number);

	/* Released already: its completions are on their way or have been received. */
	if (!token)
		return true;
	if (inlet->ended)
		take_locked(inlet, number, token, ret_reference);
	else
		token->accepted = true;
	return !inlet->ended;
}

bool client_inlet_find_token(struct client_inlet *inlet, uint64_t number,
			     OSAsyncReference64 ret_reference)
{
	scope_lock(&inlet->lock);
	const struct token *token = map_find(&inlet->tokens, number);

	if (token)
		memcpy(ret_reference, token->reference, sizeof(token->reference));
	return token != NULL;
}

bool client_inlet_remove_token(struct client_inlet *inlet, uint64_t number,
			       OSAsyncReference64 ret_reference)
{
	scope_lock(&inlet->lock);
	struct token *token = map_find(&inlet->tokens, number);

	if (token)
		take_locked(inlet, number, token, ret_reference);
	return token != NULL;
}

bool client_inlet_take_token(struct client_inlet *inlet, OSAsyncReference64 ret_reference)
{
	struct token *token;
	size_t cursor = 0;
	uint64_t number;

	scope_lock(&inlet->lock);
	while ((token = map_next(&inlet->tokens, &cursor, &number))) {
		if (!token->accepted)
			continue;
		take_locked(inlet, number, token, ret_reference);
		return true;
	}
	inlet->ended = true;
	return false;
}

void client_inlet_lock(void)
{
	pthread_mutex_lock(&inlets_lock);
}

void client_inlet_unlock(void)
{
	pthread_mutex_unlock(&inlets_lock);
}
