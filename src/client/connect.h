// SPDX-License-Identifier: MIT
/*
 * One open connection to a driver: the data plane and what hangs on it. The
 * names of a connection die when the driver's side has gone, unless it still
 * has mappings: then they stay until they are released, and the mappings with
 * them.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

#include "base/list.h"
#include "client/inlet.h"
#include "client/slots.h"
#include "wire/channel.h"

struct client_entry;

struct client_connection {
	atomic_uint refs;
	struct list link; /* in the list of all connections */
	struct wire_channel *channel;
	struct port *port;
	uint64_t user_client, epoch; /* the entry and who granted it */
	struct client_inlet_set inlets;
	atomic_bool lost;      /* the driver's side has gone */
	bool allows_memory;    /* the driver may ask for memory of this process (client_memory.c) */
	atomic_uint n_methods; /* calls of methods under way */
	struct client_slots *_Atomic slots; /* NULL: none yet, or refused */
	atomic_uint n_calls;		    /* before there were any */
	atomic_bool closed;		    /* by IOServiceClose: a hang-up is no accident */
	pthread_mutex_t lock;		    /* guards what follows */
	bool named;			    /* a reference is held for the handles */
	bool unmapped;			    /* for good: no mapping may be added */
	struct list mappings;
	pthread_mutex_t map_lock; /* one maps or unmaps at a time; before lock */
};

/* Referenced. -ENOENT, -EINVAL (client_status_of_handle). */
err_t client_connection_find(io_connect_t handle, struct client_connection **ret_connection);
struct client_connection *client_connection_ref(struct client_connection *connection);
struct client_connection *client_connection_unref(struct client_connection *connection);
/* The driver's status, or why there is none. Arguments as in wire_channel_call. */
IOReturn client_connection_call(struct client_connection *connection,
				const struct wire_layout *layout, const void *request,
				const struct wire_layout *reply_layout, void *ret_reply,
				struct wire_frame *frame);
/* What a call answers that failed with ERR for want of the connection. */
IOReturn client_connection_failed(struct client_connection *connection, err_t err);
/* What it answers when WAKE_PORT could not be announced to its driver. */
IOReturn client_connection_inlet_status(struct client_connection *connection, mach_port_t wake_port,
					err_t err);
/* The driver's side has gone or broke the protocol. */
void client_connection_lose(struct client_connection *connection);
/* What a call on a lost connection answers: while its mappings are here the handle stands for them
 * (spec 5.5), else it is about to become a dead name. */
IOReturn client_connection_lost_status(struct client_connection *connection);

/* Answer a question of the driver. -EBADMSG: it may not ask. */
err_t client_connection_serve(void *context, int socket, struct wire_frame *frame, bool block);

/* Unmap everything; the connection is being freed. */
void client_memory_unmap_all(struct client_connection *connection);

/* End every connection of the process. */
void client_connect_end_all(void);
/* Around fork, and in the child. */
void client_connect_lock(void);
void client_connect_unlock(void);
void client_connect_forget(void);
