// SPDX-License-Identifier: MIT
/*
 * Inlets of our ports for other processes: a socket pair, of which the peer at
 * the other end of a connection gets one end under a number, while the port
 * keeps the other. One inlet for each port, class and connection. What comes in
 * is dropped unless it is of the inlet's class.
 *
 * Tokens stand for the reference arrays of asynchronous calls. They are random
 * and valid on the inlet they were made for.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <IOKit/OSMessageNotification.h>

#include "base/list.h"
#include "base/map.h"
#include "base/ref.h"
#include "port/port.h"
#include "wire/channel.h"
#include "wire/completion_ring.h"

/* What one receive takes from its socket at most: who asked waits for a time of its own choice, not
 * until the sender stops. */
enum { CLIENT_INLET_FRAMES = 256, CLIENT_INLET_RANDOM = 32 };

struct client_inlet {
	struct ref refs;
	struct list link;	      /* in set->list; under inlets_lock */
	struct client_inlet_set *set; /* NULL: the connection is gone; under inlets_lock */
	struct wire_channel *channel;
	struct port *port;
	struct port_inlet *inlet;
	uint32_t number;
	bool removed; /* the port has dropped it; under inlets_lock. In a set: who waits there is to be told of the end */
	bool told; /* by client_inlet_tell; under inlets_lock */
	enum wire_inlet_class inlet_class;
	pthread_mutex_t lock;		      /* guards what follows */
	struct map tokens;		      /* -> struct token */
	uint64_t random[CLIENT_INLET_RANDOM]; /* for tokens; drawn many at a time */
	unsigned n_random;
	bool ended; /* nothing more comes: tokens that are left have been aborted */
	/* in receive and take only: */
	bool broken; /* the sender has gone or misbehaved, read nothing more */
	struct wire_ring_reader ring;
};

struct client_inlet_set {
	struct list list;
	uint32_t last_number;
};

void client_inlet_set_init(struct client_inlet_set *set);
/* The inlets live on until their senders or ports have gone. */
void client_inlet_set_fini(struct client_inlet_set *set);

/* The number of the inlet for PORT, opened at the peer if need be. RET_INLET may be NULL, else it is
 * referenced. -EPIPE: the port or the peer has gone. */
err_t client_inlet_open(struct client_inlet_set *set, struct wire_channel *channel,
			enum wire_inlet_class inlet_class, struct port *port, uint32_t *ret_number,
			struct client_inlet **ret_inlet);
struct client_inlet *client_inlet_unref(struct client_inlet *inlet);
/* The port of a wake-up inlet that was not told yet that nothing more comes, referenced; NULL: all were. */
struct port *client_inlet_tell(struct client_inlet_set *set);

/* REFERENCE is copied. Until it is accepted the token completes, but is not aborted. */
err_t client_inlet_add_token(struct client_inlet *inlet, const OSAsyncReference64 reference,
			     uint64_t *ret_token);
/* False: it was too late, there is nobody left who would complete it. The token is gone, its reference
 * in RET_REFERENCE. */
bool client_inlet_accept_token(struct client_inlet *inlet, uint64_t token,
			       OSAsyncReference64 ret_reference);
/* False: no such token. */
bool client_inlet_find_token(struct client_inlet *inlet, uint64_t token,
			     OSAsyncReference64 ret_reference);
bool client_inlet_remove_token(struct client_inlet *inlet, uint64_t token,
			       OSAsyncReference64 ret_reference);
/* Any accepted token that is left, removed. False: none; nothing comes from this inlet any more. */
bool client_inlet_take_token(struct client_inlet *inlet, OSAsyncReference64 ret_reference);

/* What each class does with its socket (port_inlet_ops.receive; CONTEXT is the inlet). */
err_t client_watch_receive(void *context, int socket, struct port_message **ret_message);
void client_watch_drain(void *context, int socket);
err_t client_async_receive(void *context, int socket, struct port_message **ret_message);
err_t client_data_queue_receive(void *context, int socket, struct port_message **ret_message);
/* The driver has gone: who waits for data looks once more. */
void client_data_queue_end(struct client_inlet_set *set);
/* (port_inlet_ops.take) */
size_t client_async_take(void *context, int socket, bool exact,
			 uint8_t message[static PORT_SMALL_MESSAGE]);

void client_inlet_lock(void);
void client_inlet_unlock(void);
